package core_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/wire"
)

// trace collects what ran, in order.
type trace struct{ steps []string }

func (tr *trace) add(step string) func(*core.Ctx) error {
	return func(*core.Ctx) error { tr.steps = append(tr.steps, step); return nil }
}

func (tr *trace) want(t *testing.T, steps ...string) {
	t.Helper()
	if !slices.Equal(tr.steps, steps) {
		t.Errorf("ran\n%v, want\n%v", tr.steps, steps)
	}
	tr.steps = nil
}

func TestOrderOfACall(t *testing.T) {
	t.Parallel()
	tr := &trace{}
	full := func(id string) core.Manifest {
		return core.Manifest{
			OnRequest: tr.add(id + " request"),
			Before:    []core.Hook{{Match: core.All(), Run: tr.add(id + " before")}},
			After:     []core.Hook{{Match: core.All(), Run: tr.add(id + " after")}},
		}
	}
	a, b := full("a"), full("b")
	var fail error
	a.Operations = []core.Operation{core.Post("step", "/step", func(c *core.Ctx, in *struct {
		Name string `json:"name"`
	}) (core.StatusReply, error) {
		_ = tr.add("handler " + in.Name)(c)
		return core.StatusReply{Status: true}, fail
	}, core.Use(tr.add("own")))}
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Before, o.After = tr.add("app before"), tr.add("app after")
	}, plugin("a", a), plugin("b", b))
	c := e.Client()
	before := []string{"a request", "b request", "app before", "a before", "b before"}
	after := []string{"app after", "a after", "b after"}

	c.Post("/step", object{"name": "x"}).Want(t, 200, "")
	tr.want(t, slices.Concat(before, []string{"own", "handler x"}, after)...)
	c.Post("/step", object{}).Want(t, 400, "VALIDATION_ERROR") // validation comes after the before-hooks, and after-hooks see errors
	tr.want(t, slices.Concat(before, after)...)
	fail = core.Fail(418, core.ErrorCode{Code: "TEAPOT", Message: "short and stout"})
	c.Post("/step", object{"name": "x"}).Want(t, 418, "TEAPOT")
	tr.want(t, slices.Concat(before, []string{"own", "handler x"}, after)...)
	c.Get("/nope").Want(t, 404, "NOT_FOUND")
	tr.want(t, "a request", "b request")
	c.Do("POST", "/step", `{"name":"x"}`, header("Origin", "https://evil.example"), header("Cookie", "x=y")).Want(t, 403, "INVALID_ORIGIN")
	tr.want(t, "a request", "b request")
	fail = nil
	// From Go: no routing, no OnRequest.
	if _, err := e.Auth.Invoke(t.Context(), "step", core.Invocation{Body: wire.ObjectOf(wire.NewObject(wire.Member{Name: "name", Value: wire.String("go")}))}); err != nil {
		t.Fatal(err)
	}
	tr.want(t, "app before", "a before", "b before", "own", "handler go", "app after", "a after", "b after")
}

func TestBeforeHooks(t *testing.T) {
	t.Parallel()
	type in struct {
		Name string  `json:"name"`
		Tag  *string `query:"tag"`
	}
	hook := func(run func(*core.Ctx) error) core.Manifest {
		return core.Manifest{
			Before: []core.Hook{{Match: core.Paths("/echo"), Run: run}},
			Operations: []core.Operation{core.Post("echo", "/echo", func(_ *core.Ctx, in *in) (map[string]string, error) {
				out := map[string]string{"name": in.Name}
				if in.Tag != nil {
					out["tag"] = *in.Tag
				}
				return out, nil
			})},
		}
	}
	set := func(name, value string) wire.Value {
		return wire.ObjectOf(wire.NewObject(wire.Member{Name: name, Value: wire.String(value)}))
	}
	for name, tc := range map[string]struct {
		run    func(*core.Ctx) error
		status int
		body   string
	}{
		"it changes the body":  {func(c *core.Ctx) error { c.SetBody(set("name", "changed")); return nil }, 200, `{"name":"changed"}`},
		"it changes the query": {func(c *core.Ctx) error { c.SetQuery(set("tag", "t")); return nil }, 200, `{"name":"sent","tag":"t"}`},
		"it sees what was sent": {func(c *core.Ctx) error {
			s, _ := c.Body().Get("name").Str()
			c.SetBody(set("name", s+"!"))
			return nil
		}, 200, `{"name":"sent!"}`},
		"what it puts there is validated": {func(c *core.Ctx) error { c.SetBody(set("nom", "x")); return nil }, 400, `{"message":"[body.name] Invalid input: expected string, received undefined","code":"VALIDATION_ERROR"}`},
		"it answers":                      {func(c *core.Ctx) error { c.Reply(core.StatusReply{Status: true}); return nil }, 200, `{"status":true}`},
		"it answers null":                 {func(c *core.Ctx) error { c.Reply(nil); return nil }, 200, `null`},
		"it refuses":                      {func(*core.Ctx) error { return core.FailText(403, "Go away") }, 403, `{"message":"Go away","code":"GO_AWAY"}`},
		"it fails":                        {func(*core.Ctx) error { return errDatabase }, 500, `{"message":"Internal Server Error","code":"INTERNAL_SERVER_ERROR"}`},
		"it redirects":                    {func(c *core.Ctx) error { return c.Redirect("/elsewhere") }, 302, ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := authtest.New(t, nil, plugin("hook", hook(tc.run)))
			a := e.Client().Post("/echo", object{"name": "sent"})
			if a.Status != tc.status || a.Body != tc.body {
				t.Errorf("%d %s, want %d %s", a.Status, a.Body, tc.status, tc.body)
			}
		})
	}
}

