package core

import "context"

// ResetPassword sets a new password for a user who has proven, by what was sent to them,
// who they are. It hashes, and in one transaction calls use, stores the password and ends
// the user's pending values. PasswordPolicy.RevokeSessionsOnReset and OnReset apply, and
// EventPasswordReset is emitted.
//
// use uses up the proof, locks the user and returns the user's id. What else the proof
// says belongs there too: Store.SettleSignUp or Store.ProveEmail, which lock the user, for
// something that was sent to the user's address. A database may call it again. Its error is
// that of ResetPassword.
//
// Before, call CheckNewPassword, so that a refused password does not cost the proof, and
// check the proof, so that a guess does not cost a hash. The route declares Hashes.
func (c *Ctx) ResetPassword(password string, use func(ctx context.Context) (userID string, err error)) error {
	a, store := c.auth, c.auth.store
	policy := a.passwords.resets
	hash, err := a.HashPassword(c, password)
	if err != nil {
		return err
	}
	var userID string
	err = store.Tx(c, func(ctx context.Context) error {
		var err error
		if userID, err = use(ctx); err != nil {
			return err
		}
		if err := store.SetPassword(ctx, userID, hash); err != nil {
			return err
		}
		// Older links and all other pending values of this user end here.
		if err := store.DeleteVerificationsOf(ctx, userID); err != nil {
			return err
		}
		if policy.revokeSessions {
			if err := store.DeleteSessions(ctx, userID); err != nil {
				return err
			}
		}
		return c.EmitIn(ctx, Event{Type: EventPasswordReset, UserID: userID})
	})
	if err != nil {
		return err
	}
	if policy.then == nil {
		return nil
	}
	u, err := store.FindUser(c, userID)
	if err != nil {
		return err
	}
	return policy.then(c, u)
}
