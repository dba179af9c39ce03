package signintest

import (
	"context"
	"net/http"
	"runtime"
	"slices"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
)

// codeOff is the answer to a method that a test has switched off.
var codeOff = core.ErrorCode{Code: "SWITCHED_OFF", Message: "The method is off"}

// switchboard switches one method off in the middle of a way.
type switchboard struct {
	method string
	after  int // requests
	seen   int // requests
	asked  int // refusals
	made   int // users whom the method has made while it was off
}

func (w *World) count(*core.Ctx) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.board.seen++
	return nil
}

func (w *World) refuse(_ context.Context, method string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := &w.board
	if b.method == "" || method != b.method || b.seen <= b.after {
		return nil
	}
	b.asked++
	return core.Fail(http.StatusForbidden, codeOff)
}

// userMade counts users who are made while the method is off, but by the sign-up with which
// a way begins.
func (w *World) userMade(ctx context.Context, _ *core.User) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := &w.board
	c, ok := core.CtxFrom(ctx)
	if b.method != "" && b.seen > b.after && ok && (c.Path() != "/sign-up/email" || b.method == "sign-up") {
		b.made++
	}
	return nil
}

// switchedOff plays a way whose method is off from the start, and from every request on. It
// leads to no session and no user. A method that is off from the start sends nothing.
func switchedOff(t *testing.T, seen *calls, way Way) {
	w := open(t, seen, way, false)
	if !slices.ContainsFunc(w.Auth.SignInMethods(), func(m core.SignInMethod) bool { return m.Name == way.Method }) {
		t.Fatalf("no plugin has the method %q among its core.Manifest.SignInMethods", way.Method)
	}
	way.Enter(w, w.Client())
	n := w.board.seen
	for after := range n {
		w := open(t, seen, way, false)
		w.board.method, w.board.after = way.Method, after
		c := w.Client()
		a := w.try(func() *authtest.Answer { return way.Enter(w, c) })
		w.wantOut(c, a, way)
		if w.board.asked == 0 {
			t.Errorf("off after request %d of %d: nobody asked whether %q is on", after, n, way.Method)
		}
		if w.board.made > 0 {
			t.Errorf("off after request %d of %d: a user was made", after, n)
		}
		for _, what := range []string{"sign-in", "link", "phone"} {
			if after == 0 && w.sent[what] != "" {
				t.Errorf("%q was sent", what)
			}
		}
	}
	if way.Exempt != "" {
		return
	}
	// The second step does not complete what the first has begun.
	w = open(t, seen, way, true)
	c := w.Client()
	a := way.Enter(w, c)
	w.board.method = way.Method
	delete(w.sent, "second step") // that of the browser in which the way has begun
	w.try(func() *authtest.Answer { w.SecondStep(c); return nil })
	w.wantOut(c, a, way)
	if w.board.asked == 0 || w.sent["second step"] != "" {
		t.Errorf("in the second step %d asked whether %q is on, and %q was sent", w.board.asked, way.Method, w.sent["second step"])
	}
	for _, m := range w.Auth.SignInMethods() {
		if m.Name == twofactor.ID {
			t.Error("the second step is no way to sign in by itself")
		}
	}
}

// wantOut fails when a way has led to a session.
func (w *World) wantOut(c *authtest.Client, a *authtest.Answer, way Way) {
	w.T.Helper()
	if c.Get("/get-session").Body != "null" || way.Detached && a != nil && a.JSON("access_token") != "" {
		w.T.Errorf("%q is off after request %d, and has signed somebody in", way.Method, w.board.after)
	}
}

// try runs a part of a way that may fail, which the test of the way would report.
func (w *World) try(part func() *authtest.Answer) (a *authtest.Answer) {
	was := w.T
	w.T = &tolerant{TB: was}
	done := make(chan struct{})
	go func() {
		defer close(done)
		a = part()
	}()
	<-done
	w.T = was
	return a
}

// tolerant is a test that fails without telling.
type tolerant struct{ testing.TB }

func (*tolerant) Helper()               {}
func (*tolerant) Error(...any)          {}
func (*tolerant) Errorf(string, ...any) {}
func (*tolerant) Fail()                 {}
func (*tolerant) FailNow()              { runtime.Goexit() }
func (*tolerant) Fatal(...any)          { runtime.Goexit() }
func (*tolerant) Fatalf(string, ...any) { runtime.Goexit() }
