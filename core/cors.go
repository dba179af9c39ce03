package core

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/internal/origin"
)

// CORS holds settings for a CORS middleware, for a front end on another origin.
// Kernia sends no CORS headers itself: the application installs one CORS middleware
// for all of its routes, before Kernia's. The fields have the names and shapes of
// github.com/gin-contrib/cors, github.com/rs/cors and github.com/go-chi/cors. The
// kerniacors packages of the Echo and Fiber modules make the settings for the
// middleware of those frameworks. Append the methods and headers that routes of the
// application need.
type CORS struct {
	// AllowOriginFunc reports whether pages of an origin, given as in the Origin
	// header, may read answers. It allows the base URL's origin (with DynamicBaseURL,
	// the origins of its hosts), Options.TrustedOrigins and the trusted origins of
	// plugins. Options.TrustedOriginsFunc is not called, because it needs a whole
	// request.
	AllowOriginFunc func(origin string) bool
	AllowMethods    []string // GET, HEAD, POST, PUT, PATCH, DELETE
	AllowHeaders    []string // Content-Type, Authorization: what the official client sends, with the bearer plugin too
	ExposeHeaders   []string // Retry-After, X-Retry-After, set-auth-token: what it reads
	// AllowCredentials is true: the session is a cookie.
	AllowCredentials bool
	MaxAge           time.Duration // how long a browser may keep the answer: 10 minutes
}

// CORS returns the settings of a CORS middleware that fit this server.
func (a *Auth) CORS() CORS {
	trusted := a.staticOrigins
	for _, b := range []*baseURL{a.base, a.fallback} {
		if b != nil {
			trusted = append(slices.Clip(trusted), b.origin)
		}
	}
	set, err := origin.Compile(trusted)
	if err != nil {
		set = nil // trusts nothing; New has compiled the same list
	}
	return CORS{
		AllowOriginFunc: func(o string) bool {
			_, host, ok := strings.Cut(o, "://")
			return ok && !strings.ContainsAny(host, "/?#@") && set.MatchOrigin(o)
		},
		AllowMethods: []string{
			http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		},
		AllowHeaders:     []string{"Content-Type", "Authorization"},
		ExposeHeaders:    []string{"Retry-After", "X-Retry-After", "set-auth-token"},
		AllowCredentials: true,
		MaxAge:           10 * time.Minute,
	}
}
