package core

import (
	"context"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/secret"
)

// CreateUser inserts a user. The e-mail is lower-cased; times default to now.
// It fails with adapter.ErrUnique when the e-mail is taken.
func (s *Store) CreateUser(ctx context.Context, u User) (*User, error) {
	now := s.a.Now()
	if u.CreatedAt.IsZero() {
		u.CreatedAt = now
	}
	if u.UpdatedAt.IsZero() {
		u.UpdatedAt = now
	}
	u.Email = NormalizeEmail(u.Email)
	return createRow(ctx, s, s.userModel(), u.clone(), nil)
}

// maxEmail is the longest address that SMTP carries (RFC 5321 §4.5.3.1.3). Better Auth
// 1.6 has no bound of its own: a database fails when its key is too short.
const maxEmail = 254

// CheckNewEmail returns INVALID_EMAIL for an address that is too long to be
// stored. The input schema checks the address's form.
func CheckNewEmail(email string) error {
	if len(email) > maxEmail {
		return Fail(http.StatusBadRequest, CodeInvalidEmail)
	}
	return nil
}

// placeholderDomain ends the addresses that users have whose provider gives none.
const placeholderDomain = ".placeholder.invalid"

// IsPlaceholderEmail reports whether an address stands for none: it was given to the user
// of an account whose provider has no addresses (package social), and is no mailbox.
// Nobody may take such an address on their own: they would keep the account's owner out.
func IsPlaceholderEmail(email string) bool {
	return strings.HasSuffix(NormalizeEmail(email), placeholderDomain)
}

// CheckOwnEmail is CheckNewEmail for an address that a person gives as their own: it must
// not be a placeholder (IsPlaceholderEmail) either.
func CheckOwnEmail(email string) error {
	if IsPlaceholderEmail(email) {
		return Fail(http.StatusBadRequest, CodeInvalidEmail)
	}
	return CheckNewEmail(email)
}

// FindUser returns a user by id.
func (s *Store) FindUser(ctx context.Context, id string) (*User, error) {
	if id == "" {
		return nil, ErrNotFound
	}
	return findRow(ctx, s, s.userModel(), adapter.By("id", id))
}

// FindUserByEmail returns a user by e-mail, in any letter case.
func (s *Store) FindUserByEmail(ctx context.Context, email string) (*User, error) {
	return findRow(ctx, s, s.userModel(), adapter.By("email", NormalizeEmail(email)))
}

// FindUserBy returns the user with a value in a unique field, such as a user name.
func (s *Store) FindUserBy(ctx context.Context, field, value string) (*User, error) {
	return findRow(ctx, s, s.userModel(), adapter.By(field, value))
}

// FindUserAccounts returns a user by e-mail together with all accounts, oldest first.
func (s *Store) FindUserAccounts(ctx context.Context, email string) (*User, []*Account, error) {
	return s.findUserAccounts(ctx, adapter.By("email", NormalizeEmail(email)))
}

// FindUserAccountsBy returns the user with a value in a unique field, such as a user name,
// together with all accounts, oldest first.
func (s *Store) FindUserAccountsBy(ctx context.Context, field, value string) (*User, []*Account, error) {
	return s.findUserAccounts(ctx, adapter.By(field, value))
}

