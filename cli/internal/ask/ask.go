// Package ask asks people for values: in a terminal by prompts, otherwise not at all.
package ask

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/huh"
	"golang.org/x/term"

	"github.com/advantch/kernia-go/cli/internal/exit"
)

// longest is how many bytes a line of the standard input may have.
const longest = 4096

// Terminal reports whether somebody sits at a reader.
func Terminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) //nolint:gosec // descriptors are small
}

// Password asks for a new password, twice in a terminal. Otherwise it is the first line of
// in.
func Password(ctx context.Context, in io.Reader, out io.Writer, title string) (string, error) {
	if !Terminal(in) {
		return line(in)
	}
	var first, again string
	hidden := func(title string, value *string) *huh.Input {
		return huh.NewInput().Title(title).EchoMode(huh.EchoModePassword).CharLimit(longest).Value(value)
	}
	err := form(ctx, in, out,
		hidden(title, &first).Validate(func(s string) error {
			if s == "" {
				return errors.New("type a password")
			}
			return nil
		}),
		hidden("The same again", &again).Validate(func(s string) error {
			if s != first {
				return errors.New("the two are not the same")
			}
			return nil
		}))
	return first, err
}

// Text asks for a value in a terminal. name is what gives it otherwise, for the error when
// nobody can be asked.
func Text(ctx context.Context, in io.Reader, out io.Writer, title, name string) (string, error) {
	if !Terminal(in) {
		return "", exit.Misused(fmt.Errorf("%s is missing", name))
	}
	var value string
	err := form(ctx, in, out, huh.NewInput().Title(title).CharLimit(longest).Value(&value).Validate(func(s string) error {
		if strings.TrimSpace(s) == "" {
			return errors.New("type a value")
		}
		return nil
	}))
	return strings.TrimSpace(value), err
}

func form(ctx context.Context, in io.Reader, out io.Writer, fields ...huh.Field) error {
	err := huh.NewForm(huh.NewGroup(fields...)).WithInput(in).WithOutput(out).RunWithContext(ctx)
	if errors.Is(err, huh.ErrUserAborted) {
		return &exit.Error{Code: exit.Interrupted, Err: errors.New("stopped: nothing was changed")}
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
