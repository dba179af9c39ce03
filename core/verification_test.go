package core_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/storage"
)

// TestUpdateVerification: a value that is live is replaced, keeps its expiry, and is
// counted once by each of many callers.
func TestUpdateVerification(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"database", "storage", "both"} {
		for _, mode := range []string{"plain", "hashed"} {
			t.Run(where+" "+mode, func(t *testing.T) {
				t.Parallel()
				var told []string
				var mu sync.Mutex
				e := open(t, func(e *authtest.Env, o *core.Options) {
					if where != "database" {
						o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
					}
					o.Verification.StoreInDatabase = where == "both"
					o.Verification.StoreIdentifier.Mode = mode
					o.Store.Verification.AfterUpdate = func(_ context.Context, v *core.Verification) error {
						mu.Lock()
						defer mu.Unlock()
						told = append(told, v.Value)
						return nil
					}
				})
				store, ctx := e.Auth.Store(), t.Context()
				if _, err := store.UpdateVerification(ctx, "a", "x"); !core.IsNotFound(err) {
					t.Errorf("nothing to update: %v", err)
				}
				made, err := store.CreateVerification(ctx, "a", "older", e.Auth.Now().Add(time.Minute))
				if err != nil {
					t.Fatal(err)
				}
				e.Clock.Add(time.Second)
				if made, err = store.CreateVerification(ctx, "a", "one", made.ExpiresAt); err != nil {
					t.Fatal(err)
				}
				v, err := store.UpdateVerification(ctx, "a", "two")
				if err != nil || v.Value != "two" || !v.ExpiresAt.Equal(made.ExpiresAt) {
					t.Errorf("%+v, %v", v, err)
				}
				if v, err := store.FindVerification(ctx, "a"); err != nil || v.Value != "two" || !v.ExpiresAt.Equal(made.ExpiresAt) {
					t.Errorf("%+v, %v", v, err)
				}
				if _, err := store.SwapVerification(ctx, "a", "one", "three"); !core.IsNotFound(err) {
					t.Errorf("a value that is no more was replaced: %v", err)
				}
				if v, err := store.SwapVerification(ctx, "a", "two", "0"); err != nil || v.Value != "0" {
					t.Errorf("%+v, %v", v, err)
				}
				if len(told) != 2 || told[1] != "0" {
					t.Errorf("hooks were told %v", told)
				}
				var wg sync.WaitGroup
				for range 20 {
					wg.Go(func() {
						for {
							v, err := store.FindVerification(ctx, "a")
							if err != nil {
								t.Error(err)
								return
							}
							n, _ := strconv.Atoi(v.Value)
							if _, err = store.SwapVerification(ctx, "a", v.Value, strconv.Itoa(n+1)); err == nil {
								return
							} else if !core.IsNotFound(err) {
								t.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				if v, err := store.ConsumeVerification(ctx, "a"); err != nil || v.Value != "20" {
					t.Errorf("counted %+v, %v", v, err)
				}
				if _, err := store.UpdateVerification(ctx, "a", "x"); !core.IsNotFound(err) {
					t.Errorf("a used value was replaced: %v", err)
				}
				if _, err := store.CreateVerification(ctx, "b", "v", e.Auth.Now().Add(time.Minute)); err != nil {
					t.Fatal(err)
				}
				e.Clock.Add(time.Minute)
				if _, err := store.UpdateVerification(ctx, "b", "x"); !core.IsNotFound(err) {
					t.Errorf("an expired value was replaced: %v", err)
				}
			})
		}
	}
}

// TestErrorChecks: the checks of errors that applications use.
func TestErrorChecks(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{core.ErrNotFound: true, storage.ErrNotFound: true, core.ErrAbort: false, nil: false} {
		if core.IsNotFound(err) != want {
			t.Errorf("%v", err)
		}
	}
	err := error(core.Fail(403, core.CodeEmailNotVerified))
	if !core.HasCode(err, core.CodeEmailNotVerified) || core.HasCode(err, core.CodeUserNotFound) || core.HasCode(nil, core.CodeUserNotFound) {
		t.Error(err)
	}
}
