package paritytest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
)

// routes are the application's own.
func routes(a *core.Auth) []Route {
	who := func(c Call) (int, string) {
		if s, ok := c.Session(); ok {
			return http.StatusOK, s.User.Email
		}
		return http.StatusOK, "nobody"
	}
	return []Route{
		{Method: http.MethodGet, Path: "/app/plain", Handle: func(Call) (int, string) { return http.StatusOK, "plain" }},
		{Method: http.MethodGet, Path: "/app/who", Handle: who},
		{Method: http.MethodGet, Path: "/app/twice", Handle: func(c Call) (int, string) {
			first, _ := c.Session()
			again, _ := c.Session()
			if first != again {
				return http.StatusInternalServerError, "the session was read twice"
			}
			return who(c)
		}},
		{Method: http.MethodGet, Path: "/app/mine", RequireSession: true, Handle: who},
		{Method: http.MethodGet, Path: "/app/guarded", Guards: []core.Guard{core.SessionGuard, pass}, Handle: who},
		{Method: http.MethodGet, Path: "/app/forbidden", Guards: []core.Guard{core.SessionGuard, pass, forbid}, Handle: who},
		{Method: http.MethodGet, Path: "/app/asks-itself", Guards: []core.Guard{askItself}, Handle: who},
		{Method: http.MethodGet, Path: "/app/broken-guard", Guards: []core.Guard{func(context.Context) error { return errors.New("secret text") }}, Handle: who},
		{Method: http.MethodGet, Path: "/app/panicking-guard", Guards: []core.Guard{func(context.Context) error { panic("a guard has a bug") }}, Handle: who},
		{Method: http.MethodGet, Path: "/app/ready", Guards: []core.Guard{a.CheckReady}, Handle: func(Call) (int, string) { return http.StatusOK, "ready" }},
		{Method: http.MethodPost, Path: "/app/body", Handle: func(c Call) (int, string) { return http.StatusCreated, string(c.Body) }},
		{Method: http.MethodGet, Path: "/app/panic", Handle: func(Call) (int, string) { panic("the application has a bug") }},
	}
}

func pass(context.Context) error { return nil }

// forbid refuses with its own answer, as a plugin's guard does.
func forbid(context.Context) error { return forbidden }

var forbidden = &core.Error{
	Status: http.StatusForbidden, Code: "FORBIDDEN", Message: "Not for you", Header: []core.HeaderField{{Name: "Retry-After", Value: "7"}},
}

var appScenarios = []scenario{
	{"session in a handler", func(t *testing.T, p *parity) {
		p.app(t, "/app/who", "", http.StatusOK, "nobody")
		p.app(t, "/app/who", "cached", http.StatusOK, email)
		p.app(t, "/app/who", "token", http.StatusOK, email)
	}},
	{"session read twice", func(t *testing.T, p *parity) { p.app(t, "/app/twice", "token", http.StatusOK, email) }},
	{"session that nobody reads", func(t *testing.T, p *parity) {
		got := p.mustSend(t, exchange{method: http.MethodGet, target: "/app/plain", header: p.withSession(nil, "token")})
		if got.status != http.StatusOK || got.body != "plain" || len(got.header.Values("Set-Cookie")) > 0 {
			t.Errorf("got %+v", got)
		}
	}},
	{"RequireSession with a session", func(t *testing.T, p *parity) { p.app(t, "/app/mine", "token", http.StatusOK, email) }},
	{"RequireSession without one", func(t *testing.T, p *parity) {
		want := &core.Response{Status: http.StatusUnauthorized, Body: []byte(`{"message":"Unauthorized","code":"UNAUTHORIZED"}`)}
		want.Set("Content-Type", "application/json")
		want.Set("Cache-Control", "no-store")
		want.Set("X-Content-Type-Options", "nosniff")
		for _, cookie := range []string{"", "better-auth.session_token=forged.signature", p.token + "x"} {
			x := exchange{method: http.MethodGet, target: "/app/mine"}
			if cookie != "" {
				x.header = core.Fields{line("Cookie", cookie)}
			}
			if d := differ(p.mustSend(t, x), want); d != "" {
				t.Error(d)
			}
		}
	}},
	{"Require lets through whom all guards let through", func(t *testing.T, p *parity) { p.app(t, "/app/guarded", "token", http.StatusOK, email) }},
	{"Require answers with the first refusal", func(t *testing.T, p *parity) {
		for target, want := range map[string]*core.Error{
			"/app/guarded":         core.Fail(http.StatusUnauthorized, core.CodeUnauthorized),
			"/app/forbidden":       core.Fail(http.StatusUnauthorized, core.CodeUnauthorized),
			"/app/broken-guard":    core.Fail(http.StatusInternalServerError, core.CodeInternal),
			"/app/panicking-guard": core.Fail(http.StatusInternalServerError, core.CodeInternal),
		} {
			if d := differ(p.mustSend(t, exchange{method: http.MethodGet, target: target}), want.Response()); d != "" {
				t.Errorf("%s: %s", target, d)
			}
		}
		x := exchange{method: http.MethodGet, target: "/app/forbidden", header: p.withSession(nil, "cached")}
		if d := differ(p.mustSend(t, x), forbidden.Response()); d != "" {
			t.Error(d)
		}
	}},
	{"the application reads its own bodies", func(t *testing.T, p *parity) {
		body := strings.Repeat("b", 2*maxBody)
		for _, x := range []exchange{
			{method: http.MethodPost, target: "/app/body", body: body},
			{method: http.MethodPost, target: "/app/body", body: body, chunked: true},
		} {
			if got := p.mustSend(t, x); got.status != http.StatusCreated || got.body != body {
				t.Errorf("got %d and %d bytes, want %d bytes", got.status, len(got.body), len(body))
			}
		}
	}},
}

// app calls a route of the application that reads the session. The Set-Cookie lines
// must be those that Attach hands out.
func (p *parity) app(t *testing.T, target, session string, status int, body string) {
	t.Helper()
	x := exchange{method: http.MethodGet, target: target, header: p.withSession(nil, session)}
	got := p.mustSend(t, x)
	if got.status != status || got.body != body || got.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("got %+v, want %d %s", got, status, body)
	}
	var want []string
	ctx := p.auth.Attach(t.Context(), *x.request(p.server, maxBody), func(line string) { want = append(want, line) })
	core.SessionFrom(ctx)
	if session == "token" && len(want) == 0 {
		t.Error("the reference does not refresh the cookie cache")
	}
	if cookies := got.header.Values("Set-Cookie"); !slices.Equal(cookies, want) {
		t.Errorf("Set-Cookie %q, want %q", cookies, want)
	}
}
