package core_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/secret"
)

func decodeURL(s string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(s) }

const (
	secretA = "first-secret-0123456789-abcdefghijklmnopqrstuv"
	secretB = "second-secret-9876543210-zyxwvutsrqponmlkjihgf"
)

func TestWeakSecrets(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*core.Options){
		"none":                         func(o *core.Options) { o.Secret = "" },
		"short":                        func(o *core.Options) { o.Secret = "short" },
		"31 characters":                func(o *core.Options) { o.Secret = secretA[:31] },
		"one letter":                   func(o *core.Options) { o.Secret = strings.Repeat("a", 64) },
		"Better Auth's default":        func(o *core.Options) { o.Secret = "better-auth-secret-12345678901234567890" },
		"the default, weak allowed":    func(o *core.Options) { o.Secret, o.AllowWeakSecret = "better-auth-secret-12345678901234567890", true },
		"a short one in the rotation":  func(o *core.Options) { o.Secrets = []secret.Versioned{{Version: 1, Value: "short"}} },
		"an empty one in the rotation": func(o *core.Options) { o.Secrets = []secret.Versioned{{Version: 1, Value: ""}} },
		"the default in the rotation": func(o *core.Options) {
			o.Secrets = []secret.Versioned{{Version: 1, Value: secretA}, {Version: 2, Value: "better-auth-secret-12345678901234567890"}}
		},
		"one version twice": func(o *core.Options) {
			o.Secrets = []secret.Versioned{{Version: 1, Value: secretA}, {Version: 1, Value: secretB}}
		},
		"a negative version": func(o *core.Options) { o.Secrets = []secret.Versioned{{Version: -1, Value: secretA}} },
	} {
		t.Run("CRY-01 "+name, func(t *testing.T) {
			t.Parallel()
			e := authtest.NewEnv(t)
			o := e.Options()
			change(&o)
			_, err := core.New(o)
			if err == nil {
				t.Fatal("the secret was accepted")
			}
			mustNotContain(t, "the error", err.Error(), secretA, secretB, strings.Repeat("a", 64))
		})
	}
	t.Run("CRY-01 a weak secret that is allowed is warned of", func(t *testing.T) {
		t.Parallel()
		e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Secret, o.AllowWeakSecret = "short", true })
		mustContain(t, e.Log.String(), "WARN", "the secret is weak")
		mustNotContain(t, "the log", e.Log.String(), `"short"`)
	})
}

func TestRotation(t *testing.T) {
	t.Parallel()
	for _, strategy := range []core.CacheStrategy{core.CacheCompact, core.CacheJWT, core.CacheJWE} {
		t.Run("CRY-03 "+string(strategy), func(t *testing.T) {
			t.Parallel()
			db := memory.New()
			e := authtest.NewEnv(t)
			server := func(old string, rotation ...secret.Versioned) *authtest.Env {
				t.Helper()
				s := authtest.NewEnv(t)
				o := s.Options(emailpassword.New(emailpassword.Options{SendResetPassword: s.Mail("reset")}))
				o.Database, o.Clock, o.Secret, o.Secrets = db, e.Clock.Now, old, rotation
				o.Session.CookieCache = core.CookieCacheOptions{Enabled: true, Strategy: strategy}
				o.EmailVerification.Send = s.Mail("verify")
				return s.Open(o)
			}
			a, b := secret.Versioned{Version: 1, Value: secretA}, secret.Versioned{Version: 2, Value: secretB}
			before := server(secretA)
			c := join(t, before, ada)
			c.Post("/send-verification-email", object{"email": ada}).Want(t, 200, "")
			link := before.LastMail().Token
			sealed, err := before.Auth.Keys().Encrypt("kept")
			if err != nil {
				t.Fatal(err)
			}
			tokenLine, cache := c.Cookie(tokenCookie), c.Cookie(dataCookie)

			for name, s := range map[string]*authtest.Env{"with the old secret as legacy": server(secretA, b), "with the old secret in the list": server("", b, a)} {
				x := s.Client()
				x.SetCookie(tokenCookie, tokenLine)
				x.SetCookie(dataCookie, cache)
				got := x.Get("/get-session").Want(t, 200, "")
				if got.JSON("user", "email") != ada || len(got.Header.Values("Set-Cookie")) != 0 {
					t.Errorf("%s: the old cookies give %s and set %v", name, got.Body, got.Header.Values("Set-Cookie"))
				}
				if name == "with the old secret as legacy" {
					if plain, err := s.Auth.Keys().Decrypt(sealed); err != nil && !strings.HasPrefix(sealed, "$ka$") {
						t.Errorf("%s: %q %v", name, plain, err)
					}
				}
				if a := x.Copy().Get("/verify-email?token=" + link); a.Status != 200 {
					t.Errorf("%s: the old link answers %d %s", name, a.Status, a.Body)
				}
				// New cookies are signed with the new secret: a server that has only
				// that one accepts them.
				x.Post("/update-user", object{"name": "New"}).Want(t, 200, "")
				only := server(secretB)
				y := only.Client()
				y.SetCookie(tokenCookie, x.Cookie(tokenCookie))
				y.SetCookie(dataCookie, x.Cookie(dataCookie))
				if got := y.Get("/get-session"); got.JSON("user", "email") != ada || len(got.Header.Values("Set-Cookie")) != 0 {
					t.Errorf("%s: the new cookies give %s", name, got.Body)
				}
				x.Post("/send-verification-email", object{"email": ada})
			}

			// Once the old secret is gone, nothing of it verifies.
			after := server(secretB)
			refused(t, after, tokenCookie+"="+tokenLine)
			refused(t, after, tokenCookie+"="+tokenLine+"; "+dataCookie+"="+cache)
			after.Client().Get("/verify-email?token="+link).Want(t, 401, "INVALID_TOKEN")
			// An invalid cache beside a valid session token is skipped.
			z := login(t, after, ada)
			z.SetCookie(dataCookie, cache)
			if got := z.Get("/get-session"); len(got.Header.Values("Set-Cookie")) == 0 {
				t.Error("the cache of a removed secret was used")
			}
			if _, err := after.Auth.Keys().Decrypt(sealed); err == nil {
				t.Error("a removed secret still decrypts")
			}
		})
	}
}

