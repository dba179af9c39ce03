package password

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
)

// garbageLimit is how much memory of finished hashes may lie on the heap, in
// bytes, before it is collected: less than one block of the default size.
const garbageLimit = 48 << 20

// heap keeps the memory of finished hashes from piling up.
//
// A hash needs a block of 64 MiB, which the library allocates afresh each time
// and leaves to the collector. The collector lets garbage grow to the size of
// what is alive, and the blocks of running hashes count as alive: left alone, the
// process grows to twice the memory that the hashes in progress need. So every
// finished hash is accounted for here, and when garbageLimit is passed a
// collection runs before its slot goes to the next hash, which then takes the
// memory that has just been freed.
//
// That costs less than it saves. The blocks hold no pointers and are not scanned:
// where the application's own heap is small a collection takes a fraction of a
// millisecond against a tenth of a second for a hash, and memory that is used
// again is already mapped, while new memory is faulted in page by page. Where the
// heap is large a collection costs as much as there is to scan, so the limit
// grows with it: the garbage stays below what the process keeps anyway, and
// collections are at most about twice as frequent as without this.
type heap struct {
	collect func()        // runtime.GC
	scanned func() uint64 // bytes that a collection has to scan

	garbage atomic.Uint64 // bytes of finished hashes since the last collection began
	mu      sync.Mutex    // held while collecting
}

func newHeap() *heap { return &heap{collect: runtime.GC, scanned: scanned} }

// freed accounts for the block of a finished hash. It is called before the slot
// is released, so that no new block is allocated while an old one is in its
// place. Those that finish during a collection wait and share the next one.
func (h *heap) freed(bytes uint64) {
	if bytes == 0 {
		return
	}
	h.garbage.Add(bytes)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.garbage.Load() < max(garbageLimit, h.scanned()) {
		return
	}
	h.garbage.Store(0)
	h.collect()
}

func scanned() uint64 {
	sample := []metrics.Sample{{Name: "/gc/scan/total:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
