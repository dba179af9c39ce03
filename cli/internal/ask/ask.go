// Package ask asks people for values: in a terminal by prompts, otherwise not at all.
package ask

import (
	"bufio"
	"cmp"
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

// Accessible reports whether questions shall be lines of text, for screen readers.
func Accessible() bool { return os.Getenv("ACCESSIBLE") != "" }

// Form is a series of questions.
type Form struct {
	In         io.Reader
	Out        io.Writer
	Accessible bool // each question is a line of text
}

// Run asks until all is answered. The error is exit.Stopped when somebody pressed Ctrl-C or
// ctx has ended.
func (f Form) Run(ctx context.Context, groups ...*huh.Group) error {
	form := huh.NewForm(groups...).WithInput(f.In).WithOutput(f.Out).WithAccessible(f.Accessible)
	// Lines of text are read without regard to ctx. So that Ctrl-C, which is a signal there,
	// ends the command at once, nobody waits for the reading, and the terminal gets back the
	// echo that the reading of a password has switched off.
	restore := state(f.In)
	answered := make(chan error, 1)
	go func() { answered <- form.RunWithContext(ctx) }()
	select {
	case err := <-answered:
		if errors.Is(err, huh.ErrUserAborted) || ctx.Err() != nil {
			return exit.Stopped()
		}
		return err
	case <-ctx.Done():
	}
	if f.Accessible {
		restore()
	} else {
		<-answered // it leaves the terminal as it was
	}
	return exit.Stopped()
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
	return Form{in, out, Accessible()}.password(ctx, title)
}

func (f Form) password(ctx context.Context, title string) (string, error) {
	var first, again string
	typed := func(s string) error {
		if s == "" {
			return errors.New("type a password")
		}
		return nil
	}
	repeated := func(s string) error {
		if s != first {
			return errors.New("the two are not the same")
		}
		return nil
	}
	hidden := func(title string, value *string, valid func(string) error) *huh.Input {
		return huh.NewInput().Title(title).EchoMode(huh.EchoModePassword).CharLimit(longest).Value(value).Validate(valid)
	}
	if err := f.Run(ctx, huh.NewGroup(hidden(title, &first, typed), hidden("The same again", &again, repeated))); err != nil {
		return "", err
	}
	return first, cmp.Or(typed(first), repeated(again)) // an input may end before an answer is valid
}

// Text asks for a value in a terminal. name is what gives it otherwise, for the error when
// nobody can be asked.
func Text(ctx context.Context, in io.Reader, out io.Writer, title, name string) (string, error) {
	if !Terminal(in) {
		return "", exit.Misused(fmt.Errorf("%s is missing", name))
	}
	return Form{in, out, Accessible()}.text(ctx, title)
}

func (f Form) text(ctx context.Context, title string) (string, error) {
	var value string
	typed := func(s string) error {
		if strings.TrimSpace(s) == "" {
			return errors.New("type a value")
		}
		return nil
	}
	if err := f.Run(ctx, huh.NewGroup(huh.NewInput().Title(title).CharLimit(longest).Value(&value).Validate(typed))); err != nil {
		return "", err
	}
	return strings.TrimSpace(value), typed(value)
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
