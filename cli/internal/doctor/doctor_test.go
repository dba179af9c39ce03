package doctor

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/clientip"
	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/schema"
)

const (
	strong = "Zq8#vT2!mK5^wR9&pL3*xN7@jH4$bG6%"
	page   = "https://app.example.com"
)

// database is one with tables, some of which may be missing.
type database struct {
	name string
	plan []adapter.Change
	err  error
}

type store struct {
	adapter.Adapter
	of database
}

func (d database) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := memory.New().Open(s)
	return store{a, d}, err
}

func (s store) Name() string                                   { return s.of.name }
func (s store) Plan(context.Context) ([]adapter.Change, error) { return s.of.plan, s.of.err }
func (s store) Migrate(context.Context) error                  { return nil }

func send(context.Context, core.Mail) error { return nil }

// good are options without a mistake.
func good() core.Options {
	return core.Options{
		BaseURL: "https://api.example.com", Secret: strong, Database: database{name: "gorm-postgres"}, TrustedOrigins: []string{page},
		EmailVerification: core.EmailVerificationOptions{Send: send},
		Plugins:           []core.Plugin{emailpassword.New(emailpassword.Options{SendResetPassword: send})},
		Logger:            slog.New(slog.DiscardHandler),
	}
}

func run(t *testing.T, o core.Options, c Config) []Finding {
	t.Helper()
	a, err := core.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	c.HTTP = http.DefaultClient
	return Run(t.Context(), a, c)
}

// want looks for a finding, which has to have a cure unless all is well.
func want(t *testing.T, found []Finding, s Status, check, text string) {
	t.Helper()
	if !slices.ContainsFunc(found, func(f Finding) bool {
		return f.Status == s && f.Check == check && strings.Contains(f.Text, text) && (f.Cure != "" || s == OK)
	}) {
		t.Errorf("no %s of %s with %q and a cure in %v", s, check, text, found)
	}
}

