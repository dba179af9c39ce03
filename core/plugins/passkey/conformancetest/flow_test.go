package conformancetest

import (
	"crypto/rand"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"gorm.io/driver/mysql"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/passkey/passkeytest"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	"github.com/advantch/kernia-go/entadapter"
	"github.com/advantch/kernia-go/gormadapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqltest"
)

func TestFlows(t *testing.T) {
	t.Parallel()
	flows := func(name string, open func(t *testing.T) adapter.Database) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flowtest.RunSuites(t, open, passkeytest.Suite())
		})
	}
	flows("gorm, SQLite file", func(t *testing.T) adapter.Database { return gormSQLite(t, filepath.Join(t.TempDir(), "auth.db")) })
	// One connection: a request for a second one inside of a transaction waits for
	// ever.
	flows("gorm, SQLite in memory", func(t *testing.T) adapter.Database { return gormSQLite(t, ":memory:") })
	flows("ent, SQLite file", func(t *testing.T) adapter.Database {
		drv, err := entadapter.SQLite(filepath.Join(t.TempDir(), "auth.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { drv.Close() })
		return entadapter.New(drv)
	})
	for _, s := range []struct {
		name, env, dialect string
		codec              sqlcodec.Dialect
		open               func(t testing.TB, dsn string) *gorm.DB
	}{
		{"PostgreSQL", "KERNIA_TEST_POSTGRES_DSN", dialect.Postgres, sqlcodec.Postgres, postgresSchema},
		{"MySQL", "KERNIA_TEST_MYSQL_DSN", dialect.MySQL, sqlcodec.MySQL, mysqlDatabase},
	} {
		dsn := os.Getenv(s.env)
		if dsn == "" {
			t.Logf("%s was not tested: set %s to a DSN whose account may create schemas or databases", s.name, s.env)
			continue
		}
		for orm, adapt := range map[string]func(db *gorm.DB, pool *sql.DB) adapter.Database{
			"gorm": func(db *gorm.DB, _ *sql.DB) adapter.Database { return gormadapter.New(db) },
			"ent":  func(_ *gorm.DB, pool *sql.DB) adapter.Database { return entadapter.New(entsql.OpenDB(s.dialect, pool)) },
		} {
			t.Run(orm+", "+s.name, func(t *testing.T) {
				t.Parallel()
				flowtest.RunSuites(t, sqltest.Shared(t, s.codec, func(t testing.TB) (*sql.DB, adapter.Database) {
					db := s.open(t, dsn)
					pool, err := db.DB()
					if err != nil {
						t.Fatal(err)
					}
					return pool, adapt(db, pool)
				}), passkeytest.Suite())
			})
		}
	}
}

func gormSQLite(t testing.TB, path string) adapter.Database {
	t.Helper()
	db, err := gormadapter.SQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, db)
	return gormadapter.New(db)
}

func closeAfter(t testing.TB, db *gorm.DB) *sql.DB {
	t.Helper()
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	return pool
}

func connect(t testing.TB, d gorm.Dialector) *gorm.DB {
	t.Helper()
	db, err := gorm.Open(d, &gorm.Config{Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	pool := closeAfter(t, db)
	// Many tests share a server, and fifty callers race on eight connections too.
	pool.SetMaxOpenConns(8)
	return db
}

func run(t testing.TB, db *gorm.DB, text string) {
	t.Helper()
	if err := db.Exec(text).Error; err != nil {
		t.Error(err)
	}
}

func scratch() string { return "kernia_" + strings.ToLower(rand.Text()[:16]) }

func postgresSchema(t testing.TB, dsn string) *gorm.DB {
	t.Helper()
	admin, name := connect(t, postgres.Open(dsn)), scratch()
	run(t, admin, "CREATE SCHEMA "+name)
	t.Cleanup(func() { run(t, admin, "DROP SCHEMA "+name+" CASCADE") })
	glue := " search_path="
	if strings.Contains(dsn, "://") {
		glue = map[bool]string{false: "?search_path=", true: "&search_path="}[strings.Contains(dsn, "?")]
	}
	return connect(t, postgres.Open(dsn+glue+name))
}

func mysqlDatabase(t testing.TB, dsn string) *gorm.DB {
	t.Helper()
	admin, name := connect(t, mysql.Open(dsn)), scratch()
	run(t, admin, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4")
	t.Cleanup(func() { run(t, admin, "DROP DATABASE "+name) })
	address, rest, ok := strings.Cut(dsn, "/")
	if !ok {
		t.Fatal("the MySQL DSN has no /")
	}
	_, query, _ := strings.Cut(rest, "?")
	return connect(t, mysql.Open(address+"/"+name+"?time_zone=%27%2B00%3A00%27&"+query))
}
