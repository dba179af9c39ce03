package passkey_test

import (
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/passkey/passkeytest"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

func TestFlows(t *testing.T) {
	t.Parallel()
	flowtest.RunSuites(t, func(*testing.T) adapter.Database { return memory.New() }, passkeytest.Suite())
}
