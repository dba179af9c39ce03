package twofactor

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/validate"
)

// failuresPrefix and a user's id name the count of a user without a row in the table,
// whose only factor is a code that is sent.
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
	if s.row.LockedUntil == nil {
		return nil
	}
	until, now := *s.row.LockedUntil, s.c.Now()
	if until.After(now) {
		return s.locked(until)
	}
	_, err := s.p.factors.Update(ctx, adapter.Where{
		{Field: "id", Value: s.row.ID}, {Field: fieldLocked, Op: adapter.Lte, Value: now},
	}, adapter.Record{fieldFailures: int64(0), fieldLocked: nil})
	if core.IsNotFound(err) {
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

// reserve counts a failure in one statement, before the code is compared: of a burst of
// guesses no more are compared than the account has left. A right code takes the count
// back.
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
	id := adapter.Cond{Field: "id", Value: s.row.ID}
	row, err := s.p.factors.Increment(ctx, adapter.Where{id, {Field: fieldFailures, Op: adapter.Lt, Value: int64(o.MaxFailures)}},
		fieldFailures, 1, nil)
	if core.IsNotFound(err) {
		// The row is from a server that does not know the column.
		row, err = s.p.factors.Update(ctx, adapter.Where{id, {Field: fieldFailures, Value: nil}}, adapter.Record{fieldFailures: int64(1)})
	}
	if core.IsNotFound(err) {
		return keep(s.lock(ctx))
	}
	if err != nil {
		return err
	}
	s.failures = int(validate.Value(row.Failures))
	return nil
}

// lock locks the account and returns the answer.
func (s *second) lock(ctx context.Context) error {
	until := s.c.Now().Add(s.p.opts.Lockout.Duration)
	if s.row != nil {
		_, err := s.p.factors.Update(ctx, adapter.By("id", s.row.ID), adapter.Record{fieldLocked: until})
		if err != nil {
			return err
		}
	}
	s.report(ctx, EventLocked, CodeAccountLocked)
	return s.locked(until)
}

// failed makes the reserved failure permanent.
func (s *second) failed(ctx context.Context) error {
	if s.failures < s.p.opts.Lockout.MaxFailures {
		return nil
	}
	var answer *core.Error
	if err := s.lock(ctx); !errors.As(err, &answer) {
		return err
	}
	return nil // this code was still compared; the next one is not
}

// passed forgets the failures before a right code.
func (s *second) passed(ctx context.Context) error {
	if s.failures == 0 {
		return nil
	}
	if s.row == nil {
		return s.c.Auth().Store().DeleteVerification(ctx, failuresPrefix+s.user.ID)
	}
	_, err := s.p.factors.Update(ctx, adapter.By("id", s.row.ID), adapter.Record{fieldFailures: int64(0), fieldLocked: nil})
	return err
}

func (s *second) failuresWithoutRow(ctx context.Context) (int, time.Time, error) {
	v, err := s.c.Auth().Store().FindVerification(ctx, failuresPrefix+s.user.ID)
	if core.IsNotFound(err) || err == nil && !v.ExpiresAt.After(s.c.Now()) {
		return 0, time.Time{}, nil
	}
	if err != nil {
		return 0, time.Time{}, err
	}
	return count(v.Value, s.p.opts.Lockout.MaxFailures), v.ExpiresAt, nil
}

func (s *second) writeFailures(ctx context.Context) error {
	store, id := s.c.Auth().Store(), failuresPrefix+s.user.ID
	if err := store.DeleteVerification(ctx, id); err != nil {
		return err
	}
	_, err := store.CreateVerification(ctx, id, strconv.Itoa(s.failures), s.c.Now().Add(s.p.opts.Lockout.Duration))
	return err
}

// count reads a stored count; invalid text counts as spent.
func count(text string, spent int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return spent
	}
	return n
}
