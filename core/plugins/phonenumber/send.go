package phonenumber

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
)

// SendOTPInput is the body of send-otp.
type SendOTPInput struct {
	PhoneNumber string `json:"phoneNumber" doc:"Phone number with country code, for example +15551234567"`
}

// SendOTPReply is the same for every number: {"message":"code sent"}.
type SendOTPReply struct {
	Message string `json:"message"`
}

// sendOTP sends a code to any number: whether somebody has it is not looked up.
func (p *Plugin) sendOTP(c *core.Ctx, in *SendOTPInput) (SendOTPReply, error) {
	if p.opts.SendOTP == nil {
		return SendOTPReply{}, core.Fail(http.StatusNotImplemented, CodeSendOTPNotImplemented)
	}
	number, err := p.valid(c, in.PhoneNumber)
	if err != nil {
		return SendOTPReply{}, err
	}
	if err := mayAsk(c); err != nil {
		return SendOTPReply{}, err
	}
	if err := p.sendCode(c, number); err != nil {
		return SendOTPReply{}, err
	}
	return SendOTPReply{"code sent"}, nil
}

// mayAsk asks whether a code may sign somebody in now. Somebody who is signed in verifies a
// number with it, or takes another one.
func mayAsk(c *core.Ctx) error {
	refusal := c.BeginSignIn(Method)
	if refusal == nil {
		return nil
	}
	if s, err := c.LoadSession(); s != nil || err != nil {
		return err
	}
	return refusal
}

func (p *Plugin) sendCode(c *core.Ctx, number string) error {
	if err := p.mayMessage(c, number); err != nil {
		return err
	}
	code, err := p.keep(c, toVerify, number)
	if err != nil {
		return err
	}
	p.deliver(c, p.opts.SendOTP, number, code)
	return nil
}

// ConsumeInput is the input of ConsumeOTP.
type ConsumeInput struct {
	PhoneNumber string `json:"phoneNumber" doc:"Phone number to which the code was sent"`
	Code        string `json:"code" doc:"The code"`
}

func (p *Plugin) consumeOTP(c *core.Ctx, in *ConsumeInput) (core.StatusReply, error) {
	number, err := p.normal(in.PhoneNumber)
	if err != nil {
		return core.StatusReply{}, err
	}
	use, _, err := p.proveNumber(c, number, in.Code)
	if err != nil {
		return core.StatusReply{}, err
	}
	return core.StatusReply{Status: true}, use(c)
}
