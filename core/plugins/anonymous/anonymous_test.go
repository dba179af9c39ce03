package anonymous_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/plugins/username"
	"github.com/advantch/kernia-go/core/storage"
)

type body = map[string]any

const (
	email    = "ada@example.com"
	password = "correct horse"
)

type world struct {
	*authtest.Env
	links []anonymous.Link
	code  string
}

func open(t testing.TB, o anonymous.Options, change func(e *authtest.Env, all *core.Options), more ...core.Plugin) *world {
	t.Helper()
	w := &world{}
	o.OnLink = func(_ context.Context, l anonymous.Link) error {
		w.links = append(w.links, l)
		return nil
	}
	w.Env = authtest.New(t, change, append([]core.Plugin{emailpassword.New(emailpassword.Options{}), username.New(username.Options{}),
		emailotp.New(emailotp.Options{Send: func(_ context.Context, m emailotp.Message) error {
			w.code = m.Code
			return nil
		}}), anonymous.New(o)}, more...)...)
	return w
}

func (w *world) visit(t testing.TB) (*authtest.Client, string) {
	t.Helper()
	c := w.Client()
	return c, c.Post("/sign-in/anonymous", body{}).Want(t, 200, "").JSON("user", "id")
}

func (w *world) signUp(t testing.TB, c *authtest.Client) {
	t.Helper()
	c.Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password, "username": "ada"}).Want(t, 200, "")
}

