package core_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
)

// watcher is an observer that keeps what it is told, each piece of work below the one whose
// context it got.
type watcher struct {
	mu    sync.Mutex
	begun []string
	ended []string
	errs  map[string]error
}

type workKey struct{}

func (w *watcher) begin(ctx context.Context, name string) (context.Context, func(error)) {
	if outer, ok := ctx.Value(workKey{}).(string); ok {
		name = outer + " > " + name
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun = append(w.begun, name)
	return context.WithValue(ctx, workKey{}, name), func(err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.ended = append(w.ended, name)
		w.errs[name] = err
	}
}

func (w *watcher) observer() *core.Observer {
	w.errs = map[string]error{}
	return &core.Observer{
		Request: func(ctx context.Context, req *core.Request) (context.Context, func(core.ObservedRequest)) {
			ctx, end := w.begin(ctx, "request")
			return ctx, func(r core.ObservedRequest) {
				end(r.Err)
				w.mu.Lock()
				defer w.mu.Unlock()
				w.ended = append(w.ended, fmt.Sprint(r.Route, " ", r.Operation, " ", r.Ran, " ", r.Status))
			}
		},
		Operation: func(ctx context.Context, op core.ObservedOperation) (context.Context, func(error)) {
			return w.begin(ctx, op.ID)
		},
		Hook: func(ctx context.Context, h core.ObservedHook) (context.Context, func(error)) {
			return w.begin(ctx, strings.TrimSpace("hook "+h.Type+" "+h.Plugin+" "+h.Model))
		},
		Statement: func(ctx context.Context, s core.ObservedStatement) (context.Context, func(error)) {
			return w.begin(ctx, strings.TrimSpace(s.Operation+" "+s.Model))
		},
		Hashing: func(ctx context.Context) (func(error), func()) {
			_, end := w.begin(ctx, "hash")
			return func(error) {}, func() { end(nil) }
		},
		Task: w.begin,
		Sessions: func(ctx context.Context, made, ended int64) {
			_, end := w.begin(context.Background(), fmt.Sprintf("sessions %+d %+d", made, -ended))
			end(nil)
		},
		Event: func(_ context.Context, e core.Event) {
			_, end := w.begin(context.Background(), "event "+string(e.Type)+" "+e.Method)
			end(nil)
		},
	}
}

// told reports whether work began, and whether all work that began has ended.
func (w *watcher) told(t *testing.T, want ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range want {
		if !slices.Contains(w.begun, name) && !slices.Contains(w.ended, name) {
			t.Errorf("not told of %q, only of\n%s", name, strings.Join(w.begun, "\n"))
		}
	}
	for _, name := range w.begun {
		if !slices.Contains(w.ended, name) {
			t.Errorf("%q has not ended", name)
		}
	}
}

func TestObserver(t *testing.T) {
	t.Parallel()
	w := &watcher{}
	plugin := &hooked{}
	e := authtest.New(t, func(e *authtest.Env, o *core.Options) {
		o.Observer = w.observer()
		o.Before = func(c *core.Ctx) error {
			if at, ok := core.CtxFrom(c); !ok || at != c {
				t.Error("a hook's call is another one")
			}
			return nil
		}
		o.Store.User.AfterCreate = func(ctx context.Context, u *core.User) error {
			if _, ok := core.CtxFrom(ctx); !ok {
				t.Error("a store hook has lost its call")
			}
			_, err := plugin.auth.DB().Count(ctx, core.ModelUser, nil)
			return err
		}
		o.EmailVerification.Send, o.EmailVerification.SendOnSignUp = e.Mail("verify"), new(true)
	}, emailpassword.New(emailpassword.Options{}), plugin)
	c := e.Client()
	c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": ada, "password": "correct horse"}).Want(t, 200, "")
	c.Post("/sign-out", map[string]any{}).Want(t, 200, "")
	c.Post("/sign-in/email", map[string]any{"email": ada, "password": "wrong horse"}).Want(t, 401, "INVALID_CREDENTIALS")
	c.Get("/nowhere").Want(t, 404, "NOT_FOUND")
	const signUp = "request > signUpEmail > "
	w.told(t, "request", "request > hook onRequest hooked", signUp+"hook before", signUp+"hook after hooked", signUp+"hash", signUp+"transaction > create user",
		signUp+"hook create.after  user", signUp+"hook create.after  user > count user", signUp+"transaction > transaction > hook create.before hooked session > findMany user",
		signUp+"sending a verification mail", "/api/auth/sign-up/email signUpEmail true 200", "/api/auth/sign-in/email signInEmail true 401", "  false 404",
		"sessions +1 +0", "sessions +0 -1", "event sign-in email", "event sign-in.failed email", "event sign-out ")
}

// hooked is a plugin with hooks.
type hooked struct{ auth *core.Auth }

func (*hooked) ID() string { return "hooked" }

func (h *hooked) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{
		Init:      func(_ context.Context, a *core.Auth) error { h.auth = a; return nil },
		OnRequest: func(*core.Ctx) error { return nil },
		After:     []core.Hook{{Match: core.All(), Run: func(*core.Ctx) error { return nil }}},
		Store: core.StoreHooks{Session: core.ModelHooks[core.Session]{BeforeCreate: func(ctx context.Context, s *core.Session) error {
			if !core.InTx(ctx) {
				return errors.New("the transaction is lost")
			}
			_, err := h.auth.DB().FindMany(ctx, adapter.Find{Model: core.ModelUser})
			return err
		}}},
		Operations: []core.Operation{
			core.Get("panics", "/panics", func(*core.Ctx, *core.NoInput) (core.StatusReply, error) { panic("at the disco") }),
			core.Get("waits", "/waits", func(c *core.Ctx, _ *core.NoInput) (core.StatusReply, error) {
				<-c.Done()
				return core.StatusReply{}, c.Err()
			}),
		},
	}, nil
}

