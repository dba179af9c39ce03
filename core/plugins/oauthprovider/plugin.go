// Package oauthprovider makes the application an OAuth 2.1 authorization server and OpenID
// provider, with which other applications sign their users in and call its APIs. See
// https://better-auth.com/docs/plugins/oauth-provider. Plugin id: "oauth-provider".
package oauthprovider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthform"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/wire"
)

// ID is the plugin's id.
const ID = "oauth-provider"

// The routes that other code names.
const (
	authorizePath  = "/oauth2/authorize"
	tokenPath      = "/oauth2/token"
	introspectPath = "/oauth2/introspect"
	revokePath     = "/oauth2/revoke"
	userInfoPath   = "/oauth2/userinfo"
	endSessionPath = "/oauth2/end-session"
	registerPath   = "/oauth2/register"
	preloginPath   = "/oauth2/public-client-prelogin"
	formPath       = "/oauth2/form-post"
	loginPath      = "/oauth2/login"
	consentPath    = "/oauth2/consent-page"
	accountPath    = "/oauth2/select-account"
	oauthServer    = "/.well-known/oauth-authorization-server"
	openIDConfig   = "/.well-known/openid-configuration"
	form           = "application/x-www-form-urlencoded"
)

// The events of the plugin.
const (
	EventConsentGiven = oauthserver.EventConsented
	EventTokenReused  = oauthserver.EventReused
	EventTokensIssued = oauthserver.EventIssued

	EventClientCreated = oauthserver.EventClientCreated

	EventClientDeleted core.EventType = "oauth.client-deleted"
	EventSecretRotated core.EventType = "oauth.client-secret-rotated"
)

// Answers of the routes.
type (
	// RedirectReply is {"redirect":true,"url":…}.
	RedirectReply = oauthserver.RedirectReply
	// TokenInput is the form of /oauth2/token.
	TokenInput = oauthserver.TokenInput
	// TokenReply is the answer of /oauth2/token.
	TokenReply = oauthserver.TokenReply
	// TokenQuestion is the form of /oauth2/introspect and /oauth2/revoke.
	TokenQuestion = oauthserver.TokenQuestion
	// Claims is a JSON object of claims.
	Claims = oauthserver.Claims
)

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	ServerConfig *core.Op[core.NoInput, *core.Raw]
	OpenIDConfig *core.Op[core.NoInput, *core.Raw]
	Authorize    *core.Op[AuthorizeInput, *core.Raw]
	Consent      *core.Op[ConsentInput, *RedirectReply]
	Continue     *core.Op[ContinueInput, *RedirectReply]
	Token        *core.Op[TokenInput, *TokenReply]
	Introspect   *core.Op[TokenQuestion, *Claims]
	Revoke       *core.Op[TokenQuestion, *Nothing]
	UserInfo     *core.Op[UserInfoInput, *Claims]
	EndSession   *core.Op[EndSessionInput, *core.Raw]
	Register     *core.Op[ClientInput, *Client]

	AdminCreateClient    *core.Op[AdminClientInput, *Client]
	CreateClient         *core.Op[ClientInput, *Client]
	GetClient            *core.Op[ClientQuery, *Client]
	PublicClient         *core.Op[ClientQuery, *Client]
	PublicClientPrelogin *core.Op[PreloginInput, *Client]
	GetClients           *core.Op[core.NoInput, []*Client]
	AdminUpdateClient    *core.Op[AdminUpdateInput, *Client]
	UpdateClient         *core.Op[UpdateInput, *Client]
	RotateClientSecret   *core.Op[ClientBody, *Client]
	DeleteClient         *core.Op[ClientBody, *Nothing]
	GetConsent           *core.Op[ConsentQuery, *Consent]
	GetConsents          *core.Op[core.NoInput, []*Consent]
	UpdateConsent        *core.Op[UpdateConsentInput, *Consent]
	DeleteConsent        *core.Op[ConsentBody, *Nothing]
	FormPost             *core.Op[FormPostInput, *core.Raw]
	LoginPage            *core.Op[core.NoInput, *core.Raw]
	ConsentPage          *core.Op[core.NoInput, *core.Raw]
	SelectAccountPage    *core.Op[core.NoInput, *core.Raw]

	auth   *core.Auth
	opts   Options
	store  *store
	server *oauthserver.Server
	// secondFactor says that the plugin two-factor may ask for a code after the password.
	secondFactor bool
	page         core.Local[*oauthserver.PageQuery]
}

