package core_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/wire"
)

func TestAccounts(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	c := join(t, e, ada)
	store, ctx := e.Auth.Store(), t.Context()
	id := row(t, e, core.ModelUser)["id"].(string)
	c.Post("/unlink-account", object{"providerId": "credential"}).Want(t, 400, "FAILED_TO_UNLINK_LAST_ACCOUNT")
	scope, token, later := "openid,email", "canary-token", authtest.Start.Add(time.Hour)
	for _, n := range []string{"g1", "g2"} {
		if _, err := store.CreateAccount(ctx, core.Account{UserID: id, ProviderID: "google", AccountID: n, Scope: &scope, AccessToken: &token, AccessTokenExpiresAt: &later}); err != nil {
			t.Fatal(err)
		}
	}
	a := c.Get("/list-accounts").Want(t, 200, "")
	var list []struct {
		ProviderID, AccountID string
		Scopes                []string
	}
	if err := json.Unmarshal([]byte(a.Body), &list); err != nil || len(list) != 3 || len(list[0].Scopes) != 0 || strings.Join(list[1].Scopes, "+") != "openid+email" {
		t.Errorf("%s %v", a.Body, err)
	}
	mustNotContain(t, "the list", a.Body, token, `"scope"`, "expiresAt", "ExpiresAt", "password")
	c.Post("/unlink-account", object{"providerId": "github"}).Want(t, 400, "ACCOUNT_NOT_FOUND")
	c.Post("/unlink-account", object{"providerId": "google", "accountId": "g3"}).Want(t, 400, "ACCOUNT_NOT_FOUND")
	c.Post("/unlink-account", object{"providerId": "google", "accountId": "g2"}).Want(t, 200, "")
	if _, err := store.FindAccount(ctx, "google", "g2"); !errors.Is(err, adapter.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if acc, err := store.FindAccount(ctx, "google", "g1"); err != nil || *acc.AccessToken != token || !acc.AccessTokenExpiresAt.Equal(later) {
		t.Errorf("%v %v", acc, err)
	}
	// One of two requests that each remove one of two accounts fails.
	var wg sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for _, p := range []string{"google", "credential"} {
		wg.Go(func() {
			a := c.Copy().Post("/unlink-account", object{"providerId": p})
			mu.Lock()
			statuses[a.Status]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if statuses[200] != 1 || statuses[400] != 1 || len(rows(t, e, core.ModelAccount)) != 1 {
		t.Errorf("%v, %d accounts are left", statuses, len(rows(t, e, core.ModelAccount)))
	}
	all := open(t, func(_ *authtest.Env, o *core.Options) { o.Account.AllowUnlinkingAll = true })
	join(t, all, ada).Post("/unlink-account", object{"providerId": "credential"}).Want(t, 200, "")
}

func TestChangeEmail(t *testing.T) {
	t.Parallel()
	const next = "next@example.com"
	start := func(t *testing.T, verified bool, change func(*authtest.Env, *core.Options)) (*authtest.Env, *authtest.Client) {
		e := open(t, func(e *authtest.Env, o *core.Options) {
			o.User.ChangeEmail.Enabled = true
			if change != nil {
				change(e, o)
			}
		})
		c := join(t, e, ada)
		if verified {
			if _, err := e.Auth.Store().UpdateUserByEmail(t.Context(), ada, adapter.Record{"emailVerified": true}); err != nil {
				t.Fatal(err)
			}
		}
		return e, c
	}
	user := func(t *testing.T, e *authtest.Env, email string, verified bool) {
		t.Helper()
		if u := row(t, e, core.ModelUser); u["email"] != email || u["emailVerified"] != verified {
			t.Errorf("the user has %v, verified %v", u["email"], u["emailVerified"])
		}
	}
	t.Run("by a link to the new address", func(t *testing.T) {
		t.Parallel()
		e, c := start(t, true, nil)
		c.Post("/change-email", object{"newEmail": "Next@Example.com", "callbackURL": "/done"}).Want(t, 200, "")
		mail := e.LastMail()
		if mail.To != next {
			t.Errorf("the mail goes to %s", mail.To)
		}
		user(t, e, ada, true)
		if target, _ := c.Get("/verify-email?token="+mail.Token+"&callbackURL=/done").Want(t, 302, "").Location(); target != "/done" {
			t.Errorf("leads to %s", target)
		}
		user(t, e, next, true)
		if got := c.Get("/get-session").JSON("user", "email"); got != next {
			t.Errorf("the session shows %s", got)
		}
		// The link names the former address and is worthless now.
		c.Get("/verify-email?token="+mail.Token).Want(t, 401, "USER_NOT_FOUND")
	})
	t.Run("with a confirmation from the current address first", func(t *testing.T) {
		t.Parallel()
		e, c := start(t, true, func(e *authtest.Env, o *core.Options) { o.User.ChangeEmail.SendConfirmation = e.ChangeMail("confirm") })
		c.Post("/change-email", object{"newEmail": next}).Want(t, 200, "")
		confirm := e.LastMail()
		if confirm.Kind != "confirm" || confirm.To != ada || confirm.NewEmail != next {
			t.Errorf("%+v", confirm)
		}
		c.Get("/verify-email?token="+confirm.Token).Want(t, 200, "")
		user(t, e, ada, true)
		verify := e.LastMail()
		if verify.Kind != "verify-email" || verify.To != next {
			t.Errorf("%+v", verify)
		}
		c.Get("/verify-email?token="+verify.Token).Want(t, 200, "")
		user(t, e, next, true)
	})
	t.Run("at once while the address is unverified", func(t *testing.T) {
		t.Parallel()
		e, c := start(t, false, func(_ *authtest.Env, o *core.Options) { o.User.ChangeEmail.UpdateWithoutVerification = true })
		c.Post("/change-email", object{"newEmail": next}).Want(t, 200, "")
		user(t, e, next, false)
		c.Get("/verify-email?token="+e.LastMail().Token).Want(t, 200, "")
		user(t, e, next, true)
	})
	t.Run("to a used address: the answer is the same, and nothing happens", func(t *testing.T) {
		t.Parallel()
		for _, atOnce := range []bool{false, true} {
			e, c := start(t, false, func(_ *authtest.Env, o *core.Options) { o.User.ChangeEmail.UpdateWithoutVerification = atOnce })
			join(t, e, bob)
			mails := len(e.Mails())
			used := c.Copy().Post("/change-email", object{"newEmail": bob}).Want(t, 200, "")
			if len(e.Mails()) != mails {
				t.Error("a mail was sent")
			}
			if free := c.Copy().Post("/change-email", object{"newEmail": next}).Want(t, 200, ""); free.Body != used.Body {
				t.Errorf("%s and %s", free.Body, used.Body)
			}
			if n := len(rows(t, e, core.ModelUser, adapter.Cond{Field: "email", Value: bob})); n != 1 {
				t.Errorf("%d users have the address", n)
			}
		}
	})
	t.Run("an address that was taken meanwhile", func(t *testing.T) {
		t.Parallel()
		e, c := start(t, true, nil)
		c.Post("/change-email", object{"newEmail": bob}).Want(t, 200, "")
		link := e.LastMail().Token
		join(t, e, bob)
		c.Get("/verify-email?token="+link).Want(t, 401, "INVALID_TOKEN")
	})
	t.Run("refusals", func(t *testing.T) {
		t.Parallel()
		_, c := start(t, true, nil)
		c.Post("/change-email", object{"newEmail": "ADA@example.com"}).Want(t, 400, "EMAIL_IS_THE_SAME")
		off := open(t, nil)
		join(t, off, ada).Post("/change-email", object{"newEmail": next}).Want(t, 400, "CHANGE_EMAIL_DISABLED")
		_, c = start(t, true, func(_ *authtest.Env, o *core.Options) { o.EmailVerification.Send = nil })
		c.Post("/change-email", object{"newEmail": next}).Want(t, 400, "VERIFICATION_EMAIL_ISNT_ENABLED")
	})
	t.Run("the session of another user does not open the link", func(t *testing.T) {
		t.Parallel()
		e, c := start(t, true, nil)
		c.Post("/change-email", object{"newEmail": next}).Want(t, 200, "")
		link := e.LastMail().Token
		join(t, e, bob).Get("/verify-email?token="+link).Want(t, 401, "INVALID_USER")
	})
}

func TestExpiredRows(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	join(t, e, ada)
	e.Clock.Add(6 * 24 * time.Hour)
	alive := login(t, e, ada)
	e.Client().Post("/request-password-reset", object{"email": ada}).Want(t, 200, "")
	e.Clock.Add(2 * 24 * time.Hour)
	if err := e.Auth.DeleteExpired(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, v := len(rows(t, e, core.ModelSession)), len(rows(t, e, core.ModelVerification)); s != 1 || v != 0 {
		t.Errorf("%d sessions and %d values are left", s, v)
	}
	wantSignedIn(t, alive, true)
}

func TestErrorBodies(t *testing.T) {
	t.Parallel()
	e := &core.Error{Status: 400, Code: "X", Message: `a "b"`, Details: []core.Detail{{Name: "n", Value: wire.String("v")}}}
	if got := string(e.AppendJSON(nil)); got != `{"message":"a \"b\"","code":"X","n":"v"}` {
		t.Errorf("%s", got)
	}
	if !errors.Is(e, &core.Error{Status: 400, Code: "X", Message: `a "b"`}) || errors.Is(e, core.FailText(400, "Y")) || e.Error() != `X: a "b"` {
		t.Errorf("%v", e)
	}
	if got := core.FailText(400, "Email isn't the same").Code; got != "EMAIL_ISNT_THE_SAME" {
		t.Errorf("%s", got)
	}
}

func TestPluginSession(t *testing.T) {
	t.Parallel()
	var other *core.SessionData
	who := core.Get("who", "/who", func(c *core.Ctx, _ *core.NoInput) (map[string]string, error) {
		k := c.NewCookie("hint", time.Hour).Readable()
		c.SetCookie(k, "a b;é")
		return map[string]string{"email": c.Session().User.Email, "cookie": c.Cookie("plain"), "method": c.Method()}, nil
	}, core.Use(core.RequireFresh))
	e := open(t, nil, plugin("token", core.Manifest{
		Operations: []core.Operation{who},
		Authenticate: func(c *core.Ctx) (core.Credential, error) {
			if c.Req.Header.Get("Authorization") == "Bearer good" {
				return core.Credential{Session: other}, nil
			}
			return core.Credential{}, nil
		},
	}))
	c := join(t, e, ada)
	var err error
	if other, err = e.Auth.Store().FindSession(t.Context(), tokenOf(join(t, e, bob))); err != nil {
		t.Fatal(err)
	}
	e.Client().Get("/who").Want(t, 401, "UNAUTHORIZED")
	if got := c.Get("/who", header("Cookie", c.CookieHeader()+"; plain=x%20y")); got.JSON("email") != ada || got.JSON("cookie") != "x y" || got.JSON("method") != "GET" {
		t.Errorf("%s", got.Body)
	}
	a := e.Client().Get("/who", header("Authorization", "Bearer good")).Want(t, 200, "")
	if a.JSON("email") != bob {
		t.Errorf("%s", a.Body)
	}
	line := a.Header.Get("Set-Cookie")
	if _, httpOnly := attribute(line, "HttpOnly"); httpOnly || !strings.HasPrefix(line, "better-auth.hint=a%20b%3B%C3%A9; Max-Age=3600") {
		t.Errorf("%s", line)
	}
	e.Clock.Add(25 * time.Hour)
	e.Client().Get("/who", header("Authorization", "Bearer good")).Want(t, 403, "SESSION_NOT_FRESH")
}

func TestUnlinkByRowID(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	c := e.Client()
	userID := c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": "a@b.co", "password": "password123"}).Want(t, 200, "").JSON("user", "id")
	other, err := e.Auth.Store().CreateAccount(t.Context(), core.Account{UserID: userID, ProviderID: "github", AccountID: "42"})
	if err != nil {
		t.Fatal(err)
	}
	c.Post("/unlink-account", map[string]any{}).Want(t, 400, "VALIDATION_ERROR")
	c.Post("/unlink-account", map[string]any{"accountId": "42"}).Want(t, 400, "ACCOUNT_NOT_FOUND")
	c.Post("/unlink-account", map[string]any{"accountId": other.ID}).Want(t, 200, "")
	rows, err := e.Auth.Store().FindAccounts(t.Context(), userID)
	if err != nil || len(rows) != 1 || rows[0].ProviderID != core.ProviderCredential {
		t.Errorf("accounts left: %v, %v", rows, err)
	}
}
