package jwt

import (
	"github.com/advantch/kernia-go/core"
)

// TokenReply is {"token":…}.
type TokenReply struct {
	Token string `json:"token"`
}

// token answers /token. A revoked session that lives on in a cookie cache gets none.
func (p *Plugin) token(c *core.Ctx, _ *core.NoInput) (TokenReply, error) {
	token, err := p.ofSession(c, c.Session())
	return TokenReply{token}, err
}

// announce adds a token to the answer of /get-session. A failure costs the header: the
// caller is signed in, and /token tells of the failure. An API key gets no token in
// passing: other services would take it for its owner. It asks /token, if it may.
func (p *Plugin) announce(c *core.Ctx) error {
	if c.Vouched() {
		return nil
	}
	token, err := p.answered(c)
	if err != nil {
		c.Auth().Logger().ErrorContext(c, "jwt: making a token for /get-session failed", "error", err)
		return nil
	}
	if token != "" {
		c.ExposeHeader(header, token)
	}
	return nil
}

// answered returns a token of the session that /get-session answers with, or "".
func (p *Plugin) answered(c *core.Ctx) (string, error) {
	returned, err := c.Returned()
	if returned == nil || err != nil {
		return "", nil
	}
	reply, ok := c.Result().(*core.SessionReply)
	if !ok { // another plugin has answered
		s, err := c.LoadSession()
		if s == nil || err != nil {
			return "", err
		}
		return p.ofSession(c, s)
	}
	if user := reply.CachedUser(); user != nil && p.byUser() && !p.impersonable {
		return p.ofUser(c, user, reply.Data)
	}
	s, err := reply.Data()
	if s == nil || err != nil {
		return "", err
	}
	return p.ofSession(c, s)
}
