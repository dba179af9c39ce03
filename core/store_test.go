package core_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/wire"
)

// TestHooksGetTheirOwnRecord lets hooks write into everything they get, and checks the
// caller's arguments and results.
func TestHooksGetTheirOwnRecord(t *testing.T) {
	t.Parallel()
	const spoilt = "spoilt"
	spoilUser := func(_ context.Context, u *core.User) error {
		*u.Image = spoilt
		u.Name = spoilt
		u.Extra["tags"].([]string)[0] = spoilt
		u.Extra["place"] = spoilt
		return nil
	}
	tags := schema.Field{Name: "tags", Type: schema.StringArray, Optional: true}
	place := schema.Field{Name: "place", Type: schema.String, Optional: true}
	e := open(t, func(_ *authtest.Env, o *core.Options) {
		o.User.Fields = []schema.Field{tags, place}
		o.Session.Fields = []schema.Field{place}
		o.Store.User = core.ModelHooks[core.User]{
			BeforeCreate: func(_ context.Context, u *core.User) error {
				*u.Image += "!"
				u.Extra["tags"].([]string)[0] += "!"
				return nil
			},
			AfterCreate: spoilUser,
			BeforeUpdate: func(_ context.Context, set adapter.Record) error {
				set["name"] = set["name"].(string) + "!"
				return nil
			},
			AfterUpdate: spoilUser,
		}
		o.Store.Account.BeforeCreate = func(_ context.Context, a *core.Account) error { *a.Scope += "!"; return nil }
		o.Store.Session.BeforeCreate = func(_ context.Context, s *core.Session) error { s.Extra["place"] = spoilt; return nil }
	})
	store, ctx := e.Auth.Store(), t.Context()
	image, scope := "image", "scope"
	passed := core.User{Name: "Ada", Email: "ADA@example.com", Image: &image, Extra: core.Extra{"tags": []string{"a"}, "place": "here"}}
	u, err := store.CreateUser(ctx, passed)
	if err != nil {
		t.Fatal(err)
	}
	if image != "image" || passed.Email != "ADA@example.com" || passed.Extra["tags"].([]string)[0] != "a" || passed.Extra["place"] != "here" {
		t.Errorf("the caller's user became %+v", passed)
	}
	if u.Name != "Ada" || *u.Image != "image!" || u.Extra["tags"].([]string)[0] != "a!" || u.Extra["place"] != "here" {
		t.Errorf("a hook that was told has changed the answer: %+v", u)
	}
	set := adapter.Record{"name": "Eve", "email": "EVE@example.com"}
	before := maps.Clone(set)
	if u, err = store.UpdateUser(ctx, u.ID, set); err != nil || u.Name != "Eve!" || u.Email != "eve@example.com" {
		t.Errorf("%+v %v", u, err)
	}
	if !maps.Equal(set, before) {
		t.Errorf("the caller's record became %v", set)
	}
	if _, err := store.CreateAccount(ctx, core.Account{UserID: u.ID, ProviderID: "github", AccountID: "1", Scope: &scope}); err != nil || scope != "scope" {
		t.Errorf("the caller's scope became %q, %v", scope, err)
	}
	extra := core.Extra{"place": "here"}
	if _, err := store.CreateSession(ctx, core.NewSession{UserID: u.ID, Extra: extra}); err != nil || extra["place"] != "here" {
		t.Errorf("the caller's fields became %v, %v", extra, err)
	}
}

