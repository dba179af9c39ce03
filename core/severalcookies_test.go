package core_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
)

// withCookies sends a request with a Cookie header as it stands.
func withCookies(e *authtest.Env, method, path, cookies string) *core.Response {
	h := core.Fields{header("Cookie", cookies)}
	if method == http.MethodPost {
		h = append(h, header("Origin", "http://localhost:3000"), header("Content-Type", "application/json"))
	}
	res := &core.Response{}
	e.Auth.Serve(context.Background(), &core.Request{Method: method, Path: "/api/auth" + path, Host: "localhost:3000", Scheme: "http", Header: h}, res)
	return res
}

// After the cookies' Domain was changed a browser sends two cookies of the name, the
// older one first. Its session may be gone, which must not hide the live one.
func TestFirstLiveSessionOfSeveralCookiesCounts(t *testing.T) {
	t.Parallel()
	for _, cache := range []bool{false, true} {
		e := open(t, func(e *authtest.Env, o *core.Options) {
			if cache {
				withCache(core.CacheCompact)(e, o)
			}
		})
		a, b := join(t, e, ada), join(t, e, bob)
		of := func(c *authtest.Client) string { return tokenCookie + "=" + c.Cookie(tokenCookie) }
		data := "; " + dataCookie + "=" + b.Cookie(dataCookie)
		forged := tokenCookie + "=x." + strings.Repeat("A", 43) + "%3D"
		end := func() {
			if err := e.Auth.Store().DeleteSession(t.Context(), a.Get("/get-session").JSON("session", "token")); err != nil {
				t.Fatal(err)
			}
		}
		for _, k := range []struct {
			name, cookies, email string
			before               func()
		}{
			{"both live", of(a) + "; " + of(b) + data, ada, nil},
			{"both live, the other way round", of(b) + "; " + of(a) + data, bob, nil},
			{"the first has ended", of(a) + "; " + of(b) + data, bob, end},
			{"the second has ended", of(b) + "; " + of(a) + data, bob, nil},
			{"the first is forged", forged + "; " + of(b), bob, nil},
			{"one token many times", strings.Repeat(of(a)+"; ", 20) + of(b), bob, nil},
			{"none is live", of(a) + "; " + of(a), "", nil},
		} {
			if k.before != nil {
				k.before()
			}
			res := withCookies(e, http.MethodGet, "/get-session", k.cookies)
			if got := string(res.Body); res.Status != 200 || k.email == "" && got != "null" || !strings.Contains(got, k.email) {
				t.Errorf("%s, cache %v: %d %s", k.name, cache, res.Status, got)
			}
			if k.email != "" && slices.ContainsFunc(res.Values("Set-Cookie"), func(line string) bool {
				return strings.HasPrefix(line, tokenCookie+"=;")
			}) {
				t.Errorf("%s, cache %v: the live cookie is expired", k.name, cache)
			}
		}
	}
}

// Every cookie that is looked up costs a statement.
func TestSessionCookiesAreBounded(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	var cookies []string
	for _, email := range []string{"a@example.com", "b@example.com", "c@example.com", "d@example.com", "e@example.com"} {
		c := join(t, e, email)
		cookies = append(cookies, tokenCookie+"="+c.Cookie(tokenCookie))
		if email == "e@example.com" {
			continue
		}
		if err := e.Auth.Store().DeleteSession(t.Context(), c.Get("/get-session").JSON("session", "token")); err != nil {
			t.Fatal(err)
		}
	}
	if res := withCookies(e, http.MethodGet, "/get-session", strings.Join(cookies[1:], "; ")); !strings.Contains(string(res.Body), "e@example.com") {
		t.Errorf("the fourth of four: %s", res.Body)
	}
	if res := withCookies(e, http.MethodGet, "/get-session", strings.Join(cookies, "; ")); string(res.Body) != "null" {
		t.Errorf("the fifth of five: %s", res.Body)
	}
}

