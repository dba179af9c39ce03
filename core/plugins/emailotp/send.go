package emailotp

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
)

// SendInput is the body of send-verification-otp.
type SendInput struct {
	Email string `json:"email" doc:"Address to send the code to"`
	Type  Type   `json:"type" zod:"enum=email-verification|sign-in|forget-password|change-email" doc:"What the code is for"`
}

func (p *Plugin) sendVerification(c *core.Ctx, in *SendInput) (core.SuccessReply, error) {
	email, err := address(in.Email)
	if err != nil {
		return core.SuccessReply{}, err
	}
	if in.Type == TypeChangeEmail {
		// Only /email-otp/request-email-change knows whose address changes.
		return core.SuccessReply{}, core.FailText(http.StatusBadRequest, textInvalidType)
	}
	_, err = p.send(c, in.Type, email)
	return core.SuccessReply{Success: err == nil}, err
}

// limit counts a code that is sent to an address, or for a user.
func (p *Plugin) limit(c *core.Ctx, recipient string) error {
	if p.opts.SendLimit.Max < 0 {
		return nil
	}
	return c.Limit(ID+"|"+recipient, p.opts.SendLimit)
}

// allowed is limit for codes that other plugins' routes cause. Their answers are given
// already, so what is too much is not sent: the code before it stays.
func (p *Plugin) allowed(ctx context.Context, email string) (bool, error) {
	if p.opts.SendLimit.Max < 0 {
		return true, nil
	}
	ok, err := p.auth.Allow(ctx, ID+"|"+toAddress(email), p.opts.SendLimit)
	if err == nil && !ok {
		p.auth.Logger().WarnContext(ctx, "email-otp: a code was not sent, because its address has had as many as Options.SendLimit allows")
	}
	return ok, err
}

func toAddress(email string) string { return "email|" + core.NormalizeEmail(email) }

// send makes the code of an address and mails it, if somebody is to get it. It returns the
// user with the address, or nil.
//
// The code of an address that nobody has is stored as well, although nobody is told.
// Otherwise the answers to wrong codes, which change once the attempts are spent, would
// tell which addresses are registered.
func (p *Plugin) send(c *core.Ctx, t Type, email string) (*core.User, error) {
	if err := mayBegin(c, t); err != nil {
		return nil, err
	}
	if err := p.limit(c, toAddress(email)); err != nil {
		return nil, err
	}
	u, err := c.Auth().Store().FindUserByEmail(c, email)
	if err != nil && !core.IsNotFound(err) {
		return nil, err
	}
	var code string
	err = c.Recorded(func(ctx context.Context) (err error) {
		if code, err = p.codeToSend(ctx, t, email); err != nil || t != TypeForgetPassword {
			return err
		}
		asked := core.Event{Type: core.EventPasswordResetAsked, Code: core.CodeUserNotFound.Code}
		if u != nil {
			asked.UserID, asked.Code = u.ID, ""
		}
		return c.EmitIn(ctx, asked) // for nobody too, so that a plugin that records it takes the same time
	})
	if err != nil {
		return nil, err
	}
	signsUp := t == TypeSignIn && !p.opts.DisableSignUp
	if u != nil || signsUp {
		p.mail(c, Message{Email: email, Code: code, Type: t})
	}
	return u, nil
}

// mayBegin asks whether what a code is for may happen now.
func mayBegin(c *core.Ctx, t Type) error {
	switch t {
	case TypeSignIn:
		return c.BeginSignIn(Method)
	case TypeForgetPassword:
		return c.BeginPasswordReset()
	}
	return nil
}

// mail sends a code after the answer.
func (p *Plugin) mail(c *core.Ctx, m Message) {
	c.Go("sending a code by mail", func(ctx context.Context) error { return p.opts.Send(ctx, m) }, m.Code, m.Email)
}

// signedUp sends a verification code to whoever has signed up. A used address gets one
// too where its sign-up is answered like that of a free one.
func (p *Plugin) signedUp(c *core.Ctx) error {
	_, err := c.Returned()
	reply, ok := c.Result().(core.SignUpReply) // another plugin may have added to the answer
	if err != nil || !ok || reply.User == nil {
		return nil //nolint:nilerr // the sign-up's own answer stays
	}
	email := reply.User.Email
	if ok, err := p.allowed(c, email); !ok {
		return err
	}
	code, err := p.renew(c, TypeEmailVerification, email)
	if err != nil {
		return err
	}
	p.mail(c, Message{Email: email, Code: code, Type: TypeEmailVerification})
	return nil
}

// sendInPlaceOfLink sends a code in place of the link of the core's verification mail. The
// core calls it in the background.
func (p *Plugin) sendInPlaceOfLink(ctx context.Context, m core.Mail) error {
	// A link to a new address names a user who has another address still. A code cannot
	// do that: see request-email-change.
	_, err := p.auth.Store().FindUserByEmail(ctx, m.User.Email)
	if core.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if ok, err := p.allowed(ctx, m.User.Email); !ok {
		return err
	}
	code, err := p.codeToSend(ctx, TypeEmailVerification, m.User.Email)
	if err != nil {
		return err
	}
	err = p.opts.Send(ctx, Message{Email: m.User.Email, Code: code, Type: TypeEmailVerification})
	if err != nil && strings.Contains(err.Error(), code) {
		return errors.New(strings.ReplaceAll(err.Error(), code, "…")) // the log must not have it
	}
	return err
}
