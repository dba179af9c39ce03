package onetap_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/onetap"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// certs is the part of Google that has the keys.
type certs struct{}

func (certs) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.String() != "https://www.googleapis.com/oauth2/v3/certs" {
		return nil, errors.New("another host is asked")
	}
	b, err := json.Marshal(idptest.Keys())
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(string(b))), Request: r}, err
}

func open(t testing.TB, o onetap.Options, change func(*core.Options), providers ...oauth.Config) *authtest.Env {
	return authtest.New(t, func(_ *authtest.Env, c *core.Options) {
		c.HTTPClient = &http.Client{Transport: certs{}}
		if change != nil {
			change(c)
		}
	}, emailpassword.New(emailpassword.Options{}), onetap.New(o), social.New(providers...))
}

type claims = map[string]any

// token is one of Google's for Ada, with changes; nil removes a claim.
func token(change claims) string {
	now := authtest.Start.Unix()
	c := claims{"iss": "https://accounts.google.com", "aud": "client", "azp": "client", "sub": "1001", "name": "Ada Lovelace", "email": "Ada@example.com", "email_verified": true, "picture": "https://i.example/a.png", "iat": now, "exp": now + 3600}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return idptest.Sign(c)
}

func tap(c *authtest.Client, change claims) *authtest.Answer {
	return c.Post("/one-tap/callback", map[string]any{"idToken": token(change)})
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	e := open(t, onetap.Options{ClientID: "client"}, nil)
	c := e.Client()
	a := tap(c, nil).Want(t, 200, "")
	if a.JSON("user", "email") != "ada@example.com" || a.JSON("user", "emailVerified") != "true" || a.JSON("token") == "" || a.JSON("session", "token") != a.JSON("token") {
		t.Error(a.Body)
	}
	if a := c.Get("/get-session"); a.JSON("user", "name") != "Ada Lovelace" || a.JSON("user", "image") != "https://i.example/a.png" {
		t.Error(a.Body)
	}
	id := a.JSON("user", "id")
	if again := tap(e.Client(), nil).Want(t, 200, ""); again.JSON("user", "id") != id {
		t.Error(again.Body)
	}
	t.Run("OAU-08 a subject that some databases take for another one", func(t *testing.T) {
		for _, sub := range []string{"1001 ", "1001\n"} {
			if a := tap(e.Client(), claims{"sub": sub}); a.Status/100 != 4 {
				t.Errorf("%q: %d %s", sub, a.Status, a.Body)
			}
		}
	})
	bob := e.Client()
	tap(bob, claims{"sub": "1002", "email": "bob@example.com"}).Want(t, 200, "")
	t.Run("LNK-10 the subject of one user with the address of another", func(t *testing.T) {
		if a := tap(e.Client(), claims{"email": "bob@example.com"}).Want(t, 200, ""); a.JSON("user", "id") != id || a.JSON("user", "email") != "ada@example.com" {
			t.Error(a.Body)
		}
	})
}

func TestTokensThatAreRefused(t *testing.T) {
	t.Parallel()
	e := open(t, onetap.Options{ClientID: "client"}, nil)
	for name, change := range map[string]claims{
		"IDT-05 another client":       {"aud": "their-client", "azp": "their-client"},
		"IDT-05 several clients":      {"aud": []string{"client", "their-client"}, "azp": nil},
		"IDT-05 no client":            {"aud": nil},
		"IDT-04 another issuer":       {"iss": "https://evil.example.com"},
		"IDT-04 expired":              {"exp": authtest.Start.Unix() - 60},
		"IDT-04 no end":               {"exp": nil},
		"IDT-04 no subject":           {"sub": nil},
		"IDT-06 an access token":      {"scp": "email"},
		"OAU-08 a subject of no user": {"sub": "undefined"},
	} {
		c := e.Client()
		if a := tap(c, change); a.Status != 400 || a.Code() != "INVALID_ID_TOKEN" || a.JSON("message") != "invalid id token" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
		if c.Get("/get-session").Body != "null" {
			t.Errorf("%s: signed in", name)
		}
	}
	good := token(nil)
	for _, text := range []string{"", "x", good[:len(good)-8] + "AAAAAAAA", good[:strings.LastIndex(good, ".")+1]} {
		e.Client().Post("/one-tap/callback", map[string]any{"idToken": text}).Want(t, 400, "INVALID_ID_TOKEN")
	}
	tap(e.Client(), claims{"email": nil}).Want(t, 400, "EMAIL_NOT_AVAILABLE_IN_TOKEN")
	e.Client().Post("/one-tap/callback", map[string]any{}).Want(t, 400, "VALIDATION_ERROR")
	tap(e.Client(), claims{"iss": "accounts.google.com"}).Want(t, 200, "")
}

