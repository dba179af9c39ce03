package twofactor

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
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
	row, err := findFactor(c, c.Auth, u.ID)
	if err != nil {
		return URIReply{}, err
	}
	if row == nil {
		return URIReply{}, errTOTPNotEnabled
	}
	if _, err := p.checkPassword(c, in.Password, *p.opts.TOTP.AllowPasswordless); err != nil {
		return URIReply{}, err
	}
	secret, err := c.Auth.Keys().Decrypt(row.secret)
	if err != nil {
		return URIReply{}, err
	}
	return URIReply{p.uri(c, secret, p.opts.TOTP.Issuer)}, nil
}

func (p *Plugin) uri(c *core.Ctx, secret, issuer string) string {
	if issuer == "" {
		issuer = c.Auth.AppName()
	}
	return keyURI(secret, issuer, c.Session().User.Email, p.opts.TOTP.Period, p.opts.TOTP.Digits)
}

func (p *Plugin) verifyTOTP(c *core.Ctx, in *VerifyInput) (VerifyReply, error) {
	if p.opts.TOTP.Disable {
		return VerifyReply{}, errTOTPNotConfigured
	}
	return p.prove(c, in.TrustDevice, func(ctx context.Context, s *second) error {
		if s.row == nil || s.session == nil && !s.row.verified {
			return errTOTPNotEnabled
		}
		if err := s.begin(ctx); err != nil {
			return err
		}
		secret, err := c.Auth.Keys().Decrypt(s.row.secret)
		if err != nil {
			return err
		}
		start, ok := matchTOTP(secret, in.Code, c.Now(), s.row.lastTOTP, p.opts.TOTP.Period, p.opts.TOTP.Digits)
		if ok {
			ok, err = s.useTOTP(ctx, start)
		}
		if err != nil {
			return err
		}
		if !ok {
			return s.wrong(ctx, CodeInvalidCode)
		}
		if s.row.verified {
			return nil
		}
		return s.enroll(ctx)
	})
}

// useTOTP uses a time step up: a code is accepted once, and none that is older than
// the last one (RFC 6238 §5.2). The row decides, whoever else is trying.
func (s *second) useTOTP(ctx context.Context, start time.Time) (bool, error) {
	_, err := s.c.Auth.DB().Update(ctx, ModelTwoFactor, adapter.Where{
		{Field: "id", Value: s.row.id},
		{Field: fieldLastTOTP, Value: nil, Or: true},
		{Field: fieldLastTOTP, Op: adapter.Lt, Value: start, Or: true},
	}, adapter.Record{fieldLastTOTP: start})
	if errors.Is(err, adapter.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// enroll makes the first right code of a secret switch it on.
func (s *second) enroll(ctx context.Context) error {
	if !enabled(s.user) {
		if _, _, err := s.switchOn(ctx); err != nil {
			return err
		}
	}
	_, err := s.c.Auth.DB().Update(ctx, ModelTwoFactor, adapter.By("id", s.row.id), adapter.Record{fieldVerified: true})
	return err
}

// switchOn makes every later sign-in of the user ask for a second factor.
func (s *second) switchOn(ctx context.Context) (*core.User, *core.Session, error) {
	u, err := s.c.Auth.Store().UpdateUser(ctx, s.user.ID, adapter.Record{Enabled.Name: true})
	if err != nil {
		return nil, nil, err
	}
	row, err := renew(ctx, s.c, s.session, u)
	s.report(ctx, EventEnabled, core.ErrorCode{})
	return u, row, err
}
