package emailotp

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/validate"
)

// SignInInput is the body of sign-in. Rest holds added fields of the user. Name, image and
// added fields are for new users only.
type SignInInput struct {
	Email string  `json:"email" doc:"Address that the code was sent to"`
	OTP   string  `json:"otp" doc:"The code"`
	Name  *string `json:"name" doc:"Name of a new user"`
	Image *string `json:"image" doc:"URL of a picture of a new user"`
	validate.Rest
}

// SignInReply is {"token":…,"user":…}.
type SignInReply struct {
	Token string     `json:"token"`
	User  *core.User `json:"user"`
}

func (p *Plugin) signIn(c *core.Ctx, in *SignInInput) (SignInReply, error) {
	if err := c.BeginSignIn(Method); err != nil {
		return SignInReply{}, err
	}
	invalid := core.Fail(http.StatusBadRequest, CodeInvalidOTP)
	email, err := address(in.Email)
	if err != nil {
		return SignInReply{}, invalid // nobody was sent a code there
	}
	t, err := p.try(c, identifier(TypeSignIn, email), in.OTP)
	if err != nil {
		if e, ok := errors.AsType[*core.Error](err); ok && e.Status < http.StatusInternalServerError {
			c.Emit(core.Event{Type: core.EventSignInFailed, Method: Method, Code: e.Code})
		}
		return SignInReply{}, err
	}
	newUser := func() (core.User, error) { return in.newUser(c.Auth()) }
	if p.opts.DisableSignUp {
		newUser = nil
	}
	data, _, err := c.SignInOrUp(c.ByProvenEmail(email, newUser, core.Arrival{
		SignIn: core.SignIn{Method: Method},
		Made:   t.Made(),
		Use:    func(ctx context.Context) error { return use(ctx, t) },
	}))
	switch err = finish(c, t, err); {
	case core.IsNotFound(err), errors.Is(err, core.ErrEnded):
		return SignInReply{}, invalid
	case errors.Is(err, core.ErrUserNotMade):
		return SignInReply{}, core.Fail(http.StatusUnprocessableEntity, core.CodeFailedToCreateUser)
	case errors.Is(err, core.ErrSessionNotMade):
		return SignInReply{}, core.Fail(http.StatusUnauthorized, core.CodeFailedToCreateSession)
	case err != nil:
		return SignInReply{}, err
	}
	return SignInReply{data.Session.Token, &data.User}, nil
}

// newUser is the user that a first sign-in makes.
func (in *SignInInput) newUser(a *core.Auth) (core.User, error) {
	name := validate.Value(in.Name)
	extra, err := a.ParseInput(core.ModelUser, in.Unknown, false)
	if err != nil {
		return core.User{}, err
	}
	err = a.CheckFields(core.ModelUser, map[string]any{"name": name, "image": validate.Value(in.Image)})
	return core.User{Name: name, Image: in.Image, Extra: extra}, err
}
