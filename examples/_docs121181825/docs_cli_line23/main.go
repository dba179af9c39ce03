package main

import (
	"log"
	"net/http"
	"os"

	"github.com/advantch/kernia-go/cli"
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/admin"
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
		Plugins:  []core.Plugin{emailpassword.New(emailpassword.Options{}), admin.New(admin.Options{})},
	})
	if err != nil {
		log.Fatal(err)
	}
	cli.Main(auth) // runs `kernia …` and exits, or returns
	log.Fatal(http.ListenAndServe("localhost:3000", nethttp.Handler(auth)))
}
