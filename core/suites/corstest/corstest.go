// Package corstest checks CORS settings that were made for an Auth. It sends the
// requests of a browser for a page on a trusted other origin and for pages that
// are not trusted.
package corstest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
)

// Page is the origin of a front end that Run trusts.
const Page = "http://localhost:5173"

// Send sends a request to the server under test.
type Send func(t *testing.T, r *http.Request) *http.Response

// Handler is Send for everything that is an http.Handler.
func Handler(h http.Handler) Send {
	return func(_ *testing.T, r *http.Request) *http.Response {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
}

// Run runs the suite. start makes a server of the framework with its CORS middleware,
// set for a, before Kernia.
func Run(t *testing.T, start func(t *testing.T, a *core.Auth) Send) {
	t.Helper()
	send := start(t, authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.TrustedOrigins = []string{Page} }).Auth)
	ask := func(method, target, origin string, header map[string]string) *http.Response {
		r := httptest.NewRequest(method, target, nil)
		r.Header.Set("Origin", origin)
		for name, value := range header {
			r.Header.Set(name, value)
		}
		res := send(t, r)
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	preflight := map[string]string{"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}

	res := ask(http.MethodOptions, "/api/auth/sign-in/email", Page, preflight)
	h := res.Header
	if res.StatusCode != http.StatusNoContent && res.StatusCode != http.StatusOK || h.Get("Access-Control-Allow-Origin") != Page || h.Get("Access-Control-Allow-Credentials") != "true" ||
		!holds(h, "Access-Control-Allow-Methods", "POST") || !holds(h, "Access-Control-Allow-Headers", "Content-Type") || h.Get("Access-Control-Max-Age") != "600" {
		t.Errorf("preflight: %d %v", res.StatusCode, h)
	}

	res = ask(http.MethodGet, "/api/auth/ok", Page, nil)
	body, err := io.ReadAll(res.Body)
	h = res.Header
	if err != nil || res.StatusCode != http.StatusOK || string(body) != `{"ok":true}` || h.Get("Access-Control-Allow-Origin") != Page ||
		h.Get("Access-Control-Allow-Credentials") != "true" || !holds(h, "Access-Control-Expose-Headers", "X-Retry-After") || !holds(h, "Vary", "Origin") ||
		h.Get("Cache-Control") != "no-store" {
		t.Errorf("request: %d %s %v", res.StatusCode, body, h)
	}

	// A page with a cookie and an origin that is trusted is served; the next ones are not.
	if res := ask(http.MethodPost, "/api/auth/sign-out", Page, map[string]string{"Cookie": "x=y"}); res.StatusCode == http.StatusForbidden {
		t.Errorf("a request that changes something: %d", res.StatusCode)
	}
	for _, origin := range []string{"https://evil.example", "http://localhost:5174", "null", "http://localhost:5173.evil.example"} {
		for _, res := range []*http.Response{
			ask(http.MethodOptions, "/api/auth/sign-in/email", origin, preflight),
			ask(http.MethodGet, "/api/auth/ok", origin, nil),
		} {
			if got := res.Header.Get("Access-Control-Allow-Origin"); got != "" {
				t.Errorf("%s may read: %q", origin, got)
			}
		}
	}
}

// holds reports whether a list in a header has a member, in any letter case.
func holds(h http.Header, name, member string) bool {
	for _, line := range h.Values(name) {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), member) {
				return true
			}
		}
	}
	return false
}
