// Package mcp lets clients of the Model Context Protocol sign users in and call the
// application's MCP server. Plugin id: "mcp".
//
// New is the authorization server of Better Auth 1.6, for applications that have it. Better Auth
// 1.7 has it no more: new applications take the plugin oauth-provider, and Protect beside it.
// Require guards the route of the MCP server with either. See
// https://better-auth.com/docs/plugins/mcp.
package mcp

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthapps"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/ratelimit"
)

// ID is the plugin's id.
const ID = "mcp"

// The routes that other code names.
const (
	authorizePath = "/mcp/authorize"
	tokenPath     = "/mcp/token"
	registerPath  = "/mcp/register"
	userInfoPath  = "/mcp/userinfo"
	sessionPath   = "/mcp/get-session"
	oauthServer   = "/.well-known/oauth-authorization-server"
	protectedPath = "/.well-known/oauth-protected-resource"
)

// The events of the plugin.
const (
	EventConsentGiven  = oauthserver.EventConsented
	EventTokenReused   = oauthserver.EventReused
	EventTokensIssued  = oauthserver.EventIssued
	EventClientCreated = oauthserver.EventClientCreated
)

// Inputs and answers of the routes.
type (
	// AuthorizeInput is the query of /mcp/authorize.
	AuthorizeInput = oauthapps.AuthorizeInput
	// ConsentInput is the body of /oauth2/consent.
	ConsentInput = oauthapps.ConsentInput
	// ConsentReply is {"redirectURI":…}.
	ConsentReply = oauthapps.ConsentReply
	// TokenInput is the form of /mcp/token.
	TokenInput = oauthserver.TokenInput
	// TokenReply is the answer of /mcp/token.
	TokenReply = oauthserver.TokenReply
	// Document is a document of discovery.
	Document = oauthserver.Document
	// Claims is a JSON object of claims.
	Claims = oauthserver.Claims
	// RegisterInput is the body of /mcp/register.
	RegisterInput = oauthapps.RegisterInput
	// Registered is the answer of /mcp/register.
	Registered = oauthapps.Registered
	// Session is the answer of /mcp/get-session: the access token of the request.
	Session = oauthapps.Held
	// PageInput is the query of the plugin's page of consent.
	PageInput = oauthapps.PageInput
)

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	Consent           *core.Op[ConsentInput, *ConsentReply]
	ServerConfig      *core.Op[core.NoInput, *Document]
	ProtectedResource *core.Op[core.NoInput, *Document]
	Authorize         *core.Op[AuthorizeInput, *core.Raw]
	Token             *core.Op[TokenInput, *TokenReply]
	Register          *core.Op[RegisterInput, *Registered]
	GetSession        *core.Op[core.NoInput, *Session]
	UserInfo          *core.Op[core.NoInput, *Claims]
	ConsentPage       *core.Op[PageInput, *core.Raw]

	cfg       oauthapps.Config
	provider  *oauthapps.Provider
	resources resources
}

