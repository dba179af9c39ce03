package paritytest

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
)

// stripped is a server behind a proxy that takes "/svc" off the path.
const stripped = "public path"

func behindPrefix(o *core.Options) {
	withProvider(o)
	o.PublicPath = "/svc/api/auth"
}

var prefixScenarios = []scenario{
	{"the site, the routes and a provider through a proxy that strips the prefix", func(t *testing.T, p *parity) {
		p = p.behindStripper(t)
		if got := p.mustSend(t, get("/svc/api/auth/ok")); got.status != http.StatusOK {
			t.Fatalf("GET ok: %d %s", got.status, got.body)
		}
		begun := p.mustSend(t, post("/svc/api/auth/sign-in/social", `{"provider":"acme","callbackURL":"/svc/dashboard","newUserCallbackURL":"/svc/welcome"}`, jsonType, site))
		to, err := url.Parse(begun.header.Get("Location"))
		if err != nil || to.Query().Get("redirect_uri") != "http://localhost:3000/svc/api/auth/callback/acme" {
			t.Fatalf("the provider is told to come back to %q: %d %s", to.Query().Get("redirect_uri"), begun.status, begun.body)
		}
		cookie, _, _ := strings.Cut(begun.header.Get("Set-Cookie"), ";")
		in := p.mustSend(t, get(p.visit(t, to.String()), line("Cookie", cookie)))
		if in.status != http.StatusFound || in.header.Get("Location") != "/svc/welcome" {
			t.Fatalf("callback: %d %q %s", in.status, in.header.Get("Location"), in.body)
		}
		session := ""
		for _, l := range in.header.Values("Set-Cookie") {
			if strings.HasPrefix(l, "better-auth.session_token=") {
				session, _, _ = strings.Cut(l, ";")
				if !strings.Contains(l, "; Path=/;") {
					t.Errorf("the cookie's path: %s", l)
				}
			}
		}
		if got := p.mustSend(t, get("/svc/app/who", line("Cookie", session))); got.body != "grace@example.com" {
			t.Errorf("the application sees %q", got.body)
		}
		failed := p.mustSend(t, get("/svc/api/auth/callback/acme?state=x&code=y"))
		if !strings.HasPrefix(failed.header.Get("Location"), "http://localhost:3000/svc/api/auth/error?error=") {
			t.Errorf("a failure leads to %q", failed.header.Get("Location"))
		}
		page := p.mustSend(t, get(target(t, failed)))
		if page.status != http.StatusOK || !strings.Contains(page.body, "<!DOCTYPE html>") {
			t.Errorf("the page of errors: %d %s", page.status, page.body)
		}
		out := p.mustSend(t, post("/svc/api/auth/sign-out", "{}", jsonType, site, line("Cookie", session)))
		if got := p.mustSend(t, get("/svc/app/who", line("Cookie", session))); out.status != http.StatusOK || got.body == "grace@example.com" {
			t.Errorf("sign-out: %d %s, then %q", out.status, out.body, got.body)
		}
	}},
}

// behindStripper puts a proxy in front that serves /svc/… with the server's /….
func (p *parity) behindStripper(t *testing.T) *parity {
	t.Helper()
	to := &url.URL{Scheme: "http", Host: p.server}
	front := httptest.NewServer(http.StripPrefix("/svc", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
		r.SetXForwarded()
	}}))
	t.Cleanup(front.Close)
	own := *p
	own.server = strings.TrimPrefix(front.URL, "http://")
	return &own
}
