package core

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/storage"
)

// Store reads and writes the four core tables as typed rows, runs the store
// hooks, and hides whether sessions and verification values live in the database
// or in the secondary storage. Its methods run in the transaction of their
// context. "Not found" is ErrNotFound everywhere.
type Store struct {
	a         *Auth
	db        adapter.Adapter
	secondary storage.Storage

	users         modelHooks[User]
	sessions      modelHooks[Session]
	accounts      modelHooks[Account]
	verifications modelHooks[Verification]
}

// SecondaryStorage returns Options.SecondaryStorage, nil when there is none. Plugins keep
// their own values in it, under keys that begin with a prefix of their own.
func (a *Auth) SecondaryStorage() storage.Storage { return a.opts.SecondaryStorage }

// Store is the typed access to users, sessions, accounts and verification values.
func (a *Auth) Store() *Store { return a.store }

func newStore(a *Auth, hooks []StoreHooks) *Store {
	return &Store{
		a: a, db: a.db, secondary: a.opts.SecondaryStorage,
		users:         compileHooks(hooks, func(h *StoreHooks) *ModelHooks[User] { return &h.User }),
		sessions:      compileHooks(hooks, func(h *StoreHooks) *ModelHooks[Session] { return &h.Session }),
		accounts:      compileHooks(hooks, func(h *StoreHooks) *ModelHooks[Account] { return &h.Account }),
		verifications: compileHooks(hooks, func(h *StoreHooks) *ModelHooks[Verification] { return &h.Verification }),
	}
}

// Tx runs fn in a transaction. When the transaction loses to another one, for
// example in a deadlock, the database ends it and Tx runs fn again, with its store
// hooks. So fn must set the variables around it and never add to them, write the
// database through the context it gets, and return the errors of the Store.
// Effects that cannot be undone (a mail, an event, a cookie) belong in AfterCommit
// or in the caller.
func (s *Store) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	return s.db.Tx(ctx, fn)
}

// oldestFirst is the order of lists. Better Auth leaves it to the database: SQLite and
// PostgreSQL give this order, MySQL that of random ids.
var oldestFirst = []adapter.Sort{{Field: "createdAt"}}

// soonestFirst is the order in which a secondary storage lists sessions.
var soonestFirst = []adapter.Sort{{Field: "expiresAt"}}

// isNotFound is IsNotFound.
func isNotFound(err error) bool { return IsNotFound(err) }

// model holds a table's part of the generic writes.
type model[T any] struct {
	name   string
	hooks  *modelHooks[T]
	of     func(adapter.Record) (*T, error)
	record func(*T) adapter.Record
	clone  func(*T) *T
}

func (s *Store) userModel() model[User] {
	return model[User]{ModelUser, &s.users, s.a.userOf, (*User).record, (*User).clone}
}

func (s *Store) sessionModel() model[Session] {
	return model[Session]{ModelSession, &s.sessions, s.a.sessionOf, (*Session).record, (*Session).clone}
}

func (s *Store) accountModel() model[Account] {
	return model[Account]{ModelAccount, &s.accounts, s.a.accountOf, (*Account).record, (*Account).clone}
}

func (s *Store) verificationModel() model[Verification] {
	return model[Verification]{ModelVerification, &s.verifications, s.a.verificationOf, (*Verification).record, (*Verification).clone}
}

