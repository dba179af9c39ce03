package core_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/schema"
)

// hanging is a database that answers no read while it hangs, like one behind a network
// that drops every packet.
type hanging struct {
	adapter.Database
	adapter.Adapter
	hangs atomic.Bool
	reads atomic.Int32 // that wait
}

func (h *hanging) Open(s *schema.Schema) (adapter.Adapter, error) {
	inner, err := h.Database.Open(s)
	h.Adapter = inner
	return h, err
}

func (h *hanging) wait(ctx context.Context) error {
	if !h.hangs.Load() {
		return nil
	}
	h.reads.Add(1)
	defer h.reads.Add(-1)
	<-ctx.Done()
	return errors.New("driver: bad connection") // drivers do not always wrap the context's error
}

func (h *hanging) FindOne(ctx context.Context, f adapter.Find) (adapter.Record, error) {
	if err := h.wait(ctx); err != nil {
		return nil, err
	}
	return h.Adapter.FindOne(ctx, f)
}

func (h *hanging) FindMany(ctx context.Context, f adapter.Find) ([]adapter.Record, error) {
	if err := h.wait(ctx); err != nil {
		return nil, err
	}
	return h.Adapter.FindMany(ctx, f)
}

func openHanging(t *testing.T, change func(*core.Options)) (*hanging, *authtest.Env) {
	h := &hanging{}
	return h, open(t, func(_ *authtest.Env, o *core.Options) {
		h.Database = o.Database
		o.Database = h
		o.Timeout = 20 * time.Millisecond
		if change != nil {
			change(o)
		}
	})
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	t.Run("a hung database does not hang the server", func(t *testing.T) {
		t.Parallel()
		var reported atomic.Int32
		h, e := openHanging(t, func(o *core.Options) {
			o.OnError = func(context.Context, error) { reported.Add(1) }
		})
		c := join(t, e, ada)
		h.hangs.Store(true)
		for _, call := range []func() *authtest.Answer{
			func() *authtest.Answer { return c.Get("/get-session") },
			func() *authtest.Answer { return c.Post("/update-user", object{"name": "x"}) },
			func() *authtest.Answer {
				return e.Client().Post("/sign-in/email", object{"email": ada, "password": passphrase})
			},
		} {
			if a := call().Want(t, 503, "SERVER_BUSY"); a.Header.Get("Retry-After") != "1" {
				t.Errorf("%v", a.Header)
			}
		}
		if reported.Load() != 3 {
			t.Errorf("%d errors were reported", reported.Load())
		}
		mustContain(t, e.Log.String(), "longer than Options.Timeout")
		mustContain(t, e.Log.String(), `"operation":"getSession","route":"/get-session"`)
		if _, err := e.Auth.API().GetSession.Call(t.Context(), nil, core.WithHeader(core.Fields{header("Cookie", c.CookieHeader())})); !errors.Is(err, core.Fail(503, core.CodeServerBusy)) {
			t.Errorf("from Go: %v", err)
		}
		ctx := e.Auth.Attach(t.Context(), core.Request{Header: core.Fields{header("Cookie", c.CookieHeader())}}, nil)
		if _, ok := core.SessionFrom(ctx); ok {
			t.Error("a session from a hung database")
		}
		if n := h.reads.Load(); n != 0 {
			t.Errorf("%d reads still wait", n)
		}
		h.hangs.Store(false)
		wantSignedIn(t, c, true)
	})
	t.Run("a client that goes away is no error", func(t *testing.T) {
		t.Parallel()
		var reported atomic.Int32
		h, e := openHanging(t, func(o *core.Options) {
			o.Timeout = -1
			o.OnError = func(context.Context, error) { reported.Add(1) }
		})
		c := join(t, e, ada)
		h.hangs.Store(true)
		ctx, leave := context.WithCancel(t.Context())
		leave()
		var res core.Response
		e.Auth.Serve(ctx, &core.Request{Method: "GET", Path: "/api/auth/get-session", Header: core.Fields{header("Cookie", c.CookieHeader())}}, &res)
		if res.Status < 500 {
			t.Errorf("status %d", res.Status)
		}
		if strings.Contains(e.Log.String(), `"level":"ERROR"`) || reported.Load() != 0 {
			t.Errorf("reported %d times, logged:\n%s", reported.Load(), e.Log.String())
		}
		mustContain(t, e.Log.String(), "the client has gone")
	})
	t.Run("a handler that only waits", func(t *testing.T) {
		t.Parallel()
		wait := core.Post("wait", "/wait/:token", func(c *core.Ctx, _ *core.NoInput) (core.StatusReply, error) {
			child, cancel := context.WithCancel(c) // as drivers do
			defer cancel()
			<-child.Done()
			return core.StatusReply{}, child.Err()
		})
		e := open(t, func(_ *authtest.Env, o *core.Options) { o.Timeout = time.Millisecond },
			&fakePlugin{id: "probe", m: core.Manifest{Operations: []core.Operation{wait}}})
		e.Client().Post("/wait/secret-token", "{}").Want(t, 503, "SERVER_BUSY")
		mustContain(t, e.Log.String(), `"route":"/wait/:token"`)
		if strings.Contains(e.Log.String(), "secret-token") {
			t.Error("the path itself was logged")
		}
	})
}
