package social_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// meddler is a database in which somebody else acts at a chosen moment.
type meddler struct {
	adapter.Database
	// act happens after the first FindOne of a model, in its transaction. When that is
	// rolled back, it happens again, because somebody else did it.
	model string
	act   func(ctx context.Context, a adapter.Adapter) error
	acted atomic.Bool
	lose  *atomic.Int32 // so many outermost transactions lose to another one and run again
}

type meddled struct {
	adapter.Adapter
	m *meddler
}

func (m *meddler) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := m.Database.Open(s)
	return &meddled{a, m}, err
}

func (a *meddled) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	rec, err := a.Adapter.FindOne(ctx, q)
	if a.m.act != nil && err == nil && q.Model == a.m.model && a.m.acted.CompareAndSwap(false, true) {
		err = a.m.act(ctx, a.Adapter)
	}
	return rec, err
}

var errLost = errors.New("lost to another transaction")

func (a *meddled) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	if a.m.lose != nil && a.m.lose.Add(-1) >= 0 {
		err := a.Adapter.Tx(ctx, func(ctx context.Context) error {
			if err := fn(ctx); err != nil {
				return err
			}
			return errLost
		})
		if !errors.Is(err, errLost) {
			return err
		}
	}
	acted := a.m.acted.Load()
	err := a.Adapter.Tx(ctx, fn)
	if err != nil && !acted && a.m.acted.Load() {
		return errors.Join(err, a.m.act(ctx, a.Adapter))
	}
	return err
}

