package twofactor

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/secret"
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
	code, err := secret.Random(c.Auth.Rand(), p.opts.OTP.Digits, "0123456789")
	if err != nil {
		return core.StatusReply{}, err
	}
	stored, err := p.keepOTP(c, c.Auth, code)
	if err != nil {
		return core.StatusReply{}, err
	}
	err = c.Auth.Store().Tx(c, func(ctx context.Context) error {
		store := c.Auth.Store()
		// A try that is going on must not put an older code back after this one.
		err := store.LockUser(ctx, s.user.ID)
		if errors.Is(err, adapter.ErrNotFound) {
			return errInvalidCookie
		}
		if err != nil {
			return err
		}
		if s.row, err = findFactor(ctx, c.Auth, s.user.ID); err != nil {
			return err
		}
		if err := s.unlocked(ctx); err != nil {
			return err // nobody could use the code
		}
		if err := store.DeleteVerification(ctx, otpPrefix+s.key); err != nil {
			return err
		}
		_, err = store.CreateVerification(ctx, otpPrefix+s.key, stored+":0", c.Now().Add(p.opts.OTP.TTL))
		return err
	})
	if err != nil {
		return core.StatusReply{}, err
	}
	m := Message{User: s.user, Code: code}
	c.Go("sending a two-factor code", func(ctx context.Context) error { return p.opts.OTP.Send(ctx, m) })
	return core.StatusReply{Status: true}, nil
}

func (p *Plugin) verifyOTP(c *core.Ctx, in *VerifyInput) (VerifyReply, error) {
	return p.prove(c, in.TrustDevice, func(ctx context.Context, s *second) error {
		if err := s.unlocked(ctx); err != nil {
			return err
		}
		store, id := c.Auth.Store(), otpPrefix+s.key
		// Used up before it is looked at: of a burst of guesses one sees the code, and
		// puts it back when it was wrong.
		v, err := store.ConsumeVerification(ctx, id)
		if errors.Is(err, adapter.ErrNotFound) {
			return core.Fail(http.StatusBadRequest, CodeOTPHasExpired)
		}
		if err != nil {
			return err
		}
		stored, attempts := v.Value, p.opts.OTP.AllowedAttempts
		if at := strings.LastIndexByte(v.Value, ':'); at >= 0 {
			stored, attempts = v.Value[:at], count(v.Value[at+1:], attempts)
		}
		if attempts >= p.opts.OTP.AllowedAttempts {
			return kept{errTooMany}
		}
		if err := s.reserve(ctx); err != nil {
			return err
		}
		ok, err := p.matchOTP(ctx, c.Auth, stored, in.Code)
		if err != nil {
			return err
		}
		if !ok {
			if _, err := store.CreateVerification(ctx, id, stored+":"+strconv.Itoa(attempts+1), v.ExpiresAt); err != nil {
				return err
			}
			return s.refuse(ctx, CodeInvalidCode)
		}
		if enabled(s.user) {
			return nil
		}
		if s.session == nil {
			// Switched off since the challenge was made.
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

// keepOTP is how a code is kept at rest.
func (p *Plugin) keepOTP(ctx context.Context, a *core.Auth, code string) (string, error) {
	o := &p.opts.OTP
	switch {
	case o.Hash != nil:
		return o.Hash(ctx, code)
	case o.Encrypt != nil:
		return o.Encrypt(ctx, code)
	case o.Store == Hashed:
		return secret.SHA256URL(code), nil
	case o.Store == Encrypted:
		return a.Keys().Encrypt(code)
	}
	return code, nil
}

// matchOTP compares a code with what was kept of the right one.
func (p *Plugin) matchOTP(ctx context.Context, a *core.Auth, stored, code string) (bool, error) {
	o := &p.opts.OTP
	var err error
	switch {
	case o.Hash != nil:
		code, err = o.Hash(ctx, code)
	case o.Encrypt != nil:
		stored, err = o.Decrypt(ctx, stored)
	case o.Store == Hashed:
		code = secret.SHA256URL(code)
	case o.Store == Encrypted:
		stored, err = a.Keys().Decrypt(stored)
	}
	return err == nil && secret.Equal(stored, code), err
}
