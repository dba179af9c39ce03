package anonymous

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/validate"
)

// SignInReply is {"token":…,"user":…}.
type SignInReply struct {
	Token string     `json:"token"`
	User  *core.User `json:"user"`
}

func (p *Plugin) signIn(c *core.Ctx, _ *core.NoInput) (SignInReply, error) {
	if err := c.BeginSignIn(ID); err != nil {
		return SignInReply{}, err
	}
	current, err := c.StoredSession()
	if err != nil {
		return SignInReply{}, err
	}
	if current != nil && anonymous(&current.User) {
		return SignInReply{}, core.Fail(http.StatusBadRequest, CodeAnonymousAgain)
	}
	email, err := p.email(c)
	if err != nil {
		return SignInReply{}, err
	}
	if !validate.Email(email) || core.CheckNewEmail(email) != nil {
		return SignInReply{}, core.Fail(http.StatusBadRequest, CodeInvalidEmailFormat)
	}
	name, err := p.name(c)
	if err != nil {
		return SignInReply{}, err
	}
	data, _, err := c.SignInOrUp(core.Arrival{
		SignIn: core.SignIn{Method: ID, KeepForget: true},
		Find:   func(context.Context) (*core.User, error) { return nil, core.ErrNotFound },
		Make: func(ctx context.Context) (*core.User, error) {
			extra := c.Auth().DefaultFields(core.ModelUser)
			IsAnonymous.Set(&extra, true)
			return c.Auth().Store().CreateUser(ctx, core.User{Name: name, Email: email, Extra: extra})
		},
	})
	switch {
	case errors.Is(err, core.ErrUserNotMade) && errors.Is(err, adapter.ErrUnique):
		return SignInReply{}, core.Fail(http.StatusBadRequest, core.CodeFailedToCreateUser) // somebody has the address
	case errors.Is(err, core.ErrUserNotMade):
		return SignInReply{}, core.Fail(http.StatusInternalServerError, core.CodeFailedToCreateUser)
	case errors.Is(err, core.ErrSessionNotMade):
		return SignInReply{}, core.Fail(http.StatusBadRequest, CodeCouldNotCreateSession)
	case err != nil:
		return SignInReply{}, err
	}
	return SignInReply{Token: data.Session.Token, User: &data.User}, nil
}

func anonymous(u *core.User) bool {
	is, _ := IsAnonymous.Of(u.Extra)
	return is
}

// remove deletes the current anonymous user.
func (p *Plugin) remove(c *core.Ctx, _ *core.NoInput) (core.SuccessReply, error) {
	current := c.Session()
	switch {
	case p.opts.KeepUser:
		return core.SuccessReply{}, core.Fail(http.StatusBadRequest, CodeDeleteDisabled)
	case !anonymous(&current.User):
		return core.SuccessReply{}, core.Fail(http.StatusForbidden, CodeNotAnonymous)
	}
	store := c.Auth().Store()
	step := CodeFailedToDelete
	err := store.Tx(c, func(ctx context.Context) error {
		u, err := p.visitor(ctx, store, current.User.ID)
		if err != nil {
			return err
		}
		step = CodeFailedToDeleteSessions
		if err := store.DeleteSessions(ctx, u.ID); err != nil {
			return err
		}
		step = CodeFailedToDelete
		if err := store.DeleteUser(ctx, u.ID); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: core.EventUserDeleted, UserID: u.ID})
	})
	if core.IsNotFound(err) {
		return core.SuccessReply{}, core.Fail(http.StatusForbidden, CodeNotAnonymous)
	}
	if err != nil {
		if _, own := errors.AsType[*core.Error](err); own {
			return core.SuccessReply{}, err
		}
		failed := core.Fail(http.StatusInternalServerError, step)
		failed.Cause = err
		return core.SuccessReply{}, failed
	}
	c.EndSession()
	return core.SuccessReply{Success: true}, nil
}
