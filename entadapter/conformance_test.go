package entadapter

import (
	"testing"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adaptertest"
	"github.com/advantch/kernia-go/core/schema"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(t testing.TB) *entsql.Driver) {
		adaptertest.Run(t, func(t *testing.T, s *schema.Schema) adapter.Adapter { return migrated(t, open(t), s) })
	})
}
