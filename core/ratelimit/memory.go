package ratelimit

import (
	"container/heap"
	"context"
	"hash/maphash"
	"sync"
	"time"
)

// MemoryOptions configure NewMemory.
type MemoryOptions struct {
	// MaxKeys bounds the number of counters. 0 or less means 100 000.
	MaxKeys int
}

const (
	defaultMaxKeys = 100_000
	maxShards      = 64
	keysPerShard   = 256 // fewer do not justify a lock
	sweepPerInsert = 2   // more than one, so that a full shard empties again
)

// Memory is a Store in the memory of one process. Several processes would each
// count separately; use NewStorage or NewDatabase for them.
type Memory struct {
	seed   maphash.Seed
	shards []shard
}

// NewMemory makes an empty store. It never holds more than MaxKeys counters. To
// make room it drops counters whose window is over or, when there are none, the
// counter whose window ends first.
func NewMemory(o MemoryOptions) *Memory {
	if o.MaxKeys <= 0 {
		o.MaxKeys = defaultMaxKeys
	}
	n := min(maxShards, max(1, o.MaxKeys/keysPerShard))
	m := &Memory{seed: maphash.MakeSeed(), shards: make([]shard, n)}
	for i := range m.shards {
		m.shards[i] = shard{byKey: map[string]*counter{}, limit: o.MaxKeys / n}
	}
	return m
}

// Take implements Store. It fails only for a bad rule.
func (m *Memory) Take(_ context.Context, key string, r Rule, now time.Time) (Decision, error) {
	if err := r.check(); err != nil {
		return Decision{}, err
	}
	s := &m.shards[maphash.String(m.seed, key)%uint64(len(m.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take(key, r, now.UnixMilli()), nil
}

// Len returns the number of counters held, including those that have expired
// but were not dropped yet.
func (m *Memory) Len() int {
	n := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += len(s.byKey)
		s.mu.Unlock()
	}
	return n
}

// counter is an entry in a shard. expires is fixed when it is written, by the
// rule of that moment, as Better Auth does.
type counter struct {
	entry
	expires int64 // Unix milliseconds
	at      int   // position in the heap
}

type shard struct {
	mu     sync.Mutex
	byKey  map[string]*counter
	expiry byExpiry
	limit  int
}

func (s *shard) take(key string, r Rule, nowMS int64) Decision {
	c := s.byKey[key]
	var cur *entry
	if c != nil && nowMS < c.expires {
		cur = &c.entry
	}
	d, next := take(cur, key, r, nowMS)
	if !d.Allowed {
		return d
	}
	expires := nowMS + r.Window.Milliseconds()
	if c != nil {
		c.entry, c.expires = next, expires
		heap.Fix(&s.expiry, c.at)
		return d
	}
	s.makeRoom(nowMS)
	c = &counter{entry: next, expires: expires}
	s.byKey[key] = c
	heap.Push(&s.expiry, c)
	return d
}

// makeRoom drops a few expired counters, and one more when the shard is full.
func (s *shard) makeRoom(nowMS int64) {
	for range sweepPerInsert {
		if len(s.expiry) == 0 || s.expiry[0].expires > nowMS {
			break
		}
		s.drop()
	}
	if len(s.byKey) >= s.limit {
		s.drop()
	}
}

func (s *shard) drop() {
	c := heap.Pop(&s.expiry).(*counter)
	delete(s.byKey, c.Key)
}

// byExpiry is a heap with the counter that expires first on top.
type byExpiry []*counter

func (h byExpiry) Len() int           { return len(h) }
func (h byExpiry) Less(i, j int) bool { return h[i].expires < h[j].expires }

func (h byExpiry) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

// Push implements heap.Interface.
func (h *byExpiry) Push(x any) {
	c := x.(*counter)
	c.at = len(*h)
	*h = append(*h, c)
}

// Pop implements heap.Interface.
func (h *byExpiry) Pop() any {
	old := *h
	c := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return c
}
