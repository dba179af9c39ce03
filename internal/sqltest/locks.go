package sqltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
)

// limitsInTheApplicationsTransaction has the application add members in transactions
// of its own, which have read something before, so that they may see the rows as they
// were then. The server's own isolation is tried, and each level that ent and GORM can
// ask for.
func limitsInTheApplicationsTransaction(t *testing.T, d Database) {
	if d.Dialect == "sqlite" {
		return // it has one transaction at a time
	}
	for i, level := range []sql.IsolationLevel{sql.LevelDefault, sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable} {
		t.Run(level.String(), func(t *testing.T) {
			limits(t, d.Adapter, fmt.Sprintf("l%d", i), func(ctx context.Context, fn func(context.Context) error) error { return d.InTx(ctx, level, fn) })
		})
	}
}

// Limits tests an adapter whose transactions are not what it asked for, such as one over
// a driver that an application has wrapped: they keep the limits of an organization.
func Limits(t *testing.T, a adapter.Database, inTx func(ctx context.Context, fn func(ctx context.Context) error) error) {
	t.Helper()
	limits(t, a, "own", inTx)
}

// limits adds members by inTx, a transaction that has read something before. name is
// for the rows, for one database may serve several tests.
func limits(t *testing.T, database adapter.Database, name string, inTx func(ctx context.Context, fn func(ctx context.Context) error) error) {
	t.Helper()
	const most, callers = 3, 6
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Database = database },
		emailpassword.New(emailpassword.Options{}), organization.New(organization.Options{MembershipLimit: most}))
	org, _ := organization.From(e.Auth)
	ctx := t.Context()
	made := make([]*core.User, callers+1)
	for i := range made {
		var err error
		if made[i], err = e.Auth.Store().CreateUser(ctx, core.User{Name: "A", Email: fmt.Sprintf("%s-u%d@example.com", name, i)}); err != nil {
			t.Fatal(err)
		}
	}
	o, err := org.CreateFor(ctx, organization.NewOrganization{Name: "Acme", Slug: name + "-acme", UserID: made[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	// add has all transactions take their view before any of them adds.
	add := func(id string, users []*core.User) {
		var viewed, done sync.WaitGroup
		viewed.Add(len(users))
		for _, u := range users {
			done.Go(func() {
				first := true
				err := inTx(ctx, func(ctx context.Context) error {
					if _, err := e.Auth.DB().Count(ctx, core.ModelUser, nil); err != nil {
						return err
					}
					if first {
						first = false
						viewed.Done()
						viewed.Wait()
					}
					_, err := org.Add(ctx, organization.NewMember{OrganizationID: id, UserID: u.ID, Roles: []string{"member"}})
					return err
				})
				var answer *core.Error
				if err != nil && !errors.As(err, &answer) && !errors.Is(err, adapter.ErrBusy) && !lost(err) {
					t.Error(err)
				}
			})
		}
		done.Wait()
	}
	members := func(id string) int64 {
		n, err := e.Auth.DB().Count(ctx, organization.ModelMember, adapter.By("organizationId", id))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	add(o.ID, made[1:5])
	if n := members(o.ID); n > most {
		t.Errorf("%d members, of at most %d", n, most)
	}
	second, err := org.CreateFor(ctx, organization.NewOrganization{Name: "Second", Slug: name + "-second", UserID: made[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	one := made[callers]
	add(second.ID, []*core.User{one, one})
	if n := members(second.ID); n > 2 {
		t.Errorf("one user is a member %d times", n-1)
	}
}

// lost reports that the server ended a transaction in favour of another one, which the
// application must begin again.
func lost(err error) bool {
	for _, code := range []string{"1213", "1020", "40001", "40P01"} {
		if strings.Contains(err.Error(), code) {
			return true
		}
	}
	return false
}
