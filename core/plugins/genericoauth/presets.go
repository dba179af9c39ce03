package genericoauth

import (
	"errors"
	"net/url"
	"strings"
)

// Preset is what the ready-made configurations have in common. ClientID and ClientSecret
// are required.
type Preset struct {
	ClientID, ClientSecret string
	// Scopes replace those of the preset.
	Scopes []string
	// RedirectURI and the fields after it are those of Config.
	RedirectURI           string
	NoPKCE                bool
	DisableImplicitSignUp bool
	DisableSignUp         bool
	OverrideUserInfo      bool
}

func (o Preset) config(id string, scopes ...string) Config {
	if o.Scopes != nil {
		scopes = o.Scopes
	}
	c := Config{
		ProviderID: id, ClientID: o.ClientID, ClientSecret: o.ClientSecret, Scopes: scopes, RedirectURI: o.RedirectURI, NoPKCE: o.NoPKCE,
		DisableImplicitSignUp: o.DisableImplicitSignUp, DisableSignUp: o.DisableSignUp, OverrideUserInfo: o.OverrideUserInfo,
	}
	if o.ClientSecret == "" {
		c.err = errors.New("ClientSecret is missing: take it from the provider's console")
	}
	return c
}

// openID is a preset of a provider with a discovery document.
func (o Preset) openID(id, issuer string) Config {
	c := o.config(id, "openid", "profile", "email")
	c.DiscoveryURL = strings.TrimSuffix(issuer, "/") + wellKnown
	return c
}

// Auth0Options configures Auth0.
type Auth0Options struct {
	Preset
	Domain string // of the tenant, such as "tenant.eu.auth0.com"
}

// Auth0 describes a tenant of Auth0. Provider id: "auth0".
func Auth0(o Auth0Options) Config {
	domain := strings.TrimPrefix(strings.TrimPrefix(o.Domain, "https://"), "http://")
	c := o.openID("auth0", "https://"+domain)
	if domain == "" {
		c.err = errors.New("Domain is missing: it is the tenant's, such as tenant.eu.auth0.com")
	}
	return c
}

// IssuerOptions configures Okta and Keycloak.
type IssuerOptions struct {
	Preset
	Issuer string // such as "https://dev-1.okta.com/oauth2/default" or "https://sso.example.com/realms/main"
}

func (o IssuerOptions) at(id string) Config {
	c := o.openID(id, o.Issuer)
	if o.Issuer == "" {
		c.err = errors.New("Issuer is missing: it is the address before " + wellKnown)
	}
	return c
}

// Okta describes an authorization server of Okta. Provider id: "okta".
func Okta(o IssuerOptions) Config { return o.at("okta") }

// Keycloak describes a realm of Keycloak. Provider id: "keycloak".
func Keycloak(o IssuerOptions) Config { return o.at("keycloak") }

// Gumroad describes Gumroad. Provider id: "gumroad". Addresses count as not verified.
func Gumroad(o Preset) Config {
	c := o.config("gumroad", "view_profile")
	c.AuthorizationURL, c.TokenURL = "https://gumroad.com/oauth/authorize", "https://api.gumroad.com/oauth/token"
	c.profile = gumroadProfile
	return c
}

// HubSpot describes HubSpot. Provider id: "hubspot". Addresses count as not verified.
func HubSpot(o Preset) Config {
	c := o.config("hubspot", "oauth")
	c.AuthorizationURL, c.TokenURL = "https://app.hubspot.com/oauth/authorize", "https://api.hubapi.com/oauth/v1/token"
	c.profile = hubSpotProfile
	return c
}

// LINEOptions configures LINE.
type LINEOptions struct {
	Preset
	ProviderID string // one for each country's channel; default "line"
}

// LINE describes a channel of LINE. Addresses count as not verified.
func LINE(o LINEOptions) Config {
	id := o.ProviderID
	if id == "" {
		id = "line"
	}
	c := o.config(id, "openid", "profile", "email")
	c.AuthorizationURL, c.TokenURL = "https://access.line.me/oauth2/v2.1/authorize", "https://api.line.me/oauth2/v2.1/token"
	c.UserInfoURL = "https://api.line.me/oauth2/v2.1/userinfo"
	c.profile = lineProfile
	return c
}

// EntraOptions configures Microsoft Entra ID.
type EntraOptions struct {
	Preset
	TenantID string // a tenant's id or domain, "common", "organizations" or "consumers"
}

// MicrosoftEntraID describes Microsoft Entra ID. Provider id: "microsoft-entra-id".
func MicrosoftEntraID(o EntraOptions) Config {
	c := o.config("microsoft-entra-id", "openid", "profile", "email")
	at := "https://login.microsoftonline.com/" + url.PathEscape(o.TenantID) + "/oauth2/v2.0/"
	c.AuthorizationURL, c.TokenURL, c.UserInfoURL = at+"authorize", at+"token", "https://graph.microsoft.com/oidc/userinfo"
	c.profile = entraProfile
	if o.TenantID == "" {
		c.err = errors.New(`TenantID is missing: it is the directory's id, or "common"`)
	}
	return c
}

// Patreon describes Patreon. Provider id: "patreon".
func Patreon(o Preset) Config {
	c := o.config("patreon", "identity[email]")
	c.AuthorizationURL, c.TokenURL = "https://www.patreon.com/oauth2/authorize", "https://www.patreon.com/api/oauth2/token"
	c.profile = patreonProfile
	return c
}

// Slack describes Slack. Provider id: "slack".
func Slack(o Preset) Config {
	c := o.config("slack", "openid", "profile", "email")
	c.AuthorizationURL, c.TokenURL = "https://slack.com/openid/connect/authorize", "https://slack.com/api/openid.connect.token"
	c.UserInfoURL = "https://slack.com/api/openid.connect.userInfo"
	c.profile = slackProfile
	return c
}

// Yandex describes Yandex. Provider id: "yandex". Addresses count as not verified.
func Yandex(o Preset) Config {
	c := o.config("yandex", "login:info", "login:email", "login:avatar")
	c.AuthorizationURL, c.TokenURL = "https://oauth.yandex.com/authorize", "https://oauth.yandex.com/token"
	c.profile = yandexProfile
	return c
}