// TestManyAccountsHideNoPassword signs in a user whose password is the newest of 151
// accounts.
func TestManyAccountsHideNoPassword(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	store, ctx := e.Auth.Store(), t.Context()
	u, err := store.CreateUser(ctx, core.User{Name: "Ada", Email: ada})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 150 {
		at := authtest.Start.Add(-time.Duration(i) * time.Minute) // the later in the table, the older
		if _, err := store.CreateAccount(ctx, core.Account{UserID: u.ID, ProviderID: "github", AccountID: fmt.Sprint(i), CreatedAt: at}); err != nil {
			t.Fatal(err)
		}
	}
	hash, err := e.Auth.HashPassword(ctx, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	e.Clock.Add(time.Hour)
	if err := store.SetPassword(ctx, u.ID, hash); err != nil {
		t.Fatal(err)
	}
	login(t, e, ada)
	_, accounts, err := store.FindUserAccounts(ctx, ada)
	if err != nil || len(accounts) != 151 {
		t.Fatalf("%d accounts, %v", len(accounts), err)
	}
	if !slices.IsSortedFunc(accounts, func(a, b *core.Account) int { return a.CreatedAt.Compare(b.CreatedAt) }) {
		t.Error("the accounts are not sorted by their age")
	}
}

func TestAFailedNewTakesNoPlugin(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(o *core.Options){
		"an option": func(o *core.Options) { o.DisabledPaths = []string{"/no-such-route"} },
		"another plugin": func(o *core.Options) {
			o.Plugins = append(o.Plugins, &fakePlugin{"bad", core.Manifest{Init: failInit}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := authtest.NewEnv(t)
			o := e.Options(emailpassword.New(emailpassword.Options{}), organization.New(organization.Options{}))
			good := o
			good.Plugins = slices.Clone(o.Plugins)
			spoil(&o)
			if _, err := core.New(o); err == nil {
				t.Fatal("New took it")
			}
			e.Open(good)
			join(t, e, ada)
		})
	}
}

func failInit(context.Context, *core.Auth) error { return errDatabase }

// TestRequestsWithoutHeaders sends every route a request without headers, as code may
// make it, and calls every operation in the same way.
func TestRequestsWithoutHeaders(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, o *core.Options) {
		o.User.DeleteUser.Enabled, o.User.ChangeEmail.Enabled = true, true
	}, twofactor.New(twofactor.Options{}), organization.New(organization.Options{}),
		&fakePlugin{"curious", core.Manifest{
			OnRequest: func(c *core.Ctx) error { _ = c.Req.Header.Get("X-Any"); return nil },
			Before:    []core.Hook{{Match: core.All(), Run: func(c *core.Ctx) error { _ = c.Req.Header.Get("X-Any"); return nil }}},
			Operations: []core.Operation{core.Get("curious", "/curious", func(c *core.Ctx, _ *core.NoInput) (core.StatusReply, error) {
				return core.StatusReply{Status: c.Req.Header.Get("X-Any") == ""}, nil
			})},
		}})
	for _, op := range e.Auth.Operations() {
		for _, method := range op.Methods {
			if op.Path != "" {
				req := core.Request{Method: method, Path: "/api/auth" + op.Path, Scheme: "http", Host: "localhost:3000"}
				var res core.Response
				e.Auth.Serve(t.Context(), &req, &res)
				if res.Status >= http.StatusInternalServerError || req.Header != nil {
					t.Errorf("%s %s answered %d %s", method, op.Path, res.Status, res.Body)
				}
			}
			res, err := e.Auth.Invoke(t.Context(), op.ID, core.Invocation{Method: method, Body: wire.ObjectOf(&wire.Object{})})
			if err != nil || res.Status >= http.StatusInternalServerError {
				t.Errorf("%s called: %d %s %v", op.ID, res.Status, res.Body, err)
			}
		}
	}
	if _, ok := core.SessionFrom(e.Auth.Attach(t.Context(), core.Request{}, nil)); ok {
		t.Error("a request without headers has a session")
	}
	mustNotContain(t, "the log", e.Log.String(), `"msg":"panic"`)
}

// TestBackgroundTasksRecover lets the database panic while expired rows are removed.
func TestBackgroundTasksRecover(t *testing.T) {
	t.Parallel()
	for name, model := range map[string]string{"verification values": core.ModelVerification, "rate limits": core.ModelRateLimit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, func(_ *authtest.Env, o *core.Options) {
				o.RateLimit = core.RateLimitOptions{Storage: "database"}
				o.Database = newFaulty(memory.New(), func(op, table string) error {
					if op == "delete" && table == model {
						panic("boom")
					}
					return nil
				})
			})
			e.Client().Get("/reset-password/x?callbackURL=/").Want(t, 302, "")
			e.Client().Post("/reset-password", object{"newPassword": passphrase, "token": "x"}).Want(t, 400, "INVALID_TOKEN")
			mustContain(t, e.Log.String(), `"msg":"panic"`, "removing")
		})
	}
}

// TestAStoredSessionIsReadOnce counts what a call asks the database for.
func TestAStoredSessionIsReadOnce(t *testing.T) {
	t.Parallel()
	reads := 0
	var names []string
	stored := func(c *core.Ctx) error {
		s, err := c.StoredSession()
		if err == nil && s != nil {
			names = append(names, s.User.Name)
		}
		return err
	}
	e := open(t, func(_ *authtest.Env, o *core.Options) {
		o.Database = newFaulty(memory.New(), func(op, table string) error {
			if op == "find" && table == core.ModelSession {
				reads++
			}
			return nil
		})
	}, &fakePlugin{"reader", core.Manifest{Operations: []core.Operation{
		core.Post("reader", "/reader", func(c *core.Ctx, _ *core.NoInput) (core.StatusReply, error) {
			if err := stored(c); err != nil {
				return core.StatusReply{}, err
			}
			return core.StatusReply{Status: true}, stored(c)
		}, core.Use(core.RequireStoredSession, stored)),
	}}})
	c := join(t, e, ada)
	reads = 0
	c.Post("/reader", object{}).Want(t, 200, "")
	if reads != 1 || len(names) != 3 {
		t.Errorf("%d reads for %d questions", reads, len(names))
	}
}
