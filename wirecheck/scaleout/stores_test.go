package scaleout

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/advantch/kernia-go/gormadapter"
)

const (
	envPostgres = "KERNIA_TEST_POSTGRES_DSN"
	envRedis    = "KERNIA_TEST_REDIS_URL"
)

// database is a database of the test's own.
type database struct {
	dsn string // as the server takes it
	db  *gorm.DB
}

// openPostgres makes a schema, which is dropped when the test ends.
func openPostgres(t *testing.T) database {
	t.Helper()
	dsn := os.Getenv(envPostgres)
	if dsn == "" {
		t.Skipf("PostgreSQL was not tested: set %s to a DSN whose account may create schemas", envPostgres)
	}
	admin := connect(t, dsn)
	name := "kernia_scaleout_" + strings.ToLower(rand.Text()[:16])
	run(t, admin, "CREATE SCHEMA "+name)
	t.Cleanup(func() {
		run(t, admin, "DROP SCHEMA "+name+" CASCADE")
		var left int
		if err := admin.Raw("SELECT count(*) FROM information_schema.tables WHERE table_schema = ?", name).Scan(&left).Error; err != nil || left != 0 {
			t.Errorf("%d tables are left, error %v", left, err)
		}
	})
	glue := " search_path="
	if strings.Contains(dsn, "://") {
		glue = "?search_path="
		if strings.Contains(dsn, "?") {
			glue = "&search_path="
		}
	}
	return database{dsn + glue + name, connect(t, dsn+glue+name)}
}

// openFile makes a SQLite file.
func openFile(t *testing.T) database {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shared.sqlite")
	db, err := gormadapter.SQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, db)
	return database{path, db}
}

func connect(t *testing.T, dsn string) *gorm.DB {
	t.Helper()
	db, err := gorm.Open(postgres.Open(dsn), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		t.Fatalf("PostgreSQL, named by %s: %v", envPostgres, err)
	}
	closeLater(t, db)
	return db
}

func closeLater(t *testing.T, db *gorm.DB) {
	t.Helper()
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
}

func run(t *testing.T, db *gorm.DB, text string) {
	t.Helper()
	if err := db.Exec(text).Error; err != nil {
		t.Errorf("%s: %v", text, err)
	}
}

// rows counts the rows of a table, past the servers.
func (d database) rows(t *testing.T, table, where string, args ...any) int64 {
	t.Helper()
	var n int64
	if err := d.db.Table(table).Where(where, args...).Count(&n).Error; err != nil {
		t.Fatalf("count %s: %v", table, err)
	}
	return n
}

// keys is a part of Redis of the test's own.
type keys struct {
	url, prefix string
	client      *redis.Client
}

// openRedis chooses a prefix. Keys under it are removed when the test ends.
func openRedis(t *testing.T) keys {
	t.Helper()
	url := os.Getenv(envRedis)
	if url == "" {
		t.Skipf("Redis was not tested: set %s, for example to redis://localhost:6379/0", envRedis)
	}
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	k := keys{url, "kernia-scaleout-" + rand.Text() + ":", redis.NewClient(o)}
	t.Cleanup(func() {
		defer k.client.Close()
		for _, key := range k.list(t) {
			if err := k.client.Del(context.Background(), key).Err(); err != nil {
				t.Errorf("remove a key: %v", err)
			}
		}
		if left := k.list(t); len(left) != 0 {
			t.Errorf("%d keys are left", len(left))
		}
	})
	return k
}

// list is every key under the prefix.
func (k keys) list(t *testing.T) []string {
	t.Helper()
	var all []string
	found := k.client.Scan(context.Background(), 0, k.prefix+"*", 1000).Iterator()
	for found.Next(context.Background()) {
		all = append(all, found.Val())
	}
	if err := found.Err(); err != nil {
		t.Errorf("list keys: %v", err)
	}
	return all
}
