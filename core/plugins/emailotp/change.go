package emailotp

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/otp"
	"github.com/advantch/kernia-go/core/validate"
)

// RequestEmailChangeInput is the body of request-email-change.
type RequestEmailChangeInput struct {
	NewEmail string  `json:"newEmail" doc:"New address, to which the code is sent"`
	OTP      *string `json:"otp" doc:"A code that was sent to the current address, where ChangeEmail.VerifyCurrent asks for it"`
}

func (p *Plugin) requestChange(c *core.Ctx, in *RequestEmailChangeInput) (core.SuccessReply, error) {
	user := &c.Session().User
	email, err := p.newAddress(user, in.NewEmail)
	if err != nil {
		return core.SuccessReply{}, err
	}
	if p.opts.ChangeEmail.VerifyCurrent && validate.Value(in.OTP) == "" {
		return core.SuccessReply{}, core.FailText(http.StatusBadRequest, textNeedsCurrent)
	}
	// The caller chooses the recipient, and may have many accounts.
	for _, counted := range []string{"user|" + user.ID, toAddress(email)} {
		if err := p.limit(c, counted); err != nil {
			return core.SuccessReply{}, err
		}
	}
	var current *otp.Try
	if p.opts.ChangeEmail.VerifyCurrent {
		current, err = p.try(c, identifier(TypeEmailVerification, core.NormalizeEmail(user.Email)), *in.OTP)
		if err != nil {
			return core.SuccessReply{}, err
		}
	}
	err = p.offerChange(c, user, email, current)
	if current != nil {
		err = finish(c, current, err)
	}
	return core.SuccessReply{Success: err == nil}, err
}

// newAddress checks the new address of a user.
func (p *Plugin) newAddress(u *core.User, to string) (string, error) {
	if !p.opts.ChangeEmail.Enabled {
		return "", core.FailText(http.StatusBadRequest, textChangeDisabled)
	}
	email, err := address(to)
	if err != nil {
		return "", err
	}
	if email == core.NormalizeEmail(u.Email) {
		return "", core.FailText(http.StatusBadRequest, textSameEmail)
	}
	return email, core.CheckOwnEmail(email)
}

// offerChange stores the code of a change and mails it to the new address. A used address
// is answered as a free one: the code is stored, and nobody gets it.
func (p *Plugin) offerChange(c *core.Ctx, u *core.User, email string, current *otp.Try) error {
	store := c.Auth().Store()
	code, err := p.newCode(c, TypeChangeEmail, email)
	if err != nil {
		return err
	}
	err = store.Tx(c, func(ctx context.Context) error {
		if current != nil {
			if err := pending(ctx, store, u, current); err != nil {
				return err
			}
			if err := use(ctx, current); err != nil {
				return err
			}
		}
		return p.codes.Keep(ctx, changeIdentifier(u.ID, email), code)
	})
	if err != nil {
		return err
	}
	_, err = store.FindUserByEmail(c, email)
	if core.IsNotFound(err) {
		p.mail(c, Message{Email: email, Code: code, Type: TypeChangeEmail})
		return nil
	}
	return err
}

// ChangeEmailInput is the body of change-email.
type ChangeEmailInput struct {
	NewEmail string `json:"newEmail" doc:"New address, to which the code was sent"`
	OTP      string `json:"otp" doc:"The code"`
}

func (p *Plugin) changeEmail(c *core.Ctx, in *ChangeEmailInput) (core.SuccessReply, error) {
	session, user := c.Session().Session, &c.Session().User
	email, err := p.newAddress(user, in.NewEmail)
	if err != nil {
		return core.SuccessReply{}, err
	}
	t, err := p.try(c, changeIdentifier(user.ID, email), in.OTP)
	if err != nil {
		return core.SuccessReply{}, err
	}
	v := &verified{user: user}
	err = v.run(c, t, func(ctx context.Context, u *core.User) (*core.User, error) {
		if err := use(ctx, t); err != nil {
			return nil, err
		}
		changed, err := c.Auth().Store().ChangeEmail(ctx, u.Email, email, true)
		if err != nil {
			return nil, err
		}
		return changed, c.EmitIn(ctx, core.Event{Type: core.EventEmailChanged, UserID: changed.ID})
	})
	if errors.Is(err, adapter.ErrUnique) {
		err = core.FailText(http.StatusBadRequest, textEmailInUse)
	}
	if err := finish(c, t, err); err != nil {
		return core.SuccessReply{}, err
	}
	if err := v.after(c); err != nil || v.contested {
		return core.SuccessReply{Success: err == nil}, err
	}
	return core.SuccessReply{Success: true}, c.Issue(&core.SessionData{Session: session, User: *v.user}, core.IssueOptions{})
}