func TestAfterHooks(t *testing.T) {
	t.Parallel()
	teapot := core.Fail(418, core.ErrorCode{Code: "TEAPOT", Message: "x"})
	for name, tc := range map[string]struct {
		fail   error
		run    []func(*core.Ctx) error
		status int
		body   string
	}{
		"it sees the result": {nil, []func(*core.Ctx) error{func(c *core.Ctx) error {
			v, err := c.Returned()
			c.SetReturned(map[string]string{"saw": fmt.Sprint(v, err)})
			return nil
		}}, 200, `{"saw":"{true} <nil>"}`},
		"it replaces the result":         {nil, []func(*core.Ctx) error{func(c *core.Ctx) error { c.SetReturned(core.SuccessReply{Success: true}); return nil }}, 200, `{"success":true}`},
		"it turns the result into null":  {nil, []func(*core.Ctx) error{func(c *core.Ctx) error { c.SetReturned(nil); return nil }}, 200, `null`},
		"it turns success into an error": {nil, []func(*core.Ctx) error{func(c *core.Ctx) error { c.SetReturned(teapot); return nil }}, 418, `{"message":"x","code":"TEAPOT"}`},
		"its error becomes the answer":   {nil, []func(*core.Ctx) error{func(*core.Ctx) error { return teapot }}, 418, `{"message":"x","code":"TEAPOT"}`},
		"it heals an error": {teapot, []func(*core.Ctx) error{func(c *core.Ctx) error {
			if _, err := c.Returned(); !errors.Is(err, teapot) {
				return errDatabase
			}
			c.SetReturned(core.StatusReply{})
			return nil // the status stays, as in Better Auth 1.6
		}}, 418, `{"status":false}`},
		"a later one sees what an earlier one did": {nil, []func(*core.Ctx) error{
			func(*core.Ctx) error { return teapot },
			func(c *core.Ctx) error {
				if _, err := c.Returned(); errors.Is(err, teapot) {
					c.SetReturned(core.SuccessReply{Success: true})
				}
				return nil
			}}, 200, `{"success":true}`},
		"a plain error is a generic 500": {nil, []func(*core.Ctx) error{func(*core.Ctx) error { return errDatabase }}, 500, `{"message":"Internal Server Error","code":"INTERNAL_SERVER_ERROR"}`},
		"a value that has no JSON":       {nil, []func(*core.Ctx) error{func(c *core.Ctx) error { c.SetReturned(make(chan int)); return nil }}, 500, `{"message":"Internal Server Error","code":"INTERNAL_SERVER_ERROR"}`},
		"raw bytes": {nil, []func(*core.Ctx) error{func(c *core.Ctx) error {
			c.SetReturned(&core.Raw{Status: 203, ContentType: "text/plain", Body: []byte("raw")})
			return nil
		}}, 203, `raw`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := core.Manifest{Operations: []core.Operation{core.Post("x", "/x", func(*core.Ctx, *core.NoInput) (core.StatusReply, error) {
				return core.StatusReply{Status: true}, tc.fail
			})}}
			for _, run := range tc.run {
				m.After = append(m.After, core.Hook{Match: core.Paths("/x"), Run: run})
			}
			e := authtest.New(t, nil, plugin("hook", m))
			a := e.Client().Post("/x", object{})
			if a.Status != tc.status || a.Body != tc.body {
				t.Errorf("%d %s, want %d %s", a.Status, a.Body, tc.status, tc.body)
			}
		})
	}
}

