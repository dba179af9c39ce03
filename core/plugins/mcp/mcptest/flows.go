// Package mcptest has the flows of the plugin for flowtest.Run, and the paths of guarded routes for
// the tests of frameworks.
package mcptest

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthapps/oauthappstest"
	"github.com/advantch/kernia-go/core/plugins/mcp"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return oauthappstest.Plugin{
		Name: "mcp", Path: "/mcp",
		New: func() core.Plugin { return mcp.New(mcp.Options{LoginPage: "/login"}) },
	}.Suite()
}
