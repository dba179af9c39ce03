package redis_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/redis"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/suites/storagetest"
	goredis "github.com/redis/go-redis/v9"
)

// slots is how many hash slots a cluster has.
const slots = 16384

// cluster is three nodes that share the slots.
type cluster struct{ addresses []string }

// startCluster starts three servers of the machine's own redis-server.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("Redis Cluster was not tested: redis-server is not installed")
	}
	c := &cluster{}
	var nodes []*goredis.Client
	for range 3 {
		port := clusterPort(t)
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		command := exec.Command(program, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--cluster-enabled", "yes", //nolint:gosec,noctx // ended below
			"--cluster-node-timeout", "5000", "--save", "", "--appendonly", "no", "--dir", t.TempDir(), "--protected-mode", "no")
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = command.Process.Kill()
			_ = command.Wait()
		})
		node := goredis.NewClient(&goredis.Options{Addr: address, DisableIdentity: true})
		t.Cleanup(func() { _ = node.Close() })
		nodes, c.addresses = append(nodes, node), append(c.addresses, address)
		until(t, "a node answers", func(ctx context.Context) bool { return node.Ping(ctx).Err() == nil })
	}
	for i, node := range nodes {
		from, to := slots*i/3, slots*(i+1)/3-1
		if err := node.ClusterAddSlotsRange(t.Context(), from, to).Err(); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			host, port, _ := net.SplitHostPort(c.addresses[0])
			if err := node.ClusterMeet(t.Context(), host, port).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, node := range nodes {
		until(t, "the cluster has met", func(ctx context.Context) bool {
			info := node.ClusterInfo(ctx).Val()
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	return c
}

// clusterPort is a free port whose partner for the bus, 10000 above, is free too.
func clusterPort(t *testing.T) int {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if port > 55000 {
			continue
		}
		bus, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+10000)) //nolint:noctx // likewise
		if err == nil {
			_ = bus.Close()
			return port
		}
	}
	t.Skip("Redis Cluster was not tested: no two free ports")
	return 0
}

// until asks another process, which tells by nothing else.
func until(t *testing.T, what string, holds func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for !holds(ctx) {
		if ctx.Err() != nil {
			t.Fatalf("waited in vain: %s", what)
		}
		pause := time.NewTimer(20 * time.Millisecond)
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
	}
}

func (c *cluster) client(t *testing.T) *goredis.ClusterClient {
	t.Helper()
	// A list of its own: the client appends the other nodes to it.
	addrs := []string{c.addresses[0]}
	client := goredis.NewClusterClient(&goredis.ClusterOptions{Addrs: addrs, ContextTimeoutEnabled: true, DisableIdentity: true})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Every command and script has one key, so every one has one slot.
func TestCluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t)
	options := redis.Options{Timeout: 30 * time.Second}

	t.Run("storage", func(t *testing.T) {
		storagetest.Run(t, func(t *testing.T, _ func() time.Time) storage.Storage {
			return redis.New(c.client(t), redis.Options{Prefix: "test-" + rand.Text() + ":", Timeout: options.Timeout})
		}, storagetest.RealClock)
	})
	t.Run("keys are on all nodes, and all operations find them", func(t *testing.T) {
		s := redis.New(c.client(t), options)
		for i := range 60 {
			key := fmt.Sprintf("spread-%d", i)
			if err := s.Set(t.Context(), key, "v", time.Minute); err != nil {
				t.Fatal(err)
			}
			if done, err := s.CompareAndSwap(t.Context(), key, "v", "w", time.Minute); err != nil || !done {
				t.Fatal(done, err)
			}
			if i%2 == 0 {
				if v, err := s.GetDel(t.Context(), key); err != nil || v != "w" {
					t.Fatal(v, err)
				}
			}
		}
		for _, address := range c.addresses {
			node := goredis.NewClient(&goredis.Options{Addr: address, DisableIdentity: true})
			defer func() { _ = node.Close() }()
			if n, err := node.DBSize(t.Context()).Result(); err != nil || n == 0 {
				t.Errorf("%s holds %d keys: %v", address, n, err)
			}
		}
	})
	t.Run("RL the limiter lets exactly as many through, by two processes", func(t *testing.T) {
		limiters := []ratelimit.Store{redis.NewLimiter(c.client(t), options), redis.NewLimiter(c.client(t), options)}
		for i := range 6 { // as many keys as reach all nodes
			key, rule := fmt.Sprintf("203.0.113.%d|/sign-in/email", i), ratelimit.Rule{Window: time.Minute, Max: 3}
			var mu sync.Mutex
			var group sync.WaitGroup
			let := 0
			now := time.Now()
			for n := range 20 {
				group.Go(func() {
					d, err := limiters[n%2].Take(t.Context(), key, rule, now)
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Error(err)
					}
					if d.Allowed {
						let++
					}
				})
			}
			group.Wait()
			if let != 3 {
				t.Errorf("%s: %d were let through", key, let)
			}
		}
	})
	t.Run("flow", func(t *testing.T) {
		client := c.client(t)
		e := authtest.New(t, func(e *authtest.Env, o *core.Options) {
			o.SecondaryStorage = redis.New(client, options)
			o.RateLimit = core.RateLimitOptions{Custom: redis.NewLimiter(client, options)}
			o.Clock = time.Now // the server's
		}, emailpassword.New(emailpassword.Options{}))
		if err := e.Auth.CheckReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		one := e.Client()
		one.Post("/sign-up/email", object{"name": "Someone", "email": ada, "password": passphrase}).Want(t, 200, "")
		two := e.Client()
		two.Post("/sign-in/email", object{"email": ada, "password": passphrase}).Want(t, 200, "")
		wantSession(t, two, "Someone")
		if list := one.Get("/list-sessions").Want(t, 200, "").Body; !strings.Contains(list, token(one)) || !strings.Contains(list, token(two)) {
			t.Errorf("the list lacks a session: %s", list)
		}
		one.Post("/revoke-other-sessions", object{}).Want(t, 200, "")
		wantSession(t, two, "")
		one.Post("/sign-out", object{}).Want(t, 200, "")
		wantSession(t, one, "")
	})
}
