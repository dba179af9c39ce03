// Package storage is the seam to a secondary storage: a key-value store such
// as Redis that holds sessions, rate limits and verification values beside or
// instead of the database.
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
	// Set stores a value. A ttl of zero or less means that the key never expires;
	// callers that mean "already expired" must not call Set.
	Set(ctx context.Context, key, value string, ttl time.Duration) error
	// Delete removes a key; an absent key is no error.
	Delete(ctx context.Context, key string) error
	// GetDel returns a value and removes it in one atomic step: of many concurrent
	// callers exactly one gets the value.
	GetDel(ctx context.Context, key string) (string, error)
	// CompareAndSwap replaces the value only if it still is old, in one atomic
	// step; an empty old means that the key must be absent. It reports whether it
	// wrote.
	CompareAndSwap(ctx context.Context, key, old, value string, ttl time.Duration) (bool, error)
}
