package main

import (
	"fmt"
	"net/http"
	"strings"
)

// provider answers as GitHub does. The code names the user, as "u7".
func provider() http.Handler {
	mux := http.NewServeMux()
	say := func(w http.ResponseWriter, format string, args ...any) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, format, args...)
	}
	who := func(r *http.Request) string {
		_, name, _ := strings.Cut(r.Header.Get("Authorization"), "gho_")
		return name
	}
	mux.HandleFunc("POST /login/oauth/access_token", func(w http.ResponseWriter, r *http.Request) {
		say(w, `{"access_token":"gho_%s","token_type":"bearer","scope":"read:user,user:email"}`, r.PostFormValue("code"))
	})
	mux.HandleFunc("GET /user", func(w http.ResponseWriter, r *http.Request) {
		say(w, `{"id":%s,"login":%q,"name":"Bench","email":null,"avatar_url":"https://github.example/a.png"}`, strings.TrimPrefix(who(r), "u"), who(r))
	})
	mux.HandleFunc("GET /user/emails", func(w http.ResponseWriter, r *http.Request) {
		say(w, `[{"email":"%s@example.com","primary":true,"verified":true}]`, who(r))
	})
	return mux
}

// standIn sends every request to the server at an address, whatever its host.
type standIn struct {
	address string
	http.RoundTripper
}

// newStandIn keeps a connection for each of the load's.
func newStandIn(address string) *standIn {
	return &standIn{address, &http.Transport{MaxIdleConnsPerHost: 64}}
}

func (s *standIn) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", s.address
	return s.RoundTripper.RoundTrip(r)
}
