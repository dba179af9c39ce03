package kernia_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	kernia "github.com/advantch/kernia-go/echov5"
	"github.com/advantch/kernia-go/internal/pairtest"
)

const (
	missing      = `{"message":"Not found","code":"NOT_FOUND"}`
	unauthorized = `{"message":"Unauthorized","code":"UNAUTHORIZED"}`
	unknown      = `{"message":"Not Found"}` + "\n" // Echo's own
)

// do sends a request to an Echo in the process.
func do(e *echo.Echo, method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w
}

func want(t *testing.T, e *echo.Echo, method, target string, status int, body string) {
	t.Helper()
	if w := do(e, method, target); w.Code != status || w.Body.String() != body {
		t.Errorf("%s %s: got %d %q, want %d %q", method, target, w.Code, w.Body, status, body)
	}
}

func say(text string) echo.HandlerFunc {
	return func(c *echo.Context) error { return c.String(http.StatusOK, text) }
}

// One Use serves the whole surface, on an Echo without a single route too.
func TestUseAlone(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.Use(kernia.Echo(authtest.New(t, nil).Auth))
	want(t, e, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, e, "GET", "/api/auth/get-session", 200, `null`)
	want(t, e, "POST", "/api/auth/sign-out", 200, `{"success":true}`)
	want(t, e, "GET", "/api/auth/nowhere", 404, missing)
	want(t, e, "GET", "/nowhere", 404, unknown)
}

// Before routing it serves the same, and gives handlers their session.
func TestPre(t *testing.T) {
	t.Parallel()
	a, cookies := pairtest.SignedIn(t, nil)
	e := echo.New()
	e.Pre(kernia.Echo(a))
	e.GET("/who", who)
	want(t, e, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, e, "GET", "/api/auth/nowhere", 404, missing)
	want(t, e, "GET", "/who", 200, "nobody")
	r := httptest.NewRequest("GET", "/who", nil)
	r.Header.Set("Cookie", cookies)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	if w.Body.String() != "ada@example.com" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func who(c *echo.Context) error {
	if s, ok := kernia.Session(c); ok {
		return c.String(http.StatusOK, s.User.Email)
	}
	return c.String(http.StatusOK, "nobody")
}

// Echo's error handler, and its handlers for unknown routes, serve the application
// alone, and errors of middleware around Kernia.
func TestHTTPErrorHandler(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.HTTPErrorHandler = func(c *echo.Context, err error) {
		_ = c.String(cmp.Or(echo.StatusCode(err), http.StatusInternalServerError), "sorry")
	}
	e.Use(kernia.Echo(authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Before = func(*core.Ctx) error { return core.FailText(http.StatusTeapot, "short and stout") }
	}).Auth))
	e.GET("/page", say("page"))
	e.GET("/me", say("me"), kernia.RequireSession())
	e.RouteNotFound("/docs/*", func(c *echo.Context) error { return c.String(http.StatusNotFound, "no such page") })
	if w := do(e, "GET", "/api/auth/ok"); w.Code != 418 || !strings.Contains(w.Body.String(), `"message":"short and stout"`) {
		t.Errorf("an error of a hook became %d %s", w.Code, w.Body)
	}
	want(t, e, "GET", "/api/auth/nowhere", 404, missing)
	want(t, e, "GET", "/me", 401, unauthorized)
	want(t, e, "GET", "/nowhere", 404, "sorry")
	want(t, e, "POST", "/page", 405, "sorry")
	want(t, e, "GET", "/docs/x", 404, "no such page")
}

// A handler for everything does not shadow the auth routes; nor do routes of the
// application below the base path, which are out of reach.
func TestOverlappingRoutes(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.Use(kernia.Echo(authtest.New(t, nil).Auth))
	e.GET("/*", say("page"))
	e.GET("/api/auth/mine", say("mine"))
	want(t, e, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, e, "GET", "/api/auth/nowhere", 404, missing)
	want(t, e, "GET", "/api/auth/mine", 404, missing)
	want(t, e, "GET", "/api/authority", 200, "page")
	want(t, e, "GET", "/API/AUTH/ok", 200, "page")
}

