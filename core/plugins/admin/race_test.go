package admin_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/admin"
)

const crowd = 50

// together runs n calls at once.
func together(n int, f func(i int)) {
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range n {
		done.Go(func() { start.Wait(); f(i) })
	}
	start.Done()
	done.Wait()
}

// staff makes many administrators beside Ada.
func (w *world) staff(t testing.TB, n int) []*person {
	t.Helper()
	out := []*person{w.ada}
	for i := range n {
		p := w.join(t, fmt.Sprintf("staff-%d", i))
		w.role(t, p, "admin")
		out = append(out, p)
	}
	return out
}

func (w *world) admins(t testing.TB) int {
	t.Helper()
	recs, err := w.Auth.DB().FindMany(t.Context(), adapter.Find{Model: core.ModelUser, Where: adapter.By("role", "admin")})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, rec := range recs {
		if banned, _ := rec["banned"].(bool); !banned {
			n++
		}
	}
	return n
}

func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(by, target *person) (string, body){
		"demotions": func(_, target *person) (string, body) { return "set-role", body{"userId": target.id, "role": "user"} },
		"bans":      func(_, target *person) (string, body) { return "ban-user", body{"userId": target.id} },
		"removals":  func(_, target *person) (string, body) { return "remove-user", body{"userId": target.id} },
		"updates": func(_, target *person) (string, body) {
			return "update-user", body{"userId": target.id, "data": body{"role": "user"}}
		},
		"abdications": func(by, _ *person) (string, body) { return "set-role", body{"userId": by.id, "role": "user"} },
		"departures":  func(*person, *person) (string, body) { return "/delete-user", body{"password": password} },
		"banned by update": func(_, target *person) (string, body) {
			return "update-user", body{"userId": target.id, "data": body{"banned": true}}
		},
	} {
		t.Run("RACE-11 "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, admin.Options{}, func(_ *authtest.Env, o *core.Options) { o.User.DeleteUser.Enabled = true })
			all := w.staff(t, 9)
			answers := make([]*authtest.Answer, crowd)
			together(crowd, func(i int) {
				by := all[i%len(all)]
				path, b := act(by, all[(i+1+i/len(all))%len(all)])
				if path[0] != '/' {
					path = "/admin/" + path
				}
				answers[i] = by.Client.Copy().Post(path, b)
			})
			for _, a := range answers {
				if a.Status >= 500 {
					t.Errorf("%d %s", a.Status, a.Body)
				}
			}
			if n := w.admins(t); n < 1 {
				t.Errorf("%d administrators are left", n)
			}
		})
	}
}

// A session that is made while its user is banned does not outlive the ban.
func TestSignInAgainstABan(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{}, nil)
	together(crowd, func(i int) {
		if i == crowd/2 {
			w.ada.Client.Copy().Post("/admin/ban-user", body{"userId": w.bob.id})
			return
		}
		w.Client().Post("/sign-in/email", body{"email": w.bob.email, "password": password})
	})
	rows, err := w.Auth.Store().ListSessions(t.Context(), w.bob.id)
	if err != nil || len(rows) > 0 {
		t.Errorf("RACE-08 %d sessions of a banned user, %v", len(rows), err)
	}
}
