package password

import (
	"context"
	"testing"
)

// Dummy and a failing Verify compute the same number of hashes of the same size;
// the memory that is counted afterwards shows it.
func TestDummyDoesTheWorkOfAFailure(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, o := range []Options{{Argon2: Argon2Params{Memory: 64, Time: 1, Threads: 1}}, {Algorithm: Scrypt}} {
		for typed, hashes := range map[string]uint64{"password1234": 1, "½ price": 2} {
			s, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			if o.Algorithm == Scrypt {
				hashes = 1
			}
			s.heap.scanned = func() uint64 { return 1 << 40 } // never collect: count
			hash, err := s.Hash(ctx, "another password")
			if err != nil {
				t.Fatal(err)
			}
			one := s.heap.garbage.Swap(0)
			if ok, _, err := s.Verify(ctx, hash, typed); ok || err != nil {
				t.Fatalf("%t, %v", ok, err)
			}
			failure := s.heap.garbage.Swap(0)
			if err := s.Dummy(ctx, typed); err != nil {
				t.Fatal(err)
			}
			if dummy := s.heap.garbage.Swap(0); dummy != failure || failure != hashes*one || one == 0 {
				t.Errorf("ENUM-14 %q: Dummy took %d bytes, a failing Verify %d, one hash %d", typed, dummy, failure, one)
			}
		}
	}
}
