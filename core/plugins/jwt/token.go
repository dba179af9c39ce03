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
// caller is signed in, and /token tells of the failure.
func (p *Plugin) announce(c *core.Ctx) error {
	s, err := answered(c)
	if s == nil && err == nil {
		return nil
	}
	var token string
	if err == nil {
		token, err = p.ofSession(c, s)
	}
	if err != nil {
		c.Auth().Logger().ErrorContext(c, "jwt: making a token for /get-session failed", "error", err)
		return nil
	}
	c.ExposeHeader(header, token)
	return nil
}

// answered returns the session that /get-session answers with, or nil.
func answered(c *core.Ctx) (*core.SessionData, error) {
	returned, err := c.Returned()
	if returned == nil || err != nil {
		return nil, nil
	}
	if reply, ok := returned.(*core.SessionReply); ok {
		return reply.Data()
	}
	return c.LoadSession() // another plugin has written an answer of its own
}
