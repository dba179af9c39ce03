package core

import (
	"context"
	"errors"
	"net/http"
)

// PasswordSignIn describes a sign-in with a password, whatever the user was named by: an
// address, a user name or a phone number. Plugins pass it to Ctx.SignInByPassword.
type PasswordSignIn struct {
	Method string // names the first factor, for example "email"
	// User is the user whom the request names, with its accounts
	// (Store.FindUserAccounts). With a nil User the password is checked against none: it
	// costs the same time.
	User     *User
	Accounts []*Account
	Password string
	Forget   bool // rememberMe false
	// CallbackURL is where the client goes. It becomes the Location header, and where the
	// link of a verification mail leads. May be empty.
	CallbackURL string
	// Wrong is the one answer to an unknown user, a user without a password and a wrong
	// password. Failed is its code in the event of the failure.
	Wrong  *Error
	Failed ErrorCode
	// Check may refuse a user whose password is right. Its error is the answer. May be nil.
	Check func() error
	// Confirm checks again, as SignIn.Confirm, by what the user was found. ErrNotFound is
	// answered with Wrong. May be nil.
	Confirm func(ctx context.Context) error
	// AnyEmail signs in users who have not verified their address, although the plugin
	// that owns passwords demands it (PasswordPolicy.RequireVerifiedEmail).
	AnyEmail bool
}

// SignInByPassword verifies a password and signs the user in. The route needs the option
// Hashes. Errors are answers: s.Wrong, 403 EMAIL_NOT_VERIFIED when the address must be
// verified and is not, 401 FAILED_TO_CREATE_SESSION when a store hook gives the session
// up, and ErrHeld.
func (c *Ctx) SignInByPassword(s PasswordSignIn) (*SessionData, error) {
	a := c.auth
	if err := c.BeginSignIn(s.Method); err != nil {
		return nil, err
	}
	var credential *Account
	for _, acc := range s.Accounts {
		if acc.ProviderID == ProviderCredential {
			credential = acc
			break
		}
	}
	// Without an account this costs the same time and fails.
	ok, err := a.VerifyPassword(c, credential, s.Password)
	if err != nil {
		return nil, err
	}
	if !ok || s.User == nil {
		event := Event{Type: EventSignInFailed, Method: s.Method, Code: s.Failed.Code}
		if s.User != nil {
			event.UserID = s.User.ID
		}
		c.Emit(event)
		return nil, s.Wrong
	}
	if !s.AnyEmail && a.passwords.verifiedEmail && !s.User.EmailVerified {
		if mail := a.opts.EmailVerification; mail.Send != nil && mail.SendOnSignIn {
			if err := c.SendVerification(c, s.User, s.CallbackURL); err != nil {
				return nil, err
			}
		}
		c.Emit(Event{Type: EventSignInFailed, UserID: s.User.ID, Method: s.Method, Code: CodeEmailNotVerified.Code})
		return nil, Fail(http.StatusForbidden, CodeEmailNotVerified)
	}
	if s.Check != nil {
		if err := s.Check(); err != nil {
			return nil, err
		}
	}
	data, err := c.SignIn(c, s.User, SignIn{Method: s.Method, Forget: s.Forget, Confirm: func(ctx context.Context) error {
		if err := a.store.ConfirmPassword(ctx, credential); err != nil || s.Confirm == nil {
			return err
		}
		return s.Confirm(ctx)
	}})
	if isNotFound(err) {
		// The password was changed after it was checked: the old one must not sign in
		// any more.
		return nil, s.Wrong
	}
	if errors.Is(err, ErrAbort) {
		return nil, Fail(http.StatusUnauthorized, CodeFailedToCreateSession)
	}
	if s.CallbackURL != "" && (err == nil || errors.Is(err, ErrHeld)) {
		c.SetHeader("Location", s.CallbackURL)
	}
	return data, err
}

// PasswordReply is the answer to a sign-in with a password:
// {"redirect":…,"token":…,"url":…,"user":…}. Under CompatKernia the session follows.
type PasswordReply struct {
	Redirect bool     `json:"redirect"`
	Token    string   `json:"token"`
	URL      *string  `json:"url,omitempty"`
	User     *User    `json:"user"`
	Session  *Session `json:"session,omitempty"`
}

// PasswordReplyOf makes the answer for a session. callbackURL is the one that the client
// has sent, or nil.
func (c *Ctx) PasswordReplyOf(data *SessionData, callbackURL *string) PasswordReply {
	r := PasswordReply{Redirect: callbackURL != nil && *callbackURL != "", Token: data.Session.Token, URL: callbackURL, User: &data.User}
	if c.auth.opts.Compat == CompatKernia {
		r.Session = &data.Session
	}
	return r
}

// SignUpReply is the answer to a sign-up with a password, for after-hooks:
// {"token":…,"user":…}. The token is null when the sign-up does not sign in. Under
// CompatKernia the session follows.
type SignUpReply struct {
	Token   *string  `json:"token"`
	User    *User    `json:"user"`
	Session *Session `json:"session,omitempty"`
}
