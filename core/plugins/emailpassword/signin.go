package emailpassword

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/validate"
)

// SignInInput is the body of sign-in.
type SignInInput struct {
	Email       string  `json:"email" doc:"E-mail address"`
	Password    string  `json:"password" doc:"Password"`
	CallbackURL *string `json:"callbackURL" doc:"Where the client goes after sign-in"`
	RememberMe  *bool   `json:"rememberMe" doc:"False: the session ends with the browser. Default true"`
}

// SignInReply is {"redirect":…,"token":…,"url":…,"user":…}. Under CompatKernia the
// session follows.
type SignInReply struct {
	Redirect bool          `json:"redirect"`
	Token    string        `json:"token"`
	URL      *string       `json:"url,omitempty"`
	User     *core.User    `json:"user"`
	Session  *core.Session `json:"session,omitempty"`
}

func (p *Plugin) signIn(c *core.Ctx, in *SignInInput) (SignInReply, error) {
	a, store := c.Auth, c.Auth.Store()
	if p.opts.DisableSignIn {
		return SignInReply{}, core.Fail(http.StatusBadRequest, CodeSignInDisabled)
	}
	if !validate.Email(in.Email) {
		return SignInReply{}, core.Fail(http.StatusBadRequest, core.CodeInvalidEmail)
	}
	user, accounts, err := store.FindUserAccounts(c, in.Email)
	if err != nil && !errors.Is(err, adapter.ErrNotFound) {
		return SignInReply{}, err
	}
	var credential *core.Account
	for _, acc := range accounts {
		if acc.ProviderID == core.ProviderCredential {
			credential = acc
			break
		}
	}
	// Without an account this costs the same time and fails.
	ok, err := a.VerifyPassword(c, credential, in.Password)
	if err != nil {
		return SignInReply{}, err
	}
	if !ok {
		event := core.Event{Type: core.EventSignInFailed, Code: core.CodeInvalidEmailOrPassword.Code}
		if user != nil {
			event.UserID = user.ID
		}
		c.Emit(event)
		return SignInReply{}, wrongCredentials(a)
	}
	if p.opts.RequireEmailVerification && !user.EmailVerified {
		if mail := a.EmailVerification(); mail.Send != nil && mail.SendOnSignIn {
			if err := c.SendVerification(user, deref(in.CallbackURL)); err != nil {
				return SignInReply{}, err
			}
		}
		c.Emit(core.Event{Type: core.EventSignInFailed, UserID: user.ID, Code: core.CodeEmailNotVerified.Code})
		return SignInReply{}, core.Fail(http.StatusForbidden, core.CodeEmailNotVerified)
	}
	forget := in.RememberMe != nil && !*in.RememberMe
	data, err := c.SignIn(c, user, core.SignIn{Method: "email", Forget: forget, Confirm: func(ctx context.Context) error {
		return store.ConfirmPassword(ctx, credential)
	}})
	if errors.Is(err, adapter.ErrNotFound) {
		// The password was changed after it was checked: whoever knows only the old one
		// must not get in behind that.
		return SignInReply{}, wrongCredentials(a)
	}
	if errors.Is(err, core.ErrAbort) {
		return SignInReply{}, core.Fail(http.StatusUnauthorized, core.CodeFailedToCreateSession)
	}
	if deref(in.CallbackURL) != "" && (err == nil || c.Replied()) {
		c.SetHeader("Location", *in.CallbackURL)
	}
	if err != nil {
		return SignInReply{}, err
	}
	session := &data.Session
	reply := SignInReply{Redirect: deref(in.CallbackURL) != "", Token: session.Token, URL: in.CallbackURL, User: user}
	if a.Compat() == core.CompatKernia {
		reply.Session = session
	}
	return reply, nil
}
