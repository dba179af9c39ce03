package mongo_test

import (
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/mongo"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	"github.com/advantch/kernia-go/core/suites/pluginflows"
)

func TestFlows(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, d *deployment) {
		flowtest.Run(t, func(t *testing.T) adapter.Database { return mongo.New(d.database(t), mongo.Options{}) },
			append(pluginflows.All(), flowtest.Suite{OneFailure: true})...)
	}
	t.Run("double", func(t *testing.T) { t.Parallel(); run(t, double(t, true)) })
	t.Run("server", func(t *testing.T) { t.Parallel(); run(t, realDeployment(t)) })
}
