package expo_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/expo"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

type object = map[string]any

const scheme = "myapp://"

var ada = idptest.User{ID: "1001", Name: "Ada Lovelace", Email: "ada@example.com", EmailVerified: true}

func open(t testing.TB, o expo.Options, change ...func(*core.Options)) (*authtest.Env, *idptest.Provider) {
	t.Helper()
	acme := idptest.New(t, "acme")
	e := authtest.New(t, func(_ *authtest.Env, c *core.Options) {
		c.TrustedOrigins = []string{scheme}
		for _, f := range change {
			f(c)
		}
	}, expo.New(o), emailpassword.New(emailpassword.Options{}), social.New(acme.Config()))
	return e, acme
}

// phone is an application: it has no Origin, and sends one in a header of its own.
func phone(e *authtest.Env, origin string) *authtest.Client {
	c := e.Client()
	c.Origin = ""
	c.Header = core.Fields{{Name: "Expo-Origin", Value: origin}}
	return c
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	for _, k := range []struct {
		name, expo, origin string
		options            expo.Options
		status             int
		code               string
	}{
		{"trusted", "myapp://", "", expo.Options{}, 200, ""},
		{"not trusted", "evil://", "", expo.Options{}, 403, "INVALID_ORIGIN"},
		{"none", "", "", expo.Options{}, 403, "MISSING_OR_NULL_ORIGIN"},
		{"null", "null", "", expo.Options{}, 403, "MISSING_OR_NULL_ORIGIN"},
		{"beside a foreign Origin", "myapp://", "https://evil.example", expo.Options{}, 403, "INVALID_ORIGIN"},
		{"switched off", "myapp://", "", expo.Options{DisableOriginOverride: true}, 403, "MISSING_OR_NULL_ORIGIN"},
		{"Expo Go", "exp://192.168.1.7:8081", "", expo.Options{Development: true}, 200, ""},
		{"Expo Go in production", "exp://192.168.1.7:8081", "", expo.Options{}, 403, "INVALID_ORIGIN"},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			e, _ := open(t, k.options)
			c := e.Client()
			c.Post("/sign-up/email", object{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
			c.Origin = k.origin
			c.Header = core.Fields{{Name: "Expo-Origin", Value: k.expo}}
			c.Post("/update-user", object{"name": "A."}).Want(t, k.status, k.code)
		})
	}
}

// A whole sign-in: the application begins it, the phone's browser completes it, and the
// application gets the session's cookie.
func TestSignIn(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*core.Options){
		"state in the database": func(*core.Options) {},
		"state in a cookie":     func(o *core.Options) { o.Account.StateInCookie = true },
		"Better Auth":           func(o *core.Options) { o.Compat = core.CompatBetterAuth },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, acme := open(t, expo.Options{}, change)
			app, browser := phone(e, scheme), e.Client()
			target := begin(t, app, "/sign-in/social")
			browser.Get("/callback/acme?code="+acme.Code(ada)+"&state="+stateOf(target)).Want(t, 302, "")
			if browser.Cookie("better-auth.session_token") != "" {
				t.Fatal("a browser without the state signed in")
			}
			target = begin(t, app, "/sign-in/social")
			if to := proxy(browser, app, target).Want(t, 302, "").Header.Get("Location"); to != target {
				t.Fatalf("the browser is sent to %s", to)
			}
			to, q := browser.Get("/callback/acme?code="+acme.Code(ada)+"&state="+stateOf(target)).Want(t, 302, "").Location()
			if !strings.HasPrefix(to, "myapp://signed-in?from=x&cookie=") || q.Get("from") != "x" {
				t.Fatalf("the end is %s", to)
			}
			_, rest, _ := strings.Cut(q.Get("cookie"), "better-auth.session_token=")
			value, _, _ := strings.Cut(rest, ";")
			app.SetCookie("better-auth.session_token", value)
			if got := app.Get("/get-session").JSON("user", "email"); got != ada.Email {
				t.Errorf("the application is signed in as %q", got)
			}
		})
	}
}

