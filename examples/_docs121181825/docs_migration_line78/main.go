package main

import (
	"context"
	"log"
	"net/http"
	"net/netip"
	"os"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/clientip"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/gormadapter"
)

func main() {
	db, err := gormadapter.SQLite("sqlite.db") // the file that Node uses; gorm.Open for a database server
	if err != nil {
		log.Fatal(err)
	}
	auth, err := core.New(core.Options{
		Compat:   core.CompatBetterAuth,
		AppName:  "Better Auth",                   // as on Node, where it is shown
		BaseURL:  os.Getenv("BETTER_AUTH_URL"),    // the public address, the same
		Secret:   os.Getenv("BETTER_AUTH_SECRET"), // the same
		Database: gormadapter.New(db),             // the same
		Plugins:  []core.Plugin{emailpassword.New(emailpassword.Options{})},
		IPAddress: clientip.Options{
			TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	changes, err := auth.Plan(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range changes {
		log.Println("missing:", c.SQL)
	}
	server := &http.Server{Addr: ":3001", Handler: nethttp.Handler(auth), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}
