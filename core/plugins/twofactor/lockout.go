package twofactor

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

// failuresPrefix and a user's id name the count of a user who has no row in the
// table, because the only factor is a code that is sent.
const failuresPrefix = "2fa-failures-"

// unlocked answers ACCOUNT_TEMPORARILY_LOCKED while the account of a sign-in is
// locked. Only failures after a right first factor count, so that nobody can lock an
// account whose password they do not know.
func (s *second) unlocked(ctx context.Context) error {
	o := &s.p.opts.Lockout
	if s.session != nil || o.Disable {
		return nil
	}
	if s.row == nil {
		n, until, err := s.failuresWithoutRow(ctx)
		if err == nil && n >= o.MaxFailures {
			err = s.locked(until)
		}
		return err
	}
	until, now := s.row.lockedUntil, s.c.Now()
	if until.IsZero() {
		return nil
	}
	if until.After(now) {
		return s.locked(until)
	}
	_, err := s.c.Auth.DB().Update(ctx, ModelTwoFactor, adapter.Where{
		{Field: "id", Value: s.row.id}, {Field: fieldLocked, Op: adapter.Lte, Value: now},
	}, adapter.Record{fieldFailures: int64(0), fieldLocked: nil})
	if errors.Is(err, adapter.ErrNotFound) {
		return nil
	}
	return err
}

func (s *second) locked(until time.Time) error {
	e := core.Fail(http.StatusTooManyRequests, CodeAccountLocked)
	seconds := int64((until.Sub(s.c.Now()) + time.Second - 1) / time.Second)
	e.Header = []core.HeaderField{{Name: "Retry-After", Value: strconv.FormatInt(seconds, 10)}}
	return e
}

// reserve counts a failure before the code is looked at, in one statement: of a burst
// of guesses no more are looked at than the account has left. A right code takes the
// count back.
func (s *second) reserve(ctx context.Context) error {
	o := &s.p.opts.Lockout
	if s.session != nil || o.Disable {
		return nil
	}
	if s.row == nil {
		n, _, err := s.failuresWithoutRow(ctx)
		if err != nil {
			return err
		}
		s.failures = n + 1
		return s.writeFailures(ctx)
	}
	db, id := s.c.Auth.DB(), adapter.Cond{Field: "id", Value: s.row.id}
	rec, err := db.Increment(ctx, ModelTwoFactor, adapter.Where{id, {Field: fieldFailures, Op: adapter.Lt, Value: int64(o.MaxFailures)}},
		fieldFailures, 1, nil)
	if errors.Is(err, adapter.ErrNotFound) {
		// A server that does not know the column has made the row.
		rec, err = db.Update(ctx, ModelTwoFactor, adapter.Where{id, {Field: fieldFailures, Value: nil}}, adapter.Record{fieldFailures: int64(1)})
	}
	if errors.Is(err, adapter.ErrNotFound) {
		return keep(s.lock(ctx))
	}
	if err != nil {
		return err
	}
	n, _ := rec[fieldFailures].(int64)
	s.failures = int(n)
	return nil
}

// lock locks the account and returns the answer.
func (s *second) lock(ctx context.Context) error {
	until := s.c.Now().Add(s.p.opts.Lockout.Duration)
	if s.row != nil {
		_, err := s.c.Auth.DB().Update(ctx, ModelTwoFactor, adapter.By("id", s.row.id), adapter.Record{fieldLocked: until})
		if err != nil {
			return err
		}
	}
	s.report(ctx, EventLocked, CodeAccountLocked)
	return s.locked(until)
}

// failed makes the reserved failure one that stays.
func (s *second) failed(ctx context.Context) error {
	if s.failures < s.p.opts.Lockout.MaxFailures {
		return nil
	}
	var answer *core.Error
	if err := s.lock(ctx); !errors.As(err, &answer) {
		return err
	}
	return nil // this one was still looked at; the next one is not
}

// passed forgets the failures before a right code.
func (s *second) passed(ctx context.Context) error {
	if s.failures == 0 {
		return nil
	}
	if s.row == nil {
		return s.c.Auth.Store().DeleteVerification(ctx, failuresPrefix+s.user.ID)
	}
	_, err := s.c.Auth.DB().Update(ctx, ModelTwoFactor, adapter.By("id", s.row.id), adapter.Record{fieldFailures: int64(0), fieldLocked: nil})
	return err
}

func (s *second) failuresWithoutRow(ctx context.Context) (int, time.Time, error) {
	v, err := s.c.Auth.Store().FindVerification(ctx, failuresPrefix+s.user.ID)
	if errors.Is(err, adapter.ErrNotFound) || err == nil && !v.ExpiresAt.After(s.c.Now()) {
		return 0, time.Time{}, nil
	}
	if err != nil {
		return 0, time.Time{}, err
	}
	return count(v.Value, s.p.opts.Lockout.MaxFailures), v.ExpiresAt, nil
}

func (s *second) writeFailures(ctx context.Context) error {
	store, id := s.c.Auth.Store(), failuresPrefix+s.user.ID
	if err := store.DeleteVerification(ctx, id); err != nil {
		return err
	}
	_, err := store.CreateVerification(ctx, id, strconv.Itoa(s.failures), s.c.Now().Add(s.p.opts.Lockout.Duration))
	return err
}

// count reads a stored count; what is none counts as spent.
func count(text string, spent int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return spent
	}
	return n
}