func TestNothingWrong(t *testing.T) {
	t.Parallel()
	for _, f := range run(t, good(), Config{}) {
		if f.Status != OK && (f.Status != Skip || f.Check != "npm" && f.Check != "server" && f.Check != "cors") {
			t.Error(f)
		}
		if strings.Contains(f.Text+f.Cure, strong) {
			t.Error("the secret is shown")
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil  func(*core.Options)
		status Status
		check  string
		text   string
	}{
		"a weak secret": {func(o *core.Options) { o.Secret, o.AllowWeakSecret = "secret", true }, Fail, "secret", "shorter than 32"},
		"no https":      {func(o *core.Options) { o.BaseURL = "http://api.example.com" }, Fail, "base-url", "is not encrypted"},
		"an address":    {func(o *core.Options) { o.BaseURL, o.TrustedOrigins = "https://192.0.2.1", nil }, Warn, "base-url", "no name"},
		"localhost": {func(o *core.Options) {
			o.BaseURL, o.TrustedOrigins = "http://localhost:3000", []string{"http://localhost:5173"}
		}, OK, "base-url", "for development"},
		"localhost's cookies": {func(o *core.Options) {
			o.BaseURL, o.TrustedOrigins = "http://localhost:3000", []string{"http://localhost:5173"}
		}, OK, "cookies", "Secure=false, SameSite=lax"},
		"every host": {func(o *core.Options) {
			o.BaseURL, o.DynamicBaseURL = "", &core.DynamicBaseURL{AllowedHosts: []string{"*"}}
		}, Fail, "base-url", "every host"},
		"no origin check":     {func(o *core.Options) { o.DisableCSRFCheck = true }, Fail, "origins", "DisableCSRFCheck"},
		"an unencrypted page": {func(o *core.Options) { o.TrustedOrigins = []string{"http://app.example.com"} }, Warn, "origins", "is not encrypted"},
		"another site":        {func(o *core.Options) { o.TrustedOrigins = []string{"https://app.example.org"} }, Fail, "cookies", "another site"},
		"another suffix": {func(o *core.Options) {
			o.BaseURL, o.TrustedOrigins = "https://a.github.io", []string{"https://b.github.io"}
		}, Fail, "cookies", "another site"},
		"SameSite=None": {func(o *core.Options) {
			o.TrustedOrigins = []string{"https://app.example.org"}
			o.Cookies.Attributes = none
		}, OK, "cookies", "SameSite=none"},
		"not Secure":              {func(o *core.Options) { o.Cookies.Secure = new(false) }, Fail, "cookies", "not Secure although"},
		"Secure without https":    {func(o *core.Options) { o.BaseURL, o.Cookies.Secure = "http://api.example.com", new(true) }, Fail, "cookies", "do not keep such cookies"},
		"a public suffix":         {func(o *core.Options) { o.BaseURL, o.Cookies.Domain = "https://a.co.uk", "co.uk" }, Fail, "cookies", "public suffix"},
		"a header from everybody": {func(o *core.Options) { o.IPAddress.Headers = []string{"X-Forwarded-For"} }, Warn, "proxy", "from everybody"},
		"no addresses":            {func(o *core.Options) { o.IPAddress.Disabled = true }, Warn, "proxy", "do not tell clients apart"},
		"no limits":               {func(o *core.Options) { o.RateLimit.Disabled = true }, Warn, "proxy", "rate limits are off"},
		"a proxy": {func(o *core.Options) {
			o.IPAddress = clientip.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
		}, OK, "proxy", "10.0.0.0/8"},
		"missing tables": {func(o *core.Options) {
			o.Database = database{name: "gorm-postgres", plan: []adapter.Change{{Table: "user"}, {Table: "user"}, {Table: "session"}}}
		}, Fail, "database", "lacks 3 things, in the tables user, session"},
		"no database": {func(o *core.Options) {
			o.Database = database{name: "gorm-postgres", err: errors.New("connection refused")}
		}, Fail, "database", "connection refused"},
		"memory": {func(o *core.Options) { o.Database = memory.New() }, Warn, "database", "in memory"},
		"no verification": {func(o *core.Options) {
			o.EmailVerification.Send = nil
			o.Plugins = []core.Plugin{emailpassword.New(emailpassword.Options{SendResetPassword: send})}
		}, Warn, "mail", "verifies an address"},
		"required verification": {func(o *core.Options) {
			o.EmailVerification.Send = nil
			o.Plugins = []core.Plugin{emailpassword.New(emailpassword.Options{RequireEmailVerification: true})}
		}, Fail, "mail", "nobody can sign in"},
		"no reset":       {func(o *core.Options) { o.Plugins = []core.Plugin{emailpassword.New(emailpassword.Options{})} }, Warn, "mail", "resets a password"},
		"no invitations": {func(o *core.Options) { o.Plugins = append(o.Plugins, organization.New(organization.Options{})) }, Warn, "mail", "sends invitations"},
		"a wrong clock":  {func(o *core.Options) { o.Clock = func() time.Time { return time.Now().Add(time.Hour) } }, Fail, "clock", "Options.Clock differs by 1h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := good()
			tc.spoil(&o)
			want(t, run(t, o, Config{}), tc.status, tc.check, tc.text)
		})
	}
}

// A page that anybody can make is not trusted by mistake.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	for pattern, every := range map[string]bool{
		"*": true, "**": true, "https://*": true, "https://**": true, "http://*:*": true, "*:3000": true, "HTTPS://*/": true, "?*": true,
		"*.com": true, "https://*.co.uk": true, "https://*.github.io": true, "https://app*.com": true, "*.*": true,
		"https://*.example.com": false, "*.example.com": false, "https://app-*.example.co.uk": false, "https://app.example.com": false,
		"http://localhost:*": false, "http://*.localhost:3000": false, "myapp://": false, "myapp://*": false, "exp://192.168.1.*": false,
	} {
		if everyPage(pattern) != every {
			t.Errorf("%s: %v", pattern, !every)
		}
		with := func(change func(*core.Options)) core.Options {
			o := good()
			o.TrustedOrigins = []string{pattern}
			change(&o)
			return o
		}
		a, err := core.New(with(func(*core.Options) {}))
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		if a.TrustsOrigin("https://kernia-doctor.invalid") && !every {
			t.Errorf("%s trusts every page", pattern)
		}
		if every {
			want(t, run(t, with(func(*core.Options) {}), Config{}), Fail, "origins", "which is every page")
			want(t, run(t, with(func(o *core.Options) {
				o.BaseURL, o.DynamicBaseURL = "", &core.DynamicBaseURL{AllowedHosts: []string{"a.example.com"}}
			}), Config{}), Fail, "origins", "which is every page")
		}
	}
}

