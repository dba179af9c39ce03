package sqlcodec

import (
	"testing"
	"time"
)

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
