package core_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/wire"
)

// token is a plugin that takes a session token from a header.
func tokenPlugin() core.Plugin {
	return plugin("token", core.Manifest{Authenticate: func(c *core.Ctx) (core.Credential, error) {
		switch v := c.Req.Header.Get("X-Token"); v {
		case "refused":
			return core.Credential{}, core.Fail(http.StatusUnauthorized, core.CodeInvalidToken)
		case "broken":
			return core.Credential{}, errDatabase
		default:
			return core.Credential{Token: v}, nil
		}
	}})
}

// A plugin's credential counts wherever the caller's session does: reading, ending,
// replacing.
func TestCredentialOfPlugin(t *testing.T) {
	t.Parallel()
	e := open(t, nil, tokenPlugin())
	browser := join(t, e, ada)
	sign := func() string {
		c := e.Client()
		c.Post("/sign-in/email", object{"email": ada, "password": passphrase}).Want(t, 200, "")
		return tokenOf(c)
	}
	alive := func(token string) bool {
		_, err := e.Auth.Store().FindSession(t.Context(), token)
		return err == nil
	}
	with := func(token string) core.HeaderField { return header("X-Token", token) }

	token := sign()
	if a := e.Client().Get("/get-session", with(token)).Want(t, 200, ""); a.JSON("session", "token") != token {
		t.Errorf("get-session: %s", a.Body)
	}
	e.Client().Get("/list-accounts", with(token)).Want(t, 200, "")
	e.Client().Get("/get-session", with("unknown")).Want(t, 200, "")
	if a := e.Client().Get("/get-session", with("refused")); a.Status != 401 {
		t.Errorf("a refused credential: %d %s", a.Status, a.Body)
	}
	e.Client().Get("/list-accounts", with("broken")).Want(t, 500, "INTERNAL_SERVER_ERROR")

	t.Run("it comes before the cookie", func(t *testing.T) {
		if a := browser.Get("/get-session", with(token)); a.JSON("session", "token") != token {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("revoking the others leaves it", func(t *testing.T) {
		other := sign()
		e.Client().Post("/revoke-other-sessions", object{}, with(token)).Want(t, 200, "")
		if !alive(token) || alive(other) {
			t.Error("the wrong sessions have ended")
		}
	})
	t.Run("signing in again ends it", func(t *testing.T) {
		e.Client().Post("/sign-in/email", object{"email": ada, "password": passphrase}, with(token)).Want(t, 200, "")
		if alive(token) {
			t.Error("the former session lives on")
		}
	})
	t.Run("signing out ends it", func(t *testing.T) {
		token := sign()
		e.Client().Post("/sign-out", object{}, with(token)).Want(t, 200, "")
		if alive(token) {
			t.Error("the session lives on")
		}
	})
	t.Run("the application's own routes see it", func(t *testing.T) {
		token := sign()
		req := core.Request{Method: "GET", Path: "/me", Header: http.Header{"X-Token": {token}}}
		if data, ok := core.SessionFrom(e.Auth.Attach(t.Context(), req, nil)); !ok || data.Session.Token != token {
			t.Error("no session")
		}
		req.Header = http.Header{"X-Token": {"refused"}}
		if _, ok := core.SessionFrom(e.Auth.Attach(t.Context(), req, nil)); ok {
			t.Error("a session of a refused credential")
		}
	})
}

// The session that a request came with can be read after the sign-in that replaced it.
func TestIncomingSession(t *testing.T) {
	t.Parallel()
	var before, after string
	of := func(d *core.SessionData) string {
		if d == nil {
			return ""
		}
		return d.User.Email
	}
	e := open(t, nil, plugin("p", core.Manifest{After: []core.Hook{{Match: core.Paths("/sign-in/email"), Run: func(c *core.Ctx) error {
		before, after = of(c.Incoming()), of(c.Session())
		return nil
	}}}}))
	join(t, e, bob)
	for name, c := range map[string]struct {
		client *authtest.Client
		want   string
	}{"nobody": {e.Client(), ""}, "another user": {join(t, e, ada), ada}, "the same user": {join(t, e, "bob2@example.com"), "bob2@example.com"}} {
		email := bob
		if name == "the same user" {
			email = "bob2@example.com"
		}
		c.client.Post("/sign-in/email", object{"email": email, "password": passphrase}).Want(t, 200, "")
		if before != c.want || after != email {
			t.Errorf("%s: came as %q, is %q", name, before, after)
		}
	}
}

// An after-hook may answer with another type: the wire gets it, and the typed call gets
// the handler's result.
func TestReplacedResult(t *testing.T) {
	t.Parallel()
	e := open(t, nil, plugin("custom", core.Manifest{After: []core.Hook{{Match: core.Paths("/get-session"), Run: func(c *core.Ctx) error {
		if v, err := c.Returned(); v != nil && err == nil {
			c.SetReturned(map[string]string{"custom": "yes"})
		}
		return nil
	}}}}))
	c := join(t, e, ada)
	if a := c.Get("/get-session"); a.Body != `{"custom":"yes"}` {
		t.Errorf("%s", a.Body)
	}
	data, err := e.Auth.GetSession(t.Context(), http.Header{"Cookie": {c.CookieHeader()}}, nil)
	if err != nil || data == nil || data.User.Email != ada {
		t.Errorf("%v, %v", data, err)
	}
}

func TestStatusErrorBodyAndHeaders(t *testing.T) {
	t.Parallel()
	undone := errors.New("undone")
	made := core.Post("made", "/made", pass, core.Status(http.StatusCreated))
	chosen := core.Put("chosen", "/chosen", func(c *core.Ctx, _ *core.NoInput) (core.OKReply, error) {
		c.SetStatus(http.StatusAccepted)
		c.SetHeader("Cache-Control", "public, max-age=60")
		c.SetHeader("ETag", `"1"`)
		c.ExposeHeader("X-One", "1")
		c.ExposeHeader("X-Two", "2")
		c.ExposeHeader("x-one", "3")
		return core.OKReply{OK: true}, nil
	})
	protocol := core.Delete("protocol", "/protocol", func(c *core.Ctx, _ *core.NoInput) (core.OKReply, error) {
		c.SetHeader("Cache-Control", "public")
		c.SetStatus(http.StatusCreated)
		return core.OKReply{}, c.Auth().Store().Tx(c, func(ctx context.Context) error {
			if _, err := c.Auth().Store().CreateVerification(ctx, "left", "x", c.Now().Add(time.Hour)); err != nil {
				return err
			}
			e := core.OAuthError(http.StatusBadRequest, "invalid_grant", "It is used up")
			e.Cause = undone
			return e
		})
	})
	scim := core.Patch("scim", "/scim", func(c *core.Ctx, in *struct {
		Name string `json:"name"`
	}) (core.OKReply, error) {
		return core.OKReply{}, &core.Error{Status: 409, Code: "uniqueness", ContentType: "application/scim+json", Body: wire.String(in.Name)}
	}, core.Accept("application/scim+json"))
	e := authtest.New(t, nil, plugin("p", core.Manifest{Operations: []core.Operation{made, chosen, protocol, scim}}))
	c := e.Client()

	if a := c.Post("/made", nil); a.Status != 201 || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
	a := c.Do("PUT", "/chosen", "")
	if a.Status != 202 || a.Header.Get("Cache-Control") != "public, max-age=60" || a.Header.Get("ETag") != `"1"` ||
		a.Header.Get("X-One") != "3" || a.Header.Get("Access-Control-Expose-Headers") != "X-One, X-Two" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
	a = c.Do("DELETE", "/protocol", "")
	if a.Status != 400 || a.Body != `{"error":"invalid_grant","error_description":"It is used up"}` || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s %v", a.Status, a.Body, a.Header)
	}
	if len(rows(t, e, core.ModelVerification)) > 0 {
		t.Error("the error of a protocol left what was written")
	}
	a = c.Do("PATCH", "/scim", `{"name":"x"}`, header("Content-Type", "application/scim+json; charset=utf-8"))
	if a.Status != 409 || a.Body != `"x"` || a.Header.Get("Content-Type") != "application/scim+json" {
		t.Errorf("%d %s %v", a.Status, a.Body, a.Header)
	}
	c.Do("PATCH", "/scim", `{"name":"x"}`).Want(t, 415, "UNSUPPORTED_MEDIA_TYPE")
	var res core.Response
	if _, err := made.Call(t.Context(), nil, core.Capture(&res)); err != nil || res.Status != 201 {
		t.Errorf("%d, %v", res.Status, err)
	}
}

// A webhook's signature is checked over unparsed bytes, also of bodies that are not
// JSON.
func TestRawBody(t *testing.T) {
	t.Parallel()
	hook := core.Post("webhook", "/webhook", func(c *core.Ctx, _ *core.NoInput) (string, error) { return string(c.Req.Body), nil }, core.RawBody())
	c := authtest.New(t, nil, plugin("p", core.Manifest{Operations: []core.Operation{hook}})).Client()
	for _, body := range []string{`{"a":"\u0000"}`, `not json`, `{"a" : 1}`} {
		if a := c.Do("POST", "/webhook", body); a.Status != 200 || a.Body != string(wire.AppendString(nil, body)) {
			t.Errorf("%q: %d %s", body, a.Status, a.Body)
		}
	}
}

func TestRoutesAtTheRoot(t *testing.T) {
	t.Parallel()
	known := core.Get("known", "/.well-known/thing", func(c *core.Ctx, _ *core.NoInput) (string, error) { return c.Path(), nil }, core.AtRoot())
	e := authtest.New(t, nil, plugin("p", core.Manifest{Operations: []core.Operation{known}}))
	ask := func(path string) (int, string) {
		var res core.Response
		e.Auth.Serve(t.Context(), &core.Request{Method: "GET", Path: path, Host: "localhost:3000"}, &res)
		return res.Status, string(res.Body)
	}
	if !e.Auth.Handles("/.well-known/thing") || e.Auth.Handles("/.well-known/thin") || e.Auth.Handles("/.well-known/thing/") {
		t.Error("Handles does not know which paths are its own")
	}
	if status, body := ask("/.well-known/thing"); status != 200 || body != `"/.well-known/thing"` {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := ask("/api/auth/.well-known/thing"); status != 404 {
		t.Errorf("below the base path: %d", status)
	}
}

// CrossSite is an option of the operation, for its declared path with any parameter.
// Rules of the application match the declared path too.
func TestCrossSite(t *testing.T) {
	t.Parallel()
	acs := core.Post("acs", "/acs/:provider", pass, core.CrossSite(), core.AcceptForm())
	listed := core.Post("listed", "/listed/:id", pass)
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.SkipOriginCheck = []string{"/listed/:id"} },
		plugin("p", core.Manifest{Operations: []core.Operation{acs, listed, core.Post("other", "/other/:id", pass)}}))
	c := e.Client()
	foreign := []core.HeaderField{header("Origin", "https://idp.example"), header("Cookie", "a=b"), header("Content-Type", "application/x-www-form-urlencoded")}
	c.Do("POST", "/acs/one", "callbackURL=https%3A%2F%2Fevil.example&SAMLResponse=x", foreign...).Want(t, 200, "")
	json := []core.HeaderField{header("Origin", "https://idp.example"), header("Cookie", "a=b")}
	c.Do("POST", "/listed/7", "{}", json...).Want(t, 200, "")
	c.Do("POST", "/other/7", "{}", json...).Want(t, 403, "INVALID_ORIGIN")
}

func TestLocalsAndCookies(t *testing.T) {
	t.Parallel()
	var note core.Local[int]
	var other core.Local[int]
	op := core.Get("op", "/op", func(c *core.Ctx, _ *core.NoInput) (map[string]string, error) {
		if n, ok := note.Get(c); !ok || n != 7 {
			return nil, errDatabase
		}
		if _, ok := other.Get(c); ok {
			return nil, errDatabase
		}
		return maps.Collect(c.Cookies()), nil
	})
	e := authtest.New(t, nil, plugin("p", core.Manifest{
		Operations: []core.Operation{op},
		Before:     []core.Hook{{Match: core.Paths("/op"), Run: func(c *core.Ctx) error { note.Set(c, 7); return nil }}},
	}))
	if a := e.Client().Get("/op", header("Cookie", "a=1; broken; b=x%20y")); a.Body != `{"a":"1","b":"x y"}` {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestSetBaseURL(t *testing.T) {
	t.Parallel()
	op := core.Get("op", "/op", func(c *core.Ctx, _ *core.NoInput) (string, error) {
		c.SetCookie(c.NewCookie("x", 0), "1")
		return c.BaseURL(), nil
	})
	e := authtest.New(t, nil, plugin("p", core.Manifest{
		Operations: []core.Operation{op},
		Before: []core.Hook{{Match: core.Paths("/op"), Run: func(c *core.Ctx) error {
			if v := c.Req.Header.Get("X-Base"); v != "" {
				return c.SetBaseURL(v)
			}
			return nil
		}}},
	}))
	c := e.Client()
	if a := c.Get("/op", header("X-Base", "https://preview.example.com")); a.Body != `"https://preview.example.com/api/auth"` ||
		a.Header.Get("Set-Cookie")[:len("__Secure-")] != "__Secure-" {
		t.Errorf("%s %v", a.Body, a.Header)
	}
	if a := c.Get("/op"); a.Body != `"http://localhost:3000/api/auth"` {
		t.Errorf("the next call: %s", a.Body)
	}
	for _, bad := range []string{"nonsense", "https://a.example/path", "javascript:x"} {
		c.Get("/op", header("X-Base", bad)).Want(t, 500, "INTERNAL_SERVER_ERROR")
	}
}

// Every route that sets a password asks all plugins, in order.
func TestCheckNewPassword(t *testing.T) {
	t.Parallel()
	var asked []string
	rule := func(id string) core.Plugin {
		return plugin(id, core.Manifest{CheckPassword: func(c *core.Ctx, pw string) error {
			asked = append(asked, id+" "+c.Path())
			if pw == "refused by "+id {
				return core.Fail(http.StatusBadRequest, core.CodePasswordCompromised)
			}
			return nil
		}})
	}
	e := open(t, nil, rule("a"), rule("b"))
	body := func(pw string) object { return object{"name": "Ada", "email": ada, "password": pw} }
	e.Client().Post("/sign-up/email", body("refused by b")).Want(t, 400, "PASSWORD_COMPROMISED")
	e.Client().Post("/sign-up/email", body("short")).Want(t, 400, "PASSWORD_TOO_SHORT")
	if want := []string{"a /sign-up/email", "b /sign-up/email"}; !slices.Equal(asked, want) {
		t.Errorf("%q", asked)
	}
}

// AsCaller uses the cookies, address and host of the context's request.
func TestAsCaller(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	c := join(t, e, ada)
	var lines []string
	ctx := e.Auth.Attach(t.Context(), core.Request{Method: "POST", Path: "/mine", Header: http.Header{
		"Cookie": {c.CookieHeader()}, "User-Agent": {"agent 7"},
	}}, func(line string) { lines = append(lines, line) })
	accounts, err := e.Auth.API().ListAccounts.Call(ctx, nil, core.AsCaller())
	if err != nil || len(accounts) != 1 {
		t.Fatalf("%v, %v", accounts, err)
	}
	if _, err := e.Auth.API().SignOut.Call(ctx, nil, core.AsCaller()); err != nil || len(lines) == 0 {
		t.Errorf("sign-out: %v, cookies %q", err, lines)
	}
	wantSignedIn(t, c, false)
	if _, err := e.Auth.API().ListAccounts.Call(t.Context(), nil, core.AsCaller()); err == nil {
		t.Error("a context of no request was taken")
	}
}

func TestFindSessions(t *testing.T) {
	t.Parallel()
	for name, secondary := range map[string]bool{"database": false, "secondary storage": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, func(e *authtest.Env, o *core.Options) {
				if secondary {
					o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
				}
			})
			a, b := tokenOf(join(t, e, ada)), tokenOf(join(t, e, bob))
			found, err := e.Auth.Store().FindSessions(t.Context(), []string{b, "unknown", a})
			if err != nil || len(found) != 2 || found[0].User.Email != bob || found[1].User.Email != ada || found[1].Session.Token != a {
				t.Errorf("%v, %v", found, err)
			}
			if found, err := e.Auth.Store().FindSessions(t.Context(), nil); err != nil || len(found) > 0 {
				t.Errorf("none: %v, %v", found, err)
			}
		})
	}
}

