package gormadapter

import (
	"path/filepath"
	"testing"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/suites/adopttest"
)

func authSchema(t testing.TB, ids schema.IDKind) *schema.Schema {
	t.Helper()
	s, err := schema.New(ids, adopttest.Tables(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// file opens a SQLite file that the test owns.
func file(t testing.TB) *gorm.DB {
	t.Helper()
	return sqliteAt(t, filepath.Join(t.TempDir(), "auth.db"))
}

func sqliteAt(t testing.TB, path string) *gorm.DB {
	t.Helper()
	db, err := SQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, db)
	return db
}

func closeAfter(t testing.TB, db *gorm.DB) {
	t.Helper()
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
}

func open(t testing.TB, db *gorm.DB, s *schema.Schema) adapter.Adapter {
	t.Helper()
	a, err := New(db).Open(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func migrated(t testing.TB, db *gorm.DB, s *schema.Schema) adapter.Adapter {
	t.Helper()
	return migrate(t, New(db), s)
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
