package core_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
)

// reads is a database that counts them.
type reads struct {
	adapter.Database
	n atomic.Int64
}

func (r *reads) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := r.Database.Open(s)
	return &readAdapter{a, r}, err
}

type readAdapter struct {
	adapter.Adapter
	r *reads
}

func (a *readAdapter) Plan(context.Context) ([]adapter.Change, error) { return nil, nil }
func (a *readAdapter) Migrate(context.Context) error                  { return nil }

func (a *readAdapter) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	a.r.n.Add(1)
	return a.Adapter.FindOne(ctx, q)
}

func (a *readAdapter) FindMany(ctx context.Context, q adapter.Find) ([]adapter.Record, error) {
	a.r.n.Add(1)
	return a.Adapter.FindMany(ctx, q)
}

// credentials are those of two people, whom the server knows by cookie, token and key.
type credentials struct {
	*authtest.Env
	reads    *reads
	ada, bob *authtest.Client
	tokens   map[*authtest.Client]string
	keys     map[*authtest.Client]string
}

func openCredentials(t *testing.T, change func(*core.Options)) *credentials {
	t.Helper()
	c := &credentials{reads: &reads{Database: memory.New()}, tokens: map[*authtest.Client]string{}, keys: map[*authtest.Client]string{}}
	c.Env = authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Database = c.reads
		change(o)
	}, emailpassword.New(emailpassword.Options{}), bearer.New(bearer.Options{}), apikey.New(apikey.Options{
		Configs: []apikey.Config{{Sessions: true, RateLimit: apikey.RateLimitOptions{Disabled: true}}}, SessionPaths: []string{"*"},
	}))
	for _, who := range []string{"ada", "bob"} {
		client := c.Client()
		a := client.Post("/sign-up/email", map[string]any{"name": who, "email": who + "@example.com", "password": "correct horse"}).Want(t, 200, "")
		c.tokens[client] = a.JSON("token")
		c.keys[client] = client.Post("/api-key/create", map[string]any{}).Want(t, 200, "").JSON("key")
		if who == "ada" {
			c.ada = client
		} else {
			c.bob = client
		}
	}
	return c
}

func (c *credentials) bear(of *authtest.Client) core.HeaderField {
	return core.HeaderField{Name: "Authorization", Value: "Bearer " + c.tokens[of]}
}

func (c *credentials) key(of *authtest.Client) core.HeaderField {
	return core.HeaderField{Name: "X-Api-Key", Value: c.keys[of]}
}

// Whoever reads the cookie alone would act for Bob, and whoever reads the header for Ada:
// nothing is done for either.
func TestCredentialsThatDisagree(t *testing.T) {
	t.Parallel()
	for mode, change := range map[string]func(*core.Options){
		"from the store": func(*core.Options) {},
		"from the cache": func(o *core.Options) { o.Session.CookieCache.Enabled = true },
		"Better Auth":    func(o *core.Options) { o.Compat = core.CompatBetterAuth },
	} {
		for kind, header := range map[string]func(c *credentials) core.HeaderField{
			"a token": func(c *credentials) core.HeaderField { return c.bear(c.ada) },
			"a key":   func(c *credentials) core.HeaderField { return c.key(c.ada) },
		} {
			t.Run(kind+", "+mode, func(t *testing.T) {
				t.Parallel()
				c := openCredentials(t, change)
				h := header(c)
				c.bob.Get("/get-session", h).Want(t, 401, "CREDENTIALS_DISAGREE")
				c.bob.Get("/list-accounts", h).Want(t, 401, "CREDENTIALS_DISAGREE")
				for path, body := range map[string]map[string]any{
					"/update-user":     {"name": "Eve"},
					"/change-password": {"currentPassword": "correct horse", "newPassword": "battery staple"},
					"/revoke-sessions": {},
					"/sign-out":        {},
				} {
					if a := c.bob.Post(path, body, h).Want(t, 401, "CREDENTIALS_DISAGREE"); len(a.Header.Values("Set-Cookie")) > 0 {
						t.Errorf("%s sets %v", path, a.Header.Values("Set-Cookie"))
					}
				}
				for client, name := range map[*authtest.Client]string{c.ada: "ada", c.bob: "bob"} {
					if got := client.Get("/get-session?disableCookieCache=true").JSON("user", "name"); got != name {
						t.Errorf("%s is now %q", name, got)
					}
				}
				// The way out: a sign-in, or leaving the header out.
				c.bob.Copy().Post("/sign-in/email", map[string]any{"email": "bob@example.com", "password": "correct horse"}, c.bear(c.ada)).Want(t, 200, "")
				c.ada.Get("/get-session").Want(t, 200, "")
			})
		}
	}
}

