// Package verify has services of their own that verify the tokens of an authentication
// server: with net/http, Gin, Echo (4 and 5) and Fiber (2 and 3). They have neither its
// database nor its plugins. See docs/verifying.md.
package verify

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core/verify"
)

// Tokens accepts tokens of the plugin jwt of an authentication server.
func Tokens(server string) (*verify.Verifier, error) {
	keys, err := verify.NewRemoteKeys(verify.RemoteOptions{URL: server + "/api/auth/jwks"})
	if err != nil {
		return nil, err
	}
	tokens, err := verify.NewTokens(verify.TokenOptions{Keys: keys, Issuer: server, Audience: []string{server}})
	if err != nil {
		return nil, err
	}
	return verify.New(verify.Options{Tokens: tokens})
}

// NetHTTP is a service that knows its callers.
func NetHTTP(v *verify.Verifier) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /orders", v.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, _ := verify.From(r.Context())
		_, _ = fmt.Fprintf(w, "orders of %s", caller.UserID)
	})))
	return mux
}

// APIKeys accepts keys that an endpoint of the authentication server finds valid, and that
// may read orders.
func APIKeys(server, serviceSecret string) (*verify.Verifier, error) {
	keys, err := verify.NewAPIKeys(verify.APIKeyOptions{
		VerifyURL:     server + "/internal/verify",
		Authorization: "Bearer " + serviceSecret,
		Permissions:   map[string][]string{"orders": {"read"}},
	})
	if err != nil {
		return nil, err
	}
	return verify.New(verify.Options{APIKeys: keys})
}

// Cookies accepts session cookies of the server with the secret.
func Cookies(server, secret string) (*verify.Verifier, error) {
	cookies, err := verify.NewCookies(verify.CookieOptions{
		Secret:   secret,
		Insecure: strings.HasPrefix(server, "http://"), // its cookies are not called __Secure-…
	})
	if err != nil {
		return nil, err
	}
	return verify.New(verify.Options{Cookies: cookies})
}
