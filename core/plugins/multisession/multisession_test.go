package multisession_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/multisession"
	"github.com/advantch/kernia-go/core/storage"
)

const (
	password = "correct horse"
	session  = "better-auth.session_token"
	infix    = session + "_multi-"
)

type object = map[string]any

func open(t testing.TB, o multisession.Options, change ...func(*authtest.Env, *core.Options)) *authtest.Env {
	return authtest.New(t, func(e *authtest.Env, c *core.Options) {
		for _, f := range change {
			f(e, c)
		}
	}, emailpassword.New(emailpassword.Options{}), multisession.New(o))
}

// join signs somebody up in a browser and returns the session's token.
func join(t testing.TB, c *authtest.Client, name string) string {
	t.Helper()
	return c.Post("/sign-up/email", object{"name": name, "email": name + "@example.com", "password": password}).Want(t, 200, "").JSON("token")
}

func sign(t testing.TB, c *authtest.Client, name string) string {
	t.Helper()
	return c.Post("/sign-in/email", object{"email": name + "@example.com", "password": password}).Want(t, 200, "").JSON("token")
}

// kept lists the tokens, in lower case, for which the browser has a cookie.
func kept(c *authtest.Client) (out []string) {
	for pair := range strings.SplitSeq(c.CookieHeader(), "; ") {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, infix) {
			out = append(out, strings.TrimPrefix(name, infix))
		}
	}
	return out
}

func listed(t testing.TB, c *authtest.Client) (emails []string) {
	t.Helper()
	var all []struct{ User struct{ Email string } }
	a := c.Get("/multi-session/list-device-sessions").Want(t, 200, "")
	if err := json.Unmarshal([]byte(a.Body), &all); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		emails = append(emails, s.User.Email)
	}
	return emails
}

func who(t testing.TB, c *authtest.Client) string {
	t.Helper()
	return c.Get("/get-session").Want(t, 200, "").JSON("user", "email")
}

func alive(t testing.TB, e *authtest.Env, token string) bool {
	t.Helper()
	_, err := e.Auth.Store().FindSession(t.Context(), token)
	if err != nil && !core.IsNotFound(err) {
		t.Fatal(err)
	}
	return err == nil
}

var storages = map[string]func(*authtest.Env, *core.Options){
	"database":          func(*authtest.Env, *core.Options) {},
	"secondary storage": func(e *authtest.Env, o *core.Options) { o.SecondaryStorage = storage.NewMemory(e.Clock.Now) },
	"cookie cache":      func(_ *authtest.Env, o *core.Options) { o.Session.CookieCache.Enabled = true },
}

func TestAccountsOfABrowser(t *testing.T) {
	t.Parallel()
	for name, stored := range storages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, multisession.Options{}, stored)
			c := e.Client()
			ada, bob, eve := join(t, c, "ada"), join(t, c, "bob"), join(t, c, "eve")
			if got := listed(t, c); !slices.Equal(got, []string{"ada@example.com", "bob@example.com", "eve@example.com"}) {
				t.Fatalf("listed %v", got)
			}
			a := c.Post("/multi-session/set-active", object{"sessionToken": strings.ToUpper(ada)}).Want(t, 200, "")
			if a.JSON("user", "email") != "ada@example.com" || who(t, c) != "ada@example.com" {
				t.Errorf("%s", a.Body)
			}
			// Ending another one leaves the current one.
			c.Post("/multi-session/revoke", object{"sessionToken": bob}).Want(t, 200, "")
			if alive(t, e, bob) || who(t, c) != "ada@example.com" || slices.Contains(kept(c), strings.ToLower(bob)) {
				t.Errorf("Bob's session lives, or Ada's does not: %v", kept(c))
			}
			// Ending the current one leads to the next one, and then out.
			c.Post("/multi-session/revoke", object{"sessionToken": ada}).Want(t, 200, "")
			if who(t, c) != "eve@example.com" {
				t.Error("the next session did not take its place")
			}
			c.Post("/multi-session/revoke", object{"sessionToken": eve}).Want(t, 200, "")
			if a := c.Get("/get-session"); a.Body != "null" || len(kept(c)) > 0 || c.Cookie(session) != "" {
				t.Errorf("%s, %v", a.Body, kept(c))
			}
			c.Post("/multi-session/revoke", object{"sessionToken": eve}).Want(t, 401, "UNAUTHORIZED")
		})
	}
}