func runRow[T any](ctx context.Context, hooks []func(context.Context, *T) error, row *T) error {
	for _, h := range hooks {
		if err := h(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// afterRow tells hooks of a write, each with a row of its own.
func afterRow[T any](ctx context.Context, s *Store, m model[T], event string, hooks []func(context.Context, *T) error, row *T) error {
	var failed error
	for _, h := range hooks {
		own := m.clone(row)
		err := s.a.Tell(ctx, "the hook "+event+" of "+m.name, func(ctx context.Context) error { return h(ctx, own) })
		failed = both(failed, err)
	}
	return failed
}

// both is errors.Join that leaves a single error as it is.
func both(a, b error) error {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return errors.Join(a, b)
}

// createRow runs hooks around write, which is the database by default. It may return
// both a row and an error, which is that of an after-hook. The row is the store's own
// copy: hooks change it.
func createRow[T any](ctx context.Context, s *Store, m model[T], row *T, write func(ctx context.Context, row *T) (*T, error)) (*T, error) {
	if err := runRow(ctx, m.hooks.beforeCreate, row); err != nil {
		return nil, err
	}
	if write == nil {
		write = func(ctx context.Context, row *T) (*T, error) {
			rec, err := s.db.Create(ctx, m.name, m.record(row))
			if err != nil {
				return nil, err
			}
			return m.of(rec)
		}
	}
	created, err := write(ctx, row)
	if err != nil {
		return nil, err
	}
	return created, afterRow(ctx, s, m, "AfterCreate", m.hooks.afterCreate, created)
}

func updateRow[T any](ctx context.Context, s *Store, m model[T], w adapter.Where, set adapter.Record, write func(ctx context.Context, set adapter.Record) (*T, error)) (*T, error) {
	if len(m.hooks.beforeUpdate) > 0 {
		set = cloneRecord(set) // the caller's stays as it is: a transaction that runs again passes it again
	}
	for _, h := range m.hooks.beforeUpdate {
		if err := h(ctx, set); err != nil {
			return nil, err
		}
	}
	if write == nil {
		write = func(ctx context.Context, set adapter.Record) (*T, error) {
			rec, err := s.db.Update(ctx, m.name, w, set)
			if err != nil {
				return nil, err
			}
			return m.of(rec)
		}
	}
	row, err := write(ctx, set)
	if err != nil {
		return nil, err
	}
	return row, afterRow(ctx, s, m, "AfterUpdate", m.hooks.afterUpdate, row)
}

// deleteRows removes the matching rows. Without hooks it is one statement. With hooks
// each row is deleted by itself: of parallel callers one deletes it and runs its
// after-hooks. No row is deleted that the hooks have not seen, so rows that were
// inserted meanwhile are read again.
func deleteRows[T any](ctx context.Context, s *Store, m model[T], w adapter.Where) error {
	if len(m.hooks.beforeDelete) == 0 && len(m.hooks.afterDelete) == 0 {
		n, err := s.db.DeleteMany(ctx, m.name, w)
		if err == nil && m.name == ModelSession {
			s.a.observeSessions(ctx, 0, n)
		}
		return err
	}
	err := s.Tx(ctx, func(ctx context.Context) error {
		seen := map[any]bool{}
		for {
			recs, err := s.db.FindMany(ctx, adapter.Find{Model: m.name, Where: w})
			if err != nil {
				return err
			}
			recs = slices.DeleteFunc(recs, func(rec adapter.Record) bool { return seen[rec["id"]] })
			if len(recs) == 0 {
				return nil
			}
			for _, rec := range recs {
				seen[rec["id"]] = true
				row, err := m.of(rec)
				if err != nil {
					return err
				}
				err = runRow(ctx, m.hooks.beforeDelete, row)
				if errors.Is(err, ErrAbort) {
					return errVetoed // what hooks before it have written is undone
				}
				if err != nil {
					return err
				}
			}
			for _, rec := range recs {
				if err := deleteRow(ctx, s, m, w.And("id", rec["id"])); err != nil {
					return err
				}
			}
		}
	})
	if errors.Is(err, errVetoed) {
		return nil // the rows stay, and nobody is told, as in Better Auth 1.6
	}
	return err
}

// errVetoed undoes the deletion of rows that a hook has given up.
var errVetoed = errors.New("core: a hook has given up a deletion")

// deleteRow removes one row and runs its after-hooks, unless another call was quicker.
func deleteRow[T any](ctx context.Context, s *Store, m model[T], w adapter.Where) error {
	rec, err := s.db.ConsumeOne(ctx, m.name, w)
	if errors.Is(err, adapter.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if m.name == ModelSession {
		s.a.observeSessions(ctx, 0, 1)
	}
	row, err := m.of(rec)
	if err != nil {
		return err
	}
	return afterRow(ctx, s, m, "AfterDelete", m.hooks.afterDelete, row)
}

// findRow reads one row.
func findRow[T any](ctx context.Context, s *Store, m model[T], w adapter.Where) (*T, error) {
	rec, err := s.db.FindOne(ctx, adapter.Find{Model: m.name, Where: w})
	if err != nil {
		return nil, err
	}
	return m.of(rec)
}

func findRows[T any](ctx context.Context, m model[T], db adapter.Adapter, q adapter.Find) ([]*T, error) {
	q.Model = m.name
	recs, err := db.FindMany(ctx, q)
	if err != nil {
		return nil, err
	}
	rows := make([]*T, len(recs))
	for i, rec := range recs {
		if rows[i], err = m.of(rec); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// NormalizeEmail lower-cases the ASCII letters of an address. Other letters stay:
// Unicode folding would let one person's address become another's.
func NormalizeEmail(email string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, email)
}
