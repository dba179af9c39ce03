package redis

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/advantch/kernia-go/core/storage"
	"github.com/redis/go-redis/v9"
)

var _ storage.Storage = (*Storage)(nil)

// Storage is a storage.Storage in Redis. Each method is one command and one
// round trip. Keys and values are sent as they are, whatever bytes they hold.
// After an error other than storage.ErrNotFound the outcome is unknown: the
// server may or may not have done what was asked.
type Storage struct {
	conn
	noGetDel atomic.Bool // the server is older than 6.2
}

// New keeps values in the server behind client, which stays the caller's to
// close. It does not connect.
func New(client redis.UniversalClient, o Options) *Storage {
	return &Storage{conn: newConn(client, o)}
}

// The scripts. Redis runs each as one atomic step.
var (
	getAndDelete = newScript(`local v = redis.call('GET', KEYS[1])
if v then redis.call('DEL', KEYS[1]) end
return v`)

	compareAndSwap = newScript(`local v = redis.call('GET', KEYS[1])
if ARGV[1] == '' then
  if v then return 0 end
elseif v ~= ARGV[1] then
  return 0
end
if ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1`)
)

// Get implements storage.Storage.
func (s *Storage) Get(ctx context.Context, key string) (string, error) {
	return text(s.do(ctx, "get", s.prefix+key))
}

// Set implements storage.Storage. The ttl is kept in milliseconds; less than one
// counts as one.
func (s *Storage) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	args := []any{"set", s.prefix + key, value}
	if ms := milliseconds(ttl); ms > 0 {
		args = append(args, "px", ms)
	}
	_, err := s.do(ctx, args...)
	return err
}

// Delete implements storage.Storage.
func (s *Storage) Delete(ctx context.Context, key string) error {
	_, err := s.do(ctx, "del", s.prefix+key)
	return err
}

// GetDel implements storage.Storage. When the server's answer is lost, so is
// the value, and GetDel returns an error. A value is therefore taken at most
// once.
func (s *Storage) GetDel(ctx context.Context, key string) (string, error) {
	if !s.noGetDel.Load() {
		v, err := text(s.doOnce(ctx, "getdel", s.prefix+key))
		if !errors.Is(err, errUnknownCommand) {
			return v, err
		}
		s.noGetDel.Store(true)
	}
	return text(s.run(ctx, getAndDelete, key))
}

// CompareAndSwap implements storage.Storage. The ttl is kept in milliseconds;
// less than one counts as one.
func (s *Storage) CompareAndSwap(ctx context.Context, key, old, value string, ttl time.Duration) (bool, error) {
	n, err := integer(s.run(ctx, compareAndSwap, key, old, value, milliseconds(ttl)))
	return n == 1, err
}

// milliseconds is 0 only for a ttl that means "forever".
func milliseconds(ttl time.Duration) int64 {
	if ttl <= 0 {
		return 0
	}
	return max(1, ttl.Milliseconds())
}

// text reads a string from an answer; a null means that there is no such key.
func text(v any, err error) (string, error) {
	if errors.Is(err, redis.Nil) {
		return "", storage.ErrNotFound
	}
	if err != nil {
		return "", err
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("redis: the answer is a %T instead of a string", v)
	}
	return s, nil
}

func integer(v any, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	n, ok := v.(int64)
	if !ok {
		return 0, fmt.Errorf("redis: the answer is a %T instead of an integer", v)
	}
	return n, nil
}
