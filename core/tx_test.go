package core_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
)

func TestEveryTaskAfterACommitRuns(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	first, second := errors.New("first"), errors.New("second")
	ran := 0
	task := func(ctx context.Context, fails func() error) {
		_ = core.AfterCommit(ctx, func(context.Context) error { ran++; return fails() })
	}
	err := e.Auth.Store().Tx(t.Context(), func(ctx context.Context) error {
		task(ctx, func() error { return first })
		task(ctx, func() error { panic("boom") })
		task(ctx, func() error { return second })
		task(ctx, func() error { return nil })
		return nil
	})
	if ran != 4 || !errors.Is(err, first) || !errors.Is(err, second) {
		t.Errorf("%d of 4 tasks ran: %v", ran, err)
	}
	mustContain(t, e.Log.String(), `"msg":"panic"`)
}

// TestAFailingHookTakesNothingFromTheUser signs up, in and out with an application
// whose after-hooks fail in every way.
func TestAFailingHookTakesNothingFromTheUser(t *testing.T) {
	t.Parallel()
	broken := errors.New("the CRM is down")
	for name, fails := range map[string]func() error{
		"an error": func() error { return broken },
		"a panic":  func() error { panic("boom") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := map[string]int{}
			hook := func(event string) error { told[event]++; return fails() }
			e := open(t, func(_ *authtest.Env, o *core.Options) {
				o.Session.MaxPerUser = 1
				o.Store.User.AfterCreate = func(context.Context, *core.User) error { return hook("user created") }
				o.Store.Session.AfterCreate = func(context.Context, *core.Session) error { return hook("session created") }
				o.Store.Session.AfterDelete = func(context.Context, *core.Session) error { return hook("session deleted") }
			}, &fakePlugin{"second", core.Manifest{Store: core.StoreHooks{User: core.ModelHooks[core.User]{
				AfterCreate: func(context.Context, *core.User) error { return hook("plugin told") },
			}}}})
			c := join(t, e, ada)
			wantSignedIn(t, c, true)
			other := login(t, e, ada)
			wantSignedIn(t, other, true)
			wantSignedIn(t, c, false) // the limit has been kept
			other.Post("/sign-out", object{}).Want(t, 200, "")
			if told["user created"] != 1 || told["plugin told"] != 1 || told["session created"] != 2 || told["session deleted"] != 2 {
				t.Errorf("told %v", told)
			}
			mustContain(t, e.Log.String(), "the hook AfterCreate of user")
		})
	}
}

func TestAnAnswerOfAHookReachesTheClientAndItsSessionExists(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, o *core.Options) {
		o.Store.User.AfterCreate = func(context.Context, *core.User) error { return core.FailText(409, "Ask your admin") }
	})
	c := e.Client()
	a := c.Post("/sign-up/email", object{"name": "Ada", "email": ada, "password": passphrase}).Want(t, 409, "ASK_YOUR_ADMIN")
	mustContain(t, a.Body, "Ask your admin")
	wantSignedIn(t, c, true)
}

