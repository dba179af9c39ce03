package main

import (
	"context"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/plugins/genericoauth"
	"github.com/advantch/kernia-go/core/wire"
)

func init() { factories["genericOAuth"] = (*instance).genericOAuth }

func (i *instance) genericOAuth(s *section) core.Plugin {
	o := genericoauth.Options{}
	items, _ := s.get("config").Items()
	for _, item := range items {
		o.Config = append(o.Config, i.genericProvider(s.all.section(s.name("config[]"), item)))
	}
	return genericoauth.New(o)
}

func (i *instance) genericProvider(s *section) genericoauth.Config {
	c := genericoauth.Config{
		ProviderID: s.text("providerId"), DiscoveryURL: s.text("discoveryUrl"), Issuer: s.text("issuer"),
		RequireIssuerValidation: s.flag("requireIssuerValidation"), AuthorizationURL: s.text("authorizationUrl"), TokenURL: s.text("tokenUrl"),
		UserInfoURL: s.text("userInfoUrl"), ClientID: s.text("clientId"), ClientSecret: s.text("clientSecret"), Scopes: s.texts("scopes"),
		RedirectURI: s.text("redirectURI"), ResponseType: s.text("responseType"), ResponseMode: s.text("responseMode"), Prompt: s.text("prompt"),
		AccessType: s.text("accessType"), NoPKCE: !s.flag("pkce"), DisableSignUp: s.flag("disableSignUp"),
		DisableImplicitSignUp: s.flag("disableImplicitSignUp"), OverrideUserInfo: s.flag("overrideUserInfo"),
		DiscoveryHeaders: s.headers("discoveryHeaders"), AuthorizationHeaders: s.headers("authorizationHeaders"), TokenURLParams: s.params("tokenUrlParams"),
	}
	if c.Issuer == "" && c.DiscoveryURL == "" {
		c.RequireIssuerValidation = false // has no effect there
	}
	if s.text("authentication") == "basic" {
		c.Authentication, c.RawBasic = oauth2.AuthBasic, true
	}
	if f := s.all.function(s.get("authorizationUrlParams")); f != nil {
		c.AuthorizationURLParamsFunc = func(ctx *core.Ctx) wire.Query {
			v, err := f.call(context.WithoutCancel(ctx), object("path", ctx.Path()))
			if err != nil {
				return nil
			}
			return queryOf(v)
		}
	} else {
		c.AuthorizationURLParams = s.params("authorizationUrlParams")
	}
	if f := s.function("getToken"); f != nil {
		c.GetToken = func(ctx context.Context, x oauth2.Exchange) (*oauth2.Tokens, error) {
			in := object("code", x.Code, "redirectURI", x.RedirectURI)
			if m, _ := in.Obj(); x.Verifier != "" {
				m.Set("codeVerifier", wire.String(x.Verifier))
			}
			v, err := f.call(ctx, in)
			if err != nil || absent(v) {
				return nil, err
			}
			return decodeTokens(v), nil
		}
	}
	if f := s.function("getUserInfo"); f != nil {
		c.GetUserInfo = func(ctx context.Context, t *oauth2.Tokens) (*oauth2.Profile, error) {
			v, err := f.call(ctx, encodeTokens(t))
			if err != nil || absent(v) {
				return nil, err
			}
			claims, err := oauth2.ParseClaims(v.AppendJSON(nil))
			if err != nil {
				return nil, err
			}
			return &oauth2.Profile{
				ID: claims.ID("id"), Name: claims.String("name"), Email: claims.String("email"), Image: claims.String("image"),
				EmailVerified: claims.Bool("emailVerified"), Raw: claims,
			}, nil
		}
	} else if c.UserInfoURL == "" && c.DiscoveryURL == "" && c.Issuer == "" {
		c.GetUserInfo = func(context.Context, *oauth2.Tokens) (*oauth2.Profile, error) { return nil, nil }
	}
	if f := s.function("mapProfileToUser"); f != nil {
		c.MapProfileToUser = func(ctx context.Context, p *oauth2.Profile) (map[string]any, error) {
			seen := oauth2.Claims{"id": p.ID, "email": p.Email, "emailVerified": p.EmailVerified, "image": p.Image, "name": p.Name}
			for name, v := range p.Raw {
				seen[name] = v
			}
			in, err := wire.Parse(seen.AppendJSON(nil), limits)
			if err != nil {
				return nil, err
			}
			v, err := f.call(ctx, in)
			if err != nil || absent(v) {
				return nil, err
			}
			return oauth2.ParseClaims(v.AppendJSON(nil))
		}
	}
	return c
}

func (s *section) headers(name string) http.Header {
	out := http.Header{}
	for _, p := range s.params(name) {
		out.Set(p.Name, p.Value)
	}
	return out
}

// params reads an object of texts, in its order.
func (s *section) params(name string) wire.Query { return queryOf(s.get(name)) }

func queryOf(v wire.Value) wire.Query {
	var out wire.Query
	o, ok := v.Obj()
	if !ok {
		return nil
	}
	for _, m := range o.Members() {
		text, _ := m.Value.Str()
		out = append(out, wire.Pair{Name: m.Name, Value: text})
	}
	return out
}

func decodeTokens(v wire.Value) *oauth2.Tokens {
	text := func(name string) string { s, _ := v.Get(name).Str(); return s }
	t := &oauth2.Tokens{TokenType: text("tokenType"), AccessToken: text("accessToken"), RefreshToken: text("refreshToken"), IDToken: text("idToken"), Raw: v.Get("raw").AppendJSON(nil)}
	items, _ := v.Get("scopes").Items()
	for _, item := range items {
		if s, ok := item.Str(); ok {
			t.Scopes = append(t.Scopes, s)
		}
	}
	moment := func(name string) time.Time {
		_, inner, _ := tagOf(v.Get(name))
		raw, _ := inner.Str()
		at, _ := wire.ParseTime(raw)
		return at
	}
	t.AccessTokenExpiresAt, t.RefreshTokenExpiresAt = moment("accessTokenExpiresAt"), moment("refreshTokenExpiresAt")
	return t
}

func encodeTokens(t *oauth2.Tokens) wire.Value {
	out := object()
	o, _ := out.Obj()
	for _, m := range []struct{ name, text string }{
		{"tokenType", t.TokenType}, {"accessToken", t.AccessToken}, {"refreshToken", t.RefreshToken}, {"idToken", t.IDToken},
	} {
		if m.text != "" {
			o.Set(m.name, wire.String(m.text))
		}
	}
	scopes := make([]wire.Value, len(t.Scopes))
	for i, s := range t.Scopes {
		scopes[i] = wire.String(s)
	}
	o.Set("scopes", wire.Array(scopes...))
	if !t.AccessTokenExpiresAt.IsZero() {
		o.Set("accessTokenExpiresAt", object("$date", wire.Time(t.AccessTokenExpiresAt)))
	}
	if raw, err := wire.Parse(t.Raw, limits); err == nil {
		o.Set("raw", raw)
	}
	return out
}
