package oauth

import (
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// Relay is a plugin that lets flows of this server come back to another one, whose
// callback is registered with the providers. The other server redeems the code
// (Engine.Redeem) and hands the identity back. This server resumes the flow
// (Engine.Resume). An Auth has at most one.
type Relay interface {
	// Depart is called for each sign-in that begins. It returns the state parameter and
	// the redirect URI for the provider, which are d.State and d.Redirect when the flow
	// comes back here.
	Depart(c *core.Ctx, p *Provider, d Departure) (state, redirect string, err error)
}

// Departure is a flow that begins.
type Departure struct {
	Begin
	// State, Verifier and Nonce are those of the flow. Nonce may be "".
	State, Verifier, Nonce string
	// Expires is when the pending flow ends.
	Expires time.Time
}

// Redemption is what another server's flow needs to be redeemed here.
type Redemption struct {
	// Verifier is the PKCE code verifier, and Nonce what the id_token must have, or "".
	Verifier, Nonce string
	// Redirect is the redirect URI, as it was sent to the provider.
	Redirect string
}

// Redeem exchanges the code of a callback whose flow began on another server, and reads
// the profile. It changes no row and no session. An error that the page may be told is a
// *Refusal.
func (e *Engine) Redeem(c *core.Ctx, id string, r Redemption, q wire.Query) (*Identity, error) {
	p, _ := e.Provider(id)
	return e.redeem(c, p, r.Verifier, r.Nonce, r.Redirect, q)
}

// Resume ends the pending flow of a provider whose answer another server has redeemed. It
// works once, in the browser that began the flow. The caller sets the Identity. It fails
// with a *Refusal.
func (e *Engine) Resume(c *core.Ctx, id, state string) (*Finished, error) {
	s, err := e.take(c, state)
	if err != nil {
		return nil, err
	}
	p, known := e.Provider(id)
	switch {
	case s.provider != "" && s.provider != id || s.Link != nil:
		return nil, &Refusal{Code: RefusedStateMismatch, To: s.ErrorURL}
	case !known:
		return nil, &Refusal{Code: RefusedProvider, To: s.ErrorURL}
	}
	return &Finished{Begin: s.Begin, Provider: p, session: s.session}, nil
}
