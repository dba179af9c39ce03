package electron_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/electron"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

type object = map[string]any

// The verifier and its challenge are those of RFC 7636, appendix B.
const (
	scheme    = "com.example.app:/"
	email     = "ada@example.com"
	password  = "correct horse"
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

var ada = idptest.User{ID: "1001", Name: "Ada Lovelace", Email: "ada.l@example.com", EmailVerified: true}

func open(t testing.TB, o electron.Options, change ...func(*core.Options)) (*authtest.Env, *idptest.Provider) {
	t.Helper()
	acme := idptest.New(t, "acme")
	e := authtest.New(t, func(_ *authtest.Env, c *core.Options) {
		c.TrustedOrigins = []string{scheme}
		for _, f := range change {
			f(c)
		}
	}, electron.New(o), emailpassword.New(emailpassword.Options{}), social.New(acme.Config()))
	return e, acme
}

// asked is the query of a page that an application has opened; more replaces parameters.
func asked(more ...string) string {
	q := url.Values{"client_id": {"electron"}, "code_challenge": {challenge}, "state": {"s1"}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return "?" + q.Encode()
}

func signUp(t testing.TB, e *authtest.Env, query string) (*authtest.Client, string) {
	t.Helper()
	c := e.Client()
	a := c.Post("/sign-up/email"+query, object{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	return c, a.JSON("electron_authorization_code")
}

func transfer(t testing.TB, c *authtest.Client) string {
	t.Helper()
	return c.Post("/electron/transfer-user"+asked(), object{}).Want(t, 200, "").JSON("electron_authorization_code")
}

// exchange is the application's request for a session; more replaces members.
func exchange(e *authtest.Env, code string, more ...string) *authtest.Answer {
	body := object{"token": code, "state": "s1", "code_verifier": verifier}
	for i := 0; i < len(more); i += 2 {
		body[more[i]] = more[i+1]
	}
	return application(e).Post("/electron/token", body)
}

// application has no Origin, and sends one in a header of its own.
func application(e *authtest.Env) *authtest.Client {
	c := e.Client()
	c.Origin = ""
	c.Header = core.Fields{{Name: "Electron-Origin", Value: scheme}}
	return c
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"as the client of 1.6 asks": asked("code_challenge", challenge+"=", "code_challenge_method", "S256"),
		"as the client of 1.7 asks": asked(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, _ := open(t, electron.Options{})
			browser, code := signUp(t, e, query)
			shown, err := base64.URLEncoding.DecodeString(cookieOf(browser, "better-auth.electron"))
			var found struct{ Identifier, State string }
			if err != nil || json.Unmarshal(shown, &found) != nil || found.Identifier != code || found.State != "s1" {
				t.Errorf("the page finds %s (%v)", shown, err)
			}
			a := exchange(e, code).Want(t, 200, "")
			if a.JSON("user", "email") != email || a.JSON("session", "token") != a.JSON("token") {
				t.Errorf("%s", a.Body)
			}
			if a.JSON("token") == browser.Get("/get-session").JSON("session", "token") {
				t.Error("the application shares the browser's session")
			}
			exchange(e, code).Want(t, 404, "INVALID_TOKEN")
		})
	}
}

func cookieOf(c *authtest.Client, name string) string {
	value, _ := url.QueryUnescape(c.Cookie(name))
	return value
}

func TestWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	e, _ := open(t, electron.Options{})
	browser, _ := signUp(t, e, "")
	for name, k := range map[string]struct {
		member, value string
		status        int
		code          string
		spent         bool
	}{
		"OAU-05 another state":          {"state", "s2", 400, "STATE_MISMATCH", true},
		"OAU-06 another verifier":       {"code_verifier", strings.Repeat("x", 43), 400, "INVALID_CODE_VERIFIER", true},
		"OAU-06 the challenge":          {"code_verifier", challenge, 400, "INVALID_CODE_VERIFIER", true},
		"another code":                  {"token", strings.Repeat("x", 32), 404, "INVALID_TOKEN", false},
		"no code":                       {"token", "", 400, "VALIDATION_ERROR", false},
		"a code that is no text of SQL": {"token", "' OR 1=1 --", 404, "INVALID_TOKEN", false},
	} {
		code := transfer(t, browser)
		exchange(e, code, k.member, k.value).Want(t, k.status, k.code)
		if a := exchange(e, code); (a.Status == 404) != k.spent {
			t.Errorf("%s: and then %d", name, a.Status)
		}
	}
	code := transfer(t, browser)
	e.Clock.Add(5*time.Minute + time.Second)
	exchange(e, code).Want(t, 404, "INVALID_TOKEN")
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	e, _ := open(t, electron.Options{})
	browser, _ := signUp(t, e, "")
	post := func(c *authtest.Client, query string, body object) *authtest.Answer {
		return c.Post("/electron/transfer-user"+query, body)
	}
	post(e.Client(), asked(), object{}).Want(t, 401, "UNAUTHORIZED")
	post(browser, asked("client_id", "other"), object{}).Want(t, 400, "INVALID_CLIENT_ID")
	post(browser, asked("state", ""), object{}).Want(t, 400, "MISSING_STATE")
	post(browser, asked("code_challenge", ""), object{}).Want(t, 400, "MISSING_PKCE")
	post(browser, asked("code_challenge_method", "plain"), object{}).Want(t, 400, "INVALID_PKCE_METHOD")
	post(browser, asked("state", strings.Repeat("x", 513)), object{}).Want(t, 400, "VALIDATION_ERROR")
	post(browser, "", object{}).Want(t, 400, "VALIDATION_ERROR")
	post(browser, asked(), object{"callbackURL": "https://evil.example"}).Want(t, 403, "INVALID_CALLBACK_URL")
	if a := post(browser, asked(), object{}).Want(t, 200, ""); !strings.HasPrefix(a.Body, `{"url":null,"redirect":false,"electron_authorization_code":"`) {
		t.Errorf("%s", a.Body)
	}
	if a := post(browser, asked(), object{"callbackURL": "/done"}).Want(t, 200, ""); a.JSON("url") != "/done" || a.JSON("redirect") != "true" {
		t.Errorf("%s", a.Body)
	}
}

// A code ends with the session that has handed the user over, and with a recovery.
func TestCodesEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, e *authtest.Env, browser *authtest.Client){
		"sign-out": func(t *testing.T, _ *authtest.Env, browser *authtest.Client) {
			browser.Post("/sign-out", object{}).Want(t, 200, "")
		},
		"the other sessions are revoked": func(t *testing.T, e *authtest.Env, _ *authtest.Client) {
			c := e.Client()
			c.Post("/sign-in/email", object{"email": email, "password": password}).Want(t, 200, "")
			c.Post("/revoke-other-sessions", object{}).Want(t, 200, "")
		},
		"a new password": func(t *testing.T, e *authtest.Env, browser *authtest.Client) {
			e.Clock.Add(time.Second)
			browser.Post("/change-password", object{"currentPassword": password, "newPassword": "battery staple"}).Want(t, 200, "")
		},
		"the user is deleted": func(t *testing.T, _ *authtest.Env, browser *authtest.Client) {
			browser.Post("/delete-user", object{"password": password}).Want(t, 200, "")
		},
	} {
		for _, place := range []string{"database", "secondary storage"} {
			t.Run(name+", "+place, func(t *testing.T) {
				t.Parallel()
				e, _ := open(t, electron.Options{}, func(o *core.Options) {
					o.User.DeleteUser.Enabled = true
					if place != "database" {
						o.SecondaryStorage = storage.NewMemory(o.Clock)
					}
				})
				browser, _ := signUp(t, e, "")
				code, other := transfer(t, browser), transfer(t, browser)
				exchange(e, other).Want(t, 200, "")
				exchange(e, other).Want(t, 404, "INVALID_TOKEN")
				end(t, e, browser)
				exchange(e, code).Want(t, 404, "INVALID_TOKEN")
			})
		}
	}
}

