package emailotp

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
)

// CheckInput is the body of check-verification-otp.
type CheckInput struct {
	Email string `json:"email" doc:"Address that the code was sent to"`
	Type  Type   `json:"type" zod:"enum=email-verification|sign-in|forget-password|change-email" doc:"What the code is for"`
	OTP   string `json:"otp" doc:"The code"`
}

// check tells whether a code is right, and leaves it. Only who has a right code learns
// whether the address is registered.
func (p *Plugin) check(c *core.Ctx, in *CheckInput) (core.SuccessReply, error) {
	email, err := address(in.Email)
	if err != nil {
		return core.SuccessReply{}, err
	}
	t, err := p.try(c, identifier(in.Type, email), in.OTP)
	if err != nil {
		return core.SuccessReply{}, err
	}
	if err := t.Undo(c); err != nil {
		return core.SuccessReply{}, err
	}
	u, err := c.Auth().Store().FindUserByEmail(c, email)
	if core.IsNotFound(err) {
		return core.SuccessReply{}, core.Fail(http.StatusBadRequest, core.CodeUserNotFound)
	}
	if err == nil && in.Type != TypeSignIn { // a code that signs in may be older than the user
		err = pending(c, c.Auth().Store(), u, t)
	}
	return core.SuccessReply{Success: err == nil}, err
}
