package kernia_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	kernia "github.com/advantch/kernia-go/gin"
	"github.com/advantch/kernia-go/internal/pairtest"
)

const missing = `{"message":"Not found","code":"NOT_FOUND"}`

// do sends a request to a router in the process.
func do(router http.Handler, method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	router.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w
}

func want(t *testing.T, router http.Handler, method, target string, status int, body string) {
	t.Helper()
	if w := do(router, method, target); w.Code != status || w.Body.String() != body {
		t.Errorf("%s %s: got %d %q, want %d %q", method, target, w.Code, w.Body, status, body)
	}
}

func say(text string) gin.HandlerFunc {
	return func(c *gin.Context) { c.String(http.StatusOK, text) }
}

// One Use serves the whole surface, on a router without a single route too.
func TestUseAlone(t *testing.T) {
	t.Parallel()
	router := gin.New()
	router.Use(kernia.Gin(authtest.New(t, nil).Auth))
	want(t, router, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, router, "GET", "/api/auth/get-session", 200, `null`)
	want(t, router, "POST", "/api/auth/sign-out", 200, `{"success":true}`)
	want(t, router, "GET", "/api/auth/nowhere", 404, missing)
	want(t, router, "GET", "/nowhere", 404, "404 page not found")
}

// Gin's own handlers for unknown routes serve the application alone.
func TestNoRoute(t *testing.T) {
	t.Parallel()
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.Use(kernia.Gin(authtest.New(t, nil).Auth))
	router.NoRoute(func(c *gin.Context) { c.String(http.StatusNotFound, "no page here") })
	router.NoMethod(func(c *gin.Context) { c.String(http.StatusMethodNotAllowed, "not that way") })
	router.GET("/page", say("page"))
	want(t, router, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, router, "GET", "/api/auth/nowhere", 404, missing)
	want(t, router, "GET", "/nowhere", 404, "no page here")
	want(t, router, "POST", "/page", 405, "not that way")
}

// A handler for everything, as single-page applications have, does not shadow the
// auth routes; nor do routes of the application below the base path, which are out
// of reach.
func TestOverlappingRoutes(t *testing.T) {
	t.Parallel()
	router := gin.New()
	router.Use(kernia.Gin(authtest.New(t, nil).Auth))
	router.GET("/*path", say("page"))
	want(t, router, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, router, "GET", "/api/auth/nowhere", 404, missing)
	want(t, router, "GET", "/anything", 200, "page")

	router = gin.New()
	router.Use(kernia.Gin(authtest.New(t, nil).Auth))
	router.GET("/api/auth/mine", say("mine"))
	want(t, router, "GET", "/api/auth/mine", 404, missing)
}

// Gin's redirects are made before any middleware runs, and only towards routes of
// the application itself.
func TestRedirectTrailingSlash(t *testing.T) {
	t.Parallel()
	router := gin.New()
	router.RedirectFixedPath = true
	router.Use(kernia.Gin(authtest.New(t, nil).Auth))
	router.GET("/api/auth2/", say("near"))
	router.GET("/api/authority", say("near"))
	router.GET("/me", say("me"))
	want(t, router, "GET", "/api/auth/ok/", 404, missing)
	want(t, router, "GET", "/api/auth/", 404, missing)
	want(t, router, "GET", "/api/auth", 404, missing)
	want(t, router, "GET", "/api/auth//ok", 404, missing)
	want(t, router, "GET", "/API/AUTH/ok", 404, "404 page not found")
	want(t, router, "GET", "/api/authority", 200, "near")
	if w := do(router, "GET", "/me/"); w.Code != 301 || w.Header().Get("Location") != "/me" {
		t.Errorf("/me/: got %d %s", w.Code, w.Header().Get("Location"))
	}
	if w := do(router, "GET", "/api/auth2"); w.Code != 301 || w.Header().Get("Location") != "/api/auth2/" {
		t.Errorf("/api/auth2: got %d %s", w.Code, w.Header().Get("Location"))
	}

	// A route that is the base path with a slash makes Gin redirect the path without.
	router = gin.New()
	router.Use(kernia.Gin(authtest.New(t, nil).Auth))
	router.GET("/api/auth/", say("shadowed"))
	want(t, router, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, router, "GET", "/api/auth/", 404, missing)
	if w := do(router, "GET", "/api/auth"); w.Code != 301 {
		t.Errorf("/api/auth: got %d, want Gin's own 301", w.Code)
	}
}

