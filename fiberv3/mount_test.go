package kernia_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/compress"
	"github.com/gofiber/fiber/v3/middleware/recover"
	"github.com/gofiber/fiber/v3/middleware/rewrite"
	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	kernia "github.com/advantch/kernia-go/fiberv3"
	"github.com/advantch/kernia-go/internal/pairtest"
)

const (
	missing      = `{"message":"Not found","code":"NOT_FOUND"}`
	unauthorized = `{"message":"Unauthorized","code":"UNAUTHORIZED"}`
	newUser      = `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`
)

type answer struct {
	status int
	body   string
	header http.Header
	closed bool // the server announced that it hangs up
}

// send sends a request to an app in the process, over a connection of its own.
func send(t testing.TB, app *fiber.App, r *http.Request) answer {
	t.Helper()
	res, err := app.Test(r, fiber.TestConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, string(body), res.Header, res.Close}
}

func want(t *testing.T, app *fiber.App, method, target string, status int, body string) {
	t.Helper()
	if got := send(t, app, httptest.NewRequest(method, target, nil)); got.status != status || got.body != body {
		t.Errorf("%s %s: got %d %q, want %d %q", method, target, got.status, got.body, status, body)
	}
}

func withCookies(target, cookies string) *http.Request {
	r := httptest.NewRequest("GET", target, nil)
	r.Header.Set("Cookie", cookies)
	return r
}

func signUp(body io.Reader) *http.Request {
	r := httptest.NewRequest("POST", "/api/auth/sign-up/email", body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", authtest.BaseURL)
	return r
}

// sendBody signs up over a connection in memory, where an unread rest does not destroy
// the answer.
func sendBody(t *testing.T, listener *fasthttputil.InmemoryListener, body string, chunked bool) answer {
	t.Helper()
	c, err := listener.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	r := signUp(strings.NewReader(body))
	if chunked {
		r.ContentLength, r.TransferEncoding = -1, []string{"chunked"}
	}
	go func() { _ = r.Write(c) }() // may end half way
	res, err := http.ReadResponse(bufio.NewReader(c), r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, string(text), res.Header, res.Close}
}

func say(text string) fiber.Handler { return func(c fiber.Ctx) error { return c.SendString(text) } }

func who(c fiber.Ctx) error {
	if s, ok := kernia.Session(c); ok {
		return c.SendString(s.User.Email)
	}
	return c.SendString("nobody")
}

// One Use serves the whole surface, on an app without a single route too.
func TestUseAlone(t *testing.T) {
	t.Parallel()
	app := fiber.New()
	app.Use(kernia.Fiber(authtest.New(t, nil).Auth))
	want(t, app, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, app, "GET", "/api/auth/get-session", 200, `null`)
	want(t, app, "POST", "/api/auth/sign-out", 200, `{"success":true}`)
	want(t, app, "GET", "/api/auth/nowhere", 404, missing)
	want(t, app, "GET", "/nowhere", 404, "Not Found")
}

// A mounted App serves the same and sets several cookies; it attaches no sessions.
func TestMount(t *testing.T) {
	t.Parallel()
	a := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Session.CookieCache.Enabled = true
	}, emailpassword.New(emailpassword.Options{})).Auth
	app := fiber.New(fiber.Config{ErrorHandler: func(c fiber.Ctx, _ error) error {
		return c.Status(fiber.StatusNotFound).SendString("no page here")
	}})
	app.Use("/api/auth", kernia.App(a))
	app.Get("/who", who)
	want(t, app, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, app, "GET", "/api/auth/get-session", 200, `null`)
	want(t, app, "POST", "/api/auth/sign-out", 200, `{"success":true}`)
	want(t, app, "OPTIONS", "/api/auth/ok", 404, missing)
	want(t, app, "GET", "/api/auth/nowhere", 404, missing)
	want(t, app, "GET", "/api/auth", 404, missing)
	want(t, app, "GET", "/api/authority", 404, "no page here")
	want(t, app, "GET", "/nowhere", 404, "no page here")

	got := send(t, app, signUp(strings.NewReader(newUser)))
	lines := got.header.Values("Set-Cookie")
	if got.status != 200 || len(lines) != 2 || !strings.HasPrefix(lines[0], "better-auth.session_token=") ||
		!strings.HasPrefix(lines[1], "better-auth.session_data=") {
		t.Fatalf("sign-up: %d %s %q", got.status, got.body, lines)
	}
	first, _, _ := strings.Cut(lines[0], ";")
	second, _, _ := strings.Cut(lines[1], ";")
	if got := send(t, app, withCookies("/api/auth/get-session", first+"; "+second)); !strings.Contains(got.body, "ada@example.com") {
		t.Errorf("get-session: %d %s", got.status, got.body)
	}
	if got := send(t, app, withCookies("/who", first)); got.body != "nobody" {
		t.Errorf("an App attached a session: %s", got.body)
	}

	// Elsewhere than at its base path it has nothing to serve.
	app = fiber.New()
	app.Use("/auth", kernia.App(a))
	want(t, app, "GET", "/auth/ok", 404, "Not Found")
	want(t, app, "GET", "/api/auth/ok", 404, "Not Found")
}

