package gormadapter_test

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/gormadapter"
)

// The soak compares a table of few sessions with one of many.
const (
	soakFew   = 10_000
	soakMany  = 10_000_000
	soakRatio = 1.2 // at most, of the medians, for the same number of active sessions

	soakRounds   = 9
	soakRequests = 2000 // in each round, to each table
	soakActive   = soakFew
)

// TestSoakSessions measures GET /get-session, without a cookie cache, through a
// listening server on PostgreSQL. It takes up to half an hour and about 5 GB of the server's
// disk, so it runs only when KERNIA_SOAK is set: `make soak`. KERNIA_SOAK_SESSIONS
// is another number than ten million.
func TestSoakSessions(t *testing.T) {
	if os.Getenv("KERNIA_SOAK") == "" {
		t.Skip("the soak was not run: it is `make soak`")
	}
	dsn := os.Getenv("KERNIA_TEST_POSTGRES_DSN")
	if dsn == "" {
		t.Fatal("set KERNIA_TEST_POSTGRES_DSN to a DSN, in the form of a URL, whose account may create databases")
	}
	many := soakMany
	if text := os.Getenv("KERNIA_SOAK_SESSIONS"); text != "" {
		var err error
		if many, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	small, large := newSoak(t, dsn, soakFew), newSoak(t, dsn, many)
	active := map[*soak][]int{small: small.pick(soakActive), large: large.pick(soakActive)}

	compare := func(what string, next func(s *soak, n int) int) float64 {
		medians := map[*soak][]time.Duration{}
		for round := range soakRounds {
			order := []*soak{small, large}
			if round%2 == 1 {
				slices.Reverse(order)
			}
			for _, s := range order {
				times := make([]time.Duration, soakRequests)
				for n := range times {
					times[n] = s.get(t, next(s, n))
				}
				medians[s] = append(medians[s], middle(times))
			}
		}
		few, lots := middle(medians[small]), middle(medians[large])
		ratio := float64(lots) / float64(few)
		t.Logf("%s: %d sessions %v, %d sessions %v, ratio %.2f; medians of the rounds %v and %v",
			what, small.sessions, few, large.sessions, lots, ratio, medians[small], medians[large])
		return ratio
	}

	any := func(s *soak, _ int) int { return mathrand.IntN(s.sessions) }
	compare("any session, first rounds", any)
	for _, s := range []*soak{small, large} { // active users have read their session before
		for _, i := range active[s] {
			s.get(t, i)
		}
	}
	ratio := compare(fmt.Sprintf("%d active sessions", soakActive), func(s *soak, _ int) int {
		return active[s][mathrand.IntN(len(active[s]))]
	})
	if ratio > soakRatio {
		t.Errorf("the median is %.2f times as long, at most %.1f is meant", ratio, soakRatio)
	}
	compare("any session", any)
}

func middle(list []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// soak is a server on a database with a number of sessions.
type soak struct {
	sessions int
	auth     *core.Auth
	server   *httptest.Server
}

// newSoak makes a database, fills it and starts a server on it.
func newSoak(t *testing.T, dsn string, sessions int) *soak {
	t.Helper()
	began := time.Now()
	address, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := "kernia_soak_" + strings.ToLower(rand.Text()[:12])
	admin := soakDB(t, dsn)
	soakRun(t, admin, "CREATE DATABASE "+name)
	t.Cleanup(func() { soakRun(t, admin, "DROP DATABASE "+name+" WITH (FORCE)") })
	address.Path = "/" + name
	db := soakDB(t, address.String())

	s := &soak{sessions: sessions}
	s.auth, err = core.New(core.Options{
		BaseURL:   "http://localhost:3000",
		Secret:    rand.Text() + rand.Text(),
		Database:  gormadapter.New(db),
		RateLimit: core.RateLimitOptions{Disabled: true},
		Logger:    slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.auth.Close(context.Background()) })
	if err := s.auth.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Keys are made when the rows are there, as a restored backup does it: one by
	// one, in the order of random tokens, they would take many times as long.
	for _, text := range []string{
		`ALTER TABLE "session" DROP CONSTRAINT "session_pkey", DROP CONSTRAINT "session_token_key",
			DROP CONSTRAINT "session_userId_fkey"`,
		`DROP INDEX "session_userId_idx"`,
		fmt.Sprintf(`INSERT INTO "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt")
			SELECT 'u' || i, 'User ' || i, 'user' || i || '@example.com', true, now(), now() FROM generate_series(0, %d) AS i`, sessions/4),
		fmt.Sprintf(`INSERT INTO "session" ("id", "token", "userId", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent")
			SELECT md5('id' || i), md5('token' || i), 'u' || i / 4, now() + interval '7 days', now(), now(), '203.0.113.7',
				'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
			FROM generate_series(0, %d) AS i`, sessions-1),
		`ALTER TABLE "session" ADD CONSTRAINT "session_pkey" PRIMARY KEY ("id"), ADD CONSTRAINT "session_token_key" UNIQUE ("token"),
			ADD CONSTRAINT "session_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user" ("id") ON DELETE CASCADE`,
		`CREATE INDEX "session_userId_idx" ON "session" ("userId")`,
		`VACUUM ANALYZE`,
		`CHECKPOINT`, // not while the requests are timed
	} {
		soakRun(t, db, text)
	}
	if plan, err := s.auth.Plan(t.Context()); err != nil || len(plan) != 0 {
		t.Fatal(plan, err)
	}
	s.server = httptest.NewServer(nethttp.Handler(s.auth))
	t.Cleanup(s.server.Close)
	var size string
	if err := db.Raw("SELECT pg_size_pretty(pg_database_size(current_database()))").Scan(&size).Error; err != nil {
		t.Fatal(err)
	}
	t.Logf("%d sessions: %s, made in %v", sessions, size, time.Since(began).Round(time.Second))
	return s
}

// pick chooses n sessions.
func (s *soak) pick(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = mathrand.IntN(s.sessions)
	}
	return out
}

// get reads a session and returns how long that took.
func (s *soak) get(t *testing.T, i int) time.Duration {
	t.Helper()
	token := fmt.Sprintf("%x", md5.Sum([]byte("token"+strconv.Itoa(i))))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+"/api/auth/get-session", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", "better-auth.session_token="+url.QueryEscape(token+"."+s.auth.Keys().Sign(token)))
	began := time.Now()
	res, err := s.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	took := time.Since(began)
	_ = res.Body.Close()
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), `"userId":"u`+strconv.Itoa(i/4)+`"`) {
		t.Fatalf("%d %s %v", res.StatusCode, body, err)
	}
	return took
}

func soakDB(t *testing.T, dsn string) *gorm.DB {
	t.Helper()
	db, err := gorm.Open(gormpostgres.Open(dsn), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	pool.SetMaxOpenConns(4)
	pool.SetMaxIdleConns(4)
	t.Cleanup(func() { _ = pool.Close() })
	return db
}

func soakRun(t *testing.T, db *gorm.DB, text string) {
	t.Helper()
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.ExecContext(context.Background(), text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}
