package redis_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapters/redis"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"
)

// envServer names a real server to test against, such as
// redis://localhost:6379/0. Tests write under random prefixes and remove what
// they wrote.
const envServer = "KERNIA_TEST_REDIS_URL"

// testServer is where a test keeps its keys.
type testServer struct {
	mini    *miniredis.Miniredis // nil when it is a real one
	options goredis.Options
	prefix  string
}

// mini starts a server in the process.
func mini(t testing.TB) *testServer {
	t.Helper()
	m := miniredis.RunT(t)
	return &testServer{mini: m, prefix: "test:", options: goredis.Options{
		Addr: m.Addr(), DisableIdentity: true, DialerRetries: 1,
	}}
}

// realServer connects to the server that the environment names.
func realServer(t testing.TB) *testServer {
	t.Helper()
	url := os.Getenv(envServer)
	if url == "" {
		t.Skipf("a real Redis was not tested: set %s, for example to redis://localhost:6379/0", envServer)
	}
	o, err := goredis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	s := &testServer{options: *o, prefix: "kernia-test-" + rand.Text() + ":"}
	t.Cleanup(func() { s.clear(t) })
	return s
}

// clear removes the keys under the prefix, and nothing else.
func (s *testServer) clear(t testing.TB) {
	c := goredis.NewClient(&s.options)
	defer c.Close()
	keys := c.Scan(context.Background(), 0, s.prefix+"*", 1000).Iterator()
	for keys.Next(context.Background()) {
		if err := c.Del(context.Background(), keys.Val()).Err(); err != nil {
			t.Error(err)
		}
	}
	if err := keys.Err(); err != nil {
		t.Error(err)
	}
}

// client opens a client of its own, as another process would.
func (s *testServer) client(t testing.TB, hooks ...goredis.Hook) *goredis.Client {
	t.Helper()
	o := s.options
	c := goredis.NewClient(&o)
	for _, h := range hooks {
		c.AddHook(h)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// opts leaves the long timeout to slow machines; TestTimeout sets its own.
func (s *testServer) opts() redis.Options {
	return redis.Options{Prefix: s.prefix, Timeout: 30 * time.Second}
}

// onServers runs a test in the process and, when there is one, on a real server.
func onServers(t *testing.T, f func(t *testing.T, s *testServer)) {
	t.Run("miniredis", func(t *testing.T) { t.Parallel(); f(t, mini(t)) })
	t.Run("server", func(t *testing.T) { t.Parallel(); f(t, realServer(t)) })
}

// commands is a hook that counts what is sent.
type commands struct {
	mu    sync.Mutex
	names []string
}

func (c *commands) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (c *commands) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		if name := cmd.Name(); name != "hello" && name != "client" { // the greeting of a new connection
			c.mu.Lock()
			c.names = append(c.names, name)
			c.mu.Unlock()
		}
		return next(ctx, cmd)
	}
}

func (c *commands) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}

// want checks what was sent since the last call.
func (c *commands) want(t *testing.T, what string, names ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Equal(c.names, names) {
		t.Errorf("%s sent %q, want %q", what, c.names, names)
	}
	c.names = nil
}

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.UnixMilli(1_767_323_045_000)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// advance moves the clock, and that of the server when it is in the process.
func (c *clock) advance(s *testServer, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	if s.mini != nil && d > 0 {
		s.mini.FastForward(d)
	}
}

// following is a storage whose server follows the clock of a test.
type following struct {
	storage.Storage
	server *miniredis.Miniredis
	now    func() time.Time

	mu   sync.Mutex
	last time.Time
}

func follow(s storage.Storage, m *miniredis.Miniredis, now func() time.Time) *following {
	return &following{Storage: s, server: m, now: now, last: now()}
}

func (f *following) sync() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.After(f.last) {
		f.server.FastForward(now.Sub(f.last))
		f.last = now
	}
}

func (f *following) Get(ctx context.Context, key string) (string, error) {
	f.sync()
	return f.Storage.Get(ctx, key)
}

func (f *following) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	f.sync()
	return f.Storage.Set(ctx, key, value, ttl)
}

func (f *following) GetDel(ctx context.Context, key string) (string, error) {
	f.sync()
	return f.Storage.GetDel(ctx, key)
}

func (f *following) CompareAndSwap(ctx context.Context, key, old, value string, ttl time.Duration) (bool, error) {
	f.sync()
	return f.Storage.CompareAndSwap(ctx, key, old, value, ttl)
}

// losing is a connection that breaks after the server has run one kind of command,
// before its first answer is read.
type losing struct {
	net.Conn
	command string
	lost    *atomic.Bool // shared by the connections of a client
	breaks  atomic.Bool
}

func (l *losing) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "\r\n"+l.command+"\r\n") && l.lost.CompareAndSwap(false, true) {
		l.breaks.Store(true)
	}
	return l.Conn.Write(p)
}

func (l *losing) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p) // the answer: the command has been run
	if l.breaks.Load() {
		_ = l.Close()
		return 0, io.EOF
	}
	return n, err
}

// loseAnswer opens a client that does not get the first answer to a command.
func (s *testServer) loseAnswer(t *testing.T, command string) *goredis.Client {
	t.Helper()
	var lost atomic.Bool
	o := s.options
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &losing{Conn: c, command: command, lost: &lost}, nil
	}
	c := goredis.NewClient(&o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// wantFailure checks for an error that cannot be taken for an absent key.
func wantFailure(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil || errors.Is(err, storage.ErrNotFound) || errors.Is(err, goredis.Nil) {
		t.Errorf("%s: error %v, want one that is not ErrNotFound", what, err)
	}
}

func take(t *testing.T, s ratelimit.Store, key string, r ratelimit.Rule, now time.Time) ratelimit.Decision {
	t.Helper()
	d, err := s.Take(t.Context(), key, r, now)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
