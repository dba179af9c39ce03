package main

import (
	"cmp"
	"context"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
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

	db, err := gormadapter.SQLite("app.db")
	if err != nil {
		return err
	}
	auth, err := core.New(core.Options{
		BaseURL:  "http://localhost:3000",
		Secret:   os.Getenv("KERNIA_SECRET"),
		Database: gormadapter.New(db),
		Plugins:  []core.Plugin{emailpassword.New(emailpassword.Options{})},
	})
	if err != nil {
		return err
	}
	if err := auth.Migrate(ctx); err != nil {
		return err
	}

	gin.SetMode(gin.ReleaseMode) // Gin's debug mode prints cookies after a panic
	router := gin.New()
	router.Use(logged(auth), gin.Recovery(), kernia.Gin(auth)) // serves /api/auth/*
	router.GET("/me", kernia.RequireSession(), func(c *gin.Context) {
		s, _ := kernia.Session(c)
		c.JSON(http.StatusOK, gin.H{"id": s.User.ID, "email": s.User.Email})
	})

	server := &http.Server{
		Addr:              "localhost:3000", // ":3000" listens to the whole network
		Handler:           router,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}

	// Shutdown returns when what is in flight is answered, Close when mails are sent.
	requests, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err = server.Shutdown(requests)
	mails, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(err, auth.Close(mails))
}

// logged writes a line per request, with the route as it was declared and no query:
// paths and queries of links hold tokens, which gin.Logger would write down.
func logged(auth *core.Auth) gin.HandlerFunc {
	return func(c *gin.Context) {
		start, method := time.Now(), c.Request.Method
		route := cmp.Or(auth.RouteName(method, c.Request.URL.EscapedPath()), c.FullPath(), "none")
		c.Next()
		slog.Info("request", "method", method, "route", route, "status", c.Writer.Status(), "took", time.Since(start))
	}
}
