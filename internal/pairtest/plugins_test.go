package pairtest_test

import (
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/internal/pairtest"
)

// cachedAllocations is the most that a cached get-session may allocate, with
// plugins as without: the call, its cookies and the answer.
const cachedAllocations = 8

func TestPluginsAddNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	if got := testing.AllocsPerRun(500, pairtest.Cached(t, installed)); got > cachedAllocations {
		t.Errorf("a cached get-session with plugins makes %.0f allocations, at most %d are meant", got, cachedAllocations)
	}
}

// installed are plugins that must not make get-session slower. Those of other modules
// are measured there.
func installed() []core.Plugin {
	return []core.Plugin{
		organization.New(organization.Options{Teams: organization.Teams{Enabled: true}}),
		twofactor.New(twofactor.Options{}),
	}
}

// BenchmarkGetSessionPlugins is meant to report at most 1.15 times from the cache.
func BenchmarkGetSessionPlugins(b *testing.B) { pairtest.GetSession(b, installed, nil) }
