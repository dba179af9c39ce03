package emailotp_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/ratelimit"
)

func reversed(_ context.Context, s string) (string, error) {
	out := []byte{}
	for i := len(s) - 1; i >= 0; i-- {
		out = append(out, s[i])
	}
	return string(out), nil
}

func TestStorage(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]emailotp.Options{
		"default": {}, "plain": {Store: emailotp.Plain}, "hashed": {Store: emailotp.Hashed}, "encrypted": {Store: emailotp.Encrypted},
		"own hash": {Hash: reversed}, "own encryption": {Encrypt: reversed, Decrypt: reversed},
	} {
		t.Run("OTP-10 "+name, func(t *testing.T) {
			t.Parallel()
			e := start(t, options(func(p *emailotp.Options) {
				p.Store, p.Hash, p.Encrypt, p.Decrypt, p.Resend = o.Store, o.Hash, o.Encrypt, o.Decrypt, emailotp.Reuse
			}))
			first := ask(t, e, signInType, email)
			v, err := e.Auth.Store().FindVerification(t.Context(), "sign-in-otp-"+email)
			if err != nil || strings.Contains(v.Value, first) != (name == "plain") {
				t.Errorf("stored as %v, %v", v, err)
			}
			p, _ := emailotp.From(e.Auth)
			got, err := p.GetVerificationOTP.Call(t.Context(), &emailotp.GetInput{Email: "ADA@example.com", Type: signInType})
			hashed := name == "hashed" || name == "own hash"
			if hashed != core.HasCode(err, core.ErrorCode{Code: "OTP_IS_HASHED_CANNOT_RETURN_THE_PLAIN_TEXT_OTP"}) || !hashed && (got.OTP == nil || *got.OTP != first) {
				t.Errorf("read %v, %v", got.OTP, err)
			}
			signIn(e, email, wrong(first)).Want(t, 400, "INVALID_OTP")
			e.Clock.Add(4 * time.Minute)
			second := ask(t, e, signInType, email)
			if !hashed && second != first {
				t.Errorf("%s was sent after %s", second, first)
			}
			e.Clock.Add(4 * time.Minute)
			signIn(e, email, second).Want(t, 200, "")
			if got, err := p.GetVerificationOTP.Call(t.Context(), &emailotp.GetInput{Email: email, Type: signInType}); err != nil || got.OTP != nil {
				t.Errorf("read %v, %v after use", got.OTP, err)
			}
		})
	}
	t.Run("the default of a server beside Better Auth is plain", func(t *testing.T) {
		t.Parallel()
		e := start(t, func(_ *authtest.Env, o *core.Options, _ *emailotp.Options, _ *emailpassword.Options) {
			o.Compat = core.CompatBetterAuth
		})
		c := ask(t, e, signInType, email)
		if v, err := e.Auth.Store().FindVerification(t.Context(), "sign-in-otp-"+email); err != nil || v.Value != c+":0" {
			t.Errorf("stored as %v, %v", v, err)
		}
	})
}

// Sending a code again must not allow more guesses at it.
func TestOTP04Reuse(t *testing.T) {
	t.Parallel()
	e := start(t, options(func(p *emailotp.Options) { p.Resend = emailotp.Reuse }))
	c := ask(t, e, signInType, email)
	for range 3 {
		signIn(e, email, wrong(c)).Want(t, 400, "INVALID_OTP")
		c = ask(t, e, signInType, email)
	}
	if m := e.Mails(); m[0].Token != m[1].Token || m[1].Token != m[2].Token {
		t.Errorf("sent %+v", m)
	}
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	t.Run("OTP-09 the built-in generator uses all digits", func(t *testing.T) {
		t.Parallel()
		e := start(t, options(func(p *emailotp.Options) { p.Digits = 12 }))
		p, _ := emailotp.From(e.Auth)
		var counts [10]int
		const draws = 500
		for range draws {
			made, err := p.CreateVerificationOTP.Call(t.Context(), &emailotp.CreateInput{Email: email, Type: signInType})
			if err != nil || len(made) != 12 {
				t.Fatalf("%d digits, %v", len(made), err)
			}
			for _, d := range []byte(made) {
				counts[d-'0']++
			}
		}
		var chi float64
		expected := float64(draws*12) / 10
		for _, n := range counts {
			chi += (float64(n) - expected) * (float64(n) - expected) / expected
		}
		if chi > 40 { // 9 degrees of freedom: less than one in 100000
			t.Errorf("chi-square %v of %v", chi, counts)
		}
	})
	t.Run("an own generator", func(t *testing.T) {
		t.Parallel()
		e := start(t, options(func(p *emailotp.Options) {
			p.Generate = func(_ context.Context, address string, kind emailotp.Type) (string, error) {
				switch address {
				case email:
					return "for " + string(kind), nil
				case other:
					return "", nil
				}
				return "", errors.New("no code today")
			}
		}))
		if c := ask(t, e, signInType, email); c != "for sign-in" {
			t.Errorf("sent %q", c)
		}
		signIn(e, email, "for sign-in").Want(t, 200, "")
		if c := ask(t, e, signInType, other); len(c) != 6 {
			t.Errorf("sent %q", c)
		}
		e.Client().Post("/email-otp/send-verification-otp", body{"email": "eve@example.com", "type": signInType}).Want(t, 500, "INTERNAL_SERVER_ERROR")
	})
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	send := func(context.Context, emailotp.Message) error { return nil }
	for want, o := range map[string]emailotp.Options{
		`Resend is "often"`:         {Send: send, Resend: "often"},
		"RateLimit must":            {Send: send, RateLimit: ratelimit.Rule{Max: -1}},
		"SendLimit.Window":          {Send: send, SendLimit: ratelimit.Rule{Window: time.Nanosecond}},
		"Options.Send is nil":       {},
		"needs ChangeEmail.Enabled": {Send: send, ChangeEmail: emailotp.ChangeEmailOptions{VerifyCurrent: true}},
		"Digits is 3":               {Send: send, Digits: 3},
		"TTL is 1ms":                {Send: send, TTL: time.Millisecond},
		"AllowedAttempts":           {Send: send, AllowedAttempts: -1},
		`Store "bag"`:               {Send: send, Store: "bag"},
	} {
		e := authtest.NewEnv(t)
		if _, err := core.New(e.Options(emailotp.New(o))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