// New makes the plugin.
func New(o Options) *Plugin {
	p := &Plugin{opts: o}
	stored := core.Use(core.RequireStoredSession, core.InPerson)
	p.ServerConfig = core.Get("getOAuthServerConfig", oauthServer, p.metadata, core.Answers("application/json"), core.Doc("Metadata of the authorization server (RFC 8414)"))
	p.OpenIDConfig = core.Get("getOpenIdConfig", openIDConfig, p.openIDMetadata, core.Answers("application/json"), core.Doc("OpenID Provider configuration"))
	p.Authorize = core.Get("oauth2Authorize", authorizePath, p.authorize, core.WithMethods(http.MethodGet, http.MethodPost), core.Accept(form), core.CrossSite(),
		core.MayRedirect(), core.Answers("application/json"), core.Doc("Authorize an OAuth2 request"))
	p.Consent = core.Post("oauth2Consent", "/oauth2/consent", p.consent, stored, core.OAuthErrors(), core.Doc("Handle OAuth2 consent"))
	p.Continue = core.Post("oauth2Continue", "/oauth2/continue", p.proceed, stored, core.OAuthErrors(), core.Doc("Continues OAuth2 authorization flow"))
	p.Token = core.Post("oauth2Token", tokenPath, p.token, core.Accept(form), core.CrossSite(), core.OAuthErrors(), core.Doc("Obtain an OAuth2.1 access token"))
	p.Introspect = core.Post("oauth2Introspect", introspectPath, p.introspect, core.Accept(form), core.CrossSite(), core.OAuthErrors(),
		core.Doc("Introspect an OAuth2 access or refresh token"))
	p.Revoke = core.Post("oauth2Revoke", revokePath, p.revoke, core.Accept(form), core.CrossSite(), core.OAuthErrors(), core.MayBeNull(),
		core.Doc("Revoke an OAuth2 access or refresh token"))
	p.UserInfo = core.Get("oauth2UserInfo", userInfoPath, p.userInfo, core.WithMethods(http.MethodGet, http.MethodPost), core.Accept(form, "application/json"), core.CrossSite(),
		core.OAuthErrors(), core.Doc("Get OpenID Connect user information (UserInfo endpoint)"))
	p.EndSession = core.Get("oauth2EndSession", endSessionPath, p.endSession, core.WithMethods(http.MethodGet, http.MethodPost), core.Accept(form), core.CrossSite(),
		core.OAuthErrors(), core.MayRedirect(), core.MayBeNull(),
		core.Doc("RP-Initiated Logout endpoint. Allows clients to notify the OP that the End-User has logged out."))
	p.Register = core.Post("registerOAuthClient", registerPath, p.register, core.Status(http.StatusCreated), core.CrossSite(), core.OAuthErrors(), core.Doc("Register an OAuth2 application"))
	p.AdminCreateClient = core.Server("adminCreateOAuthClient", p.adminCreate, core.Doc("Register an OAuth2 application"))
	p.CreateClient = core.Post("createOAuthClient", "/oauth2/create-client", p.create, stored, core.Status(http.StatusCreated), core.OAuthErrors(), core.Doc("Register an OAuth2 application"))
	p.GetClient = core.Get("getOAuthClient", "/oauth2/get-client", p.get, core.Use(core.RequireStoredSession), core.OAuthErrors(), core.Doc("Get OAuth2 formatted client details"))
	p.PublicClient = core.Get("getOAuthClientPublic", "/oauth2/public-client", p.public, core.Use(core.RequireStoredSession), core.OAuthErrors(),
		core.Doc("Gets publicly available client fields"))
	p.PublicClientPrelogin = core.Post("getOAuthClientPublicPrelogin", preloginPath, p.prelogin, core.OAuthErrors(),
		core.Doc("Gets publicly available client fields (prior to login)"))
	p.GetClients = core.Get("getOAuthClients", "/oauth2/get-clients", p.list, core.Use(core.RequireStoredSession), core.OAuthErrors(),
		core.Doc("Get OAuth2 formatted client details for a user or organization"))
	p.AdminUpdateClient = core.Server("adminUpdateOAuthClient", p.adminUpdate, core.Doc("Updates OAuth2 formatted client details."))
	p.UpdateClient = core.Post("updateOAuthClient", "/oauth2/update-client", p.update, stored, core.OAuthErrors(), core.Doc("Updates OAuth2 formatted client details."))
	p.RotateClientSecret = core.Post("rotateClientSecret", "/oauth2/client/rotate-secret", p.rotate, stored, core.OAuthErrors(), core.Doc("Rotates a confidential client's secret"))
	p.DeleteClient = core.Post("deleteOAuthClient", "/oauth2/delete-client", p.remove, stored, core.OAuthErrors(), core.MayBeNull(), core.Doc("Deletes an oauth client"))
	p.GetConsent = core.Get("getOAuthConsent", "/oauth2/get-consent", p.getConsent, core.Use(core.RequireStoredSession), core.OAuthErrors(),
		core.Doc("Gets details of a specific OAuth2 consent for a user"))
	p.GetConsents = core.Get("getOAuthConsents", "/oauth2/get-consents", p.getConsents, core.Use(core.RequireStoredSession), core.OAuthErrors(),
		core.Doc("Gets all available OAuth2 consents for a user"))
	p.UpdateConsent = core.Post("updateOAuthConsent", "/oauth2/update-consent", p.updateConsent, stored, core.OAuthErrors(), core.Doc("Updates consent granted to a client."))
	p.DeleteConsent = core.Post("deleteOAuthConsent", "/oauth2/delete-consent", p.deleteConsent, stored, core.OAuthErrors(), core.MayBeNull(), core.Doc("Deletes consent granted to a client"))
	p.FormPost = core.Get("oauth2FormPost", formPath, p.formPost, core.HideFromClient(), core.Answers("text/html"))
	if o.LoginPage == "" {
		p.LoginPage = core.Get("oauth2LoginPage", loginPath, p.loginPage, core.HideFromClient(), core.Answers("text/html"))
	}
	if o.ConsentPage == "" {
		p.ConsentPage = core.Get("oauth2ConsentPage", consentPath, p.consentPage, core.HideFromClient(), core.Answers("text/html"))
	}
	if o.SelectAccountPage == "" {
		p.SelectAccountPage = core.Get("oauth2SelectAccountPage", accountPath, p.accountPage, core.HideFromClient(), core.Answers("text/html"))
	}
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "oauth-provider".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(env core.Env) (core.Manifest, error) {
	if err := p.opts.check(env); err != nil {
		return core.Manifest{}, err
	}
	p.secondFactor = env.HasPlugin("two-factor")
	m := core.Manifest{
		Tables: []schema.Table{},
		Before: []core.Hook{
			{Match: core.Paths(authorizePath), Run: p.readRequest},
			{Match: core.Paths(tokenPath), Run: oauthform.RefuseRepeated("resource")},
			{Match: core.Paths(introspectPath, revokePath, userInfoPath, endSessionPath), Run: oauthform.RefuseRepeated()},
			{Match: core.When(core.All(), hasQuery), Run: p.readPage},
		},
		After: []core.Hook{
			{Match: core.Paths(tokenPath, introspectPath, revokePath, userInfoPath, endSessionPath), Run: oauthform.Refusal},
			{Match: core.When(core.All(), signedIn), Run: p.resume},
		},
		Store:         core.StoreHooks{User: core.ModelHooks[core.User]{BeforeDelete: func(ctx context.Context, u *core.User) error { return p.store.forget(ctx, u.ID) }}},
		Disown:        func(ctx context.Context, userID string) error { return p.store.disown(ctx, userID) },
		RateLimits:    p.opts.RateLimit.rules(),
		Init:          p.init,
		DeleteExpired: nil,
	}
	for _, t := range p.opts.tables() {
		m.Tables = append(m.Tables, t.Table)
	}
	m.DeleteExpired = func(ctx context.Context, now time.Time) error { return p.store.removeExpired(ctx, now) }
	if p.opts.BackChannelLogout {
		m.Store.Session = core.ModelHooks[core.Session]{
			BeforeDelete: func(ctx context.Context, s *core.Session) error { return p.server.SessionEnds(ctx, s) },
			AfterDelete:  func(ctx context.Context, s *core.Session) error { return p.server.SessionEnded(ctx, s) },
		}
	}
	issuer := ""
	if !p.opts.DisableJWTPlugin {
		m.Requires = []string{"jwt"}
		if keys, ok := core.PluginIn[oauthserver.Keys](env); ok {
			issuer = keys.ConfiguredIssuer()
		}
	}
	rooted, err := p.atIssuer(issuer, env.BasePath, env.PublicPath)
	m.Operations = rooted
	return m, err
}

// atIssuer makes the routes of the documents at the path of the issuer: RFC 8414 puts the
// well-known part before it, OpenID Connect Discovery behind it, and clients try all.
func (p *Plugin) atIssuer(issuer, base, path string) ([]core.Operation, error) {
	if issuer != "" {
		u, err := url.Parse(issuer)
		if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, errors.New("the issuer of the plugin jwt must be a URL without query and fragment, such as https://auth.example.com")
		}
		path = strings.TrimSuffix(u.EscapedPath(), "/")
	}
	var out []core.Operation
	add := func(id, at string, fn func(*core.Ctx, *core.NoInput) (*core.Raw, error)) {
		if base != "" && strings.HasPrefix(at, base+"/") { // below the base path there are fields for it
			return
		}
		out = append(out, core.Get(id, at, fn, core.AtRoot(), core.Answers("application/json"), core.HideFromClient()))
	}
	if base == "" && path == "" {
		return nil, nil // the routes below the base path are at the root
	}
	add("oauthServerConfigAtIssuer", oauthServer+path, p.metadata)
	add("openIdConfigInserted", openIDConfig+path, p.openIDMetadata)
	if path != "" {
		add("openIdConfigAppended", path+openIDConfig, p.openIDMetadata)
		add("oauthServerConfigAppended", path+oauthServer, p.metadata)
	}
	return out, nil
}

