// Package sso signs users in through the identity provider of their company, by OpenID Connect
// or SAML 2.0. Users with a session register providers, for themselves or for an organization,
// and prove that the domains of the addresses are theirs. See
// https://better-auth.com/docs/plugins/sso. Plugin id: "sso".
//
// Whoever may register a provider decides what it says. So an address alone never lets a
// provider into the account of a user who exists already: its domain must be proven, or the
// application must trust the provider.
package sso

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/schema"
)

// ID is the plugin's id.
const ID = "sso"

// Method is SignIn.Method of sign-ins by all providers.
const Method = "sso"

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	ServiceProviderMetadata *core.Op[MetadataInput, *core.Raw]
	Register                *core.Op[RegisterInput, RegisterReply]
	SignIn                  *core.Op[SignInInput, SignInReply]
	Callback                *core.Op[CallbackInput, core.StatusReply]
	SharedCallback          *core.Op[SharedCallbackInput, core.StatusReply]
	SAMLCallback            *core.Op[SAMLCallbackInput, core.StatusReply]
	AssertionConsumer       *core.Op[AssertionInput, core.StatusReply]
	AssertionPage           *core.Op[AssertionPageInput, core.StatusReply]
	SingleLogout            *core.Op[LogoutMessageInput, *core.Raw]
	BeginLogout             *core.Op[LogoutInput, *core.Raw]
	List                    *core.Op[core.NoInput, ProvidersReply]
	Get                     *core.Op[ProviderQuery, ProviderReply]
	Update                  *core.Op[UpdateInput, ProviderReply]
	Delete                  *core.Op[ProviderInput, core.SuccessReply]
	// With Options.Domains.Enabled only; nil otherwise.
	RequestDomainVerification *core.Op[ProviderInput, DomainTokenReply]
	VerifyDomain              *core.Op[ProviderInput, *core.Raw]

	opts Options
	auth *core.Auth
	org  *organization.Plugin
	keys *keySets

	documents documents

	providers *core.Table[Row]
	used      *core.Table[usedRow] // nil without a stack of SAML
}

const (
	callbackPath     = "/sso/callback"
	samlCallbackPath = "/sso/saml2/callback"
	acsPath          = "/sso/saml2/sp/acs"
	sloPath          = "/sso/saml2/sp/slo"
	metadataPath     = "/sso/saml2/sp/metadata"
)

