package wire

import (
	"slices"
	"testing"
	"unicode/utf8"
)

func FuzzQuery(f *testing.F) {
	for _, s := range []string{"a=1&a=%20+%zz&=x&&b", "https://a.example:443\\@b/../x?y=%ff#f g", "\xe2\x82%E2", "//x?", "HTTP:a/b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := ParseQuery(s)
		if again := ParseQuery(q.Encode()); !slices.Equal(q, again) {
			t.Errorf("%q: %q became %q", s, q, again)
		}
		for _, p := range q {
			if !utf8.ValidString(p.Name + p.Value) {
				t.Errorf("%q: %q is not UTF-8", s, p)
			}
		}
		q.Value().AppendJSON(nil)
		if got, err := DecodeURIComponent(EncodeURIComponent(s)); err != nil || got != toValid(s) {
			t.Errorf("%q became %q, %v", s, got, err)
		}
		once := SetSearchParams(s, [2]string{"k", "v w"})
		if twice := SetSearchParams(once, [2]string{"k", "v w"}); once != twice {
			t.Errorf("%q became %q and then %q", s, once, twice)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-01-01T00:00:00.000Z", "-271821-04-20T00:00:00.000Z", "2026-02-30 24:00+23:59", "+275760-09-13"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, ok := ParseTime(s)
		if !ok {
			return
		}
		text := AppendTime(nil, at)
		again, ok := ParseTime(string(text[1 : len(text)-1]))
		if !ok || !again.Equal(at) {
			t.Errorf("%q became %s and then %v", s, text, again)
		}
	})
}
