// Package paritytest is the conformance suite for Kernia's framework modules. It
// sends the same bytes to a real server of the framework and to Auth.Serve in the
// process, and both must answer alike.
//
// The test of a framework module is one call of Run with a function that starts
// its server:
//
//	func TestParity(t *testing.T) { paritytest.Run(t, start) }
package paritytest

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/advantch/kernia-go/core"
)

// App is the application around the framework module's middleware. A server
// consists, from the outside to the inside, of a middleware that calls Outer, the
// framework's own logger and recovery, Kernia's middleware, a middleware that
// calls Inner, and Routes.
type App struct {
	// Addr is the address to listen on, "127.0.0.1:0" or "[::1]:0".
	Addr string
	// MaxBody is the size of body, in bytes, that the framework must let through at
	// least. It is above Auth.MaxBody, so that Kernia refuses larger bodies and not
	// the framework.
	MaxBody int
	Routes  []Route
	// Outer is called for every request, with its method and its target as received.
	// The middleware sets the response header Mark to "yes", goes on, and calls
	// answered with the status when everything inside of it has returned.
	Outer func(method, target string) (answered func(status int))
	// Inner is called for every request that Kernia's middleware has let pass.
	Inner func(method, target string)
}

// Mark is a response header that the outer middleware sets to "yes".
const Mark = "X-Parity-Mark"

// Route is a handler of the application.
type Route struct {
	Method, Path string
	// RequireSession puts the module's RequireSession before the handler.
	RequireSession bool
	// Guards are given to the module's Require before the handler. Without guards
	// there is no Require.
	Guards []core.Guard
	// Handle returns status and body; the type is text/plain; charset=utf-8. It may
	// panic; the framework's recovery then answers.
	Handle func(Call) (status int, body string)
}

// Call is the input of a handler of the application.
type Call struct {
	Session func() (*core.SessionData, bool) // the module's Session for this request
	Body    []byte                           // as the framework reads it
}

// Start starts a server that mounts a and app, and stops it when the test ends. It
// returns the address as "http://host:port".
type Start func(t *testing.T, a *core.Auth, app App) (baseURL string)

// Serve implements the last part of a Start for every http.Handler.
func Serve(t *testing.T, app App, h http.Handler) (baseURL string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", app.Addr)
	if err != nil {
		t.Fatalf("listen on %s: %v", app.Addr, err)
	}
	server := httptest.NewUnstartedServer(h)
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// Run runs the suite.
func Run(t *testing.T, start Start) {
	for _, s := range settings {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			p := open(t, start, s)
			for _, c := range cases {
				if c.in != s.name {
					continue
				}
				t.Run(c.name, func(t *testing.T) { p.check(t, c) })
			}
			for _, c := range s.more {
				t.Run(c.name, func(t *testing.T) { c.run(t, p) })
			}
		})
	}
}
