package oauthapps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/internal/oauthform"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// Config configures a Provider. Lifetimes are whole seconds.
type Config struct {
	Trusted                           []Trusted
	Scopes                            []string // all that clients may ask for
	DefaultScope                      string   // of a request that names none
	CodeLife, AccessLife, RefreshLife time.Duration
	LoginPage, ConsentPage            string
	RequirePKCE                       bool
	AskNative                         bool
	Secrets                           Secrets
	Claims                            func(ctx context.Context, a oauthserver.TokenAsk) (map[string]any, error)
	WithKeys                          bool     // id_tokens are signed by the plugin that has keys
	Audiences                         []string // for which tokens may be asked (RFC 8707)
	OpenRegistration                  bool     // anybody may register a client
	SecretLast                        bool     // in the answer to a registration, as in Better Auth
	Names                             Names
	NewID, NewSecret                  func(ctx context.Context) (string, error)
	Metadata                          map[string]any // further members of the document of discovery

	// The paths of the routes below the base path. Those that a plugin does not have are "".
	AuthorizePath, TokenPath, UserInfoPath, RegisterPath, EndSessionPath string
}

// ConsentPath and ConsentPagePath are the same for both plugins.
const (
	ConsentPath     = "/oauth2/consent"
	ConsentPagePath = "/oauth2/consent-page"
)

// Provider is the engine with the tables and pages of the older providers.
type Provider struct {
	*oauthserver.Server
	cfg   Config
	auth  *core.Auth
	store *store
}

// minSecret is the least length of a secret that signs with HS256 (RFC 7518 3.2), in bytes.
const minSecret = 32

// DefaultScopes are those that every server of the kind has.
var DefaultScopes = []string{oauthserver.ScopeOpenID, oauthserver.ScopeProfile, oauthserver.ScopeEmail, oauthserver.ScopeOffline}

// New makes a provider. Call it in Manifest.Init.
func New(a *core.Auth, c Config) (*Provider, error) {
	if !a.StoresSessions() {
		return nil, errors.New("tokens refer to sessions: set Options.Session.StoreInDatabase beside SecondaryStorage")
	}
	p := &Provider{cfg: c, auth: a}
	p.cfg.Secrets.auth, p.cfg.Secrets.keep = a, p.keepSecret
	var err error
	if p.store, err = newStore(a, &p.cfg); err != nil {
		return nil, err
	}
	if p.cfg.ConsentPage == "" {
		p.cfg.ConsentPage = a.PublicPath() + ConsentPagePath
	}
	config := oauthserver.Config{
		Clients: p.store, Grants: p.store, Consents: p.store, Secrets: &p.cfg.Secrets, Scopes: c.Scopes, AdvertisedScopes: c.Scopes,
		Claims:     []string{"sub", "iss", "aud", "exp", "iat", "sid", "email", "email_verified", "name", "picture", "family_name", "given_name"},
		GrantTypes: []string{oauthserver.GrantCode, oauthserver.GrantRefresh}, Audiences: c.Audiences,
		CodeLife: c.CodeLife, AccessLife: c.AccessLife, MachineLife: c.AccessLife, RefreshLife: c.RefreshLife, IDTokenLife: c.AccessLife,
		Pages: p, AskNative: c.AskNative, IDClaims: c.Claims, UserInfoClaims: c.Claims, UserInfoPath: c.UserInfoPath,
		Registration: c.OpenRegistration, OpenRegistration: c.OpenRegistration, Opaque: true, OneResource: true, AtOrigin: true, ClaimPrefix: "oauth-apps-",
	}
	if c.WithKeys {
		keys, ok := core.PluginOf[oauthserver.Keys](a)
		if !ok {
			return nil, errors.New("the plugin jwt, which signs id_tokens, has no keys")
		}
		config.Keys = keys
	}
	p.Server = oauthserver.New(a, config)
	return p, nil
}

// keepSecret keeps a secret of Better Auth's default, plain text, as the options say.
func (p *Provider) keepSecret(ctx context.Context, plain, stored string) error {
	_, err := p.store.clients.Update(ctx, adapter.By("clientSecret", plain), adapter.Record{"clientSecret": stored})
	if core.IsNotFound(err) { // another request has been first
		return nil
	}
	return err
}

// Hooks are the parts of a manifest that both plugins share. provider returns what New has
// made.
func Hooks(m *core.Manifest, cfg *Config, provider func() *Provider) {
	m.Tables = append(m.Tables, Tables(cfg.Names)...)
	m.Before = append(m.Before,
		core.Hook{Match: core.Paths(cfg.AuthorizePath), Run: readRequest},
		core.Hook{Match: core.Paths(cfg.TokenPath), Run: oauthform.RefuseRepeated("resource")},
	)
	m.After = append(m.After,
		core.Hook{Match: core.Paths(cfg.TokenPath), Run: oauthform.Refusal},
		core.Hook{Match: core.When(core.All(), signedIn), Run: func(c *core.Ctx) error { return provider().resume(c) }},
	)
	m.Store.User.BeforeDelete = func(ctx context.Context, u *core.User) error { return provider().store.forget(ctx, u.ID) }
	m.Disown = func(ctx context.Context, userID string) error { return provider().store.disown(ctx, userID) }
	m.DeleteExpired = func(ctx context.Context, now time.Time) error { return provider().store.removeExpired(ctx, now) }
}

