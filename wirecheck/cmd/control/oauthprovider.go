package main

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/wire"
)

func init() { factories["oauthProvider"] = (*instance).oauthProvider }

// oauthProvider maps the options of @better-auth/oauth-provider.
func (i *instance) oauthProvider(s *section) core.Plugin {
	o := oauthprovider.Options{
		Scopes: s.texts("scopes"), GrantTypes: s.texts("grantTypes"), ValidAudiences: s.texts("validAudiences"),
		ClientCredentialScopes: s.texts("clientCredentialGrantDefaultScopes"),
		LoginPage:              s.text("loginPage"), ConsentPage: s.text("consentPage"),
		AllowDynamicClientRegistration: s.flag("allowDynamicClientRegistration"), AllowUnauthenticatedClientRegistration: s.flag("allowUnauthenticatedClientRegistration"),
		RegistrationDefaultScopes: s.texts("clientRegistrationDefaultScopes"), RegistrationAllowedScopes: s.texts("clientRegistrationAllowedScopes"),
		RegistrationSecretExpiresIn: s.span("clientRegistrationClientSecretExpiration"), AllowPublicClientPrelogin: s.flag("allowPublicClientPrelogin"),
		DisableJWTPlugin: s.flag("disableJwtPlugin"), PairwiseSecret: s.text("pairwiseSecret"),
		GenerateClientID: s.maker("generateClientId"), GenerateClientSecret: s.maker("generateClientSecret"),
		GenerateAccessToken: s.maker("generateOpaqueAccessToken"), GenerateRefreshToken: s.maker("generateRefreshToken"),
	}
	o.CodeExpiresIn, _ = s.seconds("codeExpiresIn")
	o.AccessTokenExpiresIn, _ = s.seconds("accessTokenExpiresIn")
	o.M2MAccessTokenExpiresIn, _ = s.seconds("m2mAccessTokenExpiresIn")
	o.RefreshTokenExpiresIn, _ = s.seconds("refreshTokenExpiresIn")
	o.IDTokenExpiresIn, _ = s.seconds("idTokenExpiresIn")
	advertised := s.sub("advertisedMetadata")
	o.AdvertisedScopes, o.AdvertisedClaims = advertised.texts("scopes_supported"), advertised.texts("claims_supported")
	prefix := s.sub("prefix")
	o.ClientSecretPrefix, o.AccessTokenPrefix, o.RefreshTokenPrefix = prefix.text("clientSecret"), prefix.text("opaqueAccessToken"), prefix.text("refreshToken")
	if lives, ok := s.get("scopeExpirations").Obj(); ok {
		o.ScopeExpirations = map[string]time.Duration{}
		each := s.sub("scopeExpirations")
		for _, m := range lives.Members() {
			o.ScopeExpirations[m.Name] = each.span(m.Name)
		}
	}
	if v := s.get("storeClientSecret"); !v.IsUndefined() {
		if text, ok := v.Str(); ok {
			o.StoreClientSecret = oauthprovider.SecretStorage(text)
		} else {
			own := s.sub("storeClientSecret")
			o.HashClientSecret, o.EncryptClientSecret, o.DecryptClientSecret = own.texter("hash"), own.texter("encrypt"), own.texter("decrypt")
		}
	}
	silence := s.sub("silenceWarnings") // the documents are served, so that there is no warning
	silence.flag("oauthAuthServerConfig")
	silence.flag("openidConfig")
	pagesOf(&o, s)
	ownClaims(&o, s)
	o.RateLimit = oauthprovider.RateLimits{
		Token: limitOf(s, "token"), Authorize: limitOf(s, "authorize"), Introspect: limitOf(s, "introspect"), Revoke: limitOf(s, "revoke"),
		Register: limitOf(s, "register"), UserInfo: limitOf(s, "userinfo"),
	}
	return oauthprovider.New(o)
}

// limitOf reads the rule of a route, false for none.
func limitOf(s *section, name string) ratelimit.Rule {
	limits := s.sub("rateLimit")
	v := limits.get(name)
	if off, ok := v.Bool(); ok && !off {
		return oauthprovider.NoLimit
	}
	if v.IsUndefined() {
		return ratelimit.Rule{}
	}
	own := limits.sub(name)
	window, _ := own.seconds("window")
	return ratelimit.Rule{Window: window, Max: own.whole("max")}
}

