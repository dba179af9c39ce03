// Package storage is the interface to a secondary storage: a key-value store
// such as Redis that holds sessions, rate limits and verification values in
// addition to the database or in place of it.
package storage

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound is returned by Get and GetDel for a key that is absent or expired.
var ErrNotFound = errors.New("storage: not found")

// Storage is a key-value store with expiry. All methods are safe for concurrent
// use, in one process and across processes.
type Storage interface {
	Get(ctx context.Context, key string) (string, error)
	// Set stores a value. A ttl of zero or less means that the key never expires.
	// Callers must not call Set for a value that has already expired.
	Set(ctx context.Context, key, value string, ttl time.Duration) error
	// Delete removes a key. An absent key is not an error.
	Delete(ctx context.Context, key string) error
	// GetDel returns a value and removes it in one atomic step: exactly one of
	// many concurrent callers gets the value.
	GetDel(ctx context.Context, key string) (string, error)
	// CompareAndSwap replaces the value if it is still old, in one atomic step.
	// An empty old means that the key must be absent. It reports whether it
	// replaced the value.
	CompareAndSwap(ctx context.Context, key, old, value string, ttl time.Duration) (bool, error)
}
