package onetimetoken

import (
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
)

// TokenReply is {"token":…}.
type TokenReply struct {
	Token string `json:"token"`
}

// mark notes that a call came over HTTP: a call from Go has no request to see.
func (p *Plugin) mark(c *core.Ctx) error {
	if c.Path() == generatePath {
		p.client.Set(c, true)
	}
	return nil
}

func (p *Plugin) generate(c *core.Ctx, _ *core.NoInput) (TokenReply, error) {
	if fromClient, _ := p.client.Get(c); fromClient {
		return TokenReply{}, core.Fail(http.StatusBadRequest, CodeClientDisabled)
	}
	token, err := p.issue(c, c.Session())
	return TokenReply{token}, err
}

// issue makes and stores a token of a session.
func (p *Plugin) issue(c *core.Ctx, s *core.SessionData) (string, error) {
	token, err := p.newToken(c, s)
	if err != nil {
		return "", err
	}
	stored, err := p.tokens.Stored(c, token)
	if err != nil {
		return "", err
	}
	_, err = c.Auth().Store().CreateVerification(c, prefix+stored, s.Session.Token, c.Now().Add(p.opts.TTL))
	return token, err
}

func (p *Plugin) newToken(c *core.Ctx, s *core.SessionData) (string, error) {
	if p.opts.GenerateToken == nil {
		return c.Auth().RandomString(32)
	}
	token, err := p.opts.GenerateToken(c, s)
	if err == nil && token == "" {
		err = errors.New("onetimetoken: GenerateToken has returned an empty token")
	}
	return token, err
}

// announce adds a token to an answer that sets a session cookie. The caller is signed in
// by then: a failure costs the header, and the client can ask for a token.
func (p *Plugin) announce(c *core.Ctx) error {
	s := c.Issued()
	if s == nil {
		return nil
	}
	token, err := p.issue(c, s)
	if err != nil {
		c.Auth().Logger().ErrorContext(c, "making a one-time token for a new session failed", "error", err)
		return nil
	}
	c.ExposeHeader(header, token)
	return nil
}
