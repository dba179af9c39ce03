package apikey_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/storage"
)

// counted is a secondary storage that counts its calls.
type counted struct {
	storage.Storage
	calls atomic.Int64
}

func (s *counted) Get(ctx context.Context, key string) (string, error) {
	s.calls.Add(1)
	return s.Storage.Get(ctx, key)
}

func (s *counted) CompareAndSwap(ctx context.Context, key, old, value string, ttl time.Duration) (bool, error) {
	s.calls.Add(1)
	return s.Storage.CompareAndSwap(ctx, key, old, value, ttl)
}

func inSecondary(t *testing.T) (*world, *counted) {
	s := &counted{}
	w := open(t, one(apikey.Config{SecondaryStorage: true}), func(e *authtest.Env, o *core.Options) {
		s.Storage = storage.NewMemory(e.Clock.Now)
		o.SecondaryStorage = s
		o.BackgroundTimeout = time.Minute
	})
	return w, s
}

// A use of a key that was used before is one call of the storage, and its copy by the id
// follows.
func TestOneRoundTrip(t *testing.T) {
	t.Parallel()
	w, s := inSecondary(t)
	k := w.make(t, apikey.CreateInput{Remaining: new(int64(100))})
	other := apikey.Beside(w.p)
	for i := range 3 {
		if got := w.verify(t, k.Plain); got != "" {
			t.Fatal(got)
		}
		if err := w.Auth.Close(t.Context()); err != nil { // waits for the copies
			t.Fatal(err)
		}
		text, err := s.Storage.Get(t.Context(), "api-key:by-id:"+k.ID)
		if truth, _ := s.Storage.Get(t.Context(), "api-key:"+k.Hash); err != nil || text != truth {
			t.Errorf("after use %d the copy is %s, %v; the key %s", i, text, err, truth)
		}
	}
	uses := func() []int64 {
		var out []int64
		for range 3 {
			before := s.calls.Load()
			if got := other(t.Context(), k.Plain); got != "" {
				t.Fatal(got)
			}
			out = append(out, s.calls.Load()-before)
		}
		return out
	}
	// The first one of a process reads.
	if got := uses(); got[0] != 2 || got[1] != 1 || got[2] != 1 {
		t.Errorf("%d calls", got)
	}
}

func (w *world) update(t testing.TB, in apikey.UpdateInput) {
	t.Helper()
	in.UserID = &w.id
	if _, err := w.p.Update.Call(t.Context(), &in); err != nil {
		t.Fatal(err)
	}
}

// What a process remembers of a key decides nothing that the storage does not confirm.
func TestKEYRemembered(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in     apikey.CreateInput
		change func(t *testing.T, w *world, k apikey.Created, other func(context.Context, string) string)
		code   string
	}{
		"KEY-05 used up by another process": {
			in: apikey.CreateInput{Remaining: new(int64(2))},
			change: func(t *testing.T, _ *world, k apikey.Created, other func(context.Context, string) string) {
				if got := other(t.Context(), k.Plain); got != "" {
					t.Error(got)
				}
			},
			code: "USAGE_EXCEEDED",
		},
		"KEY-05 filled up by another process": {
			in: apikey.CreateInput{Remaining: new(int64(1))},
			change: func(t *testing.T, w *world, k apikey.Created, _ func(context.Context, string) string) {
				w.update(t, apikey.UpdateInput{KeyID: k.ID, Remaining: new(int64(5))})
			},
		},
		"disabled": {
			change: func(t *testing.T, w *world, k apikey.Created, _ func(context.Context, string) string) {
				w.update(t, apikey.UpdateInput{KeyID: k.ID, Enabled: new(false)})
			},
			code: "KEY_DISABLED",
		},
		"removed": {
			change: func(t *testing.T, w *world, k apikey.Created, _ func(context.Context, string) string) {
				w.ada.Post("/api-key/delete", body{"keyId": k.ID}).Want(t, 200, "")
			},
			code: "INVALID_API_KEY",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := inSecondary(t)
			k := w.make(t, tc.in)
			here := apikey.Beside(w.p) // the changes are made by another process
			if got := here(t.Context(), k.Plain); got != "" {
				t.Fatal(got)
			}
			tc.change(t, w, k, apikey.Beside(w.p))
			if got := here(t.Context(), k.Plain); got != tc.code {
				t.Errorf("%q, want %q", got, tc.code)
			}
		})
	}
}
