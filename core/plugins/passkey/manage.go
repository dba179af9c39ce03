package passkey

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

func (p *Plugin) list(c *core.Ctx, _ *core.NoInput) ([]*Passkey, error) {
	return p.passkeysOf(c, c.Session().User.ID)
}

// DeleteInput is the body of delete-passkey.
type DeleteInput struct {
	ID string `json:"id" doc:"The passkey to delete"`
}

func (p *Plugin) delete(c *core.Ctx, in *DeleteInput) (core.StatusReply, error) {
	user := &c.Session().User
	err := p.deleteKey(c, user, in.ID, false)
	if errors.Is(err, errLastPasskey) && p.opts.OtherSignIn != nil {
		// The application is asked while nothing is locked. Deletions at the same moment
		// make no difference to its answer.
		other, asked := p.opts.OtherSignIn(c, user)
		if asked != nil {
			return core.StatusReply{}, asked
		}
		if other {
			err = p.deleteKey(c, user, in.ID, true)
		}
	}
	if err != nil {
		return core.StatusReply{}, err
	}
	return core.StatusReply{Status: true}, nil
}

var errLastPasskey = core.Fail(http.StatusBadRequest, CodeLastPasskey)

// deleteKey deletes a passkey of a user, the last way in only where last says so.
func (p *Plugin) deleteKey(c *core.Ctx, user *core.User, id string, last bool) error {
	store := c.Auth().Store()
	return store.Tx(c, func(ctx context.Context) error {
		// Of parallel deletions each sees what the one before it has left.
		if err := store.LockUser(ctx, user.ID); err != nil {
			if core.IsNotFound(err) {
				return core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
			}
			return err
		}
		if err := p.own(ctx, user.ID, id, core.CodeUnauthorized); err != nil {
			return err
		}
		if !last {
			if err := p.mayDelete(ctx, c, user); err != nil {
				return err
			}
		}
		if _, err := p.passkeys.Delete(ctx, adapter.By("id", id).And("userId", user.ID)); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventDeleted, SubjectID: id})
	})
}

// mayDelete refuses to take a user's last way to sign in: the last passkey of a
// user who has no password and no account with another provider. It runs while the user's row is locked, as
// unlinking an account does.
func (p *Plugin) mayDelete(ctx context.Context, c *core.Ctx, user *core.User) error {
	if p.opts.AllowDeletingLast {
		return nil
	}
	n, err := p.passkeys.Count(ctx, adapter.By("userId", user.ID))
	if err != nil || n > 1 {
		return err
	}
	accounts, err := c.Auth().Store().FindAccounts(ctx, user.ID)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if a.ProviderID != core.ProviderCredential || a.Password != nil && *a.Password != "" {
			return nil
		}
	}
	return errLastPasskey
}

// UpdateInput is the body of update-passkey.
type UpdateInput struct {
	ID   string `json:"id" doc:"The passkey to rename"`
	Name string `json:"name" doc:"The new name"`
}

// UpdateReply is {"passkey":…}.
type UpdateReply struct {
	Passkey *Passkey `json:"passkey"`
}

func (p *Plugin) update(c *core.Ctx, in *UpdateInput) (UpdateReply, error) {
	if err := p.own(c, c.Session().User.ID, in.ID, CodeNotAllowed); err != nil {
		return UpdateReply{}, err
	}
	var key *Passkey
	err := c.Recorded(func(ctx context.Context) (err error) {
		if key, err = p.passkeys.Update(ctx, adapter.By("id", in.ID).And("userId", c.Session().User.ID), adapter.Record{"name": in.Name}); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventRenamed, SubjectID: in.ID})
	})
	if core.IsNotFound(err) {
		return UpdateReply{}, core.Fail(http.StatusNotFound, CodePasskeyNotFound)
	}
	if errors.Is(err, adapter.ErrBadValue) {
		return UpdateReply{}, core.Fail(http.StatusBadRequest, CodeFailedToUpdate)
	}
	if err != nil {
		return UpdateReply{}, err
	}
	return UpdateReply{key}, nil
}

// own answers 404 for a passkey that does not exist and 401 with a code for one of
// somebody else, as Better Auth 1.6 does.
func (p *Plugin) own(ctx context.Context, userID, id string, foreign core.ErrorCode) error {
	if id == "" {
		return core.FailText(http.StatusBadRequest, "Missing required parameter: id")
	}
	key, err := p.passkeys.FindID(ctx, id)
	if core.IsNotFound(err) {
		return core.Fail(http.StatusNotFound, CodePasskeyNotFound)
	}
	if err != nil {
		return err
	}
	if key.UserID != userID {
		return core.Fail(http.StatusUnauthorized, foreign)
	}
	return nil
}
