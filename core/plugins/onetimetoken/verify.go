package onetimetoken

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core"
)

// VerifyInput is the body of /one-time-token/verify.
type VerifyInput struct {
	Token string `json:"token" doc:"Token to use up"`
}

// verify gives the token's session to the caller. It is no new sign-in: the gates have let
// this session pass, and whatever ends it ends its tokens.
func (p *Plugin) verify(c *core.Ctx, in *VerifyInput) (*core.SessionData, error) {
	stored, err := p.tokens.Stored(c, in.Token)
	if err != nil {
		return nil, err
	}
	data, err := p.use(c, prefix+stored)
	if err != nil {
		return nil, err
	}
	if p.opts.DisableSetSessionCookie {
		return data, nil
	}
	return data, c.Issue(data, core.IssueOptions{})
}

// use uses a token up, for one of many callers, and reads its session. One transaction
// does both, so that an outage costs no token.
func (p *Plugin) use(c *core.Ctx, identifier string) (data *core.SessionData, err error) {
	store := c.Auth().Store()
	var refused error
	err = store.Tx(c, func(ctx context.Context) error {
		data, refused = nil, nil // a database may run this again
		v, err := store.ConsumeVerification(ctx, identifier)
		if core.IsNotFound(err) {
			refused = core.Fail(http.StatusBadRequest, core.CodeInvalidToken)
			return nil
		}
		if err != nil {
			return err
		}
		data, err = store.FindSession(ctx, v.Value)
		switch {
		case core.IsNotFound(err):
			refused, err = core.Fail(http.StatusBadRequest, CodeSessionNotFound), nil
		case err == nil && !data.Session.ExpiresAt.After(c.Now()):
			refused = core.Fail(http.StatusBadRequest, CodeSessionExpired)
		}
		return err // a token that was refused is used up all the same
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}