// Auth routes are matched by their literal path.
func TestLiteralPath(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.Use(kernia.Echo(authtest.New(t, nil).Auth))
	for _, path := range []string{"/api/auth/%6fk", "/api/auth//ok", "/api/auth/ok/", "/api/auth/", "/api/auth"} {
		want(t, e, "GET", path, 404, missing)
	}
	want(t, e, "GET", "/api%2Fauth/ok", 404, unknown)
}

// Kernia sees the path that Pre middleware has made, in Use and later in Pre.
func TestTrailingSlashAndRewrite(t *testing.T) {
	t.Parallel()
	a := authtest.New(t, nil).Auth
	e := echo.New()
	e.Pre(middleware.RemoveTrailingSlash(), middleware.Rewrite(map[string]string{"/login/*": "/api/auth/$1"}))
	e.Use(kernia.Echo(a))
	want(t, e, "GET", "/api/auth/ok/", 200, `{"ok":true}`)
	want(t, e, "GET", "/login/ok", 200, `{"ok":true}`)

	e = echo.New()
	e.Pre(middleware.AddTrailingSlash())
	e.Use(kernia.Echo(a))
	want(t, e, "GET", "/api/auth/ok", 404, missing)

	e = echo.New()
	e.Pre(kernia.Echo(a), middleware.AddTrailingSlash())
	e.GET("/page/", say("page"))
	want(t, e, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, e, "GET", "/page", 200, "page")

	e = echo.New()
	e.Pre(middleware.AddTrailingSlash())
	e.Use(kernia.Echo(authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.SkipTrailingSlashes = true }).Auth))
	want(t, e, "GET", "/api/auth/ok", 200, `{"ok":true}`)
}

// A group's middleware runs below the group's prefix, on paths without a route
// too, as long as no route of another place takes them.
func TestGroup(t *testing.T) {
	t.Parallel()
	e := echo.New()
	api := e.Group("/api", kernia.Echo(authtest.New(t, nil).Auth))
	api.GET("/who", who)
	e.GET("/who", who)
	want(t, e, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, e, "POST", "/api/auth/sign-out", 200, `{"success":true}`)
	want(t, e, "GET", "/api/auth/nowhere", 404, missing)
	want(t, e, "GET", "/api/who", 200, "nobody")
	want(t, e, "GET", "/api/nowhere", 404, unknown)
	want(t, e, "GET", "/who", 200, "nobody")

	// The same, where the application has a handler for everything.
	e.GET("/*", say("page"))
	want(t, e, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	e.GET("/api/*", say("shadow"))
	want(t, e, "GET", "/api/auth/ok", 200, "shadow")
}

// RequireSession without the middleware before it is a mistake in the program: the
// answer is not 401, which would mean signed out, and the log names the missing line.
func TestWithoutMiddleware(t *testing.T) { //nolint:paralleltest // slog has one default logger
	log := authtest.DefaultLog(t)
	e := echo.New()
	e.GET("/me", say("me"), kernia.RequireSession())
	e.GET("/who", who)
	want(t, e, "GET", "/me", 500, `{"message":"Internal Server Error","code":"INTERNAL_SERVER_ERROR"}`)
	if !strings.Contains(log.String(), "e.Use(kernia.Echo(auth))") {
		t.Errorf("the log does not name what is missing: %s", log)
	}
	want(t, e, "GET", "/who", 200, "nobody")
}

// RequireSession stops the chain: later handlers do not run.
func TestRequireSession(t *testing.T) {
	t.Parallel()
	a, cookies := pairtest.SignedIn(t, nil)
	ran := false
	e := echo.New()
	e.Use(kernia.Echo(a))
	private := e.Group("/private", kernia.RequireSession())
	private.GET("/who", func(c *echo.Context) error {
		ran = true
		return who(c)
	})
	want(t, e, "GET", "/private/who", 401, unauthorized)
	if ran {
		t.Error("the handler ran without a session")
	}
	r := httptest.NewRequest("GET", "/private/who", nil)
	r.Header.Set("Cookie", cookies)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	if w.Code != 200 || w.Body.String() != "ada@example.com" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// Echo's logger sees auth requests with their status, its recovery the panics of
// the application; those of hooks never get that far.
func TestLoggerAndRecovery(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var panics []string
	e := echo.New()
	e.Use(
		middleware.RequestLoggerWithConfig(middleware.RequestLoggerConfig{
			LogMethod: true, LogURIPath: true, LogStatus: true, HandleError: true,
			LogValuesFunc: func(_ *echo.Context, v middleware.RequestLoggerValues) error {
				fmt.Fprintln(&log, v.Method, v.URIPath, v.Status)
				return nil
			},
		}),
		func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c *echo.Context) error {
				err := next(c)
				var panicked *middleware.PanicStackError
				if errors.As(err, &panicked) {
					panics = append(panics, panicked.Err.Error())
				}
				return err
			}
		},
		middleware.Recover(),
		kernia.Echo(authtest.New(t, func(_ *authtest.Env, o *core.Options) {
			o.Before = func(c *core.Ctx) error {
				if c.Path() == "/sign-out" {
					panic("a hook has a bug")
				}
				return nil
			}
		}).Auth),
	)
	e.GET("/panic", func(*echo.Context) error { panic("the application has a bug") })
	want(t, e, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, e, "GET", "/api/auth/nowhere", 404, missing)
	want(t, e, "POST", "/api/auth/sign-out", 500, `{"message":"Internal Server Error","code":"INTERNAL_SERVER_ERROR"}`)
	want(t, e, "GET", "/panic", 500, `{"message":"Internal Server Error"}`+"\n")
	if len(panics) != 1 || panics[0] != "the application has a bug" {
		t.Errorf("Echo recovered from %q", panics)
	}
	lines := "GET /api/auth/ok 200\nGET /api/auth/nowhere 404\nPOST /api/auth/sign-out 500\nGET /panic 500\n"
	if log.String() != lines {
		t.Errorf("log:\n%s\nwant:\n%s", &log, lines)
	}
}

