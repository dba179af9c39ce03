package memory_test

import (
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	"github.com/advantch/kernia-go/core/suites/pluginflows"
)

func TestFlows(t *testing.T) {
	t.Parallel()
	flowtest.Run(t, func(*testing.T) adapter.Database { return memory.New() }, pluginflows.All()...)
}
