package magiclink_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/storage"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	t.Run("a new user, then a known one", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		c := w.Client()
		wantTarget(t, follow(t, c, w.ask(t, nil).URL), "/welcome")
		a := c.Get("/get-session").Want(t, 200, "")
		if a.JSON("user", "email") != ada || a.JSON("user", "name") != "Ada" || a.JSON("user", "emailVerified") != "true" {
			t.Errorf("session: %s", a.Body)
		}
		again := w.Client()
		wantTarget(t, follow(t, again, w.ask(t, body{"name": "Other"}).URL), "/home")
		if a := again.Get("/get-session"); a.JSON("user", "name") != "Ada" {
			t.Errorf("session: %s", a.Body)
		}
		wantAlive(t, c, true)
	})
	t.Run("JSON for a client that gives no target", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		c := w.Client()
		a := c.Get(verifyPath(w.ask(t, nil).Token, "")).Want(t, 200, "")
		if a.JSON("token") == "" || a.JSON("token") != a.JSON("session", "token") || a.JSON("user", "email") != ada {
			t.Errorf("%s", a.Body)
		}
		wantAlive(t, c, true)
	})
	for name, tt := range map[string]struct {
		query  string
		status int
		want   string // code, or target of a redirect
	}{
		"no token":                        {"/magic-link/verify", 400, "VALIDATION_ERROR"},
		"an unknown token":                {verifyPath("x", ""), 302, "/?error=INVALID_TOKEN"},
		"an unknown token and a target":   {verifyPath("x", "&callbackURL=/home"), 302, "/home?error=INVALID_TOKEN"},
		"an unknown token and two":        {verifyPath("x", "&callbackURL=/home&errorCallbackURL=/sorry%3Fa%3Db"), 302, "/sorry?a=b&error=INVALID_TOKEN"},
		"OTP-18 a foreign target":         {verifyPath("x", "&callbackURL=https://evil.example"), 403, "INVALID_CALLBACK_URL"},
		"OTP-18 one for errors":           {verifyPath("x", "&errorCallbackURL=//evil.example"), 403, "INVALID_CALLBACK_URL"},
		"OTP-18 one for new users":        {verifyPath("x", "&newUserCallbackURL=javascript:alert(1)"), 403, "INVALID_CALLBACK_URL"},
		"OTP-18 one that is encoded more": {verifyPath("x", "&callbackURL=https%253A%252F%252Fevil.example"), 403, "INVALID_CALLBACK_URL"},
		"a target that holds an escape": {verifyPath("x", "&callbackURL=/a%3Fb%3D%252526"), 302,
			"/a?b=%2526&error=INVALID_TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := open(t, nil).Client().Get(tt.query)
			if tt.status == 302 {
				wantTarget(t, a, tt.want)
				return
			}
			a.Want(t, tt.status, tt.want)
		})
	}
	t.Run("a link ends", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(_ *world, _ *core.Options, m *magiclink.Options) { m.TTL = time.Hour })
		first, second := w.ask(t, nil), w.ask(t, nil)
		w.Clock.Add(time.Hour - time.Millisecond)
		wantTarget(t, follow(t, w.Client(), first.URL), "/welcome")
		w.Clock.Add(time.Millisecond)
		wantTarget(t, follow(t, w.Client(), second.URL), "/sorry?error=INVALID_TOKEN")
	})
	t.Run("the session of the same user that the browser came with ends", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		c := w.signUp(t, ada)
		w.verified(t, ada)
		before := c.Copy()
		wantTarget(t, follow(t, c, w.ask(t, nil).URL), "/home")
		wantAlive(t, c, true)
		wantAlive(t, before, false)
	})
}

func TestSingleUse(t *testing.T) {
	t.Parallel()
	places := map[string]settings{
		"database": nil,
		"secondary storage": func(w *world, o *core.Options, _ *magiclink.Options) {
			o.SecondaryStorage = storage.NewMemory(w.Clock.Now)
		},
	}
	for name, place := range places {
		t.Run("OTP-01 twice, "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, place)
			m := w.ask(t, nil)
			wantTarget(t, follow(t, w.Client(), m.URL), "/welcome")
			c := w.Client()
			wantTarget(t, follow(t, c, m.URL), "/sorry?error=INVALID_TOKEN")
			wantAlive(t, c, false)
		})
		t.Run("RACE-04 OTP-01 fifty at once, "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, place)
			m := w.ask(t, nil)
			var wg sync.WaitGroup
			var won, lost atomic.Int32
			for range 50 {
				wg.Go(func() {
					c := w.Client()
					_, q := follow(t, c, m.URL).Location()
					switch signedIn := c.Cookie("better-auth.session_token") != ""; {
					case signedIn:
						won.Add(1)
					case q.Get("error") == "INVALID_TOKEN":
						lost.Add(1)
					}
				})
			}
			wg.Wait()
			if won.Load() != 1 || lost.Load() != 49 || w.count(t, core.ModelUser) != 1 {
				t.Errorf("%d have won, %d have lost, %d users", won.Load(), lost.Load(), w.count(t, core.ModelUser))
			}
		})
	}
}

