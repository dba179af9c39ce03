package gormadapter

import (
	"context"
	"errors"
	"strings"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
)

// ErrForeignKey is returned (wrapped) when a write names a row that does not
// exist, or removes one that others need.
var ErrForeignKey = errors.New("gormadapter: foreign key violated")

// kindOf classes a driver's error: adapter.ErrUnique, ErrForeignKey,
// adapter.ErrBadValue, or nil for everything else.
func (s *store) kindOf(err error) error {
	if kind := s.dialect.classify(err); kind != nil {
		return kind
	}
	if t, ok := s.gorm.Dialector.(gorm.ErrorTranslator); ok {
		switch translated := t.Translate(err); {
		case errors.Is(translated, gorm.ErrDuplicatedKey):
			return adapter.ErrUnique
		case errors.Is(translated, gorm.ErrForeignKeyViolated):
			return ErrForeignKey
		}
	}
	return nil
}

// ownErrors are made on this side of the driver and go out as they are.
var ownErrors = []error{
	adapter.ErrNotFound, adapter.ErrBadValue, adapter.ErrUnknownField, adapter.ErrUnknownModel, adapter.ErrNoPredicate, ErrNoTransaction,
}

// opError is a failed statement. Its text holds no value of any row: drivers
// repeat them ("Duplicate entry 'ada@example.com'"), and errors are logged.
type opError struct {
	op, model string
	kind      error // what errors.Is finds; nil when only the cause says more
	cause     error // the driver's own, for errors.As; nil for constraints
	text      string
}

func (e *opError) Error() string { return "gormadapter: " + e.op + " " + e.model + ": " + e.text }

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

func (s *store) fail(op string, t *table, err error) error {
	if err == nil {
		return nil
	}
	return s.wrap(op, t.model, err)
}

func (s *store) wrap(op, subject string, err error) error {
	if err == nil {
		return nil
	}
	var done *opError
	if errors.As(err, &done) {
		return err
	}
	for _, own := range ownErrors {
		if errors.Is(err, own) {
			return err
		}
	}
	if kind := s.kindOf(err); kind != nil {
		return &opError{op: op, model: subject, kind: kind, text: kind.Error()}
	}
	e := &opError{op: op, model: subject, cause: err}
	var column *columnError
	if errors.As(err, &column) {
		e.text = column.text
	} else if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		e.text = err.Error()
	} else {
		e.text = s.dialect.safeText(err)
	}
	return e
}

// sqlState finds PostgreSQL's error code without importing its driver.
func sqlState(err error) string {
	var e interface{ SQLState() string }
	if errors.As(err, &e) {
		return e.SQLState()
	}
	return ""
}

// codeOnly keeps the part of a driver's text before the first colon: MySQL's
// "Error 1366 (22007)".
func codeOnly(text string) string {
	if i := strings.IndexByte(text, ':'); i > 0 {
		return text[:i]
	}
	return text
}
