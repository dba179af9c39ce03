package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

var errUnknownCommand = errors.New("the server does not know the command")

// once is a command that the client must not send again after a lost
// connection: the server may have run it, and the second answer would be wrong.
// A token that was taken would look as if it had never existed.
type once struct{ *redis.Cmd }

// NoRetry implements redis.Cmder.
func (once) NoRetry() bool { return true }

// do runs a command that may be repeated. It returns redis.Nil for a null.
func (c *conn) do(ctx context.Context, args ...any) (any, error) {
	ctx, cancel, err := c.within(ctx)
	if err != nil {
		return nil, describe(args[0], err)
	}
	defer cancel()
	cmd := redis.NewCmd(ctx, args...)
	if err := c.client.Process(ctx, cmd); err != nil {
		return nil, describe(args[0], err)
	}
	return cmd.Val(), nil
}

// doOnce runs a command that must not be repeated.
func (c *conn) doOnce(ctx context.Context, args ...any) (any, error) {
	ctx, cancel, err := c.within(ctx)
	if err != nil {
		return nil, describe(args[0], err)
	}
	defer cancel()
	cmd := once{redis.NewCmd(ctx, args...)}
	if err := c.client.Process(ctx, cmd); err != nil {
		return nil, describe(args[0], err)
	}
	return cmd.Val(), nil
}

// script is a Lua script over one key.
type script struct{ source, hash string }

func newScript(source string) script { return script{source, redis.NewScript(source).Hash()} }

// run calls a script by its hash, and sends the whole script when the server does not
// have it yet. The server reports that before it does anything.
func (c *conn) run(ctx context.Context, s script, key string, args ...any) (any, error) {
	rest := append([]any{1, c.prefix + key}, args...)
	v, err := c.doOnce(ctx, append([]any{"evalsha", s.hash}, rest...)...)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		v, err = c.doOnce(ctx, append([]any{"eval", s.source}, rest...)...)
	}
	return v, err
}

// describe names the command that failed. The server quotes the arguments of an unknown
// command; they are secrets and do not belong in a log.
func describe(command any, err error) error {
	if errors.Is(err, redis.Nil) {
		return redis.Nil
	}
	if isUnknown(err) {
		err = errUnknownCommand
	}
	return fmt.Errorf("redis: %v: %w", command, err)
}

func isUnknown(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply) && strings.Contains(strings.ToLower(reply.Error()), "unknown command")
}