// A handler for everything does not shadow the auth routes when it is declared
// after Kernia; nor do routes of the application below the base path.
func TestOverlappingRoutes(t *testing.T) {
	t.Parallel()
	a := authtest.New(t, nil).Auth
	app := fiber.New()
	app.Use(kernia.Fiber(a))
	app.Get("/api/auth/mine", say("mine"))
	app.Get("/*", say("page"))
	want(t, app, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, app, "GET", "/api/auth/nowhere", 404, missing)
	want(t, app, "GET", "/api/auth/mine", 404, missing)
	want(t, app, "GET", "/anything", 200, "page")

	// Fiber runs in the order of declaration.
	app = fiber.New()
	app.Get("/api/auth/mine", say("mine"))
	app.Get("/who", who)
	app.Use(kernia.Fiber(a))
	want(t, app, "GET", "/api/auth/mine", 200, "mine")
	want(t, app, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, app, "GET", "/who", 200, "nobody")
}

// A group's middleware runs below the group's prefix, on paths without a route too.
func TestGroup(t *testing.T) {
	t.Parallel()
	app := fiber.New()
	app.Group("/api", kernia.Fiber(authtest.New(t, nil).Auth)).Get("/who", who)
	want(t, app, "GET", "/api/auth/ok", 200, `{"ok":true}`)
	want(t, app, "GET", "/api/auth/nowhere", 404, missing)
	want(t, app, "GET", "/api/who", 200, "nobody")
	want(t, app, "GET", "/nowhere", 404, "Not Found")
}

// CaseSensitive, StrictRouting and UnescapePath change Fiber's matching; the auth
// routes are matched by their literal path with any of their values.
func TestPathOptions(t *testing.T) {
	t.Parallel()
	a := authtest.New(t, nil).Auth
	for _, on := range []bool{false, true} {
		use := fiber.New(fiber.Config{CaseSensitive: on, StrictRouting: on, UnescapePath: on})
		use.Use(kernia.Fiber(a))
		mount := fiber.New(fiber.Config{CaseSensitive: on, StrictRouting: on, UnescapePath: on})
		mount.Use("/api/auth", kernia.App(a))
		for _, app := range []*fiber.App{use, mount} {
			want(t, app, "GET", "/api/auth/ok", 200, `{"ok":true}`)
			for _, path := range []string{"/api/auth/%6fk", "/api/auth//ok", "/api/auth/ok/", "/api/auth/OK", "/api/auth/x/../ok"} {
				want(t, app, "GET", path, 404, missing)
			}
			for _, path := range []string{"/API/AUTH/ok", "/api%2Fauth/ok", "/api/x/../auth/ok"} {
				if got := send(t, app, httptest.NewRequest("GET", path, nil)); got.status != 404 || got.body == missing {
					t.Errorf("%s: got %d %s, want Fiber's own 404", path, got.status, got.body)
				}
			}
		}
	}
}

