package main

import (
	"context"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/wire"
)

func init() { factories["phoneNumber"] = (*instance).phoneNumber }

func (i *instance) phoneNumber(s *section) core.Plugin {
	o := phonenumber.Options{OTPLength: s.whole("otpLength"), AllowedAttempts: s.whole("allowedAttempts"), RequireVerification: s.flag("requireVerification")}
	o.TTL, _ = s.seconds("expiresIn")
	o.SendOTP, o.SendPasswordResetOTP = s.phoneSender("sendOTP"), s.phoneSender("sendPasswordResetOTP")
	if f := s.function("verifyOTP"); f != nil {
		o.VerifyOTP = func(ctx context.Context, m phonenumber.Message) (bool, error) {
			v, err := f.call(ctx, encodeMessage(m), contextOf(ctx, false))
			return v.Truthy(), err
		}
	}
	if f := s.function("phoneNumberValidator"); f != nil {
		o.ValidatePhoneNumber = func(ctx context.Context, number string) (bool, error) {
			v, err := f.call(ctx, wire.String(number))
			return v.Truthy(), err
		}
	}
	if f := s.function("callbackOnVerification"); f != nil {
		o.OnVerification = func(ctx context.Context, v phonenumber.Verified) error {
			_, err := f.call(ctx, object("phoneNumber", v.PhoneNumber, "user", encodeUser(v.User)), contextOf(ctx, false))
			return err
		}
	}
	if s.has("signUpOnVerification") {
		signUp := s.sub("signUpOnVerification")
		o.SignUp = &phonenumber.SignUp{TempEmail: signUp.ofNumber("getTempEmail"), TempName: signUp.ofNumber("getTempName")}
	}
	o.Columns = columns(s.sub("schema").sub("user"))
	return phonenumber.New(o)
}

func encodeMessage(m phonenumber.Message) wire.Value {
	return object("phoneNumber", m.PhoneNumber, "code", m.Code)
}

// phoneSender reads a function that sends a code, nil when there is none.
func (s *section) phoneSender(name string) func(context.Context, phonenumber.Message) error {
	f := s.function(name)
	if f == nil {
		return nil
	}
	return func(ctx context.Context, m phonenumber.Message) error {
		_, err := f.call(ctx, encodeMessage(m), contextOf(ctx, false))
		return err
	}
}

// ofNumber reads a function that makes text of a phone number, nil when there is none.
func (s *section) ofNumber(name string) func(string) string {
	write := s.texter(name)
	if write == nil {
		return nil
	}
	return func(number string) string {
		text, _ := write(context.Background(), number)
		return text
	}
}
