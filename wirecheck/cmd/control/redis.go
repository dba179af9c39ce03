package main

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/adapters/redis"
	"github.com/advantch/kernia-go/core/storage"
)

// withRedis keeps rows in memory, and in Redis what an instance with a secondary
// storage puts there.
type withRedis struct {
	adapter.Database
	keys storage.Storage
}

// redisKeys gives each instance a prefix.
func redisKeys() (backend, error) {
	address, err := setting("KERNIA_TEST_REDIS_URL")
	if err != nil {
		return backend{}, err
	}
	o, err := goredis.ParseURL(address)
	if err != nil {
		return backend{}, err
	}
	client := goredis.NewClient(o)
	return backend{open: func(context.Context) (adapter.Database, func(context.Context) error, error) {
		prefix := scratchName() + ":"
		drop := func(ctx context.Context) error {
			for found := client.Scan(ctx, 0, prefix+"*", 1000).Iterator(); found.Next(ctx); {
				if err := client.Unlink(ctx, found.Val()).Err(); err != nil {
					return err
				}
			}
			return nil
		}
		return withRedis{memory.New(), redis.New(client, redis.Options{Prefix: prefix})}, drop, nil
	}}, nil
}

// unwrap takes the two apart. Only what has a secondary storage gets Redis for it.
func (w withRedis) unwrap(o *core.Options) {
	o.Database = w.Database
	if told, ok := o.SecondaryStorage.(*secondary); ok {
		o.SecondaryStorage = mirrored{w.keys, told}
	}
}

// mirrored works on a real store and tells the outside world of every write, as a
// scenario compares what is written.
type mirrored struct {
	storage.Storage
	told *secondary
}

func (m mirrored) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	if err := m.Storage.Set(ctx, key, value, ttl); err != nil {
		return err
	}
	return m.told.Set(ctx, key, value, ttl)
}

func (m mirrored) Delete(ctx context.Context, key string) error {
	if err := m.Storage.Delete(ctx, key); err != nil {
		return err
	}
	return m.told.Delete(ctx, key)
}

func (m mirrored) GetDel(ctx context.Context, key string) (string, error) {
	value, err := m.Storage.GetDel(ctx, key)
	if err != nil {
		return "", err
	}
	return value, m.told.Delete(ctx, key)
}

func (m mirrored) CompareAndSwap(ctx context.Context, key, old, value string, ttl time.Duration) (bool, error) {
	swapped, err := m.Storage.CompareAndSwap(ctx, key, old, value, ttl)
	if err != nil || !swapped {
		return false, err
	}
	return true, m.told.Set(ctx, key, value, ttl)
}
