// Package exit gives errors the exit codes of the command kernia.
package exit

import (
	"context"
	"errors"
)

// The exit codes. docs/cli.md lists them.
const (
	OK          = 0
	Failed      = 1   // the command could not do its work
	Usage       = 2   // the command line is wrong: an unknown command or flag, or a missing value
	Found       = 3   // doctor found something that does not work, or migrate --check something to do
	Interrupted = 130 // stopped by a signal
)

// Error is an error with an exit code. An empty text is not printed.
type Error struct {
	Code int
	Err  error
}

// Error returns the text, or "" when all was said before.
func (e *Error) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

// Unwrap returns the error without its code.
func (e *Error) Unwrap() error { return e.Err }

// Misused marks an error of the command line.
func Misused(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Usage, err}
}

// With ends the program with a code, without a word.
func With(code int) error { return &Error{Code: code} }

// Code is the exit code of an error.
func Code(err error) int {
	var coded *Error
	switch {
	case err == nil:
		return OK
	case errors.As(err, &coded):
		return coded.Code
	case errors.Is(err, context.Canceled):
		return Interrupted
	}
	return Failed
}
