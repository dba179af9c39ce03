package redis_test

import (
	"context"
	"fmt"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/adapters/redis"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"
)

// Sessions and rate limits in Redis, users in the database.
func Example() {
	server := miniredis.NewMiniRedis() // your Redis
	if err := server.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	client := goredis.NewClient(&goredis.Options{Addr: server.Addr()})
	defer client.Close()

	_, err := core.New(core.Options{
		BaseURL:          "http://localhost:3000",
		Secret:           "an-example-secret-of-at-least-32-characters",
		Database:         memory.New(),
		SecondaryStorage: redis.New(client, redis.Options{}),
		RateLimit:        core.RateLimitOptions{Custom: redis.NewLimiter(client, redis.Options{})},
		Plugins:          []core.Plugin{emailpassword.New(emailpassword.Options{})},
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleNew() {
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr()})
	defer client.Close()

	s := redis.New(client, redis.Options{Prefix: "app:"})
	ctx := context.Background()
	if err := s.Set(ctx, "token", "once", time.Minute); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(server.Keys())
	fmt.Println(s.GetDel(ctx, "token"))
	fmt.Println(s.GetDel(ctx, "token"))
	// Output:
	// [app:token]
	// once <nil>
	//  storage: not found
}

func ExampleNewLimiter() {
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr()})
	defer client.Close()

	limiter := redis.NewLimiter(client, redis.Options{})
	rule := ratelimit.Rule{Window: 10 * time.Second, Max: 2}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for range 3 {
		d, err := limiter.Take(context.Background(), ratelimit.Key("203.0.113.7", "/sign-in/email"), rule, now)
		fmt.Println(d.Allowed, d.RetryAfter, err)
	}
	// Output:
	// true 0s <nil>
	// true 0s <nil>
	// false 10s <nil>
}
