package social_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// signedOut fails when a client has a session.
func signedOut(t testing.TB, c *authtest.Client) {
	t.Helper()
	if a := c.Get("/get-session").Want(t, 200, ""); string(a.Body) != "null" {
		t.Errorf("there is a session: %s", a.Body)
	}
}

func sorry(t testing.TB, code, to string, q url.Values) {
	t.Helper()
	if to != "/sorry" || q.Get("error") != code {
		t.Errorf("sent to %s?%s, want /sorry?error=%s", to, q.Encode(), code)
	}
}

func TestStateAbuse(t *testing.T) {
	t.Parallel()
	body := func() map[string]any {
		return map[string]any{"callbackURL": "/dashboard", "errorCallbackURL": "/sorry"}
	}

	t.Run("OAU-01 a missing, unknown, used or expired state makes no session", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		c := s.Client()
		for query, want := range map[string]string{"": oauth.RefusedStateMissing, "&state=": oauth.RefusedStateMissing, "&state=" + strings.Repeat("x", 32): oauth.RefusedState, "&state=x": oauth.RefusedState} {
			to, q := where(c.Get("/callback/acme?code=" + s.acme.Code(ada) + query))
			if !strings.HasSuffix(to, "/error") || q.Get("error") != want {
				t.Errorf("%q: sent to %s?%s, want %s", query, to, q.Encode(), want)
			}
		}
		state := begin(t, c, "/sign-in/social", body()).Get("state")
		s.callback(c, state, ada)
		c.Post("/sign-out", nil)
		if _, q := s.callback(c, state, ada); q.Get("error") != oauth.RefusedState {
			t.Errorf("a used state: %s", q.Encode())
		}
		state = begin(t, c, "/sign-in/social", body()).Get("state")
		s.Clock.Add(10*time.Minute + time.Second)
		if _, q := s.callback(c, state, ada); q.Get("error") != oauth.RefusedState {
			t.Errorf("an expired state: %s", q.Encode())
		}
		signedOut(t, c)
	})

	for name, change := range map[string]func(*core.Options){
		"in the database": nil, "in a cookie": func(o *core.Options) { o.Account.StateInCookie = true },
		"as in Better Auth": func(o *core.Options) { o.Compat = core.CompatBetterAuth },
	} {
		t.Run("OAU-02 CSRF-14 another browser cannot complete a flow, state "+name, func(t *testing.T) {
			t.Parallel()
			s := open(t, change, nil)
			attacker, victim := s.Client(), s.Client()
			state := begin(t, attacker, "/sign-in/social", body()).Get("state")
			s.callback(victim, state, ada)
			signedOut(t, victim)
			begin(t, victim, "/sign-in/social", body())
			if _, q := s.callback(victim, state, ada); q.Get("error") != oauth.RefusedStateMismatch {
				t.Errorf("with the cookie of another flow: %s", q.Encode())
			}
			signedOut(t, victim)
			if to, _ := s.callback(attacker, state, ada); to != "/dashboard" {
				t.Errorf("the strangers' tries have used the flow up: %s", to)
			}
		})
	}

	t.Run("OAU-01 what the server has encrypted for another purpose is no state", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(o *core.Options) { o.Account.StateInCookie = true }, nil)
		keys, name := s.Auth.Keys(), strings.Repeat("x", 32)
		verifier, err := keys.Encrypt(strings.Repeat("v", 43))
		if err != nil {
			t.Fatal(err)
		}
		state := fmt.Sprintf(`{"callbackURL":"/dashboard","codeVerifier":%q,"errorURL":"/sorry","expiresAt":%d,"oauthState":%q}`, verifier, s.Clock.Now().Add(time.Minute).UnixMilli(), name)
		for purpose, want := range map[string]string{"": oauth.RefusedState, "oauth-proxy-state:": oauth.RefusedState, "oauth-state:": ""} {
			sealed, err := keys.Encrypt(purpose + state)
			if err != nil {
				t.Fatal(err)
			}
			c := s.Client()
			c.SetCookie("better-auth.oauth_state", sealed)
			if to, q := s.callback(c, name, ada); q.Get("error") != want {
				t.Errorf("purpose %q: sent to %s?%s", purpose, to, q.Encode())
			}
		}
	})

	t.Run("two tabs of a browser do not end each other's flow", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		c := s.Client()
		first, second := begin(t, c, "/sign-in/social", body()).Get("state"), begin(t, c, "/sign-in/social", body()).Get("state")
		for _, state := range []string{first, second} {
			if to, q := s.callback(c, state, ada); to != "/dashboard" {
				t.Errorf("sent to %s?%s", to, q.Encode())
			}
		}
	})

	t.Run("OAU-03 a state of one provider is not good for another", func(t *testing.T) {
		t.Parallel()
		acme, evil := idptest.New(t, "acme"), idptest.New(t, "evil")
		e := authtest.New(t, nil, social.New(acme.Config(), evil.Config()))
		c := e.Client()
		state := begin(t, c, "/sign-in/social", body()).Get("state")
		to, q := where(c.Get("/callback/evil?code=" + evil.Code(ada) + "&state=" + state))
		sorry(t, oauth.RefusedStateMismatch, to, q)
		if len(evil.Asked()) > 0 {
			t.Error("the code was sent to the other provider")
		}
		signedOut(t, c)
	})

	t.Run("OAU-04 the iss of the callback must be the provider's, and be there where it is promised", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, func(c *oauth.Config) { c.RequireIssuer = true })
		for iss, want := range map[string]string{"": oauth.RefusedIssuerMissing, "&iss=https://evil.example": oauth.RefusedIssuerMismatch, "&iss=" + s.acme.URL: ""} {
			c := s.Client()
			state := begin(t, c, "/sign-in/social", body()).Get("state")
			to, q := where(c.Get("/callback/acme?code=" + s.acme.Code(ada) + "&state=" + state + iss))
			if want != "" {
				sorry(t, want, to, q)
				signedOut(t, c)
			} else if to != "/dashboard" {
				t.Errorf("sent to %s?%s", to, q.Encode())
			}
		}
	})

	t.Run("OAU-05 OAU-06 S256 is always sent, and the verifier never leaves the server but to the token endpoint", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		c := s.Client()
		q := begin(t, c, "/sign-in/social", body())
		s.callback(c, q.Get("state"), ada)
		verifier := s.acme.Asked()[0].Get("code_verifier")
		if q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") != oauth2.Challenge(verifier) || len(verifier) < 43 {
			t.Errorf("challenge %q, verifier %q", q.Encode(), verifier)
		}
		if strings.Contains(q.Encode()+c.CookieHeader(), verifier) {
			t.Error("the verifier was given away")
		}
		q = begin(t, c, "/sign-in/social", body())
		rows, err := s.Auth.DB().FindMany(t.Context(), adapter.Find{Model: core.ModelVerification})
		if err != nil || len(rows) == 0 {
			t.Fatal(rows, err)
		}
		s.callback(c, q.Get("state"), ada)
		if stored := fmt.Sprint(rows); strings.Contains(stored, s.acme.Asked()[1].Get("code_verifier")) || strings.Contains(stored, q.Get("state")) && !strings.Contains(stored, `"oauthState"`) {
			t.Error("the database has the verifier in the clear")
		}
	})

	t.Run("OAU-07 what a provider says about an error is passed on encoded", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		c := s.Client()
		for _, text := range []string{"<script>alert(1)</script>", "Zugriff verweigert: ä€😀", "a\r\nSet-Cookie: x=y", strings.Repeat("ä", 5000)} {
			state := begin(t, c, "/sign-in/social", body()).Get("state")
			a := c.Get("/callback/acme?error=" + url.QueryEscape(text) + "&error_description=" + url.QueryEscape(text) + "&state=" + state)
			if to, _ := where(a); to != "/sorry" || a.Status != 302 {
				t.Errorf("%d, sent to %s", a.Status, to)
			}
			if line := a.Header.Get("Location"); strings.ContainsAny(line, "<>\r\n ") || len(line) > 8000 {
				t.Errorf("Location: %.200s", line)
			}
		}
	})

	t.Run("OAU-08 an account without a usable id is refused, and large ids are kept exactly", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		for _, id := range []any{"", nil, 0, "0", "undefined", "null", "NaN", 1.5, map[string]any{}, []any{1}, true} {
			c := s.Client()
			u := ada
			u.ID = id
			to, q := s.signIn(t, c, u)
			sorry(t, oauth.RefusedUserInfo, to, q)
			signedOut(t, c)
		}
		c, u := s.Client(), ada
		u.ID = json.Number("9007199254740993")
		s.signIn(t, c, u)
		if a := c.Get("/list-accounts"); !strings.Contains(string(a.Body), `"accountId":"9007199254740993"`) {
			t.Errorf("%s", a.Body)
		}
	})

	t.Run("OAU-09 a token endpoint that redirects, floods, lies or says nothing ends in an error page", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		inside := false
		for name, answer := range map[string]http.HandlerFunc{
			"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, s.acme.URL+"/userinfo", 302) },
			"307": func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("again") != "" {
					inside = true
				}
				http.Redirect(w, r, s.acme.URL+"/token?again=1", 307)
			},
			"10 MB": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				for range 10 {
					if _, err := w.Write([]byte(strings.Repeat(" ", 1<<20))); err != nil {
						return
					}
				}
				_, _ = w.Write([]byte(`{"access_token":"x"}`))
			},
			"html": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
			"error": func(w http.ResponseWriter, _ *http.Request) {
				idptest.Write(w, 200, map[string]any{"error": "bad_verification_code"})
			},
			"nothing": func(w http.ResponseWriter, _ *http.Request) { idptest.Write(w, 200, map[string]any{}) },
			"500":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
			"hangup":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		} {
			s.acme.Token(answer)
			c := s.Client()
			to, q := s.signIn(t, c, ada)
			if to != "/sorry" || q.Get("error") != oauth.RefusedCode {
				t.Errorf("%s: sent to %s?%s", name, to, q.Encode())
			}
			signedOut(t, c)
		}
		if inside {
			t.Error("the code was sent on to where the token endpoint redirected")
		}
		s.acme.Token(nil)
		s.acme.Info(func(w http.ResponseWriter, _ *http.Request) { idptest.Write(w, 500, map[string]any{}) })
		to, q := s.signIn(t, s.Client(), ada)
		sorry(t, oauth.RefusedUserInfo, to, q)
	})

	t.Run("OAU-10 further parameters replace none of the server's", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		for _, name := range []string{"redirect_uri", "state", "scope", "nonce", "client_id", "response_type", "code_challenge", "code_challenge_method", "request", "request_uri", "STATE"} {
			b := body()
			b["provider"], b["additionalParams"] = "acme", map[string]any{name: "x"}
			s.Client().Post("/sign-in/social", b).Want(t, 400, "VALIDATION_ERROR")
		}
		b := body()
		b["additionalParams"] = map[string]any{"hd": "example.com"}
		if q := begin(t, s.Client(), "/sign-in/social", b); q.Get("hd") != "example.com" {
			t.Error(q.Encode())
		}
	})

	t.Run("OAU-11 RACE of 50 callbacks with one state one makes a session", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(o *core.Options) { o.RateLimit.Disabled = true }, nil)
		c := s.Client()
		state := begin(t, c, "/sign-in/social", body()).Get("state")
		codes := make([]string, 50)
		for i := range codes {
			codes[i] = s.acme.Code(ada)
		}
		var all sync.WaitGroup
		var mu sync.Mutex
		in := 0
		for _, code := range codes {
			all.Go(func() {
				to, _ := where(c.Copy().Get("/callback/acme?code=" + code + "&state=" + state))
				mu.Lock()
				defer mu.Unlock()
				if to == "/dashboard" {
					in++
				}
			})
		}
		all.Wait()
		sessions, err := s.Auth.DB().FindMany(t.Context(), adapter.Find{Model: core.ModelSession})
		if in != 1 || err != nil || len(sessions) != 1 {
			t.Errorf("%d callbacks and %d sessions, %v", in, len(sessions), err)
		}
	})

	t.Run("OAU-12 the redirect URI does not follow the Host header", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		c := s.Client()
		a := c.Do("POST", "/sign-in/social", `{"provider":"acme"}`, core.HeaderField{Name: "Content-Type", Value: "application/json"},
			core.HeaderField{Name: "Host", Value: "evil.example"}, core.HeaderField{Name: "X-Forwarded-Host", Value: "evil.example"})
		u, err := url.Parse(a.JSON("url"))
		if err != nil || u.Query().Get("redirect_uri") != authtest.BaseURL+"/api/auth/callback/acme" {
			t.Errorf("%s", a.Body)
		}
	})

	t.Run("RED-01 targets on foreign hosts are refused before anything is stored", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		for _, name := range []string{"callbackURL", "errorCallbackURL", "newUserCallbackURL"} {
			for _, target := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "javascript:alert(1)"} {
				if a := s.Client().Post("/sign-in/social", map[string]any{"provider": "acme", name: target}); a.Status != 403 {
					t.Errorf("%s %s: %d", name, target, a.Status)
				}
			}
		}
		if rows, err := s.Auth.DB().FindMany(t.Context(), adapter.Find{Model: core.ModelVerification}); err != nil || len(rows) > 0 {
			t.Errorf("%v, %v", rows, err)
		}
	})
}

