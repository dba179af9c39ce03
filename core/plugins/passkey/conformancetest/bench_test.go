package conformancetest

import (
	"path/filepath"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/passkey"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/internal/pairtest"
)

// BenchmarkGetSessionPlugins is meant to report at most 1.15 times.
func BenchmarkGetSessionPlugins(b *testing.B) {
	plugins := func() []core.Plugin {
		return []core.Plugin{
			organization.New(organization.Options{Teams: organization.Teams{Enabled: true}}),
			twofactor.New(twofactor.Options{}), passkey.New(passkey.Options{}),
		}
	}
	pairtest.GetSession(b, plugins, func(tb testing.TB) adapter.Database {
		return gormSQLite(tb, filepath.Join(tb.TempDir(), "auth.db"))
	})
}
