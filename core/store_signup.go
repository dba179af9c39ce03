package core

import (
	"context"
	"strconv"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

const (
	contestedIdentifier = "sign-up-contested-"
	decoyIdentifier     = "sign-up-answered-"
	contestedFor        = 365 * 24 * time.Hour
	decoyFor            = time.Second
)

// ContestSignUp notes that a further sign-up was made for the address of an unverified
// user: the user's password need not be that of the address's owner. When the address
// is proven (UpdateUser that sets emailVerified, or a reset of the password),
// SettleSignUp ends what was there before.
//
// It writes one row for every user, even a verified one, so that its response time
// reveals nothing. The note lives for a year.
func (s *Store) ContestSignUp(ctx context.Context, userID string) error {
	decoy, err := s.a.RandomString(32)
	if err != nil {
		return err
	}
	return s.Tx(ctx, func(ctx context.Context) error {
		// A concurrent verification comes earlier and is seen here, or comes later and
		// sees the note.
		if err := s.LockUser(ctx, userID); err != nil && !IsNotFound(err) {
			return err
		}
		u, err := s.FindUser(ctx, userID)
		if err != nil && !IsNotFound(err) {
			return err
		}
		if err != nil {
			u = &User{ID: userID, EmailVerified: true} // gone meanwhile
		}
		noted, err := s.signUpContested(ctx, u)
		if err != nil {
			return err
		}
		identifier, life := contestedIdentifier+userID, contestedFor
		if u.EmailVerified || noted {
			identifier, life = decoyIdentifier+decoy, decoyFor
		}
		_, err = s.CreateVerification(ctx, identifier, contestOf(u), s.a.Now().Add(life))
		return err
	})
}

// contestOf is the value of the note about a user. It is no user's id, so
// DeleteVerificationsOf leaves it. It also fits this user only: a database that numbers
// its rows may use an id again.
func contestOf(u *User) string {
	return "contested " + strconv.FormatInt(u.CreatedAt.UnixMilli(), 10)
}

func (s *Store) signUpContested(ctx context.Context, u *User) (bool, error) {
	v, err := s.FindVerification(ctx, contestedIdentifier+u.ID)
	if isNotFound(err) {
		return false, nil
	}
	return err == nil && v.ExpiresAt.After(s.a.Now()) && v.Value == contestOf(u), err
}

// forgetContest removes the note about a deleted user when it is a row. In a secondary
// storage, which has no transactions, it expires.
func (s *Store) forgetContest(ctx context.Context, userID string) error {
	if !s.a.opts.verificationInDatabase() {
		return nil
	}
	stored, err := s.storedIdentifier(contestedIdentifier + userID)
	if err != nil {
		return err
	}
	return deleteRows(ctx, s, s.verificationModel(), adapter.By("identifier", stored))
}

// ConcedeSignUp takes back what ContestSignUp has noted: the person who uses the user has
// proven the address, so that nothing of the user needs to go. Call it in a transaction
// that has locked the user.
func (s *Store) ConcedeSignUp(ctx context.Context, userID string) error {
	if err := s.forgetContest(ctx, userID); err != nil || s.secondary == nil {
		return err
	}
	return AfterCommit(ctx, func(ctx context.Context) error {
		return s.DeleteVerification(ctx, contestedIdentifier+userID)
	})
}

// SettleSignUp is called when the address of a user has been proven. When the sign-up
// is contested (ContestSignUp), it removes everything that lets somebody in: the
// accounts with their passwords, all sessions, pending values, and what plugins keep
// (Manifest.Disown). It reports whether the sign-up was contested. UpdateUser calls it
// when emailVerified becomes true.
func (s *Store) SettleSignUp(ctx context.Context, userID string) (contested bool, err error) {
	err = s.Tx(ctx, func(ctx context.Context) error {
		if err := s.LockUser(ctx, userID); err != nil {
			return err
		}
		u, err := s.FindUser(ctx, userID)
		if err != nil {
			return err
		}
		contested, err = s.settle(ctx, u)
		return err
	})
	return contested, err
}

// settle is SettleSignUp in a transaction that has locked the user's row.
func (s *Store) settle(ctx context.Context, u *User) (bool, error) {
	contested, err := s.signUpContested(ctx, u)
	if err != nil || !contested {
		return false, err
	}
	return true, s.disown(ctx, u.ID)
}

// disown removes everything that lets somebody into a user's account. Its caller has
// locked the user's row.
func (s *Store) disown(ctx context.Context, userID string) error {
	if err := deleteRows(ctx, s, s.accountModel(), adapter.By("userId", userID)); err != nil {
		return err
	}
	if err := s.DeleteSessions(ctx, userID); err != nil {
		return err
	}
	for _, disown := range s.a.disown {
		if err := disown(ctx, userID); err != nil {
			return err
		}
	}
	if err := s.forgetContest(ctx, userID); err != nil || s.secondary == nil {
		return err
	}
	// This waits for the commit: an attempt after a rollback must find the note again.
	return AfterCommit(ctx, func(ctx context.Context) error {
		return s.DeleteVerification(ctx, contestedIdentifier+userID)
	})
}

// ProveEmail is called when a person signs in by what was sent to a user's address, such as
// a link or a code. The first time that happens, the address becomes verified, and whatever
// was set up before it was proven is removed as SettleSignUp removes it, whether or not the
// sign-up is contested: a password, a linked account or a session may be that of somebody
// who signed up with an address of another person. A user whose address is verified is left
// as it is. Better Auth does the same since 1.6.22.
func (s *Store) ProveEmail(ctx context.Context, userID string) (u *User, err error) {
	err = s.Tx(ctx, func(ctx context.Context) error {
		if err := s.LockUser(ctx, userID); err != nil {
			return err
		}
		if u, err = s.FindUser(ctx, userID); err != nil || u.EmailVerified {
			return err
		}
		if err := s.disown(ctx, userID); err != nil {
			return err
		}
		// Plugins may have changed the user.
		u, err = s.writeUser(ctx, adapter.By("id", userID), adapter.Record{"emailVerified": true})
		return err
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}
