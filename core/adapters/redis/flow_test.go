package redis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/adapters/redis"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	goredis "github.com/redis/go-redis/v9"
)

const (
	ada        = "ada@example.com"
	passphrase = "correct horse battery"
)

type object map[string]any

// app is an application whose sessions are in Redis.
type app struct {
	*authtest.Env
	client *goredis.Client
	kv     *redis.Storage
	sent   *commands
}

func open(t *testing.T, srv *testServer, change func(*app, *core.Options)) *app {
	t.Helper()
	a := &app{sent: &commands{}}
	a.client = srv.client(t, a.sent)
	a.kv = redis.New(a.client, srv.opts())
	a.Env = authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.SecondaryStorage = a.kv
		o.User.DeleteUser.Enabled = true
		if change != nil {
			change(a, o)
		}
	}, emailpassword.New(emailpassword.Options{}))
	return a
}

func (a *app) join(t *testing.T, email string) *authtest.Client {
	t.Helper()
	c := a.Client()
	c.Post("/sign-up/email", object{"name": "Someone", "email": email, "password": passphrase}).Want(t, 200, "")
	return c
}

func (a *app) login(t *testing.T, email string) *authtest.Client {
	t.Helper()
	c := a.Client()
	c.Post("/sign-in/email", object{"email": email, "password": passphrase}).Want(t, 200, "")
	return c
}

func token(c *authtest.Client) string {
	t, _, _ := strings.Cut(c.Cookie("better-auth.session_token"), ".")
	return t
}

func wantSession(t *testing.T, c *authtest.Client, name string) {
	t.Helper()
	if a := c.Copy().Get("/get-session").Want(t, 200, ""); a.JSON("user", "name") != name {
		t.Errorf("the session is %s, want that of %q", a.Body, name)
	}
}

func TestFlow(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *testServer) {
		a := open(t, srv, nil)
		c := a.join(t, ada)
		wantSession(t, c, "Someone")
		if _, err := a.kv.Get(t.Context(), token(c)); err != nil {
			t.Fatalf("the session is not in Redis: %v", err)
		}
		if ttl := srv.client(t).PTTL(t.Context(), srv.prefix+token(c)).Val(); ttl < 7*24*time.Hour-time.Minute || ttl > 7*24*time.Hour {
			t.Errorf("the session expires in %s, want 7 days", ttl)
		}

		second, third := a.login(t, ada), a.login(t, ada)
		list := c.Get("/list-sessions").Want(t, 200, "").Body
		for _, one := range []*authtest.Client{c, second, third} {
			if !strings.Contains(list, token(one)) {
				t.Errorf("%s lacks %s", list, token(one))
			}
		}

		c.Post("/update-user", object{"name": "Ada"}).Want(t, 200, "")
		for _, one := range []*authtest.Client{c, second, third} {
			wantSession(t, one, "Ada")
		}

		c.Post("/revoke-session", object{"token": token(second)}).Want(t, 200, "")
		wantSession(t, second, "")
		wantSession(t, third, "Ada")
		if list := c.Get("/list-sessions").Want(t, 200, "").Body; strings.Contains(list, token(second)) || !strings.Contains(list, token(third)) {
			t.Errorf("after revoking %s: %s", token(second), list)
		}
		c.Post("/revoke-other-sessions", object{}).Want(t, 200, "")
		wantSession(t, third, "")
		wantSession(t, c, "Ada")

		out := c.Copy()
		c.Post("/sign-out", object{}).Want(t, 200, "")
		wantSession(t, out, "")
	})
}

// A session is one read. A second one checks whether the sessions of its user have been
// ended since: only that refuses a session whose list Redis has lost.
func TestSessionReadIsTwoRoundTrips(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *testServer) {
		a := open(t, srv, nil)
		c := a.join(t, ada)
		a.sent.names = nil
		wantSession(t, c, "Someone")
		a.sent.want(t, "get-session", "get", "get")
		if _, ok := core.SessionFrom(a.Auth.Attach(t.Context(), core.Request{
			Header: core.Fields{{Name: "Cookie", Value: c.CookieHeader()}},
		}, nil)); !ok {
			t.Error("Attach found no session")
		}
		a.sent.want(t, "Attach", "get", "get")

		limited := open(t, srv, func(a *app, o *core.Options) {
			o.RateLimit = core.RateLimitOptions{Custom: redis.NewLimiter(a.client, srv.opts())}
		})
		c = limited.join(t, ada)
		c.Get("/get-session") // loads the script
		limited.sent.names = nil
		wantSession(t, c, "Someone")
		limited.sent.want(t, "get-session with a limiter", "evalsha", "get", "get")
	})
}

func TestDeletedUser(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *testServer) {
		t.Run("SES-20 a deleted user leaves nothing in Redis", func(t *testing.T) {
			a := open(t, srv, nil)
			c := a.join(t, ada)
			others := []*authtest.Client{a.login(t, ada), a.login(t, ada)}
			tokens := []string{token(c), token(others[0]), token(others[1])}
			c.Post("/delete-user", object{"password": passphrase}).Want(t, 200, "")
			for _, o := range others {
				o.Copy().Get("/list-sessions").Want(t, 401, "UNAUTHORIZED")
				wantSession(t, o, "")
			}
			for _, key := range tokens {
				if v, err := a.kv.Get(t.Context(), key); err == nil {
					t.Errorf("a session is left: %s", v)
				}
			}
		})
	})
}

