package apikey_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
)

type body = map[string]any

const (
	ada      = "ada@example.com"
	bob      = "bob@example.com"
	password = "correct horse"
)

// world is an Auth with the plugin, and Ada signed in.
type world struct {
	*authtest.Env
	p   *apikey.Plugin
	ada *authtest.Client
	id  string // of Ada
}

func open(t testing.TB, o apikey.Options, change func(*authtest.Env, *core.Options), more ...core.Plugin) *world {
	t.Helper()
	w := &world{p: apikey.New(o)}
	w.Env = authtest.New(t, change, append([]core.Plugin{emailpassword.New(emailpassword.Options{}), w.p}, more...)...)
	w.ada = w.signUp(t, ada)
	u, err := w.Auth.Store().FindUserByEmail(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	w.id = u.ID
	return w
}

func one(c apikey.Config) apikey.Options { return apikey.Options{Configs: []apikey.Config{c}} }

// bans adds the fields of the admin plugin.
type bans struct{}

func (bans) ID() string { return "bans" }

func (bans) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{Extend: []schema.Table{{Model: core.ModelUser, Fields: []schema.Field{
		{Name: "banned", Type: schema.Boolean, Optional: true, NoInput: true},
		{Name: "banExpires", Type: schema.Date, Optional: true, NoInput: true},
	}}}}, nil
}

func (w *world) signUp(t testing.TB, email string) *authtest.Client {
	t.Helper()
	c := w.Client()
	c.Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	return c
}

// make makes a key for Ada as the server.
func (w *world) make(t testing.TB, in apikey.CreateInput) apikey.Created {
	t.Helper()
	if in.UserID == nil {
		in.UserID = &w.id
	}
	made, err := w.p.Create.Call(t.Context(), &in)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// verify returns the code of a refusal, "" for a good key.
func (w *world) verify(t testing.TB, key string, more ...apikey.VerifyInput) string {
	t.Helper()
	in := apikey.VerifyInput{Key: key}
	if len(more) > 0 {
		in = more[0]
		in.Key = key
	}
	reply, err := w.p.Verify.Call(t.Context(), &in)
	if err != nil {
		t.Fatal(err)
	}
	if reply.Valid != (reply.Error == nil) || reply.Valid != (reply.Key != nil) {
		t.Fatalf("valid %v with the error %v", reply.Valid, reply.Error)
	}
	if reply.Error != nil {
		return reply.Error.Code
	}
	return ""
}

func (w *world) row(t testing.TB, id string) *apikey.Key {
	t.Helper()
	table, err := core.TableOf[apikey.Key](w.Auth, apikey.Model)
	if err != nil {
		t.Fatal(err)
	}
	k, err := table.FindID(t.Context(), id)
	if core.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func key(value string) core.HeaderField { return core.HeaderField{Name: "X-Api-Key", Value: value} }

var noOrigin = core.HeaderField{Name: "Origin"}

// attached is the context of a request to the application's own routes.
func (w *world) attached(t testing.TB, header http.Header) context.Context {
	t.Helper()
	return w.Auth.Attach(t.Context(), core.Request{Header: header, Method: "GET", Path: "/files"}, nil)
}

// crowd runs fifty functions at once and counts what they return.
func crowd(f func(i int) string) map[string]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	got := map[string]int{}
	begin := make(chan struct{})
	for i := range 50 {
		wg.Go(func() {
			<-begin
			what := f(i)
			mu.Lock()
			defer mu.Unlock()
			got[what]++
		})
	}
	close(begin)
	wg.Wait()
	return got
}