// Work that panics, or outlives Options.Timeout, ends for the observer as for the client.
func TestObserverOfFailures(t *testing.T) {
	t.Parallel()
	w := &watcher{}
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Observer, o.Timeout = w.observer(), time.Millisecond }, &hooked{})
	e.Client().Get("/panics").Want(t, 500, "INTERNAL_SERVER_ERROR")
	e.Client().Get("/waits").Want(t, 503, "SERVER_BUSY")
	w.told(t, "/api/auth/panics panics true 500", "/api/auth/waits waits true 503")
	if w.errs["request > panics"] == nil {
		t.Error("a panic ends without an error")
	}
	if answer, ok := errors.AsType[*core.Error](w.errs["request > waits"]); !ok || answer.Status != http.StatusServiceUnavailable {
		t.Errorf("a call that took too long ends with %v", w.errs["request > waits"])
	}
}

// plain is an adapter without Scan and Migrate.
type plain struct{ adapter.Adapter }

type plainDatabase struct{ adapter.Database }

func (d plainDatabase) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := d.Database.Open(s)
	return plain{a}, err
}

// migrated is an adapter with tables: it has a plan and advice, and counts its migrations.
type migrated struct {
	adapter.Adapter
	migrations *int
}

var (
	planned = adapter.Change{Kind: "create table", Table: "user", SQL: "CREATE TABLE"}
	advised = adapter.Change{Kind: "create index", Table: "user", SQL: "CREATE INDEX"}
)

func (migrated) Plan(context.Context) ([]adapter.Change, error) {
	return []adapter.Change{planned}, nil
}
func (migrated) Advice(context.Context) ([]adapter.Change, error) {
	return []adapter.Change{advised}, nil
}

func (m migrated) Migrate(context.Context) error {
	*m.migrations++
	return nil
}

type migratedDatabase struct {
	adapter.Database
	migrations *int
}

func (d migratedDatabase) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := d.Database.Open(s)
	return migrated{a, d.migrations}, err
}

// An adapter that is observed does what it did before, whatever it can do.
func TestObservedAdapters(t *testing.T) {
	t.Parallel()
	migrations := 0
	for name, database := range map[string]adapter.Database{
		"memory": memory.New(), "without Scan": plainDatabase{memory.New()}, "with tables": migratedDatabase{memory.New(), &migrations},
	} {
		w := &watcher{}
		e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Observer, o.Database = w.observer(), database },
			emailpassword.New(emailpassword.Options{}))
		c := e.Client()
		c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": ada, "password": "correct horse"}).Want(t, 200, "")
		if got := c.Get("/get-session").Want(t, 200, ""); !strings.Contains(got.Body, ada) {
			t.Errorf("%s: %s", name, got.Body)
		}
		if got := e.Auth.DB().Name(); got != "memory" {
			t.Errorf("%s: the adapter is %q", name, got)
		}
		var plan, advice []adapter.Change
		want, before := migrations, migrations
		if name == "with tables" {
			plan, advice, want = []adapter.Change{planned}, []adapter.Change{advised}, before+1
		}
		if changes, err := e.Auth.Plan(t.Context()); err != nil || !slices.Equal(changes, plan) {
			t.Errorf("%s: Plan: %v, %v", name, changes, err)
		}
		if changes, err := e.Auth.Advice(t.Context()); err != nil || !slices.Equal(changes, advice) {
			t.Errorf("%s: Advice: %v, %v", name, changes, err)
		}
		if err := e.Auth.Migrate(t.Context()); err != nil || migrations != want {
			t.Errorf("%s: Migrate: %v, %d times", name, err, migrations-before)
		}
		w.told(t, "request > getSession > findOne session")
	}
}

// The module graph and the packages of core have nothing of OpenTelemetry: a program that
// does not trace does not pay for it.
func TestNoTelemetryInCore(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-mod=readonly", "-m", "all")
	cmd.Env = append(cmd.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if text := string(out); !strings.Contains(text, "golang.org/x/crypto") || strings.Contains(text, "opentelemetry") {
		t.Errorf("the modules of core are\n%s", text)
	}
}
