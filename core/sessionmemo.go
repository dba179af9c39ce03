package core

import "sync"

// decodedCaches keeps the rows of cookie caches that were decoded lately. A page asks for
// its session again and again, with the same cache for minutes, and decoding costs more
// than everything else that such a request needs. Only caches whose signature and end were
// verified come here.
type decodedCaches struct {
	mu sync.Mutex
	of map[string]decodedCache // by the JSON of the session, which names it
}

type decodedCache struct {
	user string // its JSON
	data *SessionData
}

// Bounds of what is kept: any entry may go for a new one, and rows that are longer than
// usual are not kept.
const (
	maxDecoded      = 1024
	maxDecodedBytes = 4096
)

// get returns rows of the caller's own, or nil.
func (d *decodedCaches) get(k cached) *SessionData {
	d.mu.Lock()
	found, ok := d.of[string(k.Session)]
	d.mu.Unlock()
	if !ok || found.user != string(k.User) {
		return nil
	}
	return found.data.clone()
}

func (d *decodedCaches) put(k cached, data *SessionData) {
	if len(k.Session)+len(k.User) > maxDecodedBytes {
		return
	}
	own := decodedCache{string(k.User), data.clone()}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.of == nil {
		d.of = map[string]decodedCache{}
	}
	session := string(k.Session)
	if _, known := d.of[session]; !known && len(d.of) >= maxDecoded {
		for any := range d.of {
			delete(d.of, any)
			break
		}
	}
	d.of[session] = own
}