func (w *world) users(t testing.TB) int64 {
	t.Helper()
	n, err := w.Auth.DB().Count(t.Context(), core.ModelUser, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	t.Run("a visitor has a user without an address", func(t *testing.T) {
		t.Parallel()
		w := open(t, anonymous.Options{}, nil)
		c, _ := w.visit(t)
		a := c.Get("/get-session").Want(t, 200, "")
		if a.JSON("user", "name") != "Anonymous" || a.JSON("user", "isAnonymous") != "true" || a.JSON("user", "emailVerified") != "false" ||
			!core.IsPlaceholderEmail(a.JSON("user", "email")) {
			t.Errorf("%s", a.Body)
		}
		c.Post("/sign-in/anonymous", body{}).Want(t, 400, "ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY")
	})
	t.Run("own names and addresses", func(t *testing.T) {
		t.Parallel()
		made := "first@visitors.example.com"
		w := open(t, anonymous.Options{
			EmailDomain:   "visitors.example.com",
			GenerateName:  func(context.Context) (string, error) { return "Visitor", nil },
			GenerateEmail: func(context.Context) (string, error) { return made, nil },
		}, nil)
		if a := w.Client().Post("/sign-in/anonymous", body{}).Want(t, 200, ""); a.JSON("user", "name") != "Visitor" || a.JSON("user", "email") != made {
			t.Errorf("%s", a.Body)
		}
		w.Client().Post("/sign-in/anonymous", body{}).Want(t, 400, "FAILED_TO_CREATE_USER") // the address is taken
		made = "none"
		w.Client().Post("/sign-in/anonymous", body{}).Want(t, 400, "INVALID_EMAIL_FORMAT")
		made = ""
		if a := w.Client().Post("/sign-in/anonymous", body{}).Want(t, 200, ""); !strings.HasSuffix(a.JSON("user", "email"), "@visitors.example.com") {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("clients cannot set the field", func(t *testing.T) {
		t.Parallel()
		w := open(t, anonymous.Options{}, nil)
		w.Client().Post("/sign-up/email", body{"name": "A", "email": email, "password": password, "isAnonymous": true}).Want(t, 200, "")
		c := w.Client()
		c.Post("/sign-in/email", body{"email": email, "password": password}).Want(t, 200, "")
		c.Post("/update-user", body{"isAnonymous": true}).Want(t, 400, "FIELD_NOT_ALLOWED")
		if a := c.Get("/get-session"); a.JSON("user", "isAnonymous") != "false" {
			t.Errorf("%s", a.Body)
		}
		c.Post("/delete-anonymous-user", body{}).Want(t, 403, "USER_IS_NOT_ANONYMOUS")
	})
	t.Run("bad options", func(t *testing.T) {
		t.Parallel()
		if _, err := anonymous.New(anonymous.Options{EmailDomain: "no domain"}).Manifest(core.Env{}); err == nil {
			t.Error("accepted")
		}
	})
}

// Whatever the method, a later sign-in keeps the visit.
func TestLink(t *testing.T) {
	t.Parallel()
	for name, signIn := range map[string]func(t *testing.T, w *world, c *authtest.Client){
		"sign-up": func(t *testing.T, w *world, c *authtest.Client) { w.signUp(t, c) },
		"password": func(t *testing.T, w *world, c *authtest.Client) {
			w.signUp(t, w.Client())
			c.Post("/sign-in/email", body{"email": email, "password": password}).Want(t, 200, "")
		},
		"user name": func(t *testing.T, w *world, c *authtest.Client) {
			w.signUp(t, w.Client())
			c.Post("/sign-in/username", body{"username": "ada", "password": password}).Want(t, 200, "")
		},
		"code by mail": func(t *testing.T, w *world, c *authtest.Client) {
			c.Post("/email-otp/send-verification-otp", body{"email": email, "type": "sign-in"}).Want(t, 200, "")
			c.Post("/sign-in/email-otp", body{"email": email, "otp": w.code}).Want(t, 200, "")
		},
	} {
		for place, change := range map[string]func(*authtest.Env, *core.Options){
			"database":          nil,
			"secondary storage": func(e *authtest.Env, o *core.Options) { o.SecondaryStorage = storage.NewMemory(e.Clock.Now) },
		} {
			t.Run("MIS-01 "+name+"/"+place, func(t *testing.T) {
				t.Parallel()
				w := open(t, anonymous.Options{}, change)
				c, id := w.visit(t)
				old := c.Copy()
				signIn(t, w, c)
				if len(w.links) != 1 || w.links[0].Anonymous.User.ID != id || w.links[0].New.User.Email != email {
					t.Errorf("%d links", len(w.links))
				}
				if a := old.Get("/get-session"); a.Body != "null" {
					t.Errorf("the anonymous session lives: %s", a.Body)
				}
				if n := w.users(t); n != 1 {
					t.Errorf("%d users", n)
				}
				c.Post("/sign-in/email", body{"email": email, "password": "wrong horse"})
				if len(w.links) != 1 {
					t.Error("linked again")
				}
			})
		}
	}
	for order, first := range map[string]bool{"before": true, "after": false} {
		t.Run("TFA-02 a second factor comes between, its plugin listed "+order, func(t *testing.T) {
			t.Parallel()
			codes := ""
			second := twofactor.New(twofactor.Options{SkipVerificationOnEnable: true,
				OTP: twofactor.OTPOptions{Send: func(_ context.Context, m twofactor.Message) error { codes = m.Code; return nil }}})
			w := open(t, anonymous.Options{}, func(_ *authtest.Env, o *core.Options) {
				if first {
					o.Plugins = append([]core.Plugin{second}, o.Plugins...)
				} else {
					o.Plugins = append(o.Plugins, second)
				}
			})
			ada := w.Client()
			w.signUp(t, ada)
			ada.Post("/two-factor/enable", body{"password": password}).Want(t, 200, "")
			c, _ := w.visit(t)
			c.Post("/sign-in/email", body{"email": email, "password": password}).Want(t, 200, "")
			if len(w.links) != 0 || w.users(t) != 2 {
				t.Fatal("moved before the second step")
			}
			c.Post("/two-factor/send-otp", body{}).Want(t, 200, "")
			c.Post("/two-factor/verify-otp", body{"code": codes}).Want(t, 200, "")
			if len(w.links) != 1 || w.users(t) != 1 {
				t.Errorf("%d links, %d users", len(w.links), w.users(t))
			}
		})
	}
	t.Run("a visitor who has become somebody is not deleted", func(t *testing.T) {
		t.Parallel()
		w := open(t, anonymous.Options{}, nil)
		w.signUp(t, w.Client())
		c, id := w.visit(t)
		if _, err := w.Auth.Store().CreateAccount(t.Context(), core.Account{UserID: id, ProviderID: "github", AccountID: "1"}); err != nil {
			t.Fatal(err)
		}
		c.Copy().Post("/delete-anonymous-user", body{}).Want(t, 403, "USER_IS_NOT_ANONYMOUS")
		c.Post("/sign-in/email", body{"email": email, "password": password}).Want(t, 200, "")
		if len(w.links) != 0 || w.users(t) != 2 {
			t.Errorf("%d links, %d users", len(w.links), w.users(t))
		}
	})
	t.Run("the application's rows move in the sign-in's transaction", func(t *testing.T) {
		t.Parallel()
		var refused = errors.New("refused")
		fail, moved := true, 0
		w := open(t, anonymous.Options{Move: func(_ context.Context, from, to *core.User) error {
			if fail {
				return refused
			}
			if from.Email == to.Email {
				t.Error("the same user")
			}
			moved++
			return nil
		}}, nil)
		w.signUp(t, w.Client())
		c, _ := w.visit(t)
		if a := c.Post("/sign-in/email", body{"email": email, "password": password}); a.Status != 500 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		if a := c.Get("/get-session"); a.JSON("user", "isAnonymous") != "true" || w.users(t) != 2 {
			t.Errorf("the visit is lost: %s", a.Body)
		}
		fail = false
		c.Post("/sign-in/email", body{"email": email, "password": password}).Want(t, 200, "")
		if moved != 1 || w.users(t) != 1 {
			t.Errorf("%d moves, %d users", moved, w.users(t))
		}
	})
	t.Run("the user can stay", func(t *testing.T) {
		t.Parallel()
		w := open(t, anonymous.Options{KeepUser: true}, nil)
		c, _ := w.visit(t)
		c.Post("/delete-anonymous-user", body{}).Want(t, 400, "DELETE_ANONYMOUS_USER_DISABLED")
		old := c.Copy()
		w.signUp(t, c)
		old.Post("/sign-in/email", body{"email": email, "password": password}).Want(t, 200, "") // the visit is over
		if len(w.links) != 1 || w.users(t) != 2 {
			t.Errorf("%d links, %d users", len(w.links), w.users(t))
		}
	})
}

func TestDelete(t *testing.T) {
	t.Parallel()
	w := open(t, anonymous.Options{}, func(e *authtest.Env, o *core.Options) { o.SecondaryStorage = storage.NewMemory(e.Clock.Now) })
	c, _ := w.visit(t)
	old := c.Copy()
	c.Post("/delete-anonymous-user", body{}).Want(t, 200, "")
	if a := old.Get("/get-session"); a.Body != "null" || w.users(t) != 0 {
		t.Errorf("%s, %d users", a.Body, w.users(t))
	}
	w.Client().Post("/delete-anonymous-user", body{}).Want(t, 401, "UNAUTHORIZED")
}
