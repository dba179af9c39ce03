package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/cors"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/nethttp"
)

func serveChi(ctx context.Context, l net.Listener, auth *core.Auth, wrongOrder bool) error {
	r := chi.NewRouter()
	if wrongOrder {
		r.Use(nethttp.Middleware(auth))
	}
	c := auth.CORS()
	r.Use(cors.Handler(cors.Options{
		AllowOriginFunc: func(_ *http.Request, origin string) bool { return c.AllowOriginFunc(origin) },
		AllowedMethods:  c.AllowMethods, AllowedHeaders: c.AllowHeaders, ExposedHeaders: c.ExposeHeaders,
		AllowCredentials: c.AllowCredentials, MaxAge: int(c.MaxAge.Seconds()),
	}), nethttp.Middleware(auth))
	r.Method(http.MethodGet, "/me", nethttp.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := nethttp.Session(r)
		_ = json.NewEncoder(w).Encode(map[string]string{"email": s.User.Email})
	})))
	return serve(ctx, l, r)
}
