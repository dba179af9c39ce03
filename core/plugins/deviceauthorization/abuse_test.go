package deviceauthorization_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/storage"
)

func TestClaims(t *testing.T) {
	t.Parallel()
	e := open(t, nil, deviceauthorization.Options{})
	first, second := join(t, e, ada), join(t, e, bob)

	t.Run("DEV-01 an unclaimed code", func(t *testing.T) {
		d := start(t, e)
		want(t, approve(first, d.userCode), 400, "invalid_request", deviceauthorization.CodeNotClaimed.Message)
		want(t, deny(first, d.userCode), 400, "invalid_request", deviceauthorization.CodeNotClaimed.Message)
		claim(e.Client(), d.userCode).Want(t, 200, "") // nobody claims without a session
		want(t, approve(first, d.userCode), 400, "invalid_request", deviceauthorization.CodeNotClaimed.Message)
		want(t, d.poll(), 400, "authorization_pending", "Authorization pending")
	})
	t.Run("DEV-01 a code that somebody else has claimed", func(t *testing.T) {
		d := start(t, e)
		claim(first, d.userCode).Want(t, 200, "")
		if got := claim(second, d.userCode).Want(t, 200, "").Body; strings.Contains(got, "client_id") {
			t.Errorf("the second user is told %s", got)
		}
		want(t, approve(second, d.userCode), 403, "access_denied", "You are not authorized to approve this device authorization")
		want(t, deny(second, d.userCode), 403, "access_denied", "You are not authorized to deny this device authorization")
		want(t, d.poll(), 400, "authorization_pending", "Authorization pending")
		approve(first, d.userCode).Want(t, 200, "")
	})
	t.Run("DEV-01 without a session, and with one that has ended", func(t *testing.T) {
		d := start(t, e)
		third := join(t, e, "eve@example.com")
		claim(third, d.userCode).Want(t, 200, "")
		copied := third.Copy()
		third.Post("/sign-out", object{}).Want(t, 200, "")
		for _, c := range []*authtest.Client{e.Client(), copied} {
			want(t, approve(c, d.userCode), 401, "unauthorized", "Authentication required")
			want(t, deny(c, d.userCode), 401, "unauthorized", "Authentication required")
		}
	})
	t.Run("DEV-01 from another site", func(t *testing.T) {
		d := start(t, e)
		claim(first, d.userCode).Want(t, 200, "")
		foreign := first.Copy()
		foreign.Origin = "https://evil.example.com"
		approve(foreign, d.userCode).Want(t, 403, "INVALID_ORIGIN")
		want(t, d.poll(), 400, "authorization_pending", "Authorization pending")
	})
}

// A cookie cache outlives its session; it must not approve.
func TestCachedSession(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, o *core.Options) { o.Session.CookieCache.Enabled = true }, deviceauthorization.Options{})
	c := join(t, e, ada)
	d := start(t, e)
	claim(c, d.userCode).Want(t, 200, "")
	copied := c.Copy()
	c.Post("/sign-out", object{}).Want(t, 200, "")
	if copied.Get("/get-session").Body == "null" {
		t.Fatal("the cache does not work in this test")
	}
	want(t, approve(copied, d.userCode), 401, "unauthorized", "Authentication required")
	other := start(t, e)
	claim(copied, other.userCode).Want(t, 200, "")
	want(t, approve(join(t, e, bob), other.userCode), 400, "invalid_request", deviceauthorization.CodeNotClaimed.Message)
}