// signUp sends a sign-up whose body a middleware may have changed.
func signUp(e *echo.Echo, encoding string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/api/auth/sign-up/email", body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", authtest.BaseURL)
	if encoding != "" {
		r.Header.Set("Content-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

const newUser = `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`

// Gzip and Decompress work on auth requests as on others. MaxBody bounds the
// decompressed body.
func TestCompression(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.Use(middleware.Gzip(), middleware.Decompress(),
		kernia.Echo(authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.MaxBody = 4096 }, emailpassword.New(emailpassword.Options{})).Auth))
	r := httptest.NewRequest("GET", "/api/auth/ok", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	unpacked, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(unpacked); err != nil || string(text) != `{"ok":true}` {
		t.Errorf("got %q, %v", text, err)
	}

	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"longer when packed":  {newUser, 200},
		"shorter when packed": {strings.Replace(newUser, "ada@", strings.Repeat("a", 60)+"@", 1) + strings.Repeat(" ", 2000), 200},
		"a bomb":              {newUser + strings.Repeat(" ", 1<<20), 413},
	} {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = io.WriteString(z, c.body)
		_ = z.Close()
		if w := signUp(e, "gzip", &packed); w.Code != c.status {
			t.Errorf("%s: got %d %s, want %d", name, w.Code, w.Body, c.status)
		}
	}
}

// With a declared length, Echo answers for a BodyLimit below MaxBody. Kernia refuses a
// body whose length shows only while it is read.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.Use(middleware.BodyLimit(1024), kernia.Echo(authtest.New(t, nil, emailpassword.New(emailpassword.Options{})).Auth))
	long := newUser + strings.Repeat(" ", 2048)
	if w := signUp(e, "", strings.NewReader(long)); w.Code != 413 || w.Body.String() != `{"message":"Request Entity Too Large"}`+"\n" {
		t.Errorf("a declared length: got %d %s", w.Code, w.Body)
	}
	if w := signUp(e, "", io.MultiReader(strings.NewReader(long))); w.Code != 400 {
		t.Errorf("an undeclared length: got %d %s", w.Code, w.Body)
	}
	if w := signUp(e, "", strings.NewReader(newUser)); w.Code != 200 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// Echo's IPExtractor does not decide the client's address.