// contest is a further sign-up with the address of a user.
func contest(t testing.TB, s *site, email string) {
	t.Helper()
	u, err := s.Auth.Store().FindUserByEmail(t.Context(), email)
	if err == nil {
		err = s.Auth.Store().ContestSignUp(t.Context(), u.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAttacksOnLinking(t *testing.T) {
	t.Parallel()
	const email = "ada@example.com"
	squatter := idptest.User{ID: "666", Name: "Eve", Email: email, EmailVerified: false}

	t.Run("LNK-01 a first user with an unproven address loses it to the owner for whom a provider vouches", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		attacker := s.Client()
		s.signIn(t, attacker, squatter)
		to, q := s.signIn(t, s.Client(), ada)
		sorry(t, oauth.RefusedNotLinked, to, q)
		verify(t, s, email) // by a mail
		signedOut(t, attacker)
		if got := accounts(t, s, email); got != "" {
			t.Errorf("accounts %s", got)
		}
		to, q = s.signIn(t, s.Client(), squatter)
		sorry(t, oauth.RefusedNotLinked, to, q)
		if to, q := s.signIn(t, s.Client(), ada); to != "/dashboard" {
			t.Errorf("the owner is sent to %s?%s", to, q.Encode())
		}
	})

	t.Run("LNK-01 an address that the provider has not verified ends nothing of the first one", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		c := signUp(t, s, email)
		to, q := s.signIn(t, s.Client(), squatter)
		sorry(t, oauth.RefusedNotLinked, to, q)
		verify(t, s, email)
		if got := accounts(t, s, email); got != "credential" || string(c.Get("/get-session").Body) == "null" {
			t.Errorf("accounts %s", got)
		}
	})

	for name, change := range map[string]func(o *core.Options, c *oauth.Config){
		"UpdateOnSignIn false": func(o *core.Options, _ *oauth.Config) { o.Account.UpdateOnSignIn = new(false) },
		"OverrideUserInfo":     func(_ *core.Options, c *oauth.Config) { c.OverrideUserInfo = true },
	} {
		t.Run("a proof of the address leaves the account that brought it, "+name, func(t *testing.T) {
			t.Parallel()
			s := open(t, func(o *core.Options) { change(o, new(oauth.Config)) }, func(c *oauth.Config) { change(new(core.Options), c) })
			u := ada
			u.EmailVerified = false
			s.signIn(t, s.Client(), u)
			contest(t, s, email)
			u.EmailVerified = true
			s.signIn(t, s.Client(), u)
			if got := accounts(t, s, email); got != "acme" {
				t.Errorf("accounts %q", got)
			}
		})
	}

	t.Run("OverrideUserInfo with a new verified address leaves the account, also of a contested sign-up", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(o *core.Options) { o.Account.Linking.DisableImplicit = true }, func(c *oauth.Config) { c.OverrideUserInfo = true })
		u := ada
		u.EmailVerified = false
		s.signIn(t, s.Client(), u)
		contest(t, s, email)
		u.Email, u.EmailVerified = "new@example.com", true
		s.signIn(t, s.Client(), u)
		if got := accounts(t, s, "new@example.com"); got != "acme" {
			t.Errorf("accounts %q", got)
		}
	})

	t.Run("OverrideUserInfo with a new address ends what was mailed to the former one", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, func(c *oauth.Config) { c.OverrideUserInfo = true })
		s.signIn(t, s.Client(), ada)
		store := s.Auth.Store()
		row, err := store.FindUserByEmail(t.Context(), email)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.CreateVerification(t.Context(), "reset-password:x", row.ID, s.Clock.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		u := ada
		u.Email = "new@example.com"
		s.signIn(t, s.Client(), u)
		if _, err := store.FindVerification(t.Context(), "reset-password:x"); !core.IsNotFound(err) {
			t.Errorf("the link still works: %v", err)
		}
	})

	t.Run("LNK-03 an address that MapProfile puts in the place of the provider's is not verified", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, func(c *oauth.Config) {
			c.MapProfile = func(context.Context, *oauth2.Profile) (map[string]any, error) {
				return map[string]any{"email": "victim@example.com"}, nil
			}
		})
		signUp(t, s, "victim@example.com")
		verify(t, s, "victim@example.com")
		to, q := s.signIn(t, s.Client(), ada)
		sorry(t, oauth.RefusedNotLinked, to, q)
	})

	t.Run("OverrideUserInfo replaces no address by a placeholder", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, func(c *oauth.Config) { c.OverrideUserInfo = true })
		s.signIn(t, s.Client(), ada)
		u := ada
		u.Email, u.EmailVerified = "1001@acme.placeholder.invalid", false
		c := s.Client()
		s.signIn(t, c, u)
		if a := c.Get("/get-session"); a.JSON("user", "email") != email || a.JSON("user", "emailVerified") != "true" {
			t.Errorf("%s", a.Body)
		}
	})

	t.Run("RACE an account that is unlinked while its provider answers lets nobody in", func(t *testing.T) {
		t.Parallel()
		for _, update := range []bool{true, false} {
			m := &meddler{Database: memory.New()}
			s := open(t, func(o *core.Options) {
				o.Database, o.Account.UpdateOnSignIn, o.Account.Linking.DisableImplicit = m, &update, true
			}, nil)
			s.signIn(t, s.Client(), ada)
			c := s.Client()
			state := begin(t, c, "/sign-in/social", map[string]any{"callbackURL": "/dashboard", "errorCallbackURL": "/sorry"}).Get("state")
			m.model, m.act = core.ModelAccount, func(ctx context.Context, a adapter.Adapter) error {
				_, err := a.DeleteMany(ctx, core.ModelAccount, adapter.By("accountId", "1001"))
				return err
			}
			to, q := s.callback(c, state, ada)
			sorry(t, oauth.RefusedNotLinked, to, q)
			if got := accounts(t, s, email); got != "" {
				t.Errorf("accounts %s", got)
			}
		}
	})

	t.Run("RACE a user who changes the address while the provider answers gets no account of the former one", func(t *testing.T) {
		t.Parallel()
		m := &meddler{Database: memory.New()}
		s := open(t, func(o *core.Options) { o.Database = m }, nil)
		signUp(t, s, email)
		verify(t, s, email)
		c := s.Client()
		state := begin(t, c, "/sign-in/social", map[string]any{"callbackURL": "/dashboard", "errorCallbackURL": "/sorry"}).Get("state")
		m.model, m.act = core.ModelUser, func(ctx context.Context, a adapter.Adapter) error {
			_, err := a.Update(ctx, core.ModelUser, adapter.By("email", email), adapter.Record{"email": "moved@example.com"})
			return err
		}
		s.callback(c, state, ada)
		if got := accounts(t, s, "moved@example.com"); got != "credential" {
			t.Errorf("the user who moved has %s", got)
		}
	})
}

