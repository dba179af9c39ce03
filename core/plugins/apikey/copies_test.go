package apikey_test

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/storage"
)

// hooked is a secondary storage that runs a function once before the next
// conditional write.
type hooked struct {
	storage.Storage
	swap atomic.Pointer[func()]
}

func (s *hooked) CompareAndSwap(ctx context.Context, key, old, value string, ttl time.Duration) (bool, error) {
	if f := s.swap.Swap(nil); f != nil {
		(*f)()
	}
	return s.Storage.CompareAndSwap(ctx, key, old, value, ttl)
}

func copiesOf(t *testing.T, cf apikey.Config) (*world, *gate, *hooked) {
	s, db := &hooked{}, &gate{}
	w := open(t, one(cf), func(e *authtest.Env, o *core.Options) {
		s.Storage = storage.NewMemory(e.Clock.Now)
		o.SecondaryStorage = s
		db.Database, o.Database = o.Database, db
	})
	return w, db, s
}

// A permission or limit that was changed while a verification was on its way is the one
// that counts from then on: no copy brings the old one back.
func TestCopiesAreNotOlder(t *testing.T) {
	t.Parallel()
	read := apikey.VerifyInput{Permissions: map[string][]string{"files": {"read"}}}
	twice := apikey.Config{SecondaryStorage: true, FallbackToDatabase: true}
	for name, tc := range map[string]struct {
		when   string
		in     apikey.CreateInput
		change apikey.UpdateInput
		want   string // of later verifications
	}{
		"KEY-07 a permission is taken away before the write": {
			"write", apikey.CreateInput{Permissions: read.Permissions}, apikey.UpdateInput{Permissions: map[string][]string{"files": {}}}, "KEY_NOT_FOUND",
		},
		"KEY-07 a permission is taken away before the copy": {
			"copy", apikey.CreateInput{Permissions: read.Permissions}, apikey.UpdateInput{Permissions: map[string][]string{"files": {}}}, "KEY_NOT_FOUND",
		},
		"KEY-07 a permission is taken away before the first copy": {
			"first copy", apikey.CreateInput{Permissions: read.Permissions}, apikey.UpdateInput{Permissions: map[string][]string{"files": {}}}, "KEY_NOT_FOUND",
		},
		"KEY-06 a limit is raised before the copy": {
			"copy", apikey.CreateInput{Permissions: read.Permissions, RateLimitMax: new(int64(2))}, apikey.UpdateInput{RateLimitMax: new(int64(100))}, "",
		},
		"KEY-06 a limit is lowered before the write": {
			"write", apikey.CreateInput{Permissions: read.Permissions}, apikey.UpdateInput{RateLimitMax: new(int64(1))}, "RATE_LIMITED",
		},
		"KEY-07 disabled before the copy": {
			"copy", apikey.CreateInput{Permissions: read.Permissions}, apikey.UpdateInput{Enabled: new(false)}, "KEY_DISABLED",
		},
	} {
		for _, deferred := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", counted later"}[deferred], func(t *testing.T) {
				t.Parallel()
				cf := twice
				cf.DeferUpdates = deferred
				w, db, s := inBoth(t, cf)
				k := w.make(t, tc.in)
				if got := w.verify(t, k.Plain, read); got != "" {
					t.Fatal(got)
				}
				w.settle(t)
				change := func() {
					in := tc.change
					in.KeyID = k.ID
					w.update(t, in)
				}
				switch tc.when {
				case "write":
					db.before.Store(&change)
				case "copy":
					s.swap.Store(&change)
				case "first copy":
					if err := s.Storage.Delete(t.Context(), "api-key:"+k.Hash); err != nil {
						t.Fatal(err)
					}
					s.swap.Store(&change)
				}
				w.verify(t, k.Plain, read)
				w.settle(t)
				for range 2 {
					if got := w.verify(t, k.Plain, read); got != tc.want {
						t.Errorf("%q, want %q", got, tc.want)
					}
					w.settle(t)
				}
			})
		}
	}
}

// inBoth keeps keys in the table, the storage or both.
func inBoth(t *testing.T, cf apikey.Config) (*world, *gate, *hooked) {
	s, db := &hooked{}, &gate{}
	w := open(t, one(cf), func(e *authtest.Env, o *core.Options) {
		s.Storage = storage.NewMemory(e.Clock.Now)
		o.SecondaryStorage = s
		o.BackgroundTimeout = time.Minute
		db.Database, o.Database = o.Database, db
	})
	return w, db, s
}

