package entadapter

import (
	"testing"

	"github.com/advantch/kernia-go/core/suites/flowtest"
	"github.com/advantch/kernia-go/core/suites/pluginflows"
)

func TestFlows(t *testing.T) {
	t.Parallel()
	for _, s := range databases {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			// Failing requests of plugins are played on the memory adapter and through
			// GORM: they fail before they reach an adapter.
			flowtest.Run(t, s.shared(t), pluginflows.Server()...)
		})
	}
}
