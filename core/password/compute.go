package password

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

func (p Argon2Params) withDefaults() (Argon2Params, error) {
	if p.Memory == 0 {
		p.Memory = 64 << 10
	}
	if p.Time == 0 {
		p.Time = 3
	}
	if p.Threads == 0 {
		p.Threads = 4
	}
	if p.SaltLength == 0 {
		p.SaltLength = 16
	}
	if p.KeyLength == 0 {
		p.KeyLength = 32
	}
	switch {
	case p.Memory < 8*uint32(p.Threads):
		return p, errors.New("password: Argon2 needs a memory of at least 8 KiB per thread")
	case p.Memory > 4<<20:
		return p, errors.New("password: an Argon2 memory of more than 4 GiB")
	case p.Time > 1<<10:
		return p, errors.New("password: an Argon2 time of more than 1024 passes")
	case p.SaltLength < 8 || p.SaltLength > 128:
		return p, errors.New("password: an Argon2 salt has 8 to 128 bytes")
	case p.KeyLength < 16 || p.KeyLength > 128:
		return p, errors.New("password: an Argon2 key has 16 to 128 bytes")
	}
	return p, nil
}

// fresh returns a hash of the current kind with a new salt and without its key.
func (s *Service) fresh() (*record, error) {
	h := &record{kind: argon2id, memory: s.argon2.Memory, time: s.argon2.Time, threads: s.argon2.Threads,
		key: make([]byte, s.argon2.KeyLength)}
	saltLength := s.argon2.SaltLength
	if s.algorithm == Scrypt {
		h = &record{kind: scryptSalted, n: scryptN, r: scryptR, p: scryptP, key: make([]byte, scryptKeyLength)}
		saltLength = scryptSaltLength
	}
	h.salt = make([]byte, saltLength)
	if _, err := io.ReadFull(s.rand, h.salt); err != nil {
		return nil, fmt.Errorf("password: no randomness for a salt: %w", err)
	}
	if h.kind == scryptSalted {
		h.salt = []byte(hex.EncodeToString(h.salt))
	}
	return h, nil
}

// current reports whether Hash would make a hash like h.
func (s *Service) current(h *record) bool {
	if s.algorithm == Scrypt {
		return h.kind == scryptSalted && len(h.salt) == 2*scryptSaltLength
	}
	return h.kind == argon2id && h.memory == s.argon2.Memory && h.time == s.argon2.Time &&
		h.threads == s.argon2.Threads && len(h.salt) == s.argon2.SaltLength && len(h.key) == s.argon2.KeyLength
}

// matches reports whether password, taken as it is, gives the stored key.
func (s *Service) matches(ctx context.Context, h *record, password string) (bool, error) {
	if h.kind == bcryptHash {
		return budgeted(ctx, s, func() (bool, error) {
			return bcrypt.CompareHashAndPassword([]byte(h.text), []byte(password)) == nil, nil
		})
	}
	again := *h
	again.key = make([]byte, len(h.key))
	if err := s.compute(ctx, &again, password); err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(again.key, h.key) == 1, nil
}

// compute fills h.key from the password and the rest of h, within the budget.
func (s *Service) compute(ctx context.Context, h *record, password string) error {
	release, err := s.acquire(ctx, s.slots(h))
	if err != nil {
		return err
	}
	defer release()
	defer s.heap.freed(h.bytes())
	n := len(h.key)
	switch h.kind {
	case argon2id:
		h.key = argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.threads, uint32(n))
	case argon2i:
		h.key = argon2.Key([]byte(password), h.salt, h.time, h.memory, h.threads, uint32(n))
	default:
		h.key, err = scrypt.Key([]byte(password), h.salt, h.n, h.r, h.p, n)
	}
	return err
}

// acquire takes slots of the queue, and returns the function that gives them back.
func (s *Service) acquire(ctx context.Context, slots int) (release func(), err error) {
	if s.observe == nil {
		return s.queue.acquire(ctx, slots)
	}
	begun, ended := s.observe(ctx)
	free, err := s.queue.acquire(ctx, slots)
	begun(err)
	if err != nil {
		return nil, err
	}
	return func() {
		free()
		ended()
	}, nil
}

// slots is how many places a hash takes: its memory in units of a hash of the current
// kind.
func (s *Service) slots(h *record) int {
	unit := uint64(s.argon2.Memory) << 10
	if s.algorithm == Scrypt {
		unit = 128 * scryptN * scryptR
	}
	return int(min((h.bytes()+unit-1)/unit, 1<<20))
}

// budgeted runs work that needs no large memory in one slot.
func budgeted[T any](ctx context.Context, s *Service, work func() (T, error)) (T, error) {
	release, err := s.acquire(ctx, 1)
	if err != nil {
		var none T
		return none, err
	}
	defer release()
	return work()
}