// A session that a plugin vouches for, such as that of an API key, must not become a real
// one.
func TestVouchedSession(t *testing.T) {
	t.Parallel()
	var vouched *core.SessionData
	e := open(t, func(_ *authtest.Env, o *core.Options) {
		o.Plugins = append(o.Plugins, &manifest{"key", core.Manifest{Authenticate: func(c *core.Ctx) (core.Credential, error) {
			if c.Req.Header.Get("X-Key") == "" {
				return core.Credential{}, nil
			}
			return core.Credential{Session: vouched}, nil
		}}})
	}, deviceauthorization.Options{})
	c := join(t, e, ada)
	u, err := e.Auth.Store().FindUserByEmail(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	vouched = &core.SessionData{Session: core.Session{UserID: u.ID, ExpiresAt: e.Clock.Now().Add(time.Hour)}, User: *u}
	d := start(t, e)
	claim(c, d.userCode).Want(t, 200, "")
	key := e.Client()
	key.Header = core.Fields{{Name: "X-Key", Value: "k"}}
	want(t, approve(key, d.userCode), 401, "unauthorized", "Authentication required")
	want(t, d.poll(), 400, "authorization_pending", "Authorization pending")
}

type manifest struct {
	id string
	m  core.Manifest
}

func (p *manifest) ID() string                               { return p.id }
func (p *manifest) Manifest(core.Env) (core.Manifest, error) { return p.m, nil }

func TestGuesses(t *testing.T) {
	t.Parallel()
	limited := func(t *testing.T, o deviceauthorization.Options) *authtest.Env {
		return open(t, func(_ *authtest.Env, o *core.Options) { o.RateLimit = core.RateLimitOptions{} }, o)
	}
	t.Run("DEV-02 five tries in the life of a code", func(t *testing.T) {
		t.Parallel()
		e := limited(t, deviceauthorization.Options{ExpiresIn: 10 * time.Minute})
		c := join(t, e, ada)
		d := start(t, e)
		for name, try := range map[string]func(*authtest.Client, string) *authtest.Answer{"claim": claim, "approve": approve, "deny": deny} {
			for range 5 {
				want(t, try(c, "ABCDEFGH"), 400, "invalid_request", "Invalid user code")
			}
			if a := try(c, d.userCode).Want(t, 429, "TOO_MANY_REQUESTS"); a.Header.Get("X-Retry-After") != "600" {
				t.Errorf("%s: %v", name, a.Header)
			}
		}
		other := c.Copy()
		other.IP = "203.0.113.8"
		claim(other, d.userCode).Want(t, 200, "")
		e.Clock.Add(10*time.Minute + time.Second)
		want(t, claim(c, d.userCode), 400, "expired_token", "User code has expired")
	})
	t.Run("DEV-02 the space of codes", func(t *testing.T) {
		t.Parallel()
		e := limited(t, deviceauthorization.Options{})
		seen := map[rune]bool{}
		c := e.Client()
		for i := range 200 {
			if i%50 == 0 {
				e.Clock.Add(time.Minute)
			}
			code := c.Post("/device/code", object{"client_id": client}).Want(t, 200, "").JSON("user_code")
			if len(code) != 8 {
				t.Fatalf("%q", code)
			}
			for _, r := range code {
				seen[r] = true
			}
		}
		if len(seen) != 32 {
			t.Errorf("%d characters are used: %v", len(seen), seen)
		}
	})
}

func TestPolling(t *testing.T) {
	t.Parallel()
	e := open(t, nil, deviceauthorization.Options{})
	slow := func(t *testing.T, d *device) {
		t.Helper()
		want(t, d.poll(), 400, "slow_down", "Polling too frequently")
	}
	waits := func(t *testing.T, d *device) {
		t.Helper()
		want(t, d.poll(), 400, "authorization_pending", "Authorization pending")
	}
	t.Run("DEV-03 the interval grows", func(t *testing.T) {
		d := start(t, e)
		waits(t, d)
		pause(e)
		waits(t, d)
		e.Clock.Add(4999 * time.Millisecond)
		slow(t, d) // now ten seconds
		pause(e)
		e.Clock.Add(time.Millisecond)
		waits(t, d)
		pause(e)
		slow(t, d) // 15
		e.Clock.Add(9 * time.Second)
		slow(t, d) // 20
		e.Clock.Add(6 * time.Second)
		waits(t, d)
	})
	t.Run("DEV-03 a device that never waits still ends", func(t *testing.T) {
		d := start(t, e)
		waits(t, d)
		n := 0
		for ; n < 100; n++ {
			e.Clock.Add(time.Second)
			if d.poll().JSON("error") == "authorization_pending" {
				break
			}
		}
		if n != 59 {
			t.Errorf("in time after %d polls that were not", n)
		}
	})
	t.Run("DEV-03 polls at once", func(t *testing.T) {
		d := start(t, e)
		inTime := 0
		for _, a := range together(50, func() *authtest.Answer { return d.poll() }) {
			switch a.JSON("error") {
			case "authorization_pending":
				inTime++
			case "slow_down":
			default:
				t.Errorf("%d %s", a.Status, a.Body)
			}
		}
		if inTime != 1 {
			t.Errorf("%d were in time", inTime)
		}
	})
}

func together(n int, f func() *authtest.Answer) []*authtest.Answer {
	answers := make([]*authtest.Answer, n)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { answers[i] = f() })
	}
	wait.Wait()
	return answers
}

