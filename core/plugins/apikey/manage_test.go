package apikey_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/wire"
)

func TestWhoMayManage(t *testing.T) {
	t.Parallel()
	w := open(t, one(apikey.Config{EnableMetadata: true}), nil)
	id := w.ada.Post("/api-key/create", body{"name": "a"}).Want(t, 200, "").JSON("id")
	other := w.signUp(t, bob)
	for name, c := range map[string]*authtest.Client{"KEY-01 nobody": w.Client(), "KEY-01 nobody, for a user": w.Client()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			more := body{}
			if strings.Contains(name, "for a user") {
				more["userId"] = w.id
			}
			c.Post("/api-key/create", more).Want(t, 401, "UNAUTHORIZED_SESSION")
			more["keyId"], more["name"] = id, "b"
			c.Post("/api-key/update", more).Want(t, 401, "UNAUTHORIZED_SESSION")
			c.Post("/api-key/delete", more).Want(t, 401, "UNAUTHORIZED")
			c.Get("/api-key/get?id="+id).Want(t, 401, "UNAUTHORIZED")
			c.Get("/api-key/list").Want(t, 401, "UNAUTHORIZED")
		})
	}
	t.Run("KEY-01 a user for another one", func(t *testing.T) {
		t.Parallel()
		other.Post("/api-key/create", body{"userId": w.id}).Want(t, 401, "UNAUTHORIZED_SESSION")
		other.Post("/api-key/update", body{"keyId": id, "userId": w.id, "name": "b"}).Want(t, 401, "UNAUTHORIZED_SESSION")
	})
	t.Run("KEY-03 a key of another user", func(t *testing.T) {
		t.Parallel()
		other.Get("/api-key/get?id="+id).Want(t, 404, "KEY_NOT_FOUND")
		other.Post("/api-key/update", body{"keyId": id, "name": "b"}).Want(t, 404, "KEY_NOT_FOUND")
		other.Post("/api-key/delete", body{"keyId": id}).Want(t, 404, "KEY_NOT_FOUND")
		if a := other.Get("/api-key/list").Want(t, 200, ""); a.Body != `{"apiKeys":[],"total":0}` {
			t.Error(a.Body)
		}
	})
	for name, v := range map[string]any{
		"permissions": body{"files": []string{"read"}}, "remaining": 5, "refillAmount": 5, "refillInterval": 5,
		"rateLimitMax": 5, "rateLimitTimeWindow": 5, "rateLimitEnabled": false,
	} {
		t.Run("KEY-02 MASS-01 a client sets "+name, func(t *testing.T) {
			t.Parallel()
			w.ada.Copy().Post("/api-key/create", body{name: v}).Want(t, 400, "SERVER_ONLY_PROPERTY")
			w.ada.Copy().Post("/api-key/update", body{"keyId": id, name: v}).Want(t, 400, "SERVER_ONLY_PROPERTY")
		})
	}
	t.Run("MASS-01 what belongs to the server alone", func(t *testing.T) {
		t.Parallel()
		a := w.ada.Copy().Post("/api-key/create", body{
			"id": "chosen", "key": "chosen", "start": "chosen", "referenceId": "chosen", "enabled": false, "requestCount": -9, "createdAt": "2000-01-01T00:00:00.000Z",
		}).Want(t, 200, "")
		if strings.Contains(a.Body, "chosen") || a.JSON("enabled") != "true" || a.JSON("requestCount") != "0" || !strings.HasPrefix(a.JSON("createdAt"), "2026") {
			t.Error(a.Body)
		}
	})
	for name, in := range map[string]struct {
		body body
		code string
	}{
		"KEY-13 a negative life":       {body{"expiresIn": -1}, "VALIDATION_ERROR"},
		"KEY-13 too short a life":      {body{"expiresIn": 60}, "EXPIRES_IN_IS_TOO_SMALL"},
		"KEY-13 too long a life":       {body{"expiresIn": 1e9}, "EXPIRES_IN_IS_TOO_LARGE"},
		"KEY-13 a huge life":           {body{"expiresIn": 1e300}, "EXPIRES_IN_IS_TOO_LARGE"},
		"KEY-13 metadata that is text": {body{"metadata": "x"}, "INVALID_METADATA_TYPE"},
		"KEY-13 a long name":           {body{"name": strings.Repeat("n", 33)}, "INVALID_NAME_LENGTH"},
		"KEY-13 a name of two lines":   {body{"name": "a\nb"}, "VALIDATION_ERROR"},
		"KEY-13 huge metadata":         {body{"metadata": body{"a": strings.Repeat("x", 1<<16)}}, "VALIDATION_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.ada.Copy().Post("/api-key/create", in.body).Want(t, 400, in.code)
			in.body["keyId"] = id
			w.ada.Copy().Post("/api-key/update", in.body).Want(t, 400, in.code)
		})
	}
	t.Run("INJ-06 metadata with names of every object", func(t *testing.T) {
		t.Parallel()
		a := w.ada.Copy().Do("POST", "/api-key/create", `{"metadata":{"__proto__":{"role":"admin"},"constructor":1}}`).Want(t, 200, "")
		if a.JSON("metadata", "constructor") != "1" || a.JSON("permissions") != "null" {
			t.Error(a.Body)
		}
	})
	t.Run("no field of the table to sort by", func(t *testing.T) {
		t.Parallel()
		for _, field := range []string{"key", "unknown", "id;--", "__proto__"} {
			w.ada.Copy().Get("/api-key/list?sortBy="+field).Want(t, 400, "VALIDATION_ERROR")
		}
	})
}

