package gormadapter

import (
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adaptertest"
	"github.com/advantch/kernia-go/core/schema"
)

func TestConformance(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		adaptertest.Run(t, func(t *testing.T, s *schema.Schema) adapter.Adapter { return migrated(t, file(t), s) })
	})
	t.Run("memory", func(t *testing.T) {
		adaptertest.Run(t, func(t *testing.T, s *schema.Schema) adapter.Adapter {
			return migrated(t, sqliteAt(t, ":memory:"), s)
		})
	})
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			dsn := server.dsn(t)
			adaptertest.Run(t, func(t *testing.T, s *schema.Schema) adapter.Adapter {
				return migrated(t, server.open(t, dsn), s)
			})
		})
	}
}
