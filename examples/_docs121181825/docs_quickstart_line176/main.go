package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/gormadapter"
)

func main() {
	db, err := gormadapter.SQLite("app.db")
	if err != nil {
		log.Fatal(err)
	}
	auth, err := core.New(core.Options{
		BaseURL:  "http://localhost:3000",
		Secret:   os.Getenv("KERNIA_SECRET"),
		Database: gormadapter.New(db),
		Plugins:  []core.Plugin{emailpassword.New(emailpassword.Options{})},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := auth.Migrate(context.Background()); err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.Handle("GET /me", nethttp.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := nethttp.Session(r)
		_ = json.NewEncoder(w).Encode(map[string]string{"id": s.User.ID, "email": s.User.Email})
	})))

	server := &http.Server{
		Addr:              "localhost:3000",
		Handler:           nethttp.Middleware(auth)(mux), // serves /api/auth/*, attaches sessions to the rest
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
	}
	log.Fatal(server.ListenAndServe()) // cuts requests at SIGTERM: the server with Gin, above, does not
}
