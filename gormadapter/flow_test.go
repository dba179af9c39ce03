package gormadapter

import (
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/flowtest"
)

func TestFlows(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		flowtest.Run(t, func(t *testing.T) adapter.Database { return New(file(t)) })
	})
	// One connection: whoever asks for a second one inside of a transaction waits for ever.
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		flowtest.Run(t, func(t *testing.T) adapter.Database { return New(sqliteAt(t, ":memory:")) })
	})
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			dsn := server.dsn(t)
			flowtest.Run(t, func(t *testing.T) adapter.Database { return New(server.open(t, dsn)) }, flowtest.Server)
		})
	}
}
