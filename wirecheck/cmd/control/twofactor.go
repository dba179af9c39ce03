package main

import (
	"context"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/wire"
)

func (i *instance) twoFactor(s *section) core.Plugin {
	o := twofactor.Options{
		Issuer: s.text("issuer"), SkipVerificationOnEnable: s.flag("skipVerificationOnEnable"), AllowPasswordless: s.flag("allowPasswordless"),
		Table: s.text("twoFactorTable"), Columns: map[string]string{},
	}
	o.ChallengeTTL, _ = s.seconds("twoFactorCookieMaxAge")
	o.TrustDeviceTTL, _ = s.seconds("trustDeviceMaxAge")

	t := s.sub("totpOptions")
	o.TOTP = twofactor.TOTPOptions{Disable: t.flag("disable"), Issuer: t.text("issuer"), AllowPasswordless: t.choice("allowPasswordless")}
	o.TOTP.Digits = t.whole("digits")
	o.TOTP.Period, _ = t.seconds("period")

	otp := s.sub("otpOptions")
	o.OTP = twofactor.OTPOptions{Digits: otp.whole("digits"), AllowedAttempts: otp.whole("allowedAttempts")}
	if minutes, ok := otp.number("period"); ok {
		o.OTP.TTL = time.Duration(minutes * float64(time.Minute))
	}
	if f := otp.function("sendOTP"); f != nil {
		o.OTP.Send = func(ctx context.Context, m twofactor.Message) error {
			_, err := f.call(ctx, object("user", encodeUser(m.User), "otp", m.Code), contextOf(ctx, false))
			return err
		}
	}
	if _, own := otp.get("storeOTP").Obj(); own {
		kept := otp.sub("storeOTP")
		o.OTP.Hash, o.OTP.Encrypt, o.OTP.Decrypt = kept.texter("hash"), kept.texter("encrypt"), kept.texter("decrypt")
	} else {
		o.OTP.Store = twofactor.Storage(otp.text("storeOTP"))
	}

	b := s.sub("backupCodeOptions")
	o.BackupCodes = twofactor.BackupCodeOptions{Amount: b.whole("amount"), Length: b.whole("length"), AllowPasswordless: b.choice("allowPasswordless")}
	if f := b.function("customBackupCodesGenerate"); f != nil {
		o.BackupCodes.Generate = func() ([]string, error) {
			v, err := f.call(context.Background())
			items, _ := v.Items()
			codes := make([]string, len(items))
			for n, item := range items {
				codes[n], _ = item.Str()
			}
			return codes, err
		}
	}
	if _, own := b.get("storeBackupCodes").Obj(); own {
		kept := b.sub("storeBackupCodes")
		o.BackupCodes.Encrypt, o.BackupCodes.Decrypt = kept.texter("encrypt"), kept.texter("decrypt")
	} else {
		o.BackupCodes.Store = twofactor.Storage(b.text("storeBackupCodes"))
	}

	names := s.sub("schema")
	table := names.sub("twoFactor")
	if name := table.text("modelName"); name != "" {
		o.Table = name
	}
	for _, renamed := range []*section{table, names.sub("user")} {
		for name, column := range columns(renamed) {
			o.Columns[name] = column
		}
	}
	return twofactor.New(o)
}

// whole reads a whole number, 0 when there is none.
func (s *section) whole(name string) int {
	n, _ := s.number(name)
	return int(n)
}

// choice reads a flag that may be left open.
func (s *section) choice(name string) *bool {
	if !s.has(name) {
		return nil
	}
	return new(s.flag(name))
}

// texter reads a function from text to text, nil when there is none.
func (s *section) texter(name string) func(context.Context, string) (string, error) {
	f := s.function(name)
	if f == nil {
		return nil
	}
	return func(ctx context.Context, text string) (string, error) {
		v, err := f.call(ctx, wire.String(text))
		made, _ := v.Str()
		return made, err
	}
}
