package main

import (
	"net/http"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/cors"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/suites/corstest"
)

// The settings of auth.CORS fit go-chi/cors, which is net/http middleware.
func TestCORS(t *testing.T) {
	t.Parallel()
	corstest.Run(t, func(_ *testing.T, auth *core.Auth) corstest.Send {
		r := chi.NewRouter()
		c := auth.CORS()
		r.Use(cors.Handler(cors.Options{
			AllowOriginFunc: func(_ *http.Request, origin string) bool { return c.AllowOriginFunc(origin) },
			AllowedMethods:  c.AllowMethods, AllowedHeaders: c.AllowHeaders, ExposedHeaders: c.ExposeHeaders,
			AllowCredentials: c.AllowCredentials, MaxAge: int(c.MaxAge.Seconds()),
		}), nethttp.Middleware(auth))
		r.Get("/", hello) // without a route, chi runs no middleware
		return corstest.Handler(r)
	})
}
