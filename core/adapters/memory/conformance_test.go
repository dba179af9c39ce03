package memory_test

import (
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/suites/adaptertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	adaptertest.Run(t, func(t *testing.T, s *schema.Schema) adapter.Adapter {
		t.Helper()
		a, err := memory.New().Open(s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	})
}
