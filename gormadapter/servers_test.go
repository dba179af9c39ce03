package gormadapter

import (
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"strings"
	"testing"

	gormmysql "gorm.io/driver/mysql"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqltest"
)

// server is a database server that tests use where the environment names one.
type server struct {
	name string
	env  string
	open func(t testing.TB, dsn string) *gorm.DB
}

var servers = []server{
	{"postgres", "KERNIA_TEST_POSTGRES_DSN", postgresSchema},
	{"mysql", "KERNIA_TEST_MYSQL_DSN", mysqlDatabase},
}

func (s server) dsn(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv(s.env)
	if dsn == "" {
		t.Skipf("%s was not tested: set %s to a DSN whose account may create schemas or databases", s.name, s.env)
	}
	return dsn
}

// shared opens databases that the tests below t leave to one another.
func (s server) shared(t *testing.T) func(t *testing.T) adapter.Database {
	t.Helper()
	dsn := s.dsn(t)
	dialect := map[string]sqlcodec.Dialect{"postgres": sqlcodec.Postgres, "mysql": sqlcodec.MySQL}[s.name]
	return sqltest.Shared(t, dialect, func(t testing.TB) (*sql.DB, adapter.Database) {
		db := s.open(t, dsn)
		pool, err := db.DB()
		if err != nil {
			t.Fatal(err)
		}
		return pool, New(db)
	})
}

func scratchName() string { return "kernia_" + strings.ToLower(rand.Text()[:16]) }

// postgresSchema opens the server with a schema of the test's own.
func postgresSchema(t testing.TB, dsn string) *gorm.DB {
	t.Helper()
	admin := connect(t, gormpostgres.Open(dsn))
	name := scratchName()
	run(t, admin, "CREATE SCHEMA "+name)
	t.Cleanup(func() { run(t, admin, "DROP SCHEMA "+name+" CASCADE") })
	return connect(t, gormpostgres.Open(postgresAt(dsn, name)))
}

// postgresAt is the DSN of a schema of the server.
func postgresAt(dsn, name string) string {
	glue := " search_path="
	if strings.Contains(dsn, "://") {
		glue = "?search_path="
		if strings.Contains(dsn, "?") {
			glue = "&search_path="
		}
	}
	return dsn + glue + name
}

// mysqlDatabase opens the server with a database of the test's own.
func mysqlDatabase(t testing.TB, dsn string) *gorm.DB {
	t.Helper()
	admin := connect(t, gormmysql.Open(dsn))
	name := scratchName()
	run(t, admin, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4")
	t.Cleanup(func() { run(t, admin, "DROP DATABASE "+name) })
	return connect(t, gormmysql.Open(mysqlAt(t, dsn, name)))
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
func inZones(t testing.TB, db *gorm.DB) map[string]adapter.Database {
	t.Helper()
	out := map[string]adapter.Database{}
	var name string
	switch db.Name() {
	case "postgres":
		if err := db.Raw("SELECT current_schema()").Scan(&name).Error; err != nil {
			t.Fatal(err)
		}
		dsn := postgresAt(os.Getenv("KERNIA_TEST_POSTGRES_DSN"), name)
		glue := " TimeZone="
		if strings.Contains(dsn, "://") {
			glue = "&TimeZone="
		}
		for _, zone := range sqltest.Zones {
			if zone == "Local" {
				continue // a word of the MySQL driver
			}
			dsn := dsn + glue + zone
			out["TimeZone="+zone] = New(connect(t, gormpostgres.Open(dsn)))
			out["simple, TimeZone="+zone] = New(connect(t, gormpostgres.New(gormpostgres.Config{DSN: dsn, PreferSimpleProtocol: true})))
		}
	case "mysql":
		if err := db.Raw("SELECT database()").Scan(&name).Error; err != nil {
			t.Fatal(err)
		}
		for _, zone := range sqltest.Zones {
			for _, parse := range []string{"", "&parseTime=true"} {
				query := "&loc=" + url.QueryEscape(zone) + parse
				out[query] = New(connect(t, gormmysql.Open(mysqlAt(t, os.Getenv("KERNIA_TEST_MYSQL_DSN"), name)+query)))
			}
		}
	}
	return out
}

func connect(t testing.TB, d gorm.Dialector) *gorm.DB {
	t.Helper()
	db, err := gorm.Open(d, &gorm.Config{Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	pool.SetMaxOpenConns(4) // a server gives a hundred to all tests together
	pool.SetMaxIdleConns(4)
	t.Cleanup(func() { pool.Close() })
	return db
}

func run(t testing.TB, db *gorm.DB, text string) {
	t.Helper()
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	exec(t, pool, text)
}

func exec(t testing.TB, db *sql.DB, text string) {
	t.Helper()
	if _, err := db.Exec(text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// proxied is another handle of the same database, behind a proxy.
func proxied(t testing.TB, db *gorm.DB) (adapter.Database, *sqltest.Proxy) {
	t.Helper()
	var name string
	if db.Name() == "postgres" {
		if err := db.Raw("SELECT current_schema()").Scan(&name).Error; err != nil {
			t.Fatal(err)
		}
		dsn, p := sqltest.Through(t, postgresAt(os.Getenv("KERNIA_TEST_POSTGRES_DSN"), name))
		return New(connect(t, gormpostgres.Open(dsn))), p
	}
	if err := db.Raw("SELECT database()").Scan(&name).Error; err != nil {
		t.Fatal(err)
	}
	dsn, p := sqltest.Through(t, mysqlAt(t, os.Getenv("KERNIA_TEST_MYSQL_DSN"), name))
	return New(connect(t, gormmysql.Open(dsn))), p
}
