package core_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
)

func expiry(t *testing.T, e *authtest.Env) time.Time {
	t.Helper()
	return row(t, e, core.ModelSession)["expiresAt"].(time.Time)
}

func TestSessionRefresh(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, tc := range []struct {
		name      string
		change    func(*core.SessionOptions)
		after     time.Duration
		query     string
		refreshed bool
	}{
		{"a millisecond before UpdateAge", nil, day - time.Millisecond, "", false},
		{"at UpdateAge", nil, day, "", true},
		{"later", nil, 3 * day, "", true},
		{"not when the caller says so", nil, 3 * day, "?disableRefresh=true", false},
		{"not when the server says so", func(s *core.SessionOptions) { s.DisableRefresh = true }, 3 * day, "", false},
		{"on every use", func(s *core.SessionOptions) { s.UpdateAge = -1 }, time.Millisecond, "", true},
		{"an own UpdateAge", func(s *core.SessionOptions) { s.ExpiresIn, s.UpdateAge = time.Hour, time.Minute }, time.Minute, "", true},
		{"an own UpdateAge, before", func(s *core.SessionOptions) { s.ExpiresIn, s.UpdateAge = time.Hour, time.Minute }, time.Minute - time.Millisecond, "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			life := 7 * day
			e := open(t, func(_ *authtest.Env, o *core.Options) {
				if tc.change != nil {
					tc.change(&o.Session)
				}
				if o.Session.ExpiresIn > 0 {
					life = o.Session.ExpiresIn
				}
			})
			c := join(t, e, ada)
			before := expiry(t, e)
			if !before.Equal(authtest.Start.Add(life)) {
				t.Fatalf("the session ends at %s", before)
			}
			e.Clock.Add(tc.after)
			a := c.Get("/get-session"+tc.query).Want(t, 200, "")
			want := before
			if tc.refreshed {
				want = e.Clock.Now().Add(life)
			}
			if got := expiry(t, e); !got.Equal(want) {
				t.Errorf("the session ends at %s, want %s", got, want)
			}
			if got := a.JSON("session", "expiresAt"); got != want.Format("2006-01-02T15:04:05.000Z") {
				t.Errorf("the answer says %s", got)
			}
			if n := len(a.Header.Values("Set-Cookie")); (n > 0) != tc.refreshed {
				t.Errorf("%d cookies", n)
			}
		})
	}
	t.Run("a session that is used lives on, one that is not ends", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		c := join(t, e, ada)
		for range 30 {
			e.Clock.Add(6 * day)
			wantSignedIn(t, c, true)
		}
		e.Clock.Add(7 * day)
		wantSignedIn(t, c, false)
	})
}

func TestDeferredRefresh(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, o *core.Options) { o.Session.DeferRefresh = true })
	c := join(t, e, ada)
	before := expiry(t, e)
	if a := c.Get("/get-session").Want(t, 200, ""); a.JSON("needsRefresh") != "false" {
		t.Errorf("%s", a.Body)
	}
	e.Clock.Add(25 * time.Hour)
	a := c.Get("/get-session").Want(t, 200, "")
	if a.JSON("needsRefresh") != "true" || !expiry(t, e).Equal(before) || len(a.Header.Values("Set-Cookie")) != 0 {
		t.Errorf("GET has refreshed: %s", a.Body)
	}
	a = c.Post("/get-session", object{}).Want(t, 200, "")
	if strings.Contains(a.Body, "needsRefresh") || !expiry(t, e).Equal(e.Clock.Now().Add(7*24*time.Hour)) || len(a.Header.Values("Set-Cookie")) == 0 {
		t.Errorf("POST has not refreshed: %s", a.Body)
	}
	if a = c.Get("/get-session"); a.JSON("needsRefresh") != "false" {
		t.Errorf("%s", a.Body)
	}
	// GET leaves even an expired row alone; POST removes it.
	e.Clock.Add(8 * 24 * time.Hour)
	x := c.Copy()
	if a := x.Get("/get-session"); a.Body != "null" || len(rows(t, e, core.ModelSession)) != 1 {
		t.Errorf("%s", a.Body)
	}
	if a := c.Post("/get-session", object{}); a.Body != "null" || len(rows(t, e, core.ModelSession)) != 0 {
		t.Errorf("%s", a.Body)
	}
	plain := open(t, nil)
	join(t, plain, ada).Post("/get-session", object{}).Want(t, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED")
}

