package core_test

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/storage"
)

const (
	ada        = "ada@example.com"
	bob        = "bob@example.com"
	passphrase = "correct horse battery" // long enough for every limit

	tokenCookie = "better-auth.session_token"
	dataCookie  = "better-auth.session_data"
	forgetName  = "better-auth.dont_remember"
)

type object = map[string]any

// open makes an Auth with the e-mail and password plugin whose mails are kept.
func open(t testing.TB, change func(e *authtest.Env, o *core.Options), plugins ...core.Plugin) *authtest.Env {
	t.Helper()
	return openWith(t, nil, change, plugins...)
}

// openWith is open with options of the plugin.
func openWith(t testing.TB, password func(e *authtest.Env, p *emailpassword.Options), change func(e *authtest.Env, o *core.Options), plugins ...core.Plugin) *authtest.Env {
	t.Helper()
	e := authtest.NewEnv(t)
	p := emailpassword.Options{SendResetPassword: e.Mail("reset-password")}
	if password != nil {
		password(e, &p)
	}
	o := e.Options(append([]core.Plugin{emailpassword.New(p)}, plugins...)...)
	o.EmailVerification.Send = e.Mail("verify-email")
	if change != nil {
		change(e, &o)
	}
	return e.Open(o)
}

// withCache turns the cookie cache on.
func withCache(strategy core.CacheStrategy) func(*authtest.Env, *core.Options) {
	return func(_ *authtest.Env, o *core.Options) {
		o.Session.CookieCache = core.CookieCacheOptions{Enabled: true, Strategy: strategy}
	}
}

// join signs a new user up and returns its client.
func join(t testing.TB, e *authtest.Env, email string) *authtest.Client {
	t.Helper()
	c := e.Client()
	c.Post("/sign-up/email", object{"name": "Someone", "email": email, "password": passphrase}).Want(t, 200, "")
	return c
}

// login signs a user in with a new client.
func login(t testing.TB, e *authtest.Env, email string) *authtest.Client {
	t.Helper()
	c := e.Client()
	c.Post("/sign-in/email", object{"email": email, "password": passphrase}).Want(t, 200, "")
	return c
}

// signedIn reports whether get-session, without the cookie cache, has a session.
func signedIn(t testing.TB, c *authtest.Client) bool {
	t.Helper()
	return c.Get("/get-session?disableCookieCache=true").Want(t, 200, "").Body != "null"
}

func wantSignedIn(t testing.TB, c *authtest.Client, want bool) {
	t.Helper()
	if got := signedIn(t, c); got != want {
		t.Fatalf("signed in: %v, want %v", got, want)
	}
}

func header(name, value string) core.HeaderField { return core.HeaderField{Name: name, Value: value} }

// bearing is a client that sends one Cookie header and nothing else.
func bearing(e *authtest.Env, cookies string) *authtest.Client {
	c := e.Client()
	c.Header = core.Fields{header("Cookie", cookies)}
	return c
}