func TestRevokedSession(t *testing.T) {
	t.Parallel()
	w := open(t, apikey.Options{}, func(_ *authtest.Env, o *core.Options) { o.Session.CookieCache.Enabled = true })
	id := w.ada.Post("/api-key/create", body{}).Want(t, 200, "").JSON("id")
	before := w.ada.Copy()
	w.ada.Post("/sign-out", body{}).Want(t, 200, "")
	if a := before.Get("/get-session"); a.Body == "null" {
		t.Fatal("the cookie cache is not on")
	}
	t.Run("KEY-14 SES-06", func(t *testing.T) {
		before.Post("/api-key/create", body{}).Want(t, 401, "UNAUTHORIZED_SESSION")
		before.Post("/api-key/update", body{"keyId": id, "name": "b"}).Want(t, 401, "UNAUTHORIZED_SESSION")
		before.Post("/api-key/delete", body{"keyId": id}).Want(t, 401, "UNAUTHORIZED")
	})
}

func TestConfigurations(t *testing.T) {
	t.Parallel()
	w := open(t, apikey.Options{Configs: []apikey.Config{{ID: "default"}, {ID: "b", Sessions: true, Headers: []string{"x-b"}}}}, nil)
	a := w.make(t, apikey.CreateInput{})
	b := w.make(t, apikey.CreateInput{ConfigID: new("b")})
	for name, got := range map[string]string{
		"KEY-09 a key of the default at b":       w.verify(t, a.Plain, apikey.VerifyInput{ConfigID: new("b")}),
		"KEY-09 a key of b at the default":       w.verify(t, b.Plain),
		"KEY-09 a key of b at an unknown one":    w.verify(t, b.Plain, apikey.VerifyInput{ConfigID: new("unknown")}),
		"KEY-09 a key of the default as session": w.Client().Get("/list-accounts", core.HeaderField{Name: "X-B", Value: a.Plain}).Code(),
	} {
		if got != "INVALID_API_KEY" {
			t.Errorf("%s: %q", name, got)
		}
	}
	t.Run("KEY-09 managed by another configuration", func(t *testing.T) {
		w.ada.Get("/api-key/get?id="+b.ID).Want(t, 404, "KEY_NOT_FOUND")
		w.ada.Get("/api-key/get?configId=b&id="+b.ID).Want(t, 200, "")
		w.ada.Post("/api-key/delete", body{"keyId": b.ID}).Want(t, 404, "KEY_NOT_FOUND")
	})
}

