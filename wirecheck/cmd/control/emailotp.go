package main

import (
	"context"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
)

func init() { factories["emailOTP"] = emailOTP }

// emailOTP maps the options of Better Auth's emailOTP.
func emailOTP(_ *instance, s *section) core.Plugin {
	o := emailotp.Options{
		Digits: s.whole("otpLength"), AllowedAttempts: s.whole("allowedAttempts"), Resend: emailotp.Resend(s.text("resendStrategy")),
		DisableSignUp: s.flag("disableSignUp"), SendOnSignUp: s.flag("sendVerificationOnSignUp"),
		ReplaceVerificationMail: s.flag("overrideDefaultEmailVerification"),
	}
	o.TTL, _ = s.seconds("expiresIn")
	if f := s.function("sendVerificationOTP"); f != nil {
		o.Send = func(ctx context.Context, m emailotp.Message) error {
			_, err := f.call(ctx, object("email", m.Email, "otp", m.Code, "type", string(m.Type)), contextOf(ctx, false))
			return err
		}
	}
	if f := s.function("generateOTP"); f != nil {
		o.Generate = func(ctx context.Context, email string, t emailotp.Type) (string, error) {
			v, err := f.call(ctx, object("email", email, "type", string(t)), contextOf(ctx, false))
			made, _ := v.Str()
			return made, err
		}
	}
	if _, own := s.get("storeOTP").Obj(); own {
		kept := s.sub("storeOTP")
		o.Hash, o.Encrypt, o.Decrypt = kept.texter("hash"), kept.texter("encrypt"), kept.texter("decrypt")
	} else {
		o.Store = emailotp.Storage(s.text("storeOTP"))
	}
	change := s.sub("changeEmail")
	o.ChangeEmail = emailotp.ChangeEmailOptions{Enabled: change.flag("enabled"), VerifyCurrent: change.flag("verifyCurrentEmail")}
	rate := s.sub("rateLimit")
	o.RateLimit.Max = rate.whole("max")
	o.RateLimit.Window, _ = rate.seconds("window")
	return emailotp.New(o)
}
