// Command gin is the quickstart: a Gin server with sign-up, sign-in, sessions,
// password reset, user names, links and codes in mails, visits, sign-in with providers,
// organizations, passkeys, a second factor and sign-in of devices on a SQLite file, and a
// page that uses the official Better Auth client. Mails are written to standard output, one line of JSON each.
//
// Environment: HOST (default localhost; 0.0.0.0 for every interface), PORT (default
// 3000), DATABASE (default kernia.sqlite) or DATABASE_URL (postgres://…), REDIS_URL
// (redis://…, for sessions and limits), KERNIA_SECRET (default: made once and kept
// beside the database, in a file that only its owner may read). GOOGLE_CLIENT_ID with
// GOOGLE_CLIENT_SECRET, GITHUB_CLIENT_ID with GITHUB_CLIENT_SECRET and so on add a
// provider each; DEMO_IDP=1 adds one that runs here and needs no account.
//
// Behind a proxy: BASE_URL is the public address (https://app.example.com), PUBLIC_PATH
// the path of the routes there if the proxy changes it (/svc/api/auth), TRUSTED_PROXIES
// the networks of the proxies (10.0.0.0/8,::1/128). DRAIN (default 0s) is how long GET
// /ready fails before the server stops. `gin -ready` asks GET /ready on PORT and exits 0
// or 1, for images without a shell.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/clientip"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/plugins/openapi"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/passkey"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/plugins/username"
	"github.com/advantch/kernia-go/core/social"
	kernia "github.com/advantch/kernia-go/gin"
	"github.com/advantch/kernia-go/gormadapter"
)

