package phonenumber

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/otp"
)

// RequestResetInput is the body of request-password-reset.
type RequestResetInput struct {
	PhoneNumber string `json:"phoneNumber" doc:"Phone number of the user"`
}

// requestReset answers alike for every number. A number that nobody has gets a code too,
// which is not sent, so that the answers to attempts are alike as well.
func (p *Plugin) requestReset(c *core.Ctx, in *RequestResetInput) (core.StatusReply, error) {
	number, err := p.normal(in.PhoneNumber)
	if err != nil {
		return core.StatusReply{}, err
	}
	if err := c.BeginPasswordReset(); err != nil {
		return core.StatusReply{}, err
	}
	if err := p.mayMessage(c, number); err != nil {
		return core.StatusReply{}, err
	}
	if p.opts.SendPasswordResetOTP == nil {
		c.Auth().Logger().WarnContext(c, "phone-number: nobody gets a code that resets a password: set Options.SendPasswordResetOTP")
	}
	user, err := p.find(c, number)
	if err != nil && !core.IsNotFound(err) {
		return core.StatusReply{}, err
	}
	asked := core.Event{Type: core.EventPasswordResetAsked, Code: core.CodeUserNotFound.Code}
	if user != nil {
		asked.UserID, asked.Code = user.ID, ""
	}
	var code string
	err = c.Recorded(func(ctx context.Context) (err error) {
		if code, err = p.keep(ctx, toReset, number); err != nil {
			return err
		}
		return c.EmitIn(ctx, asked) // for nobody too, so that a plugin that records it takes the same time
	})
	if err != nil {
		return core.StatusReply{}, err
	}
	if user != nil && (verified(user) || !p.opts.RequireVerification) {
		if p.opts.SendPasswordResetOTP != nil {
			p.deliver(c, p.opts.SendPasswordResetOTP, number, code)
		}
	}
	return core.StatusReply{Status: true}, nil
}

// ResetInput is the body of reset-password.
type ResetInput struct {
	OTP         string `json:"otp" doc:"The code"`
	PhoneNumber string `json:"phoneNumber" doc:"Phone number to which the code was sent"`
	NewPassword string `json:"newPassword" doc:"The new password"`
}

func (p *Plugin) resetPassword(c *core.Ctx, in *ResetInput) (core.StatusReply, error) {
	number, err := p.normal(in.PhoneNumber)
	if err != nil {
		return core.StatusReply{}, err
	}
	if err := c.Auth().CheckPasswordLength(in.NewPassword); err != nil {
		return core.StatusReply{}, err
	}
	try, err := p.prove(c, toReset, number, in.OTP)
	if err != nil {
		return core.StatusReply{}, err
	}
	// Rules may ask other servers, so only those with a code get this far. A refused
	// password costs no attempt.
	if err := c.Auth().CheckNewPassword(c, in.NewPassword); err != nil {
		return core.StatusReply{}, cmp.Or(try.Undo(c), err)
	}
	err = c.ResetPassword(in.NewPassword, func(ctx context.Context) (string, error) {
		if err := try.Use(ctx); err != nil {
			return "", refusal(err)
		}
		return p.resettable(ctx, number, try.Made())
	})
	if core.IsNotFound(err) {
		err = core.Fail(http.StatusBadRequest, CodeUnexpected) // nobody has the number any more
	}
	return core.StatusReply{Status: err == nil}, err
}

// resettable returns the id of the user of a number, locked, whose password may be reset
// by a code that was made then.
func (p *Plugin) resettable(ctx context.Context, number string, then time.Time) (string, error) {
	store := p.auth.Store()
	user, err := p.find(ctx, number)
	if err != nil {
		return "", err
	}
	if err := store.LockUser(ctx, user.ID); err != nil {
		return "", err
	}
	// Before the lock the user may have lost the number.
	owner, err := p.find(ctx, number)
	if err != nil {
		return "", err
	}
	if owner.ID != user.ID {
		return "", core.ErrNotFound
	}
	if p.opts.RequireVerification && !verified(owner) {
		return "", core.Fail(http.StatusBadRequest, CodePendingVerification)
	}
	if err := p.pending(ctx, owner, then); err != nil {
		return "", err
	}
	if then.Before(owner.CreatedAt) {
		return "", refusal(otp.ErrNone) // it was meant for an earlier user of the number
	}
	credential, err := store.FindCredential(ctx, user.ID)
	switch {
	case core.IsNotFound(err):
		return user.ID, nil // the first password
	case err != nil:
		return "", err
	case then.Before(credential.UpdatedAt):
		return "", refusal(otp.ErrNone) // a password that was set since then ends the code
	}
	return user.ID, nil
}
