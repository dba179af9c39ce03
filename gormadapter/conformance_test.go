package gormadapter

import (
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/suites/adaptertest"
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
			open := server.shared(t)
			adaptertest.Run(t, func(t *testing.T, s *schema.Schema) adapter.Adapter { return migrate(t, open(t), s) })
		})
	}
}
