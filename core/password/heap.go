package password

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
)

// garbageLimit is how many bytes of finished hashes may be on the heap before a
// collection: less than one block of the default size.
const garbageLimit = 48 << 20

// heap keeps the memory of finished hashes from piling up.
//
// A hash needs a block of 64 MiB, which the library allocates afresh each time
// and leaves to the collector. The collector lets garbage grow to the size of the live
// heap, which includes the blocks of running hashes: without this type the process
// grows to twice the memory of the hashes in progress. So every finished hash is
// counted here. When garbageLimit is passed, a collection runs before the slot goes to
// the next hash, which then takes the freed memory.
//
// That costs less than it saves. The blocks hold no pointers and are not scanned. With
// a small heap of the application, a collection takes a fraction of a millisecond and a
// hash a tenth of a second. Reused memory is already mapped, while new memory is
// faulted in page by page. The cost of a collection grows with the heap, so the limit
// does too: the garbage stays below the live heap, and collections are at most about
// twice as frequent as without this type.
type heap struct {
	collect func()        // runtime.GC
	scanned func() uint64 // bytes that a collection has to scan

	garbage atomic.Uint64 // bytes of finished hashes since the last collection began
	mu      sync.Mutex    // held while collecting
}

func newHeap() *heap { return &heap{collect: runtime.GC, scanned: scanned} }

// freed accounts for the block of a finished hash. It is called before the slot is
// released, so that the old block can be freed before a new one is allocated. Those
// that finish during a collection wait and share the next one.
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
