package sqlcodec

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
)

type sqliteError int

func (e sqliteError) Error() string {
	if e == 1811 {
		return "constraint failed: FOREIGN KEY constraint failed (1811)"
	}
	return "UNIQUE constraint failed: user.email"
}
func (e sqliteError) Code() int { return int(e) }

type postgresError string

func (e postgresError) Error() string    { return "ERROR: canary (SQLSTATE " + string(e) + ")" }
func (e postgresError) SQLState() string { return string(e) }

func TestWrap(t *testing.T) {
	t.Parallel()
	other := errors.New("other")
	for _, c := range []struct {
		dialect Dialect
		err     error
		want    error
	}{
		{SQLite, sqliteError(2067), adapter.ErrUnique}, {SQLite, sqliteError(1555), adapter.ErrUnique}, {SQLite, sqliteError(787), ErrForeignKey},
		{SQLite, sqliteError(1811), ErrForeignKey}, {Postgres, postgresError("23001"), ErrForeignKey},
		{SQLite, sqliteError(1299), adapter.ErrBadValue}, {SQLite, sqliteError(5), sqliteError(5)},
		{Postgres, postgresError("23505"), adapter.ErrUnique}, {Postgres, postgresError("23503"), ErrForeignKey},
		{Postgres, postgresError("22003"), adapter.ErrBadValue}, {Postgres, postgresError("40P01"), postgresError("40P01")},
		{Postgres, errors.New("read canary"), nil},
		{MySQL, errors.New("Error 1062 (23000): Duplicate entry 'canary'"), adapter.ErrUnique},
		{MySQL, errors.New("Error 1452 (23000): canary"), ErrForeignKey}, {MySQL, errors.New("Error 1406 (22001): canary"), adapter.ErrBadValue},
		{MySQL, errors.New("Error 1213 (40001): canary"), nil}, {MySQL, errors.New("Error 1064 (42000): near 'canary'"), nil},
		{SQLite, context.Canceled, context.Canceled}, {SQLite, &columnError{"the column x"}, nil},
	} {
		r := Reporter{Package: "pkg", Dialect: c.dialect}
		err := r.Wrap("create", "user", fmt.Errorf("driver: %w", c.err))
		if c.dialect == MySQL { // its driver's errors are recognised by their beginnings
			err = r.Wrap("create", "user", c.err)
		}
		if c.want != nil && !errors.Is(err, c.want) || !strings.HasPrefix(err.Error(), "pkg: create user: ") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s %v: %v", c.dialect, c.err, err)
		}
		if again := r.Wrap("find", "session", fmt.Errorf("more: %w", err)); !strings.Contains(again.Error(), "pkg: create user") {
			t.Errorf("wrapped twice: %v", again)
		}
	}
	r := Reporter{Package: "pkg", Dialect: SQLite, Translate: func(error) error { return adapter.ErrUnique }}
	if err := r.Wrap("create", "user", other); !errors.Is(err, adapter.ErrUnique) {
		t.Error("the adapter's own translation:", err)
	}
	if r.Wrap("create", "user", nil) != nil || r.Wrap("create", "user", adapter.ErrNotFound) != adapter.ErrNotFound || r.Wrap("create", "user", other, other) != other {
		t.Error("own errors pass unchanged")
	}
}

func TestLost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		dialect    Dialect
		err        error
		lost, ends bool
	}{
		{Postgres, postgresError("40P01"), true, true}, {Postgres, postgresError("40001"), true, true}, {Postgres, postgresError("23505"), false, false},
		{MySQL, errors.New("Error 1213 (40001): Deadlock found"), true, true}, {MySQL, errors.New("Error 1020 (HY000): Record has changed"), true, true},
		{MySQL, errors.New("Error 1205 (HY000): Lock wait timeout exceeded"), false, true}, {MySQL, errors.New("Error 12130 (X)"), false, false},
		{MySQL, errors.New("a text with Error 1213 (40001) inside"), false, false}, {MySQL, nil, false, false}, {Postgres, nil, false, false},
		{SQLite, sqliteError(5), false, false},
	} {
		r := Reporter{Package: "pkg", Dialect: c.dialect}
		for _, err := range []error{c.err, r.Wrap("create", "user", c.err), errors.Join(errors.New("other"), r.Wrap("create", "user", c.err))} {
			if c.err == nil {
				err = nil
			}
			if c.dialect.Lost(err) != c.lost || c.dialect.Ends(err) != c.ends {
				t.Errorf("%s %v: lost %v, ends %v", c.dialect, err, c.dialect.Lost(err), c.dialect.Ends(err))
			}
		}
	}
}
