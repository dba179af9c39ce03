package twofactor

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/otp"
)

const otpPrefix = "2fa-otp-"

// SendOTPInput is the body of send-otp, which may be absent.
type SendOTPInput struct {
	_           struct{} `validate:"optional"`
	TrustDevice *bool    `json:"trustDevice" doc:"Has no effect here"`
}

func (p *Plugin) sendOTP(c *core.Ctx, _ *SendOTPInput) (core.StatusReply, error) {
	if p.opts.OTP.Send == nil {
		return core.StatusReply{}, core.Fail(http.StatusBadRequest, CodeOTPNotConfigured)
	}
	s, err := p.identify(c)
	if err != nil {
		return core.StatusReply{}, err
	}
	if rule := p.opts.OTP.SendLimit; rule.Max > 0 {
		if err := c.Limit(ID+"|user|"+s.user.ID, rule); err != nil {
			return core.StatusReply{}, err
		}
	}
	code, err := p.codes.Make()
	if err != nil {
		return core.StatusReply{}, err
	}
	err = c.Auth().Store().Tx(c, func(ctx context.Context) error {
		store := c.Auth().Store()
		// A concurrent try must not put an older code back after this one.
		err := store.LockUser(ctx, s.user.ID)
		if core.IsNotFound(err) {
			return errInvalidCookie
		}
		if err != nil {
			return err
		}
		if s.row, err = p.findFactor(ctx, s.user.ID); err != nil {
			return err
		}
		if err := s.unlocked(ctx); err != nil {
			return err // nobody could use the code
		}
		return p.codes.Keep(ctx, otpPrefix+s.key, code)
	})
	if err != nil {
		return core.StatusReply{}, err
	}
	m := Message{User: s.user, Code: code}
	c.Go("sending a two-factor code", func(ctx context.Context) error { return p.opts.OTP.Send(ctx, m) }, code, s.user.Email)
	return core.StatusReply{Status: true}, nil
}

func (p *Plugin) verifyOTP(c *core.Ctx, in *VerifyInput) (VerifyReply, error) {
	return p.prove(c, in.TrustDevice, func(ctx context.Context, s *second) error {
		if err := s.unlocked(ctx); err != nil {
			return err
		}
		try, err := p.codes.Try(ctx, otpPrefix+s.key)
		switch {
		case errors.Is(err, otp.ErrExpired):
			return core.Fail(http.StatusBadRequest, CodeOTPHasExpired)
		case errors.Is(err, otp.ErrTooManyAttempts):
			return kept{errTooMany}
		case err != nil:
			return err
		}
		if err := s.reserve(ctx); err != nil {
			return err
		}
		ok, err := try.Match(ctx, in.Code)
		if err != nil {
			return err
		}
		if !ok {
			return s.refuse(ctx, CodeInvalidCode)
		}
		if err := try.Use(ctx); errors.Is(err, otp.ErrExpired) {
			return core.Fail(http.StatusBadRequest, CodeOTPHasExpired)
		} else if err != nil {
			return err
		}
		if enabled(s.user) {
			return nil
		}
		if s.session == nil {
			// The factor was switched off since the challenge was made.
			return core.Fail(http.StatusBadRequest, core.CodeFailedToCreateSession)
		}
		u, row, err := s.switchOn(ctx)
		if err != nil {
			return err
		}
		s.reply = VerifyReply{&row.Token, u}
		return nil
	})
}
