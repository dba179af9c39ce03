package main

import (
	"context"
	"encoding/json"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/oidcprovider"
	"github.com/advantch/kernia-go/core/wire"
)

func init() { factories["oidcProvider"] = (*instance).oidcProvider }

// oidcProvider maps the options of oidcProvider.
func (i *instance) oidcProvider(s *section) core.Plugin {
	o := oidcprovider.Options{
		LoginPage: s.text("loginPage"), ConsentPage: s.text("consentPage"), Scopes: s.texts("scopes"), DefaultScope: s.text("defaultScope"),
		RequirePKCE: s.flag("requirePKCE"), AllowDynamicClientRegistration: s.flag("allowDynamicClientRegistration"), UseJWTPlugin: s.flag("useJWTPlugin"),
		GenerateClientID: s.maker("generateClientId"), GenerateClientSecret: s.maker("generateClientSecret"),
		TrustedClients: trustedClients(s), GetAdditionalUserInfoClaim: userInfoClaim(s),
	}
	o.CodeExpiresIn, _ = s.seconds("codeExpiresIn")
	o.AccessTokenExpiresIn, _ = s.seconds("accessTokenExpiresIn")
	o.RefreshTokenExpiresIn, _ = s.seconds("refreshTokenExpiresIn")
	if v := s.get("storeClientSecret"); !v.IsUndefined() {
		if text, ok := v.Str(); ok {
			o.StoreClientSecret = oidcprovider.SecretStorage(text)
		} else {
			own := s.sub("storeClientSecret")
			o.HashClientSecret, o.EncryptClientSecret, o.DecryptClientSecret = own.texter("hash"), own.texter("encrypt"), own.texter("decrypt")
		}
	}
	s.flag("allowPlainCodeChallengeMethod") // which is refused whatever it says
	return oidcprovider.New(o)
}

func trustedClients(s *section) (out []oidcprovider.TrustedClient) {
	items, _ := s.get("trustedClients").Items()
	for _, item := range items {
		one := s.all.section("plugin oidcProvider.trustedClients", item)
		t := oidcprovider.TrustedClient{
			ClientID: one.text("clientId"), ClientSecret: one.text("clientSecret"), Name: one.text("name"), Icon: one.text("icon"), Type: one.text("type"),
			RedirectURLs: one.texts("redirectUrls"), Disabled: one.flag("disabled"), SkipConsent: one.flag("skipConsent"),
		}
		if v := one.get("metadata"); v.Truthy() {
			_ = json.Unmarshal(v.AppendJSON(nil), &t.Metadata)
		}
		out = append(out, t)
	}
	return out
}

func userInfoClaim(s *section) func(context.Context, oidcprovider.ClaimAsk) (map[string]any, error) {
	f := s.function("getAdditionalUserInfoClaim")
	if f == nil {
		return nil
	}
	return func(ctx context.Context, a oidcprovider.ClaimAsk) (map[string]any, error) {
		scopes := make([]wire.Value, len(a.Scopes))
		for i, one := range a.Scopes {
			scopes[i] = wire.String(one)
		}
		v, err := f.call(ctx, encodeUser(a.User), wire.Array(scopes...), object("clientId", wire.String(a.ClientID)))
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