func TestIPExtractor(t *testing.T) {
	t.Parallel()
	ip := ""
	e := echo.New()
	e.IPExtractor = func(*http.Request) string { return "198.51.100.7" }
	e.Use(kernia.Echo(authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Before = func(c *core.Ctx) error {
			ip, _ = c.IP()
			return nil
		}
	}).Auth))
	want(t, e, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	if ip != "192.0.2.1" {
		t.Errorf("the client is %s", ip)
	}
}

// A *core.Error that a handler returns has its status, code, message and headers in Echo's own
// error handler, and is what the application's finds.
func TestErrorsOfHandlers(t *testing.T) {
	t.Parallel()
	full := &core.Error{Status: 429, Code: "TOO_MANY", Message: "Later", Header: []core.HeaderField{{Name: "Retry-After", Value: "7"}}}
	for _, own := range []bool{false, true} {
		e := echo.New()
		if own {
			e.HTTPErrorHandler = func(c *echo.Context, err error) {
				var known *core.Error
				if errors.As(err, &known) {
					_ = c.String(known.Status, known.Code)
				}
			}
		}
		e.Use(kernia.Echo(authtest.New(t, nil).Auth))
		e.GET("/full", func(*echo.Context) error { return fmt.Errorf("wrapped: %w", full) })
		e.GET("/check", func(c *echo.Context) error { return core.Check(c.Request().Context(), core.SessionGuard) })
		e.GET("/oauth", func(*echo.Context) error { return core.OAuthError(400, "invalid_scope", "") })
		e.GET("/mine", func(*echo.Context) error { return echo.NewHTTPError(409, "mine").Wrap(full) })
		if own {
			want(t, e, "GET", "/full", 429, "TOO_MANY")
			want(t, e, "GET", "/check", 401, "UNAUTHORIZED")
			continue
		}
		w := do(e, "GET", "/full")
		if w.Code != 429 || strings.TrimSpace(w.Body.String()) != `{"message":"Later","code":"TOO_MANY"}` || w.Header().Get("Retry-After") != "7" {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
		for path, answer := range map[string]string{"/check": "401 " + unauthorized, "/oauth": `400 {"error":"invalid_scope"}`, "/mine": `409 {"message":"mine"}`} {
			if w := do(e, "GET", path); fmt.Sprint(w.Code, " ", strings.TrimSpace(w.Body.String())) != answer {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
	}
}

// The error of a handler has its status for those who ask Echo, and is an *echo.HTTPError
// for those who look for one. An error with a status of its own stays.
func TestStatusOfErrors(t *testing.T) {
	t.Parallel()
	full := &core.Error{Status: 429, Code: "TOO_MANY", Message: "Later"}
	e := echo.New()
	e.HTTPErrorHandler = func(c *echo.Context, err error) {
		var known *echo.HTTPError
		text := "no"
		if errors.As(err, &known) {
			text = fmt.Sprint(known.Code, " ", known.Message)
		}
		_ = c.String(cmp.Or(echo.StatusCode(err), 500), text)
	}
	e.Use(kernia.Echo(authtest.New(t, nil).Auth))
	e.GET("/full", func(*echo.Context) error { return fmt.Errorf("wrapped: %w", full) })
	e.GET("/own", func(*echo.Context) error { return echo.ErrForbidden.Wrap(full) })
	e.GET("/written", func(c *echo.Context) error {
		_ = c.String(http.StatusOK, "written")
		return full
	})
	want(t, e, "GET", "/full", 429, "429 Later")
	want(t, e, "GET", "/own", 403, "403 Forbidden")
	want(t, e, "GET", "/nowhere", 404, "no") // as a handler for Echo 4 would see it
	if w := do(e, "GET", "/written"); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "written") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
