package redis_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapters/redis"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/suites/storagetest"
	"github.com/alicebob/miniredis/v2/server"
)

func TestConformance(t *testing.T) {
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		storagetest.Run(t, func(t *testing.T, now func() time.Time) storage.Storage {
			s := mini(t)
			return follow(redis.New(s.client(t), s.opts()), s.mini, now)
		})
	})
	t.Run("before 6.2", func(t *testing.T) {
		t.Parallel()
		storagetest.Run(t, func(t *testing.T, now func() time.Time) storage.Storage {
			s := mini(t)
			forgetGetDel(s)
			return follow(redis.New(s.client(t), s.opts()), s.mini, now)
		})
	})
	t.Run("server", func(t *testing.T) {
		t.Parallel()
		s := realServer(t)
		storagetest.Run(t, func(t *testing.T, _ func() time.Time) storage.Storage {
			return redis.New(s.client(t), s.opts())
		}, storagetest.RealClock)
	})
}

// forgetGetDel makes a server answer as those before 6.2 do.
func forgetGetDel(s *testServer) {
	s.mini.Server().SetPreHook(func(c *server.Peer, cmd string, args ...string) bool {
		if !strings.EqualFold(cmd, "getdel") {
			return false
		}
		c.WriteError(fmt.Sprintf("ERR unknown command `%s`, with args beginning with: `%s`, ", cmd, args[0]))
		return true
	})
}

func TestOneRoundTrip(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *testServer) {
		sent := &commands{}
		s := redis.New(srv.client(t, sent), srv.opts())
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(s.Set(t.Context(), "k", "1", time.Minute))
		sent.want(t, "Set", "set")
		_, err := s.Get(t.Context(), "k")
		must(err)
		sent.want(t, "Get", "get")
		for range 2 { // the first may have to load the script
			_, err = s.CompareAndSwap(t.Context(), "k", "1", "1", time.Minute)
			must(err)
		}
		sent.names = sent.names[len(sent.names)-1:]
		sent.want(t, "CompareAndSwap", "evalsha")
		_, err = s.GetDel(t.Context(), "k")
		must(err)
		sent.want(t, "GetDel", "getdel")
		must(s.Delete(t.Context(), "k"))
		sent.want(t, "Delete", "del")
	})
}

func TestBefore62(t *testing.T) {
	t.Parallel()
	srv := mini(t)
	forgetGetDel(srv)
	sent := &commands{}
	s := redis.New(srv.client(t, sent), srv.opts())
	for range 2 {
		if _, err := s.GetDel(t.Context(), "k"); !errors.Is(err, storage.ErrNotFound) {
			t.Fatalf("%v, want ErrNotFound", err)
		}
	}
	sent.want(t, "GetDel", "getdel", "evalsha", "eval", "evalsha")
}

func TestScriptsAreLoadedAgain(t *testing.T) {
	t.Parallel()
	srv := mini(t)
	s := redis.New(srv.client(t), srv.opts())
	for i := range 3 { // as after a restart or a failover
		if ok, err := s.CompareAndSwap(t.Context(), "k", strings.Repeat("x", i), strings.Repeat("x", i+1), 0); err != nil || !ok {
			t.Fatalf("%v, %v", ok, err)
		}
		if err := srv.client(t).ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPrefix(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]redis.Options{
		"better-auth:k": {},
		"app:k":         {Prefix: "app:"},
		"k":             {NoPrefix: true, Prefix: "ignored:"},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			srv := mini(t)
			s := redis.New(srv.client(t), o)
			if err := s.Set(t.Context(), "k", "v", 0); err != nil {
				t.Fatal(err)
			}
			if ok, err := s.CompareAndSwap(t.Context(), "k", "v", "w", 0); err != nil || !ok {
				t.Fatalf("%v, %v", ok, err)
			}
			take(t, redis.NewLimiter(srv.client(t), o), "k2", minute, newClock().Now())
			if got := srv.mini.Keys(); !slices.Equal(got, []string{want, want + "2"}) {
				t.Errorf("keys %q, want %q and %q", got, want, want+"2")
			}
			if v, err := s.GetDel(t.Context(), "k"); err != nil || v != "w" {
				t.Fatalf("%q, %v", v, err)
			}
			if err := s.Delete(t.Context(), "k2"); err != nil {
				t.Fatal(err)
			}
			if got := srv.mini.Keys(); len(got) != 0 {
				t.Errorf("keys %q are left", got)
			}
		})
	}
}

func TestKeysAreBytes(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		"a:b", "a\nb", "a\r\nSET better-auth:admin 1\r\n", "a\x00b", "\xff\xfe", "*", "' .. redis.call('DEL', 'x') .. '", "",
	} {
		t.Run(fmt.Sprintf("INJ-09 %q", key), func(t *testing.T) {
			t.Parallel()
			srv := mini(t)
			s := redis.New(srv.client(t), srv.opts())
			if err := s.Set(t.Context(), key, key, 0); err != nil {
				t.Fatal(err)
			}
			if ok, err := s.CompareAndSwap(t.Context(), "other"+key, "", key, 0); err != nil || !ok {
				t.Fatalf("%v, %v", ok, err)
			}
			take(t, redis.NewLimiter(srv.client(t), srv.opts()), "limit"+key, minute, newClock().Now())
			want := []string{srv.prefix + key, srv.prefix + "other" + key, srv.prefix + "limit" + key}
			slices.Sort(want)
			if got := srv.mini.Keys(); !slices.Equal(got, want) {
				t.Errorf("keys %q, want %q", got, want)
			}
		})
	}
}

func TestTTL(t *testing.T) {
	t.Parallel()
	for ttl, want := range map[time.Duration]time.Duration{
		1:                          time.Millisecond,
		time.Millisecond - 1:       time.Millisecond,
		1500 * time.Microsecond:    time.Millisecond,
		1500 * time.Millisecond:    1500 * time.Millisecond,
		time.Hour:                  time.Hour,
		100 * 365 * 24 * time.Hour: 100 * 365 * 24 * time.Hour,
		0:                          0,
		-1:                         0, // go-redis' KeepTTL
		-time.Hour:                 0,
	} {
		t.Run(ttl.String(), func(t *testing.T) {
			t.Parallel()
			srv := mini(t)
			s := redis.New(srv.client(t), srv.opts())
			for _, key := range []string{"set", "swapped"} { // both replace an expiry
				if err := s.Set(t.Context(), key, "old", time.Minute); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Set(t.Context(), "set", "new", ttl); err != nil {
				t.Fatal(err)
			}
			if ok, err := s.CompareAndSwap(t.Context(), "swapped", "old", "new", ttl); err != nil || !ok {
				t.Fatalf("%v, %v", ok, err)
			}
			for _, key := range []string{"set", "swapped"} {
				if got := srv.mini.TTL(srv.prefix + key); got != want {
					t.Errorf("%s: expires in %s, want %s", key, got, want)
				}
			}
		})
	}
}