// rows lists the rows of a model.
func rows(t testing.TB, e *authtest.Env, model string, w ...adapter.Cond) []adapter.Record {
	t.Helper()
	out, err := e.Auth.DB().FindMany(context.Background(), adapter.Find{Model: model, Where: w})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// row returns the only row of a model.
func row(t testing.TB, e *authtest.Env, model string, w ...adapter.Cond) adapter.Record {
	t.Helper()
	all := rows(t, e, model, w...)
	if len(all) != 1 {
		t.Fatalf("%d rows of %s, want 1", len(all), model)
	}
	return all[0]
}

// setCookies are the Set-Cookie lines of an answer by cookie name.
func setCookies(a *authtest.Answer) map[string][]string {
	out := map[string][]string{}
	for _, line := range a.Header.Values("Set-Cookie") {
		name, _, _ := strings.Cut(line, "=")
		out[name] = append(out[name], line)
	}
	return out
}

// attribute returns an attribute of a Set-Cookie line and whether it is there.
func attribute(line, name string) (string, bool) {
	for _, part := range strings.Split(line, "; ")[1:] {
		key, value, _ := strings.Cut(part, "=")
		if strings.EqualFold(key, name) {
			return value, true
		}
	}
	return "", false
}

// send calls Serve with a request as it is.
func send(a *core.Auth, req core.Request) core.Response {
	var res core.Response
	if req.Scheme == "" {
		req.Scheme = "http"
	}
	if req.Host == "" {
		req.Host = "localhost:3000"
	}
	if !req.Remote.IsValid() {
		req.Remote = netip.MustParseAddrPort("203.0.113.7:40000")
	}
	if req.Header == nil {
		req.Header = core.Fields{}
	}
	a.Serve(context.Background(), &req, &res)
	return res
}

// fakePlugin is a plugin made of a manifest.
type fakePlugin struct {
	id string
	m  core.Manifest
}

func (p *fakePlugin) ID() string                               { return p.id }
func (p *fakePlugin) Manifest(core.Env) (core.Manifest, error) { return p.m, nil }

// faulty is a database that fails on demand.
type faulty struct {
	adapter.Database
	adapter.Adapter
	fail func(op, model string) error
}

var errDatabase = errors.New("pq: connection to 10.0.0.5 refused, password=hunter2-db")

func newFaulty(inner adapter.Database, fail func(op, model string) error) *faulty {
	return &faulty{Database: inner, fail: fail}
}

func (f *faulty) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := f.Database.Open(s)
	if err != nil {
		return nil, err
	}
	f.Adapter = a
	return faultyAdapter{a, f}, nil
}

type faultyAdapter struct {
	adapter.Adapter
	f *faulty
}

func (a faultyAdapter) Create(ctx context.Context, model string, rec adapter.Record) (adapter.Record, error) {
	if err := a.f.fail("create", model); err != nil {
		return nil, err
	}
	return a.Adapter.Create(ctx, model, rec)
}

func (a faultyAdapter) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	if err := a.f.fail("find", q.Model); err != nil {
		return nil, err
	}
	return a.Adapter.FindOne(ctx, q)
}

func (a faultyAdapter) FindMany(ctx context.Context, q adapter.Find) ([]adapter.Record, error) {
	if err := a.f.fail("find", q.Model); err != nil {
		return nil, err
	}
	return a.Adapter.FindMany(ctx, q)
}

func (a faultyAdapter) Update(ctx context.Context, model string, w adapter.Where, set adapter.Record) (adapter.Record, error) {
	if err := a.f.fail("update", model); err != nil {
		return nil, err
	}
	return a.Adapter.Update(ctx, model, w, set)
}

func (a faultyAdapter) DeleteMany(ctx context.Context, model string, w adapter.Where) (int64, error) {
	if err := a.f.fail("delete", model); err != nil {
		return 0, err
	}
	return a.Adapter.DeleteMany(ctx, model, w)
}

// brokenRand is a source of randomness that fails after some reads.
type brokenRand struct {
	inner io.Reader
	left  int
}

func (r *brokenRand) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errors.New("the entropy source is gone")
	}
	r.left--
	return r.inner.Read(p)
}

func mustContain(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is not in:\n%s", p, text)
		}
	}
}

func mustNotContain(t testing.TB, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if p != "" && strings.Contains(text, p) {
			t.Errorf("%s holds %q:\n%s", what, p, clip(text))
		}
	}
}

func clip(s string) string {
	if len(s) > 2000 {
		return s[:2000] + "…"
	}
	return s
}

// faultyStorage is a secondary storage that fails while err is set.
type faultyStorage struct {
	storage.Storage
	err error
}

func (s *faultyStorage) Get(ctx context.Context, key string) (string, error) {
	if s.err != nil {
		return "", s.err
	}
	return s.Storage.Get(ctx, key)
}

func (s *faultyStorage) GetDel(ctx context.Context, key string) (string, error) {
	if s.err != nil {
		return "", s.err
	}
	return s.Storage.GetDel(ctx, key)
}
