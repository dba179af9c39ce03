package core_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// A mailer that speaks HTTP puts its arguments into its errors.
func TestErrorsOfMailersTellNoSecret(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var given, reported []string
	gateway := errors.New("the gateway is down")
	fail := func(m core.Mail) error {
		mu.Lock()
		defer mu.Unlock()
		given = append(given, m.Token, m.User.Email)
		q := url.Values{"to": {m.User.Email}, "text": {"Open " + m.URL}}.Encode()
		return fmt.Errorf("mail to %s with %s: %w", m.User.Email, url.PathEscape(m.URL),
			&url.Error{Op: "Post", URL: "https://mail.example/send?" + q + "#" + m.Token, Err: gateway})
	}
	send := func(_ context.Context, m core.Mail) error { return fail(m) }
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Plugins = append(o.Plugins, emailpassword.New(emailpassword.Options{SendResetPassword: send}))
		o.EmailVerification.Send = send
		o.EmailVerification.MinAnswerTime = -1
		o.User.DeleteUser = core.DeleteUserOptions{Enabled: true, SendVerification: send}
		o.User.ChangeEmail = core.ChangeEmailOptions{Enabled: true}
		o.OnError = func(_ context.Context, err error) {
			mu.Lock()
			defer mu.Unlock()
			if !errors.Is(err, gateway) {
				t.Errorf("the cause is lost: %v", err)
			}
			if u, ok := errors.AsType[*url.Error](err); ok {
				t.Errorf("the whole cause is given out: %v", u)
			}
			reported = append(reported, fmt.Sprintf("%v %+v %#v %s", err, err, err, err))
		}
	})
	const address = "ada+x@example.com"
	c := e.Client()
	c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": address, "password": "correct horse battery"}).Want(t, 200, "")
	c.Post("/send-verification-email", map[string]any{"email": address}).Want(t, 200, "")
	c.Post("/change-email", map[string]any{"newEmail": "new+x@example.com"}).Want(t, 200, "")
	c.Post("/delete-user", map[string]any{}).Want(t, 200, "")
	c.Post("/request-password-reset", map[string]any{"email": address, "redirectTo": "/a?c=d"}).Want(t, 200, "")
	if err := e.Auth.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(reported) < 4 || len(given) < 8 {
		t.Fatalf("%d mails, %d errors", len(given)/2, len(reported))
	}
	for _, text := range append(reported, e.Log.String()) {
		for _, secret := range append(given, address) {
			for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
				if strings.Contains(text, form) {
					t.Errorf("LOG-01 %q is in %s", form, text)
				}
			}
		}
		if !strings.Contains(text, "the gateway is down") || !strings.Contains(text, "mail.example") {
			t.Errorf("the rest of the error is lost: %s", text)
		}
	}
}

func TestErrorsWithoutSecretsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	cause := &url.Error{Op: "Post", URL: "https://mail.example/", Err: context.DeadlineExceeded}
	var got error
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.OnError = func(_ context.Context, err error) { got = err }
		o.Background = func(task func()) { task() }
		o.Before = func(c *core.Ctx) error {
			c.Go("sending", func(context.Context) error { return cause }, "", "token-of-somebody")
			return nil
		}
	})
	e.Client().Get("/ok")
	if got != error(cause) {
		t.Errorf("%#v", got)
	}
}
