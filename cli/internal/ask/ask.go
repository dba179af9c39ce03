// Package ask asks people for values: in a terminal by lines of text, otherwise not at all.
//
// It is part of every application with the commands, so it imports no library for terminals:
// those that draw forms ask the terminal for its colours whenever a program starts.
package ask

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/advantch/kernia-go/cli/internal/exit"
)

// longest is how many bytes a line of the standard input may have.
const longest = 4096

// Terminal reports whether somebody sits at all of the streams.
func Terminal(streams ...any) bool {
	for _, s := range streams {
		f, ok := s.(*os.File)
		if !ok || !term.IsTerminal(int(f.Fd())) { //nolint:gosec // descriptors are small
			return false
		}
	}
	return true
}

// Until runs a function that reads what somebody types, until it ends or ctx does. Reading
// cannot be stopped, so after ctx nobody waits for it, and the terminal gets back the echo
// that the reading of a password has switched off. The error is exit.Stopped then.
func Until(ctx context.Context, in io.Reader, read func() error) error {
	restore := state(in)
	ended := make(chan error, 1)
	go func() { ended <- read() }()
	select {
	case err := <-ended:
		if ctx.Err() != nil {
			return exit.Stopped()
		}
		return err
	case <-ctx.Done():
		restore()
		return exit.Stopped()
	}
}

// state returns a function that gives a terminal its present settings back.
func state(in io.Reader) func() {
	f, ok := in.(*os.File)
	if !ok {
		return func() {}
	}
	before, err := term.GetState(int(f.Fd())) //nolint:gosec // descriptors are small
	if err != nil {
		return func() {}
	}
	return func() { _ = term.Restore(int(f.Fd()), before) } //nolint:gosec // descriptors are small
}

// Password asks for a new password, twice in a terminal. Otherwise it is the first line of
// in.
func Password(ctx context.Context, in io.Reader, out io.Writer, title string) (string, error) {
	if !Terminal(in) {
		return line(in)
	}
	f := in.(*os.File)
	hidden := func(title string) (string, error) {
		_, _ = fmt.Fprint(out, title, ": ")
		typed, err := term.ReadPassword(int(f.Fd())) //nolint:gosec // descriptors are small
		_, _ = fmt.Fprintln(out)
		return string(typed), err
	}
	return password(ctx, in, out, title, hidden)
}

func password(ctx context.Context, in io.Reader, out io.Writer, title string, hidden func(title string) (string, error)) (string, error) {
	var first string
	err := Until(ctx, in, func() error {
		for {
			typed, err := hidden(title)
			switch {
			case err != nil:
				return errEnded(err)
			case len(typed) > longest:
				_, _ = fmt.Fprintf(out, "It is longer than %d bytes.\n", longest)
				continue
			case typed == "":
				continue
			}
			again, err := hidden("The same again")
			if err != nil {
				return errEnded(err)
			}
			if again == typed {
				first = typed
				return nil
			}
			_, _ = fmt.Fprintln(out, "The two are not the same.")
		}
	})
	if err != nil {
		return "", err
	}
	return first, nil
}

// Text asks for a value in a terminal. name is what gives it otherwise, for the error when
// nobody can be asked.
func Text(ctx context.Context, in io.Reader, out io.Writer, title, name string) (string, error) {
	if !Terminal(in) {
		return "", exit.Misused(fmt.Errorf("%s is missing", name))
	}
	return text(ctx, in, out, title)
}

func text(ctx context.Context, in io.Reader, out io.Writer, title string) (string, error) {
	var value string
	err := Until(ctx, in, func() error {
		lines := bufio.NewScanner(in)
		for {
			_, _ = fmt.Fprint(out, title, ": ")
			if !lines.Scan() {
				return errEnded(lines.Err())
			}
			if value = strings.TrimSpace(lines.Text()); value != "" {
				return nil
			}
		}
	})
	if err != nil {
		return "", err
	}
	return value, nil
}

// errEnded is the error of a terminal whose input has ended, as Ctrl-D does it.
func errEnded(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return exit.Stopped()
	}
	return err
}

// line reads the first line.
func line(in io.Reader) (string, error) {
	text, err := bufio.NewReaderSize(io.LimitReader(in, longest+1), longest+1).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	switch {
	case text == "":
		return "", exit.Misused(errors.New("no password came: type it in a terminal, or give it on the standard input, for example: printf %s \"$PASSWORD\" | kernia …"))
	case len(text) > longest:
		return "", exit.Misused(fmt.Errorf("the line on the standard input is longer than %d bytes", longest))
	}
	return text, nil
}
