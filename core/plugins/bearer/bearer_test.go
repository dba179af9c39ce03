package bearer_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

const email, password = "ada@example.com", "correct horse"

func open(t testing.TB, o bearer.Options, change ...func(*core.Options)) *authtest.Env {
	return authtest.New(t, func(_ *authtest.Env, c *core.Options) {
		for _, f := range change {
			f(c)
		}
	}, emailpassword.New(emailpassword.Options{}), bearer.New(o))
}

// signUp returns the value of set-auth-token, and the bare token.
func signUp(t testing.TB, e *authtest.Env) (signed, bare string) {
	t.Helper()
	a := e.Client().Post("/sign-up/email", map[string]any{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	if a.Header.Get("Access-Control-Expose-Headers") != "set-auth-token" {
		t.Errorf("the header is not exposed: %v", a.Header)
	}
	return a.Header.Get("Set-Auth-Token"), a.JSON("token")
}

func bear(value string) core.HeaderField {
	return core.HeaderField{Name: "Authorization", Value: value}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header         func(signed, bare string) string
		loose, require bool // accepted, and accepted with RequireSignature
	}{
		"bare":             {func(_, bare string) string { return "Bearer " + bare }, true, false},
		"signed":           {func(signed, _ string) string { return "Bearer " + signed }, true, true},
		"encoded":          {func(signed, _ string) string { return "bearer " + url.QueryEscape(signed) }, true, true},
		"another scheme":   {func(_, bare string) string { return "Basic " + bare }, false, false},
		"forged signature": {func(_, bare string) string { return "Bearer " + bare + ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" }, false, false},
		"cut signature":    {func(signed, _ string) string { return "Bearer " + signed[:len(signed)-9] }, false, false},
		"empty":            {func(_, _ string) string { return "Bearer " }, false, false},
		"two dots":         {func(signed, _ string) string { return "Bearer x." + signed }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, require := range []bool{false, true} {
				e := open(t, bearer.Options{RequireSignature: require})
				signed, bare := signUp(t, e)
				want := 401
				if require && c.require || !require && c.loose {
					want = 200
				}
				if a := e.Client().Get("/list-accounts", bear(c.header(signed, bare))); a.Status != want {
					t.Errorf("required %v: %d %s", require, a.Status, a.Body)
				}
			}
		})
	}
}

// The header ends and renews the session that it names.
func TestWholeLife(t *testing.T) {
	t.Parallel()
	e := open(t, bearer.Options{})
	signed, bare := signUp(t, e)
	if data, ok := core.SessionFrom(e.Auth.Attach(t.Context(), core.Request{Header: http.Header{"Authorization": {"Bearer " + signed}}}, nil)); !ok || data.User.Email != email {
		t.Error("a route of the application finds no session")
	}
	e.Client().Post("/sign-in/email", map[string]any{"email": email, "password": password}, bear("Bearer "+bare)).Want(t, 200, "")
	if a := e.Client().Get("/get-session", bear("Bearer "+bare)); a.Body != "null" {
		t.Errorf("the session that was replaced lives on: %s", a.Body)
	}
	again := e.Client().Post("/sign-in/email", map[string]any{"email": email, "password": password})
	token := again.Header.Get("Set-Auth-Token")
	a := e.Client().Post("/sign-out", map[string]any{}, bear("Bearer "+token)).Want(t, 200, "")
	if a.Header.Get("Set-Auth-Token") != "" {
		t.Error("a cookie that is removed was announced")
	}
	if a := e.Client().Get("/get-session", bear("Bearer "+token)); a.Body != "null" {
		t.Errorf("signed out: %s", a.Body)
	}
}

// A client without cookies sends no Origin; one with cookies still has to.
func TestCSRF(t *testing.T) {
	t.Parallel()
	e := open(t, bearer.Options{})
	_, bare := signUp(t, e)
	none := core.HeaderField{Name: "Origin"}
	e.Client().Post("/update-user", map[string]any{"name": "A"}, bear("Bearer "+bare), none).Want(t, 200, "")
	c := e.Client()
	c.Post("/sign-in/email", map[string]any{"email": email, "password": password}).Want(t, 200, "")
	c.Post("/update-user", map[string]any{"name": "A"}, bear("Bearer "+bare), core.HeaderField{Name: "Origin", Value: "https://evil.example"}).Want(t, 403, "INVALID_ORIGIN")
}

func TestHostileHeaders(t *testing.T) {
	t.Parallel()
	for _, require := range []bool{false, true} {
		e := open(t, bearer.Options{RequireSignature: require})
		_, bare := signUp(t, e)
		for _, value := range []string{
			bare + ".", "." + bare, bare + ".x", bare + " " + bare, "%", "%zz", "%zz.%zz", bare + "%00", "%ff%fe", "null", "undefined", strings.Repeat("a", 100_000),
			strings.Repeat("a.", 50_000), strings.Repeat("%", 100_000), bare + "." + strings.Repeat("A", 43) + "=", bare + "." + strings.Repeat("A", 100_000), "\x00", "'; --",
		} {
			if a := e.Client().Get("/list-accounts", bear("Bearer "+value)); a.Status != 401 {
				t.Errorf("SES-25 required %v, %.30q of %d bytes: %d %s", require, value, len(value), a.Status, a.Body)
			}
		}
		if a := e.Client().Get("/list-accounts", bear("Bearer "+bare)); require == (a.Status == 200) {
			t.Errorf("SES-25 a bare token, required %v: %d", require, a.Status)
		}
	}
}
