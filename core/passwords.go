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
	// verifiedEmail is PasswordPolicy.RequireVerifiedEmail of any plugin.
	verifiedEmail bool
	resets        resetPolicy
}

// resetPolicy is what applies to resets in the policies of all plugins.
type resetPolicy struct {
	revokeSessions bool
	then           func(ctx context.Context, u *User) error
}

// customHasher uses the functions of a PasswordPolicy, and the built-in service in
// place of a missing one.
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
	so := password.Options{Algorithm: algorithm, Argon2: o.Argon2, Parallel: o.Parallel, Queue: o.Queue, MaxWait: o.MaxWait, Rand: a.opts.Rand,
		Observe: a.observer.Hashing}
	hasher := ""
	for i, m := range manifests {
		if m.Password == nil {
			continue
		}
		id := a.plugins[i].ID()
		if m.Password.MinLength < 0 || m.Password.MaxLength < 0 {
			return nil, fmt.Errorf("core: plugin %q: a length of passwords is negative", id)
		}
		p.verifiedEmail = p.verifiedEmail || m.Password.RequireVerifiedEmail
		if m.Password.MinLength > 0 {
			p.min = m.Password.MinLength
		}
		if m.Password.MaxLength > 0 {
			p.max = m.Password.MaxLength
		}
		if p.min > p.max {
			return nil, fmt.Errorf("core: plugin %q: the minimum password length %d is greater than the maximum %d", id, p.min, p.max)
		}
		p.resets.revokeSessions = p.resets.revokeSessions || m.Password.RevokeSessionsOnReset
		if m.Password.OnReset != nil {
			if p.resets.then != nil {
				return nil, fmt.Errorf("core: plugin %q: another plugin sets OnReset of the password as well: let one of them do it", id)
			}
			p.resets.then = m.Password.OnReset
		}
		if (m.Password.Hash == nil) != (m.Password.Verify == nil) {
			return nil, fmt.Errorf("core: plugin %q: set both Hash and Verify of the password, or neither", id)
		}
		if m.Password.Hash != nil {
			if hasher != "" {
				return nil, fmt.Errorf("core: the plugins %q and %q both replace the hashing of passwords: let one of them do it", hasher, id)
			}
			hasher = id
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

// CheckPasswordLength fails with PASSWORD_TOO_SHORT or PASSWORD_TOO_LONG.
// Lengths count UTF-16 code units, as JavaScript does.
func (a *Auth) CheckPasswordLength(pw string) error {
	switch n := validate.UTF16Len(pw); {
	case n < a.passwords.min:
		return Fail(http.StatusBadRequest, CodePasswordTooShort)
	case n > a.passwords.max:
		return Fail(http.StatusBadRequest, CodePasswordTooLong)
	}
	return nil
}

// CheckNewPassword checks a new password: its length (CheckPasswordLength), then
// each plugin's Manifest.CheckPassword in order. Every handler that sets a
// password, in a plugin too, calls it before it hashes. The error is the answer.
func (a *Auth) CheckNewPassword(c *Ctx, pw string) error {
	if err := a.CheckPasswordLength(pw); err != nil {
		return err
	}
	for _, check := range a.passwordRules {
		if err := check(c, pw); err != nil {
			return err
		}
	}
	return nil
}

// HashPassword hashes a password with the configured algorithm. It waits in the
// hashing queue, and fails with password.ErrBusy when it would wait too long. A
// route that hashes must have the option Hashes; on other routes the call fails.
func (a *Auth) HashPassword(ctx context.Context, pw string) (string, error) {
	ctx, err := hashing(ctx)
	if err != nil {
		return "", err
	}
	return a.passwords.Hash(ctx, pw)
}

// VerifyPassword checks a password against an account. When the stored hash has
// another algorithm or weaker parameters than new hashes, a new hash replaces it,
// also in acc. A nil account, or an account without a password, takes the same time
// and returns false. A route that verifies must have the option Hashes; on other
// routes the call fails.
func (a *Auth) VerifyPassword(ctx context.Context, acc *Account, pw string) (bool, error) {
	ctx, err := hashing(ctx)
	if err != nil {
		return false, err
	}
	// No password can be longer, so a longer one is not hashed. Such requests are quick
	// for every account alike and reveal nothing about one.
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
		return true, c.EmitIn(ctx, Event{Type: EventPasswordRehashed, UserID: acc.UserID})
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
