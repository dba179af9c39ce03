package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/password"
	"github.com/advantch/kernia-go/core/validate"
)

// passwords is the password service of one Auth: hashing with a budget, the
// limits of length, and the upgrade of old hashes.
type passwords struct {
	a        *Auth
	service  *password.Service
	min, max int
	custom   bool
}

// customHasher joins the functions of a PasswordPolicy with the built-in service
// for the one that is missing.
type customHasher struct {
	hash   func(ctx context.Context, password string) (string, error)
	verify func(ctx context.Context, hash, password string) (bool, error)
}

func (h customHasher) Hash(ctx context.Context, p string) (string, error) { return h.hash(ctx, p) }

func (h customHasher) Verify(ctx context.Context, hash, p string) (bool, error) {
	return h.verify(ctx, hash, p)
}

func newPasswords(a *Auth, manifests []Manifest) (*passwords, error) {
	o := a.opts.Password
	algorithm := password.Argon2id
	if a.opts.Compat == CompatBetterAuth {
		algorithm = password.Scrypt
	}
	if o.Algorithm != nil {
		algorithm = *o.Algorithm
	}
	p := &passwords{a: a, min: 8, max: 128}
	so := password.Options{Algorithm: algorithm, Argon2: o.Argon2, Parallel: o.Parallel, Queue: o.Queue, Rand: a.opts.Rand}
	for i, m := range manifests {
		if m.Password == nil {
			continue
		}
		id := a.plugins[i].ID()
		if m.Password.MinLength < 0 || m.Password.MaxLength < 0 {
			return nil, fmt.Errorf("core: plugin %q: a length of passwords is negative", id)
		}
		if m.Password.MinLength > 0 {
			p.min = m.Password.MinLength
		}
		if m.Password.MaxLength > 0 {
			p.max = m.Password.MaxLength
		}
		if p.min > p.max {
			return nil, fmt.Errorf("core: plugin %q: the minimum password length %d is greater than the maximum %d", id, p.min, p.max)
		}
		if (m.Password.Hash == nil) != (m.Password.Verify == nil) {
			return nil, fmt.Errorf("core: plugin %q: set both Hash and Verify of the password, or neither", id)
		}
		if m.Password.Hash != nil {
			so.Custom = customHasher{m.Password.Hash, m.Password.Verify}
			p.custom = true
		}
	}
	s, err := password.New(so)
	if err != nil {
		return nil, fmt.Errorf("core: Options.Password: %w", err)
	}
	p.service = s
	return p, nil
}

// Hash hashes within the budget.
func (p *passwords) Hash(ctx context.Context, pw string) (string, error) {
	return p.service.Hash(ctx, pw)
}

// Verify verifies within the budget.
func (p *passwords) Verify(ctx context.Context, hash, pw string) (bool, error) {
	ok, _, err := p.service.Verify(ctx, hash, pw)
	return ok, err
}

// CheckPasswordLength answers PASSWORD_TOO_SHORT or PASSWORD_TOO_LONG. Lengths
// count UTF-16 code units, as JavaScript does.
func (a *Auth) CheckPasswordLength(pw string) error {
	switch n := validate.UTF16Len(pw); {
	case n < a.passwords.min:
		return Fail(http.StatusBadRequest, CodePasswordTooShort)
	case n > a.passwords.max:
		return Fail(http.StatusBadRequest, CodePasswordTooLong)
	}
	return nil
}

// HashPassword hashes a password with the configured algorithm, within the
// budget: it waits for its turn, and fails with password.ErrBusy when too many wait.
func (a *Auth) HashPassword(ctx context.Context, pw string) (string, error) {
	return a.passwords.Hash(ctx, pw)
}

// VerifyPassword checks a password against an account. When the stored hash is of
// another algorithm or of weaker parameters than new ones, a new hash replaces it,
// also in acc. A nil account, or one without password, costs the same time and
// answers false.
func (a *Auth) VerifyPassword(ctx context.Context, acc *Account, pw string) (bool, error) {
	// No password can be longer: do not hash what cannot match. Such requests are
	// quick for every account alike, so they tell nothing about one.
	if validate.UTF16Len(pw) > max(a.passwords.max, 128) {
		return false, nil
	}
	if acc == nil || acc.Password == nil || *acc.Password == "" {
		return false, a.passwords.service.Dummy(ctx, pw)
	}
	ok, rehash, err := a.passwords.service.Verify(ctx, *acc.Password, pw)
	if err != nil || !ok || !rehash || a.passwords.custom {
		return ok, err
	}
	hash, err := a.passwords.Hash(ctx, pw)
	if err != nil {
		return true, nil // busy: the next sign-in upgrades
	}
	rec, err := a.db.Update(ctx, ModelAccount, adapter.By("id", acc.ID).And("password", *acc.Password), adapter.Record{"password": hash})
	if errors.Is(err, adapter.ErrNotFound) {
		return a.verifyAgain(ctx, acc, pw)
	}
	var upgraded *Account
	if err == nil {
		upgraded, err = a.accountOf(rec)
	}
	if err != nil {
		a.logError(ctx, "storing an upgraded password hash failed", err)
		return true, nil
	}
	*acc = *upgraded
	if c, ok := CtxFrom(ctx); ok {
		c.Emit(Event{Type: EventPasswordRehashed, UserID: acc.UserID})
	}
	return true, nil
}

// verifyAgain checks a password against an account whose hash was replaced while
// it was being verified: by a parallel sign-in that upgraded it, or by a new password.
func (a *Auth) verifyAgain(ctx context.Context, acc *Account, pw string) (bool, error) {
	now, err := findRow(ctx, a.store, a.store.accountModel(), adapter.By("id", acc.ID))
	if isNotFound(err) || err == nil && now.Password == nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	ok, _, err := a.passwords.service.Verify(ctx, *now.Password, pw)
	if ok {
		*acc = *now
	}
	return ok, err
}