func TestTokenAbuse(t *testing.T) {
	t.Parallel()
	account := func(t testing.TB, s *site) *core.Account {
		t.Helper()
		acc, err := s.Auth.Store().FindAccount(t.Context(), "acme", "1001")
		if err != nil {
			t.Fatal(err)
		}
		return acc
	}

	t.Run("OAU-13 tokens are encrypted at rest and not in the list of accounts", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		c := s.Client()
		s.signIn(t, c, ada)
		acc := account(t, s)
		if strings.Contains(*acc.AccessToken+*acc.RefreshToken, "acme-") {
			t.Errorf("stored in the clear: %s, %s", *acc.AccessToken, *acc.RefreshToken)
		}
		if a := c.Get("/list-accounts"); strings.Contains(string(a.Body), "oken") {
			t.Errorf("%s", a.Body)
		}
		if text := fmt.Sprintf("%v %+v", acc, acc); strings.Contains(text, "$ka$") {
			t.Errorf("printed: %s", text)
		}
	})

	t.Run("tokens in the clear and encrypted ones are read whatever the option is now", func(t *testing.T) {
		t.Parallel()
		for _, first := range []bool{true, false} {
			acme := idptest.New(t, "acme")
			e := authtest.NewEnv(t)
			o := e.Options(social.New(acme.Config()))
			o.Account.EncryptTokens = &first
			s := &site{Env: e.Open(o), acme: acme}
			c := s.Client()
			s.signIn(t, c, ada)
			o.Account.EncryptTokens = new(!first)
			o.Plugins = []core.Plugin{social.New(acme.Config())}
			c.Auth = e.Reopen(o).Auth
			if a := c.Post("/get-access-token", map[string]any{"providerId": "acme"}).Want(t, 200, ""); !strings.HasPrefix(a.JSON("accessToken"), "acme-access-") {
				t.Errorf("encrypted first %v: %s", first, a.Body)
			}
		}
	})

	t.Run("OAU-14 another user's account is out of reach, and userId is for the server alone", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		victim, thief := s.Client(), s.Client()
		s.signIn(t, victim, ada)
		bob := idptest.User{ID: "2002", Name: "Bob", Email: "bob@example.com", EmailVerified: true}
		s.signIn(t, thief, bob)
		acc := account(t, s)
		for _, body := range []map[string]any{
			{"providerId": "acme", "accountId": "1001"}, {"accountId": acc.ID}, {"providerId": "acme", "accountId": "1001", "userId": acc.UserID}, {"useAccountCookie": true},
		} {
			thief.Post("/get-access-token", body).Want(t, 400, "ACCOUNT_NOT_FOUND")
			thief.Post("/refresh-token", body).Want(t, 400, "ACCOUNT_NOT_FOUND")
		}
		thief.Get("/account-info?accountId=1001").Want(t, 400, "ACCOUNT_NOT_FOUND")
		thief.Get("/account-info?accountId="+acc.ID).Want(t, 400, "ACCOUNT_NOT_FOUND")
		own := thief.Post("/get-access-token", map[string]any{"providerId": "acme", "userId": acc.UserID}).Want(t, 200, "")
		s.Client().Post("/get-access-token", map[string]any{"providerId": "acme", "userId": acc.UserID}).Want(t, 401, "UNAUTHORIZED")
		s.Client().Post("/refresh-token", map[string]any{"providerId": "acme", "userId": acc.UserID}).Want(t, 401, "UNAUTHORIZED")
		p, _ := social.From(s.Auth)
		provider := "acme"
		reply, err := p.GetAccessToken.Call(t.Context(), &social.TokenInput{ProviderID: &provider, UserID: &acc.UserID})
		if err != nil || reply.AccessToken == "" || reply.AccessToken == own.JSON("accessToken") {
			t.Errorf("%v", err)
		}
	})

	t.Run("OAU-15 the account cookie of another user is ignored, and ends with the session", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(o *core.Options) { o.Account.StoreCookie = true }, nil)
		a, b := s.Client(), s.Client()
		s.signIn(t, a, ada)
		s.signIn(t, b, idptest.User{ID: "2002", Name: "Bob", Email: "bob@example.com", EmailVerified: true})
		const name = "better-auth.account_data"
		stale := a.Cookie(name)
		if stale == "" {
			t.Fatal("no account cookie")
		}
		own := b.Post("/get-access-token", map[string]any{"providerId": "acme"}).Want(t, 200, "").JSON("accessToken")
		b.SetCookie(name, stale)
		if got := b.Post("/get-access-token", map[string]any{"providerId": "acme"}).Want(t, 200, "").JSON("accessToken"); got != own {
			t.Errorf("got %s, want %s", got, own)
		}
		b.Post("/get-access-token", map[string]any{"useAccountCookie": true}).Want(t, 400, "ACCOUNT_NOT_FOUND")
		a.Post("/get-access-token", map[string]any{"useAccountCookie": true}).Want(t, 200, "")
		if a.Post("/sign-out", nil); a.Cookie(name) != "" {
			t.Error("the account cookie outlives the session")
		}
	})

	t.Run("OAU-17 a mapped profile sets no field that users cannot set", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(o *core.Options) {
			o.User.Fields = []schema.Field{{Name: "role", Type: schema.String, Optional: true, NoInput: true}, {Name: "locale", Type: schema.String, Optional: true}}
		}, func(c *oauth.Config) {
			c.MapProfile = func(_ context.Context, p *oauth2.Profile) (map[string]any, error) {
				return map[string]any{"role": "admin", "emailVerified": true, "id": "1", "createdAt": time.Now(), "locale": "en", "name": "Countess", "nonsense": 1}, nil
			}
		})
		c, u := s.Client(), ada
		u.EmailVerified = false
		s.signIn(t, c, u)
		row, err := s.Auth.Store().FindUserByEmail(t.Context(), "ada@example.com")
		if err != nil || row.Extra["role"] != nil || row.EmailVerified || row.ID == "1" || row.Extra["locale"] != "en" || row.Name != "Countess" {
			t.Errorf("%+v %v, %v", row, row.Extra, err)
		}
	})

	for name, second := range map[string]func(t testing.TB, s *site) *core.Auth{
		"in one process": func(_ testing.TB, s *site) *core.Auth { return s.Auth },
		"in two processes": func(t testing.TB, s *site) *core.Auth {
			o := s.Env.Options(emailpassword.New(emailpassword.Options{}), social.New(s.acme.Config()))
			o.Database = s.shared
			other, err := core.New(o)
			if err != nil {
				t.Fatal(err)
			}
			return other
		},
	} {
		t.Run("RACE of 50 callers with an expired token one refreshes and all get its token, "+name, func(t *testing.T) {
			t.Parallel()
			s := open(t, nil, nil)
			processes := []*core.Auth{s.Auth, second(t, s)}
			s.acme.ExpiresIn(60)
			c := s.Client()
			s.signIn(t, c, ada)
			s.Clock.Add(2 * time.Minute)
			var all sync.WaitGroup
			var mu sync.Mutex
			got := map[string]int{}
			for i := range 50 {
				one := c.Copy()
				one.Auth = processes[i%2]
				all.Go(func() {
					a := one.Post("/get-access-token", map[string]any{"providerId": "acme"})
					mu.Lock()
					defer mu.Unlock()
					got[fmt.Sprint(a.Status, a.JSON("accessToken"))]++
				})
			}
			all.Wait()
			refreshed := 0
			for _, form := range s.acme.Asked() {
				if form.Get("grant_type") == "refresh_token" {
					refreshed++
				}
			}
			if refreshed != 1 || len(got) != 1 {
				t.Errorf("%d refreshes, answers %v", refreshed, got)
			}
		})
	}

	t.Run("a refresh token that is void is asked for once", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		s.acme.ExpiresIn(60)
		c := s.Client()
		s.signIn(t, c, ada)
		s.Clock.Add(2 * time.Minute)
		s.acme.Token(func(w http.ResponseWriter, _ *http.Request) {
			idptest.Write(w, 400, map[string]any{"error": "invalid_grant"})
		})
		c.Post("/get-access-token", map[string]any{"providerId": "acme"}).Want(t, 400, "FAILED_TO_GET_ACCESS_TOKEN")
		before := len(s.acme.Asked())
		c.Post("/refresh-token", map[string]any{"providerId": "acme"}).Want(t, 400, "REFRESH_TOKEN_NOT_FOUND")
		if len(s.acme.Asked()) != before {
			t.Error("the provider was asked again")
		}
	})
}
