package oauth

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// maxForwarded bounds a form that is sent round through the browser as a query, in bytes.
const maxForwarded = 16 << 10

// FormPost answers a callback whose parameters a provider's page has posted. A form of
// another site comes without SameSite=Lax cookies, so the browser is sent to the same route
// by GET, with the cookies. address is that route, absolute, and q holds the parameters. It
// reports false for a request by GET, which the route answers itself.
func FormPost(c *core.Ctx, address string, q wire.Query) (answer error, posted bool) {
	if c.Method() != http.MethodPost {
		return nil, false
	}
	query := q.Encode()
	if len(query) > maxForwarded {
		return Show(c, refuse(RefusedState, nil), ""), true
	}
	c.SetHeader("Referrer-Policy", "no-referrer")
	return c.Redirect(address + "?" + query), true
}

// Complete ends a finished flow: it links the account or signs the user in, and returns the
// redirect to where the flow leads, or the *Refusal of either.
func (e *Engine) Complete(c *core.Ctx, f *Finished) error {
	if f.Begin.Link != nil {
		if err := e.Link(c, f); err != nil {
			return err
		}
		return c.Redirect(f.CallbackURL)
	}
	data, err := e.SignIn(c, f.Provider, &f.Identity, SignInOptions{
		RequestSignUp: f.RequestSignUp, CallbackURL: f.CallbackURL, NewUserURL: f.NewUserURL, Redirects: true,
	})
	if err != nil {
		return err
	}
	if data.IsNew && f.NewUserURL != "" {
		return c.Redirect(f.NewUserURL)
	}
	return c.Redirect(f.CallbackURL)
}
