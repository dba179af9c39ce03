package storagetest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/storage"
)

func setAndGet(t *testing.T, s *suite) {
	k := s.key("a")
	s.wantAbsent(t, k)
	s.set(t, k, "one", 0)
	s.wantValue(t, k, "one")
	s.set(t, k, "two", 0)
	s.wantValue(t, k, "two")
	s.wantAbsent(t, s.key("b"))
}

func deleteKeys(t *testing.T, s *suite) {
	k, other := s.key("a"), s.key("other")
	s.set(t, other, "kept", 0)
	s.set(t, k, "one", 0)
	for range 2 { // the second time the key is absent, which is no error
		if err := s.Delete(t.Context(), k); err != nil {
			t.Fatalf("Delete: %v", err)
		}
		s.wantAbsent(t, k)
	}
	s.wantValue(t, other, "kept")
}

func getDel(t *testing.T, s *suite) {
	k := s.key("a")
	s.set(t, k, "one", 0)
	if got, err := s.GetDel(t.Context(), k); err != nil || got != "one" {
		t.Fatalf("GetDel = %q, %v, want the value", got, err)
	}
	s.wantAbsent(t, k)
	if got, err := s.GetDel(t.Context(), k); !errors.Is(err, storage.ErrNotFound) {
		t.Fatalf("second GetDel = %q, %v, want ErrNotFound", got, err)
	}
}

// opaqueKeys checks that no character of a key is a separator, a terminator or
// a wildcard, and that similar keys are different keys.
func opaqueKeys(t *testing.T, s *suite) {
	keys := []string{
		"a", "A", "a ", " a", "a:b", "a::b", "a:b:", "a\nb", "a\r\nb", "a\r\nDEL a\r\n", "a\x00", "a\x00b",
		"a|/sign-in/email", "a/b", "a*", "a?", "[a]", "{a}", "%61", "a'b", `a"b`, `a\b`,
		"é", "e\u0301", "日本語", "\u202ea", strings.Repeat("k", 400),
	}
	for _, k := range keys {
		s.set(t, s.key(k), "value of "+k, 0)
	}
	for _, k := range keys {
		s.wantValue(t, s.key(k), "value of "+k)
	}
	for i, k := range keys {
		if err := s.Delete(t.Context(), s.key(k)); err != nil {
			t.Fatalf("Delete(%q): %v", k, err)
		}
		s.wantAbsent(t, s.key(k))
		for _, left := range keys[i+1:] {
			s.wantValue(t, s.key(left), "value of "+left)
		}
	}
}

func opaqueValues(t *testing.T, s *suite) {
	k := s.key("v")
	for _, v := range []string{
		`{"session":{"id":"1"},"user":{"name":"é"}}`, "a\x00b", "line\r\nline\n", " spaces ", "日本語 🙂", "0", "null", "nil",
		strings.Repeat("large ", 200_000),
	} {
		s.set(t, k, v, 0)
		s.wantValue(t, k, v)
		s.wantSwap(t, k, v, "next", 0, true)
		s.wantValue(t, k, "next")
	}
}

func cancelled(t *testing.T, s *suite) {
	k := s.key("a")
	s.set(t, k, "one", 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	calls := map[string]func() error{
		"Get":    func() error { _, err := s.Get(ctx, k); return err },
		"Set":    func() error { return s.Set(ctx, k, "two", 0) },
		"Delete": func() error { return s.Delete(ctx, k) },
		"GetDel": func() error { _, err := s.GetDel(ctx, k); return err },
		"CompareAndSwap": func() error {
			_, err := s.CompareAndSwap(ctx, k, "one", "two", 0)
			return err
		},
	}
	for name, call := range calls {
		if err := call(); err == nil || errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%s with a cancelled context: error %v, want one that is not ErrNotFound", name, err)
		}
	}
	s.wantValue(t, k, "one")
}