func TestRedemption(t *testing.T) {
	t.Parallel()
	e := open(t, nil, deviceauthorization.Options{})
	c := join(t, e, ada)
	t.Run("DEV-04 RACE-04 fifty polls of an approved code", func(t *testing.T) {
		d := approved(t, e, c)
		before := count(t, e, core.ModelSession)
		winners := 0
		for _, a := range together(50, func() *authtest.Answer { return d.poll() }) {
			if a.Status == 200 {
				winners++
			} else {
				want(t, a, 400, "invalid_grant", "Invalid device code")
			}
		}
		if n := count(t, e, core.ModelSession) - before; winners != 1 || n != 1 {
			t.Errorf("%d tokens, %d sessions", winners, n)
		}
	})
	t.Run("DEV-04 approval against denial", func(t *testing.T) {
		d := start(t, e)
		claim(c, d.userCode).Want(t, 200, "")
		i := 0
		var mu sync.Mutex
		winners := 0
		for _, a := range together(50, func() *authtest.Answer {
			mu.Lock()
			i++
			decide := approve
			if i%2 == 0 {
				decide = deny
			}
			mu.Unlock()
			return decide(c, d.userCode)
		}) {
			if a.Status == 200 {
				winners++
			} else {
				want(t, a, 400, "invalid_request", "Device code already processed")
			}
		}
		if winners != 1 {
			t.Errorf("%d decisions", winners)
		}
	})
	t.Run("DEV-05 a code of another client", func(t *testing.T) {
		d := approved(t, e, c)
		want(t, d.pollAs("other"), 400, "invalid_grant", "Client ID mismatch")
		want(t, d.pollAs(""), 400, "invalid_grant", "Client ID mismatch")
		d.poll().Want(t, 200, "")
	})
	t.Run("DEV-05 a code without a client", func(t *testing.T) {
		d := approved(t, e, c)
		change(t, e, adapter.Record{"clientId": nil})
		want(t, d.poll(), 400, "invalid_grant", "Client ID mismatch")
		empty(t, e)
	})
	t.Run("DEV-06 a code that has expired", func(t *testing.T) {
		d := approved(t, e, c)
		pendingOne := start(t, e)
		claim(c, pendingOne.userCode).Want(t, 200, "")
		e.Clock.Add(30*time.Minute + time.Millisecond)
		want(t, d.poll(), 400, "expired_token", "Device code has expired")
		want(t, d.poll(), 400, "invalid_grant", "Invalid device code")
		for _, decide := range []func(*authtest.Client, string) *authtest.Answer{claim, approve, deny} {
			want(t, decide(c, pendingOne.userCode), 400, "expired_token", "User code has expired")
		}
	})
	t.Run("DEV-06 a code that was processed", func(t *testing.T) {
		d := approved(t, e, c)
		want(t, approve(c, d.userCode), 400, "invalid_request", "Device code already processed")
		want(t, deny(c, d.userCode), 400, "invalid_request", "Device code already processed")
		d.poll().Want(t, 200, "")
		want(t, claim(c, d.userCode), 400, "invalid_request", "Invalid user code")
		want(t, d.poll(), 400, "invalid_grant", "Invalid device code")
	})
	t.Run("DEV-06 a status that is unknown", func(t *testing.T) {
		d := start(t, e)
		change(t, e, adapter.Record{"status": "odd"})
		want(t, d.poll(), 400, "invalid_grant", "Invalid device code status")
	})
	t.Run("DEV-07 a page that is only opened approves nothing", func(t *testing.T) {
		d := start(t, e)
		a := claim(c, d.userCode).Want(t, 200, "")
		if a.JSON("client_id") != client || a.JSON("scope") != "read write" || a.JSON("status") != "pending" {
			t.Errorf("the page has nothing to show: %s", a.Body)
		}
		c.Get("/device/approve?userCode="+d.userCode).Want(t, 404, "NOT_FOUND")
		want(t, d.poll(), 400, "authorization_pending", "Authorization pending")
	})
}

