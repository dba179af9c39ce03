package main

import (
	"context"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/wire"
)

func (i *instance) user(o *core.Options, s *section) {
	u := &o.User
	u.TableOptions = i.table1(s)
	c := s.sub("changeEmail")
	u.ChangeEmail.Enabled = c.flag("enabled")
	u.ChangeEmail.UpdateWithoutVerification = c.flag("updateEmailWithoutVerification")
	if f := c.function("sendChangeEmailConfirmation"); f != nil {
		u.ChangeEmail.SendConfirmation = func(ctx context.Context, m core.ChangeEmailMail) error {
			_, err := f.call(ctx, object("user", encodeUser(m.User), "newEmail", m.NewEmail, "url", m.URL, "token", m.Token), requestOf(ctx))
			return err
		}
	}
	d := s.sub("deleteUser")
	u.DeleteUser.Enabled = d.flag("enabled")
	u.DeleteUser.TokenTTL, _ = d.seconds("deleteTokenExpiresIn")
	u.DeleteUser.SendVerification = mailer(d.function("sendDeleteAccountVerification"))
	u.DeleteUser.BeforeDelete = told(d.function("beforeDelete"))
	u.DeleteUser.AfterDelete = told(d.function("afterDelete"))
}

func (i *instance) emailVerification(o *core.Options, s *section) {
	e := &o.EmailVerification
	e.Send = mailer(s.function("sendVerificationEmail"))
	if s.has("sendOnSignUp") {
		e.SendOnSignUp = new(s.flag("sendOnSignUp"))
	}
	e.SendOnSignIn = s.flag("sendOnSignIn")
	e.AutoSignIn = s.flag("autoSignInAfterVerification")
	e.TTL, _ = s.seconds("expiresIn")
	e.Before = told(s.function("beforeEmailVerification"))
	e.After = told(s.function("afterEmailVerification"))
}

// mailer calls a sender of mails with a link; nil makes none.
func mailer(f *callback) func(context.Context, core.Mail) error {
	if f == nil {
		return nil
	}
	return func(ctx context.Context, m core.Mail) error {
		_, err := f.call(ctx, object("user", encodeUser(m.User), "url", m.URL, "token", m.Token), requestOf(ctx))
		return err
	}
}

// told calls a function (user, request).
func told(f *callback) func(context.Context, *core.User) error {
	if f == nil {
		return nil
	}
	return func(ctx context.Context, u *core.User) error {
		_, err := f.call(ctx, encodeUser(u), requestOf(ctx))
		return err
	}
}

// toldOf calls a function ({user}, request).
func toldOf(f *callback) func(context.Context, *core.User) error {
	if f == nil {
		return nil
	}
	return func(ctx context.Context, u *core.User) error {
		_, err := f.call(ctx, object("user", encodeUser(u)), requestOf(ctx))
		return err
	}
}

func (i *instance) emailPassword(s *section) core.Plugin {
	enabled := s.flag("enabled")
	o := emailpassword.Options{
		DisableSignIn:            !enabled,
		DisableSignUp:            !enabled || s.flag("disableSignUp"),
		DisableAutoSignIn:        !s.flagOr("autoSignIn", true),
		RequireEmailVerification: s.flag("requireEmailVerification"),
		SendResetPassword:        mailer(s.function("sendResetPassword")),
		RevokeSessionsOnReset:    s.flag("revokeSessionsOnPasswordReset"),
		OnPasswordReset:          toldOf(s.function("onPasswordReset")),
		OnExistingUserSignUp:     toldOf(s.function("onExistingUserSignUp")),
	}
	s.flag("disableSignUp")
	o.ResetTokenTTL, _ = s.seconds("resetPasswordTokenExpiresIn")
	least, _ := s.number("minPasswordLength")
	most, _ := s.number("maxPasswordLength")
	o.MinPasswordLength, o.MaxPasswordLength = int(least), int(most)
	if f := s.function("customSyntheticUser"); f != nil {
		o.SyntheticUser = func(u *core.User) { i.syntheticUser(f, u) }
	}
	p := s.sub("password")
	if f := p.function("hash"); f != nil {
		o.Hash = func(ctx context.Context, password string) (string, error) {
			v, err := f.call(ctx, wire.String(password))
			hash, _ := v.Str()
			return hash, err
		}
	}
	if f := p.function("verify"); f != nil {
		o.Verify = func(ctx context.Context, hash, password string) (bool, error) {
			v, err := f.call(ctx, object("hash", hash, "password", password))
			return v.Truthy(), err
		}
	}
	if i.quick && o.Hash == nil && o.Verify == nil {
		o.Hash, o.Verify = quickHashing{}.hash, quickHashing{}.verify
	}
	return emailpassword.New(o)
}

// syntheticUser lets a function of the options make the user that stands for
// an address in use.
func (i *instance) syntheticUser(f *callback, u *core.User) {
	fields := userRecord(u)
	delete(fields, "id")
	extra := adapter.Record{}
	for name, v := range u.Extra {
		extra[name] = v
		delete(fields, name)
	}
	v, err := f.call(context.Background(), object("coreFields", encodeRecord(fields), "additionalFields", encodeRecord(extra), "id", u.ID))
	if err != nil {
		return
	}
	t, _ := i.auth.Schema().Table(core.ModelUser)
	if rec, err := decodeRecord(t, v); err == nil {
		setUser(u, rec)
	}
}
