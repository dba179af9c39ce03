package core_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/cookie"
)

// TestCookieModes compares names and attributes with those of Better Auth 1.6.11 for
// the same options.
func TestCookieModes(t *testing.T) {
	t.Parallel()
	type attributes struct {
		Secure      bool   `json:"secure"`
		SameSite    string `json:"sameSite"`
		Path        string `json:"path"`
		HTTPOnly    bool   `json:"httpOnly"`
		MaxAge      *int   `json:"maxAge"`
		Domain      string `json:"domain"`
		Partitioned bool   `json:"partitioned"`
	}
	var modes []struct {
		Mode    string
		BaseURL string
		Cookies map[string]struct {
			Name       string
			Attributes attributes
		}
	}
	data, err := os.ReadFile("testdata/cookies.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &modes); err != nil {
		t.Fatal(err)
	}
	options := map[string]func(*core.CookieOptions){
		"http": func(*core.CookieOptions) {}, "https": func(*core.CookieOptions) {},
		"http, useSecureCookies":                      func(o *core.CookieOptions) { o.Secure = new(true) },
		"https, crossSubDomain (domain from baseURL)": func(o *core.CookieOptions) { o.CrossSubDomain = true },
		"https, crossSubDomain domain example.com":    func(o *core.CookieOptions) { o.CrossSubDomain, o.Domain = true, "example.com" },
		"http, cookiePrefix my-app":                   func(o *core.CookieOptions) { o.Prefix = "my-app" },
		"http, renamed session_token + attributes": func(o *core.CookieOptions) {
			o.Names = map[string]string{"session_token": "sess"}
			o.Attributes = func(name string, a *cookie.Attributes) {
				if name == "session_token" {
					a.SameSite = "strict"
				}
			}
		},
		"https, defaultCookieAttributes": func(o *core.CookieOptions) {
			o.Attributes = func(_ string, a *cookie.Attributes) { a.SameSite, a.Partitioned = "none", true }
		},
	}
	for _, m := range modes {
		change, ok := options[m.Mode]
		if !ok {
			continue // without a database there is no such server here
		}
		t.Run(m.Mode, func(t *testing.T) {
			t.Parallel()
			e := open(t, func(_ *authtest.Env, o *core.Options) {
				withCache(core.CacheCompact)(nil, o)
				o.BaseURL = m.BaseURL
				change(&o.Cookies)
			})
			c := e.Client()
			c.Origin = m.BaseURL
			lines := setCookies(c.Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase}).Want(t, 200, ""))
			forget := setCookies(c.Post("/sign-in/email", object{"email": ada, "password": passphrase, "rememberMe": false}).Want(t, 200, ""))
			for which, want := range m.Cookies {
				from := lines
				if which == "dontRememberToken" {
					from = forget
				}
				got := from[want.Name]
				if len(got) != 1 {
					t.Errorf("%s is not set: %v", want.Name, from)
					continue
				}
				same, _ := attribute(got[0], "SameSite")
				path, _ := attribute(got[0], "Path")
				domain, _ := attribute(got[0], "Domain")
				_, secure := attribute(got[0], "Secure")
				_, httpOnly := attribute(got[0], "HttpOnly")
				_, partitioned := attribute(got[0], "Partitioned")
				age, hasAge := attribute(got[0], "Max-Age")
				a := want.Attributes
				if !strings.EqualFold(same, a.SameSite) || path != a.Path || domain != a.Domain || secure != a.Secure || httpOnly != a.HTTPOnly || partitioned != a.Partitioned {
					t.Errorf("%s\nwant %+v", clip(got[0]), a)
				}
				if hasAge != (a.MaxAge != nil) || hasAge && age != strconv.Itoa(*a.MaxAge) {
					t.Errorf("Max-Age %q, want %v", age, a.MaxAge)
				}
			}
			wantSignedIn(t, c, true)
		})
	}
}

// TestCookieOrder compares the Set-Cookie lines of a flow with those of Better
// Auth 1.6.
func TestCookieOrder(t *testing.T) {
	t.Parallel()
	names := func(a *authtest.Answer) string {
		var out []string
		for _, line := range a.Header.Values("Set-Cookie") {
			name, _, _ := strings.Cut(line, "=")
			out = append(out, strings.TrimPrefix(name, "better-auth."))
		}
		return strings.Join(out, " ")
	}
	e := open(t, nil)
	c := e.Client()
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s sets %q, want %q", what, got, want)
		}
	}
	check("sign-up", names(c.Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase})), "session_token")
	check("get-session", names(c.Get("/get-session")), "")
	check("sign-in without rememberMe", names(e.Client().Post("/sign-in/email", object{"email": ada, "password": passphrase, "rememberMe": false})), "session_token dont_remember")
	check("sign-out", names(c.Post("/sign-out", object{})), "session_token session_data dont_remember")
	check("get-session of a lost session", names(bearing(e, tokenCookie+"=x").Get("/get-session")), "")

	cached := open(t, withCache(core.CacheCompact))
	c = cached.Client()
	check("cached sign-up", names(c.Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase})), "session_token session_data")
	check("cached get-session", names(c.Get("/get-session")), "")
	cached.Clock.Add(6 * time.Minute)
	mustContain(t, names(c.Get("/get-session")), "session_data")
	check("cached sign-out", names(c.Post("/sign-out", object{})), "session_token session_data session_data dont_remember")
}