// A detached sign-in is that of another device: the caller's browser keeps its session.
func TestDetachedSignIn(t *testing.T) {
	t.Parallel()
	held := false
	e := open(t, nil, plugin("device", core.Manifest{
		Operations: []core.Operation{core.Post("device", "/device", func(c *core.Ctx, _ *core.NoInput) (core.StatusReply, error) {
			u, err := c.Auth().Store().FindUserByEmail(c, ada)
			if err != nil {
				return core.StatusReply{}, err
			}
			before := c.Session()
			if _, err = c.SignIn(c, u, core.SignIn{Method: "device", Detached: true}); err == nil && (c.Issued() != nil || c.Session() != before) {
				t.Error("the call has another session now")
			}
			return core.StatusReply{Status: true}, err
		})},
		SignInGate: func(ctx context.Context, s *core.SignIn) error {
			if held && s.Detached {
				return s.Hold(ctx, core.StatusReply{})
			}
			return nil
		},
	}))
	browser := join(t, e, ada)
	token := tokenOf(browser)
	for i, want := range []string{`{"status":true}`, `{"status":false}`} {
		held = i == 1
		a := browser.Post("/device", object{}).Want(t, 200, "")
		if a.Body != want || len(a.Header.Values("Set-Cookie")) != 0 || tokenOf(browser) != token {
			t.Errorf("%s %v", a.Body, a.Header)
		}
		if _, err := e.Auth.Store().FindSession(t.Context(), token); err != nil {
			t.Errorf("the browser's session has ended: %v", err)
		}
	}
	if n, err := e.Auth.DB().Count(t.Context(), core.ModelSession, nil); err != nil || n != 2 {
		t.Errorf("%d sessions, %v", n, err)
	}
}

