package sqlcodec

import (
	"errors"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core/adapter"
)

// ErrForeignKey marks a write that names a row which does not exist, or removes
// one that others need.
var ErrForeignKey = errors.New("foreign key violated")

// Reporter makes the errors of one adapter.
type Reporter struct {
	Package string // begins every text
	Dialect Dialect
	// Translate classifies errors that the dialect does not; nil for none.
	Translate func(error) error
}

// opError is a failed statement. Its text holds no value of any row: drivers' texts do
// ("Duplicate entry 'ada@example.com'"), and errors are logged.
type opError struct {
	where string
	kind  error // found by errors.Is; nil when only the cause says more
	cause error // the driver's own, for errors.As; nil for constraints
	text  string
}

func (e *opError) Error() string { return e.where + ": " + e.text }

func (e *opError) Unwrap() []error {
	var out []error
	if e.kind != nil {
		out = append(out, e.kind)
	}
	if e.cause != nil {
		out = append(out, e.cause)
	}
	return out
}

// ownErrors are made on this side of the driver and returned as they are.
var ownErrors = []error{
	adapter.ErrNotFound, adapter.ErrBadValue, adapter.ErrBusy, adapter.ErrUnknownField, adapter.ErrUnknownModel, adapter.ErrNoPredicate,
}

// Wrap makes the error of a failed operation on a subject, for instance "create"
// and "user". errors.Is finds adapter.ErrUnique, adapter.ErrBadValue, adapter.ErrBusy,
// ErrForeignKey or the cause, such as context.Canceled. The text holds no value
// of a row. Errors of package adapter, own ones and wrapped ones pass unchanged.
func (r *Reporter) Wrap(op, subject string, err error, own ...error) error {
	if err == nil {
		return nil
	}
	var done *opError
	if errors.As(err, &done) {
		return err
	}
	for _, list := range [2][]error{ownErrors, own} {
		for _, e := range list {
			if errors.Is(err, e) {
				return err
			}
		}
	}
	where := r.Package + ": " + op + " " + subject
	if kind := r.kindOf(err); kind != nil {
		return &opError{where: where, kind: kind, text: kind.Error()}
	}
	e := &opError{where: where, cause: err, text: r.Dialect.safeText(err)}
	if r.Dialect.busy(err) {
		e.kind = adapter.ErrBusy
	}
	return e
}

func (r *Reporter) kindOf(err error) error {
	kind := r.Dialect.Kind(err)
	if kind == nil && r.Translate != nil {
		kind = r.Translate(err)
	}
	return kind
}

// Kind classifies a driver's error: adapter.ErrUnique, ErrForeignKey,
// adapter.ErrBadValue, or nil for everything else.
func (d Dialect) Kind(err error) error {
	switch d {
	case SQLite:
		return sqliteKind(err)
	case Postgres:
		return postgresKind(err)
	}
	return mysqlKind(err)
}

// Lost reports whether the server ended a statement, and the transaction around it, in
// favour of another transaction: it was the victim of a deadlock, or rows that it had
// read have changed. Its writes are undone, and running it again is likely to succeed.
// SQLite's writers queue and never lose.
func (d Dialect) Lost(err error) bool {
	switch {
	case err == nil || d == SQLite:
		return false
	case d == Postgres:
		state := sqlState(err)
		return state == "40001" || state == "40P01"
	}
	return mysqlNumber(err, "1213", "1020") // 1020 is MariaDB's, by innodb_snapshot_isolation
}

// Ends reports whether a transaction cannot go on after an error: it was lost, or a
// lock was not given in time, after which MySQL undoes the statement or the whole
// transaction, as it is configured. On MySQL the statements that follow would not even
// fail: each would be committed on its own.
func (d Dialect) Ends(err error) bool {
	return d.Lost(err) || d == MySQL && err != nil && mysqlNumber(err, "1205")
}

// busy reports whether a lock was not given in time.
func (d Dialect) busy(err error) bool {
	switch d {
	case SQLite:
		var e interface{ Code() int }
		return errors.As(err, &e) && (e.Code()&0xff == sqliteBusy || e.Code()&0xff == sqliteLocked)
	case Postgres:
		return sqlState(err) == "55P03"
	}
	return mysqlNumber(err, "1205")
}

// mysqlNumber looks for an error of the driver, which is not imported, anywhere in the
// chain of err.
func mysqlNumber(err error, numbers ...string) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		text := err.Error()
		for _, n := range numbers {
			if strings.HasPrefix(text, "Error "+n+" ") {
				return true
			}
		}
		if many, ok := err.(interface{ Unwrap() []error }); ok {
			return slices.ContainsFunc(many.Unwrap(), func(err error) bool { return mysqlNumber(err, numbers...) })
		}
	}
	return false
}

// The extended result codes of https://sqlite.org/rescode.html.
const (
	sqliteBusy       = 5 // with others in the higher bytes, as has the next one
	sqliteLocked     = 6
	sqliteForeignKey = 787
	sqliteNotNull    = 1299
	sqliteCheck      = 275
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
	sqliteRowID      = 2579
	sqliteTooBig     = 18
	sqliteTrigger    = 1811 // ON DELETE RESTRICT is one inside, and so is an application's own RAISE
)

func sqliteKind(err error) error {
	var e interface{ Code() int }
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code() {
	case sqliteUnique, sqlitePrimaryKey, sqliteRowID:
		return adapter.ErrUnique
	case sqliteForeignKey:
		return ErrForeignKey
	case sqliteTrigger:
		if strings.Contains(err.Error(), "FOREIGN KEY constraint failed") {
			return ErrForeignKey
		}
	case sqliteNotNull, sqliteCheck, sqliteTooBig:
		return adapter.ErrBadValue
	}
	return nil
}

// postgresKind reads the codes of https://www.postgresql.org/docs/current/errcodes-appendix.html.
func postgresKind(err error) error {
	switch state := sqlState(err); {
	case state == "23505":
		return adapter.ErrUnique
	case state == "23503", state == "23001": // a missing row; ON DELETE RESTRICT from PostgreSQL 18 on
		return ErrForeignKey
	case state == "23502", state == "23514", state == "54000", strings.HasPrefix(state, "22"):
		return adapter.ErrBadValue // not null, check, a row too big for an index, data exception
	}
	return nil
}

// sqlState finds PostgreSQL's error code without importing its driver.
func sqlState(err error) string {
	var e interface{ SQLState() string }
	if errors.As(err, &e) {
		return e.SQLState()
	}
	return ""
}

// mysqlBadValues are numbers of https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
// as the driver's text begins with them.
var mysqlBadValues = []string{
	"Error 1048 ", "Error 1264 ", "Error 1292 ", "Error 1364 ", "Error 1366 ", "Error 1406 ", "Error 3140 ", "Error 3819 ", "Error 4025 ",
}

func mysqlKind(err error) error {
	text := err.Error()
	switch {
	case strings.HasPrefix(text, "Error 1062 "):
		return adapter.ErrUnique
	case strings.HasPrefix(text, "Error 1451 "), strings.HasPrefix(text, "Error 1452 "):
		return ErrForeignKey
	}
	for _, prefix := range mysqlBadValues {
		if strings.HasPrefix(text, prefix) {
			return adapter.ErrBadValue
		}
	}
	return nil
}
