package entadapter

import (
	"testing"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/flowtest"
)

func TestFlows(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(t testing.TB) *entsql.Driver) {
		flowtest.Run(t, func(t *testing.T) adapter.Database { return New(open(t)) })
	})
}
