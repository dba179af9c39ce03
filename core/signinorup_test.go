package core_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/storage"
)

// arrivals signs people in by tokens that were sent to their addresses.
type arrivals struct {
	Arrive   *core.Op[arriveInput, arriveReply]
	NoSignUp bool
	hold     bool
}

type arriveInput struct {
	Token string `json:"token"`
	Email string `json:"email"`
}

type arriveReply struct {
	ID  string `json:"id"`
	New bool   `json:"new"`
}

func newArrivals() *arrivals {
	p := &arrivals{}
	p.Arrive = core.Post("arrive", "/arrive", p.arrive)
	return p
}

func (*arrivals) ID() string { return "arrivals" }

func (p *arrivals) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{SignInGate: func(ctx context.Context, s *core.SignIn) error {
		if p.hold {
			return s.Hold(ctx, core.StatusReply{})
		}
		return nil
	}}, nil
}

func (p *arrivals) arrive(c *core.Ctx, in *arriveInput) (arriveReply, error) {
	newUser := func() (core.User, error) { return core.User{Name: "New"}, nil }
	if p.NoSignUp {
		newUser = nil
	}
	data, isNew, err := c.SignInOrUp(c.ByProvenEmail(in.Email, newUser, core.Arrival{
		SignIn: core.SignIn{Method: "arrival"},
		Use: func(ctx context.Context) error {
			_, err := c.Auth().Store().TakeVerification(ctx, "arrive-"+in.Token)
			return err
		},
	}))
	switch {
	case core.IsNotFound(err):
		return arriveReply{}, core.FailText(http.StatusUnauthorized, "Not found")
	case errors.Is(err, core.ErrUserNotMade):
		return arriveReply{}, core.FailText(http.StatusConflict, "User not made")
	case errors.Is(err, core.ErrSessionNotMade):
		return arriveReply{}, core.FailText(http.StatusConflict, "Session not made")
	case err != nil:
		return arriveReply{}, err
	}
	return arriveReply{data.User.ID, isNew}, nil
}