func TestAttacksByValues(t *testing.T) {
	t.Parallel()

	t.Run("OAU-08 ids and addresses that no database can hold end in an error page", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		for _, id := range []string{"a\x00b", strings.Repeat("9", 256), "a\nb", " 1001", "1001 "} {
			u := ada
			u.ID = id
			c := s.Client()
			to, q := s.signIn(t, c, u)
			sorry(t, oauth.RefusedUserInfo, to, q)
			signedOut(t, c)
		}
		for _, address := range []string{"a\x00@example.com", "ada@example.com\r\nBcc: eve@example.com", "ada @example.com", "ada@example.com ", "\u2028ada@example.com", strings.Repeat("a", 300) + "@example.com"} {
			u := ada
			u.ID, u.Email = "3003", address
			c := s.Client()
			to, q := s.signIn(t, c, u)
			sorry(t, oauth.RefusedNoEmail, to, q)
			signedOut(t, c)
		}
	})

	t.Run("LNK-01 a placeholder address is taken by nobody but its account", func(t *testing.T) {
		t.Parallel()
		const placeholder = "1001@acme.placeholder.invalid"
		s := open(t, func(o *core.Options) {
			o.User.ChangeEmail.Enabled, o.User.ChangeEmail.UpdateWithoutVerification = true, true
		}, nil)
		for _, address := range []string{placeholder, "1001@ACME.Placeholder.Invalid"} {
			s.Client().Post("/sign-up/email", map[string]any{"name": "Eve", "email": address, "password": pass}).Want(t, 400, "INVALID_EMAIL")
		}
		signUp(t, s, "eve@example.com").Post("/change-email", map[string]any{"newEmail": placeholder}).Want(t, 400, "INVALID_EMAIL")
		for _, verified := range []bool{true, false} {
			to, q := s.signIn(t, s.Client(), idptest.User{ID: "666", Name: "Eve", Email: placeholder, EmailVerified: verified})
			sorry(t, oauth.RefusedNoEmail, to, q)
		}
		u := ada
		u.Email, u.EmailVerified = placeholder, false
		if to, q := s.signIn(t, s.Client(), u); to != "/welcome" {
			t.Errorf("the owner is sent to %s?%s", to, q.Encode())
		}
	})

	t.Run("OAU-09 tokens that do not fit a column or a cookie end in an error page", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		for _, answer := range []map[string]any{
			{"access_token": strings.Repeat("a", 64<<10)}, {"access_token": "a", "refresh_token": strings.Repeat("a", 64<<10)},
			{"access_token": "a", "scope": strings.Repeat("a ", 32<<10)}, {"access_token": "a\x00"},
		} {
			s.acme.Token(func(w http.ResponseWriter, _ *http.Request) { idptest.Write(w, 200, answer) })
			to, q := s.signIn(t, s.Client(), ada)
			sorry(t, oauth.RefusedCode, to, q)
		}
	})

	t.Run("values of a client that make no URL and no row are refused", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		long := strings.Repeat("a", 20<<10)
		for name, value := range map[string]any{
			"callbackURL": "/" + long, "errorCallbackURL": "/" + long, "newUserCallbackURL": "/" + long, "scopes": []string{long},
			"additionalParams": map[string]string{"x": long}, "additionalData": map[string]any{"x": long},
		} {
			if a := s.Client().Post("/sign-in/social", map[string]any{"provider": "acme", name: value}); a.Status != 400 && a.Status != 403 {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
	})

	t.Run("OAU-07 a form of any size is not sent round through the browser", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		a := s.Client().Post("/callback/acme", map[string]any{"state": "x", "code": strings.Repeat("<", 300<<10)})
		if to, _ := a.Location(); len(to) > 32<<10 {
			t.Errorf("the redirect has %d bytes", len(to))
		}
	})

	t.Run("OAU-07 what a stranger calls an error is no code of an event", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		c := s.Client()
		state := begin(t, c, "/sign-in/social", map[string]any{"callbackURL": "/dashboard", "errorCallbackURL": "/sorry"}).Get("state")
		c.Get("/callback/acme?state=" + state + "&error=" + url.QueryEscape("any\nthing"))
		for _, e := range s.Events() {
			if strings.Contains(e.Code, "any") {
				t.Errorf("event %s %q", e.Type, e.Code)
			}
		}
	})
}