func TestCorruptEntry(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *testServer) {
		for i, corrupt := range []string{"", "{", "null", `{"session":{},"user":{}}`, "\x00\xff"} {
			t.Run(fmt.Sprintf("SES-27 %q hides no other", corrupt), func(t *testing.T) {
				a := open(t, srv, nil)
				email := fmt.Sprintf("user%d@example.com", i)
				c, broken := a.join(t, email), a.login(t, email)
				if err := a.kv.Set(t.Context(), token(broken), corrupt, time.Hour); err != nil {
					t.Fatal(err)
				}
				list := c.Get("/list-sessions").Want(t, 200, "").Body
				if !strings.Contains(list, token(c)) || strings.Contains(list, token(broken)) {
					t.Errorf("the list is %s", list)
				}
				wantSession(t, broken, "")
			})
		}
	})
}

func TestLostServerAuthenticatesNobody(t *testing.T) {
	t.Parallel()
	t.Run("SES-26 a lost Redis", func(t *testing.T) {
		t.Parallel()
		srv := mini(t)
		a := open(t, srv, nil)
		c := a.join(t, ada)
		srv.mini.Close()
		for _, answer := range []*authtest.Answer{
			c.Copy().Get("/get-session"), c.Copy().Get("/list-sessions"), c.Copy().Post("/sign-out", object{}),
			c.Copy().Post("/update-user", object{"name": "x"}), c.Copy().Post("/sign-in/email", object{"email": ada, "password": passphrase}),
		} {
			if answer.Status < 500 {
				t.Errorf("answered %d %s", answer.Status, answer.Body)
			}
			if strings.Contains(answer.Body, srv.options.Addr) || strings.Contains(answer.Body, token(c)) {
				t.Errorf("the answer tells too much: %s", answer.Body)
			}
		}
		if _, ok := core.SessionFrom(a.Auth.Attach(t.Context(), core.Request{
			Header: core.Fields{{Name: "Cookie", Value: c.CookieHeader()}},
		}, nil)); ok {
			t.Error("Attach found a session")
		}
		if strings.Contains(a.Log.String(), token(c)) {
			t.Error("a token was logged")
		}
	})
	t.Run("SES-26 an empty Redis", func(t *testing.T) {
		t.Parallel()
		srv := mini(t)
		a := open(t, srv, nil)
		c := a.join(t, ada)
		srv.mini.FlushAll()
		wantSession(t, c, "")
	})
}

func TestLimitedSignIn(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *testServer) {
		client := srv.client(t)
		limit := func(_ *app, o *core.Options) {
			o.RateLimit = core.RateLimitOptions{
				Custom: redis.NewLimiter(client, srv.opts()),
				Rules:  []ratelimit.Custom{{Pattern: "/sign-in/email", Rule: ratelimit.Rule{Window: 10 * time.Second, Max: 3}}},
			}
		}
		processes := []*app{open(t, srv, limit), open(t, srv, limit)}
		for i := range 6 {
			answer := processes[i%2].Client().Post("/sign-in/email", object{"email": ada, "password": passphrase})
			if limited := answer.Status == 429; limited != (i >= 3) {
				t.Errorf("request %d answered %d", i, answer.Status)
			}
		}
	})
}

// TestEvictedList has Redis forget the list of a user's sessions, as one with another
// policy than noeviction does. What ends sessions ends all of them nevertheless.
func TestEvictedList(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *testServer) {
		for name, end := range map[string]func(t *testing.T, c *authtest.Client){
			"revoke-sessions": func(t *testing.T, c *authtest.Client) { c.Post("/revoke-sessions", object{}).Want(t, 200, "") },
			"change-password": func(t *testing.T, c *authtest.Client) {
				c.Post("/change-password", object{"currentPassword": passphrase, "newPassword": "another horse battery", "revokeOtherSessions": true}).Want(t, 200, "")
			},
			"delete-user": func(t *testing.T, c *authtest.Client) {
				c.Post("/delete-user", object{"password": passphrase}).Want(t, 200, "")
			},
		} {
			for _, rows := range []bool{false, true} {
				t.Run(fmt.Sprintf("SES-20 %s, rows %v", name, rows), func(t *testing.T) {
					a := open(t, srv, func(_ *app, o *core.Options) { o.Session.StoreInDatabase = rows })
					c := a.join(t, ada)
					other, old := a.login(t, ada), c.Copy()
					u, err := a.Auth.Store().FindUserByEmail(t.Context(), ada)
					if err != nil {
						t.Fatal(err)
					}
					if err := a.kv.Delete(t.Context(), "active-sessions-"+u.ID); err != nil {
						t.Fatal(err)
					}
					a.Clock.Add(time.Millisecond)
					end(t, c)
					wantSession(t, old, "")
					wantSession(t, other, "")
				})
			}
		}
	})
}

// The races of sessions in a secondary storage, on Redis itself.
func TestSecondaryRaces(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *testServer) {
		flowtest.RunSecondary(t, func(*testing.T) adapter.Database { return memory.New() }, func(t *testing.T) storage.Storage {
			return redis.New(srv.client(t), srv.opts())
		})
	})
}
