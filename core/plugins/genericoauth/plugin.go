// Package genericoauth signs users in through any OAuth 2.0 or OpenID Connect provider,
// described by its endpoints or by its discovery document. It has ready-made
// configurations for Auth0, Okta, Keycloak and others. See
// https://better-auth.com/docs/plugins/generic-oauth. Plugin id: "generic-oauth".
package genericoauth

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
)

// ID is the plugin's id.
const ID = "generic-oauth"

// Options configures the plugin.
type Options struct {
	// Config describes the providers, for example genericoauth.Okta(…). At least one.
	Config []Config
}

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	SignIn   *core.Op[SignInInput, SignInReply]
	Callback *core.Op[CallbackInput, core.StatusReply]
	Link     *core.Op[LinkInput, SignInReply]

	opts      Options
	providers []*provider
	auth      *core.Auth
}

// New makes the plugin. It needs the plugin social, whose routes serve its providers too.
func New(o Options) *Plugin {
	p := &Plugin{opts: o}
	p.SignIn = core.Post("signInWithOAuth2", "/sign-in/oauth2", p.signIn, core.Doc("Sign in with OAuth2"))
	p.Callback = core.Get("oAuth2Callback", "/oauth2/callback/:providerId", p.callback, core.WithMethods(http.MethodGet, http.MethodPost),
		core.AcceptForm(), core.CrossSite(), core.Redirects(), core.Doc("Complete a flow that a provider has sent the browser back from"))
	p.Link = core.Post("oAuth2LinkAccount", "/oauth2/link", p.link, core.Use(core.RequireSession, core.InPerson),
		core.Doc("Link an OAuth2 account to the current user"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "generic-oauth".
func (p *Plugin) ID() string { return ID }

// Manifest checks the providers.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	p.providers = nil
	if len(p.opts.Config) == 0 {
		return core.Manifest{}, errors.New("Options.Config is empty: describe a provider, or leave the plugin out")
	}
	for _, c := range p.opts.Config {
		one, err := newProvider(c)
		if err != nil {
			return core.Manifest{}, err
		}
		p.providers = append(p.providers, one)
	}
	return core.Manifest{Requires: []string{oauth.SocialID}, Errors: codes(), SignInMethods: oauth.Methods(p.Providers()), Init: p.init}, nil
}

func (p *Plugin) init(_ context.Context, a *core.Auth) error {
	p.auth = a
	for _, one := range p.providers {
		one.auth = a
	}
	return nil
}

// Providers lists the configured providers. It makes the plugin an oauth.Source.
func (p *Plugin) Providers() []*oauth.Provider {
	out := make([]*oauth.Provider, len(p.providers))
	for i, one := range p.providers {
		out[i] = one.Provider
	}
	return out
}

func (p *Plugin) engine() *oauth.Engine { return oauth.From(p.auth) }

func (p *Plugin) provider(id string) (*provider, bool) {
	for _, one := range p.providers {
		if one.ID() == id {
			return one, true
		}
	}
	return nil, false
}
