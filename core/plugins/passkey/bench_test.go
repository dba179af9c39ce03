package passkey_test

import (
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/pairtest"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/passkey"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
)

// BenchmarkGetSessionPlugins is meant to report at most 1.15 times from the cache.
func BenchmarkGetSessionPlugins(b *testing.B) {
	pairtest.GetSession(b, func() []core.Plugin {
		return []core.Plugin{
			organization.New(organization.Options{Teams: organization.Teams{Enabled: true}}),
			twofactor.New(twofactor.Options{}), passkey.New(passkey.Options{}),
		}
	}, nil)
}
