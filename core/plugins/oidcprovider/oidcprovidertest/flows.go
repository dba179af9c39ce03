// Package oidcprovidertest has the flows of the plugin for flowtest.Run.
package oidcprovidertest

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthapps/oauthappstest"
	"github.com/advantch/kernia-go/core/plugins/oidcprovider"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return oauthappstest.Plugin{
		Name: "oidc-provider", Path: "/oauth2",
		New: func() core.Plugin { return oidcprovider.New(oidcprovider.Options{LoginPage: "/login"}) },
	}.Suite()
}
