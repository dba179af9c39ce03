// Package otp makes, stores and checks one-time codes that plugins send to users, for
// example by mail or SMS. A code is a verification value of the store. Each attempt
// is counted before the code is compared, so that concurrent guesses cannot exceed
// the allowed attempts.
package otp

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/secret"
)

// Storage says how codes are stored.
type Storage string

// The ways to store a code. A hashed code cannot be sent again.
const (
	Plain     Storage = "plain"
	Hashed    Storage = "hashed" // SHA-256, base64url without padding
	Encrypted Storage = "encrypted"
)

// The reasons why a code is refused. A plugin answers each with an error code
// of its own.
var (
	ErrExpired         = errors.New("otp: there is no such code, it has expired, or it has been used")
	ErrTooManyAttempts = errors.New("otp: the code has been tried too often")
	ErrWrong           = errors.New("otp: the code is wrong")

	// ErrNone is the ErrExpired of an identifier that has no code at all, for plugins that
	// tell it from an expired one. Storage may remove expired codes.
	ErrNone = fmt.Errorf("otp: there is no code: %w", ErrExpired)
	// ErrHashed is the ErrExpired of Read and Reuse for a code that is stored as a hash.
	ErrHashed = fmt.Errorf("otp: the code is stored as a hash: %w", ErrExpired)
)

// Options configures codes.
type Options struct {
	Digits          int           // length of a code, 4 to 12; default 6
	TTL             time.Duration // life of a code, at least a second; default 5 minutes
	AllowedAttempts int           // wrong attempts that a code allows; default 3
	Store           Storage       // how codes are stored; default Encrypted
	// Hash, or Encrypt and Decrypt, store codes in a way of your own, in place of
	// Store. They are called in transactions that lock rows: compute there, and ask no
	// other system.
	Hash             func(ctx context.Context, code string) (string, error)
	Encrypt, Decrypt func(ctx context.Context, text string) (string, error)
}

// Codes are the codes of one plugin. Each belongs to an identifier, for example the
// purpose and the address that it is sent to. An identifier has one code at a time.
type Codes struct {
	a *core.Auth
	o Options
}

// New makes Codes that are stored in a. Call it in Manifest.Init. The error says which
// option is invalid.
func New(a *core.Auth, o Options) (*Codes, error) {
	if o.Digits == 0 {
		o.Digits = 6
	}
	if o.TTL == 0 {
		o.TTL = 5 * time.Minute
	}
	if o.AllowedAttempts == 0 {
		o.AllowedAttempts = 3
	}
	if o.Store == "" {
		o.Store = Encrypted
	}
	switch {
	case o.Digits < 4 || o.Digits > 12:
		return nil, fmt.Errorf("Digits is %d: codes have 4 to 12 digits", o.Digits)
	case o.TTL < time.Second:
		return nil, fmt.Errorf("TTL is %v: it must be at least a second", o.TTL)
	case o.AllowedAttempts < 1:
		return nil, fmt.Errorf("AllowedAttempts is %d: it must be positive", o.AllowedAttempts)
	case (o.Encrypt == nil) != (o.Decrypt == nil):
		return nil, errors.New("Encrypt needs Decrypt: set both, or neither")
	case o.Hash != nil && o.Encrypt != nil:
		return nil, errors.New("Hash cannot be set with Encrypt and Decrypt: set one way, not both")
	case o.Store != Plain && o.Store != Encrypted && o.Store != Hashed:
		return nil, fmt.Errorf("Store %q must be %q, %q or %q", o.Store, Plain, Encrypted, Hashed)
	}
	return &Codes{a, o}, nil
}

// Make makes a random code of digits. It stores nothing.
func (c *Codes) Make() (string, error) {
	return secret.Random(c.a.Rand(), c.o.Digits, "0123456789")
}

