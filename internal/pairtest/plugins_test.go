package pairtest_test

import (
	"context"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/additionalfields"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/adminconfig"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/auditlog"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/customsession"
	"github.com/advantch/kernia-go/core/plugins/electron"
	"github.com/advantch/kernia-go/core/plugins/expo"
	"github.com/advantch/kernia-go/core/plugins/i18n"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/multisession"
	"github.com/advantch/kernia-go/core/plugins/openapi"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/social"
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
		social.New(), sso.New(sso.Options{Domains: sso.DomainVerification{Enabled: true}}),
	}
}

// tokens are the plugins of tokens, keys, sessions and administration, with the fields and
// the answers that they change.
func tokens() []core.Plugin {
	type answer struct {
		Session *core.Session `json:"session"`
		User    *core.User    `json:"user"`
	}
	same := func(_ context.Context, s *core.SessionData) (answer, error) { return answer{&s.Session, &s.User}, nil }
	return []core.Plugin{
		additionalfields.New(additionalfields.Options{User: []schema.Field{{Name: "plan", Type: schema.String, Optional: true}}}),
		admin.New(admin.Options{}),
		adminconfig.New(adminconfig.Options{}),
		apikey.New(apikey.Options{Configs: []apikey.Config{{Sessions: true}}}),
		auditlog.New(auditlog.Options{}),
		bearer.New(bearer.Options{}),
		customsession.New(same, customsession.Options{ListDeviceSessions: true}),
		electron.New(electron.Options{}),
		expo.New(expo.Options{}),
		i18n.New(i18n.Options{Translations: map[string]i18n.Translations{"de": {"UNAUTHORIZED": "Nicht angemeldet"}}}),
		jwt.New(jwt.Options{}),
		multisession.New(multisession.Options{}),
		openapi.New(openapi.Options{}),
	}
}

// BenchmarkGetSessionTokens is meant to report at most 1.15 times.
func BenchmarkGetSessionTokens(b *testing.B) { pairtest.GetSession(b, tokens, nil) }

// BenchmarkGetSessionPlugins is meant to report at most 1.15 times from the cache.
func BenchmarkGetSessionPlugins(b *testing.B) { pairtest.GetSession(b, installed, nil) }
