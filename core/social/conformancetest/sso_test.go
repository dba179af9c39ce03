package conformancetest

import (
	"net/http"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/social"
)

// TestSSO: a user registers the provider by its issuer, others sign in through it, and all requests
// go through the guarded client.
func TestSSO(t *testing.T) {
	t.Parallel()
	z := start(t)
	allow := func(hosts ...string) *site {
		return &site{authtest.New(t, func(_ *authtest.Env, o *core.Options) {
			o.Clock = time.Now // the provider has no other clock
			o.TrustedOrigins = []string{z.url}
			o.GuardedHTTP.Allow, o.GuardedHTTP.AllowHTTP = hosts, true
		}, emailpassword.New(emailpassword.Options{}), social.New(), sso.New(sso.Options{})), z}
	}
	register := func(s *site) *authtest.Answer {
		admin := s.Client()
		admin.Post("/sign-up/email", map[string]any{"name": "Admin", "email": "admin@example.org", "password": password}).Want(t, http.StatusOK, "")
		return admin.Post("/sso/register", map[string]any{"providerId": "zitadel", "issuer": z.url, "domain": "example.com",
			"oidcConfig": map[string]any{"clientId": clientID, "clientSecret": clientSecret}})
	}
	register(allow()).Want(t, http.StatusBadRequest, "discovery_private_host")

	s := allow("127.0.0.1")
	register(s).Want(t, http.StatusOK, "")
	for _, name := range []string{"ada", "grace", "ada"} {
		c := s.Client()
		address := c.Post("/sign-in/sso", map[string]any{"email": name + "@example.com", "callbackURL": "/dashboard", "errorCallbackURL": "/sorry"}).Want(t, http.StatusOK, "").JSON("url")
		if to, _ := c.Get("/sso/callback/zitadel?" + s.visit(t, address, name).Encode()).Location(); to != "/dashboard" {
			t.Fatalf("%s is sent to %s: %s", name, to, s.Log)
		}
		if a := c.Get("/get-session").Want(t, http.StatusOK, ""); a.JSON("user", "email") != name+"@example.com" || a.JSON("user", "emailVerified") != "false" {
			t.Fatalf("%s", a.Body)
		}
	}
	if n := s.keySets.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
}