// Keep stores code as the code of an identifier, with all attempts unused. It
// replaces the identifier's previous code.
func (c *Codes) Keep(ctx context.Context, identifier, code string) error {
	text, err := c.seal(ctx, code)
	if err != nil {
		return err
	}
	store := c.a.Store()
	return store.Tx(ctx, func(ctx context.Context) error {
		if err := store.DeleteVerification(ctx, identifier); err != nil {
			return err
		}
		_, err := store.CreateVerification(ctx, identifier, join(text, 0), c.a.Now().Add(c.o.TTL))
		return err
	})
}

// Read returns the live code of an identifier. It fails with ErrExpired when there
// is none, when it has no attempt left, and, as ErrHashed, when codes are stored hashed.
func (c *Codes) Read(ctx context.Context, identifier string) (string, error) {
	v, err := c.find(ctx, identifier)
	if err != nil {
		return "", err
	}
	text, tried := c.split(v.Value)
	if tried >= c.o.AllowedAttempts {
		return "", ErrExpired
	}
	if c.o.Hash != nil || c.o.Encrypt == nil && c.o.Store == Hashed {
		return "", ErrHashed
	}
	return c.open(ctx, text)
}

// Reuse returns the live code of an identifier, as Read does, and restarts its
// lifetime. Attempts stay counted, so that requesting the code again does not allow
// more guesses. Try.Made stays too: after something has ended the code, such as a change
// of the password, a person who knew it does not get it back by requesting it again.
func (c *Codes) Reuse(ctx context.Context, identifier string) (string, error) {
	code, err := c.Read(ctx, identifier)
	if err != nil {
		return "", err
	}
	// The value that is used up here has all counted attempts.
	v, err := c.a.Store().ConsumeVerification(ctx, identifier)
	if core.IsNotFound(err) {
		return "", ErrExpired
	}
	if err != nil {
		return "", err
	}
	text, _ := c.split(v.Value)
	if ok, err := c.match(ctx, text, code); err != nil {
		return "", err
	} else if !ok {
		code, err = c.open(ctx, text) // replaced in between
		if err != nil {
			return "", err
		}
	}
	_, err = c.a.Store().RestoreVerification(ctx, identifier, v, c.a.Now().Add(c.o.TTL))
	return code, err
}

// Check uses up the code of an identifier. It returns nil when the code is right,
// to exactly one caller. Otherwise it fails with ErrExpired, ErrTooManyAttempts or
// ErrWrong. The attempt stays counted unless a surrounding transaction is rolled
// back, so commit after a refusal.
func (c *Codes) Check(ctx context.Context, identifier, code string) error {
	t, err := c.Prove(ctx, identifier, code)
	if err != nil {
		return err
	}
	return t.Use(ctx)
}

// Test is Check without using up the code: a right code stays, with its
// attempts.
func (c *Codes) Test(ctx context.Context, identifier, code string) error {
	t, err := c.Prove(ctx, identifier, code)
	if err != nil {
		return err
	}
	return t.Undo(ctx)
}

// Prove counts an attempt and compares the code. The Try of a right code is for Try.Use,
// in the transaction of what the code is for, or for Try.Undo. Otherwise Prove fails with
// ErrExpired, ErrTooManyAttempts or ErrWrong. The attempt stays counted, so call Prove
// outside of transactions that may be rolled back.
func (c *Codes) Prove(ctx context.Context, identifier, code string) (*Try, error) {
	t, err := c.Try(ctx, identifier)
	if err != nil {
		return nil, err
	}
	switch ok, err := t.Match(ctx, code); {
	case err != nil:
		return nil, err
	case !ok:
		return nil, ErrWrong
	}
	return t, nil
}

// Try is a counted attempt: Check in steps, for a plugin that must act between them.
type Try struct {
	c          *Codes
	identifier string
	text       string // the code as it is kept
	n          int    // which attempt this is, from 1
	made       time.Time
}

// Made is when the code was stored.
func (t *Try) Made() time.Time { return t.made }

