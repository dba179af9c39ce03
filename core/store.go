package core

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/storage"
)

// Store reads and writes the four core tables as typed rows, runs the store
// hooks, and hides whether sessions and verification values live in the database
// or in the secondary storage. Its methods run in the transaction of their
// context. "Not found" is adapter.ErrNotFound everywhere.
type Store struct {
	a         *Auth
	db        adapter.Adapter
	secondary storage.Storage

	users         modelHooks[User]
	sessions      modelHooks[Session]
	accounts      modelHooks[Account]
	verifications modelHooks[Verification]
}

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

// Tx runs fn in a transaction, and again when that lost to another one: a database
// ends one of two transactions that wait for each other. So fn sets the variables
// around it and never adds to them, writes the database through the context it
// gets, returns the errors of the Store, and leaves what cannot be undone (a mail,
// an event, a cookie) to AfterCommit or to its caller. Store hooks run again with
// it.
func (s *Store) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	return s.db.Tx(ctx, fn)
}

// oldestFirst is the order of lists. Better Auth leaves it to the database, which is
// this order in SQLite and PostgreSQL and one of random ids in MySQL.
var oldestFirst = []adapter.Sort{{Field: "createdAt"}}

func isNotFound(err error) bool {
	return errors.Is(err, adapter.ErrNotFound) || errors.Is(err, storage.ErrNotFound)
}

// model is what the generic writes need to know of a table.
type model[T any] struct {
	name   string
	hooks  *modelHooks[T]
	of     func(adapter.Record) (*T, error)
	record func(*T) adapter.Record
}

func (s *Store) userModel() model[User] {
	return model[User]{ModelUser, &s.users, s.a.userOf, (*User).record}
}

func (s *Store) sessionModel() model[Session] {
	return model[Session]{ModelSession, &s.sessions, s.a.sessionOf, (*Session).record}
}

func (s *Store) accountModel() model[Account] {
	return model[Account]{ModelAccount, &s.accounts, s.a.accountOf, (*Account).record}
}

func (s *Store) verificationModel() model[Verification] {
	return model[Verification]{ModelVerification, &s.verifications, s.a.verificationOf, (*Verification).record}
}

func runRow[T any](ctx context.Context, hooks []func(context.Context, *T) error, row *T) error {
	for _, h := range hooks {
		if err := h(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

func afterRow[T any](ctx context.Context, hooks []func(context.Context, *T) error, row *T) error {
	if len(hooks) == 0 {
		return nil
	}
	return AfterCommit(ctx, func(ctx context.Context) error { return runRow(ctx, hooks, row) })
}

// createRow runs hooks around write, which is the database by default.
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
	return created, afterRow(ctx, m.hooks.afterCreate, created)
}

func updateRow[T any](ctx context.Context, s *Store, m model[T], w adapter.Where, set adapter.Record, write func(ctx context.Context, set adapter.Record) (*T, error)) (*T, error) {
	if len(m.hooks.beforeUpdate) > 0 {
		set = maps.Clone(set) // a transaction that runs again gives the caller's own once more
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
	return row, afterRow(ctx, m.hooks.afterUpdate, row)
}

// deleteRows removes the matching rows. Without hooks it is one statement.
func deleteRows[T any](ctx context.Context, s *Store, m model[T], w adapter.Where) error {
	if len(m.hooks.beforeDelete) == 0 && len(m.hooks.afterDelete) == 0 {
		_, err := s.db.DeleteMany(ctx, m.name, w)
		return err
	}
	recs, err := s.db.FindMany(ctx, adapter.Find{Model: m.name, Where: w})
	if err != nil {
		return err
	}
	rows := make([]*T, 0, len(recs))
	for _, rec := range recs {
		row, err := m.of(rec)
		if err != nil {
			return err
		}
		err = runRow(ctx, m.hooks.beforeDelete, row)
		if errors.Is(err, ErrAbort) {
			return nil // the rows stay, and nobody is told, as in 1.6.11
		}
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if _, err := s.db.DeleteMany(ctx, m.name, w); err != nil {
		return err
	}
	for _, row := range rows {
		if err := afterRow(ctx, m.hooks.afterDelete, row); err != nil {
			return err
		}
	}
	return nil
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
