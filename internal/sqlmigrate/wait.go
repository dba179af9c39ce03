package sqlmigrate

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// patience is how long a migration tries to get its locks, and maxPause its longest
// pause between attempts.
const (
	patience = time.Minute
	minPause = 50 * time.Millisecond
	maxPause = time.Second
)

// locks holds a dialect's queries for waiting.
type locks interface {
	// lock is a query that keeps the migrations of other processes out until unlock, or
	// until the end of the transaction where unlock is "". It returns 1, or 0 when the
	// seconds have passed. It is "" where begin has taken the lock.
	lock(seconds int) string
	unlock() string
	// lockHolder queries the connection that holds the lock, tableHolder one that may
	// hold a table; "" where the server does not show it.
	lockHolder() string
	tableHolder() string
	// patience queries how long statements wait, as waitFor takes it. lockPatience and
	// tablePatience are the values for the lock and for tables; "" for no change.
	patience() string
	lockPatience() string
	tablePatience() string
	waitFor(value string) string
}

// Error is a migration that needs the operator's help. Its text names tables and
// columns, and providers of accounts, and no other value of a row.
type Error struct {
	text  string
	cause error
}

func (e *Error) Error() string { return e.text }

// Unwrap returns the server's error, or adapter.ErrUnique for values that are there
// more than once.
func (e *Error) Unwrap() error { return e.cause }

// waited is an error of a statement that had to give way to other transactions.
type waited struct {
	cause error
	lock  bool // of the lock of migrations
}

func (e *waited) Error() string { return e.cause.Error() }
func (e *waited) Unwrap() error { return e.cause }

// Is reports that waiting may help.
func (e *waited) Is(target error) bool { return target == adapter.ErrBusy }

// blocked marks the error of a statement that had to give way.
func (m *Migration) blocked(err error) error {
	if m.codec.Waited(err) || m.codec.Lost(err) {
		return &waited{cause: err}
	}
	return err
}

// untilOf is when a migration gives up: early enough before the deadline of ctx to
// report the reason.
func untilOf(ctx context.Context) time.Time {
	now, wait := time.Now(), cmp.Or(adapter.MigrationOf(ctx).Wait, patience)
	if end, ok := ctx.Deadline(); ok && end.Sub(now) < wait {
		return end.Add(-end.Sub(now) / 4)
	}
	return now.Add(wait)
}

// Patiently calls attempt, which runs Apply in a transaction of its own, until it need
// not give way to other transactions: for a minute at most or until shortly before the
// deadline of ctx.
func (m *Migration) Patiently(ctx context.Context, conn Conn, attempt func() error) error {
	return m.explain(ctx, conn, m.patiently(ctx, tellerOf(ctx, nil), untilOf(ctx), attempt))
}

func (m *Migration) patiently(ctx context.Context, tell *teller, until time.Time, attempt func() error) error {
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		err := attempt()
		var gave *waited
		if !errors.As(err, &gave) || time.Now().Add(pause).After(until) {
			return err
		}
		switch {
		case m.codec == sqlcodec.SQLite:
			tell.waiting(othersOfFile)
		case gave.lock:
			tell.waiting(othersMigrate)
		default:
			tell.waiting(othersUse)
		}
		timer := time.NewTimer(pause/2 + spread(pause))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// spread is a random part of d.
func spread(d time.Duration) time.Duration {
	var raw [8]byte
	_, _ = rand.Read(raw[:]) // crypto/rand never fails
	return time.Duration(binary.BigEndian.Uint64(raw[:]) % uint64(d))
}

// explain makes an Error that says which process to wait for.
func (m *Migration) explain(ctx context.Context, conn Conn, err error) error {
	var gave *waited
	if !errors.As(err, &gave) {
		return err
	}
	query, text := m.dialect.tableHolder(), othersUse
	if gave.lock {
		query, text = m.dialect.lockHolder(), othersMigrate
	}
	if m.codec == sqlcodec.SQLite {
		text = othersOfFile
	}
	if query != "" {
		_ = texts(ctx, conn, query, 1, func(row []string) {
			if row[0] != "" {
				text += fmt.Sprintf(" (connection %s of the server)", row[0])
			}
		})
	}
	return &Error{text + ": wait for it, or end it, and migrate again", err}
}

// locked runs fn with the lock of migrations. Its statements wait for tables no longer
// than tablePatience.
func (m *Migration) locked(ctx context.Context, conn Conn, tell *teller, until time.Time, fn func() error) (err error) {
	if err := m.wait(ctx, conn, m.dialect.lockPatience()); err != nil {
		return err
	}
	seconds := max(1, int(time.Until(until)/time.Second))
	if query := m.dialect.lock(seconds); query != "" {
		var held bool
		arrived := tell.waits(othersMigrate)
		err := texts(ctx, conn, query, 1, func(row []string) { held = row[0] == "1" })
		arrived()
		if m.codec.Waited(err) || m.codec.Lost(err) {
			return &waited{cause: err, lock: true}
		}
		if err != nil {
			return err
		}
		if !held {
			return m.explain(ctx, conn, &waited{cause: errors.New("the lock of migrations was not given in time"), lock: true})
		}
	}
	defer func() {
		if end := exec(context.WithoutCancel(ctx), conn, m.dialect.unlock()); end != nil {
			err = errors.Join(err, end)
		}
	}()
	if err := m.wait(ctx, conn, m.dialect.tablePatience()); err != nil {
		return err
	}
	return fn()
}

// wait sets how long statements wait.
func (m *Migration) wait(ctx context.Context, conn Conn, value string) error {
	if value == "" {
		return nil
	}
	return conn.Exec(ctx, m.dialect.waitFor(value))
}

// restored runs fn and restores the waiting time of statements.
func (m *Migration) restored(ctx context.Context, conn Conn, fn func() error) error {
	query := m.dialect.patience()
	if query == "" {
		return fn()
	}
	var before string
	if err := texts(ctx, conn, query, 1, func(row []string) { before = row[0] }); err != nil {
		return err
	}
	err := fn()
	if err != nil && m.dialect.begin() != "" {
		return err // the transaction cannot be used any more
	}
	return errors.Join(err, m.wait(context.WithoutCancel(ctx), conn, before))
}