func main() {
	do := run
	if len(os.Args) > 1 && os.Args[1] == "-ready" {
		do = askReady
	}
	if err := do(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	host := env("HOST", "localhost")
	listener, err := net.Listen("tcp", net.JoinHostPort(host, env("PORT", "3000")))
	if err != nil {
		return err
	}
	here := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	baseURL := env("BASE_URL", here)

	proxies, err := trustedProxies()
	if err != nil {
		return err
	}
	drain, err := time.ParseDuration(env("DRAIN", "0s"))
	if err != nil {
		return fmt.Errorf("DRAIN: %w", err)
	}
	file := env("DATABASE", "kernia.sqlite")
	db, closeDatabase, err := openDatabase(ctx, file)
	if err != nil {
		return err
	}
	defer closeDatabase()
	secret, err := keptSecret(file + ".secret")
	if err != nil {
		return err
	}
	storage, limiter, closeRedis, err := openRedis()
	if err != nil {
		return err
	}
	defer closeRedis()

	configs := configured()
	if os.Getenv("DEMO_IDP") == "1" {
		demo, stop, err := startDemo(host, here)
		if err != nil {
			return err
		}
		defer func() {
			if err := stop(); err != nil {
				slog.Error("the demo provider", "error", err)
			}
		}()
		configs = append(configs, demo)
		slog.Warn("DEMO_IDP is set: the demo provider signs in everybody as anybody", "authorize", demo.AuthorizeURL)
	}
	providers := social.New(configs...)

	org := organization.New(organization.Options{
		Teams: organization.Teams{Enabled: true},
		SendInvitation: func(_ context.Context, inv organization.InvitationMail) error {
			return logMail("invitation", inv.Email, baseURL+"/?invitation="+inv.ID, inv.ID)
		},
	})
	auth, err := core.New(core.Options{
		AppName:          "Kernia quickstart",
		BaseURL:          baseURL,
		PublicPath:       os.Getenv("PUBLIC_PATH"),
		Secret:           secret,
		Database:         gormadapter.New(db),
		SecondaryStorage: storage,
		IPAddress:        clientip.Options{TrustedProxies: proxies},
		Plugins: []core.Plugin{
			emailpassword.New(emailpassword.Options{SendResetPassword: mail("reset-password"), RevokeSessionsOnReset: true}),
			providers,
			org,
			passkey.New(passkey.Options{}),
			username.New(username.Options{}),
			anonymous.New(anonymous.Options{}),
			magiclink.New(magiclink.Options{Send: func(_ context.Context, m magiclink.Message) error {
				return logMail("magic-link", m.Email, m.URL, m.Token)
			}}),
			emailotp.New(emailotp.Options{Send: func(_ context.Context, m emailotp.Message) error {
				return logMail(string(m.Type)+"-code", m.Email, "", m.Code)
			}}),
			twofactor.New(twofactor.Options{}),
			bearer.New(bearer.Options{}),   // for devices, such as examples/devicecli, which have no cookies
			openapi.New(openapi.Options{}), // /api/auth/reference
			deviceauthorization.New(deviceauthorization.Options{
				ValidateClient: func(_ context.Context, id string) (bool, error) { return id == "devicecli", nil },
			}),
		},
		EmailVerification: core.EmailVerificationOptions{Send: mail("verify-email"), SendOnSignUp: new(true), AutoSignIn: true},
		User:              core.UserOptions{DeleteUser: core.DeleteUserOptions{Enabled: true}},
		// The page is meant to be clicked through quickly; the defaults are stricter.
		RateLimit: core.RateLimitOptions{Disabled: os.Getenv("KERNIA_NO_RATE_LIMIT") != "", Custom: limiter},
	})
	if err != nil {
		return err
	}
	if err := auth.Migrate(ctx); err != nil {
		return err
	}
	clean := deleteExpired(ctx, auth)

	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(logged(auth), gin.Recovery(), kernia.Gin(auth))
	router.GET("/ready", gin.WrapH(nethttp.Ready(auth)))
	router.GET("/me", kernia.RequireSession(), func(c *gin.Context) {
		s, _ := kernia.Session(c)
		c.JSON(http.StatusOK, s.User)
	})
	router.GET("/providers", offer(providers.Providers()))
	router.GET("/organization", kernia.Require(org.RequireMember()), func(c *gin.Context) {
		o, err := org.ActiveOrganization(c.Request.Context())
		if err != nil {
			c.AbortWithStatus(http.StatusInternalServerError)
			return
		}
		c.JSON(http.StatusOK, o)
	})
	router.NoRoute(page(os.DirFS(env("WEB", "examples/gin/web/dist"))))

	server := &http.Server{
		Handler:           router,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	fmt.Println("listening on " + here)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		stop() // a second signal ends the program at once
	}

	// GET /ready fails from here on, and requests are still answered: a balancer sends the
	// next ones elsewhere once it has asked.
	auth.Drain()
	select {
	case err := <-failed:
		return err
	case <-time.After(drain):
	}

	// Shutdown stops accepting at once and returns when all requests are answered. Wait
	// for it, then for mails under way. Serve returns earlier, when Shutdown begins.
	requests, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err = server.Shutdown(requests)
	mails, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = errors.Join(err, auth.Close(mails))
	<-clean
	return err
}

// logged writes a line per request. It names the route as it was declared and leaves
// the query out: a path or query may hold a token, as reset links do.
func logged(auth *core.Auth) gin.HandlerFunc {
	return func(c *gin.Context) {
		start, method := time.Now(), c.Request.Method
		route := cmp.Or(auth.RouteName(method, c.Request.URL.EscapedPath()), c.FullPath(), "page")
		c.Next()
		slog.Info("request", "method", method, "route", route, "status", c.Writer.Status(), "took", time.Since(start))
	}
}

// mail writes a mail to the log, where the person who tries this out finds the link.
func mail(kind string) func(context.Context, core.Mail) error {
	return func(_ context.Context, m core.Mail) error { return logMail(kind, m.User.Email, m.URL, m.Token) }
}

func logMail(kind, to, url, token string) error {
	line := json.NewEncoder(os.Stdout)
	line.SetEscapeHTML(false) // so that the link can be pasted
	return line.Encode(map[string]any{"mail": map[string]string{"kind": kind, "to": to, "url": url, "token": token}})
}

// page serves the built page; every path without a file is the page itself.
func page(files fs.FS) gin.HandlerFunc {
	server := http.FileServerFS(files)
	return func(c *gin.Context) {
		if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
			return // Gin has prepared a 404
		}
		if _, err := fs.Stat(files, "index.html"); err != nil {
			c.String(http.StatusNotFound, "The page has not been built: run `make page`, or `make run`, which builds it. The API works without it.\n")
			return
		}
		name := strings.TrimPrefix(c.Request.URL.Path, "/")
		if info, err := fs.Stat(files, name); err != nil || info.IsDir() {
			c.Request.URL.Path = "/"
		}
		// The file server replaces Gin's 404.
		c.Status(http.StatusOK)
		server.ServeHTTP(c.Writer, c.Request)
	}
}

// keptSecret reads the secret from the environment or a file, which it makes at
// the first start. A file that others may read is refused. In production, pass the
// secret in from a secret manager.
func keptSecret(file string) (string, error) {
	if s := os.Getenv("KERNIA_SECRET"); s != "" {
		return s, nil
	}
	if os.Getenv("DATABASE_URL") != "" {
		return "", errors.New("KERNIA_SECRET is missing: all processes of a DATABASE_URL need the same, such as the output of `openssl rand -base64 32`")
	}
	data, err := os.ReadFile(file)
	if err == nil {
		info, err := os.Stat(file)
		if err != nil {
			return "", err
		}
		if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
			return "", fmt.Errorf("others may read %s (mode %04o): a reader can forge sessions, so delete it, or chmod 600 it if nobody has read it", file, info.Mode().Perm())
		}
		return strings.TrimSpace(string(data)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	secret := base64.StdEncoding.EncodeToString(raw)
	return secret, os.WriteFile(file, []byte(secret+"\n"), 0o600)
}

func env(name, other string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return other
}
