package oauthprovider

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
)

// The login page of the plugin asks for the second factor, and the sign-in that it completes
// continues the flow. What the page posts is what its script posts.
func TestLoginPageAsksForTheSecondFactor(t *testing.T) {
	t.Parallel()
	code := ""
	w := worldWith(t, Options{}, jwt.Options{}, AdminClientInput{}, func(_ *authtest.Env, o *core.Options) {
		o.Plugins = append(o.Plugins, twofactor.New(twofactor.Options{OTP: twofactor.OTPOptions{Send: func(_ context.Context, m twofactor.Message) error {
			code = m.Code
			return nil
		}}}))
	})
	enabled := w.browser.Post("/two-factor/enable", map[string]any{"password": "correct horse"}).Want(t, 200, "")
	backup := strings.Split(strings.Trim(enabled.JSON("backupCodes"), `["]`), `","`)[0]
	w.browser.Post("/two-factor/send-otp", map[string]any{}).Want(t, 200, "")
	if err := w.Auth.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.browser.Post("/two-factor/verify-otp", map[string]any{"code": code}).Want(t, 200, "")

	begin := func(t *testing.T) (*authtest.Client, string) {
		t.Helper()
		c := w.Client()
		a := w.ask(c, w.query("prompt", "login"))
		page := c.Get(loginPath+"?"+rawQuery(a), navigate()).Want(t, 200, "")
		for _, part := range []string{`data-path="/two-factor/verify-totp"`, `data-path="/two-factor/send-otp"`, `data-path="/two-factor/verify-otp"`, `data-path="/two-factor/verify-backup-code"`} {
			if !strings.Contains(page.Body, part) {
				t.Errorf("the page lacks %s", part)
			}
		}
		held := c.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "correct horse", "oauth_query": rawQuery(a)}).Want(t, 200, "")
		if held.JSON("twoFactorRedirect") != "true" || held.JSON("url") != "" {
			t.Fatalf("the password alone: %s", held.Body)
		}
		return c, rawQuery(a)
	}
	for name, finish := range map[string]func(t *testing.T, c *authtest.Client, q string) *authtest.Answer{
		"a code that is sent": func(t *testing.T, c *authtest.Client, q string) *authtest.Answer {
			c.Post("/two-factor/send-otp", map[string]any{"oauth_query": q}).Want(t, 200, "")
			return c.Post("/two-factor/verify-otp", map[string]any{"code": code, "oauth_query": q})
		},
		"a backup code": func(t *testing.T, c *authtest.Client, q string) *authtest.Answer {
			return c.Post("/two-factor/verify-backup-code", map[string]any{"code": backup, "oauth_query": q})
		},
	} {
		c, q := begin(t)
		next, _ := url.Parse(finish(t, c, q).Want(t, 200, "").JSON("url"))
		if !strings.HasSuffix(next.Path, consentPath) {
			t.Errorf("%s: the flow does not go on: %s", name, next)
		}
	}
	plain := newWorld(t, Options{})
	if page := plain.Client().Get(loginPath+"?"+rawQuery(plain.ask(plain.Client(), plain.query())), navigate()); strings.Contains(page.Body, "two-factor/") {
		t.Error("a page without the plugin two-factor asks for codes")
	}
}