// settle waits for what runs in the background.
func (w *world) settle(t testing.TB) {
	t.Helper()
	if err := w.Auth.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A change that could not reach the copy takes effect all the same.
func TestCopyThatStaysOld(t *testing.T) {
	t.Parallel()
	read := apikey.VerifyInput{Permissions: map[string][]string{"files": {"read"}}}
	for name, tc := range map[string]struct {
		set  adapter.Record
		want string
	}{
		"KEY-08 without the permission": {adapter.Record{"permissions": `{"files":[]}`}, "KEY_NOT_FOUND"},
		"KEY-06 with a lower limit":     {adapter.Record{"rateLimitMax": int64(1)}, "RATE_LIMITED"},
		"KEY-06 with a limit":           {adapter.Record{"rateLimitEnabled": true, "rateLimitMax": int64(1), "requestCount": int64(1)}, "RATE_LIMITED"},
		"KEY-05 with a last use":        {adapter.Record{"remaining": int64(0)}, "USAGE_EXCEEDED"},
		"KEY-07 disabled":               {adapter.Record{"enabled": false}, "KEY_DISABLED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _, _ := inBoth(t, apikey.Config{SecondaryStorage: true, FallbackToDatabase: true})
			k := w.make(t, apikey.CreateInput{Permissions: read.Permissions, RateLimitEnabled: new(name != "KEY-06 with a limit")})
			if got := w.verify(t, k.Plain, read); got != "" {
				t.Fatal(got)
			}
			if _, err := w.Auth.DB().UpdateMany(t.Context(), apikey.Model, adapter.By("id", k.ID), tc.set); err != nil {
				t.Fatal(err)
			}
			if got := w.verify(t, k.Plain, read); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

// A key that is filled up while somebody removes it because it was used up stays.
func TestFilledUpInTime(t *testing.T) {
	t.Parallel()
	for name, deferred := range map[string]bool{"KEY-07 at once": false, "KEY-07 counted later": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _, s := inBoth(t, apikey.Config{SecondaryStorage: true, DeferUpdates: deferred})
			k := w.make(t, apikey.CreateInput{Remaining: new(int64(1))})
			if got := w.verify(t, k.Plain); got != "" {
				t.Fatal(got)
			}
			w.settle(t)
			s.swap.Store(new(func() { w.update(t, apikey.UpdateInput{KeyID: k.ID, Remaining: new(int64(5))}) }))
			if got := w.verify(t, k.Plain); got != "USAGE_EXCEEDED" {
				t.Error(got)
			}
			w.settle(t)
			if got := w.verify(t, k.Plain); got != "" {
				t.Error("it was filled up:", got)
			}
		})
	}
}

// Keys in a storage have the bounds of the columns too.
func TestBoundsInAStorage(t *testing.T) {
	t.Parallel()
	long := body{"a": strings.Repeat("x", 1<<16)}
	for name, in := range map[string]body{"DOS-08 long metadata": {"metadata": long}, "LOG-02 a name of two lines": {"name": "a\nb"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inPlaces(t, func(c *apikey.Config) { c.EnableMetadata = true }, func(t *testing.T, w *world) {
				w.ada.Post("/api-key/create", in).Want(t, 400, "VALIDATION_ERROR")
				id := w.ada.Post("/api-key/create", body{"name": "a"}).Want(t, 200, "").JSON("id")
				changed := maps.Clone(in)
				changed["keyId"] = id
				w.ada.Post("/api-key/update", changed).Want(t, 400, "VALIDATION_ERROR")
			})
		})
	}
}

// A request whose key has stood for a session is not counted again by a guard.
func TestGuardAfterASession(t *testing.T) {
	t.Parallel()
	w := open(t, one(apikey.Config{Sessions: true}), nil)
	k := w.make(t, apikey.CreateInput{Remaining: new(int64(1)), Permissions: map[string][]string{"files": {"read"}}})
	ctx := w.attached(t, http.Header{"X-Api-Key": {k.Plain}})
	read := apikey.Guard(apikey.GuardOptions{Permissions: access.Permissions{"files": {"read"}}})
	if err := core.Check(ctx, core.SessionGuard, apikey.Guard(apikey.GuardOptions{}), read); err != nil {
		t.Error(err)
	}
	if got, ok := apikey.KeyFrom(ctx); !ok || got.ID != k.ID {
		t.Error("the handler does not see the key")
	}
	write := apikey.Guard(apikey.GuardOptions{Permissions: access.Permissions{"files": {"write"}}})
	ctx = w.attached(t, http.Header{"X-Api-Key": {w.make(t, apikey.CreateInput{}).Plain}})
	if err := core.Check(ctx, core.SessionGuard, write); err == nil || err.Code != "INSUFFICIENT_API_KEY_PERMISSIONS" {
		t.Errorf("KEY-08 %v", err)
	}
}

// A text that is no key names no other value of the storage.
func TestNamesOfValues(t *testing.T) {
	t.Parallel()
	for name, fallback := range map[string]bool{"INJ-09 in a storage": false, "INJ-09 copied to a storage": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _, s := inBoth(t, apikey.Config{SecondaryStorage: true, FallbackToDatabase: fallback, DisableHashing: true})
			k := w.make(t, apikey.CreateInput{})
			if err := s.Storage.Set(t.Context(), "api-key:by-ref:"+w.id, `["`+k.ID+`"]`, 0); err != nil {
				t.Fatal(err)
			}
			for _, other := range []string{"by-id:" + k.ID, "by-ref:" + w.id} {
				if got := w.verify(t, other); got != "INVALID_API_KEY" {
					t.Error(other, got)
				}
				if _, err := s.Storage.Get(t.Context(), "api-key:"+other); err != nil {
					t.Error(other, err)
				}
			}
		})
	}
}

// A key that is made while its user is being removed does not stay.
func TestMadeWhileTheOwnerEnds(t *testing.T) {
	t.Parallel()
	t.Run("KEY-11 in a storage", func(t *testing.T) {
		t.Parallel()
		w, _, s := inBoth(t, apikey.Config{SecondaryStorage: true})
		s.swap.Store(new(func() { // before the key is in the list of the user's keys
			if err := w.Auth.Store().DeleteUser(t.Context(), w.id); err != nil {
				t.Error(err)
			}
		}))
		w.ada.Post("/api-key/create", body{}).Want(t, 401, "UNAUTHORIZED_SESSION")
		if text, err := s.Storage.Get(t.Context(), "api-key:by-ref:"+w.id); err == nil && text != "[]" {
			t.Error("kept", text)
		}
	})
}
