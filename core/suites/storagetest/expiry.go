package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/storage"
)

// Stores that count whole seconds may round up, hence the pauses of at least a
// second around each expiry.
const (
	ttl   = time.Second
	later = 2100 * time.Millisecond
)

func expiry(t *testing.T, s *suite) {
	short, long, forever, negative := s.key("short"), s.key("long"), s.key("forever"), s.key("negative")
	s.set(t, short, "1", ttl)
	s.set(t, s.key("taken"), "1", ttl)
	s.set(t, long, "2", time.Hour)
	s.set(t, forever, "3", 0)
	s.set(t, negative, "4", -time.Second)
	s.wantValue(t, short, "1")
	if !s.realClock {
		s.advance(ttl - time.Millisecond)
		s.wantValue(t, short, "1")
		s.advance(time.Millisecond)
		s.wantAbsent(t, short)
	}
	s.advance(later)
	s.wantAbsent(t, short)
	if got, err := s.GetDel(t.Context(), s.key("taken")); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("GetDel of an expired key = %q, %v, want ErrNotFound", got, err)
	}
	s.wantValue(t, long, "2")
	s.wantValue(t, forever, "3")
	s.wantValue(t, negative, "4")
	if !s.realClock {
		s.advance(10 * 365 * 24 * time.Hour)
		s.wantAbsent(t, long)
		s.wantValue(t, forever, "3")
	}
}

func expiryReplaced(t *testing.T, s *suite) {
	forever, longer, swapped, shorter := s.key("forever"), s.key("longer"), s.key("swapped"), s.key("shorter")
	for _, k := range []string{forever, longer, swapped} {
		s.set(t, k, "1", ttl)
	}
	s.set(t, shorter, "1", time.Hour)
	s.set(t, s.key("ends"), "1", 0)
	s.set(t, forever, "2", 0)
	s.set(t, longer, "2", time.Hour)
	s.wantSwap(t, swapped, "1", "2", 0, true)
	s.set(t, shorter, "2", ttl)
	s.wantSwap(t, s.key("ends"), "1", "2", ttl, true)
	s.wantSwap(t, s.key("created"), "", "2", ttl, true)
	s.wantValue(t, s.key("created"), "2")
	s.advance(later)
	s.wantValue(t, forever, "2")
	s.wantValue(t, longer, "2")
	s.wantValue(t, swapped, "2")
	s.wantAbsent(t, shorter)
	s.wantAbsent(t, s.key("ends"))
	s.wantAbsent(t, s.key("created"))
}

// swapExpired checks that an expired key is an absent one, and that a refused
// swap leaves the expiry alone.
func swapExpired(t *testing.T, s *suite) {
	k, refused := s.key("a"), s.key("refused")
	s.set(t, k, "1", ttl)
	s.set(t, refused, "1", ttl)
	s.wantSwap(t, refused, "other", "2", time.Hour, false)
	s.advance(later)
	s.wantAbsent(t, refused)
	s.wantSwap(t, k, "1", "2", 0, false)
	s.wantSwap(t, k, "", "3", 0, true)
	s.wantValue(t, k, "3")
}
