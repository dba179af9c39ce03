package conformancetest

import (
	"net/http/httptest"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/jwt"
)

// go-oidc verifies what the plugin jwt signs, with the key set that it publishes.
func TestGoOIDCVerifiesOurTokens(t *testing.T) {
	t.Parallel()
	for _, algorithm := range jwt.Algorithms {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(nil)
			url := "http://" + server.Listener.Addr().String()
			p := jwt.New(jwt.Options{Algorithm: algorithm})
			auth, err := core.New(core.Options{BaseURL: url, Secret: "example-secret-0123456789-abcdefghijklmnopq", Database: memory.New(), Plugins: []core.Plugin{p}})
			if err != nil {
				t.Fatal(err)
			}
			server.Config.Handler = nethttp.Handler(auth)
			server.Start()
			defer server.Close()
			sign := func(audience string) string {
				token, err := p.Sign(t.Context(), map[string]any{"sub": "ada", "plan": "pro"}, jwt.SignOptions{Audience: []string{audience}})
				if err != nil {
					t.Fatal(err)
				}
				return token
			}
			verifier := oidc.NewVerifier(url, oidc.NewRemoteKeySet(t.Context(), url+"/api/auth/jwks"), &oidc.Config{ClientID: "shop", SupportedSigningAlgs: []string{string(algorithm)}})
			got, err := verifier.Verify(t.Context(), sign("shop"))
			var claims struct{ Plan string }
			if err != nil || got.Subject != "ada" || got.Claims(&claims) != nil || claims.Plan != "pro" {
				t.Fatalf("%+v, %v", got, err)
			}
			good := sign("shop")
			for name, token := range map[string]string{"another audience": sign("bank"), "a changed token": good[:len(good)-8] + "AAAAAAAA"} {
				if _, err := verifier.Verify(t.Context(), token); err == nil {
					t.Errorf("%s is accepted", name)
				}
			}
		})
	}
}
