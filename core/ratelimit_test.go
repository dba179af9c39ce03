package core_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/storage"
)

// brokenLimiter cannot count.
type brokenLimiter struct{}

func (brokenLimiter) Take(context.Context, string, ratelimit.Rule, time.Time) (ratelimit.Decision, error) {
	return ratelimit.Decision{Allowed: true}, errors.New("counter unreachable")
}

func limited(t testing.TB, change func(*authtest.Env, *core.Options), plugins ...core.Plugin) *authtest.Env {
	t.Helper()
	return open(t, func(e *authtest.Env, o *core.Options) {
		o.RateLimit = core.RateLimitOptions{}
		if change != nil {
			change(e, o)
		}
	}, plugins...)
}

// limiterStorages are the three places where counters live.
var limiterStorages = map[string]func(*authtest.Env, *core.Options){
	"memory":            func(*authtest.Env, *core.Options) {},
	"database":          func(_ *authtest.Env, o *core.Options) { o.RateLimit.Storage = "database" },
	"secondary-storage": func(e *authtest.Env, o *core.Options) { o.SecondaryStorage = storage.NewMemory(e.Clock.Now) },
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	wrong := object{"email": ada, "password": "wrong password"}
	for name, change := range limiterStorages {
		t.Run("RL-12 the answer, "+name, func(t *testing.T) {
			t.Parallel()
			e := limited(t, change)
			c := e.Client()
			for range 3 {
				c.Post("/sign-in/email", wrong).Want(t, 401, "INVALID_CREDENTIALS")
			}
			e.Clock.Add(500 * time.Millisecond)
			a := c.Post("/sign-in/email", wrong).Want(t, 429, "TOO_MANY_REQUESTS")
			if a.Header.Get("X-Retry-After") != "10" || a.Header.Get("Retry-After") != "10" || a.JSON("message") != "Too many requests. Please try again later." {
				t.Errorf("%s %v", a.Body, a.Header)
			}
			// A refused request neither counts nor prolongs the window.
			e.Clock.Add(9499 * time.Millisecond)
			if a := c.Post("/sign-in/email", wrong); a.Status != 429 || a.Header.Get("X-Retry-After") != "1" {
				t.Errorf("%d %v", a.Status, a.Header)
			}
			e.Clock.Add(time.Millisecond)
			c.Post("/sign-in/email", wrong).Want(t, 401, "INVALID_CREDENTIALS")
			// Other addresses and other routes have counters of their own.
			c.Get("/get-session").Want(t, 200, "")
			other := e.Client()
			other.IP = "198.51.100.1"
			other.Post("/sign-in/email", wrong).Want(t, 401, "INVALID_CREDENTIALS")
		})
		t.Run("RL-12 exactly so many are admitted at once, "+name, func(t *testing.T) {
			t.Parallel()
			e := limited(t, func(e *authtest.Env, o *core.Options) {
				change(e, o)
				o.RateLimit.Default = ratelimit.Rule{Window: time.Minute, Max: 7}
			})
			var admitted atomic.Int32
			var wg sync.WaitGroup
			for range 40 {
				wg.Go(func() {
					switch a := e.Client().Get("/ok"); a.Status {
					case 200:
						admitted.Add(1)
					case 429:
					default:
						t.Errorf("%d %s", a.Status, a.Body)
					}
				})
			}
			wg.Wait()
			if got := admitted.Load(); got != 7 {
				t.Errorf("%d were admitted", got)
			}
		})
	}
	for name, change := range limiterStorages {
		t.Run("a clock that goes back locks nobody out, "+name, func(t *testing.T) {
			t.Parallel()
			e := limited(t, change)
			c := e.Client()
			for range 3 {
				c.Post("/sign-in/email", wrong).Want(t, 401, "INVALID_CREDENTIALS")
			}
			e.Clock.Add(-9 * time.Second) // clocks of two processes may differ a little
			c.Post("/sign-in/email", wrong).Want(t, 429, "TOO_MANY_REQUESTS")
			e.Clock.Add(-time.Hour)
			for range 3 {
				c.Post("/sign-in/email", wrong).Want(t, 401, "INVALID_CREDENTIALS")
			}
			c.Post("/sign-in/email", wrong).Want(t, 429, "TOO_MANY_REQUESTS")
		})
	}
	t.Run("RL-05 requests without an address share one counter", func(t *testing.T) {
		t.Parallel()
		e := limited(t, nil)
		status := func(remote netip.AddrPort, forwarded string) int {
			var res core.Response
			e.Auth.Serve(context.Background(), &core.Request{Method: "POST", Path: "/api/auth/sign-in/email", Remote: remote, Body: []byte(`{"email":"ada@example.com","password":"x"}`),
				Header: core.Fields{header("Content-Type", "application/json"), header("X-Forwarded-For", forwarded)}}, &res)
			return res.Status
		}
		for i := range 3 {
			if got := status(netip.AddrPort{}, fmt.Sprintf("1.2.3.%d", i)); got != 401 {
				t.Fatalf("request %d: %d", i, got)
			}
		}
		if got := status(netip.AddrPort{}, "1.2.3.9"); got != 429 {
			t.Errorf("a fourth one: %d", got)
		}
		if got := status(netip.MustParseAddrPort("192.0.2.1:1"), ""); got != 401 {
			t.Errorf("one with an address: %d", got)
		}
	})
	t.Run("RL-06 other spellings of a path are no way around", func(t *testing.T) {
		t.Parallel()
		for _, skip := range []bool{false, true} {
			e := limited(t, func(_ *authtest.Env, o *core.Options) { o.SkipTrailingSlashes = skip })
			c := e.Client()
			handled := 0
			for i := range 60 {
				path := []string{"/sign-in/email", "//sign-in/email", "/sign-in//email", "/sign-in/email/", "/SIGN-IN/EMAIL", "/sign-in/%65mail", "/./sign-in/email", "/sign-in/email?x=" + fmt.Sprint(i), "/sign-in/x/../email", "/sign-in/email;x", "/sign-in/email%2f", "/%2e/sign-in/email"}[i%12]
				switch a := c.Post(path, wrong); a.Status {
				case 401:
					handled++
				case 404, 429:
				default:
					t.Errorf("%s: %d", path, a.Status)
				}
			}
			if handled > 3 {
				t.Errorf("%d sign-ins were handled", handled)
			}
		}
	})
	t.Run("RL-06 every value of a path parameter counts as one route", func(t *testing.T) {
		t.Parallel()
		e := limited(t, nil)
		c := e.Client()
		refused := 0
		for i := range 110 {
			if c.Get(fmt.Sprintf("/reset-password/guess%d?callbackURL=/x", i)).Status == 429 {
				refused++
			}
		}
		if refused != 10 {
			t.Errorf("%d of 110 guesses were refused, want 10", refused)
		}
	})
	t.Run("RL-10 a limiter that cannot count refuses", func(t *testing.T) {
		t.Parallel()
		var reported []string
		e := limited(t, func(_ *authtest.Env, o *core.Options) {
			o.RateLimit.Custom = brokenLimiter{}
			o.OnError = func(_ context.Context, err error) { reported = append(reported, err.Error()) }
		})
		a := e.Client().Post("/sign-in/email", wrong).Want(t, 500, "INTERNAL_SERVER_ERROR")
		mustNotContain(t, "the answer", a.Body, "counter")
		if fmt.Sprint(reported) != "[counter unreachable]" {
			t.Errorf("reported %v", reported)
		}
		mustContain(t, e.Log.String(), "counter unreachable")
	})
	t.Run("RL-11 nothing of a plugin runs before the limiter", func(t *testing.T) {
		t.Parallel()
		ran := 0
		count := func(*core.Ctx) error { ran++; return nil }
		e := limited(t, func(_ *authtest.Env, o *core.Options) {
			o.RateLimit.Default = ratelimit.Rule{Window: time.Minute, Max: 1}
			o.Before = count
		}, plugin("p", core.Manifest{OnRequest: count, Before: []core.Hook{{Match: core.All(), Run: count}}}))
		c := e.Client()
		c.Get("/ok").Want(t, 200, "")
		if ran != 3 {
			t.Fatalf("%d ran", ran)
		}
		c.Get("/ok").Want(t, 429, "TOO_MANY_REQUESTS")
		if ran != 3 {
			t.Errorf("%d ran for a refused request", ran-3)
		}
	})
	t.Run("RL-11 rules of plugins and of the application", func(t *testing.T) {
		t.Parallel()
		e := limited(t, func(_ *authtest.Env, o *core.Options) {
			o.RateLimit.Rules = []ratelimit.Custom{{Pattern: "/free", Disabled: true}, {Pattern: "/list-*", Rule: ratelimit.Rule{Window: time.Minute, Max: 2}}}
		}, plugin("p", core.Manifest{
			Operations: []core.Operation{core.Get("slow", "/slow", pass), core.Get("free", "/free", pass)},
			RateLimits: []ratelimit.PathRule{{Match: []ratelimit.Match{{Exact: "/slow"}, {Exact: "/free"}}, Rule: ratelimit.Rule{Window: time.Minute, Max: 1}}},
		}))
		c := join(t, e, ada)
		for path, max := range map[string]int{"/slow": 1, "/free": 50, "/list-sessions": 2, "/list-accounts": 2} {
			for i := range max {
				if a := c.Get(path); a.Status != 200 {
					t.Errorf("%s, request %d: %d", path, i+1, a.Status)
				}
			}
			if a := c.Get(path); (a.Status == 429) != (path != "/free") {
				t.Errorf("%s after %d: %d", path, max, a.Status)
			}
		}
	})
	t.Run("RL-09 routes that count one text share its allowance, from all addresses", func(t *testing.T) {
		t.Parallel()
		rule := ratelimit.Rule{Window: time.Minute, Max: 3}
		count := func(id, what string) core.Operation {
			return core.Get(id, "/"+id, func(c *core.Ctx, _ *core.NoInput) (core.StatusReply, error) {
				return core.StatusReply{Status: true}, c.Limit(what, rule)
			})
		}
		e := limited(t, nil, plugin("p", core.Manifest{Operations: []core.Operation{count("one", "p|to"), count("two", "p|to"), count("three", "p|three|to")}}))
		ask := func(path string, n int) *authtest.Answer {
			c := e.Client()
			c.IP = fmt.Sprintf("203.0.113.%d", n)
			return c.Get(path)
		}
		ask("/one", 1).Want(t, 200, "")
		ask("/two", 2).Want(t, 200, "")
		if ok, err := e.Auth.Allow(t.Context(), "p|to", rule); err != nil || !ok {
			t.Errorf("%v, %v", ok, err)
		}
		ask("/one", 3).Want(t, 429, "TOO_MANY_REQUESTS")
		ask("/two", 4).Want(t, 429, "TOO_MANY_REQUESTS")
		if ok, err := e.Auth.Allow(t.Context(), "p|to", rule); err != nil || ok {
			t.Errorf("%v, %v", ok, err)
		}
		ask("/three", 5).Want(t, 200, "")
		e.Clock.Add(time.Minute)
		ask("/one", 6).Want(t, 200, "")
	})
	t.Run("RL-09 links that are mailed to one address share an allowance, from all addresses", func(t *testing.T) {
		t.Parallel()
		e := openWith(t, nil, func(_ *authtest.Env, o *core.Options) {
			o.RateLimit = core.RateLimitOptions{}
			o.EmailVerification.MinAnswerTime = -1
		})
		from := 0
		ask := func(path, email string) *authtest.Answer {
			from++
			c := e.Client()
			c.IP = fmt.Sprintf("203.0.113.%d", from)
			return c.Post(path, map[string]any{"email": email})
		}
		for _, email := range []string{"ada@example.com", "nobody@example.com"} {
			for range 2 {
				ask("/request-password-reset", email).Want(t, 200, "")
				ask("/send-verification-email", email).Want(t, 200, "")
			}
			ask("/request-password-reset", strings.ToUpper(email)).Want(t, 200, "")
			ask("/request-password-reset", email).Want(t, 429, "TOO_MANY_REQUESTS")
			ask("/send-verification-email", email).Want(t, 429, "TOO_MANY_REQUESTS")
		}
		ask("/request-password-reset", "bob@example.com").Want(t, 200, "")
		e.Clock.Add(time.Minute)
		ask("/request-password-reset", "ada@example.com").Want(t, 200, "")
	})
	t.Run("RL-09 links that other requests mail count for their address too", func(t *testing.T) {
		t.Parallel()
		told := 0
		e := openWith(t, func(_ *authtest.Env, p *emailpassword.Options) {
			p.RequireEmailVerification = true
			p.OnExistingUserSignUp = func(context.Context, *core.User) error { told++; return nil }
		}, func(_ *authtest.Env, o *core.Options) {
			o.RateLimit = core.RateLimitOptions{}
			o.EmailVerification.MinAnswerTime, o.EmailVerification.SendOnSignIn = -1, true
		})
		from := 0
		ask := func(path string, body object) *authtest.Answer {
			from++
			c := e.Client()
			c.IP = fmt.Sprintf("203.0.113.%d", from)
			return c.Post(path, body)
		}
		signUp := func(email string) {
			ask("/sign-up/email", object{"name": "Ada", "email": email, "password": passphrase}).Want(t, 200, "")
		}
		signUp("ada@example.com") // the first mail
		for range 6 {
			ask("/sign-in/email", object{"email": "ADA@example.com", "password": passphrase}).Want(t, 403, "EMAIL_NOT_VERIFIED")
		}
		if n := len(e.Mails()); n != 5 {
			t.Errorf("%d mails by sign-ins, want 5", n)
		}
		ask("/send-verification-email", object{"email": "ada@example.com"}).Want(t, 429, "TOO_MANY_REQUESTS")
		signUp("bob@example.com")
		for range 6 {
			signUp("bob@example.com")
		}
		if told != 4 {
			t.Errorf("the owner was told of %d sign-ups, want 4", told)
		}
		e.Clock.Add(time.Minute)
		before := len(e.Mails())
		ask("/send-verification-email", object{"email": "ada@example.com"}).Want(t, 200, "")
		if n := len(e.Mails()); n != before+1 {
			t.Errorf("a mail that was counted with its request was counted twice, or not sent: %d after %d", n, before)
		}
	})
	t.Run("RL-09 a rule that exempts a path does not exempt what it counts by itself", func(t *testing.T) {
		t.Parallel()
		send := core.Get("send", "/send", func(c *core.Ctx, _ *core.NoInput) (core.StatusReply, error) {
			return core.StatusReply{Status: true}, c.Limit("p|to", ratelimit.Rule{Window: time.Minute, Max: 1})
		})
		e := limited(t, func(_ *authtest.Env, o *core.Options) {
			o.RateLimit.Rules = []ratelimit.Custom{{Pattern: "/send", Disabled: true}}
		}, plugin("p", core.Manifest{Operations: []core.Operation{send}}))
		e.Client().Get("/send").Want(t, 200, "")
		e.Client().Get("/send").Want(t, 429, "TOO_MANY_REQUESTS")
	})
	t.Run("RL-10 work after the answer that cannot be counted is not allowed", func(t *testing.T) {
		t.Parallel()
		e := limited(t, func(_ *authtest.Env, o *core.Options) { o.RateLimit.Custom = brokenLimiter{} })
		if ok, err := e.Auth.Allow(t.Context(), "x", ratelimit.Rule{Window: time.Minute, Max: 3}); err == nil || ok {
			t.Errorf("%v, %v", ok, err)
		}
		if ok, err := open(t, nil).Auth.Allow(t.Context(), "x", ratelimit.Rule{}); err != nil || !ok {
			t.Errorf("without a limiter: %v, %v", ok, err)
		}
	})
	t.Run("RL-12 an event tells of it once per refusal, without the client's path", func(t *testing.T) {
		t.Parallel()
		e := limited(t, func(_ *authtest.Env, o *core.Options) {
			o.RateLimit.Default = ratelimit.Rule{Window: time.Minute, Max: 1}
		})
		c := e.Client()
		for range 3 {
			c.Get("/reset-password/secret-token?callbackURL=/x")
		}
		var got []string
		for _, ev := range e.Events() {
			got = append(got, fmt.Sprint(ev.Type, " ", ev.Path, " ", ev.Code))
		}
		if strings.Join(got, "; ") != "rate-limited /reset-password/:token TOO_MANY_REQUESTS; rate-limited /reset-password/:token TOO_MANY_REQUESTS" {
			t.Errorf("%v", got)
		}
	})
	for name, change := range limiterStorages {
		t.Run("RACE-10 a counter under fifty at once, "+name, func(t *testing.T) {
			t.Parallel()
			e := limited(t, change)
			var admitted, refused atomic.Int64
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					switch a := e.Client().Post("/sign-in/email", wrong); a.Status {
					case 401:
						admitted.Add(1)
					case 429:
						refused.Add(1)
					default:
						t.Errorf("answered %d %s", a.Status, a.Body)
					}
				})
			}
			wg.Wait()
			if admitted.Load() != 3 || refused.Load() != 47 {
				t.Errorf("%d admitted and %d refused, want 3 and 47", admitted.Load(), refused.Load())
			}
		})
	}
	t.Run("off", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		for range 120 {
			e.Client().Get("/ok").Want(t, 200, "")
		}
	})
}
