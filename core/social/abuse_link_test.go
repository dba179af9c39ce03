package social_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

const pass = "correct horse"

func signUp(t testing.TB, s *site, email string) *authtest.Client {
	t.Helper()
	c := s.Client()
	c.Post("/sign-up/email", map[string]any{"name": "First", "email": email, "password": pass}).Want(t, 200, "")
	return c
}

// verify proves the address of a user.
func verify(t testing.TB, s *site, email string) {
	t.Helper()
	u, err := s.Auth.Store().FindUserByEmail(t.Context(), email)
	if err == nil {
		_, err = s.Auth.Store().UpdateUser(t.Context(), u.ID, adapter.Record{"emailVerified": true})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func accounts(t testing.TB, s *site, email string) string {
	t.Helper()
	u, err := s.Auth.Store().FindUserByEmail(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := s.Auth.Store().FindAccounts(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range rows {
		out = append(out, r.ProviderID)
	}
	return strings.Join(out, " ")
}

func linkBody() map[string]any {
	return map[string]any{"callbackURL": "/settings", "errorCallbackURL": "/sorry"}
}

func TestLinkAbuse(t *testing.T) {
	t.Parallel()
	const email = "ada@example.com"

	t.Run("LNK-01 an unverified account with the victim's address is not linked", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		signUp(t, s, email)
		c := s.Client()
		to, q := s.signIn(t, c, ada)
		sorry(t, oauth.RefusedNotLinked, to, q)
		signedOut(t, c)
		verify(t, s, email)
		if to, _ = s.signIn(t, c, ada); to != "/dashboard" || accounts(t, s, email) != "acme" {
			t.Errorf("a verified user: sent to %s, accounts %s", to, accounts(t, s, email))
		}
	})

	t.Run("LNK-01 where unverified users are linked, nothing of the first one is left", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(o *core.Options) { o.Account.Linking.AllowUnverifiedUser = true }, nil)
		attacker := signUp(t, s, email)
		c := s.Client()
		if to, q := s.signIn(t, c, ada); to != "/dashboard" {
			t.Fatalf("sent to %s?%s", to, q.Encode())
		}
		signedOut(t, attacker)
		if got := accounts(t, s, email); got != "acme" {
			t.Errorf("accounts %s", got)
		}
		s.Client().Post("/sign-in/email", map[string]any{"email": email, "password": pass}).Want(t, 401, "INVALID_CREDENTIALS")
		if a := c.Get("/get-session"); a.JSON("user", "emailVerified") != "true" {
			t.Errorf("%s", a.Body)
		}
	})

	t.Run("a user who links after a refusal keeps the password", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		c := signUp(t, s, email)
		to, q := s.signIn(t, s.Client(), ada)
		sorry(t, oauth.RefusedNotLinked, to, q)
		if to, q := s.callback(c, begin(t, c, "/link-social", linkBody()).Get("state"), ada); to != "/settings" {
			t.Fatalf("sent to %s?%s", to, q.Encode())
		}
		if to, _ := s.signIn(t, s.Client(), ada); to != "/dashboard" || accounts(t, s, email) != "credential acme" {
			t.Errorf("sent to %s, accounts %s", to, accounts(t, s, email))
		}
		s.Client().Post("/sign-in/email", map[string]any{"email": email, "password": pass}).Want(t, 200, "")
	})

	t.Run("LNK-03 an address that the provider has not verified links nothing", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		signUp(t, s, email)
		verify(t, s, email)
		for _, verified := range []any{false, "false", nil, "", 0, 1, "yes", []any{true}} {
			u := ada
			u.EmailVerified = verified
			c := s.Client()
			to, q := s.signIn(t, c, u)
			sorry(t, oauth.RefusedNotLinked, to, q)
			signedOut(t, c)
		}
	})

	t.Run("LNK-04 a trusted provider still needs the user's own address to be verified", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(o *core.Options) { o.Account.Linking.TrustedProviders = []string{"acme"} }, nil)
		signUp(t, s, email)
		u := ada
		u.EmailVerified = false
		to, q := s.signIn(t, s.Client(), u)
		sorry(t, oauth.RefusedNotLinked, to, q)
		verify(t, s, email)
		if to, _ := s.signIn(t, s.Client(), u); to != "/dashboard" {
			t.Errorf("sent to %s", to)
		}
	})

	for name, change := range map[string]func(*core.LinkingOptions){
		"Disabled": func(l *core.LinkingOptions) { l.Disabled = true }, "DisableImplicit": func(l *core.LinkingOptions) { l.DisableImplicit = true },
	} {
		t.Run("Linking."+name+" links nobody by a sign-in", func(t *testing.T) {
			t.Parallel()
			s := open(t, func(o *core.Options) { change(&o.Account.Linking) }, nil)
			c := signUp(t, s, email)
			verify(t, s, email)
			to, q := s.signIn(t, s.Client(), ada)
			sorry(t, oauth.RefusedNotLinked, to, q)
			to, q = s.callback(c, begin(t, c, "/link-social", linkBody()).Get("state"), ada)
			if name == "Disabled" {
				sorry(t, oauth.RefusedLink, to, q)
			} else if to != "/settings" {
				t.Errorf("link-social: sent to %s?%s", to, q.Encode())
			}
		})
	}

	t.Run("LNK-05 an identity that another user has is not taken from them", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(o *core.Options) { o.Account.Linking.AllowDifferentEmails = true }, nil)
		s.signIn(t, s.Client(), ada)
		thief := signUp(t, s, "eve@example.com")
		to, q := s.callback(thief, begin(t, thief, "/link-social", linkBody()).Get("state"), ada)
		sorry(t, oauth.RefusedLinkTaken, to, q)
		if got := accounts(t, s, email); got != "acme" {
			t.Errorf("the owner has %s", got)
		}
		if got := accounts(t, s, "eve@example.com"); got != "credential" {
			t.Errorf("the thief has %s", got)
		}
	})

	t.Run("LNK-06 another address is linked only where that is allowed", func(t *testing.T) {
		t.Parallel()
		for _, allowed := range []bool{false, true} {
			s := open(t, func(o *core.Options) { o.Account.Linking.AllowDifferentEmails = allowed }, nil)
			c := signUp(t, s, "other@example.com")
			to, q := s.callback(c, begin(t, c, "/link-social", linkBody()).Get("state"), ada)
			if !allowed {
				sorry(t, oauth.RefusedLinkEmail, to, q)
			} else if to != "/settings" || accounts(t, s, "other@example.com") != "credential acme" {
				t.Errorf("sent to %s?%s", to, q.Encode())
			}
		}
	})

	t.Run("LNK-07 a link that one session began is completed in no other", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(o *core.Options) { o.Account.Linking.AllowDifferentEmails = true }, nil)
		first := func() *authtest.Client { return signUp(t, s, "first@example.com") }
		for name, meanwhile := range map[string]func(c *authtest.Client){
			"another user": func(c *authtest.Client) {
				c.Post("/sign-out", nil)
				c.Post("/sign-up/email", map[string]any{"name": "Second", "email": "second@example.com", "password": pass}).Want(t, 200, "")
			},
			"the user again": func(c *authtest.Client) {
				c.Post("/sign-in/email", map[string]any{"email": "first@example.com", "password": pass}).Want(t, 200, "")
			},
			"nobody": func(c *authtest.Client) { c.Post("/sign-out", nil) },
		} {
			s = open(t, func(o *core.Options) { o.Account.Linking.AllowDifferentEmails = true }, nil)
			c := first()
			state := begin(t, c, "/link-social", linkBody()).Get("state")
			meanwhile(c)
			to, q := s.callback(c, state, ada)
			if to != "/sorry" || q.Get("error") != oauth.RefusedLink {
				t.Errorf("%s: sent to %s?%s", name, to, q.Encode())
			}
			if got := accounts(t, s, "first@example.com"); got != "credential" {
				t.Errorf("%s: the first user has %s", name, got)
			}
		}
	})

	t.Run("a link of a native application ends in a browser without a session", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		c := signUp(t, s, email)
		state := begin(t, c, "/link-social", linkBody()).Get("state")
		browser := s.Client()
		browser.SetCookie("better-auth.state", c.Cookie("better-auth.state"))
		if to, q := s.callback(browser, state, ada); to != "/settings" || accounts(t, s, email) != "credential acme" {
			t.Errorf("sent to %s?%s", to, q.Encode())
		}
		signedOut(t, browser)
	})

	t.Run("LNK-08 RACE of two unlinks one leaves an account", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		c := signUp(t, s, email)
		verify(t, s, email)
		s.callback(c, begin(t, c, "/link-social", linkBody()).Get("state"), ada)
		var all sync.WaitGroup
		for _, provider := range []string{"acme", "credential"} {
			one := c.Copy()
			all.Go(func() { one.Post("/unlink-account", map[string]any{"providerId": provider}) })
		}
		all.Wait()
		if got := accounts(t, s, email); got != "acme" && got != "credential" {
			t.Errorf("left: %q", got)
		}
		c.Post("/unlink-account", map[string]any{"providerId": accounts(t, s, email)}).Want(t, 400, "FAILED_TO_UNLINK_LAST_ACCOUNT")
	})

	t.Run("LNK-09 another user's account is not unlinked", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		s.signIn(t, s.Client(), ada)
		owner, err := s.Auth.Store().FindAccount(t.Context(), "acme", "1001")
		if err != nil {
			t.Fatal(err)
		}
		thief := signUp(t, s, "eve@example.com")
		s.callback(thief, begin(t, thief, "/link-social", linkBody()).Get("state"), idptest.User{ID: "3", Name: "Eve", Email: "eve@example.com", EmailVerified: true})
		thief.Post("/unlink-account", map[string]any{"providerId": "acme", "accountId": "1001"}).Want(t, 400, "ACCOUNT_NOT_FOUND")
		thief.Post("/unlink-account", map[string]any{"accountId": owner.ID}).Want(t, 400, "ACCOUNT_NOT_FOUND")
		if got := accounts(t, s, email); got != "acme" {
			t.Errorf("left: %q", got)
		}
	})

	t.Run("LNK-12 two providers with the same id of a user are two accounts", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		s.signIn(t, s.Client(), ada)
		eve := idptest.User{ID: "1001", Name: "Eve", Email: "eve@example.com", EmailVerified: true}
		c := signUp(t, s, "eve@example.com")
		verify(t, s, "eve@example.com")
		if to, q := s.callback(c, begin(t, c, "/link-social", linkBody()).Get("state"), eve); to == "/settings" || q.Get("error") != oauth.RefusedLinkTaken {
			t.Errorf("within one provider: sent to %s?%s", to, q.Encode())
		}
	})

	t.Run("the address of a returning user does not decide whose account it is", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		s.signIn(t, s.Client(), ada)
		signUp(t, s, "victim@example.com")
		verify(t, s, "victim@example.com")
		u := ada
		u.Email = "victim@example.com" // changed at the provider
		c := s.Client()
		s.signIn(t, c, u)
		if a := c.Get("/get-session"); a.JSON("user", "email") != email {
			t.Errorf("%s", a.Body)
		}
	})

	t.Run("OverrideUserInfo takes no other user's address", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, func(c *oauth.Config) { c.OverrideUserInfo = true })
		s.signIn(t, s.Client(), ada)
		signUp(t, s, "victim@example.com")
		u := ada
		u.Email, u.Name = "victim@example.com", "New Name"
		c := s.Client()
		to, q := s.signIn(t, c, u)
		sorry(t, oauth.RefusedCreateUser, to, q)
		u.Email = "new@example.com"
		s.signIn(t, c, u)
		if a := c.Get("/get-session"); a.JSON("user", "email") != "new@example.com" || a.JSON("user", "name") != "New Name" {
			t.Errorf("%s", a.Body)
		}
	})

	t.Run("sign-up is refused where the provider's options say so", func(t *testing.T) {
		t.Parallel()
		for name, change := range map[string]func(*oauth.Config){
			"DisableSignUp": func(c *oauth.Config) { c.DisableSignUp = true }, "DisableImplicitSignUp": func(c *oauth.Config) { c.DisableImplicitSignUp = true },
		} {
			s := open(t, nil, change)
			c := s.Client()
			to, q := s.signIn(t, c, ada)
			sorry(t, oauth.RefusedSignUp, to, q)
			signedOut(t, c)
			to, _ = s.callback(c, begin(t, c, "/sign-in/social", map[string]any{"callbackURL": "/dashboard", "requestSignUp": true}).Get("state"), ada)
			if in := to == "/dashboard"; in != (name == "DisableImplicitSignUp") {
				t.Errorf("%s, requestSignUp: sent to %s", name, to)
			}
		}
	})

	t.Run("RACE-02 of 20 first sign-ins of one person one makes the user", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		var all sync.WaitGroup
		var mu sync.Mutex
		to := map[string]int{}
		for range 20 {
			c := s.Client()
			state := begin(t, c, "/sign-in/social", map[string]any{"callbackURL": "/dashboard", "newUserCallbackURL": "/welcome", "errorCallbackURL": "/sorry"}).Get("state")
			all.Go(func() {
				where, q := s.callback(c, state, ada)
				mu.Lock()
				defer mu.Unlock()
				to[where+q.Encode()]++
			})
		}
		all.Wait()
		if fmt.Sprint(to) != "map[/dashboard:19 /welcome:1]" || accounts(t, s, email) != "acme" {
			t.Errorf("%v, accounts %s", to, accounts(t, s, email))
		}
	})
}

