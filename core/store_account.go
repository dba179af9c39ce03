package core

import (
	"context"
	"maps"

	"github.com/advantch/kernia-go/core/adapter"
)

// ProviderCredential is the provider id of e-mail and password accounts.
const ProviderCredential = "credential"

// CreateAccount inserts an account. Its times default to now.
func (s *Store) CreateAccount(ctx context.Context, acc Account) (*Account, error) {
	now := s.a.Now()
	if acc.CreatedAt.IsZero() {
		acc.CreatedAt = now
	}
	if acc.UpdatedAt.IsZero() {
		acc.UpdatedAt = now
	}
	return createRow(ctx, s, s.accountModel(), acc.clone(), nil)
}

// FindAccounts lists the accounts of a user, oldest first.
func (s *Store) FindAccounts(ctx context.Context, userID string) ([]*Account, error) {
	return findRows(ctx, s.accountModel(), s.db, adapter.Find{Where: adapter.By("userId", userID), Sort: oldestFirst})
}

// FindAccount returns the account of a provider.
func (s *Store) FindAccount(ctx context.Context, providerID, accountID string) (*Account, error) {
	return findRow(ctx, s, s.accountModel(), adapter.By("accountId", accountID).And("providerId", providerID))
}

// FindAccountOwner returns the account of a provider and its user. It is one statement.
// The user is nil when there is none, which only a database without foreign keys allows.
func (s *Store) FindAccountOwner(ctx context.Context, providerID, accountID string) (*Account, *User, error) {
	rec, err := s.db.FindOne(ctx, adapter.Find{
		Model: ModelAccount, Where: adapter.By("accountId", accountID).And("providerId", providerID),
		Joins: []adapter.Join{{Model: ModelUser, From: "userId", To: "id", One: true}},
	})
	if err != nil {
		return nil, nil, err
	}
	acc, err := s.a.accountOf(rec)
	if err != nil {
		return nil, nil, err
	}
	userRec, ok := rec[ModelUser].(adapter.Record)
	if !ok || userRec == nil {
		return acc, nil, nil
	}
	u, err := s.a.userOf(userRec)
	return acc, u, err
}

// FindCredential returns the user's e-mail and password account that has a password.
func (s *Store) FindCredential(ctx context.Context, userID string) (*Account, error) {
	accounts, err := s.FindAccounts(ctx, userID)
	if err != nil {
		return nil, err
	}
	if acc := credentialOf(accounts); acc != nil {
		return acc, nil
	}
	return nil, ErrNotFound
}

func credentialOf(accounts []*Account) *Account {
	for _, acc := range accounts {
		if acc.ProviderID == ProviderCredential && acc.Password != nil && *acc.Password != "" {
			return acc
		}
	}
	return nil
}

// UpdateAccount changes an account by id.
func (s *Store) UpdateAccount(ctx context.Context, id string, set adapter.Record) (*Account, error) {
	return updateRow(ctx, s, s.accountModel(), adapter.By("id", id), set, nil)
}

// RewriteAccount is UpdateAccount for an account that the caller has read: it returns that
// one with the changes. Where the application has no hooks of updates, it is one statement
// on every database, because no row is read again.
func (s *Store) RewriteAccount(ctx context.Context, acc *Account, set adapter.Record) (*Account, error) {
	if len(set) == 0 || len(s.accounts.beforeUpdate)+len(s.accounts.afterUpdate) > 0 {
		return s.UpdateAccount(ctx, acc.ID, set)
	}
	set, err := s.a.db.updates(ModelAccount, set)
	if err != nil {
		return nil, err
	}
	n, err := s.db.UpdateMany(ctx, ModelAccount, adapter.By("id", acc.ID), set)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, ErrNotFound
	}
	rec := acc.record()
	maps.Copy(rec, set)
	return s.a.accountOf(rec)
}

// SetPassword stores a hash on the user's credential account, which it makes when
// there is none. A user that does not exist is ErrNotFound.
func (s *Store) SetPassword(ctx context.Context, userID, hash string) error {
	return s.Tx(ctx, func(ctx context.Context) error {
		// One of parallel calls makes the account and the others find it.
		if err := s.LockUser(ctx, userID); err != nil {
			return err
		}
		w := adapter.By("userId", userID).And("providerId", ProviderCredential)
		_, err := updateRow(ctx, s, s.accountModel(), w, adapter.Record{"password": hash}, nil)
		if IsNotFound(err) {
			_, err = s.CreateAccount(ctx, Account{UserID: userID, ProviderID: ProviderCredential, AccountID: userID, Password: &hash})
		}
		return err
	})
}

// ConfirmPassword fails with ErrNotFound when the password of an account is no
// longer the one in acc. The account stays locked until the transaction of ctx
// ends. So a concurrent change of the password either comes first and is seen
// here, or comes later and sees what this transaction has written. Lock the user
// first, by LockUser or by a row that refers to the user.
func (s *Store) ConfirmPassword(ctx context.Context, acc *Account) error {
	if acc == nil || acc.Password == nil {
		return ErrNotFound
	}
	// The adapter below fills in no on-update values: the row must not change.
	if err := s.a.db.inTurn(ctx); err != nil {
		return err
	}
	_, err := s.a.db.Adapter.Update(ctx, ModelAccount, adapter.By("id", acc.ID).And("password", *acc.Password),
		adapter.Record{"updatedAt": acc.UpdatedAt})
	return err
}

// DeleteAccount removes an account by id.
func (s *Store) DeleteAccount(ctx context.Context, id string) error {
	return deleteRows(ctx, s, s.accountModel(), adapter.By("id", id))
}
