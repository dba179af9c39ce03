package entadapter

import (
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/flowtest"
)

func TestFlows(t *testing.T) {
	t.Parallel()
	for _, s := range databases {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			dsn := s.dsn(t)
			open := func(t *testing.T) adapter.Database { return New(s.open(t, dsn)) }
			if dsn == "" {
				flowtest.Run(t, open)
			} else {
				flowtest.Run(t, open, flowtest.Server)
			}
		})
	}
}
