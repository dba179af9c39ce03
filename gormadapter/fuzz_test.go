package gormadapter

import (
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
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
		if checkText(text) != nil || checkText(part) != nil || len(part) > maxPattern {
			t.Skip()
		}
		if _, err := a.Update(t.Context(), "user", adapter.By("id", "u1"), adapter.Record{"name": text}); err != nil {
			t.Fatal(err)
		}
		low, lowPart := lower(text).(string), lower(part).(string)
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

// FuzzParseISO compares the quick parser with package time.
func FuzzParseISO(f *testing.F) {
	for _, s := range []string{"2026-01-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z", "2026-02-30T00:00:00.000Z", "2026-01-01T24:00:00.000Z", "0000-01-01T00:00:00.000Z", "0000-01-01T00:00:00.+00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseISO(s)
		want, err := time.Parse(isoMillis, s)
		if ok && (err != nil || !got.Equal(want)) {
			t.Errorf("%q: %s, want %s, %v", s, got, want, err)
		}
		if !ok && err == nil && want.Format(isoMillis) == s {
			t.Errorf("%q was refused", s)
		}
	})
}
