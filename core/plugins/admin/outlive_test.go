package admin_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/adminconfig"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
)

// What outlives an impersonation is not to be had within one.
func TestNothingOutlivesAnImpersonation(t *testing.T) {
	t.Parallel()
	t.Run("ADM-08 tokens of the user's sessions", func(t *testing.T) {
		t.Parallel()
		w := open(t, admin.Options{}, nil, bearer.New(bearer.Options{}))
		w.impersonate(t, w.ada, w.bob)
		w.ada.Get("/list-sessions").Want(t, 403, "NOT_WHILE_IMPERSONATING")
		w.bob.Get("/list-sessions").Want(t, 200, "")
	})
	t.Run("ADM-08 the second factor", func(t *testing.T) {
		t.Parallel()
		w := open(t, admin.Options{}, nil, twofactor.New(twofactor.Options{OTP: twofactor.OTPOptions{Send: func(context.Context, twofactor.Message) error { return nil }}}))
		w.impersonate(t, w.ada, w.bob)
		for _, path := range []string{"verify-totp", "verify-otp", "verify-backup-code", "send-otp"} {
			w.ada.Client.Copy().Post("/two-factor/"+path, body{"code": "123456"}).Want(t, 403, "NOT_WHILE_IMPERSONATING")
		}
	})
	for name, o := range map[string]jwt.Options{
		"of the user": {},
		"with claims": {DefinePayload: func(context.Context, *core.SessionData) (any, error) {
			return body{"exp": 1 << 33}, nil
		}},
	} {
		for _, cached := range []bool{false, true} {
			t.Run("ADM-08 a JSON Web Token "+name, func(t *testing.T) {
				t.Parallel()
				w := open(t, admin.Options{ImpersonationSessionDuration: time.Minute}, func(_ *authtest.Env, c *core.Options) { c.Session.CookieCache.Enabled = cached }, jwt.New(o))
				own := w.sign(t, w.bob)
				w.impersonate(t, w.ada, w.bob)
				end := w.Clock.Now().Add(time.Minute).Unix()
				for range 2 {
					long := expiry(t, own.Get("/get-session").Header.Get("set-auth-jwt"))
					for _, token := range []string{w.ada.Get("/get-session").Header.Get("set-auth-jwt"), w.ada.Get("/token").JSON("token")} {
						if got := expiry(t, token); got > end || long <= end {
							t.Errorf("ends at %d, the impersonation at %d, the user's own at %d", got, end, long)
						}
					}
				}
			})
		}
	}
}

func expiry(t testing.TB, token string) int64 {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Exp int64 }
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	return claims.Exp
}

// Whoever impersonates an administrator does not administer in that name.
func TestSettingsWhileImpersonating(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{AllowImpersonatingAdmins: true}, nil, adminconfig.New(adminconfig.Options{}))
	w.role(t, w.bob, "admin")
	const methods = "/admin/config/auth-methods"
	w.eve.Get(methods).Want(t, 403, "ADMIN_CONFIG_FORBIDDEN")
	w.ada.Get(methods).Want(t, 200, "")
	w.impersonate(t, w.ada, w.bob)
	for _, path := range []string{methods, "/admin/config/email-clients", "/admin/config/stripe"} {
		w.ada.Get(path).Want(t, 403, "NOT_WHILE_IMPERSONATING")
		w.ada.Post(path, body{"value": body{}}).Want(t, 403, "NOT_WHILE_IMPERSONATING")
	}
	w.ada.Post("/admin/stop-impersonating", body{}).Want(t, 200, "")
	w.ada.Get(methods).Want(t, 200, "")
	w.ada.Post("/admin/ban-user", body{"userId": w.bob.id}).Want(t, 200, "")
	w.bob.Get(methods).Want(t, 401, "UNAUTHORIZED")
}
