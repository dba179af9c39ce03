package organization_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/organization"
)

// Members of a large organization are not counted for each who is added, and the limit holds:
// for this server, for what another one adds meanwhile, and after members have left.
func TestMembersAreCountedSeldom(t *testing.T) {
	t.Parallel()
	const limit = 900
	var counts atomic.Int64
	w := open(t, func(o *organization.Options) { o.MembershipLimit = limit }, func(o *core.Options) {
		o.Observer = &core.Observer{Statement: func(ctx context.Context, s core.ObservedStatement) (context.Context, func(error)) {
			if s.Operation == "count" && s.Model == organization.ModelMember {
				counts.Add(1)
			}
			return ctx, func(error) {}
		}}
	})
	org := w.join("Ada").found("acme")
	users := 0
	insert := func(n int) { // as another server does
		t.Helper()
		for range n {
			users++
			u, err := w.Auth.Store().CreateUser(t.Context(), core.User{Email: fmt.Sprintf("other%d@example.com", users)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Auth.DB().Create(t.Context(), organization.ModelMember, adapter.Record{"organizationId": org, "userId": u.ID, "role": "member", "createdAt": w.Auth.Now()}); err != nil {
				t.Fatal(err)
			}
		}
	}
	var last string
	add := func() error {
		t.Helper()
		users++
		u, err := w.Auth.Store().CreateUser(t.Context(), core.User{Email: fmt.Sprintf("u%d@example.com", users)})
		if err != nil {
			t.Fatal(err)
		}
		last = u.ID
		_, err = w.org.Add(t.Context(), organization.NewMember{OrganizationID: org, UserID: u.ID, Roles: []string{"member"}})
		return err
	}
	total := func() int64 {
		t.Helper()
		n, err := w.Auth.DB().Count(t.Context(), organization.ModelMember, adapter.By("organizationId", org))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	fill := func() {
		t.Helper()
		for {
			if err := add(); core.HasCode(err, organization.CodeOrganizationMembershipLimitReached) {
				return
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	insert(550)
	counts.Store(0)
	for range 200 {
		if err := add(); err != nil {
			t.Fatal(err)
		}
	}
	if n := counts.Load(); n > 3 {
		t.Errorf("counted %d times for 200 members", n)
	}
	w.Clock.Add(20 * time.Millisecond) // in which another server has added some
	insert(100)
	fill()
	if n := total(); n != limit {
		t.Errorf("%d members, the limit is %d", n, limit)
	}
	if err := w.org.Remove(t.Context(), org, last); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Auth.DB().DeleteMany(t.Context(), organization.ModelMember, append(adapter.By("organizationId", org), adapter.Cond{Field: "role", Value: "member"})); err != nil {
		t.Fatal(err)
	}
	insert(limit - 5)
	fill()
	if n := total(); n != limit {
		t.Errorf("%d members, the limit is %d", n, limit)
	}
}
