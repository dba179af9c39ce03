package sqlcodec

import (
	"context"
	"errors"
	"fmt"
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
	// Translate classes what the dialect does not; nil for nothing.
	Translate func(error) error
}

// opError is a failed statement. Its text holds no value of any row: drivers
// repeat them ("Duplicate entry 'ada@example.com'"), and errors are logged.
type opError struct {
	where string
	kind  error // what errors.Is finds; nil when only the cause says more
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

// ownErrors are made on this side of the driver and go out as they are.
var ownErrors = []error{
	adapter.ErrNotFound, adapter.ErrBadValue, adapter.ErrUnknownField, adapter.ErrUnknownModel, adapter.ErrNoPredicate,
}

// Wrap makes the error of a failed operation on a subject, for instance "create"
// and "user". errors.Is finds adapter.ErrUnique, adapter.ErrBadValue,
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
	e := &opError{where: where, cause: err}
	var column *columnError
	switch {
	case errors.As(err, &column):
		e.text = column.text
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.text = err.Error()
	default:
		e.text = r.Dialect.safeText(err)
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

// Kind classes a driver's error: adapter.ErrUnique, ErrForeignKey,
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

// Lost reports that the server ended a statement, and the transaction around it, in
// favour of another transaction: it was the victim of a deadlock, or what it had
// read has been changed. Nothing of it is left, and running it again is likely to
// succeed. SQLite's writers queue and never lose.
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

// Ends reports that a transaction cannot go on after an error: it was lost, or a
// lock was not given in time, after which MySQL undoes the statement or the whole
// transaction, as it is configured. On MySQL the statements that follow would not
// even fail: each would be committed on its own.
func (d Dialect) Ends(err error) bool {
	return d.Lost(err) || d == MySQL && err != nil && mysqlNumber(err, "1205")
}

// mysqlNumber looks for an error of the driver, which is not imported, anywhere in
// what wraps it.
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
	case state == "23502", state == "23514", strings.HasPrefix(state, "22"):
		return adapter.ErrBadValue // not null, check, data exception
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

// safeText is the part of an error's text that holds no value of a row.
func (d Dialect) safeText(err error) string {
	switch d {
	case SQLite:
		return err.Error() // it names tables and columns, never values
	case Postgres:
		return postgresText(err)
	}
	text := err.Error()
	for _, prefix := range []string{"Error 1146 ", "Error 1054 ", "Error 1045 "} {
		if strings.HasPrefix(text, prefix) {
			return text // names of tables, columns and accounts
		}
	}
	if i := strings.IndexByte(text, ':'); i > 0 {
		return text[:i] // "Error 1366 (22007)"
	}
	return text
}

func postgresText(err error) string {
	state := sqlState(err)
	if strings.HasPrefix(state, "42") || strings.HasPrefix(state, "3D") {
		// Unknown tables and columns: names only, and whoever runs the server needs them.
		var e interface{ SQLState() string }
		errors.As(err, &e)
		return fmt.Sprint(e)
	}
	if state != "" {
		return "SQLSTATE " + state
	}
	return "the connection or the driver failed"
}
