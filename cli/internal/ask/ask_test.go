package ask

import (
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
