package redis_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapters/redis"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/alicebob/miniredis/v2/server"
	goredis "github.com/redis/go-redis/v9"
)

// calls are all operations of a storage and a limiter.
func calls(client goredis.UniversalClient, o redis.Options) map[string]func(context.Context) error {
	s, l := redis.New(client, o), redis.NewLimiter(client, o)
	return map[string]func(context.Context) error{
		"Get":    func(ctx context.Context) error { _, err := s.Get(ctx, "k"); return err },
		"Set":    func(ctx context.Context) error { return s.Set(ctx, "k", "v", 0) },
		"Delete": func(ctx context.Context) error { return s.Delete(ctx, "k") },
		"GetDel": func(ctx context.Context) error { _, err := s.GetDel(ctx, "k"); return err },
		"CompareAndSwap": func(ctx context.Context) error {
			ok, err := s.CompareAndSwap(ctx, "k", "", "v", 0)
			if ok {
				return errors.New("swapped")
			}
			return err
		},
		"Take": func(ctx context.Context) error {
			d, err := l.Take(ctx, "limit", minute, newClock().Now())
			if d.Allowed {
				return storage.ErrNotFound // which the callers take for a failed test
			}
			return err
		},
	}
}

func TestLostServer(t *testing.T) {
	t.Parallel()
	srv := mini(t)
	all := calls(srv.client(t), srv.opts())
	if err := all["Set"](t.Context()); err != nil {
		t.Fatal(err)
	}
	srv.mini.Close()
	for name, call := range all {
		t.Run("SES-26 "+name, func(t *testing.T) {
			t.Parallel()
			wantFailure(t, name, call(t.Context()))
		})
	}
}

func TestServerRefuses(t *testing.T) {
	t.Parallel()
	for _, reply := range []string{
		"NOAUTH Authentication required.", "NOPERM this user has no permissions", "OOM command not allowed", "ERR internal",
		"WRONGTYPE Operation against a key", "ERR unknown command `x`, with args beginning with: `test:secret`, ",
	} {
		srv := mini(t)
		srv.mini.Server().SetPreHook(func(c *server.Peer, cmd string, _ ...string) bool {
			if strings.EqualFold(cmd, "hello") {
				return false
			}
			c.WriteError(reply)
			return true
		})
		for name, call := range calls(srv.client(t), srv.opts()) {
			t.Run("SES-26 "+name+" "+reply[:6], func(t *testing.T) {
				t.Parallel()
				err := call(t.Context())
				wantFailure(t, name, err)
				if strings.Contains(err.Error(), "secret") {
					t.Errorf("the error quotes the arguments: %v", err)
				}
			})
		}
	}
}

func TestUnexpectedAnswer(t *testing.T) {
	t.Parallel()
	srv := mini(t)
	if _, err := srv.mini.Lpush(srv.prefix+"k", "an element"); err != nil {
		t.Fatal(err)
	}
	if _, err := srv.mini.Lpush(srv.prefix+"limit", "an element"); err != nil {
		t.Fatal(err)
	}
	all := calls(srv.client(t), srv.opts())
	for _, name := range []string{"Get", "GetDel", "CompareAndSwap", "Take"} {
		wantFailure(t, name+" of a list", all[name](t.Context()))
	}
}

// A command that takes or changes something is not sent again when its answer
// is lost: a repeated GETDEL would answer that the token never existed.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	t.Run("SES-26 GetDel", func(t *testing.T) {
		t.Parallel()
		srv := mini(t)
		srv.mini.Set(srv.prefix+"k", "token")
		_, err := redis.New(srv.loseAnswer(t, "getdel"), srv.opts()).GetDel(t.Context(), "k")
		wantFailure(t, "GetDel", err)
		if srv.mini.Exists(srv.prefix + "k") {
			t.Error("the server did not run the command")
		}
	})
	t.Run("CompareAndSwap", func(t *testing.T) {
		t.Parallel()
		srv := mini(t)
		if ok, err := redis.New(srv.client(t), srv.opts()).CompareAndSwap(t.Context(), "k", "", "one", 0); err != nil || !ok {
			t.Fatalf("%v, %v", ok, err)
		}
		ok, err := redis.New(srv.loseAnswer(t, "evalsha"), srv.opts()).CompareAndSwap(t.Context(), "k", "one", "two", 0)
		if ok {
			t.Error("reported as done")
		}
		wantFailure(t, "CompareAndSwap", err)
		srv.mini.CheckGet(t, srv.prefix+"k", "two")
	})
	t.Run("RL-10 the limiter counts once", func(t *testing.T) {
		t.Parallel()
		srv, now := mini(t), newClock().Now()
		rule := minute
		rule.Max = 3
		take(t, redis.NewLimiter(srv.client(t), srv.opts()), "k", rule, now)
		d, err := redis.NewLimiter(srv.loseAnswer(t, "evalsha"), srv.opts()).Take(t.Context(), "k", rule, now)
		if d.Allowed {
			t.Error("admitted")
		}
		wantFailure(t, "Take", err)
		srv.mini.CheckGet(t, srv.prefix+"k", `{"key":"k","count":2,"lastRequest":1767323045000}`)
	})
	t.Run("Get is repeated", func(t *testing.T) {
		t.Parallel()
		srv := mini(t)
		srv.mini.Set(srv.prefix+"k", "v")
		if v, err := redis.New(srv.loseAnswer(t, "get"), srv.opts()).Get(t.Context(), "k"); err != nil || v != "v" {
			t.Errorf("%q, %v", v, err)
		}
	})
}

// A server that accepts connections and says nothing.
func TestTimeout(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
		}
	}()
	for label, o := range map[string]goredis.Options{
		"defaults":        {},
		"context timeout": {ContextTimeoutEnabled: true},
		"no timeouts":     {ReadTimeout: -1, WriteTimeout: -1},
	} {
		o.Addr = l.Addr().String()
		client := goredis.NewClient(&o)
		t.Cleanup(func() { _ = client.Close() })
		for name, call := range calls(client, redis.Options{Timeout: 50 * time.Millisecond}) {
			t.Run("SES-26 "+label+" "+name, func(t *testing.T) {
				t.Parallel()
				start := time.Now()
				wantFailure(t, name, call(t.Context()))
				if d := time.Since(start); d > 2*time.Second {
					t.Errorf("gave up after %s", d)
				}
			})
		}
	}
}