func (p *Plugin) init(_ context.Context, a *core.Auth) (err error) {
	p.auth = a
	if !a.StoresSessions() {
		return errors.New("tokens refer to sessions: set Options.Session.StoreInDatabase beside SecondaryStorage")
	}
	if p.store, err = newStore(a, p.opts.PrivateKeyJWT || p.opts.DPoP); err != nil {
		return err
	}
	o := &p.opts
	o.defaults(a.PublicPath())
	c := oauthserver.Config{
		Clients: p.store, Grants: p.store, Consents: p.store, Secrets: secrets{p},
		Scopes: o.Scopes, Claims: o.AdvertisedClaims, AdvertisedScopes: o.AdvertisedScopes, GrantTypes: o.GrantTypes, Audiences: o.ValidAudiences,
		MachineScopes: o.ClientCredentialScopes,
		CodeLife:      o.CodeExpiresIn, AccessLife: o.AccessTokenExpiresIn, MachineLife: o.M2MAccessTokenExpiresIn, RefreshLife: o.RefreshTokenExpiresIn,
		IDTokenLife: o.IDTokenExpiresIn, ScopeLife: o.ScopeExpirations, PairwiseSecret: o.PairwiseSecret,
		LoginPage: o.LoginPage, ConsentPage: o.ConsentPage, SelectPage: o.SelectAccountPage, CreatePage: o.SignUpPage, PostLoginPage: o.PostLoginPage,
		ShouldSelect: o.ShouldSelectAccount, ShouldCreate: o.ShouldSignUp, ShouldPostLogin: o.ShouldPostLogin, ConsentReference: o.ConsentReference,
		AskNative: o.AskNativeClients, ResolveRequestURI: o.RequestURIResolver, AccessPrefix: o.AccessTokenPrefix, RefreshPrefix: o.RefreshTokenPrefix,
		NewAccess: o.GenerateAccessToken, NewRefresh: o.GenerateRefreshToken, SealRefresh: o.EncodeRefreshToken, OpenRefresh: o.DecodeRefreshToken,
		HashToken: o.HashToken, AccessClaims: o.CustomAccessTokenClaims, IDClaims: o.CustomIDTokenClaims, UserInfoClaims: o.CustomUserInfoClaims,
		ReplyFields:  o.CustomTokenResponseFields,
		UserInfoPath: userInfoPath, FormPath: formPath, Registration: o.AllowDynamicClientRegistration, OpenRegistration: o.AllowUnauthenticatedClientRegistration,
		Lenient: a.Compat() == core.CompatBetterAuth, ClaimPrefix: "oauth-page-",
	}
	c.Assertions, c.AssertionLife, c.Once = o.PrivateKeyJWT, o.AssertionMaxLifetime, p.store
	c.DPoP, c.ProofLife, c.ProofAlgorithms = o.DPoP, o.DPoPProofMaxAge, o.DPoPAlgorithms
	if o.BackChannelLogout {
		c.Sessions = p.store
	}
	if !o.DisableJWTPlugin {
		keys, ok := core.PluginOf[oauthserver.Keys](a)
		if !ok {
			return errors.New("the plugin jwt has no keys to sign with")
		}
		c.Keys = keys
	}
	p.server = oauthserver.New(a, c)
	return nil
}

