package core_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/storage"
)

// storages are the places that sessions can be kept in.
var storages = []struct {
	name   string
	change func(*authtest.Env, *core.Options)
}{
	{"database", nil},
	{"database, cookie cache", withCache(core.CacheCompact)},
	{"secondary storage", func(e *authtest.Env, o *core.Options) { o.SecondaryStorage = storage.NewMemory(e.Clock.Now) }},
	{"secondary storage and database", func(e *authtest.Env, o *core.Options) {
		o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
		o.Session.StoreInDatabase = true
		o.Verification.StoreInDatabase = true
	}},
}

// The late answer to a request from before a sign-in must not remove the new cookie.
func TestALateAnswerLeavesTheCookieOfTheNewSession(t *testing.T) {
	t.Parallel()
	for _, s := range storages {
		for _, k := range []struct {
			name, path string
			body       object
		}{
			{"sign-in", "/sign-in/email", object{"email": ada, "password": passphrase}},
			{"change of the password", "/change-password", object{"currentPassword": passphrase, "newPassword": "another " + passphrase, "revokeOtherSessions": true}},
		} {
			t.Run(s.name+"/"+k.name, func(t *testing.T) {
				t.Parallel()
				e := open(t, s.change)
				c := join(t, e, ada)
				late := bearing(e, tokenCookie+"="+c.Cookie(tokenCookie))
				c.Post(k.path, k.body).Want(t, 200, "")
				for _, get := range []string{"/get-session", "/get-session?disableCookieCache=true", "/get-session"} {
					a := late.Get(get).Want(t, 200, "")
					if lines := a.Header.Values("Set-Cookie"); a.Body != "null" || len(lines) > 0 {
						t.Errorf("late %s: %s, %q", get, a.Body, lines)
					}
				}
				late.Get("/list-accounts").Want(t, 401, "UNAUTHORIZED")
				wantSignedIn(t, c, true)
				e.Clock.Add(61 * time.Second)
				if a := late.Get("/get-session").Want(t, 200, ""); a.Body != "null" || len(setCookies(a)[tokenCookie]) != 1 {
					t.Errorf("a minute later: %s, %q", a.Body, a.Header.Values("Set-Cookie"))
				}
				wantSignedIn(t, c, true)
			})
		}
	}
}

// Only a session that another one has replaced is spared.
func TestEndedSessionsLoseTheirCookies(t *testing.T) {
	t.Parallel()
	for _, s := range storages {
		for _, path := range []string{"/sign-out", "/revoke-sessions"} {
			e := open(t, s.change)
			c := join(t, e, ada)
			e.Clock.Add(time.Minute)
			old := bearing(e, tokenCookie+"="+c.Cookie(tokenCookie))
			c.Post(path, object{}).Want(t, 200, "")
			if a := old.Get("/get-session").Want(t, 200, ""); a.Body != "null" || len(setCookies(a)[tokenCookie]) != 1 {
				t.Errorf("%s, after %s: %s, %q", s.name, path, a.Body, a.Header.Values("Set-Cookie"))
			}
		}
	}
}

// A session may be replaced between the reading that found it and its refresh.
func TestReplacedWhileItIsRefreshed(t *testing.T) {
	t.Parallel()
	var e *authtest.Env
	var c *authtest.Client
	replace := false
	e = open(t, func(_ *authtest.Env, o *core.Options) {
		o.Store.Session.BeforeUpdate = func(context.Context, adapter.Record) error {
			if replace {
				replace = false
				signIn := make(chan struct{})
				go func() {
					defer close(signIn)
					c.Post("/sign-in/email", object{"email": ada, "password": passphrase})
				}()
				<-signIn
			}
			return nil
		}
	})
	c = join(t, e, ada)
	late := bearing(e, tokenCookie+"="+c.Cookie(tokenCookie))
	e.Clock.Add(25 * time.Hour)
	replace = true
	a := late.Get("/get-session").Want(t, 200, "")
	if lines := a.Header.Values("Set-Cookie"); a.Body != "null" || len(lines) > 0 || replace {
		t.Errorf("%s, %q", a.Body, lines)
	}
	wantSignedIn(t, c, true)
}

// Whether a session was replaced may not be known while the storage is down.
func TestAnOutageRemovesNoCookie(t *testing.T) {
	t.Parallel()
	down := &failing{}
	e := open(t, func(e *authtest.Env, o *core.Options) {
		down.Memory = storage.NewMemory(e.Clock.Now)
		o.SecondaryStorage = down
	})
	c := join(t, e, ada)
	late := bearing(e, tokenCookie+"="+c.Cookie(tokenCookie))
	c.Post("/sign-in/email", object{"email": ada, "password": passphrase}).Want(t, 200, "")
	down.on = true
	a := late.Get("/get-session")
	if a.Status < http.StatusInternalServerError || len(a.Header.Values("Set-Cookie")) > 0 {
		t.Errorf("%d, %q", a.Status, a.Header.Values("Set-Cookie"))
	}
}

// failing is a storage that cannot report replaced sessions.
type failing struct {
	*storage.Memory
	on bool
}

func (f *failing) Get(ctx context.Context, key string) (string, error) {
	if f.on && strings.HasPrefix(key, "session-replaced-") {
		return "", errors.New("connection refused")
	}
	return f.Memory.Get(ctx, key)
}
