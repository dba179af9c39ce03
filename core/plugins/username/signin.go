package username

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/validate"
)

// SignInInput is the body of sign-in.
type SignInInput struct {
	Username    string  `json:"username" doc:"The username of the user"`
	Password    string  `json:"password" doc:"The password of the user"`
	RememberMe  *bool   `json:"rememberMe" doc:"False: the session ends with the browser. Default true"`
	CallbackURL *string `json:"callbackURL" doc:"Where the client goes after sign-in"`
}

// usable reports whether a user has a name and a password.
func usable(_ context.Context, u *core.User, accounts []*core.Account) (bool, error) {
	name, _ := Username.Of(u.Extra)
	return name != "" && core.HasPassword(accounts), nil
}

func (p *Plugin) signIn(c *core.Ctx, in *SignInInput) (core.PasswordReply, error) {
	wrong := core.Fail(http.StatusUnauthorized, CodeInvalidUsernameOrPassword)
	if in.Username == "" || in.Password == "" {
		return core.PasswordReply{}, wrong
	}
	name := in.Username
	if p.opts.Order == PreNormalization {
		name = p.opts.Normalize(name)
	}
	if err := p.validateName(c, name, http.StatusUnprocessableEntity); err != nil {
		return core.PasswordReply{}, err
	}
	user, accounts, err := c.Auth().Store().FindUserAccountsBy(c, Username.Name, p.opts.Normalize(name))
	if err != nil && !core.IsNotFound(err) {
		return core.PasswordReply{}, err
	}
	data, err := c.SignInByPassword(core.PasswordSignIn{
		Method: ID, User: user, Accounts: accounts, Password: in.Password,
		Forget: in.RememberMe != nil && !*in.RememberMe, CallbackURL: validate.Value(in.CallbackURL),
		Wrong: wrong, Failed: CodeInvalidUsernameOrPassword,
	})
	if core.HasCode(err, core.CodeFailedToCreateSession) {
		// Better Auth 1.6 answers 500 here, and 401 to a sign-in by address.
		return core.PasswordReply{}, core.Fail(http.StatusInternalServerError, core.CodeFailedToCreateSession)
	}
	if err != nil {
		return core.PasswordReply{}, err
	}
	return c.PasswordReplyOf(data, in.CallbackURL), nil
}

// byName counts the hashes of a sign-in by its name.
func (p *Plugin) byName(c *core.Ctx) string {
	name, _ := c.Body().Get("username").Str()
	if name == "" {
		return ""
	}
	return "username:" + p.opts.Normalize(name)
}
