package entadapter

import (
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/suites/adaptertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, s := range databases {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			open := s.shared(t)
			adaptertest.Run(t, func(t *testing.T, s *schema.Schema) adapter.Adapter { return migrate(t, open(t), s) })
		})
	}
}