func TestPurposes(t *testing.T) {
	t.Parallel()
	t.Run("CRY-07 a signature is good for one purpose", func(t *testing.T) {
		t.Parallel()
		e := open(t, withCache(core.CacheJWT))
		c := e.Client()
		join(t, e, ada)
		c.Post("/sign-in/email", object{"email": ada, "password": passphrase, "rememberMe": false}).Want(t, 200, "")
		c.Post("/send-verification-email", object{"email": ada}).Want(t, 200, "")
		link := e.LastMail().Token

		// The session cache is a JWT of the same key, and holds an e-mail address.
		cache, _ := url.QueryUnescape(c.Cookie(dataCookie))
		e.Client().Get("/verify-email?token="+cache).Want(t, 401, "INVALID_TOKEN")
		// A verification token is no session cache, and neither is a signed cookie.
		for _, v := range []string{link, tokenOf(c), c.Cookie(tokenCookie)} {
			x := c.Copy()
			x.SetCookie(dataCookie, v)
			if a := x.Get("/get-session?disableRefresh=true"); a.JSON("user", "emailVerified") != "false" {
				t.Errorf("%s as a cache: %s", clip(v), a.Body)
			}
		}
		// Signed values of one cookie in another.
		refused(t, e, tokenCookie+"="+c.Cookie(forgetName))
		refused(t, e, tokenCookie+"="+cache)
		refused(t, e, tokenCookie+"="+link)
		e.Client().Get("/verify-email?token="+c.Cookie(tokenCookie)).Want(t, 401, "INVALID_TOKEN")
		// Tokens of the application under the same key, with members of another kind.
		for _, claims := range []string{
			`{}`, `{"sub":"x"}`, `{"email":5}`, `{"email":"ada@example.com","session":{}}`, `{"email":"ada@example.com","requestType":"change-email-verification"}`,
			`{"email":["ada@example.com"]}`, `{"email":"ada@example.com","updateTo":5}`, `{"email":""}`, `[]`, `{"Email":"ada@example.com"}`,
		} {
			token, err := e.Auth.Keys().SignJWT([]byte(claims), e.Auth.Now(), time.Hour)
			if err != nil {
				continue
			}
			if a := e.Client().Get("/verify-email?token=" + token); a.Status != 401 {
				t.Errorf("%s: %d %s", claims, a.Status, a.Body)
			}
		}
		if row(t, e, core.ModelUser)["emailVerified"] != false {
			t.Error("an address was verified")
		}
	})
	t.Run("CRY-07 caches of other salts are refused", func(t *testing.T) {
		t.Parallel()
		e := open(t, withCache(core.CacheJWE))
		c := join(t, e, ada)
		data, err := e.Auth.Store().FindSession(t.Context(), tokenOf(c))
		if err != nil {
			t.Fatal(err)
		}
		claims := append(data.AppendJSON(nil)[:len(data.AppendJSON(nil))-1], []byte(`,"updatedAt":1,"version":"1"}`)...)
		edited := strings.Replace(string(claims), "Someone", "Forged", 1)
		for salt, want := range map[string]string{"better-auth-session": "Forged", "better-auth-account": "Someone", "": "Someone"} {
			jwe, err := e.Auth.Keys().EncryptJWT([]byte(edited), salt, e.Auth.Now(), time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			x := c.Copy()
			x.SetCookie(dataCookie, jwe)
			if got := x.Get("/get-session").JSON("user", "name"); got != want {
				t.Errorf("salt %q: %s", salt, got)
			}
		}
	})
}

func TestRandomnessFails(t *testing.T) {
	t.Parallel()
	for reads := range 6 {
		t.Run(fmt.Sprintf("CRY-08 after %d reads", reads), func(t *testing.T) {
			t.Parallel()
			source := &brokenRand{rand.Reader, reads}
			e := open(t, func(_ *authtest.Env, o *core.Options) { o.Rand = source })
			a := e.Client().Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase})
			if a.Status == 200 { // salt, three ids and a token: at most five reads
				if reads < 5 {
					t.Errorf("signed up with %d reads", reads)
				}
				return
			}
			a.Want(t, 500, "INTERNAL_SERVER_ERROR")
			mustNotContain(t, "the answer", a.Body, "entropy")
			if len(a.Header.Values("Set-Cookie")) > 0 {
				t.Error("a cookie was set")
			}
			for _, m := range []string{core.ModelUser, core.ModelAccount, core.ModelSession} {
				if n := len(rows(t, e, m)); n != 0 {
					t.Errorf("%d rows of %s", n, m)
				}
			}
		})
	}
	t.Run("CRY-08 everything that makes tokens", func(t *testing.T) {
		t.Parallel()
		source := &brokenRand{rand.Reader, 1 << 20}
		e := open(t, func(e *authtest.Env, o *core.Options) {
			o.Rand = source
			everything(e, o)
			o.User.DeleteUser.SendVerification = e.Mail("delete")
		})
		c := join(t, e, ada)
		source.left = 0
		sessions := len(rows(t, e, core.ModelSession))
		for path, body := range map[string]object{
			"/sign-in/email": {"email": ada, "password": passphrase}, "/request-password-reset": {"email": ada}, "/delete-user": {},
			"/change-password": {"currentPassword": passphrase, "newPassword": "a new passphrase", "revokeOtherSessions": true},
			"/sign-up/email":   {"name": "B", "email": bob, "password": passphrase},
		} {
			c.Copy().Post(path, body).Want(t, 500, "INTERNAL_SERVER_ERROR")
		}
		// Unknown addresses must fail in the same way.
		c.Copy().Post("/request-password-reset", object{"email": bob}).Want(t, 500, "INTERNAL_SERVER_ERROR")
		if n := len(rows(t, e, core.ModelSession)); n != sessions || len(rows(t, e, core.ModelVerification)) != 0 || len(e.Mails()) != 0 {
			t.Error("something was made without randomness")
		}
	})
}

