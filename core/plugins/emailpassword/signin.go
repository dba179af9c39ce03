package emailpassword

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/validate"
)

// SignInInput is the body of sign-in.
type SignInInput struct {
	Email       string  `json:"email" doc:"E-mail address"`
	Password    string  `json:"password" doc:"Password"`
	CallbackURL *string `json:"callbackURL" doc:"Where the client goes after sign-in"`
	RememberMe  *bool   `json:"rememberMe" doc:"False: the session ends with the browser. Default true"`
}

func (p *Plugin) signIn(c *core.Ctx, in *SignInInput) (core.PasswordReply, error) {
	if p.opts.DisableSignIn {
		return core.PasswordReply{}, core.Fail(http.StatusBadRequest, CodeSignInDisabled)
	}
	if !validate.Email(in.Email) {
		return core.PasswordReply{}, core.Fail(http.StatusBadRequest, core.CodeInvalidEmail)
	}
	user, accounts, err := c.Auth().Store().FindUserAccounts(c, in.Email)
	if err != nil && !core.IsNotFound(err) {
		return core.PasswordReply{}, err
	}
	data, err := c.SignInByPassword(core.PasswordSignIn{
		Method: method, User: user, Accounts: accounts, Password: in.Password,
		Forget: in.RememberMe != nil && !*in.RememberMe, CallbackURL: validate.Value(in.CallbackURL),
		Wrong: wrongCredentials(c.Auth()), Failed: core.CodeInvalidEmailOrPassword,
	})
	if err != nil {
		return core.PasswordReply{}, err
	}
	return c.PasswordReplyOf(data, in.CallbackURL), nil
}
