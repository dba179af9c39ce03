package mongo_test

import (
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/mongo"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/suites/adaptertest"
)

func TestConformance(t *testing.T) {
	run := func(t *testing.T, d *deployment, o mongo.Options) {
		adaptertest.Run(t, func(t *testing.T, s *schema.Schema) adapter.Adapter { return migrated(t, d.database(t), s, o) })
	}
	t.Run("double, replica set", func(t *testing.T) { run(t, double(t, true), mongo.Options{}) })
	t.Run("double, standalone", func(t *testing.T) { run(t, double(t, false), mongo.Options{}) })
	t.Run("double, string ids", func(t *testing.T) { run(t, double(t, true), mongo.Options{StringIDs: true}) })
	t.Run("server", func(t *testing.T) { run(t, realDeployment(t), mongo.Options{}) })
}