func TestSessions(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T, o apikey.Options) (*world, apikey.Created) {
		o.Configs = []apikey.Config{{Sessions: true, RateLimit: apikey.RateLimitOptions{Disabled: true}}}
		w := open(t, o, nil, bans{})
		return w, w.make(t, apikey.CreateInput{})
	}
	t.Run("of this server and of the application", func(t *testing.T) {
		t.Parallel()
		w, k := open(t, apikey.Options{})
		a := w.Client().Get("/get-session", key(k.Plain), noOrigin).Want(t, 200, "")
		if a.JSON("user", "email") != ada || a.JSON("session", "id") != k.ID || a.JSON("session", "token") != "api-key:"+k.ID || len(a.Header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s %v", a.Body, a.Header)
		}
		data, ok := core.SessionFrom(w.attached(t, http.Header{"X-Api-Key": {k.Plain}}))
		if !ok || data.User.Email != ada {
			t.Error("a route of the application finds no session")
		}
		if _, ok := core.SessionFrom(w.attached(t, http.Header{"X-Api-Key": {"bad"}})); ok {
			t.Error("a session of a bad key")
		}
	})
	for _, route := range []struct{ method, path string }{
		{"GET", "/list-sessions"}, {"GET", "/list-accounts"}, {"POST", "/update-user"}, {"POST", "/change-password"}, {"POST", "/revoke-sessions"},
		{"POST", "/api-key/create"}, {"POST", "/api-key/update"}, {"POST", "/api-key/delete"}, {"GET", "/api-key/list"}, {"POST", "/delete-user"}, {"POST", "/sign-in/email"},
	} {
		t.Run("KEY-10 "+route.path, func(t *testing.T) {
			t.Parallel()
			w, k := open(t, apikey.Options{})
			w.Client().Do(route.method, route.path, map[string]string{"POST": "{}"}[route.method], key(k.Plain), noOrigin).Want(t, 403, "API_KEY_SESSION_NOT_ALLOWED")
		})
	}
	t.Run("KEY-10 routes that were opened", func(t *testing.T) {
		t.Parallel()
		w, k := open(t, apikey.Options{SessionPaths: []string{"/list-accounts", "/api-key/*"}})
		w.Client().Get("/list-accounts", key(k.Plain)).Want(t, 200, "")
		w.Client().Post("/api-key/create", body{}, key(k.Plain), noOrigin).Want(t, 200, "")
		w.Client().Get("/get-session", key(k.Plain)).Want(t, 403, "API_KEY_SESSION_NOT_ALLOWED")
	})
	user := func(t *testing.T, w *world, set adapter.Record) {
		t.Helper()
		if _, err := w.Auth.Store().UpdateUser(t.Context(), w.id, set); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(t *testing.T, w *world, k apikey.Created, code string) {
		t.Helper()
		w.Client().Get("/get-session", key(k.Plain)).Want(t, 401, code)
		if _, ok := core.SessionFrom(w.attached(t, http.Header{"X-Api-Key": {k.Plain}})); ok {
			t.Error("a session in the application")
		}
		if err := core.Check(w.attached(t, http.Header{"X-Api-Key": {k.Plain}}), apikey.Guard(apikey.GuardOptions{})); err == nil || err.Status != 401 {
			t.Errorf("guard: %v", err)
		}
		if got := w.verify(t, k.Plain); got != code {
			t.Errorf("verify: %q", got)
		}
	}
	t.Run("KEY-11 ADM-11 of a banned user", func(t *testing.T) {
		t.Parallel()
		w, k := open(t, apikey.Options{})
		user(t, w, adapter.Record{"banned": true})
		refused(t, w, k, "USER_BANNED")
		w.ada.Post("/api-key/delete", body{"keyId": k.ID}).Want(t, 401, "USER_BANNED")
		user(t, w, adapter.Record{"banExpires": w.Clock.Now().Add(time.Hour)})
		refused(t, w, k, "USER_BANNED")
		w.Clock.Add(time.Hour)
		w.Client().Get("/get-session", key(k.Plain)).Want(t, 200, "")
	})
	t.Run("KEY-11 of a user whom another server has deleted", func(t *testing.T) {
		t.Parallel()
		w, k := open(t, apikey.Options{})
		if _, err := w.Auth.DB().DeleteMany(t.Context(), core.ModelUser, adapter.By("id", w.id)); err != nil {
			t.Fatal(err)
		}
		refused(t, w, k, "INVALID_REFERENCE_ID_FROM_API_KEY")
	})
	t.Run("KEY-11 disabled and ended", func(t *testing.T) {
		t.Parallel()
		w, k := open(t, apikey.Options{})
		if _, err := w.p.Update.Call(t.Context(), &apikey.UpdateInput{KeyID: k.ID, UserID: &w.id, Enabled: new(false), ExpiresIn: wire.Int(86400)}); err != nil {
			t.Fatal(err)
		}
		refused(t, w, k, "KEY_DISABLED")
		if _, err := w.p.Update.Call(t.Context(), &apikey.UpdateInput{KeyID: k.ID, UserID: &w.id, Enabled: new(true)}); err != nil {
			t.Fatal(err)
		}
		w.Clock.Add(24 * time.Hour)
		w.Client().Get("/get-session", key(k.Plain)).Want(t, 401, "KEY_EXPIRED")
	})
	t.Run("KEY-04 RL-01 guesses are limited by their address", func(t *testing.T) {
		t.Parallel()
		w := worldWith(t, func(o *core.Options) {
			o.RateLimit = core.RateLimitOptions{Default: ratelimit.Rule{Window: time.Minute, Max: 5}}
		})
		c := w.Client()
		codes := map[string]int{}
		for range 8 {
			codes[c.Get("/list-accounts", key(strings.Repeat("k", 64))).Code()]++
		}
		if codes["INVALID_API_KEY"] != 5 || codes["TOO_MANY_REQUESTS"] != 3 {
			t.Errorf("%v", codes)
		}
	})
	t.Run("a call from Go on behalf of a client", func(t *testing.T) {
		t.Parallel()
		w, k := open(t, apikey.Options{})
		data, err := w.Auth.GetSession(t.Context(), core.Fields{key(k.Plain)}, nil)
		if err != nil || data == nil || data.User.Email != ada {
			t.Errorf("%v, %v", data, err)
		}
	})
	t.Run("get-session of CompatBetterAuth", func(t *testing.T) {
		t.Parallel()
		w := worldWith(t, func(o *core.Options) { o.Compat = core.CompatBetterAuth })
		k := w.make(t, apikey.CreateInput{})
		if a := w.Client().Get("/get-session", key(k.Plain)).Want(t, 200, ""); !strings.HasPrefix(a.Body, `{"user":`) || a.JSON("session", "token") != k.Plain {
			t.Error(a.Body)
		}
		w.Client().Get("/list-accounts", key(k.Plain)).Want(t, 200, "")
		data, err := w.Auth.GetSession(t.Context(), core.Fields{key(k.Plain)}, nil)
		if err != nil || data == nil || strings.Contains(data.Session.Token, k.Plain) {
			t.Errorf("%v, %v", data, err)
		}
	})
}