// What names no live session disagrees with nobody.
func TestCredentialsThatHaveEnded(t *testing.T) {
	t.Parallel()
	c := openCredentials(t, func(*core.Options) {})
	stale := c.bear(c.ada)
	bob := c.bob.Copy()
	c.ada.Post("/sign-out", map[string]any{}).Want(t, 200, "")
	if a := bob.Get("/get-session", stale); a.Body != "null" || len(a.Header.Values("Set-Cookie")) > 0 {
		t.Errorf("a token that has ended beside a cookie: %s %v", a.Body, a.Header.Values("Set-Cookie"))
	}
	if got := bob.Get("/get-session").JSON("user", "name"); got != "bob" {
		t.Errorf("the cookie is gone: %q", got)
	}
	c = openCredentials(t, func(*core.Options) {})
	left := c.bob.Copy()
	c.bob.Post("/sign-out", map[string]any{}).Want(t, 200, "")
	if got := left.Get("/get-session", c.bear(c.ada)).JSON("user", "name"); got != "ada" {
		t.Errorf("a token beside a cookie that has ended: %q", got)
	}
}

// SES-04 A sign-out removes the browser's cookie whatever the header names, so it ends the
// cookie's session too.
func TestSignOutEndsTheCookieBesideAHeader(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]func(c *credentials) core.HeaderField{
		"a token of another session": func(c *credentials) core.HeaderField {
			a := c.Client().Post("/sign-in/email", map[string]any{"email": "bob@example.com", "password": "correct horse"}).Want(t, 200, "")
			return core.HeaderField{Name: "Authorization", Value: "Bearer " + a.JSON("token")}
		},
		"a token that has ended": func(c *credentials) core.HeaderField {
			c.ada.Post("/sign-out", map[string]any{}).Want(t, 200, "")
			return c.bear(c.ada)
		},
		"a key": func(c *credentials) core.HeaderField { return c.key(c.bob) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openCredentials(t, func(*core.Options) {})
			h := header(c)
			before := c.bob.Copy()
			c.bob.Post("/sign-out", map[string]any{}, h).Want(t, 200, "")
			if c.bob.Cookie("better-auth.session_token") != "" {
				t.Error("the cookie is still there")
			}
			if a := before.Get("/get-session"); a.Body != "null" {
				t.Errorf("its session is alive: %s", a.Body)
			}
			if a := c.Client().Get("/get-session", h); h.Name == "Authorization" && a.Body != "null" {
				t.Errorf("the header's session is alive: %s", a.Body)
			}
		})
	}
}

// One credential costs what it did, and so does one session by cookie and by token.
func TestCredentialsCost(t *testing.T) {
	t.Parallel()
	c := openCredentials(t, func(*core.Options) {})
	for name, k := range map[string]struct {
		ask  func() *authtest.Answer
		want int64
	}{
		"a cookie":                   {func() *authtest.Answer { return c.bob.Get("/get-session") }, 1},
		"a token":                    {func() *authtest.Answer { return c.Client().Get("/get-session", c.bear(c.ada)) }, 1},
		"a cookie and its own token": {func() *authtest.Answer { return c.bob.Get("/get-session", c.bear(c.bob)) }, 1},
		"of different users":         {func() *authtest.Answer { return c.bob.Get("/get-session", c.bear(c.ada)) }, 2},
	} {
		c.reads.n.Store(0)
		if a := k.ask(); a.Body == "null" {
			t.Errorf("%s: %s", name, a.Body)
		}
		if got := c.reads.n.Load(); got != k.want {
			t.Errorf("%s: %d reads, want %d", name, got, k.want)
		}
	}
}