// New makes the plugin.
func New(o Options) *Plugin {
	p := &Plugin{cfg: o.config(), resources: resources{urls: o.Resources, implied: true}}
	p.resources.server = p
	p.Consent = core.Post("oAuthConsent", oauthapps.ConsentPath, p.consent, core.Use(core.RequireStoredSession, core.InPerson), core.OAuthErrors(),
		core.Doc("Handle OAuth2 consent. Supports both URL parameter-based flows (consent_code in body) and cookie-based flows (signed cookie)."))
	p.ServerConfig = core.Get("getMcpOAuthConfig", oauthServer, p.discover, core.Doc("Metadata of the authorization server (RFC 8414)"))
	p.ProtectedResource = core.Get("getMCPProtectedResource", protectedPath, p.resources.first, core.Doc("Metadata of the MCP server (RFC 9728)"))
	p.Authorize = core.Get("mcpOAuthAuthorize", authorizePath, p.authorize, core.CrossSite(), core.MayRedirect(), core.Answers("application/json"), core.Doc("Authorize an OAuth2 request using MCP"))
	p.Token = core.Post("mcpOAuthToken", tokenPath, p.token, core.AcceptForm(), core.CrossSite(), core.OAuthErrors(), core.Doc("Obtain an OAuth2 access token"))
	p.Register = core.Post("registerMcpClient", registerPath, p.register, core.Status(http.StatusCreated), core.CrossSite(), core.OAuthErrors(), core.Doc("Register an OAuth2 application"))
	p.GetSession = core.Get("getMcpSession", sessionPath, p.session, core.CrossSite(), core.MayBeNull(), core.Doc("The access token of the request, or null"))
	p.UserInfo = core.Get("mcpUserInfo", userInfoPath, p.userInfo, core.CrossSite(), core.OAuthErrors(), core.Doc("Get OAuth2 user information"))
	if o.ConsentPage == "" {
		p.ConsentPage = core.Get("oauth2ConsentPage", oauthapps.ConsentPagePath, p.consentPage, core.HideFromClient(), core.Answers("text/html"))
	}
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "mcp".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(env core.Env) (core.Manifest, error) {
	switch {
	case env.HasPlugin("oauth-provider"):
		return core.Manifest{}, errors.New("the plugin oauth-provider is an authorization server, too: install mcp.Protect beside it in place of mcp.New")
	case env.HasPlugin("oidc-provider"):
		return core.Manifest{}, errors.New("the plugin oidc-provider has the same tables: install one of them")
	}
	if err := p.cfg.Check(); err != nil {
		return core.Manifest{}, err
	}
	m := core.Manifest{Init: p.init, RateLimits: []ratelimit.PathRule{{
		Match: []ratelimit.Match{{Exact: registerPath}}, Rule: ratelimit.Rule{Window: time.Minute, Max: registrationsAMinute},
	}}}
	if p.cfg.WithKeys {
		m.Requires = []string{"jwt"}
	}
	oauthapps.Hooks(&m, &p.cfg, func() *oauthapps.Provider { return p.provider })
	var err error
	if m.Operations, err = oauthapps.AtRoot(env, p.cfg.WithKeys, map[string]oauthapps.Document{oauthServer: {ID: "getMcpOAuthConfig", Run: p.discover}}); err != nil {
		return m, err
	}
	documents, err := p.resources.documents(env)
	m.Operations = append(m.Operations, documents...)
	return m, err
}

// registrationsAMinute bounds how many clients one address makes.
const registrationsAMinute = 10

func (p *Plugin) init(_ context.Context, a *core.Auth) (err error) {
	p.provider, err = oauthapps.New(a, p.cfg)
	return err
}

// CheckBearer checks an access token. It returns nil for one that is not, or no longer, valid.
func (p *Plugin) CheckBearer(c *core.Ctx, token string) (*Token, error) {
	return p.provider.Bearer(c, token)
}

// ServerIssuer is the issuer of the authorization server: the origin of the base URL.
func (p *Plugin) ServerIssuer(c *core.Ctx) string { return p.provider.Issuer(c) }

// ServerScopes are the scopes that clients may ask for.
func (p *Plugin) ServerScopes() []string { return p.cfg.Scopes }

// IssuesFor reports whether a resource is one of Options.Resources.
func (p *Plugin) IssuesFor(resource string) bool { return p.provider.IssuesFor(resource) }

func (p *Plugin) discover(c *core.Ctx, in *core.NoInput) (*Document, error) {
	return p.provider.Discover(c, in)
}

func (p *Plugin) authorize(c *core.Ctx, in *AuthorizeInput) (*core.Raw, error) {
	return p.provider.Answer(c, in)
}

func (p *Plugin) consent(c *core.Ctx, in *ConsentInput) (*ConsentReply, error) {
	return p.provider.Answered(c, in)
}

func (p *Plugin) token(c *core.Ctx, in *TokenInput) (*TokenReply, error) {
	return p.provider.Token(c, in)
}

func (p *Plugin) userInfo(c *core.Ctx, in *core.NoInput) (*Claims, error) {
	return p.provider.UserInfoOf(c, in)
}

// register makes a client for anybody, as the protocol wants it. A user who is signed in owns it.
func (p *Plugin) register(c *core.Ctx, in *RegisterInput) (*Registered, error) {
	session, err := c.StoredSession()
	if err != nil {
		return nil, err
	}
	return p.provider.Register(c, in, session)
}

// session shows the access token of a request, for servers that ask over HTTP. Require asks
// without a request.
func (p *Plugin) session(c *core.Ctx, _ *core.NoInput) (*Session, error) {
	return p.provider.Held(c, oauthapps.BearerOf(c))
}

func (p *Plugin) consentPage(c *core.Ctx, in *PageInput) (*core.Raw, error) {
	return p.provider.ShowConsent(c, in)
}
