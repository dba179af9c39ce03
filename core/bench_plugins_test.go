package core_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
)

// installed are the plugins of the paired benchmark, new ones for each Auth. A
// plugin that get-session must not become slower by is added here.
func installed() []core.Plugin {
	return []core.Plugin{
		organization.New(organization.Options{
			Teams: organization.Teams{Enabled: true}, Access: access.NewControl(access.Permissions{"project": {"create"}}),
			DynamicAccessControl: organization.DynamicAccessControl{Enabled: true},
		}),
		twofactor.New(twofactor.Options{}), hooksPlugin{}, routesPlugin{},
	}
}

// hooksPlugin has hooks of every kind: on other routes, on every route, and on
// some by a condition.
type hooksPlugin struct{}

func (hooksPlugin) ID() string { return "hooks" }

func (hooksPlugin) Manifest() core.Manifest {
	pass := func(*core.Ctx) error { return nil }
	never := func(c *core.Ctx) bool { return c.NewSession() != nil }
	return core.Manifest{
		Before: []core.Hook{
			{Match: core.Paths("/sign-in/email", "/sign-up/email"), Run: pass},
			{Match: core.Prefix("/organization/"), Run: pass},
			{Match: core.When(core.All(), never), Run: pass},
		},
		After: []core.Hook{
			{Match: core.Paths("/sign-in/email"), Run: pass},
			{Match: core.When(core.All(), never), Run: pass},
		},
		Middleware: []core.PathMiddleware{{Path: "/organization/**", Run: pass}},
		OnResponse: func(*core.Ctx, *core.Response) {},
		SignInGate: func(context.Context, *core.Ctx, *core.User, *core.SignIn) error { return nil },
		Store:      core.StoreHooks{Session: core.ModelHooks[core.Session]{}},
	}
}

// routesPlugin has as many routes as a large plugin.
type routesPlugin struct{}

func (routesPlugin) ID() string { return "routes" }

func (routesPlugin) Manifest() core.Manifest {
	var m core.Manifest
	for i := range 40 {
		path := fmt.Sprintf("/routes/%d", i)
		if i%4 == 0 {
			path += "/:id"
		}
		m.Operations = append(m.Operations, core.Post(fmt.Sprintf("route%d", i), path,
			func(*core.Ctx, *core.NoInput) (core.StatusReply, error) { return core.StatusReply{Status: true}, nil }))
	}
	return m
}

// BenchmarkGetSessionPlugins asks two servers in turn, without plugins and with
// them, and reports how many times as long the second takes: the median of many
// pairs. It is meant to be at most 1.15.
func BenchmarkGetSessionPlugins(b *testing.B) {
	for name, change := range map[string]func(*authtest.Env, *core.Options){"cached": withCache(core.CacheCompact), "stored": nil} {
		b.Run(name, func(b *testing.B) {
			const batch = 100
			bare, full := open(b, change), open(b, change, installed()...)
			first, second := sessionRequest(join(b, bare, ada)), sessionRequest(join(b, full, ada))
			measure := func(a *core.Auth, req *core.Request) time.Duration {
				began := time.Now()
				for range batch {
					serveSession(b, a, req)
				}
				return time.Since(began)
			}
			var ratios []float64
			for b.Loop() {
				var without, with time.Duration
				if len(ratios)%2 == 0 {
					without = measure(bare.Auth, first)
					with = measure(full.Auth, second)
				} else {
					with = measure(full.Auth, second)
					without = measure(bare.Auth, first)
				}
				ratios = append(ratios, float64(with)/float64(without))
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "times")
			b.ReportMetric(0, "ns/op") // of two servers, which says nothing
		})
	}
}

// TestPluginsAddNoAllocations holds in place what the benchmark measures, where
// the time of a test machine would not.
func TestPluginsAddNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	e := open(t, withCache(core.CacheCompact), installed()...)
	req := sessionRequest(join(t, e, ada))
	if got := testing.AllocsPerRun(500, func() { serveSession(t, e.Auth, req) }); got > cachedAllocations {
		t.Errorf("a cached get-session with plugins makes %.0f allocations, at most %d are meant", got, cachedAllocations)
	}
}
