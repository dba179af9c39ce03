package main

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/wire"
)

func (i *instance) secondaryStorage(o *core.Options, s *section) {
	get, set, remove := s.function("get"), s.function("set"), s.function("delete")
	if get != nil && set != nil && remove != nil {
		o.SecondaryStorage = &secondary{get: get, set: set, remove: remove}
	}
}

// secondary is a store of the outside world. It knows only get, set and delete:
// a lock makes steps of several of them atomic within this process.
type secondary struct {
	mu               sync.Mutex
	get, set, remove *callback
}

func (s *secondary) read(ctx context.Context, key string) (string, error) {
	v, err := s.get.call(ctx, wire.String(key))
	if err != nil {
		return "", err
	}
	if text, ok := v.Str(); ok {
		return text, nil
	}
	if v.IsUndefined() {
		return "", storage.ErrNotFound
	}
	// A store that parses what it keeps. It may make dates of texts, too.
	kept, err := plain(v)
	return string(kept.AppendJSON(nil)), err
}

func (s *secondary) write(ctx context.Context, key, value string, ttl time.Duration) error {
	args := []wire.Value{wire.String(key), wire.String(value)}
	if ttl > 0 {
		args = append(args, wire.Int(int64(math.Ceil(ttl.Seconds()))))
	}
	_, err := s.set.call(ctx, args...)
	return err
}

func (s *secondary) Get(ctx context.Context, key string) (string, error) { return s.read(ctx, key) }

func (s *secondary) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(ctx, key, value, ttl)
}

func (s *secondary) Delete(ctx context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.remove.call(ctx, wire.String(key))
	return err
}

func (s *secondary) GetDel(ctx context.Context, key string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, err := s.read(ctx, key)
	if err != nil {
		return "", err
	}
	_, err = s.remove.call(ctx, wire.String(key))
	return value, err
}

func (s *secondary) CompareAndSwap(ctx context.Context, key, old, value string, ttl time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	current, err := s.read(ctx, key)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return false, err
	}
	if current != old && !sameJSON(current, old) {
		return false, nil
	}
	return true, s.write(ctx, key, value, ttl)
}

// sameJSON compares a value that a store has parsed with the text that was written:
// JavaScript moves members with numbers for names to the front.
func sameJSON(a, b string) bool {
	var parsedA, parsedB any
	return json.Unmarshal([]byte(a), &parsedA) == nil && json.Unmarshal([]byte(b), &parsedB) == nil && reflect.DeepEqual(parsedA, parsedB)
}

// counters is rateLimit.customStorage, which keeps objects instead of text.
type counters struct {
	storage.Storage
	mu       sync.Mutex
	get, set *callback
}

func (s *counters) Get(ctx context.Context, key string) (string, error) {
	v, err := s.get.call(ctx, wire.String(key))
	if err != nil {
		return "", err
	}
	if v.IsUndefined() {
		return "", storage.ErrNotFound
	}
	return string(v.AppendJSON(nil)), nil
}

func (s *counters) CompareAndSwap(ctx context.Context, key, old, value string, _ time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	current, err := s.Get(ctx, key)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return false, err
	}
	if current != old {
		return false, nil
	}
	v, err := wire.Parse([]byte(value), limits)
	if err != nil {
		return false, err
	}
	_, err = s.set.call(ctx, wire.String(key), v, wire.Bool(old != ""))
	return true, err
}
