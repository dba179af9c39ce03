package core_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
)

// loose finds rows as MySQL does with a collation of its own: in any case, and without the
// spaces at the end.
type loose struct{ adapter.Database }

func (d loose) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := d.Database.Open(s)
	return looseAdapter{a}, err
}

type looseAdapter struct{ adapter.Adapter }

func (a looseAdapter) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	if i := slices.IndexFunc(q.Where, func(c adapter.Cond) bool { return c.Field == "id" }); i >= 0 {
		all, err := a.Adapter.FindMany(ctx, adapter.Find{Model: q.Model})
		if err != nil {
			return nil, err
		}
		asked, _ := q.Where[i].Value.(string)
		for _, rec := range all {
			if id, _ := rec["id"].(string); strings.EqualFold(id, strings.TrimRight(asked, " ")) {
				return rec, nil
			}
		}
		return nil, adapter.ErrNotFound
	}
	return a.Adapter.FindOne(ctx, q)
}

func TestIDsAreExact(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Database = loose{o.Database} }, emailpassword.New(emailpassword.Options{}))
	e.Client().Post("/sign-up/email", map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
	u, err := e.Auth.Store().FindUserByEmail(t.Context(), "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Auth.Store().FindUser(t.Context(), u.ID); err != nil {
		t.Error(err)
	}
	for _, id := range []string{strings.ToUpper(u.ID), strings.ToLower(u.ID), u.ID + " "} {
		if _, err := e.Auth.Store().FindUser(t.Context(), id); !core.IsNotFound(err) {
			t.Errorf("%q is the user %q: %v", id, u.ID, err)
		}
	}
}
