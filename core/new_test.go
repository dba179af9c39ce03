package core_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/clientip"
	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/password"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
)

func pass(*core.Ctx, *core.NoInput) (core.StatusReply, error) {
	return core.StatusReply{Status: true}, nil
}

func plugin(id string, m core.Manifest) core.Plugin { return &fakePlugin{id, m} }

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	text := func(name string) schema.Field { return schema.Field{Name: name, Type: schema.String, Optional: true} }
	for name, tc := range map[string]struct {
		change func(*core.Options)
		want   []string // what the sentence names
	}{
		"no database":                               {func(o *core.Options) { o.Database = nil }, []string{"Options.Database", "memory.New()"}},
		"no base URL":                               {func(o *core.Options) { o.BaseURL = "" }, []string{"Options.BaseURL", "http://localhost:3000"}},
		"two base URLs":                             {func(o *core.Options) { o.DynamicBaseURL = &core.DynamicBaseURL{AllowedHosts: []string{"a"}} }, []string{"either", "not both"}},
		"a base URL without host":                   {func(o *core.Options) { o.BaseURL = "example.com" }, []string{"BaseURL", `"example.com"`, "https://app.example.com"}},
		"a base URL of a file":                      {func(o *core.Options) { o.BaseURL = "file:///x" }, []string{"BaseURL", "file:///x"}},
		"a base URL with user":                      {func(o *core.Options) { o.BaseURL = "https://u:p@example.com" }, []string{"BaseURL"}},
		"a base URL with query":                     {func(o *core.Options) { o.BaseURL = "https://example.com/?x=1" }, []string{"BaseURL"}},
		"a strange host":                            {func(o *core.Options) { o.BaseURL = "https://exa%6dple.com" }, []string{"BaseURL"}},
		"a base path without slash":                 {func(o *core.Options) { o.BasePath = "api/auth" }, []string{"BasePath", "/api/auth"}},
		"a base path with two":                      {func(o *core.Options) { o.BasePath = "/api//auth" }, []string{"BasePath"}},
		"a base path with escape":                   {func(o *core.Options) { o.BasePath = "/api%2fauth" }, []string{"BasePath"}},
		"a public path and another in the base URL": {func(o *core.Options) { o.BaseURL, o.PublicPath = "https://app.example.com/svc", "/svc/api/auth" }, []string{"Options.BaseURL", "PublicPath", "scheme and host"}},
		"a public path and another in the fallback": {func(o *core.Options) {
			o.BaseURL, o.PublicPath = "", "/svc/api/auth"
			o.DynamicBaseURL = &core.DynamicBaseURL{AllowedHosts: []string{"a.example"}, Fallback: "https://a.example/svc"}
		}, []string{"DynamicBaseURL.Fallback", "PublicPath"}},
		"a public path that is a URL":    {func(o *core.Options) { o.PublicPath = "https://app.example.com/svc" }, []string{"PublicPath", "/api/auth"}},
		"a public path without slash":    {func(o *core.Options) { o.PublicPath = "svc" }, []string{"PublicPath"}},
		"a public path that goes up":     {func(o *core.Options) { o.PublicPath = "/svc/../x" }, []string{"PublicPath"}},
		"a base path below a public one": {func(o *core.Options) { o.PublicPath, o.BasePath = "/svc", "api" }, []string{"BasePath"}},
		"a cookie path that misses": {func(o *core.Options) {
			o.Cookies.Attributes = func(_ string, a *cookie.Attributes) { a.Path = "/api" }
			o.PublicPath = "/svc/api/auth"
		}, []string{"Options.Cookies", `"/api"`, `"/svc/api/auth"`}},
		"a cookie path that only looks alike": {func(o *core.Options) {
			o.Cookies.Attributes = func(_ string, a *cookie.Attributes) { a.Path = "/sv" }
			o.PublicPath = "/svc/api/auth"
		}, []string{"Options.Cookies", `"/sv"`}},
		"an unknown compat":         {func(o *core.Options) { o.Compat = 7 }, []string{"Options.Compat 7", "core.CompatKernia"}},
		"a negative body":           {func(o *core.Options) { o.MaxBody = -1 }, []string{"Options.MaxBody", "bytes"}},
		"a short session":           {func(o *core.Options) { o.Session.ExpiresIn = time.Millisecond }, []string{"Session.ExpiresIn", "second"}},
		"a negative session":        {func(o *core.Options) { o.Session.ExpiresIn = -time.Hour }, []string{"Session.ExpiresIn"}},
		"an allowance of all hosts": {func(o *core.Options) { o.GuardedHTTP.Allow = []string{"0.0.0.0/0"} }, []string{"Options.GuardedHTTP", "Allow", `"0.0.0.0/0"`}},
		"an unknown strategy":       {func(o *core.Options) { o.Session.CookieCache.Strategy = "xml" }, []string{"CookieCache.Strategy", `"xml"`, `"compact"`}},
		"an unknown identifier":     {func(o *core.Options) { o.Verification.StoreIdentifier.Mode = "md5" }, []string{"StoreIdentifier.Mode", `"md5"`, `"hashed"`}},
		"custom without function":   {func(o *core.Options) { o.Verification.StoreIdentifier.Mode = "custom" }, []string{"StoreIdentifier.Mode", "Hash function"}},
		"an override without mode": {func(o *core.Options) {
			o.Verification.StoreIdentifier.Overrides = []core.IdentifierOverride{{Prefix: "x"}}
		}, []string{"StoreIdentifier.Mode"}},
		"an unknown limiter":      {func(o *core.Options) { o.RateLimit.Storage = "redis" }, []string{"RateLimit.Storage", `"redis"`, `"memory"`}},
		"a limiter without store": {func(o *core.Options) { o.RateLimit.Storage = "secondary-storage" }, []string{"RateLimit.Storage", "Options.SecondaryStorage"}},
		"a rule without pattern":  {func(o *core.Options) { o.RateLimit.Rules = []ratelimit.Custom{{Disabled: true}} }, []string{"RateLimit"}},
		"a negative rule":         {func(o *core.Options) { o.RateLimit.Default = ratelimit.Rule{Window: time.Second, Max: -1} }, []string{"RateLimit"}},
		"no hosts":                {func(o *core.Options) { o.BaseURL, o.DynamicBaseURL = "", &core.DynamicBaseURL{} }, []string{"DynamicBaseURL.AllowedHosts"}},
		"a strange protocol": {func(o *core.Options) {
			o.BaseURL, o.DynamicBaseURL = "", &core.DynamicBaseURL{AllowedHosts: []string{"a.example"}, Protocol: "ftp"}
		}, []string{"DynamicBaseURL.Protocol", `"ftp"`}},
		"a bad fallback": {func(o *core.Options) {
			o.BaseURL, o.DynamicBaseURL = "", &core.DynamicBaseURL{AllowedHosts: []string{"a.example"}, Fallback: "a.example"}
		}, []string{"BaseURL", `"a.example"`}},
		"a bad origin":         {func(o *core.Options) { o.TrustedOrigins = []string{"not an origin"} }, []string{"TrustedOrigins"}},
		"a bad proxy":          {func(o *core.Options) { o.IPAddress = clientip.Options{TrustedProxies: []netip.Prefix{{}}} }, []string{"IPAddress"}},
		"a bad IP header":      {func(o *core.Options) { o.IPAddress.Headers = []string{"a b"} }, []string{"IPAddress"}},
		"no secret":            {func(o *core.Options) { o.Secret = "" }, []string{"Options.Secret", "openssl rand"}},
		"a short secret":       {func(o *core.Options) { o.Secret = "short" }, []string{"Options.Secret", "32"}},
		"weak hashing":         {func(o *core.Options) { o.Password.Parallel = -1 }, []string{"Options.Password"}},
		"an unknown algorithm": {func(o *core.Options) { a := password.Algorithm(9); o.Password.Algorithm = &a }, []string{"Options.Password"}},
		"an unknown column":    {func(o *core.Options) { o.User.Columns = map[string]string{"nope": "x"} }, []string{"Columns", "user", `"nope"`}},
		"a bad table name":     {func(o *core.Options) { o.User.Table = "user; drop" }, []string{"user; drop"}},
		"a field twice":        {func(o *core.Options) { o.User.Fields = []schema.Field{text("a"), text("a")} }, []string{`a`, "user"}},
		"a field of the core":  {func(o *core.Options) { o.User.Fields = []schema.Field{text("email")} }, []string{"email"}},
		"a path without slash": {func(o *core.Options) { o.DisabledPaths = []string{"sign-up/email"} }, []string{"DisabledPaths", `"sign-up/email"`, "/"}},
		"a skip without slash": {func(o *core.Options) { o.SkipOriginCheck = []string{"x"} }, []string{"SkipOriginCheck", `"x"`}},
		"a cookie prefix":      {func(o *core.Options) { o.Cookies.Prefix = "my app;" }, []string{"Cookies", "my app;"}},
		"a cookie name":        {func(o *core.Options) { o.Cookies.Names = map[string]string{"session_token": "a=b"} }, []string{"Cookies", "a=b"}},
		"a cookie domain":      {func(o *core.Options) { o.Cookies.CrossSubDomain, o.Cookies.Domain = true, "a b" }, []string{"Cookies", "a b"}},
		"a cookie attribute": {func(o *core.Options) {
			o.Cookies.Attributes = func(_ string, a *cookie.Attributes) { a.SameSite = "relaxed" }
		}, []string{"Cookies", "relaxed"}},

		"a domain of others": {func(o *core.Options) { o.Cookies.CrossSubDomain, o.Cookies.Domain = true, "example.org" }, []string{"Cookies.Domain", `"example.org"`, "localhost"}},
		"two cookies of one name": {func(o *core.Options) {
			o.Cookies.Names = map[string]string{"session_token": "s", "session_data": "s"}
		}, []string{"Cookies", `"s"`}},
		"a misspelt path": {func(o *core.Options) { o.DisabledPaths = []string{"/sign-up/emial"} }, []string{"DisabledPaths", `"/sign-up/emial"`}},
		"a path with base path": {func(o *core.Options) {
			o.DisabledPaths = []string{"/ok", "/api/auth/ok"}
		}, []string{"DisabledPaths", `"/api/auth/ok"`, "base path"}},
		"a rule for no path":  {func(o *core.Options) { o.RateLimit.Rules = []ratelimit.Custom{{Pattern: "ok", Disabled: true}} }, []string{"RateLimit", `"ok"`, "slash"}},
		"a negative cache":    {func(o *core.Options) { o.Session.CookieCache.MaxAge = -time.Second }, []string{"CookieCache.MaxAge", "negative"}},
		"a negative link":     {func(o *core.Options) { o.EmailVerification.TTL = -time.Hour }, []string{"EmailVerification.TTL", "negative"}},
		"a negative deletion": {func(o *core.Options) { o.User.DeleteUser.TokenTTL = -time.Hour }, []string{"DeleteUser.TokenTTL", "negative"}},
		"unknown ids":         {func(o *core.Options) { o.IDs.Kind = "ulid" }, []string{`"ulid"`, "schema.IDUUID"}},
		"ids of two makers": {func(o *core.Options) {
			o.IDs = core.IDOptions{Kind: schema.IDSerial, New: func(string) (string, error) { return "1", nil }}
		}, []string{"IDs.New", "schema.IDSerial"}},
		"a typed nil plugin": {func(o *core.Options) { var p *emailpassword.Plugin; o.Plugins = []core.Plugin{p} }, []string{"Plugins[0]", "nil"}},
		"a hook that does nothing": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{Before: []core.Hook{{Match: core.All()}}})}
		}, []string{`"a"`, "Run"}},
		"a hook for nothing": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{After: []core.Hook{{Run: func(*core.Ctx) error { return nil }}}})}
		}, []string{`"a"`, "Match", "core.All()"}},
		"a plugin without another that it needs": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{Requires: []string{"b"}})}
		}, []string{`"a"`, `"b"`, "Options.Plugins"}},
		"two plugins that hash": {func(o *core.Options) {
			hash := &core.PasswordPolicy{
				Hash:   func(context.Context, string) (string, error) { return "", nil },
				Verify: func(context.Context, string, string) (bool, error) { return false, nil },
			}
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{Password: hash}), plugin("b", core.Manifest{Password: hash})}
		}, []string{`"a"`, `"b"`, "hashing"}},
		"two plugins that send one mail": {func(o *core.Options) {
			m := core.Manifest{SendVerificationMail: func(context.Context, core.Mail) error { return nil }}
			o.Plugins = []core.Plugin{plugin("a", m), plugin("b", m)}
		}, []string{`"a"`, `"b"`, "verification mail"}},
		"a plugin and the application that send one mail": {func(o *core.Options) {
			send := func(context.Context, core.Mail) error { return nil }
			o.EmailVerification.Send = send
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{SendVerificationMail: send})}
		}, []string{`"a"`, "EmailVerification.Send"}},
		"a route at the root below the base path": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{Operations: []core.Operation{core.Get("x", "/api/auth/x", pass, core.AtRoot())}})}
		}, []string{`"/api/auth/x"`, "base path"}},
		"a negative length": {func(o *core.Options) {
			o.Plugins = []core.Plugin{emailpassword.New(emailpassword.Options{MinPasswordLength: -1})}
		}, []string{"email-password", "negative"}},

		"a nil plugin":        {func(o *core.Options) { o.Plugins = []core.Plugin{nil} }, []string{"Plugins[0]", "nil"}},
		"a plugin without id": {func(o *core.Options) { o.Plugins = []core.Plugin{plugin("", core.Manifest{})} }, []string{"Plugins[0]", "id"}},
		"a plugin twice": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{}), plugin("a", core.Manifest{})}
		}, []string{`"a"`, "twice"}},
		"MIS-06 a route of the core": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{Operations: []core.Operation{core.Get("mine", "/ok", pass)}})}
		}, []string{"GET /ok", "core", "plugin a (mine)"}},
		"MIS-06 a pattern of a plugin": {func(o *core.Options) {
			o.Plugins = []core.Plugin{emailpassword.New(emailpassword.Options{}), plugin("a", core.Manifest{Operations: []core.Operation{core.Get("mine", "/reset-password/:id", pass)}})}
		}, []string{"GET /reset-password/:id", "email-password", "plugin a"}},
		"MIS-06 a route of another plugin": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{Operations: []core.Operation{core.Get("x", "/x", pass)}}), plugin("b", core.Manifest{Operations: []core.Operation{core.Get("y", "/x", pass)}})}
		}, []string{"GET /x", "plugin a (x)", "plugin b (y)"}},
		"MIS-06 an operation id": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{Operations: []core.Operation{core.Get("signOut", "/x", pass)}})}
		}, []string{`"signOut"`, "core", "plugin a"}},
		"an operation without id": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{Operations: []core.Operation{core.Get("", "/x", pass)}})}
		}, []string{`"/x"`, `"a"`, "id"}},
		"an operation without method": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{Operations: []core.Operation{core.Get("x", "/x", pass, core.WithMethods())}})}
		}, []string{`"/x"`, "method"}},
		"a path that ends in a slash": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{Operations: []core.Operation{core.Get("x", "/x/", pass)}})}
		}, []string{`"x"`, `"/x/"`, "slash"}},
		"a path without a slash": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{Operations: []core.Operation{core.Get("x", "x", pass)}})}
		}, []string{`"x"`, "slash"}},
		"an unknown table": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{Extend: []schema.Table{{Model: "team", Fields: []schema.Field{text("x")}}}})}
		}, []string{"team"}},
		"a table of the core": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{Tables: []schema.Table{{Model: "user"}}})}
		}, []string{"user"}},
		"a field of two plugins": {func(o *core.Options) {
			e := core.Manifest{Extend: []schema.Table{{Model: "user", Fields: []schema.Field{text("role")}}}}
			o.Plugins = []core.Plugin{plugin("a", e), plugin("b", e)}
		}, []string{"role"}},
		"a reference to nothing": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{Tables: []schema.Table{{Model: "team", Fields: []schema.Field{{Name: "x", Type: schema.String, References: &schema.Reference{Model: "nope"}}}}}})}
		}, []string{"nope"}},
		"half a hasher": {func(o *core.Options) {
			o.Plugins = []core.Plugin{emailpassword.New(emailpassword.Options{Hash: func(context.Context, string) (string, error) { return "", nil }})}
		}, []string{"email-password", "Hash", "Verify"}},
		"lengths that cross": {func(o *core.Options) {
			o.Plugins = []core.Plugin{emailpassword.New(emailpassword.Options{MinPasswordLength: 20, MaxPasswordLength: 10})}
		}, []string{"email-password", "20", "10"}},
		"a plugin that fails": {func(o *core.Options) {
			o.Plugins = []core.Plugin{plugin("a", core.Manifest{Init: func(context.Context, *core.Auth) error { return errors.New("needs coffee") }})}
		}, []string{`"a"`, "needs coffee"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := authtest.NewEnv(t).Options()
			tc.change(&o)
			a, err := core.New(o)
			if err == nil || a != nil {
				t.Fatal("New accepted it")
			}
			msg := err.Error()
			mustContain(t, msg, tc.want...)
			if !strings.HasPrefix(msg, "core: ") && !strings.HasPrefix(msg, "schema: ") {
				t.Errorf("whose error is this? %s", msg)
			}
			if strings.Contains(msg, "\n") || strings.HasSuffix(msg, ".") || len(msg) > 300 || strings.Contains(msg, "%!") {
				t.Errorf("not one sentence: %q", msg)
			}
			mustNotContain(t, "the error", msg, authtest.Secret)
		})
	}
}

