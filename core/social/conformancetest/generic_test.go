package conformancetest

import (
	"net/http"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/plugins/genericoauth"
	"github.com/advantch/kernia-go/core/social"
)

// TestDiscovery: the plugin of generic providers finds everything in the provider's
// discovery document.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	z := start(t)
	generic := genericoauth.New(genericoauth.Options{Config: []genericoauth.Config{{
		ProviderID: "zitadel", ClientID: clientID, ClientSecret: clientSecret, Authentication: oauth2.AuthBasic,
		DiscoveryURL: z.url + "/.well-known/openid-configuration", Scopes: []string{"openid", "email", "profile", "offline_access"},
		RedirectURI: authtest.BaseURL + "/api/auth/callback/zitadel",
	}}})
	s := &site{authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Clock = time.Now // the provider has no other clock, and the plugin uses that of the server
	}, social.New(), generic), z}
	c := s.Client()
	s.signIn(t, c, "ada")
	if a := c.Get("/get-session").Want(t, http.StatusOK, ""); a.JSON("user", "email") != "ada@example.com" || a.JSON("user", "emailVerified") != "true" {
		t.Fatalf("%s", a.Body)
	}
	if a := c.Post("/refresh-token", map[string]any{"providerId": "zitadel"}).Want(t, http.StatusOK, ""); a.JSON("refreshToken") == "" {
		t.Fatalf("%s", a.Body)
	}
	s.signIn(t, s.Client(), "grace")
	if n := s.keySets.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
}
