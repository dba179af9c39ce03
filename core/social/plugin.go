package social

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
)

// ID is the plugin's id.
const ID = oauth.SocialID

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	SignIn   *core.Op[SignInInput, SignInReply]        // POST /sign-in/social
	Callback *core.Op[CallbackInput, core.StatusReply] // GET and POST /callback/:id; answers with a redirect
	Link     *core.Op[LinkInput, LinkReply]            // POST /link-social
	// GetAccessToken refreshes the token when it ends within five seconds: POST
	// /get-access-token.
	GetAccessToken *core.Op[TokenInput, AccessTokenReply]
	RefreshToken   *core.Op[TokenInput, RefreshTokenReply]       // POST /refresh-token
	AccountInfo    *core.Op[AccountInfoInput, *AccountInfoReply] // GET /account-info

	configs   []oauth.Config
	providers []*oauth.Provider
	engine    *oauth.Engine
}

// New makes the plugin with its providers: social.Google(…), social.GitHub(…), or an
// oauth.Config of your own.
func New(providers ...oauth.Config) *Plugin {
	p := &Plugin{configs: providers}
	p.SignIn = core.Post("signInSocial", "/sign-in/social", p.signIn, core.SignsIn(), core.DocID("socialSignIn"), core.Doc("Sign in with a social provider"))
	p.Callback = core.Get("callbackOAuth", "/callback/:id", p.callback, core.WithMethods("GET", "POST"), core.AcceptForm(), core.CrossSite(), core.Redirects(), core.Doc("Complete a flow that a provider has sent the browser back from"))
	p.Link = core.Post("linkSocialAccount", "/link-social", p.link, core.Use(core.RequireStoredSession, core.InPerson), core.Fails(http.StatusConflict, http.StatusExpectationFailed),
		core.Doc("Link an account of a social provider to the current user"))
	p.GetAccessToken = core.Post("getAccessToken", "/get-access-token", p.getAccessToken, core.Use(core.InPerson), core.Secured(),
		core.Doc("Get a valid access token of a linked account, refreshed if need be"))
	p.RefreshToken = core.Post("refreshToken", "/refresh-token", p.refreshToken, core.Use(core.InPerson), core.Secured(), core.Doc("Refresh the access token of a linked account"))
	p.AccountInfo = core.Get("accountInfo", "/account-info", p.accountInfo, core.Use(requireSession), core.Secured(),
		core.Doc("Read the profile of a linked account from its provider"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "social".
func (p *Plugin) ID() string { return ID }

// Providers lists the configured providers.
func (p *Plugin) Providers() []*oauth.Provider { return p.providers }

// Engine is the engine that all plugins with providers share.
func (p *Plugin) Engine() *oauth.Engine { return p.engine }

// Manifest checks the providers.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	p.providers = nil
	for _, c := range p.configs {
		provider, err := oauth.NewProvider(c)
		if err != nil {
			return core.Manifest{}, err
		}
		p.providers = append(p.providers, provider)
	}
	return core.Manifest{Errors: codes(), SignInMethods: oauth.Methods(p.providers), Init: p.init, OpenAPI: core.OpenAPIPart{Tag: "Default"}}, nil
}

func (p *Plugin) init(_ context.Context, a *core.Auth) (err error) {
	p.engine, err = oauth.New(a)
	return err
}