// Try counts an attempt at the code of an identifier. After ErrTooManyAttempts there is no
// code any more.
func (c *Codes) Try(ctx context.Context, identifier string) (*Try, error) {
	store := c.a.Store()
	// A swap fails only after another counted attempt or a new code.
	for range c.o.AllowedAttempts + 20 {
		v, err := c.find(ctx, identifier)
		if err != nil {
			return nil, err
		}
		text, tried := c.split(v.Value)
		if tried > c.o.AllowedAttempts {
			return nil, ErrNone
		}
		// The attempt after the last one ends the code and leaves the row, which a caller
		// with the right code may be about to use.
		_, err = store.SwapVerification(ctx, identifier, v.Value, join(text, tried+1))
		switch {
		case core.IsNotFound(err):
			continue
		case err != nil:
			return nil, err
		case tried == c.o.AllowedAttempts:
			return nil, ErrTooManyAttempts
		}
		return &Try{c, identifier, text, tried + 1, v.CreatedAt}, nil
	}
	return nil, ErrTooManyAttempts
}

// Match reports whether code is the right one. It takes the same time for every wrong
// one.
func (t *Try) Match(ctx context.Context, code string) (bool, error) {
	return t.c.match(ctx, t.text, code)
}

// Undo takes the counted attempt back, for a right code that was not used up: what it is
// for has failed for another reason. After another attempt it stays counted.
func (t *Try) Undo(ctx context.Context) error {
	_, err := t.c.a.Store().SwapVerification(ctx, t.identifier, join(t.text, t.n), join(t.text, t.n-1))
	if core.IsNotFound(err) {
		return nil
	}
	return err
}

// Use uses up the code. It fails with ErrExpired for all callers but one, as ErrNone
// unless there is a newer code.
func (t *Try) Use(ctx context.Context) error {
	store := t.c.a.Store()
	v, err := store.ConsumeVerification(ctx, t.identifier)
	if core.IsNotFound(err) {
		return ErrNone
	}
	if err != nil {
		return err
	}
	if text, _ := t.c.split(v.Value); text != t.text {
		// A new code was sent in between: put it back.
		if _, err := store.RestoreVerification(ctx, t.identifier, v, v.ExpiresAt); err != nil {
			return err
		}
		return ErrExpired
	}
	return nil
}

func (c *Codes) find(ctx context.Context, identifier string) (*core.Verification, error) {
	v, err := c.a.Store().FindVerification(ctx, identifier)
	switch {
	case core.IsNotFound(err):
		return nil, ErrNone
	case err != nil:
		return nil, err
	case !v.ExpiresAt.After(c.a.Now()):
		return nil, ErrExpired
	}
	return v, nil
}

func join(text string, tried int) string { return text + ":" + strconv.Itoa(tried) }

// split reads the values of join and of Better Auth. A value without a count has not
// been tried, and one with an invalid count is used up.
func (c *Codes) split(value string) (text string, tried int) {
	at := strings.LastIndexByte(value, ':')
	if at < 0 {
		return value, 0
	}
	n, err := strconv.Atoi(value[at+1:])
	if err != nil || n < 0 {
		n = c.o.AllowedAttempts
	}
	return value[:at], n
}

// seal returns the stored form of a code.
func (c *Codes) seal(ctx context.Context, code string) (string, error) {
	switch {
	case c.o.Hash != nil:
		return c.o.Hash(ctx, code)
	case c.o.Encrypt != nil:
		return c.o.Encrypt(ctx, code)
	case c.o.Store == Hashed:
		return secret.SHA256URL(code), nil
	case c.o.Store == Encrypted:
		return c.a.Keys().Encrypt(code)
	}
	return code, nil
}

// open is the reverse of seal, where there is one.
func (c *Codes) open(ctx context.Context, text string) (string, error) {
	switch {
	case c.o.Decrypt != nil:
		return c.o.Decrypt(ctx, text)
	case c.o.Store == Encrypted:
		return c.a.Keys().Decrypt(text)
	}
	return text, nil
}

func (c *Codes) match(ctx context.Context, text, code string) (bool, error) {
	var err error
	switch {
	case c.o.Hash != nil:
		code, err = c.o.Hash(ctx, code)
	case c.o.Encrypt == nil && c.o.Store == Hashed:
		code = secret.SHA256URL(code)
	default:
		text, err = c.open(ctx, text)
	}
	return err == nil && secret.Equal(text, code), err
}