func change(t testing.TB, e *authtest.Env, set adapter.Record) {
	t.Helper()
	if _, err := e.Auth.DB().UpdateMany(t.Context(), deviceauthorization.ModelDeviceCode, adapter.Where{{Field: "id", Op: adapter.Ne, Value: nil}}, set); err != nil {
		t.Fatal(err)
	}
}

func empty(t testing.TB, e *authtest.Env) {
	t.Helper()
	if _, err := e.Auth.DB().DeleteMany(t.Context(), deviceauthorization.ModelDeviceCode, adapter.Where{{Field: "id", Op: adapter.Ne, Value: nil}}); err != nil {
		t.Fatal(err)
	}
}

func TestTypedCodes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ made, typed, found string }{
		{"WDJBMJHT", "WDJBMJHT", "exact"},
		{"WDJBMJHT", "wdjb-mjht", "small, with a dash"},
		{"WDJBMJHT", " WDJB MJHT ", "spaces"},
		{"WDJBMJHT", "w.d_j/b–mjht", "other separators"},
		{"WDJBMJHT", "WDJBMJH0", ""},
		{"WDJBMJHT", "WDJBMJH", ""},
		{"WDJBMJHT", "%", ""},
		{"wdjbmjht", "wdjb-mjht", "small ones of the application's own"},
		{"wdjbmjht", "WDJBMJHT", ""},
		{"AB-CD", "AB-CD", "with a dash in it"},
		{"AB-CD", "ab-cd", ""},
		{"AB-CD", "ABCD", ""},
		{"123-456", "123456", ""},
		{"123456", "123-456", "digits that the alphabet does not have"},
		{"猫犬", "猫犬", "not ASCII"},
	} {
		t.Run("DEV-08 "+test.made+" as "+test.typed, func(t *testing.T) {
			t.Parallel()
			e := open(t, nil, deviceauthorization.Options{GenerateUserCode: text(test.made)})
			c := join(t, e, ada)
			start(t, e)
			a := claim(c, test.typed)
			if test.found == "" {
				want(t, a, 400, "invalid_request", "Invalid user code")
				return
			}
			a.Want(t, 200, "")
			if a.JSON("user_code") != test.typed {
				t.Errorf("%s", a.Body)
			}
			approve(c, test.typed).Want(t, 200, "")
		})
	}
	// The most literal reading counts.
	e := open(t, nil, deviceauthorization.Options{GenerateUserCode: text("ABCD", "AB-CD", "abcd")})
	c := join(t, e, ada)
	for _, code := range []string{"ABCD", "AB-CD", "abcd"} {
		if a := c.Post("/device/code", object{"client_id": "of " + code}).Want(t, 200, ""); a.JSON("user_code") != code {
			t.Fatal(a.Body)
		}
	}
	for typed, client := range map[string]string{"ABCD": "of ABCD", "AB-CD": "of AB-CD", "abcd": "of abcd", "ab-cd": "of abcd", "a b c d": "of ABCD"} {
		if got := claim(c, typed).Want(t, 200, "").JSON("client_id"); got != client {
			t.Errorf("%q is %s", typed, got)
		}
	}
}

func TestHugeCodes(t *testing.T) {
	t.Parallel()
	e := open(t, nil, deviceauthorization.Options{})
	c := join(t, e, ada)
	for name, code := range map[string]string{
		"DEV-08 nothing": "", "DEV-08 separators": "---", "DEV-08 too long": strings.Repeat("A", 192), "DEV-08 a megabyte": strings.Repeat("A-", 1<<19-64),
		"DEV-08 a control character": "ABCDEFG\x01", "DEV-08 a NUL": "ABCDEFG\x00", "DEV-08 not UTF-8": "ABCDEFG\xff",
	} {
		t.Run(name, func(t *testing.T) {
			if a := c.Get("/device?user_code=" + url.QueryEscape(code)); a.Status != 400 {
				t.Errorf("query: %d %.200s", a.Status, a.Body)
			}
			for path, body := range map[string]object{
				"/device/approve": {"userCode": code}, "/device/deny": {"userCode": code},
				"/device/token": {"grant_type": grant, "device_code": code, "client_id": client},
			} {
				if a := c.Post(path, body); a.Status != 400 {
					t.Errorf("%s: %d %.200s", path, a.Status, a.Body)
				}
			}
		})
	}
	c.Post("/device/code", object{"client_id": strings.Repeat("a", 1<<19)}).Want(t, 400, "VALIDATION_ERROR")
	c.Post("/device/code", object{"client_id": client, "scope": strings.Repeat("a", 1<<19)}).Want(t, 400, "VALIDATION_ERROR")
	c.Post("/device/code", object{"client_id": client, "user_id": strings.Repeat("a", 1<<19)}).Want(t, 400, "VALIDATION_ERROR")
}

