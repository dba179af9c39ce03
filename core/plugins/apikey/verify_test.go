package apikey_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/storage"
)

// places are the ways to keep keys. All rules hold in each.
var places = map[string]func(e *authtest.Env, o *core.Options) apikey.Config{
	"database": func(*authtest.Env, *core.Options) apikey.Config { return apikey.Config{} },
	"secondary storage": func(e *authtest.Env, o *core.Options) apikey.Config {
		o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
		return apikey.Config{SecondaryStorage: true}
	},
	"secondary storage and database": func(e *authtest.Env, o *core.Options) apikey.Config {
		o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
		return apikey.Config{SecondaryStorage: true, FallbackToDatabase: true}
	},
}

// inPlaces runs a test in every place.
func inPlaces(t *testing.T, change func(*apikey.Config), run func(t *testing.T, w *world)) {
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := authtest.NewEnv(t)
			var dummy core.Options
			c := place(e, &dummy)
			if change != nil {
				change(&c)
			}
			run(t, open(t, one(c), func(e *authtest.Env, o *core.Options) { place(e, o) }))
		})
	}
}

func TestUses(t *testing.T) {
	t.Parallel()
	unlimited := func(c *apikey.Config) { c.RateLimit.Disabled = true }
	t.Run("run out, and the key with them", func(t *testing.T) {
		t.Parallel()
		inPlaces(t, unlimited, func(t *testing.T, w *world) {
			k := w.make(t, apikey.CreateInput{Remaining: new(int64(2))})
			for _, want := range []string{"", "", "USAGE_EXCEEDED", "INVALID_API_KEY"} {
				if got := w.verify(t, k.Plain); got != want {
					t.Fatalf("%q, want %q", got, want)
				}
			}
		})
	})
	t.Run("come back after the interval", func(t *testing.T) {
		t.Parallel()
		inPlaces(t, unlimited, func(t *testing.T, w *world) {
			k := w.make(t, apikey.CreateInput{Remaining: new(int64(1)), RefillAmount: new(int64(2)), RefillInterval: new(int64(60_000))})
			step := func(d time.Duration, want string) {
				t.Helper()
				w.Clock.Add(d)
				if got := w.verify(t, k.Plain); got != want {
					t.Fatalf("%q, want %q", got, want)
				}
			}
			step(0, "")
			step(time.Minute, "USAGE_EXCEEDED")
			step(time.Millisecond, "")
			step(0, "")
			step(0, "USAGE_EXCEEDED")
			step(time.Minute+time.Millisecond, "")
		})
	})
	t.Run("are limited in a window, until the key has rested for one", func(t *testing.T) {
		t.Parallel()
		inPlaces(t, nil, func(t *testing.T, w *world) {
			k := w.make(t, apikey.CreateInput{RateLimitMax: new(int64(2)), RateLimitTimeWindow: new(int64(1000))})
			for i, s := range []struct {
				wait time.Duration
				want string
			}{{0, ""}, {900 * time.Millisecond, ""}, {900 * time.Millisecond, "RATE_LIMITED"}, {100 * time.Millisecond, "RATE_LIMITED"}, {time.Millisecond, ""}, {0, ""}, {0, "RATE_LIMITED"}} {
				w.Clock.Add(s.wait)
				if got := w.verify(t, k.Plain); got != s.want {
					t.Fatalf("%d: %q, want %q", i, got, s.want)
				}
			}
		})
	})
	t.Run("end", func(t *testing.T) {
		t.Parallel()
		inPlaces(t, nil, func(t *testing.T, w *world) {
			k := w.make(t, apikey.CreateInput{ExpiresIn: new(86400.0)})
			w.Clock.Add(24*time.Hour - time.Second)
			if got := w.verify(t, k.Plain); got != "" {
				t.Fatal(got)
			}
			w.Clock.Add(time.Second)
			if got := w.verify(t, k.Plain); got != "KEY_EXPIRED" && got != "INVALID_API_KEY" { // a storage forgets it by itself
				t.Fatal(got)
			}
			if got := w.verify(t, k.Plain); got != "INVALID_API_KEY" {
				t.Fatal(got)
			}
		})
	})
}

