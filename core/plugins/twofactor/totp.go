package twofactor

import (
	"context"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/validate"
)

var (
	errTOTPNotConfigured = core.Fail(http.StatusBadRequest, CodeTOTPNotConfigured)
	errTOTPNotEnabled    = core.Fail(http.StatusBadRequest, CodeTOTPNotEnabled)
)

// GenerateTOTPInput is the input of GenerateTOTP.
type GenerateTOTPInput struct {
	Secret string `json:"secret" doc:"The secret"`
}

// CodeReply is {"code":…}.
type CodeReply struct {
	Code string `json:"code"`
}

func (p *Plugin) generateTOTP(c *core.Ctx, in *GenerateTOTPInput) (CodeReply, error) {
	if p.opts.TOTP.Disable {
		return CodeReply{}, errTOTPNotConfigured
	}
	return CodeReply{totp(in.Secret, c.Now(), p.opts.TOTP.Period, p.opts.TOTP.Digits)}, nil
}

// URIReply is {"totpURI":…}.
type URIReply struct {
	TOTPURI string `json:"totpURI"`
}

func (p *Plugin) getTOTPURI(c *core.Ctx, in *PasswordInput) (URIReply, error) {
	if p.opts.TOTP.Disable {
		return URIReply{}, errTOTPNotConfigured
	}
	u := &c.Session().User
	row, err := p.findFactor(c, u.ID)
	if err != nil {
		return URIReply{}, err
	}
	if row == nil {
		return URIReply{}, errTOTPNotEnabled
	}
	if _, err := p.checkPassword(c, in.Password, *p.opts.TOTP.AllowPasswordless); err != nil {
		return URIReply{}, err
	}
	secret, err := c.Auth().Keys().Decrypt(row.Secret)
	if err != nil {
		return URIReply{}, err
	}
	return URIReply{p.uri(c, secret, p.opts.TOTP.Issuer)}, nil
}

func (p *Plugin) uri(c *core.Ctx, secret, issuer string) string {
	if issuer == "" {
		issuer = c.Auth().AppName()
	}
	return keyURI(secret, issuer, c.Session().User.Email, p.opts.TOTP.Period, p.opts.TOTP.Digits)
}

func (p *Plugin) verifyTOTP(c *core.Ctx, in *VerifyInput) (VerifyReply, error) {
	if p.opts.TOTP.Disable {
		return VerifyReply{}, errTOTPNotConfigured
	}
	return p.prove(c, in.TrustDevice, func(ctx context.Context, s *second) error {
		if s.row == nil || s.session == nil && !s.row.verified() {
			return errTOTPNotEnabled
		}
		if err := s.begin(ctx); err != nil {
			return err
		}
		secret, err := c.Auth().Keys().Decrypt(s.row.Secret)
		if err != nil {
			return err
		}
		start, ok := matchTOTP(secret, in.Code, c.Now(), validate.Value(s.row.LastTOTP), p.opts.TOTP.Period, p.opts.TOTP.Digits)
		if ok {
			ok, err = s.useTOTP(ctx, start)
		}
		if err != nil {
			return err
		}
		if !ok {
			return s.wrong(ctx, CodeInvalidCode)
		}
		// A user without an active factor is switched on, whatever the row's verified
		// is: rows older than the column have none.
		if s.session == nil || s.row.verified() && enabled(s.user) {
			return nil
		}
		return s.enroll(ctx)
	})
}

// useTOTP uses up a time step: a code is accepted once, and no code older than the last
// one is (RFC 6238 §5.2). The row decides between concurrent tries.
func (s *second) useTOTP(ctx context.Context, start time.Time) (bool, error) {
	_, err := s.p.factors.Update(ctx, adapter.Where{
		{Field: "id", Value: s.row.ID},
		{Field: fieldLastTOTP, Value: nil, Or: true},
		{Field: fieldLastTOTP, Op: adapter.Lt, Value: start, Or: true},
	}, adapter.Record{fieldLastTOTP: start})
	if core.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// enroll switches a secret on at its first right code.
func (s *second) enroll(ctx context.Context) error {
	if !enabled(s.user) {
		if _, _, err := s.switchOn(ctx); err != nil {
			return err
		}
	}
	_, err := s.p.factors.Update(ctx, adapter.By("id", s.row.ID), adapter.Record{fieldVerified: true})
	return err
}

// switchOn makes every later sign-in of the user ask for a second factor.
func (s *second) switchOn(ctx context.Context) (*core.User, *core.Session, error) {
	u, err := s.c.Auth().Store().UpdateUser(ctx, s.user.ID, adapter.Record{Enabled.Name: true})
	if err != nil {
		return nil, nil, err
	}
	row, err := renew(ctx, s.c, s.session, u)
	s.report(ctx, EventEnabled, core.ErrorCode{})
	return u, row, err
}
