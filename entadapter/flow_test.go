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
			suites := pluginflows.Server()
			if s.env == "" {
				suites = pluginflows.All()
			}
			flowtest.Run(t, s.shared(t), suites...)
		})
	}
}
