// Package authtest is the test environment for Kernia and its plugins: an Auth on
// the memory adapter, a clock that stands still, sinks for mails and security
// events, and a client with a cookie jar that calls Auth.Serve without sockets.
package authtest

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/internal/comparison"
	"github.com/advantch/kernia-go/core/password"
	"github.com/advantch/kernia-go/core/wire"
)

// Secret is the secret of every Auth made here.
const Secret = "kernia-test-secret-0123456789-abcdefghijklmnop"

// BaseURL is the base URL of every Auth made here.
const BaseURL = "http://localhost:3000"

// Start is the time at which every clock made here starts.
var Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Clock is a clock that moves only when it is told to.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Add moves the clock.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Sent is a mail that was sent.
type Sent struct {
	Kind        string // what the sink was made for
	To          string
	URL, Token  string
	NewEmail    string
	SetPassword bool // core.Mail.SetPassword
}

// Env is an Auth with everything around it.
type Env struct {
	Auth  *core.Auth
	Clock *Clock
	Log   *Log

	t      testing.TB
	mu     sync.Mutex
	mails  []Sent
	events []core.Event
}

// FastPasswords are parameters that make hashing cheap; for tests only.
var FastPasswords = password.Argon2Params{Memory: 8, Time: 1, Threads: 1}

// Options returns options for New, which a test may change: memory adapter, fast
// hashing (Argon2id with FastPasswords, also under CompatBetterAuth, whose scrypt has fixed
// costs: a test of the hash sets Password.Algorithm to nil) without a bound on its waiting time, no timeout, no rate limit, mails sent before the answer, no delayed answers.
func (e *Env) Options(plugins ...core.Plugin) core.Options {
	return core.Options{
		BaseURL: BaseURL, Secret: Secret, Database: memory.New(), Plugins: plugins,
		Password:          core.PasswordOptions{Algorithm: new(password.Argon2id), Argon2: FastPasswords, MaxWait: -1}, // no refusals on a slow machine
		Timeout:           -1,
		RateLimit:         core.RateLimitOptions{Disabled: true},
		Clock:             e.Clock.Now,
		Logger:            slog.New(slog.NewJSONHandler(e.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Background:        func(task func()) { task() },
		EmailVerification: core.EmailVerificationOptions{MinAnswerTime: -1},
		OnEvent: func(_ context.Context, ev core.Event) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.events = append(e.events, ev)
		},
	}
}

// AllowPublicSecret accepts Better Auth's public default secret, together with
// core.Options.AllowWeakSecret. It is for programs that compare Kernia with Better Auth
// in its test mode: everybody can sign with that secret.
func AllowPublicSecret(o *core.Options) { o.Comparison = comparison.PublicSecret() }

// NewEnv makes an Env without an Auth, for tests that change options.
func NewEnv(t testing.TB) *Env {
	t.Helper()
	return &Env{Clock: &Clock{now: Start}, Log: &Log{}, t: t}
}

// Open makes the Auth and migrates its database.
func (e *Env) Open(o core.Options) *Env {
	e.t.Helper()
	e.Reopen(o)
	if err := e.Auth.Migrate(context.Background()); err != nil {
		e.t.Fatalf("Migrate: %v", err)
	}
	return e
}

// Reopen is Open for a database that has its tables already.
func (e *Env) Reopen(o core.Options) *Env {
	e.t.Helper()
	a, err := core.New(o)
	if err != nil {
		e.t.Fatalf("core.New: %v", err)
	}
	e.Auth = a
	return e
}

// New makes an Env with an Auth that has plugins. change may alter the options.
func New(t testing.TB, change func(*Env, *core.Options), plugins ...core.Plugin) *Env {
	t.Helper()
	e := NewEnv(t)
	o := e.Options(plugins...)
	if change != nil {
		change(e, &o)
	}
	return e.Open(o)
}

// Mail returns a sender that keeps mails under a kind.
func (e *Env) Mail(kind string) func(context.Context, core.Mail) error {
	return func(_ context.Context, m core.Mail) error {
		e.add(Sent{Kind: kind, To: m.User.Email, URL: m.URL, Token: m.Token, SetPassword: m.SetPassword})
		return nil
	}
}

// ChangeMail is Mail for confirmations of a changed address.
func (e *Env) ChangeMail(kind string) func(context.Context, core.ChangeEmailMail) error {
	return func(_ context.Context, m core.ChangeEmailMail) error {
		e.add(Sent{Kind: kind, To: m.User.Email, URL: m.URL, Token: m.Token, NewEmail: m.NewEmail})
		return nil
	}
}

func (e *Env) add(m Sent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mails = append(e.mails, m)
}

// Mails lists the mails sent so far.
func (e *Env) Mails() []Sent {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Sent(nil), e.mails...)
}

// LastMail returns the newest mail and fails the test when there is none.
func (e *Env) LastMail() Sent {
	e.t.Helper()
	mails := e.Mails()
	if len(mails) == 0 {
		e.t.Fatal("no mail was sent")
	}
	return mails[len(mails)-1]
}

// Events lists the security events so far.
func (e *Env) Events() []core.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]core.Event(nil), e.events...)
}

// Log collects what was logged.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write appends to the log.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns everything that was logged.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// DefaultLog collects the output of slog's default logger until the test ends. Such a
// test cannot be parallel, because there is one default logger.
func DefaultLog(t testing.TB) *Log {
	t.Helper()
	log, before := &Log{}, slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return log
}