func TestSignOutEndsAll(t *testing.T) {
	t.Parallel()
	for name, stored := range storages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, multisession.Options{}, stored)
			c := e.Client()
			ada, bob := join(t, c, "ada"), join(t, c, "bob")
			c.Post("/sign-out", object{}).Want(t, 200, "")
			if alive(t, e, ada) || alive(t, e, bob) || len(kept(c)) > 0 {
				t.Errorf("%v", kept(c))
			}
		})
	}
}

// A second sign-in of one user replaces the first; ended sessions leave no cookie.
func TestOneSessionForAUser(t *testing.T) {
	t.Parallel()
	e := open(t, multisession.Options{})
	c := e.Client()
	first := join(t, c, "ada")
	bob := join(t, c, "bob")
	second := sign(t, c, "ada")
	if got := kept(c); alive(t, e, first) || len(got) != 2 || !slices.Contains(got, strings.ToLower(second)) {
		t.Errorf("kept %v", got)
	}
	if err := e.Auth.Store().DeleteSession(t.Context(), bob); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, c); !slices.Equal(got, []string{"ada@example.com"}) {
		t.Errorf("listed %v", got)
	}
	c.Post("/multi-session/set-active", object{"sessionToken": bob}).Want(t, 401, "INVALID_SESSION_TOKEN")
	if got := kept(c); len(got) != 1 {
		t.Errorf("the cookie of an ended session stays: %v", got)
	}
	e.Clock.Add(8 * 24 * time.Hour)
	if got := listed(t, c); len(got) != 0 {
		t.Errorf("expired: %v", got)
	}
}

func TestMaximum(t *testing.T) {
	t.Parallel()
	e := open(t, multisession.Options{MaximumSessions: 2})
	c := e.Client()
	join(t, c, "ada")
	join(t, c, "bob")
	join(t, c, "eve")
	if got := kept(c); len(got) != 2 || who(t, c) != "eve@example.com" {
		t.Errorf("kept %v", got)
	}
	// Bob's second sign-in takes the place of his first.
	sign(t, c, "bob")
	if got := kept(c); len(got) != 2 {
		t.Errorf("kept %v", got)
	}
}

// A cookie counts by its signature and by the name of its own token, and by nothing else.
func TestForgedCookies(t *testing.T) {
	t.Parallel()
	e := open(t, multisession.Options{})
	victim := e.Client()
	token := join(t, victim, "victim")
	value := victim.Cookie(session)
	name := infix + strings.ToLower(token)
	for id, plant := range map[string]func(c *authtest.Client){
		"SES-24 no cookie":                       func(*authtest.Client) {},
		"SES-24 no signature":                    func(c *authtest.Client) { c.SetCookie(name, token) },
		"SES-24 empty signature":                 func(c *authtest.Client) { c.SetCookie(name, token+".") },
		"SES-24 forged signature":                func(c *authtest.Client) { c.SetCookie(name, token+"."+strings.Repeat("A", 43)+"%3D") },
		"SES-02 signed cookie of mallory":        func(c *authtest.Client) { c.SetCookie(name, c.Cookie(session)) },
		"SES-02 a signed value that is no token": func(c *authtest.Client) { c.SetCookie(infix+"true", c.Cookie("better-auth.dont_remember")) },
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			c := e.Client()
			c.Post("/sign-up/email", object{"name": "M", "email": strings.ReplaceAll(id, " ", ".") + "@example.com", "password": password, "rememberMe": false}).Want(t, 200, "")
			plant(c)
			c.Post("/multi-session/set-active", object{"sessionToken": token}).Want(t, 401, "INVALID_SESSION_TOKEN")
			c.Post("/multi-session/revoke", object{"sessionToken": token}).Want(t, 401, "INVALID_SESSION_TOKEN")
			if got := listed(t, c); len(got) != 1 {
				t.Errorf("listed %v", got)
			}
			c.Post("/sign-out", object{}).Want(t, 200, "")
			if !alive(t, e, token) {
				t.Error("the victim's session has ended")
			}
		})
	}
	// The owner's signed value is as good as the cookie it comes from.
	c := e.Client()
	c.SetCookie(name, value)
	c.Post("/multi-session/set-active", object{"sessionToken": token}).Want(t, 200, "")
}