// TestATransactionRefusesTheContextAroundIt makes the calls that once waited for ever.
func TestATransactionRefusesTheContextAroundIt(t *testing.T) {
	t.Parallel()
	for name, op := range map[string]func(store *core.Store, ctx context.Context) error{
		"update": func(s *core.Store, ctx context.Context) error {
			_, err := s.UpdateUser(ctx, "1", adapter.Record{"name": "x"})
			return err
		},
		"find": func(s *core.Store, ctx context.Context) error { _, err := s.FindUser(ctx, "1"); return err },
		"list": func(s *core.Store, ctx context.Context) error { _, err := s.FindAccounts(ctx, "1"); return err },
		"lock": func(s *core.Store, ctx context.Context) error { return s.LockUser(ctx, "1") },
		"create": func(s *core.Store, ctx context.Context) error {
			_, err := s.CreateUser(ctx, core.User{Name: "x", Email: bob})
			return err
		},
		"delete": func(s *core.Store, ctx context.Context) error { return s.DeleteUser(ctx, "1") },
		"another transaction": func(s *core.Store, ctx context.Context) error {
			return s.Tx(ctx, func(context.Context) error { return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			within := func(store *core.Store, ctx context.Context) error {
				return store.Tx(ctx, func(context.Context) error { return op(store, ctx) })
			}
			e := open(t, nil, &fakePlugin{"careless", core.Manifest{Operations: []core.Operation{
				core.Post("careless", "/careless", func(c *core.Ctx, _ *core.NoInput) (core.StatusReply, error) {
					return core.StatusReply{}, within(c.Auth().Store(), c)
				}),
			}}})
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			for kind, around := range map[string]context.Context{"plain": ctx, "background": context.Background(), "derived": context.WithValue(ctx, t, 1)} {
				if err := within(e.Auth.Store(), around); err == nil || !strings.Contains(err.Error(), "pass the ctx that Tx gave") {
					t.Errorf("%s context: %v", kind, err)
				}
			}
			e.Client().Post("/careless", object{}).Want(t, 500, "INTERNAL_SERVER_ERROR")
			mustContain(t, e.Log.String(), "pass the ctx that Tx gave")
		})
	}
}

// TestATransactionKnowsWhatIsItsOwn has calls that look like the mistake and are
// correct.
func TestATransactionKnowsWhatIsItsOwn(t *testing.T) {
	t.Parallel()
	e := authtest.NewEnv(t)
	o := e.Options()
	o.Database, o.Background = repeating{memory.New()}, nil
	e.Open(o)
	store, ctx := e.Auth.Store(), t.Context()
	u, err := store.CreateUser(ctx, core.User{Name: "Ada", Email: ada})
	if err != nil {
		t.Fatal(err)
	}
	find := func(ctx context.Context) error { _, err := store.FindUser(ctx, u.ID); return err }
	var others sync.WaitGroup
	defer others.Wait()
	err = store.Tx(ctx, func(tx context.Context) error {
		// Another goroutine waits for its turn, with the same context.
		others.Go(func() {
			if err := find(ctx); err != nil {
				t.Errorf("another goroutine: %v", err)
			}
			if err := store.Tx(ctx, find); err != nil {
				t.Errorf("a transaction of another goroutine: %v", err)
			}
		})
		detached, cancel := context.WithCancel(context.WithoutCancel(tx))
		defer cancel()
		if err := find(detached); err != nil {
			t.Errorf("a context made of the transaction's: %v", err)
		}
		if err := store.Tx(tx, find); err != nil {
			t.Errorf("a nested transaction: %v", err)
		}
		return core.AfterCommit(tx, func(ctx context.Context) error {
			if err := find(ctx); err != nil {
				t.Errorf("after the commit: %v", err)
			}
			return store.Tx(ctx, find)
		})
	})
	if err != nil {
		t.Error(err)
	}
}

// TestDeletionsMissNoRow inserts a row between the reading and the deletion: it is
// deleted with its hooks or not at all.
func TestDeletionsMissNoRow(t *testing.T) {
	t.Parallel()
	var e *authtest.Env
	asked, told := map[string]bool{}, map[string]bool{}
	inserted := false
	e = open(t, func(_ *authtest.Env, o *core.Options) {
		o.Store.Session.BeforeDelete = func(ctx context.Context, s *core.Session) error {
			asked[s.Token] = true
			if inserted {
				return nil
			}
			inserted = true
			_, err := e.Auth.Store().CreateSession(ctx, core.NewSession{UserID: s.UserID})
			return err
		}
		o.Store.Session.AfterDelete = func(_ context.Context, s *core.Session) error { told[s.Token] = true; return nil }
	})
	join(t, e, ada)
	if err := e.Auth.Store().DeleteSessions(t.Context(), row(t, e, core.ModelUser)["id"].(string)); err != nil {
		t.Fatal(err)
	}
	if n := len(rows(t, e, core.ModelSession)); n != 0 || len(asked) != 2 || len(told) != 2 {
		t.Errorf("%d rows are left, asked of %d and told of %d", n, len(asked), len(told))
	}
}