func TestUnroutedPaths(t *testing.T) {
	t.Parallel()
	paths := []string{
		"/api/auth", "/api/auth/", "/api/authx/ok", "/api/auth//ok", "/api//auth/ok", "/ok", "/", "", "/api/auth/ok/", "/api/auth/OK", "/API/auth/ok", "/api/auth/%6fk", "/api/auth/./ok",
		"/api/auth/x/../ok", "/api/auth/ok%2f", "/api/auth/ok;a=b", "/api/auth/ok\x00", "/api/auth/ok%00", "/api/auth\\ok", "/api/auth/api/auth/ok", "/api/auth/ok?x", "/api/auth/ok#x",
		"/api/auth/set-password", "/api/auth/setPassword", "/api/auth/view-backup-codes", "/api/auth/:token", "/api/auth/reset-password/", "/api/auth/reset-password/a/b", "http://localhost:3000/api/auth/ok",
	}
	for _, compat := range []core.Compat{core.CompatKernia, core.CompatBetterAuth} {
		e := open(t, func(_ *authtest.Env, o *core.Options) { o.Compat = compat })
		for _, p := range paths {
			for _, m := range []string{"GET", "POST"} {
				res := send(e.Auth, core.Request{Method: m, Path: p})
				if res.Status != 404 || (compat == core.CompatBetterAuth) != (len(res.Body) == 0) {
					t.Errorf("MIS-05 %s %q: %d %s", m, p, res.Status, res.Body)
				}
			}
		}
	}
	t.Run("MIS-05 every server-only operation", func(t *testing.T) {
		t.Parallel()
		hidden := core.Server("viewBackupCodes", func(*core.Ctx, *core.NoInput) (core.StatusReply, error) { return core.StatusReply{Status: true}, nil })
		e := open(t, nil, &fakePlugin{"codes", core.Manifest{Operations: []core.Operation{hidden}}})
		c := join(t, e, ada)
		n := 0
		for _, op := range e.Auth.Operations() {
			if op.Path != "" {
				continue
			}
			n++
			kebab := strings.ToLower(strings.NewReplacer("P", "-P", "B", "-B", "C", "-C").Replace(op.ID))
			for _, p := range []string{"/" + op.ID, "/" + kebab, "", "/", "/" + strings.ToLower(op.ID)} {
				for _, m := range op.Methods {
					c.Copy().Do(m, p, `{"newPassword":"`+passphrase+`"}`).Want(t, 404, "NOT_FOUND")
				}
			}
		}
		if n != 2 {
			t.Errorf("%d server-only operations", n)
		}
		if out, err := hidden.Call(t.Context(), nil); err != nil || !out.Status {
			t.Errorf("from Go: %v %v", out, err)
		}
	})
	t.Run("MIS-05 disabled paths", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.DisabledPaths = []string{"/sign-up/email", "/ok/", "/reset-password/:token"}
		})
		c := e.Client()
		c.Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase}).Want(t, 404, "NOT_FOUND")
		for _, p := range []string{"/ok", "/ok/", "/ok//", "/reset-password/abc?callbackURL=/x"} {
			c.Get(p).Want(t, 404, "NOT_FOUND")
		}
		c.Post("/sign-in/email", object{"email": ada, "password": passphrase}).Want(t, 401, "INVALID_CREDENTIALS")
		if len(rows(t, e, core.ModelUser)) != 0 {
			t.Error("a disabled route made a user")
		}
	})
}

