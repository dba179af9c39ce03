package storage

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// sweepPerWrite is how many expired keys a write removes: more than one, so
// that they never pile up, and few enough that no write is slow.
const sweepPerWrite = 4

// Memory is a Storage in the memory of one process, for tests and for programs
// that run once. Its values are lost in a restart. Only expiry and deletion
// shrink it.
type Memory struct {
	now func() time.Time

	mu     sync.Mutex
	items  map[string]*item
	expiry byExpiry
}

type item struct {
	key, value string
	expires    time.Time // zero: never
	at         int       // position in the heap; -1 when the item never expires
}

func (i *item) live(now time.Time) bool { return i.expires.IsZero() || now.Before(i.expires) }

// NewMemory makes an empty store whose clock is now; nil means time.Now. A key
// with a ttl disappears as soon as ttl has passed.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{now: now, items: map[string]*item{}}
}

// Get implements Storage.
func (m *Memory) Get(ctx context.Context, key string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.find(key)
	if i == nil {
		return "", ErrNotFound
	}
	return i.value, nil
}

// Set implements Storage.
func (m *Memory) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(key, value, ttl)
	return nil
}

// Delete implements Storage.
func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.items[key]; i != nil {
		m.remove(i)
	}
	return nil
}

// GetDel implements Storage.
func (m *Memory) GetDel(ctx context.Context, key string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.find(key)
	if i == nil {
		return "", ErrNotFound
	}
	m.remove(i)
	return i.value, nil
}

// CompareAndSwap implements Storage.
func (m *Memory) CompareAndSwap(ctx context.Context, key, old, value string, ttl time.Duration) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.find(key)
	if old == "" && i != nil || old != "" && (i == nil || i.value != old) {
		return false, nil
	}
	m.put(key, value, ttl)
	return true, nil
}

// Len returns the number of keys held, including those that have expired but
// were not removed yet.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.items)
}

// find returns a live item and removes it when it has expired.
func (m *Memory) find(key string) *item {
	i := m.items[key]
	if i == nil {
		return nil
	}
	if !i.live(m.now()) {
		m.remove(i)
		return nil
	}
	return i
}

func (m *Memory) put(key, value string, ttl time.Duration) {
	now := m.now()
	m.sweep(now)
	if old := m.items[key]; old != nil {
		m.remove(old)
	}
	i := &item{key: key, value: value, at: -1}
	m.items[key] = i
	if ttl > 0 {
		i.expires = now.Add(ttl)
		heap.Push(&m.expiry, i)
	}
}

func (m *Memory) remove(i *item) {
	delete(m.items, i.key)
	if i.at >= 0 {
		heap.Remove(&m.expiry, i.at)
	}
}

func (m *Memory) sweep(now time.Time) {
	for range sweepPerWrite {
		if len(m.expiry) == 0 || m.expiry[0].live(now) {
			return
		}
		m.remove(m.expiry[0])
	}
}

// byExpiry is a heap with the item that expires first on top.
type byExpiry []*item

func (h byExpiry) Len() int           { return len(h) }
func (h byExpiry) Less(i, j int) bool { return h[i].expires.Before(h[j].expires) }

func (h byExpiry) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

// Push implements heap.Interface.
func (h *byExpiry) Push(x any) {
	i := x.(*item)
	i.at = len(*h)
	*h = append(*h, i)
}

// Pop implements heap.Interface.
func (h *byExpiry) Pop() any {
	old := *h
	i := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	i.at = -1
	return i
}
