package entadapter

import (
	"crypto/rand"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
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
	glue := " search_path="
	if strings.Contains(dsn, "://") {
		glue = map[bool]string{false: "?search_path=", true: "&search_path="}[strings.Contains(dsn, "?")]
	}
	return entsql.OpenDB(dialect.Postgres, connect(t, "pgx", dsn+glue+name))
}

// mysqlDatabase opens the server with a database of the test's own.
func mysqlDatabase(t testing.TB, dsn string) *entsql.Driver {
	t.Helper()
	admin, name := connect(t, "mysql", dsn), scratch()
	admin.SetMaxIdleConns(0)
	run(t, admin, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4")
	t.Cleanup(func() { run(t, admin, "DROP DATABASE "+name) })
	address, rest, ok := strings.Cut(dsn, "/")
	if !ok {
		t.Fatal("the MySQL DSN has no /")
	}
	_, query, _ := strings.Cut(rest, "?")
	return entsql.OpenDB(dialect.MySQL, connect(t, "mysql", address+"/"+name+"?time_zone=%27%2B00%3A00%27&"+query))
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
	a := open(t, drv, s)
	if err := a.(adapter.Migrator).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}