func TestImmutable(t *testing.T) {
	t.Parallel()
	t.Run("RACE-17 options changed after New have no effect", func(t *testing.T) {
		t.Parallel()
		e := authtest.NewEnv(t)
		o := e.Options(emailpassword.New(emailpassword.Options{SendResetPassword: e.Mail("reset")}))
		o.TrustedOrigins = []string{"https://a.example"}
		o.DisabledPaths = []string{"/error"}
		o.SkipOriginCheck = []string{"/x"}
		o.Cookies.Names = map[string]string{"session_token": "sid"}
		o.User.Columns = map[string]string{"name": "full_name"}
		o.User.Fields = []schema.Field{{Name: "role", Type: schema.String, Optional: true, NoInput: true}}
		o.Verification.StoreIdentifier.Overrides = []core.IdentifierOverride{{Prefix: "plain-", IdentifierStorage: core.IdentifierStorage{Mode: "plain"}}}
		o.BaseURL = ""
		o.DynamicBaseURL = &core.DynamicBaseURL{AllowedHosts: []string{"localhost:3000"}, Protocol: "http", Fallback: "http://fallback.example"}
		e.Open(o)
		for _, op := range e.Auth.Operations() {
			op.Methods[0] = "CHANGED"
		}
		for i := range e.Auth.ErrorCodes() {
			e.Auth.ErrorCodes()[i].Code = "CHANGED"
		}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				c := e.Client()
				c.Post("/sign-up/email", object{"name": "A", "email": fmt.Sprintf("r%d@example.com", i), "password": passphrase, "role": "admin"}).Want(t, 400, "FIELD_NOT_ALLOWED")
				c.Post("/sign-up/email", object{"name": "A", "email": fmt.Sprintf("r%d@example.com", i), "password": passphrase}).Want(t, 200, "")
				if c.Cookie("sid") == "" {
					t.Error("the cookie was renamed")
				}
				c.Do("POST", "/sign-out", "{}", header("Origin", "https://b.example")).Want(t, 403, "INVALID_ORIGIN")
				c.Get("/error").Want(t, 404, "NOT_FOUND")
				if _, err := e.Auth.Store().CreateVerification(context.Background(), "plain-x", "v", e.Auth.Now().Add(time.Hour)); err != nil {
					t.Error(err)
				}
				if _, err := e.Auth.API().OK.Call(context.Background(), nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			o.TrustedOrigins[0] = "https://b.example"
			o.DisabledPaths[0] = "/ok"
			o.SkipOriginCheck[0] = "/sign-out"
			o.Cookies.Names["session_token"] = "other"
			o.Cookies.Names["session_data"] = "other2"
			o.User.Columns["name"] = "x"
			o.User.Fields[0].NoInput = false
			o.Verification.StoreIdentifier.Overrides[0].Mode = "hashed"
			o.DynamicBaseURL.AllowedHosts[0] = "evil.example"
			o.DynamicBaseURL.Protocol = "https"
			o.Plugins[0] = nil
		})
		wg.Wait()
		e.Client().Get("/ok").Want(t, 200, "")
		if res := send(e.Auth, core.Request{Method: "GET", Path: "/api/auth/reset-password/x", RawQuery: "callbackURL=/x", Host: "evil.example"}); strings.Contains(res.Get("Location"), "evil") {
			t.Errorf("a host that was added later leads to %s", res.Get("Location"))
		}
	})
}
