package validate

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestEmailAsZod(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/emails.json")
	if err != nil {
		t.Fatal(err)
	}
	var corpus [][2]any
	if err := json.Unmarshal(data, &corpus); err != nil {
		t.Fatal(err)
	}
	if len(corpus) < 1000 {
		t.Fatalf("only %d addresses", len(corpus))
	}
	for _, c := range corpus {
		if s := c[0].(string); Email(s) != c[1].(bool) {
			t.Errorf("%q: got %v", s, Email(s))
		}
	}
}

// zod's regular expression without its look-aheads.
var emailPattern = regexp.MustCompile(`^[A-Za-z0-9_'+\-\.]*[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`)

func FuzzEmail(f *testing.F) {
	for _, s := range []string{"a@b.co", "a.'+-_@b-.c9.de", ".a@b.co", "a..b@c.de", "a@b.c\n", "@", "a@[1.2.3.4]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := emailPattern.MatchString(s) && s[0] != '.' && !strings.Contains(s, "..")
		if Email(s) != want {
			t.Errorf("%q: got %v", s, Email(s))
		}
	})
}