// CheckNames refuses names of tables and columns that do not exist.
func CheckNames(n Names) error {
	fields := map[string][]string{}
	for _, t := range Tables(Names{}) {
		for _, f := range t.Fields {
			fields[t.Model] = append(fields[t.Model], f.Name)
		}
	}
	for model := range n.Tables {
		if fields[model] == nil {
			return fmt.Errorf("Options.Tables names %q: the plugin has oauthApplication, oauthAccessToken and oauthConsent", model)
		}
	}
	for model, columns := range n.Columns {
		for name := range columns {
			if !slices.Contains(fields[model], name) {
				return fmt.Errorf("Options.Columns renames %s.%s, which the plugin does not have", model, name)
			}
		}
	}
	return nil
}

// Check refuses what cannot work, before a provider is made.
func (c *Config) Check() error {
	for _, s := range c.Scopes {
		if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			return fmt.Errorf("Options.Scopes has %q: a scope is printable and has neither spaces, quotes nor backslashes", s)
		}
	}
	for one := range strings.FieldsSeq(c.DefaultScope) {
		if !slices.Contains(c.Scopes, one) {
			return fmt.Errorf("Options.DefaultScope has %q, which is not in Scopes: add it there, or leave it out here", one)
		}
	}
	for name, life := range map[string]time.Duration{"CodeExpiresIn": c.CodeLife, "AccessTokenExpiresIn": c.AccessLife, "RefreshTokenExpiresIn": c.RefreshLife} {
		if life < time.Second || life%time.Second != 0 {
			return fmt.Errorf("Options.%s is %v: give whole seconds, at least one", name, life)
		}
	}
	if c.LoginPage == "" {
		return errors.New("Options.LoginPage is empty: name the page of your application where users sign in")
	}
	seen := map[string]bool{}
	for i := range c.Trusted {
		t := &c.Trusted[i]
		switch {
		case t.ClientID == "" || len(t.ClientID) > maxClientID || seen[t.ClientID]:
			return fmt.Errorf("Options.TrustedClients has %q: give each client an id of its own, of at most %d bytes", t.ClientID, maxClientID)
		case t.Type != "" && t.Type != typeWeb && t.Type != typePublic && t.Type != "native" && t.Type != "user-agent-based":
			return fmt.Errorf("Options.TrustedClients[%q].Type is %q: it must be web, native, user-agent-based or public", t.ClientID, t.Type)
		case t.ClientSecret == "" && t.Type != typePublic && t.Type != "native" && t.Type != "user-agent-based":
			return fmt.Errorf("Options.TrustedClients[%q] has no secret: give it one, or the type public", t.ClientID)
		case t.ClientSecret != "" && !c.WithKeys && len(t.ClientSecret) < minSecret:
			return fmt.Errorf("Options.TrustedClients[%q] has a secret of fewer than %d bytes, which signs id_tokens: make it longer, or sign them with the plugin jwt", t.ClientID, minSecret)
		}
		seen[t.ClientID] = true
		for _, uri := range t.RedirectURLs {
			if err := oauthserver.CheckRedirectURI(uri); err != nil {
				return fmt.Errorf("Options.TrustedClients[%q].RedirectURLs has %q: %w", t.ClientID, uri, err)
			}
		}
	}
	if err := CheckNames(c.Names); err != nil {
		return err
	}
	return c.Secrets.Check(!c.WithKeys)
}

// Defaults fills in what the options leave out.
func (c *Config) Defaults(further []string) {
	c.Scopes = slices.Clone(DefaultScopes)
	for _, s := range further {
		if !slices.Contains(c.Scopes, s) {
			c.Scopes = append(c.Scopes, s)
		}
	}
	c.DefaultScope = cmp.Or(c.DefaultScope, oauthserver.ScopeOpenID)
	c.CodeLife = cmp.Or(c.CodeLife, 10*time.Minute)
	c.AccessLife = cmp.Or(c.AccessLife, time.Hour)
	c.RefreshLife = cmp.Or(c.RefreshLife, 7*24*time.Hour)
	if c.Secrets.Storage == "" && c.Secrets.Hash == nil && c.Secrets.Encrypt == nil {
		c.Secrets.Storage = SecretHashed
		if !c.WithKeys {
			c.Secrets.Storage = SecretEncrypted
		}
	}
}