// begin starts a flow in an application and returns the provider's URL.
func begin(t testing.TB, app *authtest.Client, path string) string {
	t.Helper()
	return app.Post(path, object{"provider": "acme", "callbackURL": "myapp://signed-in?from=x"}).Want(t, 200, "").JSON("url")
}

func stateOf(target string) string {
	u, _ := url.Parse(target)
	return u.Query().Get("state")
}

// proxy opens a URL in a browser, with what the official client of an application adds.
func proxy(browser, app *authtest.Client, target string) *authtest.Answer {
	q := url.Values{"authorizationURL": {target}}
	if stored, _ := url.QueryUnescape(app.Cookie("better-auth.oauth_state")); stored != "" {
		q.Set("oauthState", stored)
	}
	return browser.Get("/expo-authorization-proxy?" + q.Encode())
}

// RED-11: the proxy leads nowhere but to the provider of a pending flow.
func TestProxyLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	for _, stored := range []bool{false, true} {
		e, _ := open(t, expo.Options{}, func(o *core.Options) { o.Account.StateInCookie = stored })
		app := phone(e, scheme)
		target := begin(t, app, "/sign-in/social")
		state := stateOf(target)
		u, _ := url.Parse(target)
		endpoint := u.Scheme + "://" + u.Host + u.Path
		for name, bad := range map[string]string{
			"RED-11 another host":         "https://evil.example/authorize?state=" + state,
			"RED-11 host in the userinfo": strings.Replace(target, "://", "://evil.example@", 1),
			"RED-11 another path":         endpoint + "/../evil?state=" + state,
			"RED-11 another scheme":       "javascript:alert(1)//?state=" + state,
			"RED-11 this server":          authtest.BaseURL + "/api/auth/callback/acme?state=" + state,
			"RED-11 relative":             "//evil.example/?state=" + state,
			"RED-11 a fragment":           target + "#x",
			"no state":                    endpoint,
			"a state of nobody":           endpoint + "?state=" + strings.Repeat("x", 32),
			"a long address":              target + "&x=" + strings.Repeat("x", 20_000),
			"nothing":                     "",
		} {
			a := proxy(e.Client(), app, bad)
			if a.Status != 400 || a.Code() != "INVALID_AUTHORIZATION_URL" || a.Header.Get("Location") != "" || len(a.Header.Values("Set-Cookie")) > 0 {
				t.Errorf("%v, %s: %d %s %v", stored, name, a.Status, a.Body, a.Header)
			}
		}
		other := phone(e, scheme)
		if a := proxy(e.Client(), other, target); stored && a.Status != 400 {
			t.Errorf("without the stored state: %d", a.Status)
		}
		e.Clock.Add(11 * time.Minute)
		proxy(e.Client(), app, target).Want(t, 400, "INVALID_AUTHORIZATION_URL")
	}
}

// LNK: a stranger who opens the link of a flow that links gets no account of theirs linked.
func TestLinking(t *testing.T) {
	t.Parallel()
	for _, allowed := range []bool{false, true} {
		e, _ := open(t, expo.Options{AllowLinking: allowed})
		app := phone(e, scheme)
		app.Post("/sign-up/email", object{"name": "Eve", "email": "eve@example.com", "password": "correct horse"}).Want(t, 200, "")
		target := begin(t, app, "/link-social")
		status, code := 400, "INVALID_AUTHORIZATION_URL"
		if allowed {
			status, code = 302, ""
		}
		proxy(e.Client(), app, target).Want(t, status, code)
	}
}

// Cookies go to trusted applications alone.
func TestHandOver(t *testing.T) {
	t.Parallel()
	e, acme := open(t, expo.Options{})
	browser := e.Client()
	target := browser.Post("/sign-in/social", object{"provider": "acme", "callbackURL": "/dashboard"}).Want(t, 200, "").JSON("url")
	if to, _ := browser.Get("/callback/acme?code=" + acme.Code(ada) + "&state=" + stateOf(target)).Location(); to != "/dashboard" {
		t.Errorf("a page of the site gets %s", to)
	}
	e.Client().Post("/sign-in/social", object{"provider": "acme", "callbackURL": "evil://x"}).Want(t, 403, "INVALID_CALLBACK_URL")
}
