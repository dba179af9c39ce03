package emailpassword

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/validate"
)

// SignUpInput is the body of sign-up. Rest holds added fields of the user.
type SignUpInput struct {
	Name        string  `json:"name" doc:"Name of the user"`
	Email       string  `json:"email" zod:"email" doc:"E-mail address"`
	Password    string  `json:"password" zod:"nonempty" doc:"Password"`
	Image       *string `json:"image" doc:"URL of a picture"`
	CallbackURL *string `json:"callbackURL" doc:"Where the link in the verification mail leads"`
	RememberMe  *bool   `json:"rememberMe" doc:"False: the session ends with the browser"`
	validate.Rest
}

// SignUpReply is the answer to a sign-up.
type SignUpReply = core.SignUpReply

func (p *Plugin) signUp(c *core.Ctx, in *SignUpInput) (SignUpReply, error) {
	a, store := c.Auth(), c.Auth().Store()
	if p.opts.DisableSignUp {
		return SignUpReply{}, core.Fail(http.StatusBadRequest, CodeSignUpDisabled)
	}
	if err := c.BeginSignIn(methodSignUp); err != nil {
		return SignUpReply{}, err
	}
	if err := core.CheckOwnEmail(in.Email); err != nil {
		return SignUpReply{}, err
	}
	if err := a.CheckPasswordLength(in.Password); err != nil {
		return SignUpReply{}, err
	}
	extra, err := a.ParseInput(core.ModelUser, in.Unknown, false)
	if err != nil {
		return SignUpReply{}, err
	}
	// Values that do not fit are refused here, also for a used address: that one is
	// answered without a row, and the answer must not differ.
	fields := map[string]any{"name": in.Name, "email": in.Email, "image": validate.Value(in.Image)}
	if err := a.CheckFields(core.ModelUser, fields); err != nil {
		return SignUpReply{}, err
	}
	quiet := p.opts.RequireEmailVerification || p.opts.DisableAutoSignIn
	existing, err := store.FindUserByEmail(c, in.Email)
	if err != nil && !core.IsNotFound(err) {
		return SignUpReply{}, err
	}
	if err == nil && !quiet {
		return SignUpReply{}, emailTaken(a)
	}
	if err := a.CheckNewPassword(c, in.Password); err != nil {
		return SignUpReply{}, err
	}
	// The hash comes before any write and outside of the transaction, because it takes
	// long. It costs the same for used and free addresses.
	hash, hashErr := a.HashPassword(c, in.Password)
	if hashErr != nil {
		return SignUpReply{}, hashErr
	}
	row := core.User{Name: in.Name, Email: in.Email, Image: in.Image, Extra: extra}
	c.SetSignInMethod("email") // in the user's row, also of one who is only pretended
	if existing != nil {
		return p.pretend(c, existing, row)
	}
	forget := in.RememberMe != nil && !*in.RememberMe
	var user *core.User
	var data *core.SessionData
	var held error // a gate has answered: the user exists without a session
	err = store.Tx(c, func(ctx context.Context) error {
		var err error
		if user, err = store.CreateUser(ctx, row); err != nil {
			return err
		}
		_, err = store.CreateAccount(ctx, core.Account{UserID: user.ID, ProviderID: core.ProviderCredential, AccountID: user.ID, Password: &hash})
		if err != nil {
			return err
		}
		if err := c.EmitIn(ctx, core.Event{Type: core.EventSignUp, UserID: user.ID, Method: methodSignUp}); err != nil {
			return err
		}
		if held = nil; !quiet {
			data, err = c.SignIn(ctx, user, core.SignIn{Method: methodSignUp, Forget: forget})
			if errors.Is(err, core.ErrHeld) {
				held, err = err, nil
			}
			if errors.Is(err, core.ErrAbort) {
				return core.Fail(http.StatusBadRequest, core.CodeFailedToCreateSession)
			}
		}
		mail := a.EmailVerification()
		if send := mail.SendOnSignUp; err == nil && mail.Send != nil && (send != nil && *send || send == nil && p.opts.RequireEmailVerification) {
			err = c.SendVerification(ctx, user, validate.Value(in.CallbackURL))
		}
		return err
	})
	if errors.Is(err, adapter.ErrUnique) {
		// Another sign-up with the same address was quicker. If the address is still
		// free, another unique field is taken, such as a user name.
		existing, findErr := store.FindUserByEmail(c, in.Email)
		switch {
		case findErr == nil && quiet:
			return p.pretend(c, existing, row)
		case findErr == nil:
			return SignUpReply{}, emailTaken(a)
		}
		return SignUpReply{}, core.Fail(http.StatusUnprocessableEntity, core.CodeFailedToCreateUser)
	}
	if errors.Is(err, core.ErrAbort) {
		return SignUpReply{}, core.Fail(http.StatusBadRequest, core.CodeFailedToCreateUser)
	}
	if err != nil {
		return SignUpReply{}, err
	}
	if quiet {
		return SignUpReply{User: user}, nil
	}
	if held != nil {
		return SignUpReply{}, held
	}
	reply := SignUpReply{Token: &data.Session.Token, User: user}
	if a.Compat() == core.CompatKernia {
		reply.Session = &data.Session
	}
	return reply, nil
}

// pretend answers a sign-up with a used address as if the address were free. While the
// address is not verified, it is unknown which of the two people owns it: the first
// one's password does not survive the verification.
func (p *Plugin) pretend(c *core.Ctx, existing *core.User, row core.User) (SignUpReply, error) {
	if err := c.Auth().Store().ContestSignUp(c, existing.ID); err != nil {
		return SignUpReply{}, err
	}
	if f := p.opts.OnExistingUserSignUp; f != nil {
		c.Go("telling of a sign-up with a used address", func(ctx context.Context) error {
			if ok, err := c.MayMail(ctx, existing.Email); err != nil || !ok {
				return err
			}
			return f(ctx, existing)
		}, existing.Email)
	}
	synthetic, err := c.Auth().SyntheticUser(c, row)
	switch {
	case errors.Is(err, adapter.ErrUnique):
		return SignUpReply{}, core.Fail(http.StatusUnprocessableEntity, core.CodeFailedToCreateUser)
	case errors.Is(err, core.ErrAbort):
		return SignUpReply{}, core.Fail(http.StatusBadRequest, core.CodeFailedToCreateUser)
	case err != nil:
		return SignUpReply{}, err
	}
	if p.opts.SyntheticUser != nil {
		p.opts.SyntheticUser(synthetic)
	}
	return SignUpReply{User: synthetic}, nil
}
