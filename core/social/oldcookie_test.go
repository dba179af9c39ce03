package social_test

import (
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
)

// An account cookie that is older than the account's row does not send the provider a refresh
// token that it has replaced: the row decides.
func TestOldAccountCookie(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *core.Options) { o.Account.StoreCookie = true }, nil)
	s.acme.ExpiresIn(60)
	c := s.Client()
	s.signIn(t, c, ada)
	const name = "better-auth.account_data"
	old := c.Cookie(name)
	refreshes := func() (tokens []string) {
		for _, form := range s.acme.Asked() {
			if form.Get("grant_type") == "refresh_token" {
				tokens = append(tokens, form.Get("refresh_token"))
			}
		}
		return tokens
	}
	refresh := func() (access, token string) {
		a := c.Post("/refresh-token", map[string]any{"providerId": "acme"}).Want(t, 200, "")
		return a.JSON("accessToken"), a.JSON("refreshToken")
	}
	access, token := refresh()
	c.SetCookie(name, old)
	if again, same := refresh(); again != access || same != token {
		t.Errorf("the tokens of the row are %s and %s, the answer has %s and %s", access, token, again, same)
	}
	if n := len(refreshes()); n != 1 {
		t.Errorf("the provider was asked %d times", n)
	}
	// The row's tokens have ended too: its refresh token is sent.
	s.Clock.Add(2 * time.Minute)
	c.SetCookie(name, old)
	refresh()
	if asked := refreshes(); len(asked) != 2 || asked[1] != token || asked[1] == asked[0] {
		t.Errorf("sent %q, want %q at last", asked, token)
	}
}
