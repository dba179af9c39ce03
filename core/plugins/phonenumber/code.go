package phonenumber

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/otp"
	"github.com/advantch/kernia-go/core/ratelimit"
)

// purpose separates the codes that one number can have: a code for one purpose is of no
// use for the other.
type purpose struct {
	identifier func(number string) string
	// later is the identifier of Better Auth 1.7. Codes under it are accepted, not made.
	later func(number string) string
}

var (
	toVerify = purpose{
		identifier: func(number string) string { return number },
		later:      func(number string) string { return "phone-number-otp-" + number },
	}
	toReset = purpose{
		identifier: func(number string) string { return number + "-request-password-reset" },
		later:      func(number string) string { return "phone-number-reset-" + number },
	}
)

// mayMessage limits the codes that are sent: they cost money, and whoever earns from calls
// to a number has an interest in many of them. It asks AllowMessage last, which may be
// slow.
func (p *Plugin) mayMessage(c *core.Ctx, number string) error {
	network, _ := c.IP() // without an address everyone shares one allowance
	for _, limit := range []struct {
		what string
		rule ratelimit.Rule
	}{{ID + "|network|" + network, p.opts.NetworkLimit}, {ID + "|number|" + number, p.opts.NumberLimit}} {
		if limit.rule.Max < 0 {
			continue
		}
		if err := c.Limit(limit.what, limit.rule); err != nil {
			return err
		}
	}
	if p.opts.AllowMessage == nil {
		return nil
	}
	ok, err := p.opts.AllowMessage(c, number)
	if err == nil && !ok {
		err = core.Fail(http.StatusBadRequest, CodeInvalidPhoneNumber)
	}
	return err
}

// keep makes a code for a number, in place of an earlier one for the same purpose.
func (p *Plugin) keep(ctx context.Context, to purpose, number string) (string, error) {
	code, err := p.codes.Make()
	if err != nil {
		return "", err
	}
	return code, p.codes.Keep(ctx, to.identifier(number), code)
}

// deliver sends a code after the answer, so that the time of the answer says nothing.
func (p *Plugin) deliver(c *core.Ctx, send func(ctx context.Context, m Message) error, number, code string) {
	m := Message{PhoneNumber: number, Code: code}
	c.Go("sending a code to a phone number", func(ctx context.Context) error { return send(ctx, m) }, code, number)
}

// prove counts an attempt and compares the code. Try.Use uses the code up, and one of its
// callers goes on: call it in the transaction that acts on the proof.
func (p *Plugin) prove(c *core.Ctx, to purpose, number, code string) (*otp.Try, error) {
	try, err := p.codes.Prove(c, to.identifier(number), code)
	if errors.Is(err, otp.ErrNone) {
		try, err = p.codes.Prove(c, to.later(number), code)
	}
	return try, refusal(err)
}

// proveNumber is prove for a code of send-otp, which VerifyOTP may check. use uses it up.
// made is zero for a code of VerifyOTP.
func (p *Plugin) proveNumber(c *core.Ctx, number, code string) (use func(ctx context.Context) error, made time.Time, err error) {
	if p.opts.VerifyOTP == nil {
		try, err := p.prove(c, toVerify, number, code)
		if err != nil {
			return nil, made, err
		}
		return func(ctx context.Context) error { return refusal(try.Use(ctx)) }, try.Made(), nil
	}
	ok, err := p.opts.VerifyOTP(c, Message{PhoneNumber: number, Code: code})
	if err == nil && !ok {
		err = refusal(otp.ErrWrong)
	}
	return func(ctx context.Context) error {
		return p.auth.Store().DeleteVerification(ctx, toVerify.identifier(number))
	}, made, err
}

// pending refuses a code whose user has recovered the account since it was made.
func (p *Plugin) pending(ctx context.Context, u *core.User, made time.Time) error {
	if made.IsZero() {
		return nil
	}
	ended, err := p.auth.Store().Ended(ctx, u, made)
	if err == nil && ended {
		err = refusal(otp.ErrNone)
	}
	return err
}

// refusal turns the errors of package otp into answers.
func refusal(err error) error {
	switch {
	case errors.Is(err, otp.ErrNone):
		return core.Fail(http.StatusBadRequest, CodeOTPNotFound)
	case errors.Is(err, otp.ErrExpired):
		return core.Fail(http.StatusBadRequest, CodeOTPExpired)
	case errors.Is(err, otp.ErrTooManyAttempts):
		return core.Fail(http.StatusForbidden, CodeTooManyAttempts)
	case errors.Is(err, otp.ErrWrong):
		return core.Fail(http.StatusBadRequest, CodeInvalidOTP)
	}
	return err
}