// What is pending ends with what it hangs on.
func TestEndings(t *testing.T) {
	t.Parallel()
	secondary := func(e *authtest.Env, o *core.Options) { o.SecondaryStorage = storage.NewMemory(e.Clock.Now) }
	for name, change := range map[string]func(*authtest.Env, *core.Options){"database": nil, "secondary storage": secondary} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			setup := func(t *testing.T) (*authtest.Env, *authtest.Client, *device) {
				e := open(t, func(env *authtest.Env, o *core.Options) {
					o.User.DeleteUser.Enabled = true
					if change != nil {
						change(env, o)
					}
				}, deviceauthorization.Options{})
				c := join(t, e, ada)
				d := approved(t, e, c)
				e.Clock.Add(time.Second)
				return e, c, d
			}
			t.Run("sessions are revoked", func(t *testing.T) {
				t.Parallel()
				for _, path := range []string{"/revoke-sessions", "/revoke-other-sessions"} {
					_, c, d := setup(t)
					c.Post(path, object{}).Want(t, 200, "")
					want(t, d.poll(), 400, "access_denied", "Access denied")
					want(t, d.poll(), 400, "invalid_grant", "Invalid device code")
				}
			})
			t.Run("the password is changed", func(t *testing.T) {
				t.Parallel()
				_, c, d := setup(t)
				c.Post("/change-password", object{"currentPassword": password, "newPassword": "another horse", "revokeOtherSessions": true}).Want(t, 200, "")
				want(t, d.poll(), 400, "access_denied", "Access denied")
			})
			t.Run("the user is deleted", func(t *testing.T) {
				t.Parallel()
				e, c, d := setup(t)
				other := start(t, e)
				claim(c, other.userCode).Want(t, 200, "")
				c.Post("/delete-user", object{"password": password}).Want(t, 200, "")
				want(t, d.poll(), 400, "invalid_grant", "Invalid device code")
				want(t, other.poll(), 400, "invalid_grant", "Invalid device code")
				if n := count(t, e, deviceauthorization.ModelDeviceCode); n != 0 {
					t.Errorf("%d codes are left", n)
				}
			})
			t.Run("the user is gone", func(t *testing.T) { // deleted by a server without the plugin
				t.Parallel()
				e, _, d := setup(t)
				for _, model := range []string{core.ModelSession, core.ModelAccount, core.ModelUser} {
					if _, ok := e.Auth.DatabaseSchema().Table(model); !ok {
						continue
					}
					if _, err := e.Auth.DB().DeleteMany(t.Context(), model, adapter.Where{{Field: "id", Op: adapter.Ne, Value: nil}}); err != nil {
						t.Fatal(err)
					}
				}
				want(t, d.poll(), 400, "invalid_grant", "User not found")
				want(t, d.poll(), 400, "invalid_grant", "Invalid device code")
			})
			t.Run("a sign-out ends nothing", func(t *testing.T) {
				t.Parallel()
				_, c, d := setup(t)
				c.Post("/sign-out", object{}).Want(t, 200, "")
				d.poll().Want(t, 200, "")
			})
		})
	}
}