// Each check says once that all is well, and nothing else then.
func TestOnce(t *testing.T) {
	t.Parallel()
	local := good()
	local.BaseURL, local.TrustedOrigins = "http://localhost:3000", []string{"http://localhost:5173"}
	proxied := good()
	proxied.IPAddress.TrustedProxies, proxied.RateLimit.Disabled = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, true
	alone := good()
	alone.TrustedOrigins = nil
	for name, o := range map[string]core.Options{"good": good(), "local": local, "proxied": proxied, "alone": alone} {
		served := o
		served.Plugins = []core.Plugin{emailpassword.New(emailpassword.Options{SendResetPassword: send})}
		address := serve(t, served, cors(func(http.Header) {}, func(o string) bool { return o == page }))
		for _, c := range []Config{{}, {URL: address}} {
			again := o
			again.Plugins = []core.Plugin{emailpassword.New(emailpassword.Options{SendResetPassword: send})}
			results, well := map[string]int{}, map[string]bool{}
			found := run(t, again, c)
			for _, f := range found {
				results[f.Check]++
				well[f.Check] = well[f.Check] || f.Status == OK
			}
			for check, n := range results {
				if n > 1 && well[check] {
					t.Errorf("%s: %s has %d results, one of which is OK: %v", name, check, n, found)
				}
			}
		}
	}
}

// Behind a proxy that changes the path, the server is asked where it answers.
func TestPublicPath(t *testing.T) {
	t.Parallel()
	strip := func(next http.Handler) http.Handler { return http.StripPrefix("/svc", next) }
	for name, tc := range map[string]struct {
		wrap         func(http.Handler) http.Handler
		status       Status
		text, advice string
	}{
		"the proxy":          {strip, OK, "/svc/api/auth answers", ""},
		"the program itself": {nil, OK, "/api/auth answers", ""},
		"neither": {func(http.Handler) http.Handler { return http.NotFoundHandler() }, Fail, "/ok answers 404",
			"which serves /api/auth (core.Options.BasePath); the proxy in front must turn /svc/api/auth (core.Options.PublicPath), which clients see, into it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := good()
			o.PublicPath, o.TrustedOrigins = "/svc/api/auth", nil
			served := o
			served.Plugins = []core.Plugin{emailpassword.New(emailpassword.Options{SendResetPassword: send})}
			found := run(t, o, Config{URL: serve(t, served, tc.wrap)})
			want(t, found, tc.status, "server", tc.text)
			if !slices.ContainsFunc(found, func(f Finding) bool { return f.Check == "server" && strings.Contains(f.Cure, tc.advice) }) {
				t.Errorf("no cure with %q in %v", tc.advice, found)
			}
		})
	}
}

func none(_ string, a *cookie.Attributes) { a.SameSite = "None" }

func TestOfTheProgram(t *testing.T) {
	t.Parallel()
	build := &debug.BuildInfo{
		Deps: []*debug.Module{
			{Path: "github.com/advantch/kernia-go/core", Version: "v0.2.0"}, {Path: "github.com/advantch/kernia-go/gin", Version: "v0.1.0"},
			{Path: "github.com/advantch/kernia-go/echo", Version: "v0.0.1", Replace: &debug.Module{Path: "../echo"}},
		},
		Settings: []debug.BuildSetting{{Key: "vcs.time", Value: time.Now().Add(time.Hour).Format(time.RFC3339)}},
	}
	found := run(t, good(), Config{Build: build, Pages: []string{page, "https://other.example.com"}})
	want(t, found, Warn, "versions", "kernia-go/core v0.2.0, github.com/advantch/kernia-go/gin v0.1.0")
	want(t, found, Fail, "clock", "before the commit")
	want(t, found, Fail, "origins", "pages of https://other.example.com get 403")
}