// metadata answers with the document of RFC 8414.
func (p *Plugin) metadata(c *core.Ctx, _ *core.NoInput) (*core.Raw, error) {
	oauthserver.CacheMetadata(c)
	return &core.Raw{ContentType: "application/json", Body: p.server.Metadata(c, oauthserver.Endpoints{
		Authorize: authorizePath, Token: tokenPath, Register: registerPath, Introspect: introspectPath, Revoke: revokePath, UserInfo: userInfoPath, EndSession: endSessionPath,
	})}, nil
}

// openIDMetadata is metadata for a server that is an OpenID provider.
func (p *Plugin) openIDMetadata(c *core.Ctx, in *core.NoInput) (*core.Raw, error) {
	for _, s := range p.opts.Scopes {
		if s == oauthserver.ScopeOpenID {
			return p.metadata(c, in)
		}
	}
	return nil, core.Fail(http.StatusNotFound, core.CodeNotFound)
}

// queryOf makes a query of what the framework and hooks made of it.
func queryOf(v wire.Value) (out wire.Query) {
	o, _ := v.Obj()
	if o == nil {
		return nil
	}
	for _, m := range o.Members() {
		if one, ok := m.Value.Str(); ok {
			out = append(out, wire.Pair{Name: m.Name, Value: one})
			continue
		}
		items, _ := m.Value.Items()
		for _, item := range items {
			one, _ := item.Str()
			out = append(out, wire.Pair{Name: m.Name, Value: one})
		}
	}
	return out
}