// Request.RequestURI replaces the target of the request by fasthttp's decoded and
// cleaned form. Kernia and all later handlers then see that.
func TestRewrittenTarget(t *testing.T) {
	t.Parallel()
	a := authtest.New(t, nil).Auth
	app := fiber.New()
	app.Use(func(c fiber.Ctx) error {
		_ = c.Request().URI().Path() // makes fasthttp parse the target
		_ = c.Request().RequestURI()
		return c.Next()
	}, kernia.Fiber(a))
	want(t, app, "GET", "/api/auth/%6fk", 200, `{"ok":true}`)
	want(t, app, "GET", "/api/auth//ok", 200, `{"ok":true}`)
	want(t, app, "GET", "/api/x/../auth/ok", 200, `{"ok":true}`)

	// Fiber's own accessors leave it as it is.
	app = fiber.New()
	app.Use(func(c fiber.Ctx) error {
		_, _, _, _ = c.OriginalURL(), c.Path(), c.BaseURL(), c.Query("x")
		return c.Next()
	}, kernia.Fiber(a))
	want(t, app, "GET", "/api/auth/%6fk", 404, missing)
	want(t, app, "GET", "/api/auth//ok", 404, missing)

	// So does the rewrite middleware: it changes Fiber's path alone.
	app = fiber.New()
	app.Use(rewrite.New(rewrite.Config{Rules: map[string]string{"/login/*": "/api/auth/$1"}}), kernia.Fiber(a))
	want(t, app, "GET", "/login/ok", 404, "Not Found")
}

// Fiber enforces a BodyLimit below MaxBody with its error handler.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	app := fiber.New(fiber.Config{BodyLimit: 1024, ErrorHandler: func(c fiber.Ctx, err error) error {
		var e *fiber.Error
		if !errors.As(err, &e) {
			return err
		}
		return c.Status(e.Code).SendString("sorry: " + e.Message)
	}})
	app.Use(kernia.Fiber(authtest.New(t, nil, emailpassword.New(emailpassword.Options{})).Auth))
	if got := send(t, app, signUp(strings.NewReader(newUser))); got.status != 200 {
		t.Errorf("got %d %s", got.status, got.body)
	}
	text := exchange(t, listen(t, app), "POST /api/auth/sign-up/email HTTP/1.1\r\nHost: localhost:3000\r\n"+
		"Content-Type: application/json\r\nContent-Length: 2048\r\n\r\n"+newUser+strings.Repeat(" ", 2048-len(newUser)))
	if !strings.HasPrefix(text, "HTTP/1.1 413 ") || !strings.HasSuffix(text, "sorry: Request Entity Too Large") {
		t.Errorf("got %q", text)
	}
}

// With StreamRequestBody Fiber passes bodies on before it has read them, without a
// bound. Kernia's bound holds, and the unread rest is not taken for a request.
func TestStreamRequestBody(t *testing.T) {
	t.Parallel()
	a := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.MaxBody = 16 << 10 }, emailpassword.New(emailpassword.Options{})).Auth
	app := fiber.New(fiber.Config{StreamRequestBody: true, BodyLimit: 1024})
	app.Use(kernia.Fiber(a))
	addr, memory := listen(t, app), fasthttputil.NewInmemoryListener()
	_ = app.Handler() // builds the routes, for whichever of the two servers is first
	go func() { _ = app.Server().Serve(memory) }()
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"all of it there": {newUser, 409}, // the address is taken by then, or not yet
		"streamed":        {newUser + strings.Repeat(" ", 8<<10), 409},
		"too long":        {newUser + strings.Repeat(" ", 16<<10), 413},
		"far too long":    {newUser + strings.Repeat(" ", 256<<10), 413},
	} {
		for _, chunked := range []bool{false, true} {
			got := sendBody(t, memory, c.body, chunked)
			if got.status != c.status && (c.status != 409 || got.status != 200) {
				t.Errorf("%s, chunked %v: got %d %s, want %d", name, chunked, got.status, got.body, c.status)
			}
			if c.status == 413 && !got.closed {
				t.Errorf("%s, chunked %v: the connection stays open with half a body in it", name, chunked)
			}
		}
	}
	raw := "POST /api/auth/sign-up/email HTTP/1.1\r\nHost: localhost:3000\r\nContent-Type: application/json\r\n" +
		"Transfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\nzz\r\n\r\n"
	if text := exchange(t, addr, raw); !strings.HasPrefix(text, "HTTP/1.1 400 ") || strings.Count(text, "HTTP/1.1") != 1 {
		t.Errorf("chunks that are malformed: got %q", text)
	}
}

// A body without an end is not waited for: MaxBody is enough to refuse it.
func TestStreamWithoutEnd(t *testing.T) {
	t.Parallel()
	app := fiber.New(fiber.Config{StreamRequestBody: true})
	app.Use(kernia.Fiber(authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.MaxBody = 1024 }).Auth))
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listen(t, app))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, "POST /api/auth/sign-out HTTP/1.1\r\nHost: localhost:3000\r\nContent-Type: application/json\r\n"+
		"Transfer-Encoding: chunked\r\n\r\n401\r\n"+strings.Repeat(" ", 0x401)+"\r\n"); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, len("HTTP/1.1 413"))
	if _, err := io.ReadFull(c, head); err != nil || string(head) != "HTTP/1.1 413" {
		t.Errorf("got %q, %v", head, err)
	}
}

