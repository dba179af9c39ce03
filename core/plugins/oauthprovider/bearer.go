package oauthprovider

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
)

// Bearer is what a valid access token says.
type Bearer = oauthserver.Bearer

// CheckBearer checks an access token of this server that a request to the application has sent.
// It returns nil for one that is not, or no longer, valid, and for one that Options.DPoP has bound
// to a key: such a token is no bearer token, and /oauth2/userinfo alone takes its proof. Check the scopes and, with
// Bearer.For, the resource.
func (p *Plugin) CheckBearer(c *core.Ctx, token string) (*Bearer, error) {
	return p.server.Bearer(c, token)
}

// ServerIssuer is iss of the tokens.
func (p *Plugin) ServerIssuer(c *core.Ctx) string { return p.server.Issuer(c) }

// ServerScopes are the scopes that clients may ask for.
func (p *Plugin) ServerScopes() []string { return p.opts.AdvertisedScopes }

// IssuesFor reports whether a resource is one of Options.ValidAudiences.
func (p *Plugin) IssuesFor(resource string) bool { return p.server.IssuesFor(resource) }