// New makes the plugin. It needs the plugin social.
func New(o Options) *Plugin {
	o.defaults()
	p := &Plugin{opts: o, keys: newKeySets()}
	session, person := core.Use(core.RequireStoredSession), core.Use(core.RequireStoredSession, core.InPerson)
	p.ServiceProviderMetadata = core.Get("spMetadata", metadataPath, p.metadata, core.DocID("getSSOServiceProviderMetadata"), core.Answers("application/xml"),
		core.Doc("Get Service Provider metadata"))
	p.Register = core.Post("registerSSOProvider", "/sso/register", p.register, person, core.Fails(http.StatusUnprocessableEntity, http.StatusBadGateway),
		core.Doc("Register an SSO provider"))
	p.SignIn = core.Post("signInSSO", "/sign-in/sso", p.signIn, core.DocID("signInWithSSO"), core.Fails(http.StatusBadGateway), core.Doc("Sign in with SSO provider"))
	p.Callback = core.Get("callbackSSO", callbackPath+"/:providerId", p.callback, core.Redirects(), core.DocID("handleSSOCallback"),
		core.Doc("Complete a sign-in that a provider has sent the browser back from"))
	p.SharedCallback = core.Get("callbackSSOShared", callbackPath, p.sharedCallback, core.Redirects(), core.DocID("handleSSOCallbackShared"),
		core.Doc("Complete a sign-in by any provider"))
	p.SAMLCallback = core.Get("callbackSSOSAML", samlCallbackPath+"/:providerId", p.samlCallback, core.WithMethods(http.MethodGet, http.MethodPost), core.AcceptForm(),
		core.CrossSite(), core.Redirects(), core.DocID("handleSAMLCallback"), core.Doc("Complete a sign-in by SAML"))
	p.AssertionConsumer = core.Post("acsEndpoint", acsPath+"/:providerId", p.assertionConsumer, core.AcceptForm(), core.CrossSite(),
		core.Redirects(), core.DocID("handleSAMLAssertionConsumerService"), core.Doc("SAML Assertion Consumer Service"))
	p.AssertionPage = core.Get("acsPage", acsPath+"/:providerId", p.assertionPage, core.Redirects(), core.DocID("handleSAMLAssertionConsumerPage"),
		core.Doc("Send a browser on that opens the SAML Assertion Consumer Service"))
	p.SingleLogout = core.Get("sloEndpoint", sloPath+"/:providerId", p.singleLogout, core.WithMethods(http.MethodGet, http.MethodPost), core.AcceptForm(),
		core.CrossSite(), core.MayRedirect(), core.Answers("text/html"), core.Doc("SAML Single Logout Service"))
	p.BeginLogout = core.Post("initiateSLO", "/sso/saml2/logout/:providerId", p.beginLogout, session, core.Redirects(),
		core.Doc("Sign out here and at the identity provider"))
	p.List = core.Get("listSSOProviders", "/sso/providers", p.list, session, core.Doc("List SSO providers"))
	p.Get = core.Get("getSSOProvider", "/sso/get-provider", p.get, session, core.Doc("Get SSO provider details"))
	p.Update = core.Post("updateSSOProvider", "/sso/update-provider", p.update, person, core.Fails(http.StatusConflict), core.Doc("Update SSO provider"))
	p.Delete = core.Post("deleteSSOProvider", "/sso/delete-provider", p.remove, person, core.Doc("Delete SSO provider"))
	if o.Domains.Enabled {
		p.RequestDomainVerification = core.Post("requestDomainVerification", "/sso/request-domain-verification", p.requestVerification, person,
			core.Status(http.StatusCreated), core.Fails(http.StatusConflict), core.Doc("Request a domain verification"))
		p.VerifyDomain = core.Post("verifyDomain", "/sso/verify-domain", p.verifyDomain, person, core.Status(http.StatusNoContent),
			core.Fails(http.StatusConflict, http.StatusBadGateway), core.Doc("Verify the provider domain ownership"))
	}
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "sso".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(env core.Env) (core.Manifest, error) {
	if err := p.check(env); err != nil {
		return core.Manifest{}, err
	}
	return core.Manifest{
		Requires:      []string{oauth.SocialID},
		Tables:        p.tables(),
		Errors:        codes(),
		Init:          p.bind,
		Before:        []core.Hook{{Match: core.Paths("/sign-out"), Run: p.signingOut}},
		After:         []core.Hook{{Match: core.Prefix("/callback/"), Run: p.joinByDomain}},
		DeleteExpired: p.deleteExpired,
		Store:         core.StoreHooks{User: core.ModelHooks[core.User]{BeforeDelete: p.userDeleted}},
		SignInMethods: []core.SignInMethod{{Name: Method, Label: "Single sign-on", Usable: p.usable}},
		OpenAPI:       core.OpenAPIPart{Tag: "SSO"},
	}, nil
}

func (p *Plugin) check(env core.Env) error {
	o := &p.opts
	seen := map[string]bool{}
	for i, d := range o.Defaults {
		say := func(format string, args ...any) error {
			return fmt.Errorf("Options.Defaults[%d]: "+format, append([]any{i}, args...)...)
		}
		switch {
		case !isProviderID(d.ProviderID):
			return say("ProviderID %q must be 1 to 64 letters, digits, hyphens and underscores", d.ProviderID)
		case seen[d.ProviderID]:
			return say("ProviderID %q is there twice: give each provider an id of its own", d.ProviderID)
		case (d.OIDC == nil) == (d.SAML == nil):
			return say("set either OIDC or SAML")
		case d.SAML != nil && o.SAML == nil:
			return say("it speaks SAML: set Options.SAML to a stack, such as saml.New() of github.com/advantch/kernia-go/saml")
		case d.OIDC != nil && (d.OIDC.Issuer == "" || d.OIDC.ClientID == ""):
			return say("OIDC needs Issuer and ClientID")
		case d.OIDC == nil && d.PrivateKey != nil:
			return say("PrivateKey is one of OpenID Connect: a key of SAML is in SAML")
		}
		if d.OIDC != nil {
			if err := o.checkClientKey(&d); err != nil {
				return say("%w", err)
			}
		}
		seen[d.ProviderID] = true
	}
	for name := range o.Columns {
		if !slices.ContainsFunc(p.table().Fields, func(f schema.Field) bool { return f.Name == name }) {
			return fmt.Errorf("Options.Columns has %q, which is no field of the table %q", name, ModelProvider)
		}
	}
	if u, err := url.Parse(strings.TrimSpace(o.RedirectURI)); err != nil || u.IsAbs() && u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("Options.RedirectURI %q must be a path or an http URL", o.RedirectURI)
	}
	if len(o.Domains.TokenPrefix) > 40 || strings.Trim(o.Domains.TokenPrefix, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("Options.Domains.TokenPrefix %q must be at most 40 small letters, digits and hyphens", o.Domains.TokenPrefix)
	}
	r := &o.SAMLRules
	switch {
	case r.ClockSkew < 0 || r.ClockSkew > 10*time.Minute:
		return errors.New("Options.SAMLRules.ClockSkew must be between 0 and 10 minutes")
	case r.RequestTTL < 0 || r.LogoutRequestTTL < 0:
		return errors.New("Options.SAMLRules.RequestTTL and LogoutRequestTTL must be positive")
	case r.MaxResponse < 0 || r.MaxMetadata < 0:
		return errors.New("Options.SAMLRules.MaxResponse and MaxMetadata must be positive")
	}
	return nil
}

func (p *Plugin) bind(_ context.Context, a *core.Auth) error {
	p.auth = a
	var err error
	if p.providers, err = core.TableOf[Row](a, ModelProvider); err != nil {
		return err
	}
	if p.opts.SAML != nil {
		if p.used, err = core.TableOf[usedRow](a, modelAssertion); err != nil {
			return err
		}
	}
	for i, d := range p.opts.Defaults {
		if d.OIDC != nil {
			if _, err := p.client(&provider{Provider: Provider{ProviderID: d.ProviderID, Issuer: d.OIDC.Issuer}, oidc: d.OIDC, isDefault: true}, true); err != nil {
				return fmt.Errorf("Options.Defaults[%d]: %w", i, err)
			}
		}
	}
	var ok bool
	if p.org, ok = core.PluginOf[*organization.Plugin](a); ok {
		p.org.BeforeDeletion(p.organizationDeleted)
	}
	return nil
}

// usable tells a user who has an account of a provider.
func (p *Plugin) usable(ctx context.Context, _ *core.User, accounts []*core.Account) (bool, error) {
	for _, acc := range accounts {
		if acc.ProviderID == core.ProviderCredential {
			continue
		}
		found, err := p.find(ctx, acc.ProviderID)
		if found != nil || err != nil {
			return found != nil, err
		}
	}
	return false, nil
}

// isProviderID tells an id that can be one of a provider: it is part of paths and of account rows.
func isProviderID(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}
