package emailotp

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// SendInput is the body of send-verification-otp.
type SendInput struct {
	Email string `json:"email" doc:"Address to send the code to"`
	Type  Type   `json:"type" zod:"enum=email-verification|sign-in|forget-password|change-email" doc:"What the code is for"`
}

func (p *Plugin) sendVerification(c *core.Ctx, in *SendInput) (core.SuccessReply, error) {
	if err := p.canSend(); err != nil {
		return core.SuccessReply{}, err
	}
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

func (p *Plugin) canSend() error {
	if p.opts.Send == nil {
		return core.FailText(http.StatusBadRequest, textNotImplemented)
	}
	return nil
}

// limit counts a code of a type that is sent to somebody, by whatever route.
func (p *Plugin) limit(c *core.Ctx, t Type, recipient string) error {
	if p.opts.SendLimit.Max < 0 {
		return nil
	}
	return c.LimitShared(ID+"|"+string(t)+"|"+recipient, p.opts.SendLimit)
}

// send makes the code of an address and mails it, if somebody is to get it. It returns the
// user with the address, or nil.
//
// The code of an address that nobody has is stored as well, although nobody is told.
// Otherwise the answers to wrong codes, which change once the attempts are spent, would
// tell which addresses are registered.
func (p *Plugin) send(c *core.Ctx, t Type, email string) (*core.User, error) {
	if err := p.limit(c, t, email); err != nil {
		return nil, err
	}
	u, err := c.Auth().Store().FindUserByEmail(c, email)
	if err != nil && !core.IsNotFound(err) {
		return nil, err
	}
	code, err := p.codeToSend(c, t, email)
	if err != nil {
		return nil, err
	}
	signsUp := t == TypeSignIn && !p.opts.DisableSignUp
	if u != nil || signsUp {
		p.mail(c, Message{Email: email, Code: code, Type: t})
	}
	return u, nil
}

// mail sends a code after the answer.
func (p *Plugin) mail(c *core.Ctx, m Message) {
	c.Go("sending a code by mail", func(ctx context.Context) error { return p.opts.Send(ctx, m) }, m.Code, m.Email)
}

// mayMail reports whether SendLimit admits one more verification code for an address that
// another route of the server sends. Each new code allows new attempts.
func (p *Plugin) mayMail(c *core.Ctx, email string) (bool, error) {
	err := p.limit(c, TypeEmailVerification, email)
	if core.HasCode(err, core.CodeTooManyRequests) {
		return false, nil
	}
	return err == nil, err
}

// signedUp sends a verification code to whoever has signed up. A used address gets one
// too where its sign-up is answered like that of a free one.
func (p *Plugin) signedUp(c *core.Ctx) error {
	v, err := c.Returned()
	reply, ok := v.(emailpassword.SignUpReply)
	if err != nil || !ok || reply.User == nil {
		return nil //nolint:nilerr // the sign-up's own answer stays
	}
	email := reply.User.Email
	if ok, err := p.mayMail(c, email); err != nil || !ok {
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
