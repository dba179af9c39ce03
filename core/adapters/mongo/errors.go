package mongo

import (
	"context"
	"errors"
	"fmt"

	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/advantch/kernia-go/core/adapter"
)

var (
	// ErrReference is returned (wrapped) when a write names a row that does not
	// exist, or removes one that others need.
	ErrReference = errors.New("mongo: foreign key violated")
	// ErrTxDone is returned when a context is used after the transaction that it
	// carries has ended, normally or by an earlier error.
	ErrTxDone = errors.New("mongo: the transaction of this context has ended")
)

// Codes of the server that have a meaning of their own here.
const (
	codeBadValue        = 2 // $inc beyond 64 bits
	codeTypeMismatch    = 14
	codeNamespaceExists = 48
	codeInvalidBSON     = 22
	codeTooLarge        = 10334
	codeTooLargeUpdate  = 17419

	codeOptionsConflict  = 85 // of indexes
	codeKeySpecsConflict = 86
)

// Labels of the server on errors after which another attempt may succeed.
const (
	labelTransient     = "TransientTransactionError"
	labelUnknownCommit = "UnknownTransactionCommitResult"
)

// opError is a failed command. Its text holds no value of any row: the server's text
// does ("dup key: { email: … }"), and errors are logged.
type opError struct {
	op, model string
	kind      error // found by errors.Is; nil when only the cause says more
	cause     error // the driver's own, for errors.As; nil for constraints
	text      string
}

func (e *opError) Error() string { return "mongo: " + e.op + " " + e.model + ": " + e.text }

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

// wrap makes an opError of a driver's error. Errors of the adapter itself are returned
// as they are.
func wrap(op, model string, err error) error {
	if err == nil {
		return nil
	}
	var done *opError
	if errors.As(err, &done) {
		return err
	}
	var server driver.ServerError
	switch {
	case errors.Is(err, driver.ErrNoDocuments):
		return adapter.ErrNotFound
	case driver.IsDuplicateKeyError(err):
		return &opError{op: op, model: model, kind: adapter.ErrUnique, text: adapter.ErrUnique.Error()}
	case errors.As(err, &server):
		e := &opError{op: op, model: model, cause: err, text: serverText(server)}
		for _, code := range []int{codeBadValue, codeTypeMismatch, codeInvalidBSON, codeTooLarge, codeTooLargeUpdate} {
			if server.HasErrorCode(code) {
				e.kind = adapter.ErrBadValue
			}
		}
		return e
	case errors.Is(err, driver.ErrClientDisconnected), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		driver.IsNetworkError(err), driver.IsTimeout(err):
		return &opError{op: op, model: model, cause: err, text: err.Error()}
	}
	return err
}

// serverText is an error's name and codes without its message.
func serverText(err driver.ServerError) string {
	name := "the server refused"
	var command driver.CommandError
	if errors.As(err, &command) && command.Name != "" {
		name = command.Name
	}
	return fmt.Sprint(name, ", code ", err.ErrorCodes())
}

func hasLabel(err error, label string) bool {
	var labeled driver.LabeledError
	return errors.As(err, &labeled) && labeled.HasErrorLabel(label)
}

func isCode(err error, code int) bool {
	var server driver.ServerError
	return errors.As(err, &server) && server.HasErrorCode(code)
}
