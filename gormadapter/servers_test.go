package gormadapter

import (
	"crypto/rand"
	"database/sql"
	"os"
	"strings"
	"testing"

	gormmysql "gorm.io/driver/mysql"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
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

func scratchName() string { return "kernia_" + strings.ToLower(rand.Text()[:16]) }

// postgresSchema opens the server with a schema of the test's own.
func postgresSchema(t testing.TB, dsn string) *gorm.DB {
	t.Helper()
	admin := connect(t, gormpostgres.Open(dsn))
	name := scratchName()
	run(t, admin, "CREATE SCHEMA "+name)
	t.Cleanup(func() { run(t, admin, "DROP SCHEMA "+name+" CASCADE") })
	glue := " search_path="
	if strings.Contains(dsn, "://") {
		glue = "?search_path="
		if strings.Contains(dsn, "?") {
			glue = "&search_path="
		}
	}
	return connect(t, gormpostgres.Open(dsn+glue+name))
}

// mysqlDatabase opens the server with a database of the test's own.
func mysqlDatabase(t testing.TB, dsn string) *gorm.DB {
	t.Helper()
	admin := connect(t, gormmysql.Open(dsn))
	name := scratchName()
	run(t, admin, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4")
	t.Cleanup(func() { run(t, admin, "DROP DATABASE "+name) })
	i := strings.LastIndexByte(dsn, '/')
	if i < 0 {
		t.Fatal("the MySQL DSN has no /")
	}
	query := ""
	if j := strings.IndexByte(dsn[i:], '?'); j >= 0 {
		query = "&" + dsn[i+j+1:]
	}
	return connect(t, gormmysql.Open(dsn[:i]+"/"+name+"?time_zone=%27%2B00%3A00%27"+query))
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
	pool.SetMaxOpenConns(8)
	pool.SetMaxIdleConns(8)
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
