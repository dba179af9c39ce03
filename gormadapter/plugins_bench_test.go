package gormadapter_test

import (
	"path/filepath"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/pairtest"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/gormadapter"
)

func installed() []core.Plugin {
	return []core.Plugin{
		organization.New(organization.Options{Teams: organization.Teams{Enabled: true}}),
		twofactor.New(twofactor.Options{}),
	}
}

func BenchmarkGetSessionPlugins(b *testing.B) {
	pairtest.GetSession(b, installed, func(tb testing.TB) adapter.Database {
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