func TestSignOutEndsEverySessionOfSeveralCookies(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	a, b := join(t, e, ada), join(t, e, bob)
	res := withCookies(e, http.MethodPost, "/sign-out", tokenCookie+"="+a.Cookie(tokenCookie)+"; "+tokenCookie+"="+b.Cookie(tokenCookie))
	if res.Status != 200 {
		t.Fatalf("%d %s", res.Status, res.Body)
	}
	for _, c := range []*authtest.Client{a, b} {
		if got := c.Get("/get-session").Body; got != "null" {
			t.Errorf("a session is left: %s", got)
		}
	}
}

// Cookies of one name with and without Domain are two cookies: ending a session must
// reach both, whichever of them the configuration sets today.
func TestEndingASessionExpiresBothVariants(t *testing.T) {
	t.Parallel()
	for _, k := range []struct {
		name, base, domain string
		twice              bool
		want               []string // Domain of each expired session_token, "" for none
	}{
		{"with a Domain", "http://app.example.com", "example.com", false, []string{"", "example.com"}},
		{"with a Domain, two cookies", "http://app.example.com", "example.com", true, []string{"", "example.com"}},
		{"without, one cookie", "http://app.example.com", "", false, []string{""}},
		{"without, two cookies", "http://app.example.com", "", true, []string{"app.example.com", "example.com", ""}},
		{"an address, two cookies", "http://127.0.0.1", "", true, []string{""}},
		{"a single label, two cookies", "http://localhost", "", true, []string{""}},
	} {
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.BaseURL = k.base
			o.Cookies.CrossSubDomain, o.Cookies.Domain = k.domain != "", k.domain
		})
		cookies := tokenCookie + "=gone." + e.Auth.Keys().Sign("gone")
		if k.twice {
			cookies += "; " + cookies
		}
		res := withCookies(e, http.MethodGet, "/get-session", cookies)
		var got []string
		for _, line := range res.Values("Set-Cookie") {
			if strings.HasPrefix(line, tokenCookie+"=; Max-Age=0") {
				_, rest, _ := strings.Cut(line+"; Domain=", "; Domain=")
				domain, _, _ := strings.Cut(rest, ";")
				got = append(got, domain)
			}
		}
		if !slices.Equal(got, k.want) {
			t.Errorf("%s: expired for %q, want %q", k.name, got, k.want)
		}
	}
}

// A browser drops a cookie that is too long. Whatever the name and the length of the
// session, the cache has to come back.
func TestCacheCookiesStayBelow4096Bytes(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"better-auth", strings.Repeat("p", 220)} {
		for _, secure := range []bool{false, true} {
			e := open(t, func(e *authtest.Env, o *core.Options) {
				withCache(core.CacheCompact)(e, o)
				o.Cookies.Prefix, o.Cookies.Secure = prefix, &secure
			})
			c := join(t, e, ada)
			for length := 2100; length < 2500; length += 3 { // the value has about 4000 characters
				a := c.Post("/update-user", object{"image": strings.Repeat("n", length)}).Want(t, 200, "")
				for _, line := range a.Header.Values("Set-Cookie") {
					if len(line) >= 4096 {
						t.Fatalf("prefix of %d, image of %d: a line of %d bytes", len(prefix), length, len(line))
					}
				}
			}
			got := c.Get("/get-session").Want(t, 200, "")
			if lines := got.Header.Values("Set-Cookie"); len(lines) != 0 {
				t.Errorf("prefix of %d: the cache was not read", len(prefix))
			}
		}
	}
}

func TestCookieNamesThatLeaveNoRoomAreRefused(t *testing.T) {
	t.Parallel()
	_, err := core.New(core.Options{
		BaseURL: "http://localhost:3000", Secret: "a secret of a test, at least 32 characters: 7c1f",
		Database: memory.New(), Cookies: core.CookieOptions{Prefix: strings.Repeat("p", 3000)},
	})
	if err == nil || !strings.Contains(err.Error(), "make them shorter") {
		t.Errorf("got %v", err)
	}
}
