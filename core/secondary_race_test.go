package core_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/storage"
)

// watched is a storage that calls a function before each write; the write fails with
// its error.
type watched struct {
	*storage.Memory
	before func(ctx context.Context, op, key string) error
	writes map[string]*atomic.Int32
}

func (w *watched) step(ctx context.Context, op, key string) error {
	if strings.HasPrefix(key, "active-sessions-") && op == "swap" {
		w.writes["list"].Add(1)
	}
	if w.before == nil {
		return nil
	}
	return w.before(ctx, op, key)
}

func (w *watched) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	if err := w.step(ctx, "set", key); err != nil {
		return err
	}
	return w.Memory.Set(ctx, key, value, ttl)
}

func (w *watched) Delete(ctx context.Context, key string) error {
	if err := w.step(ctx, "delete", key); err != nil {
		return err
	}
	return w.Memory.Delete(ctx, key)
}

func (w *watched) CompareAndSwap(ctx context.Context, key, old, value string, ttl time.Duration) (bool, error) {
	if err := w.step(ctx, "swap", key); err != nil {
		return false, err
	}
	return w.Memory.CompareAndSwap(ctx, key, old, value, ttl)
}

func watching(t *testing.T, change func(*core.Options)) (*authtest.Env, *watched) {
	t.Helper()
	w := &watched{writes: map[string]*atomic.Int32{"list": {}}}
	e := open(t, func(e *authtest.Env, o *core.Options) {
		w.Memory = storage.NewMemory(e.Clock.Now)
		o.SecondaryStorage = w
		o.User.DeleteUser.Enabled = true
		if change != nil {
			change(o)
		}
	})
	return e, w
}

// TestNoSessionIsLeftThatListsDoNotKnow stops a sign-in at each of its writes of the
// storage, ends all sessions of the user there, and ends them again afterwards.
func TestNoSessionIsLeftThatListsDoNotKnow(t *testing.T) {
	t.Parallel()
	for at := 1; ; at++ {
		e, w := watching(t, nil)
		join(t, e, ada)
		e.Clock.Add(time.Minute)
		store, ctx := e.Auth.Store(), t.Context()
		id := row(t, e, core.ModelUser)["id"].(string)
		step, stopped := 0, false
		w.before = func(context.Context, string, string) error {
			if step++; step != at || stopped {
				return nil
			}
			stopped = true
			// Another process ends the sessions, outside of this call.
			other := make(chan error)
			go func() { other <- revokeByHand(ctx, w, id) }()
			return <-other
		}
		c := e.Client()
		c.Post("/sign-in/email", object{"email": ada, "password": passphrase}).Want(t, 200, "")
		w.before = nil
		if !stopped {
			if at < 3 {
				t.Fatalf("a sign-in writes %d times", at-1)
			}
			return
		}
		listed, err := store.ListSessions(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if signedIn(t, c) && len(listed) != 1 {
			t.Errorf("RACE-07 stopped at write %d: the session lives and %d are listed", at, len(listed))
		}
		e.Clock.Add(time.Millisecond)
		if err := store.DeleteSessions(ctx, id); err != nil {
			t.Fatal(err)
		}
		wantSignedIn(t, c, false)
	}
}

// revokeByHand writes the storage as Better Auth's revoke-sessions does.
func revokeByHand(ctx context.Context, w *watched, userID string) error {
	list, err := w.Get(ctx, "active-sessions-"+userID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, part := range strings.Split(list, `"token":"`)[1:] {
		token, _, _ := strings.Cut(part, `"`)
		if err := w.Memory.Delete(ctx, token); err != nil {
			return err
		}
	}
	return w.Memory.Delete(ctx, "active-sessions-"+userID)
}

// TestASessionThatCannotBeListedIsNone: SES-20.
func TestASessionThatCannotBeListedIsNone(t *testing.T) {
	t.Parallel()
	e, w := watching(t, nil)
	join(t, e, ada)
	token := ""
	w.before = func(_ context.Context, op, key string) error {
		switch {
		case op == "set" && len(key) == 32:
			token = key
		case op == "swap":
			return errDatabase
		}
		return nil
	}
	e.Client().Post("/sign-in/email", object{"email": ada, "password": passphrase}).Want(t, 500, "INTERNAL_SERVER_ERROR")
	if token == "" || has(t, w, token) {
		t.Errorf("the session %q is left behind", token)
	}
}

// TestAChangeOfTheUserReachesASessionThatIsWritten writes the session whenever the
// changed user is about to be written beside it, and the reverse.
func TestAChangeOfTheUserReachesASessionThatIsWritten(t *testing.T) {
	t.Parallel()
	e, w := watching(t, nil)
	c := join(t, e, ada)
	store, ctx := e.Auth.Store(), t.Context()
	id := row(t, e, core.ModelUser)["id"].(string)
	token, _, _ := strings.Cut(c.Cookie(tokenCookie), ".")
	rivals := 0
	w.before = func(_ context.Context, op, key string) error {
		if op != "swap" || key != token || rivals == 3 {
			return nil
		}
		rivals++
		text, err := w.Get(ctx, token)
		if err != nil {
			return err
		}
		// A refresh of the session, with the user as it was.
		text = strings.Replace(text, `"userAgent":"`, `"userAgent":"x`, 1)
		return w.Memory.Set(ctx, token, text, time.Hour)
	}
	if _, err := store.UpdateUser(ctx, id, adapter.Record{"name": "Demoted"}); err != nil {
		t.Fatal(err)
	}
	if got := c.Get("/get-session").JSON("user", "name"); got != "Demoted" || rivals != 3 {
		t.Errorf("the session shows %q after %d rivals", got, rivals)
	}
}

// TestALostListKeepsNoSessionAlive evicts the list of a user's sessions, as a Redis
// that is short of memory does.
func TestALostListKeepsNoSessionAlive(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, c *authtest.Client){
		"revoke-sessions": func(t *testing.T, c *authtest.Client) { c.Post("/revoke-sessions", object{}).Want(t, 200, "") },
		"revoke-other-sessions": func(t *testing.T, c *authtest.Client) {
			c.Post("/revoke-other-sessions", object{}).Want(t, 200, "")
			wantSignedIn(t, c, true)
			c.Post("/sign-out", object{}).Want(t, 200, "")
		},
		"change-password": func(t *testing.T, c *authtest.Client) {
			old := c.Copy()
			c.Post("/change-password", object{"currentPassword": passphrase, "newPassword": "another horse battery", "revokeOtherSessions": true}).Want(t, 200, "")
			wantSignedIn(t, c, true)
			wantSignedIn(t, old, false)
			c.Post("/sign-out", object{}).Want(t, 200, "")
		},
		"delete-user": func(t *testing.T, c *authtest.Client) {
			c.Post("/delete-user", object{"password": passphrase}).Want(t, 200, "")
		},
	} {
		for _, inDatabase := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, rows %v", name, inDatabase), func(t *testing.T) {
				t.Parallel()
				e, w := watching(t, func(o *core.Options) { o.Session.StoreInDatabase = inDatabase })
				c := join(t, e, ada)
				other := login(t, e, ada)
				old := c.Copy()
				if err := w.Memory.Delete(t.Context(), "active-sessions-"+row(t, e, core.ModelUser)["id"].(string)); err != nil {
					t.Fatal(err)
				}
				if inDatabase {
					e.Clock.Add(time.Millisecond)
					if got := c.Get("/list-sessions").Want(t, 200, "").Body; strings.Count(got, `"token"`) != 2 {
						t.Errorf("the rows do not decide: %s", got)
					}
				}
				e.Clock.Add(time.Millisecond)
				end(t, c)
				wantSignedIn(t, old, false)
				wantSignedIn(t, other, false)
			})
		}
	}
}