// Gates of sign-ins have their say, and a device is told in the form of OAuth.
func TestGates(t *testing.T) {
	t.Parallel()
	banned := core.ErrorCode{Code: "BANNED_USER", Message: "You have been banned"}
	for name, test := range map[string]struct {
		gate              func(ctx context.Context, s *core.SignIn) error
		code, description string
	}{
		"refused": {func(context.Context, *core.SignIn) error { return core.Fail(http.StatusForbidden, banned) }, "access_denied", "You have been banned"},
		"held": {func(ctx context.Context, s *core.SignIn) error {
			store := s.Call().Auth().Store()
			if _, err := store.CreateVerification(ctx, "challenge", s.User.ID, time.Now().Add(time.Hour)); err != nil {
				return err
			}
			return s.Hold(ctx, core.StatusReply{})
		}, "access_denied", "The sign-in needs a further step, which a device cannot do"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := false
			e := open(t, nil, deviceauthorization.Options{}, &manifest{"gate", core.Manifest{SignInGate: func(ctx context.Context, s *core.SignIn) error {
				if !on {
					return nil
				}
				if s.Method != deviceauthorization.ID || !s.MultiFactor || !s.Detached {
					t.Errorf("the gate sees %s, %t, %t", s.Method, s.MultiFactor, s.Detached)
				}
				return test.gate(ctx, s)
			}}})
			c := join(t, e, ada)
			d := approved(t, e, c)
			on = true
			a := c.Post("/device/token", object{"grant_type": grant, "device_code": d.code, "client_id": client})
			want(t, a, 400, test.code, test.description)
			if len(a.Header.Values("Set-Cookie")) != 0 || c.Get("/get-session").Body == "null" {
				t.Errorf("the browser's session has changed: %v", a.Header)
			}
			on = false
			want(t, d.poll(), 400, "invalid_grant", "Invalid device code")
			if n := count(t, e, core.ModelSession); n != 1 {
				t.Errorf("%d sessions", n)
			}
			if _, err := e.Auth.Store().FindVerification(t.Context(), "challenge"); !core.IsNotFound(err) {
				t.Errorf("the challenge of the gate is left: %v", err)
			}
		})
	}
	t.Run("abandoned by a hook", func(t *testing.T) {
		t.Parallel()
		on := false
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.Store.Session.BeforeCreate = func(context.Context, *core.Session) error {
				if on {
					return core.ErrAbort
				}
				return nil
			}
		}, deviceauthorization.Options{})
		d := approved(t, e, join(t, e, ada))
		on = true
		want(t, d.poll(), 400, "access_denied", "Failed to create session")
	})
	t.Run("a second factor was proven by the session that approved", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil, deviceauthorization.Options{}, twofactor.New(twofactor.Options{SkipVerificationOnEnable: true}))
		c := join(t, e, ada)
		c.Post("/two-factor/enable", object{"password": password}).Want(t, 200, "")
		half := e.Client() // the first step alone approves nothing
		if a := half.Post("/sign-in/email", object{"email": ada, "password": password}); a.JSON("twoFactorRedirect") != "true" {
			t.Fatal(a.Body)
		}
		d := start(t, e)
		claim(half, d.userCode).Want(t, 200, "")
		want(t, approve(half, d.userCode), 401, "unauthorized", "Authentication required")
		claim(c, d.userCode).Want(t, 200, "")
		approve(c, d.userCode).Want(t, 200, "")
		d.poll().Want(t, 200, "")
	})
}

// Somebody signed up with the address of another person and had a device approved before
// its owner came.
func TestContestedSignUp(t *testing.T) {
	t.Parallel()
	db := memory.New()
	e := authtest.New(t, func(env *authtest.Env, o *core.Options) {
		o.Database = db
		o.EmailVerification.Send = env.Mail("verify")
	}, emailpassword.New(emailpassword.Options{}), deviceauthorization.New(deviceauthorization.Options{}))
	d := approved(t, e, join(t, e, ada))
	u, err := e.Auth.Store().FindUserByEmail(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	m, err := deviceauthorization.New(deviceauthorization.Options{}).Manifest(core.Env{})
	if err != nil || m.Disown == nil {
		t.Fatalf("no Disown: %v", err)
	}
	if err := e.Auth.Store().ContestSignUp(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	if contested, err := e.Auth.Store().SettleSignUp(t.Context(), u.ID); err != nil || !contested {
		t.Fatalf("%t, %v", contested, err)
	}
	if a := d.poll(); a.Status != 400 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if n := count(t, e, deviceauthorization.ModelDeviceCode); n != 0 {
		t.Errorf("%d codes are left", n)
	}
}