func TestUnprovenAddress(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	mallory := w.signUp(t, ada)
	owner := w.Client()
	t.Run("LNK-02 the first link ends what somebody else has set up", func(t *testing.T) {
		wantTarget(t, follow(t, owner, w.ask(t, nil).URL), "/home")
		wantAlive(t, owner, true)
		wantAlive(t, mallory, false)
		w.Client().Post("/sign-in/email", body{"email": ada, "password": password}).Want(t, 401, "INVALID_CREDENTIALS")
		if n := w.count(t, core.ModelAccount); n != 0 {
			t.Errorf("%d accounts are left", n)
		}
	})
	t.Run("LNK-02 the next one ends nothing", func(t *testing.T) {
		wantTarget(t, follow(t, w.Client(), w.ask(t, nil).URL), "/home")
		wantAlive(t, owner, true)
	})
}

// gate is a plugin that may refuse sign-ins.
type gate struct{ refuse error }

func (*gate) ID() string { return "gate" }
func (g *gate) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{SignInGate: func(_ context.Context, s *core.SignIn) error {
		if s.Method != magiclink.Method {
			return nil
		}
		return g.refuse
	}}, nil
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	t.Run("ADM-11 a banned user", func(t *testing.T) {
		t.Parallel()
		g := &gate{core.Fail(403, core.ErrorCode{Code: "BANNED_USER", Message: "You have been banned"})}
		w := open(t, nil, g)
		m := w.ask(t, nil)
		c := w.Client()
		wantTarget(t, follow(t, c, m.URL), "/sorry?error=BANNED_USER&error_description=You+have+been+banned")
		c.Get(verifyPath(m.Token, "")).Want(t, 403, "BANNED_USER")
		wantAlive(t, c, false)
		if n := w.count(t, core.ModelUser); n != 0 {
			t.Errorf("%d users were made", n)
		}
		g.refuse = nil // whoever is let in later has a link that works
		wantTarget(t, follow(t, c, m.URL), "/welcome")
	})
	give := func(context.Context) error { return core.ErrAbort }
	for name, tt := range map[string]struct {
		hooks core.StoreHooks
		want  string
	}{
		"the user":    {core.StoreHooks{User: core.ModelHooks[core.User]{BeforeCreate: func(ctx context.Context, _ *core.User) error { return give(ctx) }}}, "failed_to_create_user"},
		"the session": {core.StoreHooks{Session: core.ModelHooks[core.Session]{BeforeCreate: func(ctx context.Context, _ *core.Session) error { return give(ctx) }}}, "failed_to_create_session"},
	} {
		t.Run("a hook gives up "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, func(_ *world, o *core.Options, _ *magiclink.Options) { o.Store = tt.hooks })
			wantTarget(t, follow(t, w.Client(), w.ask(t, nil).URL), "/sorry?error="+tt.want)
			if w.count(t, core.ModelUser)+w.count(t, core.ModelSession) != 0 {
				t.Error("something was made")
			}
		})
	}
	t.Run("TFA-02 a user with a second factor", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil, twofactor.New(twofactor.Options{SkipVerificationOnEnable: true}))
		w.signUp(t, ada).Post("/two-factor/enable", body{"password": password}).Want(t, 200, "")
		w.verified(t, ada)
		c := w.Client()
		target, q := follow(t, c, w.ask(t, nil).URL).Location()
		if !strings.HasPrefix(target, authtest.BaseURL+"/home?") || q.Get("twoFactorRedirect") != "true" {
			t.Errorf("it leads to %s", target)
		}
		wantAlive(t, c, false)
		if a := c.Get(verifyPath(w.ask(t, nil).Token, "")).Want(t, 200, ""); a.JSON("twoFactorRedirect") != "true" {
			t.Errorf("%s", a.Body)
		}
		wantAlive(t, c, false)
	})
}

func TestOpenedByOthers(t *testing.T) {
	t.Parallel()
	t.Run("OTP-11 HEAD and prefetching leave the link", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.ask(t, nil)
		for _, h := range []core.HeaderField{
			{Name: "Sec-Purpose", Value: "prefetch"}, {Name: "Sec-Purpose", Value: "prefetch;prerender"}, {Name: "Purpose", Value: "Prefetch"},
			{Name: "X-Moz", Value: "prefetch"}, {Name: "X-Purpose", Value: "preview"},
		} {
			c := w.Client()
			c.Get(path(t, m.URL), h).Want(t, 403, "MAGIC_LINK_NOT_PREFETCHED")
			wantAlive(t, c, false)
		}
		for _, method := range []string{"HEAD", "OPTIONS", "POST", "PUT", "DELETE"} {
			if a := w.Client().Do(method, path(t, m.URL), ""); a.Status != 404 {
				t.Errorf("%s: %d", method, a.Status)
			}
		}
		wantTarget(t, follow(t, w.Client(), m.URL), "/welcome")
	})
}