func (s *Store) findUserAccounts(ctx context.Context, w adapter.Where) (*User, []*Account, error) {
	rec, err := s.db.FindOne(ctx, adapter.Find{
		Model: ModelUser, Where: w,
		Joins: []adapter.Join{{Model: ModelAccount, From: "id", To: "userId", Limit: math.MaxInt32}},
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
	slices.SortStableFunc(accounts, func(a, b *Account) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return u, accounts, nil
}

// UpdateUser changes a user and the copies of it in the secondary storage. It calls
// SettleSignUp when emailVerified becomes true.
func (s *Store) UpdateUser(ctx context.Context, id string, set adapter.Record) (*User, error) {
	return s.updateUser(ctx, adapter.By("id", id), set)
}

// UpdateUserByEmail changes the user if it still has the given e-mail.
func (s *Store) UpdateUserByEmail(ctx context.Context, email string, set adapter.Record) (*User, error) {
	return s.updateUser(ctx, adapter.By("email", NormalizeEmail(email)), set)
}

// ChangeEmail changes a user's e-mail if it is still the given one. It ends the
// user's pending single-use values: a reset link that was sent to the former address
// must no longer work.
func (s *Store) ChangeEmail(ctx context.Context, from, to string, verified bool) (*User, error) {
	u, _, err := s.changeEmail(ctx, from, to, verified)
	return u, err
}

// changeEmail also reports whether the change settled a contested sign-up.
func (s *Store) changeEmail(ctx context.Context, from, to string, verified bool) (changed *User, contested bool, err error) {
	w, set := adapter.By("email", NormalizeEmail(from)), adapter.Record{"email": NormalizeEmail(to), "emailVerified": verified}
	err = s.Tx(ctx, func(ctx context.Context) error {
		var err error
		if contested = false; verified {
			changed, contested, err = s.verifyUser(ctx, w, set)
		} else {
			changed, err = s.updateUser(ctx, w, set)
		}
		if err != nil {
			return err
		}
		return s.DeleteVerificationsOf(ctx, changed.ID)
	})
	if err != nil {
		return nil, false, err
	}
	return changed, contested, nil
}

func (s *Store) updateUser(ctx context.Context, w adapter.Where, set adapter.Record) (*User, error) {
	if email, ok := set["email"].(string); ok {
		set = maps.Clone(set) // the caller's stays as it is
		set["email"] = NormalizeEmail(email)
	}
	if proven, _ := set["emailVerified"].(bool); proven {
		u, _, err := s.verifyUser(ctx, w, set)
		return u, err
	}
	return s.writeUser(ctx, w, set)
}

// verifyUser is updateUser for a user whose address has been proven. It reports whether
// that settled a contested sign-up.
func (s *Store) verifyUser(ctx context.Context, w adapter.Where, set adapter.Record) (u *User, contested bool, err error) {
	err = s.Tx(ctx, func(ctx context.Context) error {
		var err error
		if u, err = s.writeUser(ctx, w, set); err != nil {
			return err
		}
		if contested, err = s.settle(ctx, u); err != nil || !contested {
			return err
		}
		// Plugins may have changed the user.
		u, err = s.FindUser(ctx, u.ID)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return u, contested, nil
}

func (s *Store) writeUser(ctx context.Context, w adapter.Where, set adapter.Record) (*User, error) {
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

// DeleteUser removes a user with its sessions, accounts and pending single-use values, in
// one transaction. From then on the sessions' copies in the secondary storage are no longer found;
// they are removed after the transaction.
func (s *Store) DeleteUser(ctx context.Context, id string) error {
	return s.Tx(ctx, func(ctx context.Context) error {
		if s.a.asksEnded {
			u, err := s.FindUser(ctx, id)
			if err == nil {
				err = s.DeleteVerificationsOf(ctx, deletedAddress(u))
			}
			if err != nil && !IsNotFound(err) {
				return err
			}
		}
		if err := s.endSecondarySessions(ctx, id, ""); err != nil {
			return err
		}
		if s.a.opts.sessionsInDatabase() {
			if err := deleteRows(ctx, s, s.sessionModel(), adapter.By("userId", id)); err != nil {
				return err
			}
		}
		if err := deleteRows(ctx, s, s.accountModel(), adapter.By("userId", id)); err != nil {
			return err
		}
		if err := s.forgetContest(ctx, id); err != nil {
			return err
		}
		if err := deleteRows(ctx, s, s.userModel(), adapter.By("id", id)); err != nil {
			return err
		}
		return s.DeleteVerificationsOf(ctx, id) // a database that numbers its rows may use the id again
	})
}

// LockUser makes concurrent transactions that change what belongs to a user take
// turns: it writes the user's row without changing it. A user that does not exist
// is ErrNotFound.
func (s *Store) LockUser(ctx context.Context, id string) error {
	_, err := s.a.Lock(ctx, ModelUser, id)
	return err
}

// SyntheticUser returns a user that exists only in an answer: what CreateUser
// would have returned for u if its address were free. When the database numbers
// the rows, or when added fields are unique, a row is inserted under an unused
// address and removed in the same transaction. So ids of users and accounts are
// used up as in a real sign-up, and a unique value that is taken fails with
// adapter.ErrUnique. Store hooks are not run.
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

// databaseDecides reports whether the rows in the database decide the id of a new row,
// or whether the row can be inserted at all, apart from one field.
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
