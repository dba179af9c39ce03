package emailpassword

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

// ChangePasswordInput is the body of change-password.
type ChangePasswordInput struct {
	NewPassword         string `json:"newPassword" doc:"The new password"`
	CurrentPassword     string `json:"currentPassword" doc:"The current password"`
	RevokeOtherSessions *bool  `json:"revokeOtherSessions" doc:"End all other sessions and make a new one for this client"`
}

// ChangePasswordReply is {"token":…,"user":…}; the token is null unless a new
// session was made.
type ChangePasswordReply struct {
	Token *string    `json:"token"`
	User  *core.User `json:"user"`
}

func (p *Plugin) changePassword(c *core.Ctx, in *ChangePasswordInput) (ChangePasswordReply, error) {
	a, store, current := c.Auth(), c.Auth().Store(), c.Session()
	if err := a.CheckPasswordLength(in.NewPassword); err != nil {
		return ChangePasswordReply{}, err
	}
	credential, err := store.FindCredential(c, current.User.ID)
	if core.IsNotFound(err) {
		return ChangePasswordReply{}, core.Fail(http.StatusBadRequest, core.CodeCredentialAccountNotFound)
	}
	if err != nil {
		return ChangePasswordReply{}, err
	}
	ok, err := a.VerifyPassword(c, credential, in.CurrentPassword)
	if err != nil {
		return ChangePasswordReply{}, err
	}
	if !ok {
		return ChangePasswordReply{}, core.Fail(http.StatusBadRequest, core.CodeInvalidPassword)
	}
	// Rules may ask other servers, so only those who know the password get this far.
	if err := a.CheckNewPassword(c, in.NewPassword); err != nil {
		return ChangePasswordReply{}, err
	}
	hash, err := a.HashPassword(c, in.NewPassword)
	if err != nil {
		return ChangePasswordReply{}, err
	}
	revoke := in.RevokeOtherSessions != nil && *in.RevokeOtherSessions
	var session *core.Session
	err = store.Tx(c, func(ctx context.Context) error {
		if err := store.LockUser(ctx, current.User.ID); err != nil {
			return err
		}
		if err := store.ConfirmPassword(ctx, credential); err != nil {
			return err
		}
		if _, err := store.UpdateAccount(ctx, credential.ID, adapter.Record{"password": hash}); err != nil {
			return err
		}
		// Pending values end too: somebody who knew the former password may have begun
		// them.
		if err := store.DeleteVerificationsOf(ctx, current.User.ID); err != nil {
			return err
		}
		if err := c.EmitIn(ctx, core.Event{Type: core.EventPasswordChanged}); err != nil {
			return err
		}
		if !revoke {
			return nil
		}
		if err := store.MarkReplaced(ctx, current.Session.Token); err != nil {
			return err
		}
		if err := store.DeleteSessions(ctx, current.User.ID); err != nil {
			return err
		}
		session, err = store.CreateSession(ctx, core.NewSession{UserID: current.User.ID, Extra: a.DefaultFields(core.ModelSession)})
		return err
	})
	if core.IsNotFound(err) {
		// The password was changed by someone else since it was checked.
		return ChangePasswordReply{}, core.Fail(http.StatusBadRequest, core.CodeInvalidPassword)
	}
	if errors.Is(err, core.ErrAbort) {
		return ChangePasswordReply{}, core.Fail(http.StatusInternalServerError, core.CodeFailedToGetSession)
	}
	if err != nil {
		return ChangePasswordReply{}, err
	}
	reply := ChangePasswordReply{User: &current.User}
	if session != nil {
		if err := c.Issue(&core.SessionData{Session: *session, User: current.User}, core.IssueOptions{}); err != nil {
			return ChangePasswordReply{}, err
		}
		reply.Token = &session.Token
	}
	return reply, nil
}

// VerifyPasswordInput is the body of verify-password.
type VerifyPasswordInput struct {
	Password string `json:"password" doc:"The password to check"`
}

func (p *Plugin) verifyPassword(c *core.Ctx, in *VerifyPasswordInput) (core.StatusReply, error) {
	credential, err := c.Auth().Store().FindCredential(c, c.Session().User.ID)
	if err != nil && !core.IsNotFound(err) {
		return core.StatusReply{}, err
	}
	ok, err := c.Auth().VerifyPassword(c, credential, in.Password)
	if err != nil {
		return core.StatusReply{}, err
	}
	if !ok {
		return core.StatusReply{}, core.Fail(http.StatusBadRequest, core.CodeInvalidPassword)
	}
	return core.StatusReply{Status: true}, nil
}

// SetPasswordInput is the input of SetPassword.
type SetPasswordInput struct {
	NewPassword string `json:"newPassword" doc:"The new password"`
}

func (p *Plugin) setPassword(c *core.Ctx, in *SetPasswordInput) (core.StatusReply, error) {
	store, userID := c.Auth().Store(), c.Session().User.ID
	if err := c.Auth().CheckNewPassword(c, in.NewPassword); err != nil {
		return core.StatusReply{}, err
	}
	hash, err := c.Auth().HashPassword(c, in.NewPassword)
	if err != nil {
		return core.StatusReply{}, err
	}
	err = store.Tx(c, func(ctx context.Context) error {
		if err := store.LockUser(ctx, userID); err != nil {
			return err
		}
		_, err := store.FindCredential(ctx, userID)
		if err == nil {
			return core.Fail(http.StatusBadRequest, core.CodePasswordAlreadySet)
		}
		if !core.IsNotFound(err) {
			return err
		}
		if err := store.SetPassword(ctx, userID, hash); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: core.EventPasswordChanged})
	})
	if err != nil {
		return core.StatusReply{}, err
	}
	return core.StatusReply{Status: true}, nil
}
