package core_test

import (
	"context"
	"errors"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/storage"
)

// repeating is a database whose transactions lose once and are run again.
type repeating struct{ adapter.Database }

func (r repeating) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := r.Database.Open(s)
	return repeatingAdapter{a}, err
}

type repeatingAdapter struct{ adapter.Adapter }

func (a repeatingAdapter) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	lost := errors.New("lost to another transaction")
	err := a.Adapter.Tx(ctx, func(ctx context.Context) error { return errors.Join(fn(ctx), lost) })
	if !errors.Is(err, lost) {
		return err
	}
	return a.Adapter.Tx(ctx, fn)
}

func TestAfterCommitOfARepeatedTransactionRunsOnce(t *testing.T) {
	t.Parallel()
	e := authtest.NewEnv(t)
	o := e.Options()
	o.Database = repeating{memory.New()}
	e.Open(o)
	runs, ran := 0, 0
	err := e.Auth.DB().Tx(t.Context(), func(ctx context.Context) error {
		runs++
		return core.AfterCommit(ctx, func(context.Context) error { ran++; return nil })
	})
	if err != nil || runs != 2 || ran != 1 {
		t.Errorf("%d runs, %d tasks, %v; want 2, 1 and no error", runs, ran, err)
	}
}

// TestARepeatedTransactionLeavesOneTrace runs every transaction of a sign-up, of an
// update and of a reset twice: hooks see the same rows again, and the answer and the
// rows are those of the last attempt.
func TestARepeatedTransactionLeavesOneTrace(t *testing.T) {
	t.Parallel()
	for name, secondary := range map[string]bool{"database": false, "secondary storage": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := 0
			e := open(t, func(e *authtest.Env, o *core.Options) {
				o.Database = repeating{memory.New()}
				if secondary {
					o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
				}
				o.Session.Fields = []schema.Field{{Name: "place", Type: schema.String, Optional: true, Default: schema.Value("x")}}
				o.Store.User.BeforeCreate = func(ctx context.Context, u *core.User) error {
					u.Name += "!"
					if c, ok := core.CtxFrom(ctx); ok {
						c.Res.Add("X-Seen", u.Name)
					}
					return nil
				}
				o.Store.Session.BeforeCreate = func(_ context.Context, s *core.Session) error {
					s.Extra["place"] = s.Extra["place"].(string) + "!"
					return nil
				}
				o.Store.User.BeforeUpdate = func(_ context.Context, set adapter.Record) error {
					if name, ok := set["name"].(string); ok {
						set["name"] = name + "?"
					}
					return nil
				}
				o.Store.User.AfterCreate = func(context.Context, *core.User) error { told++; return nil }
			})
			c := e.Client()
			a := c.Post("/sign-up/email", object{"name": "Ada", "email": ada, "password": passphrase}).Want(t, 200, "")
			if got := a.Header.Values("X-Seen"); len(got) != 1 || got[0] != "Ada!" || a.JSON("user", "name") != "Ada!" || told != 1 {
				t.Errorf("header %q, told %d times, %s", got, told, a.Body)
			}
			if got := c.Get("/get-session").JSON("session", "place"); got != "x!" {
				t.Errorf("the session has %q", got)
			}
			c.Post("/update-user", object{"name": "Eve"}).Want(t, 200, "")
			if got := c.Get("/get-session").JSON("user", "name"); got != "Eve?" {
				t.Errorf("the name is %q", got)
			}
			c.Post("/request-password-reset", object{"email": ada}).Want(t, 200, "")
			reset := object{"newPassword": "another horse battery", "token": e.LastMail().Token}
			e.Client().Post("/reset-password", reset).Want(t, 200, "")
			e.Client().Post("/reset-password", reset).Want(t, 400, "INVALID_TOKEN")
			e.Client().Post("/sign-in/email", object{"email": ada, "password": "another horse battery"}).Want(t, 200, "")
		})
	}
}