// A row that a plugin has made, and no Auth has read, is written whole.
func TestRowsOfPlugins(t *testing.T) {
	t.Parallel()
	data, err := core.SessionData{Session: core.Session{ID: "s", Token: "t", UserID: "u"}, User: core.User{ID: "u", Name: "Ada"}}.MarshalJSON()
	const want = `{"session":{"expiresAt":"0001-01-01T00:00:00.000Z","token":"t","createdAt":"0001-01-01T00:00:00.000Z","updatedAt":"0001-01-01T00:00:00.000Z",` +
		`"ipAddress":null,"userAgent":null,"userId":"u","id":"s"},"user":{"name":"Ada","email":"","emailVerified":false,"image":null,` +
		`"createdAt":"0001-01-01T00:00:00.000Z","updatedAt":"0001-01-01T00:00:00.000Z","id":"u"}}`
	if err != nil || string(data) != want {
		t.Errorf("%s, %v", data, err)
	}
}

// A guard sees the request; what it keeps, the handler finds.
func TestAttached(t *testing.T) {
	t.Parallel()
	var note core.Local[string]
	e := authtest.New(t, nil)
	ctx := e.Auth.Attach(t.Context(), core.Request{Header: http.Header{"X-Note": {"hello"}}}, nil)
	guard := func(ctx context.Context) error {
		c, ok := core.Attached(ctx)
		if !ok || c.Auth() != e.Auth {
			return errors.New("no call")
		}
		note.Set(c, c.Req.Header.Get("X-Note")+c.BaseURL())
		return nil
	}
	if err := core.Check(ctx, guard); err != nil {
		t.Fatal(err)
	}
	c, _ := core.Attached(ctx)
	if got, _ := note.Get(c); got != "hello"+authtest.BaseURL+"/api/auth" {
		t.Errorf("%q", got)
	}
	if _, ok := core.Attached(t.Context()); ok {
		t.Error("a call without the middleware")
	}
}

// An option that names routes is resolved, and refused when it names none.
func TestRoutesLike(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	for pattern, want := range map[string]string{
		"/sign-up/email": "/sign-up/email", "/sign-up/*": "/sign-up/email", "/reset-password/:token": "/reset-password/:token",
		"/request-*": "/request-password-reset", "/sign-out": "/sign-out",
	} {
		if got, err := e.Auth.RoutesLike(pattern); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %v, %v", pattern, got, err)
		}
	}
	if got, err := e.Auth.RoutesLike("/**"); err != nil || len(got) < 20 {
		t.Errorf("all: %v, %v", got, err)
	}
	for _, pattern := range []string{"", "/none", "/sign-up", "sign-up/*", "/SIGN-OUT"} {
		if got, err := e.Auth.RoutesLike(pattern); err == nil {
			t.Errorf("%q: %v", pattern, got)
		}
	}
}
