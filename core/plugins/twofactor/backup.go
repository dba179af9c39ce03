package twofactor

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/wire"
)

// VerifyBackupCodeInput is the body of verify-backup-code.
type VerifyBackupCodeInput struct {
	Code           string `json:"code" doc:"A backup code"`
	DisableSession *bool  `json:"disableSession" doc:"Use the code up without signing in"`
	TrustDevice    *bool  `json:"trustDevice" doc:"Ask for no second factor on this device for a while"`
}

// BackupCodesReply is {"status":true,"backupCodes":[…]}.
type BackupCodesReply struct {
	Status      bool     `json:"status"`
	BackupCodes []string `json:"backupCodes"`
}

func (p *Plugin) verifyBackupCode(c *core.Ctx, in *VerifyBackupCodeInput) (VerifyReply, error) {
	return p.prove(c, in.TrustDevice, func(ctx context.Context, s *second) error {
		if s.row == nil {
			return core.Fail(http.StatusBadRequest, CodeBackupCodesNotEnabled)
		}
		if err := s.begin(ctx); err != nil {
			return err
		}
		codes, err := p.openCodes(ctx, c.Auth(), s.row.Codes)
		if err != nil {
			return err
		}
		left, ok := without(codes, in.Code)
		if !ok {
			return s.wrong(ctx, CodeInvalidBackupCode)
		}
		sealed, err := p.sealCodes(ctx, c.Auth(), left)
		if err != nil {
			return err
		}
		_, err = p.factors.Update(ctx, adapter.By("id", s.row.ID).And(fieldCodes, s.row.Codes), adapter.Record{fieldCodes: sealed})
		if core.IsNotFound(err) {
			// Another process was quicker.
			return core.FailText(http.StatusConflict, "Failed to verify backup code. Please try again.")
		}
		if err != nil {
			return err
		}
		s.report(ctx, EventBackupUsed, core.ErrorCode{})
		if in.DisableSession != nil && *in.DisableSession {
			s.reply.User = s.user
			if s.session != nil {
				s.reply.Token = &s.session.Session.Token
			}
		}
		return nil
	})
}

func (p *Plugin) generateBackupCodes(c *core.Ctx, in *PasswordInput) (BackupCodesReply, error) {
	u := &c.Session().User
	notEnabled := core.Fail(http.StatusBadRequest, CodeTwoFactorNotEnabled)
	if !enabled(u) {
		return BackupCodesReply{}, notEnabled
	}
	credential, err := p.checkPassword(c, in.Password, *p.opts.BackupCodes.AllowPasswordless)
	if err != nil {
		return BackupCodesReply{}, err
	}
	codes, sealed, err := p.newCodes(c, c.Auth())
	if err != nil {
		return BackupCodesReply{}, err
	}
	err = c.Auth().Store().Tx(c, func(ctx context.Context) error {
		if err := lockFor(ctx, c, u.ID, credential); err != nil {
			return err
		}
		_, err := p.factors.Update(ctx, adapter.By(fieldUser, u.ID), adapter.Record{fieldCodes: sealed})
		if core.IsNotFound(err) {
			return notEnabled
		}
		if err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventBackupCodes})
	})
	if err != nil {
		return BackupCodesReply{}, err
	}
	return BackupCodesReply{true, codes}, nil
}

// ViewBackupCodesInput is the input of ViewBackupCodes.
type ViewBackupCodesInput struct {
	UserID string `json:"userId" zod:"coerce" doc:"Id of the user"`
}

func (p *Plugin) viewBackupCodes(c *core.Ctx, in *ViewBackupCodesInput) (BackupCodesReply, error) {
	row, err := p.findFactor(c, in.UserID)
	if err != nil {
		return BackupCodesReply{}, err
	}
	if row == nil {
		return BackupCodesReply{}, core.Fail(http.StatusBadRequest, CodeBackupCodesNotEnabled)
	}
	codes, err := p.openCodes(c, c.Auth(), row.Codes)
	if err != nil {
		return BackupCodesReply{}, err
	}
	if codes == nil {
		return BackupCodesReply{}, core.Fail(http.StatusBadRequest, CodeInvalidBackupCode)
	}
	return BackupCodesReply{true, codes}, nil
}

// newCodes makes backup codes and their stored text.
func (p *Plugin) newCodes(ctx context.Context, a *core.Auth) (codes []string, sealed string, err error) {
	o := &p.opts.BackupCodes
	if o.Generate != nil {
		codes, err = o.Generate()
	} else {
		for range o.Amount {
			code, randErr := secret.Random(a.Rand(), o.Length, secret.Alphanumeric)
			if randErr != nil {
				return nil, "", randErr
			}
			codes = append(codes, code[:5]+"-"+code[5:])
		}
	}
	if err != nil {
		return nil, "", err
	}
	sealed, err = p.sealCodes(ctx, a, codes)
	return codes, sealed, err
}

// sealCodes returns the stored form of codes: a JSON list, encrypted.
func (p *Plugin) sealCodes(ctx context.Context, a *core.Auth, codes []string) (string, error) {
	items := make([]wire.Value, len(codes))
	for i, code := range codes {
		items[i] = wire.String(code)
	}
	text := string(wire.Array(items...).AppendJSON(nil))
	switch o := &p.opts.BackupCodes; {
	case o.Encrypt != nil:
		return o.Encrypt(ctx, text)
	case o.Store == Encrypted:
		return a.Keys().Encrypt(text)
	}
	return text, nil
}

// openCodes reads what sealCodes wrote; nil when it is no list.
func (p *Plugin) openCodes(ctx context.Context, a *core.Auth, text string) ([]string, error) {
	var err error
	switch o := &p.opts.BackupCodes; {
	case o.Decrypt != nil:
		text, err = o.Decrypt(ctx, text)
	case o.Store == Encrypted:
		text, err = a.Keys().Decrypt(text)
	}
	if err != nil {
		return nil, err
	}
	v, err := wire.Parse([]byte(text), wire.Limits{})
	items, isList := v.Items()
	if err != nil || !isList {
		return nil, nil
	}
	codes := make([]string, len(items))
	for i, item := range items {
		codes[i], _ = item.Str()
	}
	return codes, nil
}

// without returns the codes except one, and whether that was among them. It always
// compares all of them.
func without(codes []string, code string) (left []string, ok bool) {
	left = make([]string, 0, len(codes))
	for _, have := range codes {
		if secret.Equal(have, code) && code != "" {
			ok = true
			continue
		}
		left = append(left, have)
	}
	return left, ok
}
