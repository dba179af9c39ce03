package oauth2_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/wire"
)

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func secretOf(s string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return s, nil }
}

// seen is a request as a token endpoint gets it.
type seen struct {
	method, query, body string
	header              http.Header
}

// endpoint answers every request with one answer and records the request.
func endpoint(t *testing.T, status int, kind, body string) (*httptest.Server, *seen) {
	t.Helper()
	got := &seen{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		*got = seen{r.Method, r.URL.RawQuery, string(b), r.Header}
		if status >= 300 && status < 400 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s, got
}

const answer = `{"access_token":"at","refresh_token":"rt","token_type":"Bearer","expires_in":3600,"scope":"a b","id_token":"it"}`

func TestExchange(t *testing.T) {
	t.Parallel()
	x := oauth2.Exchange{Code: "c/1", RedirectURI: "https://app.example.com/cb", Verifier: "the-verifier", Now: now, Callback: wire.Query{{Name: "device_id", Value: "d"}}}
	const start = "grant_type=authorization_code&code=c%2F1&code_verifier=the-verifier&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"
	for name, test := range map[string]struct {
		change             func(*oauth2.Config)
		body, basic, query string
	}{
		"secret in the body":    {nil, start + "&client_id=cid&client_secret=client-secret", "", ""},
		"secret in a header":    {func(c *oauth2.Config) { c.Auth, c.ClientID, c.ClientSecret = oauth2.AuthBasic, "c:d", "s+%/ä" }, start, "c%3Ad:s%2B%25%2F%C3%A4", ""},
		"the header, raw":       {func(c *oauth2.Config) { c.Auth, c.ClientSecret, c.RawBasic = oauth2.AuthBasic, "s+%/ä", true }, start, "cid:s+%/ä", ""},
		"a public client":       {func(c *oauth2.Config) { c.Auth, c.ClientSecret = oauth2.AuthNone, "" }, start + "&client_id=cid", "", ""},
		"no secret":             {func(c *oauth2.Config) { c.ClientSecret = "" }, start + "&client_id=cid", "", ""},
		"a secret that is made": {func(c *oauth2.Config) { c.ClientSecret, c.Secret = "", secretOf("jwt") }, start + "&client_id=cid&client_secret=jwt", "", ""},
		"an assertion": {func(c *oauth2.Config) { c.Auth, c.ClientSecret, c.Secret = oauth2.AuthAssertion, "", secretOf("a.b.c") },
			start + "&client_id=cid&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c", "", ""},
		"without PKCE": {func(c *oauth2.Config) { c.NoPKCE = true }, strings.Replace(start, "&code_verifier=the-verifier", "", 1) + "&client_id=cid&client_secret=client-secret", "", ""},
		"an edited request": {func(c *oauth2.Config) {
			c.EditToken = func(r *oauth2.TokenRequest) error {
				device, _ := r.Callback.Get("device_id")
				r.Form = wire.Query{{Name: "device_id", Value: device}}
				r.Method, r.Header = http.MethodGet, http.Header{}
				return nil
			}
		}, "", "", "device_id=d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, got := endpoint(t, 200, "application/json", answer)
			p := open(t, func(c *oauth2.Config) {
				c.TokenURL = s.URL
				if test.change != nil {
					test.change(c)
				}
			})
			tokens, err := p.Exchange(t.Context(), s.Client(), x)
			if err != nil {
				t.Fatal(err)
			}
			if tokens.AccessToken != "at" || tokens.RefreshToken != "rt" || tokens.IDToken != "it" || tokens.TokenType != "Bearer" ||
				!tokens.AccessTokenExpiresAt.Equal(now.Add(time.Hour)) || !tokens.RefreshTokenExpiresAt.IsZero() || fmt.Sprint(tokens.Scopes) != "[a b]" || string(tokens.Raw) != answer {
				t.Errorf("%#v", *tokens)
			}
			id, secret, basic := (&http.Request{Header: got.header}).BasicAuth()
			if got.body != test.body || got.query != test.query || basic != (test.basic != "") || basic && id+":"+secret != test.basic {
				t.Errorf("it was asked %+v", got)
			}
			if test.query == "" && (got.method != "POST" || got.header.Get("Content-Type") != "application/x-www-form-urlencoded" || got.header.Get("Accept") != "application/json") {
				t.Errorf("it was asked %+v", got)
			}
		})
	}
	t.Run("what an exchange lacks", func(t *testing.T) {
		t.Parallel()
		s, got := endpoint(t, 200, "application/json", answer)
		p := open(t, func(c *oauth2.Config) { c.TokenURL = s.URL })
		for name, change := range map[string]func(*oauth2.Exchange){
			"no code": func(x *oauth2.Exchange) { x.Code = "" }, "OAU-05 no verifier": func(x *oauth2.Exchange) { x.Verifier = "" },
		} {
			own := x
			change(&own)
			if _, err := p.Exchange(t.Context(), s.Client(), own); err == nil || got.method != "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := p.Refresh(t.Context(), s.Client(), "", now); err == nil || got.method != "" {
			t.Error(err)
		}
	})
	t.Run("a secret that cannot be made", func(t *testing.T) {
		t.Parallel()
		cause := errors.New("the key is gone")
		p := open(t, func(c *oauth2.Config) {
			c.ClientSecret, c.Secret = "", func(context.Context) (string, error) { return "", cause }
		})
		if _, err := p.Exchange(t.Context(), http.DefaultClient, x); !errors.Is(err, cause) {
			t.Error(err)
		}
	})
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	s, got := endpoint(t, 200, "application/json", `{"access_token":"new","expires_in":"60"}`)
	p := open(t, func(c *oauth2.Config) { c.RefreshURL, c.ScopeOnRefresh = s.URL, true })
	tokens, err := p.Refresh(t.Context(), s.Client(), "old-refresh-token", now)
	if err != nil || tokens.AccessToken != "new" || tokens.RefreshToken != "old-refresh-token" || !tokens.AccessTokenExpiresAt.Equal(now.Add(time.Minute)) {
		t.Error(tokens, err)
	}
	if got.body != "grant_type=refresh_token&refresh_token=old-refresh-token&client_id=cid&client_secret=client-secret&scope=openid+email" {
		t.Error(got.body)
	}
	s, _ = endpoint(t, 200, "application/json", answer)
	p = open(t, func(c *oauth2.Config) { c.TokenURL = s.URL })
	if tokens, err = p.Refresh(t.Context(), s.Client(), "old-refresh-token", now); err != nil || tokens.RefreshToken != "rt" {
		t.Error(tokens, err)
	}
}

