package oauth

import (
	"context"
	"errors"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

// Link completes a flow that Begin started with a Link: it adds the account to that
// user. It fails with a *Refusal when the account must not be linked.
func (e *Engine) Link(c *core.Ctx, f *Finished) error {
	if err := e.sameSession(c, f); err != nil {
		e.tell(c, f.Provider, err)
		return err
	}
	// Better Auth updates the user when a client brings an id_token only.
	_, err := e.AddIdentity(c, f.Begin.Link.UserID, f.Provider, &f.Identity, LinkOptions{
		UpdateTokens: true, UpdateUser: !e.compat() && e.auth.Account().Linking.UpdateUser,
	})
	return err
}

// sameSession checks that the session that began to link is still there and is not
// another one than the caller's. A caller without a session is a native application's
// browser: the state cookie is what binds it.
func (e *Engine) sameSession(c *core.Ctx, f *Finished) error {
	caller, err := c.StoredSession()
	if err != nil {
		return err
	}
	if caller != nil && caller.User.ID != f.Begin.Link.UserID {
		return refuse(RefusedLink, because("another user is signed in"))
	}
	if f.session == "" {
		return nil // Better Auth began it
	}
	began, err := e.auth.Store().FindSession(c, f.session)
	switch {
	case core.IsNotFound(err):
		return refuse(RefusedLink, because("the session that began the link has ended"))
	case err != nil:
		return err
	case began.User.ID != f.Begin.Link.UserID || !began.Session.ExpiresAt.After(e.auth.Now()) || caller != nil && caller.Session.ID != began.Session.ID:
		return refuse(RefusedLink, because("the session that began the link has ended or been replaced"))
	}
	return nil
}

// LinkOptions say what AddIdentity changes besides.
type LinkOptions struct {
	// UpdateTokens stores the tokens of an account that the user has already.
	UpdateTokens bool
	// UpdateUser writes name and image of the profile to the user of a new account.
	UpdateUser bool
}

// AddIdentity links an account to a user who is signed in. already reports that the
// user had it before. It fails with a *Refusal when the account must not be linked.
func (e *Engine) AddIdentity(c *core.Ctx, userID string, p *Provider, who *Identity, o LinkOptions) (already bool, err error) {
	if err := who.sound(p); err != nil {
		return false, err
	}
	trusted, err := e.trusted(c, c, p)
	if err != nil {
		return false, err
	}
	linking, store := e.auth.Account().Linking, e.auth.Store()
	link := func() error {
		return store.Tx(c, func(ctx context.Context) error {
			already = false
			if err := store.LockUser(ctx, userID); err != nil {
				return gone(err)
			}
			user, err := store.FindUser(ctx, userID)
			if err != nil {
				return gone(err)
			}
			acc, err := store.FindAccount(ctx, p.ID(), who.Profile.ID)
			if err != nil && !core.IsNotFound(err) {
				return err
			}
			if already = err == nil; already && acc.UserID != userID {
				return refuse(RefusedLinkTaken, because("the account belongs to another user"))
			}
			switch {
			case linking.Disabled:
				return refuse(RefusedLink, because("Options.Account.Linking.Disabled is set"))
			case !trusted && !who.Profile.EmailVerified:
				return refuse(RefusedLink, because("the provider has not verified the address"))
			case !linking.AllowDifferentEmails && core.NormalizeEmail(who.Profile.Email) != user.Email:
				return refuse(RefusedLinkEmail, because("the account has another address than the user, and Options.Account.Linking.AllowDifferentEmails is not set"))
			}
			if !e.compat() && proves(who, user) {
				// The user has proven the address, although somebody else has claimed it before.
				if err := store.ConcedeSignUp(ctx, userID); err != nil {
					return err
				}
			}
			if already && !o.UpdateTokens {
				return nil
			}
			if already {
				set, err := e.record(who.Tokens)
				if err == nil && len(set) > 0 {
					_, err = store.UpdateAccount(ctx, acc.ID, set)
				}
				return err
			}
			made, err := e.add(ctx, userID, p, who)
			if err != nil {
				return err
			}
			if o.UpdateUser {
				set := adapter.Record{"name": e.name(who)}
				if image := e.image(who); image != nil {
					set["image"] = *image
				}
				if _, err := store.UpdateUser(ctx, userID, set); err != nil {
					return err
				}
			}
			return c.EmitIn(ctx, core.Event{Type: core.EventAccountLinked, UserID: userID, Method: p.ID(), SubjectID: made.ID})
		})
	}
	err = link()
	if errors.Is(err, adapter.ErrUnique) {
		err = link() // a parallel call was quicker: its row is there now
	}
	if errors.Is(err, adapter.ErrUnique) || errors.Is(err, core.ErrAbort) {
		return false, refuse(RefusedLink, err)
	}
	e.tell(c, p, err)
	return already, err
}
