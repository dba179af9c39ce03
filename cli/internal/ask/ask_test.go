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

// In the accessible form Ctrl-C is a signal, which ends the context: nobody waits for a line
// that is still to come.
func TestStopped(t *testing.T) {
	t.Parallel()
	in, keyboard := io.Pipe()
	t.Cleanup(func() { _ = keyboard.Close() })
	ctx, stop := context.WithCancel(t.Context())
	asked := make(chan struct{}, 1)
	ended := make(chan error, 1)
	go func() {
		_, err := Form{in, telling(asked), true}.text(ctx, "E-mail address")
		ended <- err
	}()
	<-asked
	stop()
	if err := <-ended; exit.Code(err) != exit.Interrupted || err.Error() != "stopped: nothing was changed" {
		t.Error(err)
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

// An input that ends is no answer.
func TestEnded(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"ada@example.com\n": "ada@example.com", "": "", "\n": ""} {
		got, err := Form{strings.NewReader(in), io.Discard, true}.text(t.Context(), "E-mail address")
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v", in, got, err)
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