func TestManyCookies(t *testing.T) {
	t.Parallel()
	e := open(t, multisession.Options{})
	token := join(t, e.Client(), "ada")
	c := e.Client()
	for i := range 150 {
		c.SetCookie(infix+strings.Repeat("x", i+1), token)
	}
	if a := c.Get("/multi-session/list-device-sessions"); a.Status != http.StatusOK || a.Body != "[]" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// SES-13 Cookies that another site of the domain has planted hide no session: a sign-out ends
// them all.
func TestPlantedCookiesHideNothing(t *testing.T) {
	t.Parallel()
	e := open(t, multisession.Options{})
	c := e.Client()
	first := join(t, c, "ada")
	second := join(t, c, "bob")
	var planted strings.Builder
	for i := range 300 {
		fmt.Fprintf(&planted, "%sx%d=x%d.%s%%3D; ", infix, i, i, strings.Repeat("A", 43))
	}
	for _, token := range []string{first, second} { // of the same name, and before the own one
		fmt.Fprintf(&planted, "%s%s=%s.%s%%3D; ", infix, strings.ToLower(token), token, strings.Repeat("A", 43))
	}
	other := e.Client()
	a := other.Post("/sign-out", object{}, core.HeaderField{Name: "Cookie", Value: planted.String() + c.CookieHeader()}).Want(t, 200, "")
	if alive(t, e, first) || alive(t, e, second) {
		t.Error("a session is alive after the sign-out")
	}
	if got := strings.Count(strings.Join(a.Header.Values("Set-Cookie"), "\n"), infix); got != 2 {
		t.Errorf("%d cookies are removed, want 2", got)
	}
}

// A header of another user beside the browser's cookies: it is not known whom to sign out, and
// nobody is.
func TestSignOutOfTwoUsers(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, nil, emailpassword.New(emailpassword.Options{}), bearer.New(bearer.Options{}), multisession.New(multisession.Options{}))
	browser, other := e.Client(), e.Client()
	first, second, stranger := join(t, browser, "ada"), join(t, browser, "bob"), join(t, other, "eve")
	browser.Post("/sign-out", object{}, core.HeaderField{Name: "Authorization", Value: "Bearer " + stranger}).Want(t, 401, "CREDENTIALS_DISAGREE")
	for _, token := range []string{first, second, stranger} {
		if !alive(t, e, token) {
			t.Error("a session has ended")
		}
	}
	browser.Post("/sign-out", object{}).Want(t, 200, "")
	if alive(t, e, first) || alive(t, e, second) || !alive(t, e, stranger) {
		t.Error("a sign-out ends the sessions of its browser")
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for _, n := range []int{-1, 101} {
		_, err := core.New(authtest.NewEnv(t).Options(multisession.New(multisession.Options{MaximumSessions: n})))
		if err == nil || !strings.Contains(err.Error(), "MaximumSessions") {
			t.Errorf("%d: %v", n, err)
		}
	}
}

func TestFromGo(t *testing.T) {
	t.Parallel()
	e := open(t, multisession.Options{})
	c := e.Client()
	join(t, c, "ada")
	p, ok := multisession.From(e.Auth)
	if !ok {
		t.Fatal("not installed")
	}
	all, err := p.ListDeviceSessions.Call(t.Context(), nil, core.WithHeader(http.Header{"Cookie": {c.CookieHeader()}}))
	if err != nil || len(all) != 1 || all[0].User.Email != "ada@example.com" {
		t.Errorf("%v, %v", all, err)
	}
}