func TestMatchers(t *testing.T) {
	t.Parallel()
	tr := &trace{}
	on := func(name string, m core.Matcher) core.Hook { return core.Hook{Match: m, Run: tr.add(name)} }
	op := func(id, path string) core.Operation { return core.Get(id, path, pass) }
	m := core.Manifest{
		Operations: []core.Operation{op("a", "/a"), op("ab", "/a/b"), op("abc", "/abc"), op("p", "/p/:id"), core.Server("server", pass)},
		Before: []core.Hook{
			on("paths", core.Paths("/a", "/p/:id")), on("prefix", core.Prefix("/a/")), on("all", core.All()),
			on("when", core.When(core.Prefix("/a"), func(c *core.Ctx) bool { return c.Req.Header.Get("X-Yes") != "" })),
			on("both", core.When(core.When(core.All(), func(c *core.Ctx) bool { return c.Req.Header.Get("X-Yes") != "" }), func(c *core.Ctx) bool { return c.OperationID() == "a" })),
		},
	}
	e := authtest.New(t, nil, plugin("m", m))
	c := e.Client()
	yes := header("X-Yes", "1")
	c.Get("/a").Want(t, 200, "")
	tr.want(t, "paths", "all")
	c.Get("/a", yes).Want(t, 200, "")
	tr.want(t, "paths", "all", "when", "both")
	c.Get("/a/b", yes).Want(t, 200, "")
	tr.want(t, "prefix", "all", "when")
	c.Get("/abc", yes).Want(t, 200, "")
	tr.want(t, "all", "when")
	c.Get("/p/7").Want(t, 200, "")
	tr.want(t, "paths", "all")
	if _, err := e.Auth.Invoke(t.Context(), "server", core.Invocation{}); err != nil {
		t.Fatal(err)
	}
	tr.want(t, "all")
}

func TestOnRequest(t *testing.T) {
	t.Parallel()
	var seen []string
	e := authtest.New(t, nil, plugin("edge", core.Manifest{
		Operations: []core.Operation{core.Post("first", "/first", pass, core.AliasIn(core.CompatKernia, "/second"))},
		OnRequest: func(c *core.Ctx) error {
			switch c.Req.Header.Get("X-Do") {
			case "reply":
				c.Reply(core.OKReply{OK: false})
			case "refuse":
				return core.FailText(http.StatusForbidden, "Not here")
			}
			// It has the route that will run, also for an alias, and the path when
			// there is no route.
			seen = append(seen, c.OperationID()+" "+c.Path())
			return nil
		},
	}))
	c := e.Client()
	for do, want := range map[string]string{"": `{"ok":true}`, "reply": `{"ok":false}`, "refuse": `{"message":"Not here","code":"NOT_HERE"}`} {
		if a := c.Get("/ok", header("X-Do", do)); a.Body != want {
			t.Errorf("%q: %d %s", do, a.Status, a.Body)
		}
	}
	c.Post("/second", nil).Want(t, 200, "")
	c.Get("/nowhere").Want(t, 404, "NOT_FOUND")
	if want := []string{"ok /ok", "ok /ok", "first /first", " /nowhere"}; !slices.Equal(seen, want) {
		t.Errorf("%q, want %q", seen, want)
	}
}

