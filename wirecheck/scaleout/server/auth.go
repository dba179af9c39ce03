package main

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/advantch/kernia-go/core"
	kredis "github.com/advantch/kernia-go/core/adapters/redis"
	"github.com/advantch/kernia-go/core/clientip"
	"github.com/advantch/kernia-go/core/password"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/gormadapter"
)

// config says where a process keeps what.
type config struct {
	database, redis, prefix string
	sessions, limits        string
	signIns                 int
}

// open makes the Auth. The returned function closes what it is connected to.
func open(c config) (*core.Auth, func(), error) {
	db, err := openDatabase(c.database)
	if err != nil {
		return nil, nil, err
	}
	pool, err := db.DB()
	if err != nil {
		return nil, nil, err
	}
	closeStores := func() { _ = pool.Close() }

	o := core.Options{
		BaseURL: "http://localhost:3000", Secret: "scaleout-test-secret-0123456789-abcdefghij", Database: gormadapter.New(db),
		// The test speaks for a proxy, so that each of its clients has an address of its own.
		IPAddress: clientip.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		// Cheap and without a bound on waiting: passwords are not what is tested.
		Password: core.PasswordOptions{Argon2: password.Argon2Params{Memory: 8, Time: 1, Threads: 1}, MaxWait: -1},
		Timeout:  -1,
		Logger:   slog.New(slog.NewTextHandler(os.Stderr, nil)),
		RateLimit: core.RateLimitOptions{Rules: []ratelimit.Custom{
			{Pattern: "/sign-in/email", Rule: ratelimit.Rule{Window: time.Hour, Max: c.signIns}},
			{Pattern: "/**", Disabled: true},
		}, Account: ratelimit.Rule{Max: -1}}, // fifty at once are the test
	}
	o.User.DeleteUser = core.DeleteUserOptions{Enabled: true, SendVerification: mail("delete-user")}
	o.Plugins = []core.Plugin{emailpassword.New(emailpassword.Options{SendResetPassword: mail("reset-password")})}

	var client *redis.Client
	if c.sessions != "database" || c.limits != "database" {
		ro, err := redis.ParseURL(c.redis)
		if err != nil {
			closeStores()
			return nil, nil, err
		}
		client = redis.NewClient(ro)
		closeStores = func() { _, _ = pool.Close(), client.Close() }
	}
	// The timeout is for slow machines.
	ro := kredis.Options{Prefix: c.prefix, Timeout: 20 * time.Second}
	switch c.sessions {
	case "database":
	case "redis":
		o.SecondaryStorage = kredis.New(client, ro)
	case "both":
		o.SecondaryStorage = kredis.New(client, ro)
		o.Session.StoreInDatabase, o.Verification.StoreInDatabase = true, true
	default:
		err = fmt.Errorf("sessions cannot live in %q", c.sessions)
	}
	switch c.limits {
	case "database":
		o.RateLimit.Storage = "database"
	case "redis":
		o.RateLimit.Custom = kredis.NewLimiter(client, ro)
	case "storage":
		o.RateLimit.Storage = "secondary-storage"
	default:
		err = fmt.Errorf("requests cannot be counted in %q", c.limits)
	}
	if err != nil {
		closeStores()
		return nil, nil, err
	}
	auth, err := core.New(o)
	if err != nil {
		closeStores()
		return nil, nil, err
	}
	return auth, closeStores, nil
}

func openDatabase(dsn string) (*gorm.DB, error) {
	if !strings.Contains(dsn, "://") && !strings.Contains(dsn, "search_path=") {
		return gormadapter.SQLite(dsn)
	}
	db, err := gorm.Open(postgres.Open(dsn), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		return nil, err
	}
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(8)
	pool.SetMaxIdleConns(8)
	return db, nil
}