// A key that stands for a session makes no session of its own.
func TestKeysHandNobodyOver(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, nil, electron.New(electron.Options{}), emailpassword.New(emailpassword.Options{}), apikey.New(apikey.Options{
		Configs: []apikey.Config{{Sessions: true}}, SessionPaths: []string{"*"},
	}))
	browser, _ := signUp(t, e, "")
	key := browser.Post("/api-key/create", object{}).Want(t, 200, "").JSON("key")
	code := e.Client().Post("/electron/transfer-user"+asked(), object{}, core.HeaderField{Name: "X-Api-Key", Value: key}).Want(t, 200, "").JSON("electron_authorization_code")
	exchange(e, code).Want(t, 404, "INVALID_TOKEN")
}

// The query of this sign-in counts before a cookie of an earlier one, and only the
// application of this server gets codes.
func TestWhichRequestCounts(t *testing.T) {
	t.Parallel()
	e, _ := open(t, electron.Options{})
	signUp(t, e, "")
	credentials := object{"email": email, "password": password}
	browser := e.Client()
	browser.Post("/sign-in/email"+asked("state", "old"), object{"email": email, "password": "wrong horse"}).Want(t, 401, "INVALID_CREDENTIALS")
	if browser.Cookie("better-auth.transfer_token") == "" {
		t.Fatal("the request was not kept")
	}
	again := browser.Copy()
	a := browser.Post("/sign-in/email", credentials).Want(t, 200, "")
	exchange(e, a.JSON("electron_authorization_code"), "state", "old").Want(t, 200, "")
	if browser.Cookie("better-auth.transfer_token") != "" {
		t.Error("the request is still kept")
	}
	a = again.Post("/sign-in/email"+asked(), credentials).Want(t, 200, "")
	exchange(e, a.JSON("electron_authorization_code")).Want(t, 200, "")

	for name, query := range map[string]string{
		"another client": asked("client_id", "other"), "no state": asked("state", ""), "no challenge": asked("code_challenge", ""),
		"a long state": asked("state", strings.Repeat("x", 513)), "nothing": "",
	} {
		if a := e.Client().Post("/sign-in/email"+query, credentials).Want(t, 200, ""); a.JSON("electron_authorization_code") != "" {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
	e.Client().Post("/sign-in/email"+asked("code_challenge_method", "plain"), credentials).Want(t, 400, "INVALID_PKCE_METHOD")
	forged := e.Client()
	forged.SetCookie("better-auth.transfer_token", url.QueryEscape(`{"client_id":"electron","code_challenge":"`+challenge+`","state":"s1"}.AAAA`))
	if a := forged.Post("/sign-in/email", credentials).Want(t, 200, ""); a.JSON("electron_authorization_code") != "" {
		t.Errorf("forged: %s", a.Body)
	}
}

// The application opens the proxy in the browser, and the provider's callback sets the
// cookie with the code.
func TestProvider(t *testing.T) {
	t.Parallel()
	e, acme := open(t, electron.Options{})
	browser := e.Client()
	to, q := browser.Get("/electron/init-oauth-proxy"+asked("provider", "acme")).Want(t, 302, "").Location()
	if !strings.HasPrefix(to, acme.URL+"/authorize?") {
		t.Fatalf("sent to %s", to)
	}
	if to, _ := browser.Get("/callback/acme?code="+acme.Code(ada)+"&state="+q.Get("state")).Want(t, 302, "").Location(); to != authtest.BaseURL {
		t.Errorf("ends at %s", to)
	}
	shown, _ := base64.URLEncoding.DecodeString(cookieOf(browser, "better-auth.electron"))
	var found struct{ Identifier string }
	if err := json.Unmarshal(shown, &found); err != nil {
		t.Fatalf("%s: %v", shown, err)
	}
	if a := exchange(e, found.Identifier).Want(t, 200, ""); a.JSON("user", "email") != ada.Email {
		t.Errorf("%s", a.Body)
	}

	e.Client().Get("/electron/init-oauth-proxy"+asked("provider", "x")).Want(t, 404, "PROVIDER_NOT_FOUND")
	e.Client().Get("/electron/init-oauth-proxy"+asked("provider", "")).Want(t, 400, "VALIDATION_ERROR")
	e.Client().Get("/electron/init-oauth-proxy"+asked("provider", "acme", "code_challenge_method", "plain")).Want(t, 400, "INVALID_PKCE_METHOD")
	e.Client().Get("/electron/init-oauth-proxy"+asked("provider", "acme"), core.HeaderField{Name: "Sec-Fetch-Site", Value: "cross-site"}).
		Want(t, 403, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED")
	if a := e.Client().Get("/electron/init-oauth-proxy" + asked("provider", "acme", "state", "")); a.Status != 302 || len(a.Header.Values("Set-Cookie")) != 1 {
		t.Errorf("without a state: %d %v", a.Status, a.Header)
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	for _, k := range []struct {
		name, electron, origin string
		options                electron.Options
		status                 int
		code                   string
	}{
		{"trusted", scheme, "", electron.Options{}, 200, ""},
		{"not trusted", "com.evil.app:/", "", electron.Options{}, 403, "INVALID_ORIGIN"},
		{"none", "", "", electron.Options{}, 403, "MISSING_OR_NULL_ORIGIN"},
		{"beside a foreign Origin", scheme, "https://evil.example", electron.Options{}, 403, "INVALID_ORIGIN"},
		{"switched off", scheme, "", electron.Options{DisableOriginOverride: true}, 403, "MISSING_OR_NULL_ORIGIN"},
		{"as Origin, from the client of 1.7", "", scheme, electron.Options{DisableOriginOverride: true}, 200, ""},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			e, _ := open(t, k.options)
			c, _ := signUp(t, e, "")
			c.Origin = k.origin
			c.Header = core.Fields{{Name: "Electron-Origin", Value: k.electron}}
			c.Post("/update-user", object{"name": "A."}).Want(t, k.status, k.code)
		})
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	e, _ := open(t, electron.Options{ClientID: "desk", CookiePrefix: "my", CodeTTL: time.Minute, RedirectCookieTTL: time.Second})
	browser, code := signUp(t, e, asked("client_id", "desk"))
	if browser.Cookie("my.desk") == "" {
		t.Error("no cookie my.desk")
	}
	e.Clock.Add(61 * time.Second)
	exchange(e, code).Want(t, 404, "INVALID_TOKEN")
	for want, o := range map[string]electron.Options{
		"Options.CodeTTL is -1s":       {CodeTTL: -time.Second},
		"Options.RedirectCookieTTL is": {RedirectCookieTTL: 2 * time.Hour},
		`Options.ClientID is "a;b"`:    {ClientID: "a;b"},
		"Options.CookiePrefix is":      {CookiePrefix: "=x"},
		"a cookie of the core":         {ClientID: "session_token"},
	} {
		if _, err := core.New(authtest.NewEnv(t).Options(electron.New(o))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

// A code of Better Auth names no client, no session, and in 1.7 no method.
func TestCodesOfBetterAuth(t *testing.T) {
	t.Parallel()
	e, _ := open(t, electron.Options{}, func(o *core.Options) { o.Compat = core.CompatBetterAuth })
	browser, _ := signUp(t, e, "")
	user := browser.Get("/get-session").JSON("user", "id")
	for i, k := range []struct {
		value  object
		status int
		code   string
	}{
		{object{"userId": user, "codeChallenge": challenge + "=", "codeChallengeMethod": "s256", "state": "s1"}, 200, ""},
		{object{"userId": user, "codeChallenge": challenge, "state": "s1"}, 200, ""},
		{object{"userId": user, "codeChallenge": verifier, "codeChallengeMethod": "plain", "state": "s1"}, 400, "INVALID_PKCE_METHOD"},
		{object{"userId": user, "codeChallenge": "", "state": "s1"}, 400, "MISSING_CODE_CHALLENGE"},
		{object{"userId": user, "codeChallenge": challenge, "state": "s1", "clientId": "other"}, 404, "INVALID_TOKEN"},
		{object{"userId": "nobody", "codeChallenge": challenge, "state": "s1"}, 404, "INVALID_TOKEN"},
	} {
		text, err := json.Marshal(k.value)
		if err != nil {
			t.Fatal(err)
		}
		code := strings.Repeat(string(rune('a'+i)), 32)
		if _, err := e.Auth.Store().CreateVerification(context.Background(), "electron:"+code, string(text), e.Clock.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		a := exchange(e, code).Want(t, k.status, k.code)
		if a.Status == 200 && a.JSON("session") != "" {
			t.Errorf("%s", a.Body)
		}
	}
}

// TFA-02: a sign-in that waits for a second factor has no code. A complete one has.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	var sent string
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Store.User.BeforeCreate = func(_ context.Context, u *core.User) error {
			twofactor.Enabled.Set(&u.Extra, true)
			return nil
		}
	}, electron.New(electron.Options{}), emailpassword.New(emailpassword.Options{}), twofactor.New(twofactor.Options{
		OTP: twofactor.OTPOptions{Send: func(_ context.Context, m twofactor.Message) error { sent = m.Code; return nil }},
	}))
	c := e.Client()
	c.Post("/sign-up/email", object{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	browser := e.Client()
	a := browser.Post("/sign-in/email"+asked(), object{"email": email, "password": password}).Want(t, 200, "")
	if a.JSON("twoFactorRedirect") != "true" || a.JSON("electron_authorization_code") != "" || browser.Cookie("better-auth.electron") != "" {
		t.Fatalf("%s", a.Body)
	}
	browser.Post("/two-factor/send-otp", object{}).Want(t, 200, "")
	a = browser.Post("/two-factor/verify-otp", object{"code": sent}).Want(t, 200, "")
	exchange(e, a.JSON("electron_authorization_code")).Want(t, 200, "")
	if browser.Cookie("better-auth.transfer_token") != "" {
		t.Error("the request is still kept")
	}
}

// The user of the new session counts, also where the browser was signed in as somebody else.
func TestAnotherUserSignsIn(t *testing.T) {
	t.Parallel()
	e, _ := open(t, electron.Options{})
	browser, _ := signUp(t, e, "")
	a := browser.Post("/sign-up/email"+asked(), object{"name": "Bob", "email": "bob@example.com", "password": password}).Want(t, 200, "")
	if got := exchange(e, a.JSON("electron_authorization_code")).Want(t, 200, "").JSON("user", "email"); got != "bob@example.com" {
		t.Errorf("the application is signed in as %s", got)
	}
}

// CSRF-03 A form of another site is refused, and leaves no request of its own behind, for
// which the user's next sign-in would make a code.
func TestRequestsOfOtherSites(t *testing.T) {
	t.Parallel()
	e, _ := open(t, electron.Options{})
	signUp(t, e, "")
	credentials := object{"email": email, "password": password}
	for name, k := range map[string]struct {
		origin, code string
		header       []core.HeaderField
	}{
		"an origin":    {"https://evil.example", "INVALID_ORIGIN", nil},
		"no origin":    {"null", "MISSING_OR_NULL_ORIGIN", []core.HeaderField{{Name: "Sec-Fetch-Site", Value: "cross-site"}}},
		"a navigation": {"https://evil.example", "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED", []core.HeaderField{{Name: "Sec-Fetch-Site", Value: "cross-site"}, {Name: "Sec-Fetch-Mode", Value: "navigate"}}},
	} {
		for _, path := range []string{"/sign-in/email", "/sign-up/email"} {
			browser := e.Client()
			browser.Origin = k.origin
			browser.Post(path+asked("state", "planted"), object{"name": "Eve", "email": "eve@example.com", "password": password}, k.header...).Want(t, 403, k.code)
			browser.Origin = authtest.BaseURL
			if a := browser.Post("/sign-in/email", credentials).Want(t, 200, ""); a.JSON("electron_authorization_code") != "" {
				t.Errorf("%s, %s: the planted request got a code", name, path)
			}
		}
	}
}

// A plugin after this one still sees a sign-up that has got a code.
func TestSignUpIsSeenByOthers(t *testing.T) {
	t.Parallel()
	var sent []emailotp.Type
	e := authtest.New(t, nil, electron.New(electron.Options{}), emailpassword.New(emailpassword.Options{}), emailotp.New(emailotp.Options{
		SendOnSignUp: true,
		Send:         func(_ context.Context, m emailotp.Message) error { sent = append(sent, m.Type); return nil },
	}))
	if _, code := signUp(t, e, asked()); code == "" || len(sent) != 1 {
		t.Errorf("code %q, sent %v", code, sent)
	}
}
