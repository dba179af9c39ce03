// Package exit gives errors the exit codes of the command kernia. Nothing else decides on
// them.
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

// Help describes the codes for --help.
const Help = "Exit codes: 0 done; 1 failed; 2 the command line is wrong; 3 doctor found something\n" +
	"that does not work, or migrate --check something to do; 130 stopped."

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

// Stopped is the error of a command that was told to stop before it had changed anything.
func Stopped() error { return &Error{Interrupted, errors.New("stopped: nothing was changed")} }

// Of gives the error of a command its code, if it has none. A command whose ctx has ended
// fails because it was stopped, which drivers and the go command say in words of their own.
func Of(ctx context.Context, err error) error {
	var coded *Error
	if err == nil || errors.As(err, &coded) || ctx.Err() == nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if err.Error() == context.Canceled.Error() {
		err = errors.New("stopped")
	}
	return &Error{Interrupted, err}
}

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