func TestAttacksOnRefreshing(t *testing.T) {
	t.Parallel()
	ask := map[string]any{"providerId": "acme"}

	t.Run("RACE a refresh that fails takes nothing from a sign-in that came meanwhile", func(t *testing.T) {
		t.Parallel()
		for _, status := range []int{400, 200} {
			s := open(t, nil, nil)
			s.acme.ExpiresIn(60)
			c := s.Client()
			s.signIn(t, c, ada)
			s.Clock.Add(2 * time.Minute)
			var newer string
			s.acme.Token(func(w http.ResponseWriter, _ *http.Request) {
				s.acme.Token(nil)
				s.acme.ExpiresIn(3600)
				other := s.Client()
				s.signIn(t, other, ada)
				newer = other.Post("/get-access-token", ask).JSON("accessToken")
				if status == 400 {
					idptest.Write(w, 400, map[string]any{"error": "invalid_grant"})
				} else {
					idptest.Write(w, 200, map[string]any{"access_token": "older", "expires_in": 60})
				}
			})
			c.Post("/get-access-token", ask)
			if got := c.Post("/get-access-token", ask).JSON("accessToken"); newer == "" || got != newer {
				t.Errorf("%d: got %q, want %q", status, got, newer)
			}
			c.Post("/refresh-token", ask).Want(t, 200, "")
		}
	})

	t.Run("a transaction that the database repeats does not wait for itself", func(t *testing.T) {
		t.Parallel()
		lose := new(atomic.Int32)
		s := open(t, func(o *core.Options) {
			o.Database, o.SecondaryStorage = &meddler{Database: memory.New(), lose: lose}, storage.NewMemory(nil)
		}, nil)
		s.acme.ExpiresIn(60)
		c := s.Client()
		s.signIn(t, c, ada)
		s.Clock.Add(2 * time.Minute)
		lose.Store(1)
		c.Post("/get-access-token", ask).Want(t, 200, "")
	})

	t.Run("OAU-15 the account cookie gives no tokens of an account that was unlinked", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(o *core.Options) { o.Account.StoreCookie = true }, nil)
		c := s.Client()
		s.signIn(t, c, ada)
		u := ada
		u.ID = "1002"
		if to, q := s.callback(c, begin(t, c, "/link-social", linkBody()).Get("state"), u); to != "/settings" {
			t.Fatalf("sent to %s?%s", to, q.Encode())
		}
		thief := c.Copy()
		c.Post("/unlink-account", map[string]any{"providerId": "acme", "accountId": "1001"}).Want(t, 200, "")
		c.Post("/get-access-token", map[string]any{"useAccountCookie": true}).Want(t, 400, "ACCOUNT_NOT_FOUND")
		thief.Post("/refresh-token", map[string]any{"providerId": "acme", "accountId": "1001"}).Want(t, 400, "FAILED_TO_REFRESH_ACCESS_TOKEN")
	})

	t.Run("OAU-15 the account cookie of an account that another user has now gives no tokens of theirs", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(o *core.Options) { o.Account.StoreCookie, o.Account.Linking.AllowDifferentEmails = true, true }, nil)
		s.acme.ExpiresIn(60)
		c := s.Client()
		s.signIn(t, c, ada)
		u := ada
		u.ID = "1002"
		s.callback(c, begin(t, c, "/link-social", linkBody()).Get("state"), u)
		stale := c.Copy()
		c.Post("/unlink-account", map[string]any{"providerId": "acme", "accountId": "1001"}).Want(t, 200, "")
		bob := signUp(t, s, "bob@example.com")
		if to, q := s.callback(bob, begin(t, bob, "/link-social", linkBody()).Get("state"), ada); to != "/settings" {
			t.Fatalf("sent to %s?%s", to, q.Encode())
		}
		s.Clock.Add(2 * time.Minute)
		for _, path := range []string{"/get-access-token", "/refresh-token"} {
			if a := stale.Post(path, map[string]any{"providerId": "acme", "accountId": "1001"}); a.Status != 400 {
				t.Errorf("%s: %d %s", path, a.Status, a.Body)
			}
		}
	})

	t.Run("OAU-15 the account cookie gives no tokens to a session that was revoked", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(o *core.Options) { o.Account.StoreCookie, o.Session.CookieCache.Enabled = true, true }, nil)
		c := s.Client()
		s.signIn(t, c, ada)
		thief := c.Copy()
		c.Post("/revoke-sessions", nil).Want(t, 200, "")
		thief.Post("/get-access-token", ask).Want(t, 401, "UNAUTHORIZED")
		thief.Get("/account-info?accountId=1001").Want(t, 401, "UNAUTHORIZED")
	})

	t.Run("a client that goes away leaves the refresh to those who wait", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		s.acme.ExpiresIn(60)
		c := s.Client()
		s.signIn(t, c, ada)
		s.Clock.Add(2 * time.Minute)
		p, _ := social.From(s.Auth)
		owner, err := s.Auth.Store().FindUserByEmail(t.Context(), "ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		provider, userID := "acme", owner.ID
		in := func() *social.TokenInput { return &social.TokenInput{ProviderID: &provider, UserID: &userID} }
		gone, leave := context.WithCancel(t.Context())
		answer, asked := make(chan struct{}), make(chan struct{})
		s.acme.Token(func(w http.ResponseWriter, _ *http.Request) {
			close(asked)
			<-answer
			idptest.Write(w, 200, map[string]any{"access_token": "fresh", "expires_in": 3600})
		})
		left := make(chan error)
		go func() {
			_, err := p.GetAccessToken.Call(gone, in())
			left <- err
		}()
		<-asked
		leave()
		if err := <-left; err == nil {
			t.Error("the client that went away has an answer")
		}
		close(answer)
		if reply, err := p.GetAccessToken.Call(t.Context(), in()); err != nil || reply.AccessToken != "fresh" {
			t.Errorf("%v", err)
		}
	})

	t.Run("the profile of another account is not taken for that of the user", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		c := s.Client()
		s.signIn(t, c, ada)
		s.acme.Info(func(w http.ResponseWriter, _ *http.Request) {
			idptest.Write(w, 200, map[string]any{"sub": "2002", "email": "bob@example.com"})
		})
		c.Get("/account-info?accountId=1001").Want(t, 400, "FAILED_TO_GET_USER_INFO")
	})
}

