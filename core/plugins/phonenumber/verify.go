package phonenumber

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/otp"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/validate"
)

// VerifyInput is the body of verify. Rest holds added fields of a user who signs up.
type VerifyInput struct {
	PhoneNumber       string `json:"phoneNumber" doc:"Phone number to which the code was sent"`
	Code              string `json:"code" doc:"The code"`
	DisableSession    *bool  `json:"disableSession" doc:"True: verify the number and make no session"`
	UpdatePhoneNumber *bool  `json:"updatePhoneNumber" doc:"True: give the number to the user of the session"`
	validate.Rest
}

// VerifyReply is {"status":true,"token":…,"user":…}. The token is null when no session
// was made.
type VerifyReply struct {
	Status bool       `json:"status"`
	Token  *string    `json:"token"`
	User   *core.User `json:"user"`
}

func (p *Plugin) verify(c *core.Ctx, in *VerifyInput) (VerifyReply, error) {
	number, err := p.normal(in.PhoneNumber)
	if err != nil {
		return VerifyReply{}, err
	}
	if !validate.Value(in.UpdatePhoneNumber) {
		if err := c.BeginSignIn(Method); err != nil {
			return VerifyReply{}, err
		}
	}
	use, made, err := p.proveNumber(c, number, in.Code)
	if err != nil {
		if core.HasCode(err, CodeInvalidOTP) {
			c.Emit(core.Event{Type: core.EventSignInFailed, Method: Method, Code: CodeInvalidOTP.Code})
		}
		return VerifyReply{}, err
	}
	if validate.Value(in.UpdatePhoneNumber) {
		return p.update(c, number, use, made)
	}
	arrival := core.Arrival{
		SignIn:    core.SignIn{Method: Method, KeepForget: true},
		NoSession: validate.Value(in.DisableSession),
		Use:       use,
		Made:      made,
		Find:      func(ctx context.Context) (*core.User, error) { return p.find(ctx, number) },
		Known:     func(ctx context.Context, u *core.User) (*core.User, error) { return p.known(ctx, c, u, number) },
	}
	if p.opts.SignUp != nil {
		arrival.Make = func(ctx context.Context) (*core.User, error) { return p.newUser(ctx, c, in, number) }
	}
	data, _, err := c.SignInOrUp(arrival)
	switch {
	case errors.Is(err, core.ErrEnded):
		return VerifyReply{}, refusal(otp.ErrNone)
	case core.IsNotFound(err):
		return VerifyReply{}, core.Fail(http.StatusBadRequest, CodeNotExists)
	case errors.Is(err, core.ErrUserNotMade) && errors.Is(err, adapter.ErrUnique):
		return VerifyReply{}, core.Fail(http.StatusUnprocessableEntity, core.CodeFailedToCreateUser)
	case errors.Is(err, core.ErrUserNotMade):
		return VerifyReply{}, core.Fail(http.StatusInternalServerError, core.CodeFailedToCreateUser)
	case errors.Is(err, core.ErrSessionNotMade):
		return VerifyReply{}, core.Fail(http.StatusInternalServerError, core.CodeFailedToCreateSession)
	case errors.Is(err, core.ErrAbort):
		return VerifyReply{}, core.Fail(http.StatusInternalServerError, core.CodeFailedToUpdateUser)
	case err != nil:
		return VerifyReply{}, err
	}
	reply := VerifyReply{Status: true, User: &data.User}
	if !arrival.NoSession {
		reply.Token = &data.Session.Token
	}
	return reply, nil
}

// known marks the number of a user as verified.
func (p *Plugin) known(ctx context.Context, c *core.Ctx, u *core.User, number string) (*core.User, error) {
	if !verified(u) {
		var err error
		if u, err = p.auth.Store().UpdateUser(ctx, u.ID, adapter.Record{Verification.Name: true}); err != nil {
			return nil, err
		}
	}
	return u, p.tell(ctx, c, u, number)
}

