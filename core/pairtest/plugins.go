package pairtest

import (
	"context"
	"fmt"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
)

// Plugins are those whose weight is measured, new ones for each Auth. A plugin by
// which get-session must not become slower is added here.
func Plugins() []core.Plugin {
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
