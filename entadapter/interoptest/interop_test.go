package interoptest

import (
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"gorm.io/driver/mysql"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/entadapter"
	"github.com/advantch/kernia-go/gormadapter"
)

// pair is one database seen by both adapters.
type pair map[string]adapter.Database

// each runs a test on every database there is; open makes an empty one.
func each(t *testing.T, test func(t *testing.T, open func() pair)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, func() pair {
			path := filepath.Join(t.TempDir(), "auth.db")
			ent, err := entadapter.SQLite(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { ent.Close() })
			db, err := gormadapter.SQLite(path)
			if err != nil {
				t.Fatal(err)
			}
			pool, err := db.DB()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { pool.Close() })
			return pair{"ent": entadapter.New(ent), "gorm": gormadapter.New(db)}
		})
	})
	for _, server := range []struct {
		name, env string
		open      func(t *testing.T, dsn string) pair
	}{
		{"postgres", "KERNIA_TEST_POSTGRES_DSN", postgresPair},
		{"mysql", "KERNIA_TEST_MYSQL_DSN", mysqlPair},
	} {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			dsn := os.Getenv(server.env)
			if dsn == "" {
				t.Skipf("%s was not tested: set %s to a DSN whose account may create schemas or databases", server.name, server.env)
			}
			test(t, func() pair { return server.open(t, dsn) })
		})
	}
}

func scratch() string { return "kernia_" + strings.ToLower(rand.Text()[:16]) }

// shared opens both adapters on one pool.
func shared(t *testing.T, d gorm.Dialector, name string) pair {
	t.Helper()
	db, pool := connect(t, d)
	return pair{"ent": entadapter.New(entsql.OpenDB(name, pool)), "gorm": gormadapter.New(db)}
}

func connect(t *testing.T, d gorm.Dialector) (*gorm.DB, *sql.DB) {
	t.Helper()
	db, err := gorm.Open(d, &gorm.Config{Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	return db, pool
}

func run(t *testing.T, db *sql.DB, text string) {
	t.Helper()
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
}

func postgresPair(t *testing.T, dsn string) pair {
	_, admin := connect(t, postgres.Open(dsn))
	name := scratch()
	run(t, admin, "CREATE SCHEMA "+name)
	t.Cleanup(func() { run(t, admin, "DROP SCHEMA "+name+" CASCADE") })
	glue := " search_path="
	if strings.Contains(dsn, "://") {
		glue = map[bool]string{false: "?search_path=", true: "&search_path="}[strings.Contains(dsn, "?")]
	}
	return shared(t, postgres.Open(dsn+glue+name), dialect.Postgres)
}

func mysqlPair(t *testing.T, dsn string) pair {
	_, admin := connect(t, mysql.Open(dsn))
	name := scratch()
	run(t, admin, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4")
	t.Cleanup(func() { run(t, admin, "DROP DATABASE "+name) })
	address, rest, ok := strings.Cut(dsn, "/")
	if !ok {
		t.Fatal("the MySQL DSN has no /")
	}
	_, query, _ := strings.Cut(rest, "?")
	return shared(t, mysql.Open(address+"/"+name+"?time_zone=%27%2B00%3A00%27&"+query), dialect.MySQL)
}

// tables has every type of field and every kind of key.
func tables(t *testing.T, ids schema.IDKind) *schema.Schema {
	t.Helper()
	s, err := schema.New(ids, []schema.Table{
		{Model: "user", Fields: []schema.Field{
			{Name: "email", Type: schema.String, Unique: true, Sortable: true},
			{Name: "emailVerified", Type: schema.Boolean, Default: schema.Value(false)},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
			{Name: "tags", Type: schema.StringArray, Optional: true},
			{Name: "scores", Type: schema.NumberArray, Optional: true},
			{Name: "prefs", Type: schema.JSON, Optional: true},
			{Name: "height", Type: schema.Number, Optional: true},
			{Name: "serial", Type: schema.Number, BigInt: true, Optional: true, Unique: true},
		}},
		{Model: "account", Name: "auth_account", Fields: []schema.Field{
			{Name: "accountId", Type: schema.String},
			{Name: "providerId", Column: "provider", Type: schema.String},
			{Name: "userId", Type: schema.String, Index: true, References: &schema.Reference{Model: "user"}},
			{Name: "scope", Type: schema.String, Optional: true},
		}, Unique: [][]string{{"userId", "providerId"}}},
		{Model: "verification", Fields: []schema.Field{
			{Name: "identifier", Type: schema.String, Index: true},
			{Name: "expiresAt", Type: schema.Date},
		}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t *testing.T, db adapter.Database, s *schema.Schema) adapter.Adapter {
	t.Helper()
	a, err := db.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func plan(t *testing.T, a adapter.Adapter) []adapter.Change {
	t.Helper()
	plan, err := a.(adapter.Migrator).Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestAdoptEachOther(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, openPair func() pair) {
		for _, ids := range []schema.IDKind{schema.IDString, schema.IDSerial, schema.IDUUID} {
			for maker, other := range map[string]string{"ent": "gorm", "gorm": "ent"} {
				db, s := openPair(), tables(t, ids)
				made, adopted := open(t, db[maker], s), open(t, db[other], s)
				if a, b := plan(t, made), plan(t, adopted); len(a) == 0 || !reflect.DeepEqual(a, b) {
					t.Fatalf("the plans differ:\n%v\n%v", a, b)
				}
				if err := made.(adapter.Migrator).Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
				if p := plan(t, adopted); len(p) != 0 {
					t.Errorf("%s made it and %s would change %v", maker, other, p)
				}
				if ids == schema.IDString {
					share(t, made, adopted)
					share(t, adopted, made)
				}
			}
		}
	})
}

// share writes with one adapter and looks the row up with the other.
func share(t *testing.T, writer, reader adapter.Adapter) {
	t.Helper()
	ctx := t.Context()
	wrote, err := writer.Create(ctx, "user", adapter.Record{
		"id": writer.Name(), "email": writer.Name() + "@example.com", "emailVerified": true,
		"createdAt": time.Date(2026, 1, 1, 12, 0, 0, 123e6, time.UTC),
		"tags":      []string{"a", "b<c>"}, "scores": []float64{1, 2.5}, "prefs": json.RawMessage(`{"theme": "dark"}`), "height": 1.75,
	})
	if err != nil {
		t.Fatal(err)
	}
	read, err := reader.FindOne(ctx, adapter.Find{Model: "user", Where: adapter.Where{
		{Field: "email", Value: writer.Name() + "@example.com"}, {Field: "emailVerified", Value: true},
		{Field: "createdAt", Value: wrote["createdAt"]}, {Field: "height", Value: 1.75},
	}})
	if err != nil || !reflect.DeepEqual(read, wrote) {
		t.Errorf("%s wrote %v, %s reads %v, %v", writer.Name(), wrote, reader.Name(), read, err)
	}
}
