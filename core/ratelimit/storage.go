package ratelimit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/advantch/kernia-go/core/internal/turns"
	"github.com/advantch/kernia-go/core/storage"
)

// storageAttempts bounds how often Take starts over because another process
// wrote the same counter. Callers in this process take turns.
const storageAttempts = 64

// Storage is a Store in a secondary storage, shared by all processes. Keys and
// values are those of Better Auth 1.6.
type Storage struct {
	storage storage.Storage
	// Without turns a burst of n requests would retry about n² times.
	turns turns.Turns
}

// NewStorage counts in s. A counter expires one window after its last request.
func NewStorage(s storage.Storage) *Storage {
	return &Storage{storage: s}
}

// Take implements Store.
func (s *Storage) Take(ctx context.Context, key string, r Rule, now time.Time) (Decision, error) {
	if err := r.check(); err != nil {
		return Decision{}, err
	}
	done, err := s.turns.Wait(ctx, key)
	if err != nil {
		return Decision{}, err
	}
	defer done()
	for range storageAttempts {
		raw, cur, err := s.read(ctx, key)
		if err != nil {
			return Decision{}, err
		}
		d, next := take(cur, key, r, now.UnixMilli())
		if !d.Allowed {
			return d, nil
		}
		value, err := encode(next)
		if err != nil {
			return Decision{}, err
		}
		wrote, err := s.storage.CompareAndSwap(ctx, key, raw, value, r.Window)
		if err != nil {
			return Decision{}, fmt.Errorf("ratelimit: write counter: %w", err)
		}
		if wrote {
			return d, nil
		}
	}
	return Decision{}, ErrContended
}

// read returns the stored value as it is, and the counter it holds. A value
// that is no counter is treated as absent and gets replaced, as in Better Auth.
func (s *Storage) read(ctx context.Context, key string) (raw string, cur *entry, err error) {
	raw, err = s.storage.Get(ctx, key)
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, fmt.Errorf("ratelimit: read counter: %w", err)
	}
	var e entry
	if json.Unmarshal([]byte(raw), &e) != nil {
		return raw, nil, nil
	}
	return raw, &e, nil
}

// encode writes an entry as JSON.stringify does, without escaping <, > and &.
func encode(e entry) (string, error) {
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	if err := w.Encode(e); err != nil {
		return "", fmt.Errorf("ratelimit: encode counter: %w", err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}
