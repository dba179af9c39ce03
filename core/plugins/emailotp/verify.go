package emailotp

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/otp"
)

// VerifyEmailInput is the body of verify-email.
type VerifyEmailInput struct {
	Email string `json:"email" doc:"Address to verify"`
	OTP   string `json:"otp" doc:"The code"`
}

// VerifyEmailReply has a token when the verification has signed the user in.
type VerifyEmailReply struct {
	Status bool       `json:"status"`
	Token  *string    `json:"token"`
	User   *core.User `json:"user"`
}

func (p *Plugin) verifyEmail(c *core.Ctx, in *VerifyEmailInput) (VerifyEmailReply, error) {
	email, err := address(in.Email)
	if err != nil {
		return VerifyEmailReply{}, err
	}
	t, err := p.try(c, identifier(TypeEmailVerification, email), in.OTP)
	if err != nil {
		return VerifyEmailReply{}, err
	}
	v, err := verification(c, email)
	if err == nil {
		err = v.run(c, t, func(ctx context.Context, u *core.User) (*core.User, error) {
			if err := use(ctx, t); err != nil {
				return nil, err
			}
			// The address is a condition: the user may have changed it meanwhile.
			updated, err := c.Auth().Store().UpdateUserByEmail(ctx, email, adapter.Record{"emailVerified": true})
			if err != nil {
				return nil, err
			}
			return updated, c.EmitIn(ctx, core.Event{Type: core.EventEmailVerified, UserID: updated.ID})
		})
	}
	if err := finish(c, t, err); err != nil {
		return VerifyEmailReply{}, err
	}
	if err := v.after(c); err != nil {
		return VerifyEmailReply{}, err
	}
	reply := VerifyEmailReply{Status: true, User: v.user}
	signsIn := c.Auth().EmailVerification().AutoSignIn
	if signsIn {
		if signsIn, err = c.MaySignIn("email-verification"); err != nil {
			return VerifyEmailReply{}, err
		}
	}
	if signsIn {
		data, err := c.SignIn(c, v.user, core.SignIn{Method: "email-verification", Incidental: true, KeepForget: true})
		if errors.Is(err, core.ErrAbort) {
			return VerifyEmailReply{}, core.Fail(http.StatusInternalServerError, core.CodeFailedToCreateSession)
		}
		if err != nil {
			return VerifyEmailReply{}, err
		}
		reply.Token = &data.Session.Token
		return reply, nil
	}
	current, err := c.StoredSession()
	if err != nil || current == nil || current.User.ID != v.user.ID {
		return reply, err
	}
	// The cookie cache holds a copy of the user.
	return reply, c.Issue(&core.SessionData{Session: current.Session, User: *v.user}, core.IssueOptions{CacheOnly: true})
}

// verified is a proof of an address, with the steps that verification links have too.
type verified struct {
	user *core.User
	// contested says that somebody else may have signed up with the address: what let
	// them in has been removed, with all sessions.
	contested bool
}

// verification begins the proof of an address for its user.
func verification(c *core.Ctx, email string) (*verified, error) {
	u, err := c.Auth().Store().FindUserByEmail(c, email)
	if core.IsNotFound(err) {
		return nil, core.Fail(http.StatusBadRequest, core.CodeUserNotFound)
	}
	return &verified{user: u}, err
}

// run calls the application's Before, and then writes in one transaction. The code must
// still be pending.
func (v *verified) run(c *core.Ctx, t *otp.Try, write func(ctx context.Context, u *core.User) (*core.User, error)) error {
	before, store := v.user, c.Auth().Store()
	if f := c.Auth().EmailVerification().Before; f != nil {
		if err := f(c, before); err != nil {
			return err
		}
	}
	err := store.Tx(c, func(ctx context.Context) error {
		// Before SettleSignUp, which may end values itself.
		if err := store.LockUser(ctx, before.ID); err != nil {
			return err
		}
		err := pending(ctx, store, before, t)
		if err != nil {
			return err
		}
		if v.contested, err = store.SettleSignUp(ctx, before.ID); err != nil {
			return err
		}
		if v.user, err = write(ctx, before); err != nil {
			return err
		}
		if v.user.ID != before.ID {
			return core.ErrNotFound // the address belongs to somebody else now
		}
		return nil
	})
	if core.IsNotFound(err) {
		return core.Fail(http.StatusBadRequest, core.CodeUserNotFound)
	}
	return err
}

// after calls the application's After, and takes the caller's cookies away when the
// sessions of the user have ended.
func (v *verified) after(c *core.Ctx) error {
	if f := c.Auth().EmailVerification().After; f != nil {
		if err := f(c, v.user); err != nil {
			return err
		}
	}
	if !v.contested {
		return nil
	}
	current, err := c.StoredSession()
	if err == nil && (current == nil || current.User.ID == v.user.ID) {
		c.EndSession() // also of a cookie cache
	}
	return err
}
