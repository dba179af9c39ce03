package kernia_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/gofiber/fiber/v3"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
	kernia "github.com/advantch/kernia-go/fiberv3"
)

// hung is a database whose reads wait for the end of their context, once it hangs.
type hung struct {
	adapter.Database
	adapter.Adapter
	hangs       chan struct{} // closed when it hangs
	began, over chan struct{} // a message per read
}

func (h *hung) Open(s *schema.Schema) (adapter.Adapter, error) {
	inner, err := h.Database.Open(s)
	h.Adapter = inner
	return h, err
}

func (h *hung) FindOne(ctx context.Context, f adapter.Find) (adapter.Record, error) {
	select {
	case <-h.hangs:
	default:
		return h.Adapter.FindOne(ctx, f)
	}
	h.began <- struct{}{}
	<-ctx.Done()
	h.over <- struct{}{}
	return nil, ctx.Err()
}

// fasthttp does not tell a handler that its client has gone. Options.Timeout ends what
// abandoned clients of a hung database have left behind, in Kernia's routes and in the
// application's, which ask for the session.
func TestAbandonedClientsOfAHungDatabase(t *testing.T) {
	t.Parallel()
	const clients = 50
	h := &hung{hangs: make(chan struct{}), began: make(chan struct{}, clients), over: make(chan struct{}, clients)}
	env := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		h.Database = o.Database
		o.Database = h
		o.Timeout = 300 * time.Millisecond
		o.RateLimit.Disabled = true
	}, emailpassword.New(emailpassword.Options{}))
	c := env.Client()
	c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
	app := fiber.New()
	app.Use(kernia.Fiber(env.Auth))
	app.Get("/me", kernia.RequireSession(), func(c fiber.Ctx) error { return c.SendStatus(200) })
	address := listen(t, app)

	close(h.hangs)
	for i := range clients {
		path := []string{"/api/auth/get-session?disableCookieCache=true", "/me"}[i%2]
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nCookie: " + c.CookieHeader() + "\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		<-h.began // it is in the database, and its client goes away
		_ = conn.Close()
	}
	late := time.After(time.Minute) // for a slow machine: each takes 0.3 seconds
	for i := range clients {
		select {
		case <-h.over:
		case <-late:
			t.Fatalf("%d of %d abandoned requests have ended", i, clients)
		}
	}
	// Shutdown waits for what is open: nothing is left.
	if err := app.ShutdownWithTimeout(time.Minute); err != nil {
		t.Error(err)
	}
}
