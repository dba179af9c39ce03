package socialtest

import (
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

type preparation = func(*flowtest.T, *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer)

// used is the state after a flow that has begun and failed: it cannot be tried again.
const used = "[1 verification removed]"

// leased is the state after a refresh that has failed with the database: for 20 seconds
// nobody else refreshes.
const leased = "[1 verification added]"

var (
	newUser = flowtest.Request{Name: "social: callback of a new user", Change: anew(nil), Steps: []string{used}, Refused: []string{used},
		Prepare: callback(func(*flowtest.T, *authtest.Env) {}, ada)}
	knownUser = flowtest.Request{Name: "social: callback of a known user", Change: anew(nil), Steps: []string{used}, Refused: []string{used},
		Prepare: callback(func(s *flowtest.T, e *authtest.Env) { signedIn(s, e, ada) }, ada)}
	implicit = flowtest.Request{Name: "social: callback that links implicitly", Change: anew(nil), Steps: []string{used}, Refused: []string{used},
		Prepare: callback(func(s *flowtest.T, e *authtest.Env) { member(s, e) }, ada)}
	overridden = flowtest.Request{Name: "social: callback that changes the user", Steps: []string{used}, Refused: []string{used},
		Change: anew(func(o *core.Options, c *oauth.Config) { c.OverrideUserInfo, o.Account.StoreCookie = true, true }),
		Prepare: callback(func(s *flowtest.T, e *authtest.Env) { signedIn(s, e, ada) },
			idptest.User{ID: "1001", Name: "Countess", Email: "countess@example.com", EmailVerified: true})}
	link = flowtest.Request{Name: "social: callback that links", Change: anew(nil), Steps: []string{used}, Refused: []string{used},
		Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := member(s, e)
			return c, flowtest.Send("GET", arrivedToLink(s, e, c, ada), nil)
		}}
	// A refresh token that is called void is dropped.
	token = flowtest.Request{Name: "social: get-access-token with a refresh", Change: anew(nil),
		Steps: []string{leased}, Optional: []string{"1 verification added"}, Refused: []string{"[account.refreshToken changed]"},
		Prepare: expired("POST", "/get-access-token", flowtest.Body{"providerId": "acme"})}
	forced = flowtest.Request{Name: "social: refresh-token", Change: anew(nil),
		Steps: []string{leased}, Optional: []string{"1 verification added"}, Refused: []string{"[account.refreshToken changed]"},
		Prepare: expired("POST", "/refresh-token", flowtest.Body{"providerId": "acme"})}
	info = flowtest.Request{Name: "social: account-info", Change: anew(nil),
		Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			return signedIn(s, e, ada), flowtest.Send("GET", "/account-info?accountId=1001", nil)
		}}
)

var requests = []flowtest.Request{
	{Name: "social: begin", Change: anew(nil),
		Prepare: func(_ *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			return e.Client(), flowtest.Send("POST", "/sign-in/social", beginning())
		}},
	{Name: "social: begin to link", Change: anew(nil),
		Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			return member(s, e), flowtest.Send("POST", "/link-social", flowtest.Body{"provider": "acme"})
		}},
	newUser, knownUser, implicit, overridden, link,
	{Name: "social: callback with a refusal", Change: anew(nil), Steps: []string{used},
		Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := e.Client()
			begun := c.Post("/sign-in/social", beginning()).Want(s, 200, "")
			return c, flowtest.Send("GET", page(s, e, begun.JSON("url")), nil)
		}},
	token, forced, info,
	{Name: "social: unlink", Change: anew(nil),
		Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			member(s, e)
			return signedIn(s, e, ada), flowtest.Send("POST", "/unlink-account", flowtest.Body{"providerId": "acme"})
		}},
}

func outside() []flowtest.Request {
	return []flowtest.Request{newUser, knownUser, implicit, overridden, link, token, forced, info}
}

// callback is a Prepare of a browser that comes back from the provider.
func callback(before func(*flowtest.T, *authtest.Env), u idptest.User) preparation {
	return func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		before(s, e)
		c := e.Client()
		return c, flowtest.Send("GET", arrived(s, e, c, u), nil)
	}
}

// expired is a Prepare of a request by a user whose access token has ended.
func expired(method, path string, content flowtest.Body) preparation {
	return func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		c := signedIn(s, e, ada)
		e.Clock.Add(2 * time.Minute)
		return c, flowtest.Send(method, path, content)
	}
}
