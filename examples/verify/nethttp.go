// Package verify has services of their own that verify the tokens of an authentication
// server: with net/http, Gin, Echo and Fiber. They have neither its database nor its
// plugins. See docs/verifying.md.
package verify

import (
	"fmt"
	"net/http"

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