func askedOf(a oauthprovider.Asked) wire.Value {
	data := encodeSessionData(a.Session)
	scopes := make([]wire.Value, len(a.Scopes))
	for i, one := range a.Scopes {
		scopes[i] = wire.String(one)
	}
	return object("user", data.Get("user"), "session", data.Get("session"), "scopes", wire.Array(scopes...))
}

func pagesOf(o *oauthprovider.Options, s *section) {
	ask := func(f *callback) func(context.Context, oauthprovider.Asked) (bool, error) {
		if f == nil {
			return nil
		}
		return func(ctx context.Context, a oauthprovider.Asked) (bool, error) {
			v, err := f.call(ctx, askedOf(a))
			return v.Truthy(), err
		}
	}
	account, signup, after := s.sub("selectAccount"), s.sub("signup"), s.sub("postLogin")
	o.SelectAccountPage, o.ShouldSelectAccount = account.text("page"), ask(account.function("shouldRedirect"))
	o.SignUpPage = signup.text("page")
	if f := signup.function("shouldRedirect"); f != nil {
		o.ShouldSignUp = func(ctx context.Context, a oauthprovider.Asked) (string, bool, error) {
			v, err := f.call(ctx, askedOf(a))
			page, _ := v.Str()
			return page, v.Truthy(), err
		}
	}
	o.PostLoginPage, o.ShouldPostLogin = after.text("page"), ask(after.function("shouldRedirect"))
	if f := after.function("consentReferenceId"); f != nil {
		o.ConsentReference = func(ctx context.Context, a oauthprovider.Asked) (string, error) {
			v, err := f.call(ctx, askedOf(a))
			text, _ := v.Str()
			return text, err
		}
	}
	if f := s.function("clientPrivileges"); f != nil {
		o.ClientPrivileges = func(ctx context.Context, action string, data *core.SessionData) (bool, error) {
			d := encodeSessionData(data)
			v, err := f.call(ctx, object("action", wire.String(action), "session", d.Get("session"), "user", d.Get("user")))
			return v.Truthy(), err
		}
	}
	if f := s.function("clientReference"); f != nil {
		o.ClientReference = func(ctx context.Context, data *core.SessionData) (string, error) {
			v, err := f.call(ctx, encodeSessionData(data))
			text, _ := v.Str()
			return text, err
		}
	}
	if f := s.function("requestUriResolver"); f != nil {
		o.RequestURIResolver = func(ctx context.Context, uri, clientID string) (url.Values, error) {
			v, err := f.call(ctx, object("requestUri", wire.String(uri), "clientId", wire.String(clientID)))
			found, ok := v.Obj()
			if err != nil || !ok {
				return nil, err
			}
			out := url.Values{}
			for _, m := range found.Members() {
				if text, ok := m.Value.Str(); ok {
					out.Set(m.Name, text)
				}
			}
			return out, nil
		}
	}
}

func ownClaims(o *oauthprovider.Options, s *section) {
	claims := func(name string) func(context.Context, oauthprovider.TokenAsk) (map[string]any, error) {
		f := s.function(name)
		if f == nil {
			return nil
		}
		return func(ctx context.Context, a oauthprovider.TokenAsk) (map[string]any, error) {
			scopes := make([]wire.Value, len(a.Scopes))
			for i, one := range a.Scopes {
				scopes[i] = wire.String(one)
			}
			said := object("scopes", wire.Array(scopes...))
			if a.User != nil {
				said = object("scopes", wire.Array(scopes...), "user", encodeUser(a.User))
			}
			v, err := f.call(ctx, said)
			if err != nil {
				return nil, err
			}
			if v, err = plain(v); err != nil {
				return nil, err
			}
			var out map[string]any
			return out, json.Unmarshal(v.AppendJSON(nil), &out)
		}
	}
	o.CustomAccessTokenClaims, o.CustomIDTokenClaims = claims("customAccessTokenClaims"), claims("customIdTokenClaims")
	o.CustomUserInfoClaims, o.CustomTokenResponseFields = claims("customUserInfoClaims"), claims("customTokenResponseFields")
}