func TestExactCounts(t *testing.T) {
	t.Parallel()
	t.Run("KEY-05 RACE-04 one use and fifty callers", func(t *testing.T) {
		t.Parallel()
		inPlaces(t, nil, func(t *testing.T, w *world) {
			k := w.make(t, apikey.CreateInput{Remaining: new(int64(1)), RateLimitEnabled: new(false)})
			got := crowd(func(int) string { return w.verify(t, k.Plain) })
			if got[""] != 1 || got["USAGE_EXCEEDED"]+got["INVALID_API_KEY"] != 49 {
				t.Errorf("%v", got)
			}
		})
	})
	t.Run("KEY-06 a limit of twenty and fifty callers", func(t *testing.T) {
		t.Parallel()
		inPlaces(t, nil, func(t *testing.T, w *world) {
			k := w.make(t, apikey.CreateInput{RateLimitMax: new(int64(20)), RateLimitTimeWindow: new(int64(60_000))})
			for range 2 {
				if got := crowd(func(int) string { return w.verify(t, k.Plain) }); got[""] != 20 || got["RATE_LIMITED"] != 30 {
					t.Errorf("%v", got)
				}
				w.Clock.Add(time.Minute + time.Millisecond) // a new window
			}
		})
	})
	t.Run("KEY-05 KEY-06 both, with a refill", func(t *testing.T) {
		t.Parallel()
		inPlaces(t, nil, func(t *testing.T, w *world) {
			k := w.make(t, apikey.CreateInput{
				Remaining: new(int64(0)), RefillAmount: new(int64(30)), RefillInterval: new(int64(1000)), RateLimitMax: new(int64(40)), RateLimitTimeWindow: new(int64(60_000)),
			})
			w.Clock.Add(2 * time.Second)
			if got := crowd(func(int) string { return w.verify(t, k.Plain) }); got[""] != 30 || got["USAGE_EXCEEDED"] != 20 {
				t.Errorf("%v", got)
			}
			w.Clock.Add(2 * time.Second)
			if got := crowd(func(int) string { return w.verify(t, k.Plain) }); got[""] != 10 || got["RATE_LIMITED"]+got["USAGE_EXCEEDED"] != 40 {
				t.Errorf("%v", got)
			}
		})
	})
	t.Run("KEY-05 several processes", func(t *testing.T) {
		t.Parallel()
		inPlaces(t, nil, func(t *testing.T, w *world) {
			// A second server on the same rows has lines of its own: see sharing.
			k := w.make(t, apikey.CreateInput{Remaining: new(int64(25)), RateLimitEnabled: new(false)})
			other := apikey.Beside(w.p)
			got := crowd(func(i int) string {
				if i%2 == 0 {
					return w.verify(t, k.Plain)
				}
				return other(t.Context(), k.Plain)
			})
			if got[""] != 25 {
				t.Errorf("%v", got)
			}
		})
	})
}

func TestKeysThatChange(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, w *world, id string){
		"disabled": func(t *testing.T, w *world, id string) {
			if _, err := w.p.Update.Call(t.Context(), &apikey.UpdateInput{KeyID: id, UserID: &w.id, Enabled: new(false)}); err != nil {
				t.Error(err)
			}
		},
		"deleted": func(t *testing.T, w *world, id string) {
			w.ada.Post("/api-key/delete", body{"keyId": id}).Want(t, 200, "")
		},
		"ended": func(t *testing.T, w *world, id string) {
			if _, err := w.Auth.DB().Update(t.Context(), apikey.Model, adapter.By("id", id), adapter.Record{"expiresAt": w.Clock.Now().Add(-time.Second)}); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run("KEY-07 "+name+" while a verification is on its way", func(t *testing.T) {
			t.Parallel()
			db := &gate{}
			w := open(t, one(apikey.Config{}), func(_ *authtest.Env, o *core.Options) { db.Database, o.Database = o.Database, db })
			k := w.make(t, apikey.CreateInput{})
			db.before.Store(new(func() { change(t, w, k.ID) }))
			got := w.verify(t, k.Plain)
			want := map[string]string{"disabled": "KEY_DISABLED", "deleted": "INVALID_API_KEY", "ended": "KEY_EXPIRED"}[name]
			if got != want {
				t.Errorf("%q, want %q", got, want)
			}
			if again := w.verify(t, k.Plain); again == "" {
				t.Error("the key has come to life again")
			}
			if row := w.row(t, k.ID); row != nil && *row.RequestCount != 0 {
				t.Errorf("counted %d", *row.RequestCount)
			}
		})
	}
}

