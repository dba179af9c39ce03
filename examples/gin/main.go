// Command gin is the quickstart: a Gin server with sign-up, sign-in, sessions,
// password reset, organizations and passkeys on a SQLite file, and a page that uses
// the official Better Auth client. Mails are written to standard output, one line of
// JSON each.
//
// Environment: PORT (default 3000), DATABASE (default kernia.sqlite),
// KERNIA_SECRET (default: made once and kept beside the database).
package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/passkey"
	kernia "github.com/advantch/kernia-go/gin"
	"github.com/advantch/kernia-go/gormadapter"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	listener, err := net.Listen("tcp", ":"+env("PORT", "3000"))
	if err != nil {
		return err
	}
	baseURL := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)

	file := env("DATABASE", "kernia.sqlite")
	db, err := gormadapter.SQLite(file)
	if err != nil {
		return err
	}
	secret, err := keptSecret(file + ".secret")
	if err != nil {
		return err
	}

	org := organization.New(organization.Options{
		Teams: organization.Teams{Enabled: true},
		SendInvitation: func(_ context.Context, inv organization.InvitationMail) error {
			return logMail("invitation", inv.Email, baseURL+"/?invitation="+inv.ID, inv.ID)
		},
	})
	auth, err := core.New(core.Options{
		AppName:  "Kernia quickstart",
		BaseURL:  baseURL,
		Secret:   secret,
		Database: gormadapter.New(db),
		Plugins: []core.Plugin{
			emailpassword.New(emailpassword.Options{SendResetPassword: mail("reset-password"), RevokeSessionsOnReset: true}),
			org,
			passkey.New(passkey.Options{}),
		},
		EmailVerification: core.EmailVerificationOptions{Send: mail("verify-email"), SendOnSignUp: core.Bool(true), AutoSignIn: true},
		User:              core.UserOptions{DeleteUser: core.DeleteUserOptions{Enabled: true}},
		// The page is meant to be clicked through quickly; the defaults are stricter.
		RateLimit: core.RateLimitOptions{Disabled: os.Getenv("KERNIA_NO_RATE_LIMIT") != ""},
	})
	if err != nil {
		return err
	}
	if err := auth.Migrate(ctx); err != nil {
		return err
	}

	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(gin.Recovery(), kernia.Gin(auth))
	router.GET("/me", kernia.RequireSession(), func(c *gin.Context) {
		s, _ := kernia.Session(c)
		c.JSON(http.StatusOK, s.User)
	})
	router.GET("/organization", kernia.Require(org.RequireMember()), func(c *gin.Context) {
		o, err := org.ActiveOrganization(c.Request.Context())
		if err != nil {
			c.AbortWithStatus(http.StatusInternalServerError)
			return
		}
		c.JSON(http.StatusOK, o)
	})
	router.NoRoute(page(os.DirFS(env("WEB", "examples/gin/web/dist"))))

	server := &http.Server{Handler: router, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, MaxHeaderBytes: 64 << 10}
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = server.Shutdown(grace)
	}()
	fmt.Println("listening on " + baseURL)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return auth.Close(grace)
}

// mail writes a mail to the log, where the person who tries this out finds the link.
func mail(kind string) func(context.Context, core.Mail) error {
	return func(_ context.Context, m core.Mail) error { return logMail(kind, m.User.Email, m.URL, m.Token) }
}

func logMail(kind, to, url, token string) error {
	line, err := json.Marshal(map[string]any{"mail": map[string]string{"kind": kind, "to": to, "url": url, "token": token}})
	if err == nil {
		fmt.Println(string(line))
	}
	return err
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
// the first start. In production, pass it in from a secret manager.
func keptSecret(file string) (string, error) {
	if s := os.Getenv("KERNIA_SECRET"); s != "" {
		return s, nil
	}
	data, err := os.ReadFile(file)
	if err == nil {
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