// server serves an application, and says what is wrong with it.
func serve(t *testing.T, o core.Options, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	a, err := core.New(o)
	if err != nil {
		t.Fatal(err)
	}
	var h http.Handler = nethttp.Handler(a)
	if wrap != nil {
		h = wrap(h)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// cors answers as a CORS middleware does.
func cors(change func(h http.Header), allow func(origin string) bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if o := r.Header.Get("Origin"); allow(o) {
				h := w.Header()
				h.Set("Access-Control-Allow-Origin", o)
				h.Set("Access-Control-Allow-Credentials", "true")
				h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization")
				change(h)
			}
			if r.Method == http.MethodOptions {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func TestServer(t *testing.T) {
	t.Parallel()
	same := func(http.Header) {}
	ours := func(o string) bool { return o == page }
	header := func(name, value string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set(name, value)
				next.ServeHTTP(w, r)
			})
		}
	}
	for name, tc := range map[string]struct {
		wrap   func(http.Handler) http.Handler
		spoil  func(*core.Options)
		status Status
		check  string
		text   string
	}{
		"answers":        {cors(same, ours), nil, OK, "server", "answers"},
		"CORS":           {cors(same, ours), nil, OK, "cors", "pages of " + page + " may read answers"},
		"no CORS":        {nil, nil, Fail, "cors", "there is no CORS middleware, it does not allow this origin, or it stands after Kernia's"},
		"every origin":   {cors(same, func(string) bool { return true }), nil, Fail, "cors", "every origin"},
		"a star":         {cors(func(h http.Header) { h.Set("Access-Control-Allow-Origin", "*") }, ours), nil, Fail, "cors", "is *"},
		"another one":    {cors(func(h http.Header) { h.Set("Access-Control-Allow-Origin", "https://x.example.com") }, ours), nil, Fail, "cors", "and not " + page},
		"twice":          {cors(func(h http.Header) { h.Add("Access-Control-Allow-Origin", page) }, ours), nil, Fail, "cors", "2 times"},
		"no credentials": {cors(func(h http.Header) { h.Del("Access-Control-Allow-Credentials") }, ours), nil, Fail, "cors", "drop the session cookie"},
		"no JSON":        {cors(func(h http.Header) { h.Del("Access-Control-Allow-Headers") }, ours), nil, Fail, "cors", "no Content-Type"},
		"not needed":     {nil, func(o *core.Options) { o.TrustedOrigins = nil }, OK, "cors", "not needed"},
		"elsewhere":      {func(http.Handler) http.Handler { return http.NotFoundHandler() }, nil, Fail, "server", "answers 404, not Kernia's"},
		"redirects": {func(http.Handler) http.Handler {
			return http.RedirectHandler("https://api.example.com/", http.StatusMovedPermanently)
		}, nil, Fail, "server", "redirects to https://api.example.com/"},
		"an unknown proxy": {header("Server", "nginx/1.29"), nil, Fail, "server", "through a proxy (nginx/1.29)"},
		"a known proxy": {header("Via", "1.1 Caddy"), func(o *core.Options) {
			o.IPAddress.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		}, OK, "server", "answers"},
		"forged addresses": {nil, func(o *core.Options) { o.IPAddress.Headers = []string{"X-Forwarded-For"} }, Fail, "server", "passes every rate limit"},
		"another time":     {header("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)), nil, Fail, "clock", "the clocks of the server and of this machine differ"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := good()
			if tc.spoil != nil {
				tc.spoil(&o)
			}
			again := o
			again.Plugins = []core.Plugin{emailpassword.New(emailpassword.Options{SendResetPassword: send})}
			want(t, run(t, o, Config{URL: serve(t, again, tc.wrap)}), tc.status, tc.check, tc.text)
		})
	}
	want(t, run(t, good(), Config{URL: "http://127.0.0.1:1"}), Fail, "server", "does not answer")
}

func TestNPM(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		files  map[string]string
		status Status
		text   string
	}{
		"nothing":       {map[string]string{"package.json": `{"dependencies":{"react":"19.0.0"}}`}, Skip, "no package.json nearby"},
		"exact":         {map[string]string{"web/package.json": `{"dependencies":{"better-auth":"1.6.11","@better-auth/api-key":"1.6.11"}}`}, OK, "better-auth 1.6.11 in web/package.json"},
		"above":         {map[string]string{"../package.json": `{"dependencies":{"better-auth":"1.6.11","@better-auth/api-key":"1.6.11"}}`}, OK, "in ../package.json"},
		"a range":       {map[string]string{"package.json": `{"dependencies":{"better-auth":"^1.6.11"}}`}, Warn, "npm installs later versions too"},
		"any":           {map[string]string{"package.json": `{"devDependencies":{"better-auth":"latest"}}`}, Warn, "may become any version"},
		"an old one":    {map[string]string{"package.json": `{"dependencies":{"better-auth":"1.2.0"}}`}, Fail, "has better-auth 1.2.0"},
		"the next one":  {map[string]string{"package.json": `{"dependencies":{"better-auth":"1.7.2"}}`}, Warn, "has better-auth 1.7.2"},
		"another patch": {map[string]string{"package.json": `{"dependencies":{"better-auth":"1.6.9"}}`}, Warn, "Kernia is compared with 1.6.11"},
		"installed": {map[string]string{
			"a/web/package.json": `{"dependencies":{"better-auth":"^1.6.11"}}`, "node_modules/better-auth/package.json": `{"version":"1.4.0"}`,
		}, Fail, "has better-auth 1.4.0"},
		"a mixture":   {map[string]string{"package.json": `{"dependencies":{"better-auth":"1.6.11","@better-auth/i18n":"1.6.10"}}`}, Fail, "@better-auth/i18n 1.6.10 beside better-auth 1.6.11"},
		"passkeys":    {map[string]string{"package.json": `{"dependencies":{"better-auth":"1.6.11","@better-auth/passkey":"1.6.11","better-call":"1.3.6"}}`}, Fail, "@better-auth/core, @better-auth/utils, better-call 1.3.6"},
		"a part only": {map[string]string{"package.json": `{"dependencies":{"@better-auth/expo":"1.6.11"}}`}, Warn, "not for better-auth itself"},
		"not the plugin's": {map[string]string{"package.json": `{"dependencies":{"better-auth":"1.6.11"}}`}, Warn,
			"the server has the plugin api-key, and package.json does not ask for @better-auth/api-key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "app")
			for file, text := range tc.files {
				file = filepath.Join(dir, filepath.FromSlash(file))
				if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			o := good()
			o.Plugins = append(o.Plugins, apikey.New(apikey.Options{}))
			want(t, run(t, o, Config{Dir: dir}), tc.status, "npm", tc.text)
		})
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	found := []Finding{{OK, "secret", "strong enough", ""}, {Fail, "database", "lacks 1 thing", `run "kernia migrate"`}, {Warn, "mail", "no sender", "set one"}}
	if err := Text(io.MultiWriter(&b), found); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != "OK    secret    strong enough\nFAIL  database  lacks 1 thing\n                → run \"kernia migrate\"\n"+
		"WARN  mail      no sender\n                → set one\n" {
		t.Error(got)
	}
	if Worst(found) != Fail || Worst(found[:1]) != OK || Worst(found[2:]) != Warn || Worst([]Finding{{Skip, "", "", ""}}) != OK {
		t.Error("the worst is another one")
	}
}
