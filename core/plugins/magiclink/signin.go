package magiclink

import (
	"cmp"
	"context"
	"errors"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// SignInInput is the body of /sign-in/magic-link.
type SignInInput struct {
	Email              string           `json:"email" zod:"email" doc:"Address to send the link to"`
	Name               *string          `json:"name" doc:"Name of a user who is made by the link"`
	CallbackURL        *string          `json:"callbackURL" doc:"Where the link leads after the sign-in"`
	NewUserCallbackURL *string          `json:"newUserCallbackURL" doc:"Where it leads when it has made the user"`
	ErrorCallbackURL   *string          `json:"errorCallbackURL" doc:"Where it leads when it fails"`
	Metadata           *validate.Record `json:"metadata" doc:"Anything for the function that sends the mail"`
}

// signIn stores a link and mails it. It does the same work for every address: whether a
// user has it is asked after the answer.
func (p *Plugin) signIn(c *core.Ctx, in *SignInInput) (core.StatusReply, error) {
	if err := c.BeginSignIn(Method); err != nil {
		return core.StatusReply{}, err
	}
	if err := core.CheckOwnEmail(in.Email); err != nil {
		return core.StatusReply{}, err
	}
	// The user may be made minutes later, when nobody could mend the name.
	if err := c.Auth().CheckFields(core.ModelUser, map[string]any{"name": validate.Value(in.Name)}); err != nil {
		return core.StatusReply{}, err
	}
	if rule := p.opts.SendLimit; rule.Max > 0 {
		if err := c.Limit(ID+"|to|"+core.NormalizeEmail(in.Email), rule); err != nil {
			return core.StatusReply{}, err
		}
	}
	token, err := p.newToken(c, in.Email)
	if err != nil {
		return core.StatusReply{}, err
	}
	if err := p.keep(c, token, in.Email, in.Name); err != nil {
		return core.StatusReply{}, err
	}
	m := Message{Email: in.Email, Token: token, URL: p.url(c, token, in)}
	if in.Metadata != nil {
		m.Metadata = in.Metadata.AppendJSON(nil)
	}
	store := c.Auth().Store()
	c.Go("sending a magic link", func(ctx context.Context) error {
		if p.opts.DisableSignUp {
			if _, err := store.FindUserByEmail(ctx, m.Email); err != nil {
				if core.IsNotFound(err) {
					return nil // nobody could use the link
				}
				return err
			}
		}
		return p.opts.Send(ctx, m)
	}, m.URL, m.Token, m.Email)
	return core.StatusReply{Status: true}, nil
}

func (p *Plugin) newToken(c *core.Ctx, email string) (string, error) {
	if p.opts.GenerateToken == nil {
		return c.Auth().RandomString(32)
	}
	token, err := p.opts.GenerateToken(c, email)
	if err == nil && token == "" {
		err = errors.New("magiclink: GenerateToken has returned an empty token")
	}
	return token, err
}

// url is the address of a link. It begins with the configured address of the server,
// never with one that the request names.
func (p *Plugin) url(c *core.Ctx, token string, in *SignInInput) string {
	pairs := [][2]string{{"token", token}, {"callbackURL", cmp.Or(validate.Value(in.CallbackURL), "/")}}
	if to := validate.Value(in.NewUserCallbackURL); to != "" {
		pairs = append(pairs, [2]string{"newUserCallbackURL", to})
	}
	if to := validate.Value(in.ErrorCallbackURL); to != "" {
		pairs = append(pairs, [2]string{"errorCallbackURL", to})
	}
	page := c.BaseURL() + "/magic-link/verify"
	switch {
	case p.opts.Confirm:
		page = c.BaseURL() + "/magic-link/confirm"
	case p.opts.ConfirmPage != "":
		page = c.Resolve(p.opts.ConfirmPage)
	}
	return wire.SetSearchParams(page, pairs...)
}