// newUser makes the user of a number that nobody has.
func (p *Plugin) newUser(ctx context.Context, c *core.Ctx, in *VerifyInput, number string) (*core.User, error) {
	extra, err := p.auth.ParseInput(core.ModelUser, in.Unknown, false)
	if err != nil {
		return nil, err
	}
	PhoneNumber.Set(&extra, number)
	Verification.Set(&extra, true)
	row := core.User{Name: number, Extra: extra}
	if row.Email, err = p.tempEmail(number); err != nil {
		return nil, err
	}
	if f := p.opts.SignUp.TempName; f != nil {
		row.Name = f(number)
	}
	u, err := p.auth.Store().CreateUser(ctx, row)
	if err != nil {
		return nil, err
	}
	return u, p.tell(ctx, c, u, number)
}

// tempEmail gives the address of a user who has none. It is random by default: a number
// may belong to another person later, whose sign-up must not meet an address that was made
// of it.
func (p *Plugin) tempEmail(number string) (string, error) {
	if f := p.opts.SignUp.TempEmail; f != nil {
		email := f(number)
		if !validate.Email(email) {
			return "", errors.New("phonenumber: SignUp.TempEmail gave what is no e-mail address: return one for every number")
		}
		return email, core.CheckNewEmail(email)
	}
	random, err := secret.Random(p.auth.Rand(), 32, "0123456789abcdefghijklmnopqrstuvwxyz")
	return fmt.Sprintf("%s@%s.placeholder.invalid", random, ID), err
}

// update gives the number to the user of the session.
func (p *Plugin) update(c *core.Ctx, number string, use func(ctx context.Context) error, made time.Time) (VerifyReply, error) {
	current, err := c.StoredSession()
	if err != nil {
		return VerifyReply{}, err
	}
	nobody := core.Fail(http.StatusUnauthorized, core.CodeUserNotFound)
	if current == nil {
		return VerifyReply{}, nobody
	}
	if err := core.InPerson(c); err != nil {
		return VerifyReply{}, err
	}
	store := p.auth.Store()
	var user *core.User
	err = store.Tx(c, func(ctx context.Context) error {
		if err := use(ctx); err != nil {
			return err
		}
		if err := store.LockUser(ctx, current.User.ID); err != nil {
			return err
		}
		if err := p.pending(ctx, &current.User, made); err != nil {
			return err
		}
		owner, err := p.find(ctx, number)
		if err == nil && (owner.ID != current.User.ID || verified(owner)) {
			return core.Fail(http.StatusBadRequest, CodeExists)
		}
		if err != nil && !core.IsNotFound(err) {
			return err
		}
		user, err = store.UpdateUser(ctx, current.User.ID, adapter.Record{PhoneNumber.Name: number, Verification.Name: true})
		if err != nil {
			return err
		}
		return p.tell(ctx, c, user, number)
	})
	switch {
	case core.IsNotFound(err):
		return VerifyReply{}, nobody
	case errors.Is(err, adapter.ErrUnique): // somebody else was quicker
		return VerifyReply{}, core.Fail(http.StatusBadRequest, CodeExists)
	case errors.Is(err, core.ErrAbort):
		return VerifyReply{}, core.Fail(http.StatusInternalServerError, core.CodeFailedToUpdateUser)
	case err != nil:
		return VerifyReply{}, err
	}
	reply := VerifyReply{Status: true, Token: &current.Session.Token, User: user}
	return reply, c.Issue(&core.SessionData{Session: current.Session, User: *user}, core.IssueOptions{CacheOnly: true})
}

// tell reports a verified number after the commit.
func (p *Plugin) tell(ctx context.Context, c *core.Ctx, u *core.User, number string) error {
	err := c.EmitIn(ctx, core.Event{Type: EventVerified, UserID: u.ID})
	if err != nil || p.opts.OnVerification == nil {
		return err
	}
	return p.auth.Tell(ctx, "phonenumber.Options.OnVerification", func(ctx context.Context) error {
		return p.opts.OnVerification(ctx, Verified{PhoneNumber: number, User: u})
	})
}