// TestAStorageThatFailsAfterADeletionKeepsNoSession lets every removal fail once the
// user's row is gone.
func TestAStorageThatFailsAfterADeletionKeepsNoSession(t *testing.T) {
	t.Parallel()
	e, w := watching(t, nil)
	c, other := join(t, e, ada), login(t, e, ada)
	e.Clock.Add(time.Millisecond)
	w.before = func(_ context.Context, op, _ string) error {
		if op == "delete" || op == "swap" {
			return errDatabase
		}
		return nil
	}
	c.Copy().Post("/delete-user", object{"password": passphrase}).Want(t, 500, "INTERNAL_SERVER_ERROR")
	w.before = nil
	if n := len(rows(t, e, core.ModelUser)); n != 0 {
		t.Errorf("%d users", n)
	}
	wantSignedIn(t, c, false)
	wantSignedIn(t, other, false)
}

// TestManySessionsAreEndedWithOneWrite counts the writes of the list, which is as long
// as there are sessions.
func TestManySessionsAreEndedWithOneWrite(t *testing.T) {
	t.Parallel()
	e, w := watching(t, func(o *core.Options) { o.Session.MaxPerUser = -1 })
	c := join(t, e, ada)
	id := row(t, e, core.ModelUser)["id"].(string)
	for range 200 {
		if _, err := e.Auth.Store().CreateSession(t.Context(), core.NewSession{UserID: id}); err != nil {
			t.Fatal(err)
		}
	}
	w.writes["list"].Store(0)
	c.Post("/revoke-other-sessions", object{}).Want(t, 200, "")
	if n := w.writes["list"].Load(); n != 1 {
		t.Errorf("the list was written %d times", n)
	}
	if rest, err := e.Auth.Store().ListSessions(t.Context(), id); err != nil || len(rest) != 1 {
		t.Errorf("%d sessions are left, %v", len(rest), err)
	}
}

// TestSessionsHaveADefaultLimit: DOS-08.
func TestSessionsHaveADefaultLimit(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	store, ctx := e.Auth.Store(), t.Context()
	u, err := store.CreateUser(ctx, core.User{Name: "Ada", Email: ada})
	if err != nil {
		t.Fatal(err)
	}
	for range 1003 {
		if _, err := store.CreateSession(ctx, core.NewSession{UserID: u.ID}); err != nil {
			t.Fatal(err)
		}
		e.Clock.Add(time.Millisecond)
	}
	if rest, err := store.ListSessions(ctx, u.ID); err != nil || len(rest) != 1000 {
		t.Errorf("%d sessions, %v", len(rest), err)
	}
}

// A list of any length is read and written: none is taken for damaged and replaced.
func TestAListOfAnyLength(t *testing.T) {
	t.Parallel()
	e, w := watching(t, func(o *core.Options) { o.Session.MaxPerUser = -1 })
	c := join(t, e, ada)
	key := "active-sessions-" + row(t, e, core.ModelUser)["id"].(string)
	list, err := w.Memory.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	const more = 400_000
	var text strings.Builder
	text.WriteString(strings.TrimSuffix(list, "]"))
	for i := range more {
		fmt.Fprintf(&text, `,{"token":"%032d","expiresAt":1767830400000}`, i)
	}
	text.WriteString("]")
	if err := w.Memory.Set(t.Context(), key, text.String(), time.Hour); err != nil {
		t.Fatal(err)
	}
	login(t, e, ada)
	if list, err = w.Memory.Get(t.Context(), key); err != nil || strings.Count(list, `"token"`) != more+2 {
		t.Errorf("%d sessions are listed, %v", strings.Count(list, `"token"`), err)
	}
	wantSignedIn(t, c, true)
}
