package socialtest

import (
	"net/http"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

var flows = []flowtest.Flow{
	{Name: "social: sign in, first and again", Run: signIn},
	{Name: "social: implicit link", Run: implicitLink},
	{Name: "social: link and unlink", Run: linkAndUnlink},
	{Name: "social: refresh", Run: refresh},
	{Name: "social: a provider that does not answer in time", Run: outOfTime},
}

func signIn(s *flowtest.T) {
	e, _ := start(s, nil)
	c := e.Client()
	want(s, c.Get(arrived(s, e, c, ada)), "/welcome", "")
	flowtest.WantAlive(s, c, true)
	flowtest.WantRows(s, e, core.ModelVerification, 0)
	first := flowtest.WantRows(s, e, core.ModelAccount, 1)[0]
	if u := flowtest.WantRows(s, e, core.ModelUser, 1)[0]; u["email"] != flowtest.Email || u["emailVerified"] != true || u["id"] != first["userId"] {
		s.Errorf("the user is %v, the account %v", u, first)
	}

	c = e.Client()
	want(s, c.Get(arrived(s, e, c, ada)), "/dashboard", "")
	flowtest.WantAlive(s, c, true)
	flowtest.WantRows(s, e, core.ModelUser, 1)
	flowtest.WantRows(s, e, core.ModelSession, 2)
	again := flowtest.WantRows(s, e, core.ModelAccount, 1)[0]
	if again["id"] != first["id"] || again["accessToken"] == first["accessToken"] {
		s.Errorf("the account was %v and is %v", first, again)
	}

	// The account counts, not the address that the provider has now.
	moved := ada
	moved.Email = "countess@example.com"
	c = e.Client()
	want(s, c.Get(arrived(s, e, c, moved)), "/dashboard", "")
	if got := c.Get("/get-session").JSON("user", "email"); got != flowtest.Email {
		s.Errorf("signed in as %s", got)
	}
	c.Post("/sign-out", flowtest.Body{}).Want(s, 200, "")
	flowtest.WantAlive(s, c, false)
	want(s, e.Client().Get("/callback/acme?code=x&state="+strings.Repeat("x", 32)), "http://localhost:3000/api/auth/error", oauth.RefusedState)
	begun := c.Post("/sign-in/social", beginning()).Want(s, 200, "")
	want(s, c.Get(page(s, e, begun.JSON("url"))), "/sorry", "access_denied")
	flowtest.WantAlive(s, c, false)
}

func implicitLink(s *flowtest.T) {
	e, _ := start(s, nil)
	flowtest.SignUp(s, e, flowtest.Email)
	c := e.Client()
	verify(s, e)
	doubtful := ada
	doubtful.EmailVerified = false
	want(s, c.Get(arrived(s, e, c, doubtful)), "/sorry", oauth.RefusedNotLinked) // the address is not proven there
	flowtest.WantAlive(s, c, false)
	flowtest.WantRows(s, e, core.ModelAccount, 1)

	want(s, c.Get(arrived(s, e, c, ada)), "/dashboard", "")
	flowtest.WantAlive(s, c, true)
	flowtest.WantRows(s, e, core.ModelUser, 1)
	flowtest.WantRows(s, e, core.ModelAccount, 2)
	flowtest.SignedIn(s, e, flowtest.Email, flowtest.Password)

	flowtest.SignUp(s, e, bob.Email)
	c = e.Client()
	want(s, c.Get(arrived(s, e, c, bob)), "/sorry", oauth.RefusedNotLinked) // nor here
	flowtest.WantAlive(s, c, false)
	flowtest.WantRows(s, e, core.ModelAccount, 3)
}

func linkAndUnlink(s *flowtest.T) {
	e, _ := start(s, func(o *core.Options, _ *oauth.Config) { o.Account.Linking.AllowDifferentEmails = true })
	c := member(s, e)
	want(s, c.Get(arrivedToLink(s, e, c, bob)), "/settings", "")
	flowtest.WantRows(s, e, core.ModelAccount, 2)
	other := signedIn(s, e, bob)
	if got := other.Get("/get-session").JSON("user", "email"); got != flowtest.Email {
		s.Errorf("signed in as %s", got)
	}
	stranger := signedIn(s, e, idptest.User{ID: "3003", Name: "Eve", Email: "eve@example.com", EmailVerified: true})
	want(s, stranger.Get(arrivedToLink(s, e, stranger, bob)), "/sorry", oauth.RefusedLinkTaken)

	c.Post("/unlink-account", flowtest.Body{"providerId": "acme"}).Want(s, 200, "")
	c.Post("/unlink-account", flowtest.Body{"providerId": "credential"}).Want(s, 400, "FAILED_TO_UNLINK_LAST_ACCOUNT")
	c.Post("/get-access-token", flowtest.Body{"providerId": "acme"}).Want(s, 400, "ACCOUNT_NOT_FOUND")
	c = signedIn(s, e, bob) // a new user now
	if got := c.Get("/get-session").JSON("user", "email"); got != bob.Email {
		s.Errorf("signed in as %s", got)
	}
	flowtest.WantRows(s, e, core.ModelUser, 3)
	whole(s, e)
}

func refresh(s *flowtest.T) {
	e, acme := start(s, nil)
	acme.ExpiresIn(60)
	c := signedIn(s, e, ada)
	token := func() string {
		return c.Post("/get-access-token", flowtest.Body{"providerId": "acme"}).Want(s, 200, "").JSON("accessToken")
	}
	first := token()
	if again := token(); again != first || first == "" {
		s.Errorf("a valid token was replaced: %s, %s", first, again)
	}
	e.Clock.Add(2 * time.Minute)
	second := token()
	if second == first || token() != second {
		s.Errorf("the expired token %s was followed by %s", first, second)
	}
	if got := c.Get("/account-info?accountId=1001").Want(s, 200, "").JSON("user", "email"); got != flowtest.Email {
		s.Errorf("the profile has the address %s", got)
	}
	c.Post("/refresh-token", flowtest.Body{"providerId": "acme"}).Want(s, 200, "")
	if third := token(); third == second {
		s.Error("the token was not refreshed")
	}
	flowtest.WantRows(s, e, core.ModelVerification, 0)
	acme.Token(func(w http.ResponseWriter, _ *http.Request) {
		idptest.Write(w, 400, map[string]any{"error": "invalid_grant"})
	})
	c.Post("/refresh-token", flowtest.Body{"providerId": "acme"}).Want(s, 400, "FAILED_TO_REFRESH_ACCESS_TOKEN")
	if row := flowtest.WantRows(s, e, core.ModelAccount, 1)[0]; row["refreshToken"] != nil || row["accessToken"] == nil {
		s.Errorf("the account is %v", row)
	}
	flowtest.WantAlive(s, c, true)
}

// outOfTime: Options.Timeout ends while the provider is asked. The browser is still sent
// to a page.
func outOfTime(s *flowtest.T) {
	waits := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	e, acme := start(s, func(o *core.Options, _ *oauth.Config) { o.Timeout = 2 * time.Second })
	for name, stop := range map[string]func(http.HandlerFunc){oauth.RefusedCode: acme.Token, oauth.RefusedUserInfo: acme.Info} {
		c := e.Client()
		back := arrived(s, e, c, ada)
		stop(waits)
		want(s, c.Get(back), "/sorry", name)
		stop(nil)
		flowtest.WantAlive(s, c, false)
	}
	for _, model := range []string{core.ModelUser, core.ModelAccount, core.ModelSession, core.ModelVerification} {
		flowtest.WantRows(s, e, model, 0)
	}
}
