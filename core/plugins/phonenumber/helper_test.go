package phonenumber_test

import (
	"context"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
)

const (
	number      = "+15550100100"
	other       = "+15550100200"
	ada         = "ada@example.com"
	password    = "correct horse"
	newPassword = "another horse"
	cookie      = "better-auth.session_token"
)

type body = map[string]any

// settings changes the options of one Auth.
type settings = func(w *world, o *core.Options, f *phonenumber.Options, p *emailpassword.Options)

// world is a server with the plugin, and the phones that it sends to.
type world struct {
	*authtest.Env
	plugin *phonenumber.Plugin

	mu    sync.Mutex
	sent  []phonenumber.Message
	reset []phonenumber.Message
}

// open makes a server on which new numbers sign up.
func open(t testing.TB, change settings) *world {
	t.Helper()
	w := &world{Env: authtest.NewEnv(t)}
	o := w.Options()
	keep := func(list *[]phonenumber.Message) func(context.Context, phonenumber.Message) error {
		return func(_ context.Context, m phonenumber.Message) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			*list = append(*list, m)
			return nil
		}
	}
	f := phonenumber.Options{SendOTP: keep(&w.sent), SendPasswordResetOTP: keep(&w.reset), SignUp: &phonenumber.SignUp{}}
	p := emailpassword.Options{}
	if change != nil {
		change(w, &o, &f, &p)
	}
	w.plugin = phonenumber.New(f)
	o.Plugins = append(o.Plugins, emailpassword.New(p), w.plugin)
	w.Open(o)
	return w
}

// code requests a code and returns it.
func (w *world) code(t testing.TB, number string) string {
	t.Helper()
	w.Client().Post("/phone-number/send-otp", body{"phoneNumber": number}).Want(t, 200, "")
	return last(t, w, &w.sent)
}

// resetCode requests a code that resets the password and returns it.
func (w *world) resetCode(t testing.TB, number string) string {
	t.Helper()
	w.Client().Post("/phone-number/request-password-reset", body{"phoneNumber": number}).Want(t, 200, "")
	return last(t, w, &w.reset)
}

func last(t testing.TB, w *world, list *[]phonenumber.Message) string {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(*list) == 0 {
		t.Fatal("no code was sent")
	}
	return (*list)[len(*list)-1].Code
}

func wrong(code string) string { return string('0'+('9'-code[0])) + code[1:] + "0" }

// arrive signs a number up, or in.
func (w *world) arrive(t testing.TB, number string) *authtest.Client {
	t.Helper()
	c := w.Client()
	c.Post("/phone-number/verify", body{"phoneNumber": number, "code": w.code(t, number)}).Want(t, 200, "")
	return c
}

// withPassword is a user with a verified number and a password.
func (w *world) withPassword(t testing.TB, number string) *authtest.Client {
	t.Helper()
	c := w.arrive(t, number)
	w.Client().Post("/phone-number/reset-password", body{"phoneNumber": number, "otp": w.resetCode(t, number), "newPassword": password}).Want(t, 200, "")
	return c
}

// signUp makes a user by e-mail, without a number.
func (w *world) signUp(t testing.TB, email string) *authtest.Client {
	t.Helper()
	c := w.Client()
	c.Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	return c
}

// addUser makes a user as the application would, with a number.
func (w *world) addUser(t testing.TB, email, number string, verified bool) *core.User {
	t.Helper()
	row := core.User{Name: "Ada", Email: email}
	phonenumber.PhoneNumber.Set(&row.Extra, number)
	phonenumber.Verification.Set(&row.Extra, verified)
	u, err := w.Auth.Store().CreateUser(t.Context(), row)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := w.Auth.HashPassword(t.Context(), password)
	if err == nil {
		err = w.Auth.Store().SetPassword(t.Context(), u.ID, hash)
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (w *world) signIn(number, password string) *authtest.Answer {
	return w.Client().Post("/sign-in/phone-number", body{"phoneNumber": number, "password": password})
}

func alive(t testing.TB, c *authtest.Client) bool {
	t.Helper()
	return c.Get("/get-session?disableCookieCache=true").Want(t, 200, "").Body != "null"
}

func (w *world) rows(t testing.TB, model string) []adapter.Record {
	t.Helper()
	all, err := w.Auth.DB().FindMany(t.Context(), adapter.Find{Model: model})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (w *world) wantRows(t testing.TB, model string, n int) []adapter.Record {
	t.Helper()
	all := w.rows(t, model)
	if len(all) != n {
		t.Fatalf("%d rows of %s, want %d: %v", len(all), model, n, all)
	}
	return all
}
