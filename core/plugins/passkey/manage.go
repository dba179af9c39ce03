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
	store, db, user := c.Auth.Store(), c.Auth.DB(), &c.Session().User
	err := store.Tx(c, func(ctx context.Context) error {
		// Of parallel deletions each sees what the one before it has left.
		if err := store.LockUser(ctx, user.ID); err != nil {
			if errors.Is(err, adapter.ErrNotFound) {
				return core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
			}
			return err
		}
		if err := p.own(ctx, c, in.ID, core.CodeUnauthorized); err != nil {
			return err
		}
		if err := p.mayDelete(ctx, c, user); err != nil {
			return err
		}
		_, err := db.DeleteMany(ctx, Model, adapter.By("id", in.ID).And("userId", user.ID))
		return err
	})
	if err != nil {
		return core.StatusReply{}, err
	}
	c.Emit(core.Event{Type: EventDeleted})
	return core.StatusReply{Status: true}, nil
}

// mayDelete refuses to take a user's last way to sign in: the last passkey of a
// user who has no password, no account with another provider, and nothing else
// that the application knows of. It runs while the user's row is locked, as
// unlinking an account does.
func (p *Plugin) mayDelete(ctx context.Context, c *core.Ctx, user *core.User) error {
	if p.opts.AllowDeletingLast {
		return nil
	}
	n, err := c.Auth.DB().Count(ctx, Model, adapter.By("userId", user.ID))
	if err != nil || n > 1 {
		return err
	}
	accounts, err := c.Auth.Store().FindAccounts(ctx, user.ID)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if a.ProviderID != core.ProviderCredential || a.Password != nil && *a.Password != "" {
			return nil
		}
	}
	if p.opts.OtherSignIn != nil {
		if other, err := p.opts.OtherSignIn(ctx, user); err != nil || other {
			return err
		}
	}
	return core.Fail(http.StatusBadRequest, CodeLastPasskey)
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
	if err := p.own(c, c, in.ID, CodeNotAllowed); err != nil {
		return UpdateReply{}, err
	}
	rec, err := c.Auth.DB().Update(c, Model, adapter.By("id", in.ID).And("userId", c.Session().User.ID), adapter.Record{"name": in.Name})
	if errors.Is(err, adapter.ErrNotFound) {
		return UpdateReply{}, core.Fail(http.StatusNotFound, CodePasskeyNotFound)
	}
	if errors.Is(err, adapter.ErrBadValue) {
		return UpdateReply{}, core.Fail(http.StatusBadRequest, CodeFailedToUpdate)
	}
	if err != nil {
		return UpdateReply{}, err
	}
	key, err := passkeyOf(rec)
	if err != nil {
		return UpdateReply{}, err
	}
	c.Emit(core.Event{Type: EventRenamed})
	return UpdateReply{key}, nil
}

// own answers 404 for a passkey that does not exist and 401 with a code for one of
// somebody else, as 1.6.11 does.
func (p *Plugin) own(ctx context.Context, c *core.Ctx, id string, foreign core.ErrorCode) error {
	if id == "" {
		return core.FailText(http.StatusBadRequest, "Missing required parameter: id")
	}
	rec, err := c.Auth.DB().FindOne(ctx, adapter.Find{Model: Model, Where: adapter.By("id", id), Select: []string{"userId"}})
	if errors.Is(err, adapter.ErrNotFound) {
		return core.Fail(http.StatusNotFound, CodePasskeyNotFound)
	}
	if err != nil {
		return err
	}
	if rec["userId"] != c.Session().User.ID {
		return core.Fail(http.StatusUnauthorized, foreign)
	}
	return nil
}