func TestHooksSeeTheFlow(t *testing.T) {
	t.Parallel()
	var seen []string
	var s *site
	s = open(t, func(o *core.Options) {
		o.After = func(c *core.Ctx) error {
			if e := oauth.From(c.Auth()); e != nil {
				if flow, ok := e.Flow(c); ok {
					plan, _ := flow.Data.Get("plan")
					text, _ := plan.Str()
					seen = append(seen, c.Path()+" "+text+" "+flow.CallbackURL)
				}
			}
			return nil
		}
	}, nil)
	c := s.Client()
	state := begin(t, c, "/sign-in/social", map[string]any{"callbackURL": "/dashboard", "additionalData": map[string]any{"plan": "pro", "codeVerifier": "mine", "link": map[string]any{"userId": "x"}}}).Get("state")
	if to, q := s.callback(c, state, ada); to != "/dashboard" {
		t.Errorf("sent to %s?%s", to, q.Encode())
	}
	if got := strings.Join(seen, ", "); got != "/sign-in/social pro /dashboard, /callback/acme pro /dashboard" && got != "/sign-in/social pro /dashboard, /callback/:id pro /dashboard" {
		t.Errorf("hooks saw %s", got)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	s := open(t, nil, nil)
	s.signIn(t, s.Client(), ada)
	s.callback(s.Client(), strings.Repeat("x", 32), ada)
	var got []string
	for _, e := range s.Events() {
		got = append(got, string(e.Type)+" "+e.Code)
	}
	if text := strings.Join(got, ", "); text != "sign-up , sign-in , sign-in.failed "+oauth.RefusedState {
		t.Error(text)
	}
}

func TestTokensAreNotForRevokedSessions(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *core.Options) { o.Session.CookieCache.Enabled = true }, nil)
	c := s.Client()
	s.signIn(t, c, ada)
	thief := c.Copy()
	c.Post("/revoke-sessions", nil).Want(t, 200, "")
	for path, body := range map[string]map[string]any{"/get-access-token": {"providerId": "acme"}, "/refresh-token": {"providerId": "acme"}, "/link-social": linkBody()} {
		body["provider"] = "acme"
		thief.Post(path, body).Want(t, 401, "UNAUTHORIZED")
	}
	thief.Get("/account-info?accountId=1001").Want(t, 401, "UNAUTHORIZED")
}
