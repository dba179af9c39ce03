// Package oidcprovider is the OpenID provider of Better Auth 1.6, for applications that have it
// and for their clients. New applications take the plugin oauth-provider: Better Auth 1.7 has no
// other. See https://better-auth.com/docs/plugins/oidc-provider. Plugin id: "oidc-provider".
package oidcprovider

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthapps"
	"github.com/advantch/kernia-go/core/internal/oauthform"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/ratelimit"
)

// ID is the plugin's id.
const ID = "oidc-provider"

// The routes that other code names.
const (
	authorizePath  = "/oauth2/authorize"
	tokenPath      = "/oauth2/token"
	userInfoPath   = "/oauth2/userinfo"
	registerPath   = "/oauth2/register"
	endSessionPath = "/oauth2/endsession"
	openIDConfig   = "/.well-known/openid-configuration"
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
	// AuthorizeInput is the query of /oauth2/authorize.
	AuthorizeInput = oauthapps.AuthorizeInput
	// ConsentInput is the body of /oauth2/consent.
	ConsentInput = oauthapps.ConsentInput
	// ConsentReply is {"redirectURI":…}.
	ConsentReply = oauthapps.ConsentReply
	// TokenInput is the form of /oauth2/token.
	TokenInput = oauthserver.TokenInput
	// TokenReply is the answer of /oauth2/token.
	TokenReply = oauthserver.TokenReply
	// Document is a document of discovery.
	Document = oauthserver.Document
	// Claims is a JSON object of claims.
	Claims = oauthserver.Claims
	// RegisterInput is the body of /oauth2/register.
	RegisterInput = oauthapps.RegisterInput
	// Registered is the answer of /oauth2/register.
	Registered = oauthapps.Registered
	// Client is what a signed-in user may see of a client.
	Client = oauthapps.Face
	// EndSessionInput is the query of /oauth2/endsession, or its form.
	EndSessionInput = oauthapps.EndSessionInput
	// PageInput is the query of the plugin's page of consent.
	PageInput = oauthapps.PageInput
)

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	OpenIDConfig *core.Op[core.NoInput, *Document]
	Authorize    *core.Op[AuthorizeInput, *core.Raw]
	Consent      *core.Op[ConsentInput, *ConsentReply]
	Token        *core.Op[TokenInput, *TokenReply]
	UserInfo     *core.Op[core.NoInput, *Claims]
	Register     *core.Op[RegisterInput, *Registered]
	GetClient    *core.Op[ClientInput, *Client]
	EndSession   *core.Op[EndSessionInput, *core.Raw]
	ConsentPage  *core.Op[PageInput, *core.Raw]

	opts     Options
	cfg      oauthapps.Config
	provider *oauthapps.Provider
}

// ClientInput has the id of a client.
type ClientInput struct {
	ID string `path:"id"`
}

// New makes the plugin.
func New(o Options) *Plugin {
	p := &Plugin{opts: o, cfg: o.config()}
	p.OpenIDConfig = core.Get("getOpenIdConfig", openIDConfig, p.discover, core.Doc("OpenID Provider configuration"))
	p.Authorize = core.Get("oAuth2authorize", authorizePath, p.authorize, core.CrossSite(), core.MayRedirect(), core.Answers("application/json"), core.Doc("Authorize an OAuth2 request"))
	p.Consent = core.Post("oAuthConsent", oauthapps.ConsentPath, p.consent, core.Use(core.RequireStoredSession, core.InPerson), core.OAuthErrors(),
		core.Doc("Handle OAuth2 consent. Supports both URL parameter-based flows (consent_code in body) and cookie-based flows (signed cookie)."))
	p.Token = core.Post("oAuth2token", tokenPath, p.token, core.AcceptForm(), core.CrossSite(), core.OAuthErrors(), core.Doc("Obtain an OAuth2 access token"))
	p.UserInfo = core.Get("oAuth2userInfo", userInfoPath, p.userInfo, core.CrossSite(), core.OAuthErrors(), core.Doc("Get OAuth2 user information"))
	p.Register = core.Post("registerOAuthApplication", registerPath, p.register, core.Status(http.StatusCreated), core.CrossSite(), core.OAuthErrors(), core.Doc("Register an OAuth2 application"))
	p.GetClient = core.Get("getOAuthClient", "/oauth2/client/:id", p.client, core.Use(core.RequireStoredSession), core.OAuthErrors(), core.Doc("Get OAuth2 client details"))
	p.EndSession = core.Get("endSession", endSessionPath, p.endSession, core.WithMethods(http.MethodGet, http.MethodPost), core.AcceptForm(), core.CrossSite(), core.OAuthErrors(),
		core.MayRedirect(),
		core.Doc("RP-Initiated Logout endpoint. Logs out the end-user and optionally redirects to a post-logout URI."))
	if o.ConsentPage == "" {
		p.ConsentPage = core.Get("oauth2ConsentPage", oauthapps.ConsentPagePath, p.consentPage, core.HideFromClient(), core.Answers("text/html"))
	}
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "oidc-provider".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(env core.Env) (core.Manifest, error) {
	if env.HasPlugin("oauth-provider") {
		return core.Manifest{}, errors.New("the plugin oauth-provider has the same routes: install one of them")
	}
	if err := p.cfg.Check(); err != nil {
		return core.Manifest{}, err
	}
	m := core.Manifest{Init: p.init, RateLimits: []ratelimit.PathRule{p.opts.registerLimit()}}
	if p.cfg.WithKeys {
		m.Requires = []string{"jwt"}
	}
	oauthapps.Hooks(&m, &p.cfg, func() *oauthapps.Provider { return p.provider })
	m.Before = append(m.Before, core.Hook{Match: core.Paths(endSessionPath), Run: oauthform.RefuseRepeated()})
	var err error
	m.Operations, err = oauthapps.AtRoot(env, p.cfg.WithKeys, map[string]oauthapps.Document{openIDConfig: {ID: "getOpenIdConfig", Run: p.discover}})
	return m, err
}

func (p *Plugin) init(_ context.Context, a *core.Auth) (err error) {
	p.provider, err = oauthapps.New(a, p.cfg)
	return err
}

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

// register makes a client for a user who is signed in, or for anybody where the options allow it.
func (p *Plugin) register(c *core.Ctx, in *RegisterInput) (*Registered, error) {
	session, err := c.StoredSession()
	if err != nil {
		return nil, err
	}
	if session == nil && !p.opts.AllowDynamicClientRegistration {
		return nil, core.OAuthError(http.StatusUnauthorized, oauthserver.ErrInvalidToken, "Authentication required for client registration")
	}
	return p.provider.Register(c, in, session)
}

func (p *Plugin) client(c *core.Ctx, in *ClientInput) (*Client, error) {
	return p.provider.FaceOf(c, in.ID)
}

func (p *Plugin) endSession(c *core.Ctx, in *EndSessionInput) (*core.Raw, error) {
	return p.provider.EndSession(c, in)
}

func (p *Plugin) consentPage(c *core.Ctx, in *PageInput) (*core.Raw, error) {
	return p.provider.ShowConsent(c, in)
}

const registrationsAMinute = 10

// registerLimit bounds how many clients one address makes.
func (o *Options) registerLimit() ratelimit.PathRule {
	return ratelimit.PathRule{Match: []ratelimit.Match{{Exact: registerPath}}, Rule: ratelimit.Rule{Window: time.Minute, Max: registrationsAMinute}}
}
