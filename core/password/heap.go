package password

import (
	"runtime"
	"runtime/metrics"
	"sync"
)

// garbageLimit is how much memory of finished hashes may lie on the heap, in
// bytes, before it is collected.
const garbageLimit = 96 << 20

// heap keeps the memory of finished hashes from piling up.
//
// A hash needs a block of 64 MiB, which the library allocates afresh each time
// and leaves to the collector. The collector lets garbage grow to the size of
// what is alive, and the blocks of running hashes count as alive: left alone, the
// process grows to twice the memory that the hashes in progress need. So every
// finished hash is accounted for here, and when garbageLimit is passed a
// collection runs before its place goes to the next one.
//
// That is cheap, because the blocks hold no pointers and are not scanned: in a
// process whose own heap is small a collection takes a fraction of a millisecond,
// against a tenth of a second for a hash. Where the application's heap is large a
// collection costs as much as there is to scan, so the limit grows with it; the
// garbage then stays below what such a process has on its heap anyway.
type heap struct {
	collect func() // runtime.GC

	mu      sync.Mutex
	garbage uint64 // bytes of finished hashes that no collection has freed yet
	cycle   uint64 // collections there had been when garbage was last added
	samples []metrics.Sample
}

func newHeap() *heap {
	return &heap{
		collect: runtime.GC,
		samples: []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/scan/total:bytes"}},
	}
}

// freed accounts for a block of a finished hash, before its slot is released.
// Callers wait here while a collection runs, so that no new block is allocated
// in place of one that is still to be freed.
func (h *heap) freed(bytes uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	metrics.Read(h.samples)
	cycles, scan := value(h.samples[0]), value(h.samples[1])
	if cycles >= h.cycle+2 {
		h.garbage = 0 // a whole collection has run since
	}
	h.garbage += bytes
	h.cycle = cycles
	if h.garbage >= max(garbageLimit, scan) {
		h.garbage = 0
		h.collect()
	}
}

func value(s metrics.Sample) uint64 {
	if s.Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s.Value.Uint64()
}
