package oauthprovider

import (
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
)

// RFC 9700 2.6: browsers are sent to the authorization endpoint. No script of another origin reads
// what it answers, whatever the application allows for its own pages.
func TestAuthorizeHasNoCORS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{}, func(_ *authtest.Env, o *core.Options) { o.TrustedOrigins = []string{"https://app.example"} })
	w.code()
	for _, origin := range []string{"https://evil.example", "https://rp.example", "null"} {
		c := w.browser.Copy()
		c.Origin = origin
		for _, a := range []*authtest.Answer{c.Get("/oauth2/authorize?" + w.query().Encode()), c.Do("OPTIONS", "/oauth2/authorize", "", core.HeaderField{Name: "Access-Control-Request-Method", Value: "GET"})} {
			for _, h := range a.Header {
				if strings.HasPrefix(strings.ToLower(h.Name), "access-control-") {
					t.Errorf("%s: %s: %s", origin, h.Name, h.Value)
				}
			}
		}
	}
}
