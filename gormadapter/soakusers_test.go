package gormadapter_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/wire"
	"github.com/advantch/kernia-go/gormadapter"
)

// heard is a pool that keeps the statements that read users.
type heard struct {
	*sql.DB
	mu  sync.Mutex
	all []statement
}

type statement struct {
	text string
	args []any
}

func (h *heard) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if strings.Contains(text, `FROM "user"`) {
		h.mu.Lock()
		h.all = append(h.all, statement{text, args})
		h.mu.Unlock()
	}
	return h.DB.QueryContext(ctx, text, args...)
}

func (h *heard) take() []statement {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.all
	h.all = nil
	return out
}

// explain returns how the server answers a statement, and how long it takes.
func (h *heard) explain(t *testing.T, s statement) (string, time.Duration) {
	t.Helper()
	rows, err := h.DB.QueryContext(t.Context(), "EXPLAIN ANALYZE "+s.text, s.args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	text := strings.Join(lines, "\n")
	ms, _ := strconv.ParseFloat(regexp.MustCompile(`Execution Time: ([0-9.]+)`).FindStringSubmatch(text)[1], 64)
	return strings.TrimSpace(scans.FindString(text)), time.Duration(ms * float64(time.Millisecond)).Round(100 * time.Microsecond)
}

var scans = regexp.MustCompile(`(?:Parallel )?(?:Seq|Index Only|Index|Bitmap Heap) Scan[^(]*`)

// TestSoakUsers measures lists of an administrator on PostgreSQL, and logs how the server
// answers the page and the count. docs/plugins/admin.md has what it measured for a million
// users, with KERNIA_SOAK; without it there are a thousandth of them. The lists that the page
// says use an index must do so.
func TestSoakUsers(t *testing.T) {
	dsn := os.Getenv("KERNIA_TEST_POSTGRES_DSN")
	if dsn == "" {
		t.Skip("lists of many users were not tried: set KERNIA_TEST_POSTGRES_DSN to a DSN whose account may create databases")
	}
	users := 1000
	if os.Getenv("KERNIA_SOAK") != "" {
		users = 1_000_000
	}
	address, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := "kernia_soak_" + strings.ToLower(rand.Text()[:12])
	server := soakDB(t, dsn)
	soakRun(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { soakRun(t, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	address.Path = "/" + name
	db := soakDB(t, address.String())
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	said := &heard{DB: pool}
	watched, err := gorm.Open(gormpostgres.New(gormpostgres.Config{Conn: said}), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	p := admin.New(admin.Options{})
	auth, err := core.New(core.Options{
		BaseURL: "http://localhost:3000", Secret: rand.Text() + rand.Text(), Database: gormadapter.New(watched), Plugins: []core.Plugin{p},
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close(context.Background()) })
	if err := auth.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	soakRun(t, db, fmt.Sprintf(`INSERT INTO "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt", "role", "banned")
		SELECT md5('id' || i), 'User ' || i, 'user' || i || '@example.com', true, now() - i * interval '1 second', now(),
			CASE WHEN i %% 1000 = 0 THEN 'admin' ELSE 'user' END, i %% 500 = 0 FROM generate_series(1, %d) AS i`, users))
	soakRun(t, db, `VACUUM ANALYZE`)

	for _, tc := range []struct {
		what    string
		in      admin.ListUsersInput
		indexed string // what must be part of the plan of the page
	}{
		{"first page", admin.ListUsersInput{}, "Index"},
		{"newest first", admin.ListUsersInput{SortBy: new("createdAt"), SortDirection: new("desc")}, "Index"},
		{"page after half of the users", admin.ListUsersInput{Offset: wire.Int(int64(users / 2))}, ""},
		{"by address", admin.ListUsersInput{SortBy: new("email")}, "Index"},
		{"by name", admin.ListUsersInput{SortBy: new("name")}, ""},
		{"filter: an address", admin.ListUsersInput{FilterField: new("email"), FilterValue: wire.String("user7@example.com")}, "Index"},
		{"filter: an id", admin.ListUsersInput{FilterField: new("id"), FilterValue: wire.String("x")}, "Index"},
		{"filter: administrators", admin.ListUsersInput{FilterField: new("role"), FilterValue: wire.String("admin")}, ""},
		{"filter: users of the role user", admin.ListUsersInput{FilterField: new("role"), FilterValue: wire.String("user")}, ""},
		{"filter: banned", admin.ListUsersInput{FilterField: new("banned"), FilterValue: wire.String("true")}, ""},
		{"filter: created in the last hour", admin.ListUsersInput{FilterField: new("createdAt"), FilterOperator: new("gt"), FilterValue: wire.String(time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))}, ""},
		{"search: a part of an address", admin.ListUsersInput{SearchValue: new("r777777")}, ""},
		{"search: the beginning of an address", admin.ListUsersInput{SearchValue: new("user77777"), SearchOperator: new("starts_with")}, ""},
		{"search: the end of a name", admin.ListUsersInput{SearchValue: new("777"), SearchField: new("name"), SearchOperator: new("ends_with")}, ""},
	} {
		var took []time.Duration
		var reply admin.ListUsersReply
		for range 5 {
			said.take()
			began := time.Now()
			if reply, err = p.ListUsers.Call(t.Context(), &tc.in); err != nil {
				t.Fatal(tc.what, err)
			}
			took = append(took, time.Since(began))
		}
		statements := said.take()
		page, pageTook := said.explain(t, statements[0])
		count, countTook := said.explain(t, statements[len(statements)-1])
		t.Logf("%-36s %7d of %d: %v; page %v: %v; count %v: %v", tc.what, reply.Total, users, middle(took).Round(100*time.Microsecond), pageTook, page, countTook, count)
		if users > 100_000 && tc.indexed != "" && !strings.Contains(page, tc.indexed) {
			t.Errorf("%s: %s, want an index", tc.what, page)
		}
	}
}