func TestHostileTokenEndpoints(t *testing.T) {
	t.Parallel()
	x := oauth2.Exchange{Code: "the-code", RedirectURI: "https://app.example.com/cb", Verifier: "the-verifier", Now: now}
	exchange := func(t *testing.T, s *httptest.Server) error {
		t.Helper()
		client := s.Client()
		client.Timeout = 500 * time.Millisecond
		_, err := open(t, func(c *oauth2.Config) { c.TokenURL = s.URL }).Exchange(t.Context(), client, x)
		return err
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run("OAU-09 a redirect", func(t *testing.T) {
			t.Parallel()
			s, _ := endpoint(t, status, "application/json", answer)
			if err := exchange(t, s); outbound.ReasonOf(err) != outbound.ReasonRedirect {
				t.Error(status, err)
			}
		})
	}
	t.Run("OAU-09 a body of 10 MB", func(t *testing.T) {
		t.Parallel()
		s, _ := endpoint(t, 200, "application/json", `{"access_token":"`+strings.Repeat("a", 10<<20)+`"}`)
		if err := exchange(t, s); outbound.ReasonOf(err) != outbound.ReasonTooLarge {
			t.Error(err)
		}
	})
	t.Run("OAU-09 a slow body", func(t *testing.T) {
		t.Parallel()
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}))
		defer s.Close()
		if err := exchange(t, s); outbound.ReasonOf(err) != outbound.ReasonTimeout {
			t.Error(err)
		}
	})
	for name, test := range map[string]struct {
		status     int
		kind, body string
		code       string
	}{
		"OAU-09 a page":             {200, "text/html", "<p>" + answer, oauth2.CodeBadAnswer},
		"OAU-09 JSON as a page":     {200, "text/html", answer, oauth2.CodeBadAnswer},
		"a page of an error":        {502, "text/html", "<h1>Bad gateway", oauth2.CodeBadAnswer},
		"no JSON":                   {200, "application/json", `{"access_token":`, oauth2.CodeBadAnswer},
		"a list":                    {200, "application/json", `[]`, oauth2.CodeBadAnswer},
		"null":                      {200, "application/json", `null`, oauth2.CodeBadAnswer},
		"two objects":               {200, "application/json", answer + answer, oauth2.CodeBadAnswer},
		"nothing":                   {200, "application/json", ``, oauth2.CodeBadAnswer},
		"tokens that are no text":   {200, "application/json", `{"access_token":5}`, oauth2.CodeNoToken},
		"no token":                  {200, "application/json", `{}`, oauth2.CodeNoToken},
		"an error of the standard":  {400, "application/json", `{"error":"invalid_grant","error_description":"expired"}`, "invalid_grant"},
		"an error with status 200":  {200, "application/json", `{"error":"bad_verification_code"}`, "bad_verification_code"},
		"an error beside a token":   {200, "application/json", `{"access_token":"at","error":"x"}`, "x"},
		"an object of an error":     {400, "application/json", `{"error":{"message":"Invalid code","type":"OAuthException","code":100}}`, "OAuthException"},
		"an error by number":        {200, "text/plain", `{"errcode":40029,"errmsg":"invalid code"}`, "40029"},
		"tokens, but a failure":     {500, "application/json", answer, oauth2.CodeBadAnswer},
		"OAU-07 markup in the code": {400, "application/json", `{"error":"<script>\"\\\r\nä"}`, "<script>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := endpoint(t, test.status, test.kind, test.body)
			err := exchange(t, s)
			e, ok := errors.AsType[*oauth2.Error](err)
			if !ok || e.Code != test.code || e.Status != test.status {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("what is said about secrets is struck out", func(t *testing.T) {
		t.Parallel()
		long := strings.Repeat("x", 500)
		s, _ := endpoint(t, 400, "application/json", `{"error":"the-code","error_description":"`+long+` client-secret the-verifier","error_uri":"https://idp/?c=the-code"}`)
		err := exchange(t, s)
		e, ok := errors.AsType[*oauth2.Error](err)
		if !ok {
			t.Fatal(err)
		}
		text := e.Error() + e.Description + e.URI
		if strings.Contains(text, "client-s") || strings.Contains(text, "the-") || len(e.Description) > 512 {
			t.Error(text)
		}
	})
}

func TestSecretsArePrintedRedacted(t *testing.T) {
	t.Parallel()
	c := example(func(c *oauth2.Config) { c.ClientSecret = "hush-hush" })
	p, err := oauth2.New(c)
	if err != nil {
		t.Fatal(err)
	}
	form := wire.Query{{Name: "code", Value: "hush-hush"}}
	tokens := oauth2.Tokens{AccessToken: "hush-hush", RefreshToken: "hush-hush", IDToken: "hush-hush", Raw: []byte("hush-hush")}
	for _, v := range []any{
		c, &c, p, *p, tokens, &tokens, oauth2.AuthorizationRequest{State: "hush-hush", Verifier: "hush-hush"}, oauth2.Exchange{Code: "hush-hush", Callback: form},
		oauth2.TokenRequest{Form: form}, oauth2.Answer{Body: []byte("hush-hush")}, oauth2.ProfileRequest{Tokens: &tokens, Callback: form},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, "hush") || strings.Contains(out, "687573") || strings.Contains(out, "104 117") {
				t.Errorf("%T by %s: %s", v, verb, out)
			}
		}
	}
}