// On a group, Gin runs the middleware only where the group has a route.
func TestGroup(t *testing.T) {
	t.Parallel()
	a := authtest.New(t, nil).Auth
	router := gin.New()
	group := router.Group("/api")
	group.Use(kernia.Gin(a))
	group.GET("/mine", func(c *gin.Context) {
		_, ok := kernia.Session(c)
		c.String(http.StatusOK, "%v", ok)
	})
	want(t, router, "GET", "/api/auth/ok", 404, "404 page not found")
	want(t, router, "GET", "/api/mine", 200, "false")

	// With a route for everything below the base path it serves.
	router = gin.New()
	router.Any("/api/auth/*path", kernia.Gin(a))
	want(t, router, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, router, "GET", "/api/auth/nowhere", 404, missing)
}

// RequireSession without the middleware before it is a mistake in the program: the
// answer is not 401, which would mean signed out, and the log names the missing line.
func TestWithoutMiddleware(t *testing.T) { //nolint:paralleltest // slog has one default logger
	log := authtest.DefaultLog(t)
	router := gin.New()
	router.GET("/me", kernia.RequireSession(), say("me"))
	router.GET("/session", func(c *gin.Context) {
		if s, ok := kernia.Session(c); ok || s != nil {
			t.Error("there is a session without middleware")
		}
	})
	want(t, router, "GET", "/me", 500, `{"message":"Internal Server Error","code":"INTERNAL_SERVER_ERROR"}`)
	if !strings.Contains(log.String(), "router.Use(kernia.Gin(auth))") {
		t.Errorf("the log does not name what is missing: %s", log)
	}
	want(t, router, "GET", "/session", 200, "")
}

// RequireSession stops the chain: later handlers do not run.
func TestRequireSession(t *testing.T) {
	t.Parallel()
	a, cookies := pairtest.SignedIn(t, nil)
	ran := false
	router := gin.New()
	router.Use(kernia.Gin(a))
	private := router.Group("/private", kernia.RequireSession())
	private.GET("/me", func(c *gin.Context) {
		ran = true
		s, _ := kernia.Session(c)
		c.String(http.StatusOK, s.User.Email)
	})
	want(t, router, "GET", "/private/me", 401, `{"message":"Unauthorized","code":"UNAUTHORIZED"}`)
	if ran {
		t.Error("the handler ran without a session")
	}
	r := httptest.NewRequest("GET", "/private/me", nil)
	r.Header.Set("Cookie", cookies)
	w := httptest.NewRecorder()
	router.ServeHTTP(w, r)
	if w.Code != 200 || w.Body.String() != "ada@example.com" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// Gin's logger sees auth requests with their status, its recovery the panics of
// the application; those of hooks never get that far.
func TestLoggerAndRecovery(t *testing.T) {
	t.Parallel()
	var log, panics bytes.Buffer
	env := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Before = func(c *core.Ctx) error {
			if c.Path() == "/sign-out" {
				panic("a hook has a bug")
			}
			return nil
		}
	})
	router := gin.New()
	router.Use(
		gin.LoggerWithConfig(gin.LoggerConfig{Output: &log, Formatter: func(p gin.LogFormatterParams) string {
			return p.Method + " " + p.Path + " " + http.StatusText(p.StatusCode) + "\n"
		}}),
		gin.RecoveryWithWriter(&panics), kernia.Gin(env.Auth),
	)
	router.GET("/panic", func(*gin.Context) { panic("the application has a bug") })
	want(t, router, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, router, "GET", "/api/auth/nowhere", 404, missing)
	want(t, router, "POST", "/api/auth/sign-out", 500, `{"message":"Internal Server Error","code":"INTERNAL_SERVER_ERROR"}`)
	if panics.Len() > 0 {
		t.Errorf("Gin recovered from a panic of a hook:\n%s", &panics)
	}
	want(t, router, "GET", "/panic", 500, "")
	if !strings.Contains(panics.String(), "the application has a bug") {
		t.Error("Gin did not recover from the application's panic")
	}
	lines := "GET /api/auth/ok OK\nGET /api/auth/nowhere Not Found\nPOST /api/auth/sign-out Internal Server Error\nGET /panic Internal Server Error\n"
	if log.String() != lines {
		t.Errorf("log:\n%s\nwant:\n%s", &log, lines)
	}
}

// UseRawPath and UnescapePathValues change Gin's matching; the auth routes are matched
// by their literal path with any of their values.
func TestPathOptions(t *testing.T) {
	t.Parallel()
	for _, raw := range []bool{false, true} {
		router := gin.New()
		router.UseRawPath, router.UnescapePathValues, router.RemoveExtraSlash = raw, raw, raw
		router.Use(kernia.Gin(authtest.New(t, nil).Auth))
		want(t, router, "GET", "/api/auth/%6fk", 404, missing)
		want(t, router, "GET", "/api/auth//ok", 404, missing)
		want(t, router, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	}
}