func TestStoreHooks(t *testing.T) {
	t.Parallel()
	var steps []string
	note := func(s string) { steps = append(steps, s) }
	hooks := func(who string) core.StoreHooks {
		var h core.StoreHooks
		h.User = core.ModelHooks[core.User]{
			BeforeCreate: func(_ context.Context, u *core.User) error {
				note(who + " before create " + u.Name)
				u.Name += "+" + who
				return nil
			},
			AfterCreate: func(_ context.Context, u *core.User) error { note(who + " after create " + u.Name); return nil },
			BeforeUpdate: func(_ context.Context, set adapter.Record) error {
				note(who + " before update")
				set["image"] = who
				return nil
			},
			AfterUpdate:  func(_ context.Context, u *core.User) error { note(who + " after update " + *u.Image); return nil },
			BeforeDelete: func(_ context.Context, u *core.User) error { note(who + " before delete"); return nil },
			AfterDelete:  func(_ context.Context, u *core.User) error { note(who + " after delete " + u.Email); return nil },
		}
		return h
	}
	want := func(what ...string) {
		t.Helper()
		if !slices.Equal(steps, what) {
			t.Errorf("ran\n%q, want\n%q", steps, what)
		}
		steps = nil
	}
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Store = hooks("app") }, plugin("p1", core.Manifest{Store: hooks("p1")}), plugin("p2", core.Manifest{Store: hooks("p2")}))
	store, ctx := e.Auth.Store(), t.Context()
	u, err := store.CreateUser(ctx, core.User{Name: "A", Email: ada})
	if err != nil || u.Name != "A+p1+p2+app" {
		t.Fatalf("%v %v", u, err)
	}
	want("p1 before create A", "p2 before create A+p1", "app before create A+p1+p2", "p1 after create A+p1+p2+app", "p2 after create A+p1+p2+app", "app after create A+p1+p2+app")
	if u, err = store.UpdateUser(ctx, u.ID, adapter.Record{"name": "B"}); err != nil || *u.Image != "app" {
		t.Fatalf("%v %v", u, err)
	}
	want("p1 before update", "p2 before update", "app before update", "p1 after update app", "p2 after update app", "app after update app")

	// After-hooks wait for the commit of the outermost transaction.
	err = store.Tx(ctx, func(ctx context.Context) error {
		if _, err := store.UpdateUser(ctx, u.ID, adapter.Record{"name": "C"}); err != nil {
			return err
		}
		note("inside")
		return store.Tx(ctx, func(ctx context.Context) error {
			return core.AfterCommit(ctx, func(context.Context) error { note("committed"); return nil })
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	want("p1 before update", "p2 before update", "app before update", "inside", "p1 after update app", "p2 after update app", "app after update app", "committed")

	// A rollback drops them, the inner one those of its own writes only.
	stop := errors.New("stop")
	err = store.Tx(ctx, func(ctx context.Context) error {
		if err := core.AfterCommit(ctx, func(context.Context) error { note("outer"); return nil }); err != nil {
			return err
		}
		if err := store.Tx(ctx, func(ctx context.Context) error {
			if _, err := store.UpdateUser(ctx, u.ID, adapter.Record{"name": "rolled back"}); err != nil {
				return err
			}
			return stop
		}); !errors.Is(err, stop) {
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want("p1 before update", "p2 before update", "app before update", "outer")
	if got := row(t, e, core.ModelUser)["name"]; got != "C" {
		t.Errorf("the name is %v", got)
	}
	err = store.Tx(ctx, func(ctx context.Context) error {
		if err := store.DeleteUser(ctx, u.ID); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	want("p1 before delete", "p2 before delete", "app before delete")
	if err := store.DeleteUser(ctx, u.ID); err != nil {
		t.Fatal(err)
	}
	want("p1 before delete", "p2 before delete", "app before delete", "p1 after delete "+ada, "p2 after delete "+ada, "app after delete "+ada)

	// Outside of a transaction AfterCommit runs at once, and an error is the caller's.
	if err := core.AfterCommit(ctx, func(context.Context) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

func TestStoreHooksAbort(t *testing.T) {
	t.Parallel()
	refusal := core.FailText(http.StatusForbidden, "Domain not allowed")
	abort := func(err error) func(*core.StoreHooks) {
		return func(h *core.StoreHooks) {
			h.User.BeforeCreate = func(context.Context, *core.User) error { return err }
		}
	}
	for name, tc := range map[string]struct {
		hooks        func(*core.StoreHooks)
		status       int
		code         string
		signIn       int
		signInAnswer string
	}{
		"ErrAbort before a user": {abort(core.ErrAbort), 400, "FAILED_TO_CREATE_USER", 401, "INVALID_CREDENTIALS"},
		"an error of its own":    {abort(refusal), 403, "DOMAIN_NOT_ALLOWED", 401, "INVALID_CREDENTIALS"},
		"a plain error":          {abort(errDatabase), 500, "INTERNAL_SERVER_ERROR", 401, "INVALID_CREDENTIALS"},
		"ErrAbort before an account": {func(h *core.StoreHooks) {
			h.Account.BeforeCreate = func(context.Context, *core.Account) error { return core.ErrAbort }
		}, 400, "FAILED_TO_CREATE_USER", 401, "INVALID_CREDENTIALS"},
		"ErrAbort before a session": {func(h *core.StoreHooks) {
			h.Session.BeforeCreate = func(context.Context, *core.Session) error { return core.ErrAbort }
		}, 400, "FAILED_TO_CREATE_SESSION", 401, "INVALID_CREDENTIALS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, func(_ *authtest.Env, o *core.Options) { tc.hooks(&o.Store) })
			a := e.Client().Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase}).Want(t, tc.status, tc.code)
			if len(a.Header.Values("Set-Cookie")) > 0 || len(rows(t, e, core.ModelUser))+len(rows(t, e, core.ModelAccount))+len(rows(t, e, core.ModelSession)) != 0 {
				t.Error("something is left")
			}
			e.Client().Post("/sign-in/email", object{"email": ada, "password": passphrase}).Want(t, tc.signIn, tc.signInAnswer)
		})
	}
	t.Run("a session hook that gives a sign-in up", func(t *testing.T) {
		t.Parallel()
		deny := false
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.Store.Session.BeforeCreate = func(ctx context.Context, s *core.Session) error {
				if c, ok := core.CtxFrom(ctx); !ok || c.OperationID() == "" {
					return errDatabase
				}
				if deny {
					return core.ErrAbort
				}
				return nil
			}
		})
		join(t, e, ada)
		deny = true
		e.Client().Post("/sign-in/email", object{"email": ada, "password": passphrase}).Want(t, 401, "FAILED_TO_CREATE_SESSION")
		if n := len(rows(t, e, core.ModelSession)); n != 1 {
			t.Errorf("%d sessions", n)
		}
	})
}

// A plugin's hook may have given away what hangs on a user by the time the application's hook
// keeps the user.
func TestAVetoUndoesWhatHooksBeforeHaveWritten(t *testing.T) {
	t.Parallel()
	var store *core.Store
	given := plugin("p", core.Manifest{Store: core.StoreHooks{User: core.ModelHooks[core.User]{
		BeforeDelete: func(ctx context.Context, u *core.User) error { return store.DeleteVerification(ctx, "of "+u.ID) },
	}}})
	e := open(t, func(_ *authtest.Env, o *core.Options) {
		o.User.DeleteUser.Enabled = true
		o.Store.User.BeforeDelete = func(context.Context, *core.User) error { return core.ErrAbort }
	}, given)
	store = e.Auth.Store()
	c := join(t, e, ada)
	id := c.Get("/get-session").JSON("user", "id")
	if _, err := store.CreateVerification(t.Context(), "of "+id, "x", e.Clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := store.DeleteUser(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := store.FindUser(t.Context(), id); err != nil {
		t.Errorf("the user: %v", err)
	}
	if _, err := store.FindVerification(t.Context(), "of "+id); err != nil {
		t.Errorf("what the plugin has written stays: %v", err)
	}
}

func TestFieldHandles(t *testing.T) {
	t.Parallel()
	role, age := core.Field[string]{Name: "role"}, core.Field[int64]{Name: "age"}
	var seen string
	e := open(t, func(e *authtest.Env, o *core.Options) {
		o.User.Fields = []schema.Field{{Name: role.Name, Type: schema.String, Optional: true, NoInput: true, Default: schema.Value("user")}, {Name: age.Name, Type: schema.Number, Optional: true}}
		o.Store.User.BeforeCreate = func(_ context.Context, u *core.User) error {
			seen, _ = role.Of(u.Extra)
			age.Set(&u.Extra, 36)
			return nil
		}
		o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
	})
	c := join(t, e, ada)
	if seen != "user" {
		t.Errorf("the hook saw the role %q", seen)
	}
	data, err := e.Auth.GetSession(t.Context(), core.Fields{header("Cookie", c.CookieHeader())}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := age.Of(data.User.Extra); !ok || n != 36 {
		t.Errorf("age is %d %v", n, ok)
	}
	if _, ok := (core.Field[bool]{Name: "age"}).Of(data.User.Extra); ok {
		t.Error("a handle of another type reads the field")
	}
	if _, ok := (core.Field[string]{Name: "none"}).Of(nil); ok {
		t.Error("an absent field is read")
	}
	var x core.Extra
	role.Set(&x, "a")
	if !reflect.DeepEqual(x, core.Extra{"role": "a"}) {
		t.Errorf("%v", x)
	}
}

func TestParseInput(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.User.Fields = []schema.Field{
			{Name: "handle", Type: schema.String, Validate: func(v any) (any, error) {
				s := v.(string)
				if s == "admin" {
					return nil, errors.New("That handle is reserved")
				}
				return strings.ToLower(s), nil
			}},
			{Name: "plan", Type: schema.String, Default: schema.Value("free")},
			{Name: "age", Type: schema.Number, Optional: true},
			{Name: "ok", Type: schema.Boolean, Optional: true},
			{Name: "born", Type: schema.Date, Optional: true},
			{Name: "tags", Type: schema.StringArray, Optional: true},
			{Name: "marks", Type: schema.NumberArray, Optional: true},
			{Name: "meta", Type: schema.JSON, Optional: true},
			{Name: "role", Type: schema.String, Optional: true, NoInput: true},
			{Name: "level", Type: schema.Number, NoInput: true, Default: schema.Value(int64(1))},
		}
	})
	for _, tc := range []struct {
		in     string
		update bool
		want   string // the result, or the error's code and message
	}{
		{`{"handle":"Ada"}`, false, `map[handle:ada level:1 plan:free]`},
		{`{"handle":"Ada","plan":"pro","age":36,"ok":true,"tags":["a"],"marks":[1,2.5],"foo":1,"email":"x"}`, false, `map[age:36 handle:ada level:1 marks:[1 2.5] ok:true plan:pro tags:[a]]`},
		{`{}`, false, `MISSING_FIELD handle is required`},
		{`{"handle":null}`, false, `VALIDATION_ERROR [body.handle] Invalid input: expected string`},
		{`{"handle":5}`, false, `VALIDATION_ERROR [body.handle] Invalid input: expected string`},
		{`{"handle":"admin"}`, false, `VALIDATION_ERROR That handle is reserved`},
		{`{"handle":"a","plan":null}`, false, `VALIDATION_ERROR [body.plan] Invalid input: expected string`},
		{`{"handle":"a","age":"5"}`, false, `VALIDATION_ERROR [body.age] Invalid input: expected number`},
		{`{"handle":"a","ok":"true"}`, false, `VALIDATION_ERROR [body.ok] Invalid input: expected boolean`},
		{`{"handle":"a","born":"yesterday"}`, false, `VALIDATION_ERROR [body.born] Invalid input: expected date`},
		{`{"handle":"a","tags":["a",1]}`, false, `VALIDATION_ERROR [body.tags] Invalid input: expected string[]`},
		{`{"handle":"a","tags":"a"}`, false, `VALIDATION_ERROR [body.tags] Invalid input: expected string[]`},
		{`{"handle":"a","marks":["1"]}`, false, `VALIDATION_ERROR [body.marks] Invalid input: expected number[]`},
		{`{"handle":"a","role":"admin"}`, false, `FIELD_NOT_ALLOWED role is not allowed to be set`},
		{`{"handle":"a","role":""}`, false, `map[handle:a level:1 plan:free]`},
		{`{"handle":"a","level":9}`, false, `map[handle:a level:1 plan:free]`},
		{`{"level":9}`, true, `FIELD_NOT_ALLOWED level is not allowed to be set`},
		{`{}`, true, `map[]`},
		{`{"age":null,"tags":[]}`, true, `map[age:<nil> tags:[]]`},
		{`{"handle":null}`, true, `VALIDATION_ERROR [body.handle] Invalid input: expected string`},
	} {
		v, err := wire.Parse([]byte(tc.in), wire.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		in, _ := v.Obj()
		out, err := e.Auth.ParseInput(core.ModelUser, in, tc.update)
		got := fmt.Sprint(map[string]any(out))
		if err != nil {
			var failed *core.Error
			if !errors.As(err, &failed) || failed.Status != 400 {
				t.Fatalf("%s: %v", tc.in, err)
			}
			got = failed.Code + " " + failed.Message
		}
		if got != tc.want {
			t.Errorf("%s (update %v):\n%s, want\n%s", tc.in, tc.update, got, tc.want)
		}
	}
	if _, err := e.Auth.ParseInput("nope", nil, false); err == nil {
		t.Error("an unknown model was read")
	}
	if d := e.Auth.DefaultFields(core.ModelUser); fmt.Sprint(map[string]any(d)) != `map[level:1 plan:free]` {
		t.Errorf("defaults are %v", d)
	}
}

// A page in the place of a redirect is a whole answer.
func TestPageInPlaceOfARedirect(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"with a status": 200, "without one": 0} {
		e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
			o.After = func(c *core.Ctx) error {
				c.SetReturned(&core.Raw{Status: status, ContentType: "text/html", Body: []byte("page")})
				return nil
			}
		})
		a := e.Client().Get("/verify-email?token=x&callbackURL=/sorry")
		if whole := status != 0; a.Body != "page" || (a.Status == 200) != whole || (a.Header.Get("Location") == "") != whole {
			t.Errorf("%s: %d %v %s", name, a.Status, a.Header.Get("Location"), a.Body)
		}
	}
}