func TestNonceOfCodeFlow(t *testing.T) {
	t.Parallel()
	t.Run("OAU-06 a provider whose id_tokens come with a code only gets a nonce too", func(t *testing.T) {
		t.Parallel()
		checked := make(chan string, 1)
		s := open(t, nil, func(c *oauth.Config) {
			c.NoIDTokenSignIn, c.NoPKCE = true, true
			c.VerifyIDToken = func(_ context.Context, _ *http.Client, _ *oauth2.Provider, _, nonce string) (oauth2.Claims, error) {
				checked <- nonce
				return oauth2.Claims{"sub": "1001"}, nil
			}
		})
		c := s.Client()
		q := begin(t, c, "/sign-in/social", map[string]any{"callbackURL": "/dashboard"})
		s.acme.Token(func(w http.ResponseWriter, _ *http.Request) {
			idptest.Write(w, 200, map[string]any{"access_token": "a", "id_token": "x.y.z"})
		})
		s.acme.Info(func(w http.ResponseWriter, _ *http.Request) {
			idptest.Write(w, 200, map[string]any{"sub": "1001", "email": "ada@example.com"})
		})
		s.callback(c, q.Get("state"), ada)
		if got := <-checked; got == "" || got != q.Get("nonce") {
			t.Errorf("sent nonce %q, checked %q", q.Get("nonce"), got)
		}
	})
}

