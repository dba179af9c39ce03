package emailotp

import (
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/otp"
)

// CreateInput is the input of CreateVerificationOTP.
type CreateInput struct {
	Email string `json:"email" doc:"Address that the code belongs to"`
	Type  Type   `json:"type" zod:"enum=email-verification|sign-in|forget-password|change-email" doc:"What the code is for"`
}

// Code is a code. It prints and logs without its digits. Convert it to a string to send
// it.
type Code string

func (p *Plugin) create(c *core.Ctx, in *CreateInput) (Code, error) {
	email, err := address(in.Email)
	if err != nil {
		return "", err
	}
	code, err := p.renew(c, in.Type, email)
	return Code(code), err
}

// GetInput is the input of GetVerificationOTP.
type GetInput struct {
	Email string `query:"email" doc:"Address that the code was sent to"`
	Type  Type   `query:"type" zod:"enum=email-verification|sign-in|forget-password|change-email" doc:"What the code is for"`
}

// GetReply has the live code, or nil.
type GetReply struct {
	OTP *string `json:"otp"`
}

func (p *Plugin) get(c *core.Ctx, in *GetInput) (GetReply, error) {
	code, err := p.codes.Read(c, identifier(in.Type, core.NormalizeEmail(in.Email)))
	switch {
	case errors.Is(err, otp.ErrHashed):
		return GetReply{}, core.FailText(http.StatusBadRequest, textHashed)
	case errors.Is(err, otp.ErrExpired):
		return GetReply{}, nil
	case err != nil:
		return GetReply{}, err
	}
	return GetReply{&code}, nil
}