// gate runs a function once before the next conditional write.
type gate struct {
	adapter.Database
	before     atomic.Pointer[func()]
	statements atomic.Int64
}

func (g *gate) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := g.Database.Open(s)
	return &gated{a, g}, err
}

type gated struct {
	adapter.Adapter
	g *gate
}

func (a *gated) Plan(ctx context.Context) ([]adapter.Change, error) { return nil, nil }
func (a *gated) Migrate(ctx context.Context) error                  { return nil }

func (a *gated) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	a.g.statements.Add(1)
	return a.Adapter.FindOne(ctx, q)
}

func (a *gated) UpdateMany(ctx context.Context, model string, w adapter.Where, set adapter.Record) (int64, error) {
	a.g.statements.Add(1)
	if f := a.g.before.Swap(nil); f != nil {
		(*f)()
	}
	return a.Adapter.UpdateMany(ctx, model, w, set)
}

func TestTwoStatements(t *testing.T) {
	t.Parallel()
	db := &gate{}
	w := open(t, one(apikey.Config{}), func(_ *authtest.Env, o *core.Options) { db.Database, o.Database = o.Database, db })
	k := w.make(t, apikey.CreateInput{Remaining: new(int64(100))})
	for range 3 {
		before := db.statements.Load()
		if got := w.verify(t, k.Plain); got != "" {
			t.Fatal(got)
		}
		if n := db.statements.Load() - before; n != 2 {
			t.Errorf("%d statements", n)
		}
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	w := open(t, one(apikey.Config{RateLimit: apikey.RateLimitOptions{Disabled: true}}), nil)
	k := w.make(t, apikey.CreateInput{Permissions: map[string][]string{"files": {"read", "write"}}})
	bare := w.make(t, apikey.CreateInput{})
	for name, tc := range map[string]struct {
		asked map[string][]string
		good  bool
	}{
		"one":                               {map[string][]string{"files": {"read"}}, true},
		"all":                               {map[string][]string{"files": {"write", "read"}}, true},
		"KEY-08 one of two":                 {map[string][]string{"files": {"read", "delete"}}, false},
		"KEY-08 another resource":           {map[string][]string{"files": {"read"}, "users": {"list"}}, false},
		"KEY-08 a star for an action":       {map[string][]string{"files": {"*"}}, false},
		"KEY-08 a star for a resource":      {map[string][]string{"*": {"read"}}, false},
		"KEY-08 no action":                  {map[string][]string{"files": {}}, false},
		"KEY-08 a name of every object":     {map[string][]string{"constructor": {"name"}}, false},
		"KEY-08 letter case is significant": {map[string][]string{"Files": {"read"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := map[bool]string{true: "", false: "KEY_NOT_FOUND"}[tc.good]
			if got := w.verify(t, k.Plain, apikey.VerifyInput{Permissions: tc.asked}); got != want {
				t.Errorf("%q", got)
			}
			if got := w.verify(t, bare.Plain, apikey.VerifyInput{Permissions: tc.asked}); got != "KEY_NOT_FOUND" {
				t.Errorf("a key without permissions: %q", got)
			}
			header := http.Header{"X-Api-Key": {k.Plain}}
			err := core.Check(w.attached(t, header), apikey.Guard(apikey.GuardOptions{Permissions: tc.asked}))
			if tc.good != (err == nil) || err != nil && (err.Status != 403 || err.Code != "INSUFFICIENT_API_KEY_PERMISSIONS") {
				t.Errorf("guard: %v", err)
			}
		})
	}
	t.Run("KEY-08 a request for nothing", func(t *testing.T) {
		t.Parallel()
		header := http.Header{"X-Api-Key": {k.Plain}}
		if err := core.Check(w.attached(t, header), apikey.Guard(apikey.GuardOptions{Permissions: access.Permissions{}})); err == nil || err.Status != 403 {
			t.Errorf("guard: %v", err)
		}
	})
}

func TestGuard(t *testing.T) {
	t.Parallel()
	w := open(t, apikey.Options{Configs: []apikey.Config{{ID: "default", Check: func(_ *core.Ctx, key string) (bool, error) {
		if strings.HasPrefix(key, "broken") {
			return false, errors.New("broken")
		}
		return !strings.HasPrefix(key, "evil"), nil
	}}, {ID: "other", Headers: []string{"x-other"}}}}, nil)
	k := w.make(t, apikey.CreateInput{RateLimitMax: new(int64(2)), RateLimitTimeWindow: new(int64(60_000)), Permissions: map[string][]string{"files": {"read"}}})
	other := w.make(t, apikey.CreateInput{ConfigID: new("other")})
	guard, otherGuard := apikey.Guard(apikey.GuardOptions{}), apikey.Guard(apikey.GuardOptions{ConfigID: "other"})
	for name, tc := range map[string]struct {
		header http.Header
		guard  core.Guard
		status int
		code   string
	}{
		"no key":                                {http.Header{}, guard, 401, "INVALID_API_KEY"},
		"KEY-04 an unknown key":                 {http.Header{"X-Api-Key": {strings.Repeat("k", 64)}}, guard, 401, "INVALID_API_KEY"},
		"KEY-04 the start of a key":             {http.Header{"X-Api-Key": {k.Plain[:63]}}, guard, 401, "INVALID_API_KEY"},
		"KEY-04 the hash of a key":              {http.Header{"X-Api-Key": {k.Hash}}, guard, 401, "INVALID_API_KEY"},
		"KEY-04 another letter case":            {http.Header{"X-Api-Key": {strings.ToLower(k.Plain)}}, guard, 401, "INVALID_API_KEY"},
		"a long text":                           {http.Header{"X-Api-Key": {strings.Repeat("k", 5000)}}, guard, 401, "INVALID_API_KEY"},
		"refused by the check":                  {http.Header{"X-Api-Key": {"evil"}}, guard, 401, "INVALID_API_KEY"},
		"a check that fails":                    {http.Header{"X-Api-Key": {"broken"}}, guard, 500, "INTERNAL_SERVER_ERROR"},
		"another header":                        {http.Header{"X-Other": {k.Plain}}, guard, 401, "INVALID_API_KEY"},
		"KEY-09 a key of another configuration": {http.Header{"X-Api-Key": {other.Plain}}, guard, 401, "INVALID_API_KEY"},
		"KEY-09 a key of the default elsewhere": {http.Header{"X-Other": {k.Plain}}, otherGuard, 401, "INVALID_API_KEY"},
		"a configuration that does not exist":   {http.Header{"X-Api-Key": {k.Plain}}, apikey.Guard(apikey.GuardOptions{ConfigID: "none"}), 500, "INTERNAL_SERVER_ERROR"},
		"its own configuration":                 {http.Header{"X-Other": {other.Plain}}, otherGuard, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := w.attached(t, tc.header)
			err := core.Check(ctx, tc.guard)
			if tc.status == 0 {
				if got, ok := apikey.KeyFrom(ctx); err != nil || !ok || got.ID != other.ID {
					t.Errorf("%v, %v", err, got)
				}
				return
			}
			if err == nil || err.Status != tc.status || errorCode(err) != tc.code {
				t.Errorf("%v", err)
			}
			if _, ok := apikey.KeyFrom(ctx); ok {
				t.Error("the handler finds a key")
			}
		})
	}
	t.Run("a request counts once, and is told when to come back", func(t *testing.T) {
		t.Parallel()
		for i := range 3 {
			ctx := w.attached(t, http.Header{"X-Api-Key": {k.Plain}})
			err := core.Check(ctx, guard, apikey.Guard(apikey.GuardOptions{Permissions: access.Permissions{"files": {"read"}}}), guard)
			if i < 2 {
				if err != nil {
					t.Fatal(err)
				}
				if err := core.Check(ctx, apikey.Guard(apikey.GuardOptions{Permissions: access.Permissions{"files": {"write"}}})); err == nil || err.Status != 403 {
					t.Errorf("%v", err)
				}
				continue
			}
			if err == nil || err.Status != 429 || len(err.Header) != 1 || err.Header[0].Value != "60" {
				t.Errorf("%v", err)
			}
		}
	})
	t.Run("without the middleware or the plugin", func(t *testing.T) {
		t.Parallel()
		if err := guard(t.Context()); err == nil {
			t.Error("let through")
		}
		bare := authtest.New(t, nil)
		if err := guard(bare.Auth.Attach(t.Context(), core.Request{}, nil)); err == nil {
			t.Error("let through")
		}
		if _, ok := apikey.KeyFrom(t.Context()); ok {
			t.Error("a key")
		}
	})
}

func errorCode(e *core.Error) string { return e.Code }

func TestOutage(t *testing.T) {
	t.Parallel()
	broken := errors.New("the database is gone")
	db := &failing{}
	w := open(t, one(apikey.Config{Sessions: true}), func(_ *authtest.Env, o *core.Options) { db.Database, o.Database = o.Database, db })
	k := w.make(t, apikey.CreateInput{})
	db.err.Store(&broken)
	if _, err := w.p.Verify.Call(t.Context(), &apikey.VerifyInput{Key: k.Plain}); err == nil {
		t.Error("an outage says that a key is bad")
	}
	if err := core.Check(w.attached(t, http.Header{"X-Api-Key": {k.Plain}}), apikey.Guard(apikey.GuardOptions{})); err == nil || err.Status != 500 {
		t.Errorf("%v", err)
	}
	w.Client().Get("/list-accounts", key(k.Plain)).Want(t, 500, "INTERNAL_SERVER_ERROR")
	db.err.Store(nil)
	if got := w.verify(t, k.Plain); got != "" {
		t.Error(got)
	}
}

type failing struct {
	adapter.Database
	err atomic.Pointer[error]
}

func (f *failing) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := f.Database.Open(s)
	return &failingAdapter{a, f}, err
}