func TestAttacksOnState(t *testing.T) {
	t.Parallel()
	const email, stateCookie, storedCookie = "ada@example.com", "better-auth.state", "better-auth.oauth_state"
	body := func() map[string]any {
		return map[string]any{"callbackURL": "/dashboard", "errorCallbackURL": "/sorry"}
	}

	t.Run("OAU-01 a state in a cookie ends too", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(o *core.Options) { o.Account.StateInCookie = true }, nil)
		c := s.Client()
		state := begin(t, c, "/sign-in/social", body()).Get("state")
		kept := c.Cookie(storedCookie)
		s.Clock.Add(10*time.Minute + time.Second)
		c.SetCookie(storedCookie, kept)
		if to, q := s.callback(c, state, ada); q.Get("error") != oauth.RefusedState {
			t.Errorf("sent to %s?%s", to, q.Encode())
		}
		signedOut(t, c)
	})

	t.Run("the cookie of pending flows does not grow without bound", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		c := s.Client()
		for range 12 {
			begin(t, c, "/sign-in/social", body())
		}
		if n := len(c.Cookie(stateCookie)); n > 300 {
			t.Errorf("%d bytes", n)
		}
	})

	t.Run("LNK-07 another session of the user does not complete a link, and no session that has ended", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil, nil)
		c := signUp(t, s, email)
		other := s.Client()
		other.Post("/sign-in/email", map[string]any{"email": email, "password": pass}).Want(t, 200, "")
		state := begin(t, c, "/link-social", linkBody()).Get("state")
		other.SetCookie(stateCookie, c.Cookie(stateCookie))
		to, q := s.callback(other, state, ada)
		sorry(t, oauth.RefusedLink, to, q)

		s = open(t, func(o *core.Options) { o.Session.ExpiresIn = 5 * time.Minute }, nil)
		c = signUp(t, s, email)
		state = begin(t, c, "/link-social", linkBody()).Get("state")
		browser := s.Client()
		browser.SetCookie(stateCookie, c.Cookie(stateCookie))
		s.Clock.Add(6 * time.Minute)
		to, q = s.callback(browser, state, ada)
		sorry(t, oauth.RefusedLink, to, q)
		if got := accounts(t, s, email); got != "credential" {
			t.Errorf("accounts %s", got)
		}
		if !strings.Contains(s.Log.String(), "the session that began the link has ended") {
			t.Errorf("the operator was not told: %s", s.Log)
		}
	})

	t.Run("LNK-07 a link that a server of Better Auth began is completed for its user only", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(o *core.Options) { o.Compat, o.Account.Linking.AllowDifferentEmails = core.CompatBetterAuth, true }, nil)
		c := signUp(t, s, email)
		state := begin(t, c, "/link-social", linkBody()).Get("state")
		v, err := s.Auth.Store().FindVerification(t.Context(), state)
		if err != nil {
			t.Fatal(err)
		}
		head, _, found := strings.Cut(v.Value, `,"session":`)
		if !found {
			t.Fatalf("the state is %s", v.Value)
		}
		if _, err := s.Auth.Store().UpdateVerification(t.Context(), state, head+"}"); err != nil {
			t.Fatal(err)
		}
		eve := signUp(t, s, "eve@example.com")
		eve.SetCookie(stateCookie, c.Cookie(stateCookie))
		to, q := s.callback(eve, state, ada)
		sorry(t, oauth.RefusedLink, to, q)
	})

	t.Run("TFA-13 a provider's callback is held for the second factor, and leaves no account cookie", func(t *testing.T) {
		t.Parallel()
		factor := twofactor.New(twofactor.Options{})
		s := open(t, func(o *core.Options) {
			o.Account.StoreCookie = true
			o.Plugins = append(o.Plugins, factor)
		}, nil)
		c := signUp(t, s, email)
		verify(t, s, email)
		a := c.Post("/two-factor/enable", map[string]any{"password": pass}).Want(t, 200, "")
		u, err := url.Parse(a.JSON("totpURI"))
		if err != nil {
			t.Fatal(err)
		}
		code, err := totp(u.Query().Get("secret"), s.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		c.Post("/two-factor/verify-totp", map[string]any{"code": code}).Want(t, 200, "")
		browser := s.Client()
		to, q := s.signIn(t, browser, ada)
		if !strings.HasSuffix(to, "/dashboard") || q.Get("twoFactorRedirect") != "true" {
			t.Errorf("sent to %s?%s", to, q.Encode())
		}
		signedOut(t, browser)
		if browser.Cookie("better-auth.account_data") != "" {
			t.Error("an account cookie without a session")
		}
		if got := accounts(t, s, email); got != "credential acme" {
			t.Errorf("accounts %s", got)
		}
	})
}

// totp is the code of a secret at a time (RFC 6238).
func totp(secret string, at time.Time) (string, error) {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return "", err
	}
	m := hmac.New(sha1.New, key)
	if err := binary.Write(m, binary.BigEndian, at.Unix()/30); err != nil {
		return "", err
	}
	sum := m.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&15:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1e6), nil
}
