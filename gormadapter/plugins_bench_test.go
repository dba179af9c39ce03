package gormadapter_test

import (
	"path/filepath"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/pairtest"
	"github.com/advantch/kernia-go/gormadapter"
)

// BenchmarkGetSessionPlugins is meant to report at most 1.15 times.
func BenchmarkGetSessionPlugins(b *testing.B) {
	pairtest.GetSession(b, func(tb testing.TB) adapter.Database {
		db, err := gormadapter.SQLite(filepath.Join(tb.TempDir(), "auth.db"))
		if err != nil {
			tb.Fatal(err)
		}
		pool, err := db.DB()
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { pool.Close() })
		return gormadapter.New(db)
	})
}