type failingAdapter struct {
	adapter.Adapter
	f *failing
}

func (a *failingAdapter) Plan(context.Context) ([]adapter.Change, error) { return nil, nil }
func (a *failingAdapter) Migrate(context.Context) error                  { return nil }

func (a *failingAdapter) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	if err := a.f.err.Load(); err != nil {
		return nil, *err
	}
	return a.Adapter.FindOne(ctx, q)
}

// What a log or a message shows of a key is its start.
func TestKeyStaysUnknown(t *testing.T) {
	t.Parallel()
	w := open(t, one(apikey.Config{DisableHashing: true, Sessions: true}), nil)
	a := w.ada.Post("/api-key/create", body{"name": "a"}).Want(t, 200, "")
	plain, id := a.JSON("key"), a.JSON("id")
	for name, text := range map[string]string{
		"KEY-12 get":       w.ada.Get("/api-key/get?id="+id).Want(t, 200, "").Body,
		"KEY-12 list":      w.ada.Get("/api-key/list").Want(t, 200, "").Body,
		"KEY-12 update":    w.ada.Post("/api-key/update", body{"keyId": id, "name": "b"}).Want(t, 200, "").Body,
		"KEY-12 a session": w.Client().Get("/get-session", key(plain)).Want(t, 200, "").Body,
		"KEY-12 log":       w.Log.String(),
		"KEY-12 events":    fmt.Sprintf("%+v", w.Events()),
		"KEY-12 row":       fmt.Sprintf("%+v %v", w.row(t, id), *w.row(t, id)),
	} {
		if strings.Contains(text, plain) {
			t.Errorf("%s has the key: %s", name, text)
		}
	}
	if a.JSON("start") != plain[:6] {
		t.Errorf("start %s of %s", a.JSON("start"), plain)
	}
	row := w.row(t, id)
	if text, err := json.Marshal(row); err != nil || strings.Contains(string(text), plain) {
		t.Errorf("KEY-12 a row as JSON: %s, %v", text, err)
	}
}