// Client calls an Auth as a browser would: with a cookie jar and an Origin.
type Client struct {
	Auth   *core.Auth
	Origin string // sent with every request unless it is empty
	IP     string // default 203.0.113.7
	Header core.Fields
	Base   string // base path, default that of the Auth

	mu      sync.Mutex
	cookies []core.HeaderField // in the order they were set
}

// Client returns a new client with an empty jar.
func (e *Env) Client() *Client { return &Client{Auth: e.Auth, Origin: BaseURL} }

// Answer is what a call returned.
type Answer struct {
	Status int
	Body   string
	Header core.Fields
}

// Get calls a route with GET. The path may have a query.
func (c *Client) Get(path string, header ...core.HeaderField) *Answer {
	return c.Do("GET", path, "", header...)
}

// Post calls a route with POST and a JSON body: a string as it is, anything else
// through encoding/json.
func (c *Client) Post(path string, body any, header ...core.HeaderField) *Answer {
	text, isText := body.(string)
	if !isText {
		data, err := json.Marshal(body)
		if err != nil {
			panic(err)
		}
		text = string(data)
	}
	return c.Do("POST", path, text, header...)
}

// Do calls a route. Header lines replace those that the client would send.
func (c *Client) Do(method, path, body string, header ...core.HeaderField) *Answer {
	base := c.Base
	if base == "" {
		base = c.Auth.BasePath()
	}
	p, query, _ := strings.Cut(path, "?")
	ip := c.IP
	if ip == "" {
		ip = "203.0.113.7"
	}
	fields := core.Fields{{Name: "User-Agent", Value: "authtest"}}
	if c.Origin != "" {
		fields = append(fields, core.HeaderField{Name: "Origin", Value: c.Origin})
	}
	if body != "" {
		fields = append(fields, core.HeaderField{Name: "Content-Type", Value: "application/json"})
	}
	if line := c.CookieHeader(); line != "" {
		fields = append(fields, core.HeaderField{Name: "Cookie", Value: line})
	}
	for _, list := range [][]core.HeaderField{c.Header, header} {
		for _, h := range list {
			kept := fields[:0]
			for _, f := range fields {
				if !strings.EqualFold(f.Name, h.Name) {
					kept = append(kept, f)
				}
			}
			fields = kept
		}
		for _, h := range list {
			if h.Value != "" {
				fields = append(fields, h)
			}
		}
	}
	req := &core.Request{
		Method: method, Path: base + p, RawQuery: query, Scheme: "http", Host: "localhost:3000",
		Remote: netip.AddrPortFrom(netip.MustParseAddr(ip), 40000), Header: fields, Body: []byte(body),
	}
	var res core.Response
	c.Auth.Serve(context.Background(), req, &res)
	a := &Answer{Status: res.Status, Body: string(res.Body), Header: core.Fields(res.Header)}
	c.keep(a.Header.Values("Set-Cookie"))
	return a
}

func (c *Client) keep(lines []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, line := range lines {
		pair, attributes, _ := strings.Cut(line, "; ")
		name, value, _ := strings.Cut(pair, "=")
		kept := c.cookies[:0]
		for _, k := range c.cookies {
			if k.Name != name {
				kept = append(kept, k)
			}
		}
		c.cookies = kept
		if !strings.Contains(attributes+";", "Max-Age=0;") {
			c.cookies = append(c.cookies, core.HeaderField{Name: name, Value: value})
		}
	}
}

// CookieHeader is the Cookie header that the client would send.
func (c *Client) CookieHeader() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	parts := make([]string, len(c.cookies))
	for i, k := range c.cookies {
		parts[i] = k.Name + "=" + k.Value
	}
	return strings.Join(parts, "; ")
}

// Cookie returns a cookie of the jar, as sent.
func (c *Client) Cookie(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.cookies {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

// SetCookie puts a cookie into the jar; an empty value removes it.
func (c *Client) SetCookie(name, value string) {
	if value == "" {
		c.keep([]string{name + "=; Max-Age=0"})
		return
	}
	c.keep([]string{name + "=" + value})
}

// Copy returns a client with a copy of the jar.
func (c *Client) Copy() *Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &Client{Auth: c.Auth, Origin: c.Origin, IP: c.IP, Header: c.Header, Base: c.Base, cookies: append([]core.HeaderField(nil), c.cookies...)}
}

// JSON returns a member of the answer by its path, as text: strings without
// quotes, everything else as JSON, "" when absent.
func (a *Answer) JSON(path ...string) string {
	v, err := wire.Parse([]byte(a.Body), wire.Limits{})
	if err != nil {
		return ""
	}
	for _, name := range path {
		v = v.Get(name)
	}
	if s, ok := v.Str(); ok {
		return s
	}
	if v.IsUndefined() {
		return ""
	}
	return string(v.AppendJSON(nil))
}

// Code is the error code of the answer.
func (a *Answer) Code() string { return a.JSON("code") }

// Location is the redirect target, and its query.
func (a *Answer) Location() (string, url.Values) {
	target := a.Header.Get("Location")
	u, err := url.Parse(target)
	if err != nil {
		return target, nil
	}
	return target, u.Query()
}

// Want fails the test unless the answer has the given status and code ("" for
// none).
func (a *Answer) Want(t testing.TB, status int, code string) *Answer {
	t.Helper()
	if a.Status != status || a.Code() != code {
		t.Fatalf("got %d %s, want %d %s\nbody: %s", a.Status, a.Code(), status, code, a.Body)
	}
	return a
}
