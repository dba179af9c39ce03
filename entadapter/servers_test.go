package entadapter

import (
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqltest"
)

// server is a database that tests use; env names the DSN of one that is not
// always there.
type server struct {
	name, env string
	open      func(t testing.TB, dsn string) *entsql.Driver
}

var databases = []server{
	{"file", "", func(t testing.TB, _ string) *entsql.Driver { return sqliteAt(t, filepath.Join(t.TempDir(), "auth.db")) }},
	{"memory", "", func(t testing.TB, _ string) *entsql.Driver { return sqliteAt(t, ":memory:") }},
	{"postgres", "KERNIA_TEST_POSTGRES_DSN", postgresSchema},
	{"mysql", "KERNIA_TEST_MYSQL_DSN", mysqlDatabase},
}

func (s server) dsn(t testing.TB) string {
	t.Helper()
	if s.env == "" {
		return ""
	}
	dsn := os.Getenv(s.env)
	if dsn == "" {
		t.Skipf("%s was not tested: set %s to a DSN whose account may create schemas or databases", s.name, s.env)
	}
	return dsn
}

// shared opens databases for the tests below t, each an empty one of its own. On a
// server they leave them to one another.
func (s server) shared(t *testing.T) func(t *testing.T) adapter.Database {
	t.Helper()
	dsn := s.dsn(t)
	if s.env == "" {
		return func(t *testing.T) adapter.Database {
			d := New(s.open(t, dsn)).(*database)
			d.maxWait = time.Minute // a slow machine refuses nobody of a race
			return d
		}
	}
	dialect := map[string]sqlcodec.Dialect{"postgres": sqlcodec.Postgres, "mysql": sqlcodec.MySQL}[s.name]
	return sqltest.Shared(t, dialect, func(t testing.TB) (*sql.DB, adapter.Database) {
		drv := s.open(t, dsn)
		return drv.DB(), New(drv)
	})
}

// each runs a test on every database there is; open makes an empty one.
func each(t *testing.T, test func(t *testing.T, open func(t testing.TB) *entsql.Driver)) {
	for _, s := range databases {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			dsn := s.dsn(t)
			test(t, func(t testing.TB) *entsql.Driver { return s.open(t, dsn) })
		})
	}
}

func sqliteAt(t testing.TB, path string) *entsql.Driver {
	t.Helper()
	drv, err := SQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { drv.Close() })
	return drv
}

func file(t testing.TB) *entsql.Driver { return sqliteAt(t, filepath.Join(t.TempDir(), "auth.db")) }

func scratch() string { return "kernia_" + strings.ToLower(rand.Text()[:16]) }

// postgresSchema opens the server with a schema of the test's own.
func postgresSchema(t testing.TB, dsn string) *entsql.Driver {
	t.Helper()
	admin, name := connect(t, "pgx", dsn), scratch()
	admin.SetMaxIdleConns(0)
	run(t, admin, "CREATE SCHEMA "+name)
	t.Cleanup(func() { run(t, admin, "DROP SCHEMA "+name+" CASCADE") })
	return entsql.OpenDB(dialect.Postgres, connect(t, "pgx", postgresAt(dsn, "search_path", name)))
}

// postgresAt is a DSN with one more setting.
func postgresAt(dsn, name, value string) string {
	glue := " "
	if strings.Contains(dsn, "://") {
		glue = map[bool]string{false: "?", true: "&"}[strings.Contains(dsn, "?")]
	}
	return dsn + glue + name + "=" + value
}

// mysqlDatabase opens the server with a database of the test's own.
func mysqlDatabase(t testing.TB, dsn string) *entsql.Driver {
	t.Helper()
	admin, name := connect(t, "mysql", dsn), scratch()
	admin.SetMaxIdleConns(0)
	run(t, admin, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4")
	t.Cleanup(func() { run(t, admin, "DROP DATABASE "+name) })
	return entsql.OpenDB(dialect.MySQL, connect(t, "mysql", mysqlAt(t, dsn, name)))
}

// mysqlAt is the DSN of a database of the server, with the time zone that TIMESTAMP
// columns need.
func mysqlAt(t testing.TB, dsn, name string) string {
	t.Helper()
	address, rest, ok := strings.Cut(dsn, "/")
	if !ok {
		t.Fatal("the MySQL DSN has no /")
	}
	_, query, _ := strings.Cut(rest, "?")
	return address + "/" + name + "?time_zone=%27%2B00%3A00%27&" + query
}

// inZones opens a database again with drivers that were told other time zones.
func inZones(t testing.TB, drv *entsql.Driver) map[string]adapter.Database {
	t.Helper()
	out := map[string]adapter.Database{}
	switch drv.Dialect() {
	case dialect.Postgres:
		dsn := postgresAt(os.Getenv("KERNIA_TEST_POSTGRES_DSN"), "search_path", scan(t, drv, "SELECT current_schema()"))
		for _, zone := range sqltest.Zones {
			if zone != "Local" { // a word of the MySQL driver
				out["TimeZone="+zone] = New(entsql.OpenDB(dialect.Postgres, connect(t, "pgx", postgresAt(dsn, "TimeZone", zone))))
			}
		}
	case dialect.MySQL:
		dsn := mysqlAt(t, os.Getenv("KERNIA_TEST_MYSQL_DSN"), scan(t, drv, "SELECT database()"))
		for _, zone := range sqltest.Zones {
			for _, parse := range []string{"", "&parseTime=true"} {
				query := "&loc=" + url.QueryEscape(zone) + parse
				out[query] = New(entsql.OpenDB(dialect.MySQL, connect(t, "mysql", dsn+query)))
			}
		}
	}
	return out
}

func scan(t testing.TB, drv *entsql.Driver, text string) (name string) {
	t.Helper()
	if err := drv.DB().QueryRow(text).Scan(&name); err != nil {
		t.Fatal(err)
	}
	return name
}

func connect(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(4) // a server gives a hundred to all tests together
	db.SetMaxIdleConns(4)
	t.Cleanup(func() { db.Close() })
	return db
}

func run(t testing.TB, db *sql.DB, text string) {
	t.Helper()
	if _, err := db.Exec(text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func open(t testing.TB, drv dialect.Driver, s *schema.Schema) adapter.Adapter {
	t.Helper()
	a, err := New(drv).Open(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func migrated(t testing.TB, drv dialect.Driver, s *schema.Schema) adapter.Adapter {
	t.Helper()
	return migrate(t, New(drv), s)
}

func migrate(t testing.TB, db adapter.Database, s *schema.Schema) adapter.Adapter {
	t.Helper()
	a, err := db.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.(adapter.Migrator).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

// proxied is another driver of the same database, behind a proxy.
func proxied(t testing.TB, drv *entsql.Driver) (adapter.Database, *sqltest.Proxy) {
	t.Helper()
	if drv.Dialect() == dialect.Postgres {
		dsn, p := sqltest.Through(t, postgresAt(os.Getenv("KERNIA_TEST_POSTGRES_DSN"), "search_path", scan(t, drv, "SELECT current_schema()")))
		return New(entsql.OpenDB(dialect.Postgres, connect(t, "pgx", dsn))), p
	}
	dsn, p := sqltest.Through(t, mysqlAt(t, os.Getenv("KERNIA_TEST_MYSQL_DSN"), scan(t, drv, "SELECT database()")))
	return New(entsql.OpenDB(dialect.MySQL, connect(t, "mysql", dsn))), p
}
