package password

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"golang.org/x/text/unicode/norm"
)

// MaxLength is the longest password that is hashed at all, in bytes of UTF-8. It only
// bounds the work of one request; the policy (8 to 128 characters by default) is the
// caller's.
const MaxLength = 4096

// ErrTooLong says that a password is longer than MaxLength.
var ErrTooLong = errors.New("password: longer than 4096 bytes")

// Hasher hashes passwords in place of this package, for instance in another
// process (Better Auth's password.hash and password.verify options). Verify
// returns an error only when it could not find out.
type Hasher interface {
	Hash(ctx context.Context, password string) (string, error)
	Verify(ctx context.Context, hash, password string) (ok bool, err error)
}

// Algorithm is the algorithm of new hashes. Verify reads every format in any
// case.
type Algorithm int

// The algorithms.
const (
	// Argon2id writes a PHC string: $argon2id$v=19$m=65536,t=3,p=4$salt$hash.
	Argon2id Algorithm = iota
	// Scrypt writes Better Auth's salt:key in hex (N=16384, r=16, p=1, 64 bytes).
	Scrypt
)

// Argon2Params are the costs of Argon2id (RFC 9106). A zero field takes the
// default.
type Argon2Params struct {
	Memory     uint32 // KiB, default 65536
	Time       uint32 // passes, default 3
	Threads    uint8  // lanes, default 4
	SaltLength int    // bytes, default 16
	KeyLength  int    // bytes, default 32
}

// Options tunes a Service; the zero value is ready for production.
type Options struct {
	Algorithm Algorithm // default Argon2id
	Argon2    Argon2Params
	// Parallel is how many hashes are computed at once; default the number of
	// processors (GOMAXPROCS). The memory of hashing is Parallel times the memory
	// of one hash.
	Parallel int
	// Queue is how many calls may wait for their turn, default 1024, negative for
	// none. When the queue is full, a call of the name that has the most waiting calls
	// (see WithShares) gets ErrBusy. A waiting call costs a parked goroutine and ends
	// with its context.
	Queue int
	// MaxWait is the longest expected wait of a call, computed from the measured
	// rate. A call that would wait longer gets ErrBusy at once. Default 5 seconds;
	// negative: no limit.
	MaxWait time.Duration
	Rand    io.Reader // source of salts, default crypto/rand.Reader
	// Observe is called before a hash waits for its turn. begun is called when it is
	// computed from now on, or, with an error, when it will not be; ended when it has
	// been computed. Default: nobody is told.
	Observe func(ctx context.Context) (begun func(err error), ended func())
	// Custom replaces the algorithms. It runs within the same budget: raise
	// Parallel when the work is done elsewhere.
	Custom Hasher
}

// Service hashes and verifies passwords. It is safe for concurrent use.
type Service struct {
	algorithm Algorithm
	argon2    Argon2Params
	limits    limits
	rand      io.Reader
	custom    Hasher
	observe   func(context.Context) (func(error), func())
	queue     *queue
	heap      *heap
}

// New makes a Service. It fails when a parameter is outside the bounds that
// Verify accepts in a stored hash, or so weak that it must be a mistake.
func New(o Options) (*Service, error) {
	p, err := o.Argon2.withDefaults()
	if err != nil {
		return nil, err
	}
	if o.Algorithm != Argon2id && o.Algorithm != Scrypt {
		return nil, fmt.Errorf("password: unknown algorithm %d", int(o.Algorithm))
	}
	if o.Parallel < 0 {
		return nil, errors.New("password: Parallel is negative")
	}
	if o.Parallel == 0 {
		o.Parallel = runtime.GOMAXPROCS(0)
	}
	if o.Queue == 0 {
		o.Queue = 1024
	}
	if o.MaxWait == 0 {
		o.MaxWait = 5 * time.Second
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	return &Service{
		algorithm: o.Algorithm,
		argon2:    p,
		limits:    limitsFor(p),
		rand:      o.Rand,
		custom:    o.Custom,
		observe:   o.Observe,
		queue:     newQueue(o.Parallel, max(o.Queue, 0), o.MaxWait),
		heap:      newHeap(),
	}, nil
}

// Hash returns the hash of a password with the current algorithm, parameters and
// a new salt. The password is NFKC-normalised first, as Better Auth does, so that
// the same text typed on two keyboards is one password. Errors: ErrBusy, the
// context's error, ErrTooLong, the random source's error.
func (s *Service) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxLength {
		return "", ErrTooLong
	}
	if s.custom != nil {
		return budgeted(ctx, s, func() (string, error) { return s.custom.Hash(ctx, password) })
	}
	fresh, err := s.fresh()
	if err != nil {
		return "", err
	}
	if err := s.compute(ctx, fresh, norm.NFKC.String(password)); err != nil {
		return "", err
	}
	return fresh.String(), nil
}

// Verify reports whether hash was made from password. If so, it also reports
// whether the hash should be replaced because it was not made with the current
// algorithm and parameters. It reads Argon2id and Argon2i PHC strings, Better
// Auth's scrypt salt:key, scrypt$n$r$p$salt$key and bcrypt ($2a$, $2b$, $2y$).
// For any other text, and for parameters whose cost is out of bounds, it
// returns false without an error and without hashing. Errors: ErrBusy, the
// context's error.
func (s *Service) Verify(ctx context.Context, hash, password string) (ok, rehash bool, err error) {
	if len(password) > MaxLength {
		return false, false, nil
	}
	if s.custom != nil {
		ok, err = budgeted(ctx, s, func() (bool, error) { return s.custom.Verify(ctx, hash, password) })
		return ok && err == nil, false, err
	}
	stored, known := parse(hash, s.limits)
	if !known {
		return false, false, nil
	}
	forms := []string{norm.NFKC.String(password)}
	if forms[0] != password && !stored.normalised() {
		forms = append(forms, password)
	}
	for i, form := range forms {
		ok, err := s.matches(ctx, stored, form)
		if err != nil {
			return false, false, err
		}
		if ok {
			return true, i > 0 || !s.current(stored), nil
		}
	}
	return false, false, nil
}

// Dummy does the work of a failing Verify against a current hash and discards the
// result. Call it when there is no hash to verify; otherwise the response time
// would reveal which accounts exist. Errors: as Hash.
func (s *Service) Dummy(ctx context.Context, password string) error {
	if len(password) > MaxLength {
		return nil
	}
	if s.custom != nil {
		_, err := s.Hash(ctx, password)
		return err
	}
	fresh, err := s.fresh()
	if err != nil {
		return err
	}
	normalised := norm.NFKC.String(password)
	if err := s.compute(ctx, fresh, normalised); err != nil {
		return err
	}
	if normalised != password && !fresh.normalised() {
		return s.compute(ctx, fresh, password)
	}
	return nil
}
