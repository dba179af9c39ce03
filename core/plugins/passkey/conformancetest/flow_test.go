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
	"github.com/advantch/kernia-go/entadapter"
	"github.com/advantch/kernia-go/gormadapter"
)

func TestFlows(t *testing.T) {
	t.Parallel()
	flows := func(name string, open func(t *testing.T) adapter.Database) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			passkeytest.Run(t, open)
		})
	}
	flows("gorm, SQLite file", func(t *testing.T) adapter.Database { return gormSQLite(t, filepath.Join(t.TempDir(), "auth.db")) })
	// One connection: whoever asks for a second one inside of a transaction waits for ever.
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
		open               func(t *testing.T, dsn string) *gorm.DB
	}{
		{"PostgreSQL", "KERNIA_TEST_POSTGRES_DSN", dialect.Postgres, postgresSchema},
		{"MySQL", "KERNIA_TEST_MYSQL_DSN", dialect.MySQL, mysqlDatabase},
	} {
		dsn := os.Getenv(s.env)
		if dsn == "" {
			t.Logf("%s was not tested: set %s to a DSN whose account may create schemas or databases", s.name, s.env)
			continue
		}
		flows("gorm, "+s.name, func(t *testing.T) adapter.Database { return gormadapter.New(s.open(t, dsn)) })
		flows("ent, "+s.name, func(t *testing.T) adapter.Database {
			pool, err := s.open(t, dsn).DB()
			if err != nil {
				t.Fatal(err)
			}
			return entadapter.New(entsql.OpenDB(s.dialect, pool))
		})
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

func connect(t *testing.T, d gorm.Dialector) *gorm.DB {
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

func run(t *testing.T, db *gorm.DB, text string) {
	t.Helper()
	if err := db.Exec(text).Error; err != nil {
		t.Error(err)
	}
}

func scratch() string { return "kernia_" + strings.ToLower(rand.Text()[:16]) }

func postgresSchema(t *testing.T, dsn string) *gorm.DB {
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

func mysqlDatabase(t *testing.T, dsn string) *gorm.DB {
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
