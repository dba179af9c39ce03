package main

import (
	"context"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/wire"
	"github.com/advantch/kernia-go/saml"
)

func init() { factories["sso"] = (*instance).sso }

// sso maps the options of @better-auth/sso.
func (i *instance) sso(s *section) core.Plugin {
	o := sso.Options{
		DefaultOverrideUserInfo: s.flag("defaultOverrideUserInfo"), DisableImplicitSignUp: s.flag("disableImplicitSignUp"),
		ProvisionUserOnEveryLogin: s.flag("provisionUserOnEveryLogin"), TrustEmailVerified: s.flag("trustEmailVerified"), RedirectURI: s.text("redirectURI"),
		Table: s.text("modelName"), HTTPClient: i.httpClient(), SAML: saml.New(saml.Options{}),
	}
	if names, ok := s.get("fields").Obj(); ok {
		o.Columns = map[string]string{}
		for _, m := range names.Members() {
			o.Columns[m.Name], _ = m.Value.Str()
		}
	}
	if n, ok := s.get("providersLimit").Num(); ok {
		if o.MaxProviders = int(n); n == 0 {
			o.MaxProviders = -1
		}
	} else if f := s.function("providersLimit"); f != nil {
		o.MaxProvidersFunc = func(ctx context.Context, u *core.User) (int, error) {
			v, err := f.call(ctx, object("id", u.ID, "email", u.Email))
			n, _ := v.Num()
			return int(n), err
		}
	}
	verification := s.sub("domainVerification")
	o.Domains.Enabled, o.Domains.TokenPrefix = verification.flag("enabled"), verification.text("tokenPrefix")
	orgs := s.sub("organizationProvisioning")
	o.Organizations.Disabled, o.Organizations.Role = orgs.flag("disabled"), orgs.text("defaultRole")
	if f := orgs.function("getRole"); f != nil {
		o.Organizations.RoleOf = func(ctx context.Context, e *sso.Arrival) (string, error) {
			v, err := f.call(ctx, arrivalOf(e))
			role, _ := v.Str()
			return role, err
		}
	}
	if f := s.function("provisionUser"); f != nil {
		o.ProvisionUser = func(ctx context.Context, e *sso.Arrival) error {
			_, err := f.call(ctx, arrivalOf(e))
			return err
		}
	}
	items, _ := s.get("defaultSSO").Items()
	for _, item := range items {
		one := s.all.section(s.name("defaultSSO[]"), item)
		config := one.sub("oidcConfig")
		o.Defaults = append(o.Defaults, sso.DefaultProvider{ProviderID: one.text("providerId"), Domain: one.text("domain"), OIDC: &sso.OIDCConfig{
			Issuer: config.text("issuer"), ClientID: config.text("clientId"), ClientSecret: config.text("clientSecret"), DiscoveryEndpoint: config.text("discoveryEndpoint"),
			AuthorizationEndpoint: config.text("authorizationEndpoint"), TokenEndpoint: config.text("tokenEndpoint"), JWKSEndpoint: config.text("jwksEndpoint"),
			UserInfoEndpoint: config.text("userInfoEndpoint"), TokenEndpointAuthentication: config.text("tokenEndpointAuthentication"), Scopes: config.texts("scopes"),
			NoPKCE: !config.flag("pkce"), OverrideUserInfo: config.flag("overrideUserInfo"),
		}})
	}
	rules := s.sub("saml")
	o.SAMLRules = sso.SAMLRules{
		NoInResponseTo: !rules.flagOr("enableInResponseToValidation", true), AllowIDPInitiated: rules.flagOr("allowIdpInitiated", true),
		SingleLogout: rules.flag("enableSingleLogout"), RequireTimestamps: rules.flag("requireTimestamps"),
		RequestTTL: rules.milliseconds("requestTTL"), ClockSkew: rules.milliseconds("clockSkew"), LogoutRequestTTL: rules.milliseconds("logoutRequestTTL"),
	}
	return sso.New(o)
}

func (s *section) milliseconds(name string) time.Duration {
	n, _ := s.number(name)
	return time.Duration(n) * time.Millisecond
}

func arrivalOf(e *sso.Arrival) wire.Value {
	return object("email", e.User.Email, "id", e.Info["id"], "providerId", e.Provider.ProviderID)
}