func TestDeferredUpdates(t *testing.T) {
	t.Parallel()
	inPlaces(t, func(c *apikey.Config) { c.DeferUpdates = true }, func(t *testing.T, w *world) {
		k := w.make(t, apikey.CreateInput{Remaining: new(int64(3)), RateLimitEnabled: new(false)})
		for _, want := range []string{"", "", "", "USAGE_EXCEEDED"} {
			if got := w.verify(t, k.Plain); got != want {
				t.Fatalf("%q, want %q", got, want)
			}
		}
		if got := w.verify(t, "unknown"); got != "INVALID_API_KEY" {
			t.Error(got)
		}
	})
}

func TestTransaction(t *testing.T) {
	t.Parallel()
	w := open(t, apikey.Options{}, nil)
	k := w.make(t, apikey.CreateInput{Remaining: new(int64(5))})
	undone := errors.New("undone")
	err := w.Auth.Store().Tx(t.Context(), func(ctx context.Context) error {
		for range 2 {
			reply, err := w.p.Verify.Call(ctx, &apikey.VerifyInput{Key: k.Plain})
			if err != nil || !reply.Valid {
				t.Errorf("%v, %v", reply.Error, err)
			}
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Error(err)
	}
	if left := w.row(t, k.ID).Remaining; *left != 5 {
		t.Errorf("%d left after a transaction that was undone", *left)
	}
}

// A caller who leaves takes nobody along.
func TestCallersWhoLeave(t *testing.T) {
	t.Parallel()
	w := open(t, apikey.Options{}, nil)
	k := w.make(t, apikey.CreateInput{RateLimitEnabled: new(false)})
	got := crowd(func(i int) string {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if i%3 == 0 {
			cancel()
		}
		reply, err := w.p.Verify.Call(ctx, &apikey.VerifyInput{Key: k.Plain})
		if err != nil {
			return fmt.Sprint("left ", i%3 == 0)
		}
		return fmt.Sprint(reply.Valid)
	})
	if got["left false"] > 0 || got["false"] > 0 {
		t.Errorf("%v", got)
	}
}

// Another process uses the key between the read and the write of a verification: each of
// the values that a use depends on is a condition of the write.
func TestAnotherProcessIsQuicker(t *testing.T) {
	t.Parallel()
	hour := new(int64(3_600_000))
	for name, tc := range map[string]struct {
		in   apikey.CreateInput
		rest time.Duration // before the race
		used bool          // used once before that
		code string        // of the one that is late
	}{
		"KEY-05 the last use":      {in: apikey.CreateInput{Remaining: new(int64(1)), RateLimitEnabled: new(false)}, code: "USAGE_EXCEEDED"},
		"KEY-06 the last of many":  {in: apikey.CreateInput{RateLimitMax: new(int64(2)), RateLimitTimeWindow: hour}, used: true, code: "RATE_LIMITED"},
		"KEY-06 the first of all":  {in: apikey.CreateInput{RateLimitMax: new(int64(1)), RateLimitTimeWindow: hour}, code: "RATE_LIMITED"},
		"KEY-06 a new window":      {in: apikey.CreateInput{RateLimitMax: new(int64(1)), RateLimitTimeWindow: hour}, used: true, rest: 2 * time.Hour, code: "RATE_LIMITED"},
		"KEY-05 the first refill":  {in: apikey.CreateInput{Remaining: new(int64(0)), RefillAmount: new(int64(1)), RefillInterval: hour, RateLimitEnabled: new(false)}, rest: 2 * time.Hour, code: "USAGE_EXCEEDED"},
		"KEY-05 the second refill": {in: apikey.CreateInput{Remaining: new(int64(1)), RefillAmount: new(int64(1)), RefillInterval: hour, RateLimitEnabled: new(false)}, used: true, rest: 2 * time.Hour, code: "USAGE_EXCEEDED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := &gate{}
			w := open(t, one(apikey.Config{}), func(_ *authtest.Env, o *core.Options) { db.Database, o.Database = o.Database, db })
			k := w.make(t, tc.in)
			other := apikey.Beside(w.p)
			if tc.used {
				if got := w.verify(t, k.Plain); got != "" {
					t.Fatal(got)
				}
			}
			w.Clock.Add(tc.rest)
			db.before.Store(new(func() {
				if got := other(t.Context(), k.Plain); got != "" {
					t.Errorf("the quick one: %q", got)
				}
			}))
			if got := w.verify(t, k.Plain); got != tc.code {
				t.Errorf("the late one: %q, want %q", got, tc.code)
			}
		})
	}
}
