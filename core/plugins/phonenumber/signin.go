package phonenumber

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core"
)

// SignInInput is the body of sign-in.
type SignInInput struct {
	PhoneNumber string `json:"phoneNumber" doc:"Phone number with country code, for example +15551234567"`
	Password    string `json:"password" doc:"Password"`
	RememberMe  *bool  `json:"rememberMe" doc:"False: the session ends with the browser. Default true"`
}

// SignInReply is {"token":…,"user":…}. Under CompatKernia the session follows.
type SignInReply struct {
	Token   string        `json:"token"`
	User    *core.User    `json:"user"`
	Session *core.Session `json:"session,omitempty"`
}

func (p *Plugin) signIn(c *core.Ctx, in *SignInInput) (SignInReply, error) {
	number, err := p.valid(c, in.PhoneNumber)
	if err != nil {
		return SignInReply{}, err
	}
	user, accounts, err := c.Auth().Store().FindUserAccountsBy(c, PhoneNumber.Name, number)
	if err != nil && !core.IsNotFound(err) {
		return SignInReply{}, err
	}
	data, err := c.SignInByPassword(core.PasswordSignIn{
		Method: Method, User: user, Accounts: accounts, Password: in.Password, Forget: in.RememberMe != nil && !*in.RememberMe,
		Wrong: core.Fail(http.StatusUnauthorized, CodeInvalidPhoneNumberOrPassword), Failed: CodeInvalidPhoneNumberOrPassword,
		Check:   func() error { return p.mayEnter(c, user, number) },
		Confirm: func(ctx context.Context) error { return p.confirm(ctx, user, number) },
		// The address may be a placeholder, which nobody can verify.
		AnyEmail: true,
	})
	if err != nil {
		return SignInReply{}, err
	}
	reply := SignInReply{Token: data.Session.Token, User: &data.User}
	if c.Auth().Compat() == core.CompatKernia {
		reply.Session = &data.Session
	}
	return reply, nil
}

// usable reports whether a user can sign in by a code, or by a password.
func (p *Plugin) usable(_ context.Context, u *core.User, accounts []*core.Account) (bool, error) {
	number, _ := PhoneNumber.Of(u.Extra)
	return number != "" && verified(u) && (p.opts.SendOTP != nil || core.HasPassword(accounts)), nil
}

// mayEnter refuses a user with an unverified number and sends a code. Only who knows the
// password learns that the number is not verified, and causes a message.
func (p *Plugin) mayEnter(c *core.Ctx, user *core.User, number string) error {
	if !p.opts.RequireVerification || verified(user) {
		return nil
	}
	c.Emit(core.Event{Type: core.EventSignInFailed, UserID: user.ID, Method: Method, Code: CodeNotVerified.Code})
	if p.opts.SendOTP != nil {
		if err := p.sendCode(c, number); err != nil {
			return err
		}
	}
	return core.Fail(http.StatusUnauthorized, CodeNotVerified)
}

// confirm checks that the number is still the user's.
func (p *Plugin) confirm(ctx context.Context, user *core.User, number string) error {
	owner, err := p.find(ctx, number)
	if err == nil && owner.ID != user.ID {
		return core.ErrNotFound
	}
	return err
}