// listen serves an app on a port of its own.
func listen(t *testing.T, app *fiber.App) (addr string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}) }()
	t.Cleanup(func() {
		_ = app.Shutdown()
		<-done
	})
	return listener.Addr().String()
}

// exchange sends bytes, and returns all answers until the server hangs up.
func exchange(t *testing.T, addr, raw string) string {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The compress middleware works on auth requests as on others; packed request
// bodies are not unpacked, however small they look.
func TestCompression(t *testing.T) {
	t.Parallel()
	app := fiber.New()
	app.Use(compress.New(), kernia.Fiber(authtest.New(t, nil).Auth))
	r := httptest.NewRequest("GET", "/api/auth/error", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	got := send(t, app, r)
	if got.status != 200 || got.header.Get("Content-Encoding") != "gzip" || !strings.HasPrefix(got.body, "\x1f\x8b") {
		t.Errorf("got %d %v", got.status, got.header)
	}
	r = signUp(strings.NewReader("\x1f\x8b\x08"))
	r.Header.Set("Content-Encoding", "gzip")
	r.URL.Path, r.RequestURI = "/api/auth/sign-out", "/api/auth/sign-out"
	if got := send(t, app, r); got.status != 400 || !strings.Contains(got.body, "INVALID_JSON") {
		t.Errorf("a packed body: got %d %s", got.status, got.body)
	}
}

// RequireSession without the middleware before it is a mistake in the program: the
// answer is not 401, which would mean signed out, and the log names the missing line.
func TestWithoutMiddleware(t *testing.T) { //nolint:paralleltest // slog has one default logger
	log := authtest.DefaultLog(t)
	app := fiber.New()
	app.Get("/me", kernia.RequireSession(), say("me"))
	app.Get("/who", who)
	want(t, app, "GET", "/me", 500, `{"message":"Internal Server Error","code":"INTERNAL_SERVER_ERROR"}`)
	if !strings.Contains(log.String(), "app.Use(kernia.Fiber(auth))") {
		t.Errorf("the log does not name what is missing: %s", log)
	}
	want(t, app, "GET", "/who", 200, "nobody")
}

// RequireSession stops the chain: later handlers do not run.
func TestRequireSession(t *testing.T) {
	t.Parallel()
	a, cookies := pairtest.SignedIn(t, nil)
	ran := false
	app := fiber.New()
	app.Use(kernia.Fiber(a))
	app.Group("/private", kernia.RequireSession()).Get("/who", func(c fiber.Ctx) error {
		ran = true
		return who(c)
	})
	want(t, app, "GET", "/private/who", 401, unauthorized)
	if ran {
		t.Error("the handler ran without a session")
	}
	if got := send(t, app, withCookies("/private/who", cookies)); got.status != 200 || got.body != "ada@example.com" {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

// Locals and a context that the application has set are its own; hooks see the
// context's values.
func TestLocalsAndUserContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	a, cookies := pairtest.SignedIn(t, func(o *core.Options) {
		o.Before = func(c *core.Ctx) error {
			if c.Path() != "/ok" {
				return nil
			}
			return core.FailText(http.StatusTeapot, fmt.Sprint(c.Value(key{})))
		}
	})
	app := fiber.New()
	app.Use(func(c fiber.Ctx) error {
		c.Locals("before", "local")
		c.SetContext(context.WithValue(c.Context(), key{}, "value"))
		return c.Next()
	}, kernia.Fiber(a))
	app.Get("/", func(c fiber.Ctx) error {
		_, ok := core.SessionFrom(c.Context())
		return c.SendString(fmt.Sprintf("%v, %v, %v", c.Locals("before"), c.Context().Value(key{}), ok))
	})
	if got := send(t, app, withCookies("/", cookies)); got.body != "local, value, true" {
		t.Errorf("got %s", got.body)
	}
	if got := send(t, app, httptest.NewRequest("GET", "/api/auth/ok", nil)); got.status != 418 || !strings.Contains(got.body, `"value"`) {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

// The application's error handler, which runs when all middleware has returned, may
// still ask for the session, after a panic too.
func TestErrorHandler(t *testing.T) {
	t.Parallel()
	a, cookies := pairtest.SignedIn(t, nil)
	app := fiber.New(fiber.Config{ErrorHandler: func(c fiber.Ctx, err error) error {
		status := fiber.StatusInternalServerError
		var e *fiber.Error
		if errors.As(err, &e) {
			status = e.Code
		}
		c.Status(status)
		return who(c)
	}})
	app.Use(recover.New(), kernia.Fiber(a))
	app.Get("/panic", func(fiber.Ctx) error { panic("the application has a bug") })
	for path, status := range map[string]int{"/nowhere": 404, "/panic": 500} {
		if got := send(t, app, withCookies(path, cookies)); got.status != status || got.body != "ada@example.com" {
			t.Errorf("%s: got %d %s", path, got.status, got.body)
		}
		want(t, app, "GET", path, status, "nobody")
	}
}

// All headers together must fit into ReadBufferSize.
func TestReadBufferSize(t *testing.T) {
	t.Parallel()
	a := authtest.New(t, nil).Auth
	long := "GET /api/auth/ok HTTP/1.1\r\nHost: localhost:3000\r\nConnection: close\r\nCookie: theirs=" + strings.Repeat("x", 4096) + "\r\n\r\n"
	for _, c := range []struct {
		size      int
		sent, got string
	}{
		{0, long[:4096], "HTTP/1.1 431 "}, // the rest could only meet a closed connection
		{16 << 10, long, "HTTP/1.1 200 "},
	} {
		app := fiber.New(fiber.Config{ReadBufferSize: c.size})
		app.Use(kernia.Fiber(a))
		if text := exchange(t, listen(t, app), c.sent); !strings.HasPrefix(text, c.got) {
			t.Errorf("ReadBufferSize %d: got %q", c.size, text)
		}
	}
}

// Fiber's proxy settings do not decide the client's address.
func TestProxySettings(t *testing.T) {
	t.Parallel()
	ip := ""
	a := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Before = func(c *core.Ctx) error {
			ip, _ = c.IP()
			return nil
		}
	}).Auth
	app := fiber.New(fiber.Config{ProxyHeader: "X-Real-Ip"})
	app.Use(kernia.Fiber(a))
	text := exchange(t, listen(t, app), "GET /api/auth/ok HTTP/1.1\r\nHost: localhost:3000\r\nConnection: close\r\nX-Real-Ip: 198.51.100.7\r\n\r\n")
	if !strings.HasPrefix(text, "HTTP/1.1 200 ") || ip != "127.0.0.1" {
		t.Errorf("the client is %s: %q", ip, text)
	}
}

// A *core.Error that a handler returns has its status in every error handler, and its body
// with kernia.ErrorHandler.
func TestErrorsOfHandlers(t *testing.T) {
	t.Parallel()
	full := &core.Error{Status: 429, Code: "TOO_MANY", Message: "Later", Header: []core.HeaderField{{Name: "Retry-After", Value: "7"}}}
	for _, c := range []struct {
		handler                  fiber.ErrorHandler
		full, check, mine, other string
	}{
		{nil, "wrapped: TOO_MANY: Later", "UNAUTHORIZED: Unauthorized", "mine", "other"},
		{kernia.ErrorHandler, `{"message":"Later","code":"TOO_MANY"}`, `{"message":"Unauthorized","code":"UNAUTHORIZED"}`, "mine", "other"},
	} {
		app := fiber.New(fiber.Config{ErrorHandler: c.handler})
		app.Use(kernia.Fiber(authtest.New(t, nil).Auth))
		app.Get("/full", func(fiber.Ctx) error { return fmt.Errorf("wrapped: %w", full) })
		app.Get("/check", func(f fiber.Ctx) error { return core.Check(f.Context(), core.SessionGuard) })
		app.Get("/mine", func(fiber.Ctx) error { return fiber.NewError(409, "mine") })
		app.Get("/other", func(fiber.Ctx) error { return errors.New("other") })
		got := send(t, app, httptest.NewRequest("GET", "/full", nil))
		if got.status != 429 || got.body != c.full || got.header.Get("Retry-After") != "7" || len(got.header.Values("Retry-After")) != 1 {
			t.Errorf("%+v", got)
		}
		want(t, app, "GET", "/check", 401, c.check)
		want(t, app, "GET", "/mine", 409, c.mine)
		want(t, app, "GET", "/other", 500, c.other)
	}
}
