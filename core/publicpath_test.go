package core_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/nethttp"
)

func stripped(e *authtest.Env, o *core.Options) {
	everything(e, o)
	o.PublicPath = "/svc/api/auth"
}

// Every link that leaves the server has the public path, and works after the proxy has
// taken the prefix away.
func TestPublicPathOfLinks(t *testing.T) {
	t.Parallel()
	e := open(t, func(e *authtest.Env, o *core.Options) {
		stripped(e, o)
		o.User.DeleteUser.SendVerification = e.Mail("delete")
	})
	if e.Auth.BasePath() != "/api/auth" || e.Auth.PublicPath() != "/svc/api/auth" {
		t.Fatalf("%q is seen as %q", e.Auth.BasePath(), e.Auth.PublicPath())
	}
	if e.Auth.Handles("/svc/api/auth/ok") || !e.Auth.Handles("/api/auth/ok") {
		t.Error("requests must come in at the base path, without the prefix")
	}
	c := join(t, e, ada)
	follow := func(t *testing.T, c *authtest.Client, status int) *authtest.Answer {
		t.Helper()
		link := e.LastMail().URL
		internal, ok := strings.CutPrefix(link, authtest.BaseURL+"/svc/api/auth/")
		if !ok {
			t.Fatalf("the link is %s", link)
		}
		return c.Get("/"+internal).Want(t, status, "")
	}
	for _, ask := range []struct {
		name, path string
		body       object
	}{
		{"verification", "/send-verification-email", object{"email": ada, "callbackURL": "/svc/done"}},
		{"reset", "/request-password-reset", object{"email": ada, "redirectTo": "/svc/reset"}},
		{"change of address", "/change-email", object{"newEmail": "countess@example.com", "callbackURL": "/svc/done"}},
		{"deletion", "/delete-user", object{"callbackURL": "/svc/bye"}},
	} {
		t.Run(ask.name, func(t *testing.T) {
			before := len(e.Mails())
			c.Post(ask.path, ask.body).Want(t, 200, "")
			if len(e.Mails()) == before {
				t.Fatal("no mail was sent")
			}
			if got, _ := follow(t, c, 302).Location(); !strings.HasPrefix(got, "/svc/") && !strings.HasPrefix(got, authtest.BaseURL+"/svc/") {
				t.Errorf("the link leads to %s", got)
			}
		})
	}
	if got, _ := c.Get("/verify-email?token=x&callbackURL=/p").Want(t, 302, "").Location(); !strings.HasPrefix(got, "/p?error=") {
		t.Errorf("a path of the application became %s", got)
	}
}

// No header chooses the prefix: a link in a mail would lead to another application of
// the same host.
func TestPublicPathIsConfigured(t *testing.T) {
	t.Parallel()
	prefixes := core.Fields{header("X-Forwarded-Prefix", "/evil"), header("X-Forwarded-Path", "/evil"), header("X-Script-Name", "/evil"),
		header("X-Forwarded-Uri", "/evil/api/auth/request-password-reset"), header("X-Original-Uri", "/evil"), header("Forwarded", `for=1.2.3.4;path="/evil"`)}
	for name, change := range map[string]func(*core.Options){
		"RED-08 a fixed address": func(*core.Options) {},
		"RED-08 hosts of requests, forwarded headers trusted": func(o *core.Options) {
			o.BaseURL, o.DynamicBaseURL = "", &core.DynamicBaseURL{AllowedHosts: []string{"localhost:3000"}, Protocol: "http", TrustForwarded: true}
		},
		"RED-08 a fallback": func(o *core.Options) {
			o.BaseURL, o.DynamicBaseURL = "", &core.DynamicBaseURL{AllowedHosts: []string{"other.example.com"}, Fallback: authtest.BaseURL}
		},
	} {
		for _, public := range []string{"", "/svc/api/auth", "/login"} {
			t.Run(name+" "+public, func(t *testing.T) {
				t.Parallel()
				e := open(t, func(_ *authtest.Env, o *core.Options) {
					change(o)
					o.PublicPath = public
				})
				c := e.Client()
				c.Header = prefixes
				c.Post("/sign-up/email", object{"name": "Ada", "email": ada, "password": passphrase}).Want(t, 200, "")
				c.Post("/request-password-reset", object{"email": ada, "redirectTo": "/r"}).Want(t, 200, "")
				want := public
				if want == "" {
					want = "/api/auth"
				}
				if u := e.LastMail().URL; !strings.HasPrefix(u, authtest.BaseURL+want+"/reset-password/") {
					t.Errorf("the link is %s", u)
				}
			})
		}
	}
}

