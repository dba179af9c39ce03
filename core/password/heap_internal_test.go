package password

import "testing"

func TestHeap(t *testing.T) {
	t.Parallel()
	collections, scan := 0, uint64(0)
	h := &heap{collect: func() { collections++ }, scanned: func() uint64 { return scan }}
	const mib = 1 << 20
	for i, c := range []struct {
		bytes, scan uint64
		want        int // collections so far
	}{
		{64 * mib, 0, 1}, // a block of the default size: every time
		{64 * mib, 0, 2},
		{0, 0, 2},
		{19 * mib, 0, 2}, // smaller ones: when they add up
		{19 * mib, 0, 2},
		{19 * mib, 0, 3},
		{64 * mib, 150 * mib, 3}, // a large heap: no more often than it would be anyway
		{64 * mib, 150 * mib, 3},
		{64 * mib, 150 * mib, 4},
	} {
		scan = c.scan
		h.freed(c.bytes)
		if collections != c.want {
			t.Errorf("DOS-04 step %d: %d collections, want %d", i, collections, c.want)
		}
	}
}

func TestScanned(t *testing.T) {
	t.Parallel()
	if scanned() == 0 {
		t.Error("the runtime does not report the size of the scannable heap")
	}
}