// AtRoot makes the routes of documents at the root of the site, where the origin is the issuer,
// or at the path of the issuer that the plugin with the keys has. documents are by path.
func AtRoot(env core.Env, withKeys bool, documents map[string]Document) ([]core.Operation, error) {
	path := ""
	if keys, ok := core.PluginIn[oauthserver.Keys](env); ok && withKeys && keys.ConfiguredIssuer() != "" {
		u, err := url.Parse(keys.ConfiguredIssuer())
		if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, errors.New("the issuer of the plugin jwt must be a URL without query and fragment, such as https://auth.example.com")
		}
		path = strings.TrimSuffix(u.EscapedPath(), "/")
	}
	var out []core.Operation
	for _, at := range slices.Sorted(maps.Keys(documents)) {
		d := documents[at]
		for i, full := range []string{at + path, path + at} {
			if i == 1 && path == "" || env.BasePath == "" && path == "" || env.BasePath != "" && strings.HasPrefix(full, env.BasePath+"/") {
				continue // it is there below the base path
			}
			out = append(out, core.Get(d.ID+[]string{"AtRoot", "Appended"}[i], full, d.Run, core.AtRoot(), core.HideFromClient()))
		}
	}
	return out, nil
}

// Document is a document of discovery: the id of its operation, and what makes it.
type Document struct {
	ID  string
	Run func(*core.Ctx, *core.NoInput) (*oauthserver.Document, error)
}

// AuthorizeInput is the query of an authorization request. Further parameters are kept.
type AuthorizeInput struct {
	ResponseType        *string `query:"response_type" doc:"OAuth2 response type: code"`
	ClientID            *string `query:"client_id" doc:"OAuth2 client ID"`
	RedirectURI         *string `query:"redirect_uri" doc:"OAuth2 redirect URI"`
	Scope               *string `query:"scope" doc:"OAuth2 scopes (space-separated)"`
	State               *string `query:"state" doc:"OAuth2 state parameter"`
	CodeChallenge       *string `query:"code_challenge" doc:"PKCE code challenge"`
	CodeChallengeMethod *string `query:"code_challenge_method" doc:"PKCE code challenge method: S256"`
	Nonce               *string `query:"nonce" doc:"OpenID Connect nonce"`
	Prompt              *string `query:"prompt" doc:"OAuth2 prompt parameter"`
	MaxAge              *string `query:"max_age" doc:"Age of the sign-in in seconds, after which the user signs in again"`
	Resource            *string `query:"resource" doc:"Service that access tokens are for (RFC 8707); may be repeated"`
	IDTokenHint         *string `query:"id_token_hint" doc:"An id_token of the user who is to be signed in"`
}

// request keeps the parameters of an authorization request from the hook to the handler.
var request core.Local[wire.Query]

// readRequest takes the parameters of an authorization request out of the query, before
// validation: what is wrong with them is told to the client or on a page, not as JSON.
func readRequest(c *core.Ctx) error {
	request.Set(c, queryOf(c.Query()))
	c.SetQuery(wire.ObjectOf(wire.NewObject()))
	return nil
}

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

// Answer answers an authorization request.
func (p *Provider) Answer(c *core.Ctx, _ *AuthorizeInput) (*core.Raw, error) {
	session, err := c.StoredSession()
	if err != nil {
		return nil, err
	}
	q, _ := request.Get(c)
	if scope, _ := q.Get("scope"); scope == "" && p.cfg.DefaultScope != "" {
		q = slices.DeleteFunc(slices.Clone(q), func(one wire.Pair) bool { return one.Name == "scope" })
		q = append(q, wire.Pair{Name: "scope", Value: p.cfg.DefaultScope})
	}
	target, err := p.Authorize(c, q, session, oauthserver.Resume{First: true})
	if err != nil {
		return nil, err
	}
	return oauthserver.Go(c, target), nil
}

// Token answers the token endpoint.
func (p *Provider) Token(c *core.Ctx, in *oauthserver.TokenInput) (*oauthserver.TokenReply, error) {
	if err := p.store.adopt(c, fieldRefresh, validate.Value(in.RefreshToken)); err != nil {
		return nil, err
	}
	return p.Server.Token(c, in)
}

// Bearer checks an access token.
func (p *Provider) Bearer(c *core.Ctx, token string) (*oauthserver.Bearer, error) {
	if err := p.store.adopt(c, fieldAccess, token); err != nil {
		return nil, err
	}
	return p.Server.Bearer(c, token)
}