func sendToken(t *testing.T, e *authtest.Env, token string) {
	t.Helper()
	if _, err := e.Auth.Store().CreateVerification(t.Context(), "arrive-"+token, "x", e.Clock.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
}

func arriving(t *testing.T, change func(*authtest.Env, *core.Options)) (*authtest.Env, *arrivals) {
	t.Helper()
	p := newArrivals()
	return authtest.New(t, change, emailpassword.New(emailpassword.Options{}), p), p
}

func TestSignInOrUp(t *testing.T) {
	t.Parallel()
	const email = "ada@example.com"
	in := func(token string) map[string]any { return map[string]any{"token": token, "email": email} }
	signUp := func(t *testing.T, e *authtest.Env) *authtest.Client {
		t.Helper()
		c := e.Client()
		c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": email, "password": "correct horse"}).Want(t, 200, "")
		return c
	}
	t.Run("makes the user, then finds it", func(t *testing.T) {
		t.Parallel()
		e, _ := arriving(t, nil)
		for i, isNew := range []string{"true", "false"} {
			sendToken(t, e, fmt.Sprint(i))
			c := e.Client()
			if a := c.Post("/arrive", in(fmt.Sprint(i))).Want(t, 200, ""); a.JSON("new") != isNew {
				t.Errorf("arrival %d: %s", i, a.Body)
			}
			if a := c.Get("/get-session").Want(t, 200, ""); a.JSON("user", "emailVerified") != "true" {
				t.Errorf("session: %s", a.Body)
			}
		}
		e.Client().Post("/arrive", in("0")).Want(t, 401, "NOT_FOUND")
	})
	for name, place := range map[string]func(*authtest.Env, *core.Options){
		"database":          nil,
		"secondary storage": func(e *authtest.Env, o *core.Options) { o.SecondaryStorage = storage.NewMemory(e.Clock.Now) },
	} {
		t.Run("LNK-02 what was there before the first proof goes/"+name, func(t *testing.T) {
			t.Parallel()
			e, _ := arriving(t, place)
			mallory := signUp(t, e)
			sendToken(t, e, "1")
			ada := e.Client()
			ada.Post("/arrive", in("1")).Want(t, 200, "")
			if a := mallory.Get("/get-session"); a.Body != "null" {
				t.Errorf("the earlier session lives: %s", a.Body)
			}
			e.Client().Post("/sign-in/email", map[string]any{"email": email, "password": "correct horse"}).Want(t, 401, "INVALID_CREDENTIALS")
			// From now on nothing more is removed.
			sendToken(t, e, "2")
			e.Client().Post("/arrive", in("2")).Want(t, 200, "")
			if a := ada.Get("/get-session"); a.Body == "null" {
				t.Error("the second arrival has ended the session of the first")
			}
		})
	}
	t.Run("a verified user keeps everything", func(t *testing.T) {
		t.Parallel()
		e, _ := arriving(t, nil)
		c := signUp(t, e)
		if _, err := e.Auth.Store().UpdateUserByEmail(t.Context(), email, map[string]any{"emailVerified": true}); err != nil {
			t.Fatal(err)
		}
		sendToken(t, e, "1")
		e.Client().Post("/arrive", in("1")).Want(t, 200, "")
		if a := c.Get("/get-session"); a.Body == "null" {
			t.Error("the session has ended")
		}
		e.Client().Post("/sign-in/email", map[string]any{"email": email, "password": "correct horse"}).Want(t, 200, "")
	})
	t.Run("without sign-up nothing is used up", func(t *testing.T) {
		t.Parallel()
		e, p := arriving(t, nil)
		p.NoSignUp = true
		sendToken(t, e, "1")
		e.Client().Post("/arrive", in("1")).Want(t, 401, "NOT_FOUND")
		p.NoSignUp = false
		e.Client().Post("/arrive", in("1")).Want(t, 200, "")
	})
	t.Run("a held sign-in leaves the user and no session", func(t *testing.T) {
		t.Parallel()
		e, p := arriving(t, nil)
		p.hold = true
		sendToken(t, e, "1")
		c := e.Client()
		if a := c.Post("/arrive", in("1")); a.Status != 200 || a.JSON("status") != "false" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		if a := c.Get("/get-session"); a.Body != "null" {
			t.Errorf("session: %s", a.Body)
		}
		if _, err := e.Auth.Store().FindUserByEmail(t.Context(), email); err != nil {
			t.Error(err)
		}
	})
	t.Run("a placeholder is nobody's address", func(t *testing.T) {
		t.Parallel()
		e, _ := arriving(t, nil)
		sendToken(t, e, "1")
		e.Client().Post("/arrive", map[string]any{"token": "1", "email": "1@x.placeholder.invalid"}).Want(t, 400, "INVALID_EMAIL")
	})
	for name, hooks := range map[string]core.StoreHooks{
		"USER_NOT_MADE":    {User: core.ModelHooks[core.User]{BeforeCreate: func(context.Context, *core.User) error { return core.ErrAbort }}},
		"SESSION_NOT_MADE": {Session: core.ModelHooks[core.Session]{BeforeCreate: func(context.Context, *core.Session) error { return core.ErrAbort }}},
	} {
		t.Run("a hook gives up: "+name, func(t *testing.T) {
			t.Parallel()
			e, _ := arriving(t, func(_ *authtest.Env, o *core.Options) { o.Store = hooks })
			sendToken(t, e, "1")
			e.Client().Post("/arrive", in("1")).Want(t, 409, name)
			if n, err := e.Auth.DB().Count(t.Context(), core.ModelUser, nil); err != nil || n != 0 {
				t.Errorf("%d users, %v", n, err)
			}
		})
	}
	t.Run("RACE-04 one of many callers uses a token, and all tokens lead to one user", func(t *testing.T) {
		t.Parallel()
		e, _ := arriving(t, nil)
		const tokens, callers = 10, 5
		for i := range tokens {
			sendToken(t, e, fmt.Sprint(i))
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		won, made, ids := 0, 0, map[string]bool{}
		for i := range tokens * callers {
			wg.Go(func() {
				a := e.Client().Post("/arrive", in(fmt.Sprint(i%tokens)))
				mu.Lock()
				defer mu.Unlock()
				if a.Status == 200 {
					won++
					ids[a.JSON("id")] = true
				}
				if a.JSON("new") == "true" {
					made++
				}
			})
		}
		wg.Wait()
		if won != tokens || made != 1 || len(ids) != 1 {
			t.Errorf("%d signed in, %d new, %d users", won, made, len(ids))
		}
	})
}
