// Command benchserver is the server that `make bench` measures beside Better Auth
// on Node: net/http, e-mail and password, SQLite in a file or PostgreSQL, rate limits off. With
// -answer it is net/http alone, which gives one recorded answer to every request. With
// -hub it is the provider that both servers sign in with.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/gormadapter"
)

// config is what the flags say.
type config struct {
	answer, database, provider                 string
	cookieCache, jwt, apiKeys, many, hub, hand bool
	otel, oauth                                bool
}

func main() {
	var c config
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on")
	flag.StringVar(&c.database, "database", "bench.sqlite", "SQLite file, or postgres:// and so on")
	flag.BoolVar(&c.cookieCache, "cookie-cache", false, "enable the cookie cache")
	flag.BoolVar(&c.jwt, "jwt", false, "install the plugin jwt")
	flag.BoolVar(&c.many, "plugins", false, "install the plugins of tokens, keys, sessions and administration")
	flag.BoolVar(&c.otel, "otel", false, "make spans of all requests, and metrics, which are dropped when they would be sent")
	flag.StringVar(&c.answer, "answer", "", "file with an HTTP answer, which every request gets; no Kernia then")
	flag.BoolVar(&c.hand, "by-hand", false, "with -answer: verify the cookie and read the session from -database first")
	flag.StringVar(&c.provider, "provider", "", "address of a server with -hub, which stands in for GitHub")
	flag.BoolVar(&c.apiKeys, "api-keys", false, "have API keys, and /verify behind their guard")
	flag.BoolVar(&c.oauth, "oauth", false, "be an OAuth provider")
	flag.BoolVar(&c.hub, "hub", false, "be that server; no Kernia then")
	flag.Parse()

	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	handler, err := handler(c, "http://"+listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening http://%s\n", listener.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.Serve(listener))
}

func handler(c config, base string) (http.Handler, error) {
	if c.hub {
		return provider(), nil
	}
	if c.answer != "" {
		recorded, err := bare(c.answer)
		if err != nil || !c.hand {
			return recorded, err
		}
		return byHand(c.database, os.Getenv("BETTER_AUTH_SECRET"), recorded)
	}
	db, err := open(c.database)
	if err != nil {
		return nil, err
	}
	plugins := []core.Plugin{emailpassword.New(emailpassword.Options{})}
	if c.many {
		plugins = append(plugins, many()...)
	}
	if c.jwt {
		plugins = append(plugins, jwt.New(jwt.Options{}))
	}
	if c.oauth {
		plugins = append(plugins, jwt.New(jwt.Options{}), oauthprovider.New(oauthprovider.Options{}))
	}
	var client *http.Client
	if c.provider != "" {
		plugins = append(plugins, social.New(social.GitHub(social.GitHubOptions{Options: social.Options{ClientID: "bench", ClientSecret: "bench"}})))
		client = &http.Client{Transport: newStandIn(c.provider)}
	}
	if c.apiKeys {
		plugins = append(plugins, apikey.New(apikey.Options{Configs: []apikey.Config{{RateLimit: apikey.RateLimitOptions{Max: 1_000_000_000}}}}))
	}
	var observer *core.Observer
	if c.otel {
		observer = observed()
	}
	auth, err := core.New(core.Options{
		Observer:   observer,
		BaseURL:    base,
		Secret:     os.Getenv("BETTER_AUTH_SECRET"),
		Database:   gormadapter.New(db),
		Plugins:    plugins,
		HTTPClient: client,
		Session:    core.SessionOptions{CookieCache: core.CookieCacheOptions{Enabled: c.cookieCache, MaxAge: time.Hour}},
		RateLimit:  core.RateLimitOptions{Disabled: true},
		Logger:     slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		return nil, err
	}
	if err := auth.Migrate(context.Background()); err != nil {
		return nil, err
	}
	if !c.apiKeys {
		return nethttp.Handler(auth), nil
	}
	mux := http.NewServeMux()
	mux.Handle("/", nethttp.Handler(auth))
	mux.Handle("GET /verify", nethttp.Middleware(auth)(nethttp.Require(apikey.Guard(apikey.GuardOptions{}))(http.HandlerFunc(verified))))
	return mux, nil
}

// open opens a server's database or a SQLite file.
func open(database string) (*gorm.DB, error) {
	if strings.HasPrefix(database, "postgres://") {
		db, err := gorm.Open(postgres.Open(database), &gorm.Config{})
		if err != nil {
			return nil, err
		}
		pool, err := db.DB()
		if err != nil {
			return nil, err
		}
		// As many as the Node server has, and none is opened anew: the default keeps two.
		pool.SetMaxOpenConns(10)
		pool.SetMaxIdleConns(10)
		return db, nil
	}
	return gormadapter.SQLite(database)
}

// verified answers with the name of the key that the guard has let through.
func verified(w http.ResponseWriter, r *http.Request) {
	k, ok := apikey.KeyFrom(r.Context())
	if !ok {
		http.Error(w, "no key", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"valid":%t,"id":%q}`, true, k.ID)
}

// bare gives the answer in a file to every request, its header lines and its body.
func bare(file string) (http.Handler, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	recorded, err := http.ReadResponse(bufio.NewReader(f), nil)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(recorded.Body)
	if err != nil {
		return nil, err
	}
	recorded.Header.Del("Date") // net/http's own
	recorded.Header.Del("Content-Length")
	type line struct{ name, value string }
	var lines []line
	for name, values := range recorded.Header {
		for _, v := range values {
			lines = append(lines, line{name, v})
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, l := range lines {
			w.Header().Add(l.name, l.value)
		}
		w.WriteHeader(recorded.StatusCode)
		_, _ = w.Write(body)
	}), nil
}
