package twofactor

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/wire"
)

// PasswordInput is the body of operations that ask for the password again.
type PasswordInput struct {
	Password string `json:"password" doc:"The user's password; with AllowPasswordless it may be absent"`
}

// EnableInput is the body of enable.
type EnableInput struct {
	Password string  `json:"password" doc:"The user's password; with AllowPasswordless it may be absent"`
	Issuer   *string `json:"issuer" doc:"What the authenticator app shows beside the address"`
}

// EnableReply is {"totpURI":…,"backupCodes":[…]}.
type EnableReply struct {
	TOTPURI     string   `json:"totpURI"`
	BackupCodes []string `json:"backupCodes"`
}

func (p *Plugin) enable(c *core.Ctx, in *EnableInput) (EnableReply, error) {
	a, current := c.Auth(), c.Session()
	credential, err := p.checkPassword(c, in.Password, p.opts.AllowPasswordless)
	if err != nil {
		return EnableReply{}, err
	}
	key, err := secret.Random(a.Rand(), 32, urlSafe)
	if err != nil {
		return EnableReply{}, err
	}
	sealed, err := a.Keys().Encrypt(key)
	if err != nil {
		return EnableReply{}, err
	}
	codes, sealedCodes, err := p.newCodes(c, a)
	if err != nil {
		return EnableReply{}, err
	}
	on := p.opts.SkipVerificationOnEnable
	err = a.Store().Tx(c, func(ctx context.Context) error {
		if err := lockFor(ctx, c, current.User.ID, credential); err != nil {
			return err
		}
		if on {
			u, err := a.Store().UpdateUser(ctx, current.User.ID, adapter.Record{Enabled.Name: true})
			if err != nil {
				return err
			}
			if _, err := renew(ctx, c, current, u); err != nil {
				return err
			}
		}
		old, err := p.findFactor(ctx, current.User.ID)
		if err != nil {
			return err
		}
		if _, err := p.factors.Delete(ctx, adapter.By(fieldUser, current.User.ID)); err != nil {
			return err
		}
		verified := old != nil && old.verified() || on
		_, err = p.factors.Create(ctx, &factor{
			Secret: sealed, Codes: sealedCodes, UserID: current.User.ID, Verified: &verified, Failures: new(int64),
		})
		if err == nil && on {
			err = c.EmitIn(ctx, core.Event{Type: EventEnabled})
		}
		if err != nil || !enabled(&current.User) {
			return err
		}
		return p.forgetDevices(ctx, a, current.User.ID)
	})
	if err != nil {
		return EnableReply{}, noSession(err)
	}
	issuer := p.opts.Issuer
	if in.Issuer != nil {
		// A client's issuer is cleaned, so that the app reads it as intended.
		if named := strings.TrimSpace(strings.ReplaceAll(*in.Issuer, ":", "")); named != "" {
			issuer = named
		}
	}
	return EnableReply{p.uri(c, key, issuer), codes}, nil
}

func (p *Plugin) disable(c *core.Ctx, in *PasswordInput) (core.StatusReply, error) {
	a, current := c.Auth(), c.Session()
	credential, err := p.checkPassword(c, in.Password, p.opts.AllowPasswordless)
	if err != nil {
		return core.StatusReply{}, err
	}
	cookie := c.NewCookie(deviceCookie, p.opts.TrustDeviceTTL)
	device, trusted := c.SignedCookie(cookie.Name)
	err = a.Store().Tx(c, func(ctx context.Context) error {
		store := a.Store()
		if err := lockFor(ctx, c, current.User.ID, credential); err != nil {
			return err
		}
		u, err := store.UpdateUser(ctx, current.User.ID, adapter.Record{Enabled.Name: false})
		if err != nil {
			return err
		}
		if _, err := p.factors.Delete(ctx, adapter.By(fieldUser, u.ID)); err != nil {
			return err
		}
		if _, err := renew(ctx, c, current, u); err != nil {
			return err
		}
		if _, id, ok := strings.Cut(device, "!"); ok && strings.HasPrefix(id, devicePrefix) {
			if err := store.DeleteVerification(ctx, id); err != nil {
				return err
			}
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventDisabled}); err != nil || !enabled(&current.User) {
			return err
		}
		return p.forgetDevices(ctx, a, u.ID)
	})
	if err != nil {
		return core.StatusReply{}, noSession(err)
	}
	if trusted {
		c.ExpireCookie(cookie)
	}
	return core.StatusReply{Status: true}, nil
}

func noSession(err error) error {
	if errors.Is(err, core.ErrAbort) {
		return core.Fail(http.StatusInternalServerError, codeNoSession)
	}
	return err
}

// checkPassword asks for the caller's password again. It returns the account, nil for
// a user who has no password and needs none.
func (p *Plugin) checkPassword(c *core.Ctx, password string, passwordless bool) (*core.Account, error) {
	wrong := core.Fail(http.StatusBadRequest, core.CodeInvalidPassword)
	credential, err := c.Auth().Store().FindCredential(c, c.Session().User.ID)
	if err != nil && !core.IsNotFound(err) {
		return nil, err
	}
	if err != nil && passwordless {
		return nil, nil
	}
	if password == "" {
		return nil, wrong
	}
	ok, err := c.Auth().VerifyPassword(c, credential, password)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, wrong
	}
	return credential, nil
}

// lockFor makes changes of a user's second factor take turns. It fails when the
// password has been changed since it was checked.
func lockFor(ctx context.Context, c *core.Ctx, userID string, credential *core.Account) error {
	store := c.Auth().Store()
	err := store.LockUser(ctx, userID)
	if err == nil && credential != nil {
		err = store.ConfirmPassword(ctx, credential)
	}
	if core.IsNotFound(err) {
		return core.Fail(http.StatusBadRequest, core.CodeInvalidPassword)
	}
	return err
}

// passwordless allows requests without a password on routes that allow users without
// one. An absent password counts as empty, and is refused for a user who has one.
func (p *Plugin) passwordless() []core.Hook {
	var paths []string
	if p.opts.AllowPasswordless {
		paths = append(paths, "/two-factor/enable", "/two-factor/disable")
	}
	if *p.opts.TOTP.AllowPasswordless {
		paths = append(paths, "/two-factor/get-totp-uri")
	}
	if *p.opts.BackupCodes.AllowPasswordless {
		paths = append(paths, "/two-factor/generate-backup-codes")
	}
	if len(paths) == 0 {
		return nil
	}
	return []core.Hook{{Match: core.Paths(paths...), Fills: []string{"password"}, Run: func(c *core.Ctx) error {
		if body, ok := c.Body().Obj(); ok {
			if _, given := body.Get("password"); !given {
				body.Set("password", wire.String(""))
			}
		}
		return nil
	}}}
}
