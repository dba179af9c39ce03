package ask

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/cli/internal/exit"
)

// TestPassword reads the first line where nobody sits at the input.
func TestPassword(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"correct horse\n": "correct horse", "correct horse\r\n": "correct horse", "no end": "no end", " spaces stay \nnot this": " spaces stay ",
		strings.Repeat("x", longest) + "\n": strings.Repeat("x", longest),
		"":                                  "", "\n": "", strings.Repeat("x", longest+1): "",
	} {
		got, err := Password(t.Context(), strings.NewReader(in), io.Discard, "Password")
		if got != want || (err != nil) != (want == "") || err != nil && exit.Code(err) != exit.Usage {
			t.Errorf("%.20q: %.20q, %v", in, got, err)
		}
	}
	broken := errors.New("broken")
	if _, err := Password(t.Context(), io.MultiReader(strings.NewReader("half"), failing{broken}), io.Discard, ""); !errors.Is(err, broken) {
		t.Error(err)
	}
}

// Ctrl-C is a signal, which ends the context: nobody waits for a line that is still to come.
func TestStopped(t *testing.T) {
	t.Parallel()
	in, keyboard := io.Pipe()
	t.Cleanup(func() { _ = keyboard.Close() })
	for name, ask := range map[string]func(ctx context.Context, out io.Writer) (string, error){
		"a text": func(ctx context.Context, out io.Writer) (string, error) { return text(ctx, in, out, "E-mail address") },
		"a password": func(ctx context.Context, out io.Writer) (string, error) {
			return password(ctx, in, out, "Password", func(title string) (string, error) {
				_, _ = io.WriteString(out, title)
				_, err := in.Read(make([]byte, 1))
				return "", err
			})
		},
	} {
		ctx, stop := context.WithCancel(t.Context())
		asked, ended := make(chan struct{}, 1), make(chan error, 1)
		go func() {
			_, err := ask(ctx, telling(asked))
			ended <- err
		}()
		<-asked
		stop()
		if err := <-ended; exit.Code(err) != exit.Interrupted || err.Error() != "stopped: nothing was changed" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// telling is where a question is written, which tells that it was.
type telling chan struct{}

func (w telling) Write(text []byte) (int, error) {
	select {
	case w <- struct{}{}:
	default:
	}
	return len(text), nil
}

// Questions are asked until there is an answer. An input that ends is none.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"ada@example.com\n": "ada@example.com", "\n  \n ada \n": "ada", "": "", "\n": ""} {
		got, err := text(t.Context(), strings.NewReader(in), io.Discard, "E-mail address")
		if got != want || (want == "") != (exit.Code(err) == exit.Interrupted) {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for want, typed := range map[string][]string{"b": {"", "a", "b", "b", "b"}, "x": {strings.Repeat("x", longest+1), "x", "x"}, "": {"a"}} {
		got, err := password(t.Context(), nil, io.Discard, "Password", func(string) (string, error) {
			if len(typed) == 0 {
				return "", io.EOF
			}
			next := typed[0]
			typed = typed[1:]
			return next, nil
		})
		if got != want || len(typed) > 0 || (want == "") != (exit.Code(err) == exit.Interrupted) {
			t.Errorf("%q, want %q; %d are left, %v", got, want, len(typed), err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestNobodyIsAsked(t *testing.T) {
	t.Parallel()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if _, err := Text(t.Context(), null, io.Discard, "E-mail address", "--email"); exit.Code(err) != exit.Usage || err.Error() != "--email is missing" {
		t.Error(err)
	}
}
