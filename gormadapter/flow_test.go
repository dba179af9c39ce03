package gormadapter

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	"github.com/advantch/kernia-go/core/suites/pluginflows"
)

func TestFlows(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		flowtest.Run(t, func(t *testing.T) adapter.Database { return patient(file(t)) }, pluginflows.All()...)
	})
	// One connection: a request for a second one inside of a transaction waits for
	// ever. Every failing call is played on the file, which speaks the same SQL.
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		flowtest.Run(t, func(t *testing.T) adapter.Database { return patient(sqliteAt(t, ":memory:")) }, pluginflows.Server()...)
	})
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			flowtest.Run(t, server.shared(t), pluginflows.Server()...)
		})
	}
}

// patient is an adapter that waits for SQLite longer than a visitor would: a slow
// machine refuses nobody of a race.
func patient(db *gorm.DB) adapter.Database {
	d := New(db).(*database)
	d.maxWait = time.Minute
	return d
}
