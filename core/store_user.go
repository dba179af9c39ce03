package core

import (
	"context"
	"maps"
	"net/http"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/secret"
)

// CreateUser inserts a user. The e-mail is lower-cased; times default to now. A
// used e-mail is adapter.ErrUnique.
func (s *Store) CreateUser(ctx context.Context, u User) (*User, error) {
	now := s.a.Now()
	if u.CreatedAt.IsZero() {
		u.CreatedAt = now
	}
	if u.UpdatedAt.IsZero() {
		u.UpdatedAt = now
	}
	u.Email, u.Extra = NormalizeEmail(u.Email), maps.Clone(u.Extra)
	return createRow(ctx, s, s.userModel(), &u, nil)
}

// maxEmail is the longest address that SMTP carries (RFC 5321 §4.5.3.1.3). Databases
// bound their keys, and 1.6.11 leaves it to them to fail.
const maxEmail = 254

// CheckNewEmail answers INVALID_EMAIL to an address that is too long to be stored.
// Its form is the input schema's concern.
func CheckNewEmail(email string) error {
	if len(email) > maxEmail {
		return Fail(http.StatusBadRequest, CodeInvalidEmail)
	}
	return nil
}

// FindUser returns a user by id.
func (s *Store) FindUser(ctx context.Context, id string) (*User, error) {
	if id == "" {
		return nil, adapter.ErrNotFound
	}
	return findRow(ctx, s, s.userModel(), adapter.By("id", id))
}

// FindUserByEmail returns a user by e-mail, in any letter case.
func (s *Store) FindUserByEmail(ctx context.Context, email string) (*User, error) {
	return findRow(ctx, s, s.userModel(), adapter.By("email", NormalizeEmail(email)))
}

// FindUserAccounts returns a user by e-mail together with the accounts.
func (s *Store) FindUserAccounts(ctx context.Context, email string) (*User, []*Account, error) {
	rec, err := s.db.FindOne(ctx, adapter.Find{
		Model: ModelUser, Where: adapter.By("email", NormalizeEmail(email)),
		Joins: []adapter.Join{{Model: ModelAccount, From: "id", To: "userId"}},
	})
	if err != nil {
		return nil, nil, err
	}
	u, err := s.a.userOf(rec)
	if err != nil {
		return nil, nil, err
	}
	rows, _ := rec[ModelAccount].([]adapter.Record)
	accounts := make([]*Account, len(rows))
	for i, r := range rows {
		if accounts[i], err = s.a.accountOf(r); err != nil {
			return nil, nil, err
		}
	}
	return u, accounts, nil
}

// UpdateUser changes a user and the copies of it in the secondary storage.
func (s *Store) UpdateUser(ctx context.Context, id string, set adapter.Record) (*User, error) {
	return s.updateUser(ctx, adapter.By("id", id), set)
}

// UpdateUserByEmail changes the user that still has an e-mail.
func (s *Store) UpdateUserByEmail(ctx context.Context, email string, set adapter.Record) (*User, error) {
	return s.updateUser(ctx, adapter.By("email", NormalizeEmail(email)), set)
}

// ChangeEmail gives the user that still has an e-mail another one. Pending single-use
// values of the user end: a reset link that went to the former address must not
// open the account any more.
func (s *Store) ChangeEmail(ctx context.Context, from, to string, verified bool) (*User, error) {
	var changed *User
	err := s.Tx(ctx, func(ctx context.Context) error {
		u, err := s.UpdateUserByEmail(ctx, from, adapter.Record{"email": to, "emailVerified": verified})
		if err != nil {
			return err
		}
		changed = u
		return s.DeleteVerificationsOf(ctx, u.ID)
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

func (s *Store) updateUser(ctx context.Context, w adapter.Where, set adapter.Record) (*User, error) {
	if email, ok := set["email"].(string); ok {
		set["email"] = NormalizeEmail(email)
	}
	if s.secondary == nil {
		return updateRow(ctx, s, s.userModel(), w, set, nil)
	}
	var u *User
	err := s.Tx(ctx, func(ctx context.Context) error {
		var err error
		if u, err = updateRow(ctx, s, s.userModel(), w, set, nil); err != nil {
			return err
		}
		return s.refreshUserSessions(ctx, u)
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

// DeleteUser removes a user with sessions and accounts, in one transaction, and
// the sessions' copies in the secondary storage after it.
func (s *Store) DeleteUser(ctx context.Context, id string) error {
	err := s.Tx(ctx, func(ctx context.Context) error {
		if s.a.opts.sessionsInDatabase() {
			if err := deleteRows(ctx, s, s.sessionModel(), adapter.By("userId", id)); err != nil {
				return err
			}
		}
		if err := deleteRows(ctx, s, s.accountModel(), adapter.By("userId", id)); err != nil {
			return err
		}
		return deleteRows(ctx, s, s.userModel(), adapter.By("id", id))
	})
	if err != nil {
		return err
	}
	return s.dropSecondarySessions(ctx, id)
}

// LockUser makes concurrent transactions that change what belongs to a user take
// turns: it writes the user's row without changing it. A user that does not exist
// is adapter.ErrNotFound.
func (s *Store) LockUser(ctx context.Context, id string) error {
	_, err := s.a.Lock(ctx, ModelUser, id)
	return err
}

// SyntheticUser is a user that exists only in an answer: what CreateUser would
// have returned for u, had its address been free. Where the database has a say in
// that, because it numbers the rows or because added fields are unique, a row is
// made under an address that nobody has and taken back in the same transaction:
// the number is as good as a real one, and used up as by a real one, with that of
// an account, and a value that is taken is adapter.ErrUnique. Store hooks are not
// run.
func (a *Auth) SyntheticUser(ctx context.Context, u User) (*User, error) {
	now := a.Now()
	email := NormalizeEmail(u.Email)
	u.CreatedAt, u.UpdatedAt = now, now
	if !a.databaseDecides(ModelUser, "email") {
		id, err := a.newID(ModelUser)
		if err != nil {
			return nil, err
		}
		u.ID, u.Email, u.shape = id, email, a.shapes.user
		return &u, nil
	}
	nobody, err := secret.ID(a.opts.Rand)
	if err != nil {
		return nil, err
	}
	u.Email = nobody + "@synthetic.invalid" // RFC 2606, section 2
	var made *User
	err = a.db.Tx(ctx, func(ctx context.Context) error {
		rec, err := a.db.Create(ctx, ModelUser, u.record())
		if err != nil {
			return err
		}
		if made, err = a.userOf(rec); err != nil {
			return err
		}
		account := Account{UserID: made.ID, AccountID: made.ID, ProviderID: ProviderCredential, CreatedAt: now, UpdatedAt: now}
		if _, err = a.db.Create(ctx, ModelAccount, account.record()); err != nil {
			return err
		}
		if _, err = a.db.DeleteMany(ctx, ModelAccount, adapter.By("userId", made.ID)); err != nil {
			return err
		}
		_, err = a.db.DeleteMany(ctx, ModelUser, adapter.By("id", made.ID))
		return err
	})
	if err != nil {
		return nil, err
	}
	made.Email = email
	return made, nil
}

// databaseDecides reports whether the id of a new row, or its being taken at all,
// depends on what the database holds, apart from one field.
func (a *Auth) databaseDecides(model, except string) bool {
	if a.schema.IDs == schema.IDSerial {
		return true
	}
	t, _ := a.schema.Table(model)
	if len(t.Unique) > 0 {
		return true
	}
	for i := range t.Fields {
		if f := &t.Fields[i]; f.Name != except && (f.Unique || f.References != nil) {
			return true
		}
	}
	return false
}
