package emailotp

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/otp"
	"github.com/advantch/kernia-go/core/validate"
)

// Type is what a code is for. A code of one type is worthless for another.
type Type string

// The types of codes.
const (
	TypeSignIn            Type = "sign-in"
	TypeEmailVerification Type = "email-verification"
	TypeForgetPassword    Type = "forget-password"
	TypeChangeEmail       Type = "change-email"
)

// Message is a code to mail to an address.
type Message struct {
	Email string
	Code  string
	Type  Type
}

// identifier names the code of an address. Better Auth finds it under the same name.
func identifier(t Type, email string) string { return string(t) + "-otp-" + email }

// changeIdentifier names the code of a user's change of address. It begins with the user's
// id, as in Better Auth 1.7: two addresses in a row can be cut in more than one way.
func changeIdentifier(userID, newEmail string) string {
	return identifier(TypeChangeEmail, userID+":"+newEmail)
}

// address returns the canonical form of an address, or INVALID_EMAIL.
func address(email string) (string, error) {
	if !validate.Email(email) {
		return "", core.Fail(http.StatusBadRequest, core.CodeInvalidEmail)
	}
	return core.NormalizeEmail(email), core.CheckNewEmail(email)
}

// newCode makes a code. It stores nothing.
func (p *Plugin) newCode(ctx context.Context, t Type, email string) (string, error) {
	if p.opts.Generate != nil {
		code, err := p.opts.Generate(ctx, email, t)
		if err != nil || code != "" {
			return code, err
		}
	}
	return p.codes.Make()
}

// renew makes and stores the code of an address. It replaces the one before.
func (p *Plugin) renew(ctx context.Context, t Type, email string) (string, error) {
	code, err := p.newCode(ctx, t, email)
	if err != nil {
		return "", err
	}
	return code, p.codes.Keep(ctx, identifier(t, email), code)
}

// codeToSend returns the live code of an address where Resend says so, or renews it.
func (p *Plugin) codeToSend(ctx context.Context, t Type, email string) (string, error) {
	if p.opts.Resend == Reuse {
		code, err := p.codes.Reuse(ctx, identifier(t, email))
		if !errors.Is(err, otp.ErrExpired) {
			return code, err
		}
	}
	return p.renew(ctx, t, email)
}

// try counts an attempt and compares. The error is the answer to a refused code. The
// attempt is counted before, and stays, so call try outside of transactions.
func (p *Plugin) try(c *core.Ctx, identifier, code string) (*otp.Try, error) {
	t, err := p.codes.Prove(c, identifier, code)
	switch {
	case errors.Is(err, otp.ErrTooManyAttempts):
		return nil, core.Fail(http.StatusForbidden, CodeTooManyAttempts)
	case errors.Is(err, otp.ErrNone), errors.Is(err, otp.ErrWrong):
		return nil, core.Fail(http.StatusBadRequest, CodeInvalidOTP)
	case errors.Is(err, otp.ErrExpired):
		if err := c.Auth().Store().DeleteVerification(c, identifier); err != nil {
			return nil, err
		}
		return nil, core.Fail(http.StatusBadRequest, CodeOTPExpired)
	}
	return t, err
}

// use uses up a right code. Of several callers all but one are refused.
func use(ctx context.Context, t *otp.Try) error {
	err := t.Use(ctx)
	if errors.Is(err, otp.ErrExpired) {
		return core.Fail(http.StatusBadRequest, CodeInvalidOTP)
	}
	return err
}

// pending refuses a code that was made before the user was, or whose user has recovered the
// account since, such as by a new password.
func pending(ctx context.Context, store *core.Store, u *core.User, t *otp.Try) error {
	ended, err := store.Ended(ctx, u, t.Made())
	if err == nil && (ended || t.Made().Before(u.CreatedAt)) {
		err = core.Fail(http.StatusBadRequest, CodeInvalidOTP)
	}
	return err
}

// finish ends an attempt with a right code. When what it was for has failed, the code is
// still there, and has its attempt back.
func finish(ctx context.Context, t *otp.Try, err error) error {
	if err != nil && !errors.Is(err, core.ErrHeld) {
		_ = t.Undo(ctx) // err is what the caller has to know
	}
	return err
}
