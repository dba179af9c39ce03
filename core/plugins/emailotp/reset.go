package emailotp

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/otp"
)

// RequestResetInput is the body of request-password-reset.
type RequestResetInput struct {
	Email string `json:"email" doc:"Address of the user"`
}

func (p *Plugin) requestReset(c *core.Ctx, in *RequestResetInput) (core.SuccessReply, error) {
	email, err := address(in.Email)
	if err != nil {
		return core.SuccessReply{}, err
	}
	_, err = p.send(c, TypeForgetPassword, email)
	return core.SuccessReply{Success: err == nil}, err
}

// ResetPasswordInput is the body of reset-password.
type ResetPasswordInput struct {
	Email    string `json:"email" doc:"Address that the code was sent to"`
	OTP      string `json:"otp" doc:"The code"`
	Password string `json:"password" doc:"The new password"`
}

func (p *Plugin) resetPassword(c *core.Ctx, in *ResetPasswordInput) (core.SuccessReply, error) {
	email, err := address(in.Email)
	if err != nil {
		return core.SuccessReply{}, core.Fail(http.StatusBadRequest, CodeInvalidOTP)
	}
	// The length comes first: one that is refused costs no attempt. The other rules may ask
	// other servers, so only those with the code get that far; it stays usable.
	if err := c.Auth().CheckPasswordLength(in.Password); err != nil {
		return core.SuccessReply{}, err
	}
	t, err := p.try(c, identifier(TypeForgetPassword, email), in.OTP)
	if err != nil {
		return core.SuccessReply{}, err
	}
	if err := c.Auth().CheckNewPassword(c, in.Password); err != nil {
		return core.SuccessReply{}, finish(c, t, err)
	}
	err = c.ResetPassword(in.Password, func(ctx context.Context) (string, error) {
		if err := use(ctx, t); err != nil {
			return "", err
		}
		return proven(ctx, c.Auth().Store(), email, t)
	})
	return core.SuccessReply{Success: err == nil}, finish(c, t, err)
}

// proven finds and locks the user whose address a code has proven, and returns the id. The
// first proof ends what was there before it: the new password is the owner's, but sessions
// and linked accounts need not be.
func proven(ctx context.Context, store *core.Store, email string, t *otp.Try) (string, error) {
	gone := core.Fail(http.StatusBadRequest, core.CodeUserNotFound)
	u, err := store.FindUserByEmail(ctx, email)
	if core.IsNotFound(err) {
		return "", gone
	}
	if err != nil {
		return "", err
	}
	credential, err := store.FindCredential(ctx, u.ID)
	if err != nil && !core.IsNotFound(err) {
		return "", err
	}
	if err == nil && t.Made().Before(credential.UpdatedAt) {
		// A password that was set since the code was made ends the code.
		return "", core.Fail(http.StatusBadRequest, CodeInvalidOTP)
	}
	if err := store.LockUser(ctx, u.ID); core.IsNotFound(err) {
		return "", gone
	} else if err != nil {
		return "", err
	}
	if err := pending(ctx, store, u, t); err != nil {
		return "", err
	}
	u, err = store.ProveEmail(ctx, u.ID)
	if core.IsNotFound(err) || err == nil && u.Email != email {
		return "", gone // deleted, or moved to another address, before the lock
	}
	if err != nil {
		return "", err
	}
	return u.ID, nil
}