func TestForgetfulSession(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	join(t, e, ada).Post("/sign-out", object{}).Want(t, 200, "")
	c := e.Client()
	a := c.Post("/sign-in/email", object{"email": ada, "password": passphrase, "rememberMe": false}).Want(t, 200, "")
	if !expiry(t, e).Equal(authtest.Start.Add(24 * time.Hour)) {
		t.Errorf("ends at %s", expiry(t, e))
	}
	lines := setCookies(a)
	if v := lines[forgetName]; len(v) != 1 || !strings.HasPrefix(v[0], forgetName+"=true.") {
		t.Errorf("dont_remember is %v", v)
	}
	// A later sign-in that remembers decides for its session: dont_remember of the
	// former one no longer counts for its life in the store.
	c.Post("/sign-in/email", object{"email": ada, "password": passphrase}).Want(t, 200, "")
	if !expiry(t, e).Equal(authtest.Start.Add(7 * 24 * time.Hour)) {
		t.Errorf("ends at %s", expiry(t, e))
	}
}

func TestAttachedSession(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	c := join(t, e, ada)
	attach := func(cookies string) (*core.SessionData, bool, []string) {
		var lines []string
		ctx := e.Auth.Attach(t.Context(), core.Request{Method: "GET", Path: "/app", Header: core.Fields{header("Cookie", cookies)}}, func(l string) { lines = append(lines, l) })
		d, ok := core.SessionFrom(ctx)
		again, _ := core.SessionFrom(ctx)
		if again != d {
			t.Error("the session was read twice")
		}
		return d, ok, lines
	}
	if d, ok, lines := attach(c.CookieHeader()); !ok || d.User.Email != ada || len(lines) != 0 {
		t.Errorf("%v %v %v", d, ok, lines)
	}
	if _, ok, _ := attach(""); ok {
		t.Error("a session without a cookie")
	}
	e.Clock.Add(25 * time.Hour)
	if _, ok, lines := attach(c.CookieHeader()); !ok || len(lines) != 1 || !strings.HasPrefix(lines[0], tokenCookie+"=") {
		t.Errorf("the refreshed cookie was not handed over: %v", lines)
	}
	if _, ok := core.SessionFrom(t.Context()); ok {
		t.Error("a session in a bare context")
	}
}

func TestRevocation(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	a, b, c := join(t, e, ada), login(t, e, ada), login(t, e, ada)
	stranger := join(t, e, bob)
	if n := strings.Count(a.Get("/list-sessions").Want(t, 200, "").Body, `"token"`); n != 3 {
		t.Errorf("%d sessions are listed", n)
	}
	a.Post("/revoke-session", object{"token": tokenOf(b)}).Want(t, 200, "")
	wantSignedIn(t, b, false)
	wantSignedIn(t, c, true)
	a.Post("/revoke-other-sessions", object{}).Want(t, 200, "")
	wantSignedIn(t, c, false)
	wantSignedIn(t, a, true)
	d := login(t, e, ada)
	a.Post("/revoke-sessions", object{}).Want(t, 200, "")
	wantSignedIn(t, a, false)
	wantSignedIn(t, d, false)
	wantSignedIn(t, stranger, true)
	var types []core.EventType
	for _, ev := range e.Events() {
		if ev.Type == core.EventSessionRevoked || ev.Type == core.EventSessionsRevoked {
			types = append(types, ev.Type)
			if ev.UserID == "" || ev.Time.IsZero() || ev.IP == "" {
				t.Errorf("event %+v", ev)
			}
		}
	}
	if fmt.Sprint(types) != "[session.revoked sessions.revoked sessions.revoked]" {
		t.Errorf("events %v", types)
	}
}

func TestRefreshOfARevokedSession(t *testing.T) {
	t.Parallel()
	var e *authtest.Env
	revoke := false
	e = open(t, func(_ *authtest.Env, o *core.Options) {
		o.Store.Session.BeforeUpdate = func(ctx context.Context, _ adapter.Record) error {
			if revoke { // another request revokes between the read and the refresh
				_, err := e.Auth.DB().DeleteMany(ctx, core.ModelSession, adapter.Where{{Field: "id", Op: adapter.Ne, Value: ""}})
				return err
			}
			return nil
		}
	})
	c := join(t, e, ada)
	e.Clock.Add(25 * time.Hour)
	revoke = true
	a := c.Get("/get-session").Want(t, 401, "FAILED_TO_GET_SESSION")
	if c.CookieHeader() != "" || len(setCookies(a)[tokenCookie]) != 1 {
		t.Errorf("the cookies stay: %v", a.Header.Values("Set-Cookie"))
	}
	if n := len(rows(t, e, core.ModelSession)); n != 0 {
		t.Errorf("%d sessions came back", n)
	}
	if _, err := e.Auth.Store().UpdateSession(t.Context(), "x", adapter.Record{"updatedAt": e.Auth.Now()}); err != nil && !errors.Is(err, adapter.ErrNotFound) {
		t.Error(err)
	}
}