func TestOnePluginValueTwice(t *testing.T) {
	t.Parallel()
	p := emailpassword.New(emailpassword.Options{})
	first := authtest.New(t, nil, p)
	_, err := core.New(authtest.NewEnv(t).Options(p))
	if err == nil {
		t.Fatal("one plugin value was taken twice")
	}
	mustContain(t, err.Error(), "already belongs to another Auth", "new plugin value")
	if got, ok := emailpassword.From(first.Auth); !ok || got != p {
		t.Error("From does not find the plugin")
	}
	if !first.Auth.HasPlugin(emailpassword.ID) || first.Auth.HasPlugin("other") || len(first.Auth.Plugins()) != 1 {
		t.Error("HasPlugin or Plugins is wrong")
	}
	lone := emailpassword.New(emailpassword.Options{})
	if _, err := lone.SignIn.Call(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "Options.Plugins") {
		t.Errorf("calling an operation that is not installed: %v", err)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.BaseURL = "https://app.example.com/custom/path/" })
	if e.Auth.BasePath() != "/custom/path" || e.Auth.AppName() != "Kernia" || e.Auth.MaxBody() != 1<<20 || e.Auth.Compat() != core.CompatKernia {
		t.Errorf("%s %s %d", e.Auth.BasePath(), e.Auth.AppName(), e.Auth.MaxBody())
	}
	e.Client().Get("/ok").Want(t, 200, "")
	for path, want := range map[string]bool{"/custom/path": true, "/custom/path/x": true, "/custom/pathx": false, "/custom": false, "": false, "/": false} {
		if e.Auth.Handles(path) != want {
			t.Errorf("Handles(%q) is %v", path, !want)
		}
	}
	seen := map[string]bool{}
	for _, c := range e.Auth.ErrorCodes() {
		if seen[c.Code] || c.Message == "" {
			t.Errorf("code %q is listed twice or has no message", c.Code)
		}
		seen[c.Code] = true
	}
	if changes, err := e.Auth.Plan(t.Context()); err != nil || len(changes) != 0 {
		t.Errorf("Plan: %v %v", changes, err)
	}
	root := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.BasePath = "/" })
	if root.Auth.BasePath() != "" || root.Auth.Handles("/about") || !root.Auth.Handles("/ok") {
		t.Error("at the root only the routes belong to the server")
	}
	root.Client().Get("/ok").Want(t, 200, "")
	slash := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.SkipTrailingSlashes = true })
	slash.Client().Get("/ok/").Want(t, 200, "")
	slash.Client().Get("/ok//").Want(t, 404, "NOT_FOUND")
}