func worldWith(t *testing.T, change func(*core.Options)) *world {
	return open(t, one(apikey.Config{Sessions: true}), func(_ *authtest.Env, o *core.Options) { change(o) })
}

// Keys end with their owner.
func TestOwnersThatEnd(t *testing.T) {
	t.Parallel()
	for name, place := range places {
		t.Run("KEY-11 a user, "+name, func(t *testing.T) {
			t.Parallel()
			w := openPlace(t, place, apikey.Users)
			k := w.make(t, apikey.CreateInput{})
			if got := w.verify(t, k.Plain); got != "" {
				t.Fatal(got)
			}
			if err := w.Auth.Store().DeleteUser(t.Context(), w.id); err != nil {
				t.Fatal(err)
			}
			if got := w.verify(t, k.Plain); got != "INVALID_API_KEY" {
				t.Errorf("%q", got)
			}
			if w.row(t, k.ID) != nil {
				t.Error("the row has stayed")
			}
		})
		t.Run("KEY-11 an organization, "+name, func(t *testing.T) {
			t.Parallel()
			w := openPlace(t, place, apikey.Organizations)
			org := w.ada.Post("/organization/create", body{"name": "Acme", "slug": "acme"}).Want(t, 200, "").JSON("id")
			k := w.make(t, apikey.CreateInput{OrganizationID: &org})
			mine := w.make(t, apikey.CreateInput{ConfigID: new("mine")})
			if got := w.verify(t, k.Plain); got != "" {
				t.Fatal(got)
			}
			w.ada.Post("/organization/delete", body{"organizationId": org}).Want(t, 200, "")
			if got := w.verify(t, k.Plain); got != "INVALID_API_KEY" {
				t.Errorf("%q", got)
			}
			if got := w.verify(t, mine.Plain, apikey.VerifyInput{ConfigID: new("mine")}); got != "" {
				t.Errorf("the user's own key: %q", got)
			}
		})
	}
}