func TestAddressesThatAreTaken(t *testing.T) {
	t.Parallel()
	verify := func(t *testing.T, e *authtest.Env) {
		u, err := e.Auth.Store().FindUserByEmail(t.Context(), "ada@example.com")
		if err == nil {
			_, err = e.Auth.Store().UpdateUser(t.Context(), u.ID, map[string]any{"emailVerified": true})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		proven bool
		change claims
		linked bool
	}{
		"proven on both sides":               {true, nil, true},
		"LNK-01 not proven by the user":      {false, nil, false},
		"LNK-03 not proven by Google":        {true, claims{"email_verified": false}, false},
		"LNK-03 not proven by Google, text":  {true, claims{"email_verified": "false"}, false},
		"LNK-03 without a word about proofs": {true, claims{"email_verified": nil}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, onetap.Options{ClientID: "client"}, nil)
			e.Client().Post("/sign-up/email", map[string]any{"name": "A", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
			if test.proven {
				verify(t, e)
			}
			a := tap(e.Client(), test.change)
			if test.linked && a.Status != 200 || !test.linked && (a.Status != 401 || a.Code() != "GOOGLE_IDENTITY_CANNOT_BE_LINKED") {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	own := oauth.Config{Config: oauth2.Config{ID: "google", ClientID: "web", Audiences: []string{"client"}, ClientSecret: "s", AuthorizeURL: "https://a.example/a", TokenURL: "https://a.example/t"}}
	for name, test := range map[string]struct {
		o      onetap.Options
		config []oauth.Config
		status int
		code   string
	}{
		"the clients of the plugin social": {onetap.Options{}, []oauth.Config{own}, 200, ""},
		"a client of its own comes first":  {onetap.Options{ClientID: "tap"}, []oauth.Config{own}, 400, "INVALID_ID_TOKEN"},
		"no sign-up":                       {onetap.Options{ClientID: "client", DisableSignUp: true}, nil, 401, "SIGNUP_DISABLED"},
		"no sign-up with the provider":     {onetap.Options{}, []oauth.Config{{Config: own.Config, DisableSignUp: true}}, 401, "SIGNUP_DISABLED"},
	} {
		if a := tap(open(t, test.o, nil, test.config...).Client(), nil); a.Status != test.status || a.Code() != test.code {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	for want, plugins := range map[string][]core.Plugin{
		"Options.ClientID is missing": {onetap.New(onetap.Options{}), social.New()},
		`needs the plugin "social"`:   {onetap.New(onetap.Options{ClientID: "x"})},
	} {
		_, err := core.New(core.Options{BaseURL: authtest.BaseURL, Secret: authtest.Secret, Database: memory.New(), Plugins: plugins})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	e := open(t, onetap.Options{ClientID: "client"}, nil)
	for _, target := range []string{"https://evil.example", "//evil.example", "javascript:alert(1)"} {
		a := e.Client().Post("/one-tap/callback", map[string]any{"idToken": token(nil), "callbackURL": target})
		if a.Status != 403 || a.Code() != "INVALID_CALLBACK_URL" {
			t.Errorf("RED-11 %s: %d %s", target, a.Status, a.Body)
		}
	}
	e.Client().Post("/one-tap/callback", map[string]any{"idToken": token(nil), "callbackURL": "/dashboard"}).Want(t, 200, "")
}
