package redis

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	defaultPrefix  = "better-auth:"
	defaultTimeout = 2 * time.Second
)

// Options configures New and NewLimiter. Give both the same Prefix.
type Options struct {
	// Prefix is put before every key. Default "better-auth:", the keyPrefix of
	// Better Auth's redis-storage. Two applications on one server need two prefixes,
	// and neither may begin with the other.
	Prefix string
	// NoPrefix leaves keys as they are, like the hand-written storages of older
	// Better Auth applications. Prefix is ignored then.
	NoPrefix bool
	// Timeout bounds one command: the wait for a connection, retries, and the server's
	// answer. Default 2 seconds; less than 0 leaves it to the client and to the context. A
	// ClusterClient and a Ring keep waiting for an answer up to their own ReadTimeout unless
	// ContextTimeoutEnabled is set in their options.
	Timeout time.Duration
}

// conn is a client with the options applied.
type conn struct {
	client  redis.UniversalClient
	prefix  string
	timeout time.Duration
}

func newConn(client redis.UniversalClient, o Options) conn {
	switch {
	case o.NoPrefix:
		o.Prefix = ""
	case o.Prefix == "":
		o.Prefix = defaultPrefix
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	return conn{bounded(client, o.Timeout), o.Prefix, o.Timeout}
}

// bounded makes a client give up reading after timeout. Without that go-redis checks a
// context's deadline before and after a read, not during it.
func bounded(client redis.UniversalClient, timeout time.Duration) redis.UniversalClient {
	c, ok := client.(*redis.Client)
	if !ok || timeout < 0 {
		return client
	}
	o := c.Options()
	within := func(d time.Duration) bool { return d > 0 && d <= timeout }
	if o.ContextTimeoutEnabled || within(o.ReadTimeout) && within(o.WriteTimeout) {
		return client
	}
	return c.WithTimeout(timeout)
}

// within starts the timeout of one command. It fails when ctx has ended, so that
// nothing is sent for a caller that is gone.
func (c *conn) within(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if c.timeout < 0 {
		return ctx, func() {}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	return ctx, cancel, nil
}