func openPlace(t *testing.T, place func(*authtest.Env, *core.Options) apikey.Config, owner apikey.Owner) *world {
	t.Helper()
	e := authtest.NewEnv(t)
	var dummy core.Options
	c := place(e, &dummy)
	c.Owner, c.ID = owner, "default"
	return open(t, apikey.Options{Configs: []apikey.Config{c, {ID: "mine"}}}, func(e *authtest.Env, o *core.Options) { place(e, o) }, organization.New(organization.Options{}))
}

func TestOrganizations(t *testing.T) {
	t.Parallel()
	all := access.Permissions{"organization": {"update", "delete"}, "apiKey": {"create", "read", "update", "delete"}}
	ac := access.NewControl(all)
	w := open(t, apikey.Options{Configs: []apikey.Config{{ID: "default"}, {ID: "org", Owner: apikey.Organizations, MaxKeys: 3}}}, nil, organization.New(organization.Options{
		Access: ac, Roles: map[string]*access.Role{
			"owner": ac.NewRole(access.Permissions{"organization": {"delete"}}), "admin": ac.NewRole(access.Permissions{"apiKey": {"create", "read"}}), "member": ac.NewRole(access.Permissions{}),
		},
	}))
	orgs, _ := core.PluginOf[*organization.Plugin](w.Auth)
	org := w.ada.Post("/organization/create", body{"name": "Acme", "slug": "acme"}).Want(t, 200, "").JSON("id")
	people := map[string]*authtest.Client{"owner": w.ada}
	for _, role := range []string{"admin", "member", "stranger"} {
		people[role] = w.signUp(t, role+"@example.com")
		u, err := w.Auth.Store().FindUserByEmail(t.Context(), role+"@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if role != "stranger" {
			if _, err := orgs.Add(t.Context(), organization.NewMember{OrganizationID: org, UserID: u.ID, Roles: []string{role}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	id := w.ada.Post("/api-key/create", body{"configId": "org", "organizationId": org}).Want(t, 200, "").JSON("id")
	const no, out = "INSUFFICIENT_API_KEY_PERMISSIONS", "USER_NOT_MEMBER_OF_ORGANIZATION"
	for _, tc := range []struct{ who, create, read, update, remove string }{
		{"stranger", out, out, out, out}, {"member", no, no, no, no}, {"admin", "", "", no, no}, {"owner", "", "", "", ""},
	} {
		c := people[tc.who]
		for what, got := range map[string][2]string{
			"create": {c.Post("/api-key/create", body{"configId": "org", "organizationId": org}).Code(), tc.create},
			"list":   {c.Get("/api-key/list?organizationId=" + org).Code(), tc.read},
			"get":    {c.Get("/api-key/get?configId=org&id=" + id).Code(), tc.read},
			"update": {c.Post("/api-key/update", body{"configId": "org", "keyId": id, "name": tc.who}).Code(), tc.update},
		} {
			if got[0] != got[1] {
				t.Errorf("KEY-03 %s by %s: %q, want %q", what, tc.who, got[0], got[1])
			}
		}
		c.Get("/api-key/get?id="+id).Want(t, 404, "KEY_NOT_FOUND")
	}
	w.ada.Post("/api-key/create", body{"configId": "org", "organizationId": org}).Want(t, 409, "TOO_MANY_API_KEYS")
	for _, tc := range []struct{ who, code string }{{"stranger", out}, {"member", no}, {"admin", no}, {"owner", ""}} {
		if got := people[tc.who].Post("/api-key/delete", body{"configId": "org", "keyId": id}).Code(); got != tc.code {
			t.Errorf("KEY-03 delete by %s: %q, want %q", tc.who, got, tc.code)
		}
	}
	if a := w.ada.Get("/api-key/list"); a.JSON("total") != "0" {
		t.Errorf("keys of the organization among one's own: %s", a.Body)
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	for name, configs := range map[string]func(s storage.Storage) []apikey.Config{
		"database":          func(storage.Storage) []apikey.Config { return []apikey.Config{{}} },
		"secondary storage": func(s storage.Storage) []apikey.Config { return []apikey.Config{{SecondaryStorage: true, Storage: s}} },
		"both": func(s storage.Storage) []apikey.Config {
			return []apikey.Config{{ID: "default"}, {ID: "b", SecondaryStorage: true, Storage: s}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := configs(storage.NewMemory(nil))
			w := open(t, apikey.Options{Configs: c}, nil)
			for i, name := range []string{"b", "c", "a"} {
				in := apikey.CreateInput{Name: &name}
				if len(c) > 1 && i == 2 {
					in.ConfigID = new("b")
				}
				w.make(t, in)
				w.Clock.Add(time.Second)
			}
			for query, want := range map[string]string{
				"":                                     "bca 3",
				"?limit=2":                             "bc 3",
				"?limit=2&offset=2":                    "a 3",
				"?offset=9":                            " 3",
				"?limit=0":                             " 3",
				"?limit=999999999999":                  "bca 3",
				"?sortBy=createdAt&sortDirection=desc": map[bool]string{true: "cba 3", false: "acb 3"}[len(c) > 1],
				"?sortBy=name":                         map[bool]string{true: "bca 3", false: "abc 3"}[len(c) > 1],
			} {
				a := w.ada.Get("/api-key/list"+query).Want(t, 200, "")
				var reply struct {
					APIKeys []struct{ Name string } `json:"apiKeys"`
					Total   int
				}
				if err := json.Unmarshal([]byte(a.Body), &reply); err != nil {
					t.Fatal(err)
				}
				got := ""
				for _, k := range reply.APIKeys {
					got += k.Name
				}
				if got += fmt.Sprint(" ", reply.Total); got != want {
					t.Errorf("%s: %q, want %q", query, got, want)
				}
			}
		})
	}
}

func TestCleanup(t *testing.T) {
	t.Parallel()
	w := open(t, apikey.Options{}, nil)
	ended := w.make(t, apikey.CreateInput{ExpiresIn: new(86400.0)})
	endless := w.make(t, apikey.CreateInput{})
	w.Clock.Add(25 * time.Hour)
	w.ada.Get("/api-key/list").Want(t, 200, "")
	if w.row(t, ended.ID) != nil || w.row(t, endless.ID) == nil {
		t.Error("the wrong keys were removed")
	}
	ended = w.make(t, apikey.CreateInput{ExpiresIn: new(86400.0)})
	w.Clock.Add(25 * time.Hour)
	if reply, err := w.p.DeleteExpired.Call(t.Context(), nil); err != nil || !reply.Success || w.row(t, ended.ID) != nil {
		t.Errorf("%+v, %v", reply, err)
	}
	ended = w.make(t, apikey.CreateInput{ExpiresIn: new(86400.0)})
	w.Clock.Add(25 * time.Hour)
	if err := w.Auth.DeleteExpired(t.Context()); err != nil || w.row(t, ended.ID) != nil || w.row(t, endless.ID) == nil {
		t.Errorf("the job of the application: %v", err)
	}
}

// Values that other versions have written.
func TestOldRows(t *testing.T) {
	t.Parallel()
	w := open(t, one(apikey.Config{EnableMetadata: true}), nil)
	k := w.make(t, apikey.CreateInput{})
	set := func(rec adapter.Record) {
		t.Helper()
		if _, err := w.Auth.DB().Update(t.Context(), apikey.Model, adapter.By("id", k.ID), rec); err != nil {
			t.Fatal(err)
		}
	}
	set(adapter.Record{"metadata": `"{\"plan\":\"pro\"}"`, "enabled": nil, "requestCount": nil, "rateLimitEnabled": nil, "permissions": "null"})
	if a := w.ada.Get("/api-key/get?id=" + k.ID); a.JSON("metadata", "plan") != "pro" || a.JSON("permissions") != "null" {
		t.Error(a.Body)
	}
	if row := w.row(t, k.ID); string(row.Metadata) != `{"plan":"pro"}` {
		t.Errorf("not repaired: %s", row.Metadata)
	}
	if got := w.verify(t, k.Plain); got != "" {
		t.Error(got)
	}
	set(adapter.Record{"metadata": "null"})
	if a := w.ada.Get("/api-key/get?id=" + k.ID); a.JSON("metadata") != "null" {
		t.Error(a.Body)
	}
}

// CRY-04: the stored form is that of Better Auth 1.6 (defaultKeyHasher).
func TestStoredForm(t *testing.T) {
	t.Parallel()
	w := open(t, one(apikey.Config{Generate: func(context.Context, apikey.NewKey) (string, error) {
		return "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl", nil
	}}), nil)
	k := w.make(t, apikey.CreateInput{})
	if want := secret.SHA256URL(k.Plain); k.Hash != want || len(want) != 43 || strings.ContainsAny(want, "+/=") {
		t.Errorf("CRY-04 %s", k.Hash)
	}
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	many := apikey.Organizations
	for name, tc := range map[string]struct {
		o    apikey.Options
		says string
	}{
		"two without ids":            {apikey.Options{Configs: []apikey.Config{{ID: "a"}, {}}}, "name each"},
		"an id twice":                {apikey.Options{Configs: []apikey.Config{{ID: "a"}, {ID: "a"}}}, "twice"},
		"an unknown owner":           {one(apikey.Config{Owner: "team"}), "Owner"},
		"organizations without them": {one(apikey.Config{Owner: many}), "organization"},
		"sessions of organizations":  {one(apikey.Config{Owner: many, Sessions: true}), "Sessions"},
		"short keys":                 {one(apikey.Config{Length: 8}), "Length"},
		"long starts":                {one(apikey.Config{Start: apikey.StartOptions{Length: 60}}), "Start.Length"},
		"long plain keys":            {one(apikey.Config{Length: 250, DisableHashing: true}), "DisableHashing"},
		"no length of prefixes":      {one(apikey.Config{MinPrefixLength: 9, MaxPrefixLength: 3}), "MaxPrefixLength"},
		"no length of names":         {one(apikey.Config{MinNameLength: 9, MaxNameLength: 3}), "MaxNameLength"},
		"no life":                    {one(apikey.Config{Expiry: apikey.ExpiryOptions{Min: 48 * time.Hour, Max: time.Hour}}), "Expiry"},
		"a limit below nothing":      {one(apikey.Config{RateLimit: apikey.RateLimitOptions{Max: -1}}), "RateLimit"},
		"no secondary storage":       {one(apikey.Config{SecondaryStorage: true}), "SecondaryStorage"},
		"a storage for nothing":      {one(apikey.Config{Storage: storage.NewMemory(nil)}), "SecondaryStorage"},
		"keys that are not counted":  {one(apikey.Config{SecondaryStorage: true, MaxKeys: 3}), "MaxKeys"},
		"an empty header":            {one(apikey.Config{Headers: []string{""}}), "Headers"},
		"a bad path":                 {apikey.Options{SessionPaths: []string{"list*accounts"}}, "SessionPaths"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := core.New(core.Options{BaseURL: authtest.BaseURL, Secret: authtest.Secret, Database: memory.New(), Plugins: []core.Plugin{
				emailpassword.New(emailpassword.Options{}), apikey.New(tc.o),
			}})
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestGenerators(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		key  string
		err  error
		good bool
	}{
		"a good key": {strings.Repeat("k", 20), nil, true}, "a short key": {"short", nil, false}, "no key": {"", errors.New("broken"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, one(apikey.Config{Generate: func(context.Context, apikey.NewKey) (string, error) { return tc.key, tc.err }}), nil)
			a := w.ada.Post("/api-key/create", body{})
			if tc.good != (a.Status == 200) || !tc.good && a.Status != 500 {
				t.Errorf("%d %s", a.Status, a.Body)
			}
			if tc.good && a.JSON("start") != "kkkk" {
				t.Errorf("KEY-12 the start leaves 16 characters: %s", a.JSON("start"))
			}
		})
	}
	w := open(t, one(apikey.Config{Prefix: "shop_"}), nil)
	seen := map[string]bool{}
	for range 50 {
		k := w.make(t, apikey.CreateInput{})
		if seen[k.Plain] || len(k.Plain) != 69 || !strings.HasPrefix(k.Plain, "shop_") {
			t.Fatalf("CRY-08 %s", k.Plain)
		}
		seen[k.Plain] = true
	}
}

func TestMaxKeys(t *testing.T) {
	t.Parallel()
	w := open(t, one(apikey.Config{MaxKeys: 3}), nil)
	got := crowd(func(int) string { return w.ada.Copy().Post("/api-key/create", body{}).Code() })
	if got[""] != 3 || got["TOO_MANY_API_KEYS"] != 47 {
		t.Errorf("DOS-08 %v", got)
	}
}
