package gormadapter

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// FuzzMatch compares the patterns, which SQLite interprets, with package strings.
func FuzzMatch(f *testing.F) {
	for _, s := range [][2]string{{"a%b", "%"}, {"a_b", "_"}, {"a[b]c", "[b]"}, {"a*?", "*?"}, {"!%", "!"}, {"", ""}, {"Ä", "ä"}, {`\`, `\`}, {"a]", "]"}, {"^", "[^"}} {
		f.Add(s[0], s[1])
	}
	a := migrated(f, sqliteAt(f, ":memory:"), authSchema(f, ""))
	if _, err := a.Create(f.Context(), "user", newUser("u1")); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, part string) {
		if !stored(text) || !stored(part) || len(part) > sqlcodec.MaxPattern {
			t.Skip("no database stores such a text")
		}
		if _, err := a.Update(t.Context(), "user", adapter.By("id", "u1"), adapter.Record{"name": text}); err != nil {
			t.Fatal(err)
		}
		low, lowPart := sqlcodec.Lower(text), sqlcodec.Lower(part)
		for _, c := range []struct {
			op   adapter.Op
			fold bool
			want bool
		}{
			{adapter.Contains, false, strings.Contains(text, part)},
			{adapter.StartsWith, false, strings.HasPrefix(text, part)},
			{adapter.EndsWith, false, strings.HasSuffix(text, part)},
			{adapter.Contains, true, strings.Contains(low, lowPart)},
			{adapter.StartsWith, true, strings.HasPrefix(low, lowPart)},
			{adapter.EndsWith, true, strings.HasSuffix(low, lowPart)},
			{adapter.Eq, false, text == part},
			{adapter.Eq, true, low == lowPart},
		} {
			n, err := a.Count(t.Context(), "user", adapter.Where{{Field: "name", Op: c.op, Value: part, Fold: c.fold}})
			if err != nil || n == 1 != c.want {
				t.Errorf("%q %s %q, fold %v: %d, %v", text, c.op, part, c.fold, n, err)
			}
		}
	})
}

// stored says whether adapters take a text at all.
func stored(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }
