package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/redis"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/gormadapter"
)

// openDatabase opens PostgreSQL at DATABASE_URL, or the SQLite file.
func openDatabase(ctx context.Context, file string) (db *gorm.DB, end func(), err error) {
	if dsn := os.Getenv("DATABASE_URL"); dsn != "" {
		db, err = gorm.Open(postgres.Open(dsn), &gorm.Config{})
	} else {
		db, err = gormadapter.SQLite(file)
	}
	if err != nil {
		return nil, nil, err
	}
	pool, err := db.DB()
	if err != nil {
		return nil, nil, err
	}
	if os.Getenv("DATABASE_URL") != "" {
		pool.SetMaxOpenConns(20)
		pool.SetMaxIdleConns(20) // as many: what is open stays open
		pool.SetConnMaxLifetime(30 * time.Minute)
	}
	return db, func() {
		if err := pool.Close(); err != nil {
			slog.ErrorContext(ctx, "closing the database", "error", err)
		}
	}, nil
}

// openRedis keeps sessions and limits in Redis at REDIS_URL, if it is set.
func openRedis() (storage.Storage, ratelimit.Store, func(), error) {
	address := os.Getenv("REDIS_URL")
	if address == "" {
		return nil, nil, func() {}, nil
	}
	o, err := goredis.ParseURL(address)
	if err != nil {
		return nil, nil, nil, errors.New("REDIS_URL must look like redis://host:6379/0") // the error would quote the password
	}
	client := goredis.NewClient(o)
	return redis.New(client, redis.Options{}), redis.NewLimiter(client, redis.Options{}), func() { _ = client.Close() }, nil
}

// trustedProxies reads TRUSTED_PROXIES, networks with commas between them.
func trustedProxies() (list []netip.Prefix, err error) {
	for text := range strings.SplitSeq(os.Getenv("TRUSTED_PROXIES"), ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("TRUSTED_PROXIES: %w", err)
		}
		list = append(list, p)
	}
	return list, nil
}

// deleteExpired removes expired rows about once an hour until ctx ends. Every process may
// do it: what one has removed, the next does not find. The channel is closed at the end.
func deleteExpired(ctx context.Context, auth *core.Auth) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			// Not all processes at the same moment.
			pause := time.NewTimer(45*time.Minute + rand.N(30*time.Minute)) //nolint:gosec // no secret
			select {
			case <-ctx.Done():
				pause.Stop()
				return
			case <-pause.C:
			}
			work, cancel := context.WithTimeout(ctx, 5*time.Minute)
			if err := auth.DeleteExpired(work); err != nil && ctx.Err() == nil {
				slog.ErrorContext(ctx, "removing expired rows", "error", err)
			}
			cancel()
		}
	}()
	return done
}

// askReady asks the server that runs on PORT whether it is ready.
func askReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+env("PORT", "3000")+"/ready", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET /ready: %s", res.Status)
	}
	return nil
}