func TestRenamedTablesAndColumns(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, o *core.Options) {
		o.User.Table, o.Session.Table, o.Account.Table, o.Verification.Table = "people", "logins", "credentials", "tokens"
		o.User.Columns = map[string]string{"email": "mail", "createdAt": "created_at"}
		o.Session.Columns = map[string]string{"userId": "user_id", "expiresAt": "expires_at", "token": "sid"}
		o.User.Fields = []schema.Field{{Name: "nickname", Column: "nick", Type: schema.String, Optional: true}}
	})
	table, _ := e.Auth.Schema().Table(core.ModelUser)
	if column, _ := table.Column("email"); table.Name != "people" || column != "mail" {
		t.Errorf("%s.%s", table.Name, column)
	}
	if column, _ := table.Column("nickname"); column != "nick" {
		t.Errorf("nickname is %s", column)
	}
	c := e.Client()
	a := c.Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase, "nickname": "Countess"}).Want(t, 200, "")
	if a.JSON("user", "email") != ada || a.JSON("user", "nickname") != "Countess" || strings.Contains(a.Body, "nick\"") || strings.Contains(a.Body, "mail\":\"ada") && !strings.Contains(a.Body, "email\":\"ada") {
		t.Errorf("the wire names changed: %s", a.Body)
	}
	wantSignedIn(t, c, true)
	c.Post("/request-password-reset", object{"email": ada}).Want(t, 200, "")
	c.Post("/reset-password", object{"token": e.LastMail().Token, "newPassword": "a new passphrase"}).Want(t, 200, "")
	c.Get("/list-sessions").Want(t, 200, "")
}