// A browser behind a proxy that strips, with every cookie in a jar that knows paths.
func TestPublicPathThroughAProxy(t *testing.T) {
	t.Parallel()
	// The parts of the site: this server below /svc, another program at the root.
	var handler http.Handler
	inner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(inner.Close)
	to, err := url.Parse(inner.URL)
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	site := http.NewServeMux()
	site.Handle("/svc/", http.StripPrefix("/svc", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
		r.SetXForwarded()
		r.Out.Header.Set("X-Forwarded-Prefix", "/svc")
	}}))
	site.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { seen = append(seen, r.URL.Path) })
	outer := httptest.NewServer(site)
	t.Cleanup(outer.Close)

	e := open(t, func(e *authtest.Env, o *core.Options) {
		stripped(e, o)
		o.BaseURL = outer.URL
		// Narrower than the site, so that other programs of the host do not get them.
		o.Cookies.Attributes = func(_ string, a *cookie.Attributes) { a.Path = "/svc" }
	})
	handler = nethttp.Middleware(e.Auth)(nethttp.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := nethttp.Session(r)
		_, _ = w.Write([]byte(r.URL.Path + " " + s.User.Email))
	})))
	b := newBrowser(t, outer.URL)
	b.post("/svc/api/auth/sign-up/email", `{"name":"Ada","email":"`+ada+`","password":"`+passphrase+`"}`, 200)
	if got := b.get("/svc/me", 200); got != "/me "+ada {
		t.Errorf("the application answers %q", got)
	}
	if got := b.get("/svc/api/auth/get-session", 200); !strings.Contains(got, ada) {
		t.Errorf("get-session: %s", got)
	}
	b.post("/svc/api/auth/request-password-reset", `{"email":"`+ada+`","redirectTo":"/svc/reset"}`, 200)
	page := b.follow(e.LastMail().URL)
	if !strings.HasPrefix(page, "/reset?token=") {
		t.Errorf("the reset link leads to %s", page)
	}
	b.get("/api/auth/ok", 200) // the other program
	if !slices.Equal(seen, []string{"/api/auth/ok"}) {
		t.Errorf("the other program saw %q", seen)
	}
	b.post("/svc/api/auth/sign-out", "{}", 200)
	b.get("/svc/me", 401)
}

// browser is a client of net/http with a jar.
type browser struct {
	t    *testing.T
	base string
	http *http.Client
}

func newBrowser(t *testing.T, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, base, &http.Client{Jar: jar}}
}

func (b *browser) do(method, target, body string) (string, *http.Response) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(b.t.Context()), method, target, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Origin", b.base)
	r.Header.Set("Content-Type", "application/json")
	res, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text), res
}

func (b *browser) get(path string, status int) string {
	b.t.Helper()
	text, res := b.do(http.MethodGet, b.base+path, "")
	if res.StatusCode != status {
		b.t.Fatalf("GET %s: %d %s", path, res.StatusCode, text)
	}
	return text
}

func (b *browser) post(path, body string, status int) {
	b.t.Helper()
	text, res := b.do(http.MethodPost, b.base+path, body)
	if res.StatusCode != status {
		b.t.Fatalf("POST %s: %d %s", path, res.StatusCode, text)
	}
}

// follow opens a link and returns the request target, below the prefix, of the page at
// its end.
func (b *browser) follow(link string) string {
	b.t.Helper()
	_, res := b.do(http.MethodGet, link, "")
	return strings.TrimPrefix(res.Request.URL.RequestURI(), "/svc")
}

func TestPublicPathInOpenAPI(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ base, public, server, root string }{
		{"/api/auth", "", "/api/auth", ""},
		{"/api/auth", "/svc/api/auth", "/svc/api/auth", "/svc"},
		{"/api/auth", "/login", "/login", ""}, // rewritten, not stripped
		{"/", "/svc", "/svc", "/svc"},
		{"/svc/api/auth", "/api/auth", "/api/auth", ""}, // a proxy that adds
		{"/api/auth/", "/svc/api/auth/", "/svc/api/auth", "/svc"},
		{"/api/auth", "/", "", ""},
	} {
		root := plugin("rooted", core.Manifest{Operations: []core.Operation{core.Get("rooted", "/.well-known/rooted", pass, core.AtRoot())}})
		e := open(t, func(_ *authtest.Env, o *core.Options) { o.BasePath, o.PublicPath = tt.base, tt.public }, root)
		doc := string(e.Auth.OpenAPI())
		for _, want := range []string{`"servers":[{"url":"` + authtest.BaseURL + tt.server + `"}]`, `"servers":[{"url":"` + authtest.BaseURL + tt.root + `"}]`} {
			if !strings.Contains(doc, want) {
				t.Errorf("%+v: no %s", tt, want)
			}
		}
		e.Client().Get("/ok").Want(t, 200, "")
	}
}