// BearerOf is the token in the Authorization header of a request, or "".
func BearerOf(c *core.Ctx) string {
	if c.Req.Header == nil {
		return ""
	}
	scheme, token, _ := strings.Cut(strings.TrimSpace(c.Req.Header.Get("Authorization")), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// Held is an access token as its bearer may see it: a row of oauthAccessToken without the refresh
// token, which the bearer may not have.
type Held struct {
	ID                    string    `json:"id"`
	AccessToken           string    `json:"accessToken"`
	AccessTokenExpiresAt  time.Time `json:"accessTokenExpiresAt"`
	RefreshTokenExpiresAt time.Time `json:"refreshTokenExpiresAt"`
	ClientID              string    `json:"clientId"`
	UserID                *string   `json:"userId"`
	Scopes                string    `json:"scopes"`
	CreatedAt             time.Time `json:"createdAt"`
	UpdatedAt             time.Time `json:"updatedAt"`
}

// Held finds a token that is valid, or nil.
func (p *Provider) Held(c *core.Ctx, token string) (*Held, error) {
	if b, err := p.Bearer(c, token); b == nil || err != nil {
		return nil, err
	}
	r, err := p.store.tokens.Find(c, adapter.By(fieldAccess, hash(token)))
	if core.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &Held{
		ID: r.ID, AccessToken: token, AccessTokenExpiresAt: r.AccessExpiresAt, RefreshTokenExpiresAt: r.RefreshExpiresAt, ClientID: r.ClientID, UserID: r.UserID, Scopes: r.Scopes,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}, nil
}

// UserInfoOf answers the UserInfo endpoint.
func (p *Provider) UserInfoOf(c *core.Ctx, _ *core.NoInput) (*oauthserver.Claims, error) {
	if err := p.store.adopt(c, fieldAccess, BearerOf(c)); err != nil {
		return nil, err
	}
	return p.UserInfo(c, "")
}

// EndSessionInput is the query of the end of a session, or its form.
type EndSessionInput struct {
	IDTokenHint           *string `query:"id_token_hint" doc:"An id_token of the session that ends"`
	LogoutHint            *string `query:"logout_hint"`
	ClientID              *string `query:"client_id"`
	PostLogoutRedirectURI *string `query:"post_logout_redirect_uri" doc:"A redirect URI of the client, to which the browser goes"`
	State                 *string `query:"state"`
	UILocales             *string `query:"ui_locales"`
}

// EndSession ends the session that an id_token names.
func (p *Provider) EndSession(c *core.Ctx, in *EndSessionInput) (*core.Raw, error) {
	ask := oauthserver.LogoutInput{
		Hint: validate.Value(in.IDTokenHint), ClientID: validate.Value(in.ClientID), RedirectURI: validate.Value(in.PostLogoutRedirectURI), State: validate.Value(in.State),
	}
	if c.Method() == http.MethodPost {
		for _, pair := range queryOf(c.Body()) {
			switch pair.Name {
			case "id_token_hint":
				ask.Hint = pair.Value
			case "client_id":
				ask.ClientID = pair.Value
			case "post_logout_redirect_uri":
				ask.RedirectURI = pair.Value
			case "state":
				ask.State = pair.Value
			}
		}
	}
	target, err := p.Logout(c, ask)
	if err != nil {
		return nil, err
	}
	if target != "" {
		return oauthserver.Go(c, target), nil
	}
	return &core.Raw{ContentType: "application/json", Body: []byte(`{"success":true,"message":"Logout successful"}`)}, nil
}

// Discover answers with the document of discovery.
func (p *Provider) Discover(c *core.Ctx, _ *core.NoInput) (*oauthserver.Document, error) {
	body := p.Metadata(c, oauthserver.Endpoints{
		Authorize: p.cfg.AuthorizePath, Token: p.cfg.TokenPath, Register: p.cfg.RegisterPath, UserInfo: p.cfg.UserInfoPath, EndSession: p.cfg.EndSessionPath,
	})
	if len(p.cfg.Metadata) > 0 {
		v, err := wire.Parse(body, wire.Limits{})
		if err != nil {
			return nil, err
		}
		o, _ := v.Obj()
		if err := oauthserver.Extend(o, p.cfg.Metadata); err != nil {
			return nil, err
		}
		body = o.AppendJSON(nil)
	}
	oauthserver.CacheMetadata(c)
	return oauthserver.NewDocument(body), nil
}

// Face is what anybody who is signed in may see of a client.
type Face struct {
	ClientID string  `json:"clientId"`
	Name     string  `json:"name"`
	Icon     *string `json:"icon"`
}

// FaceOf finds a client.
func (p *Provider) FaceOf(ctx context.Context, id string) (*Face, error) {
	client, err := p.store.FindClient(ctx, id)
	if core.IsNotFound(err) {
		return nil, oauthserver.Fail(http.StatusNotFound, oauthserver.ErrNotFound, "client not found")
	}
	if err != nil {
		return nil, err
	}
	return &Face{ClientID: client.ID, Name: client.Name, Icon: pointer(client.Logo)}, nil
}
