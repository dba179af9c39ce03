package genericoauth

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth2"
)

type profileFunc = func(ctx context.Context, c *http.Client, p *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error)

// profile reads a profile and lets the application map it.
func (g *provider) profile(read profileFunc) profileFunc {
	if g.c.GetUserInfo != nil {
		read = func(ctx context.Context, _ *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
			return g.c.GetUserInfo(ctx, r.Tokens)
		}
	}
	if g.c.MapProfileToUser == nil {
		return read
	}
	return func(ctx context.Context, c *http.Client, p *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
		profile, err := read(ctx, c, p, r)
		if err != nil || profile == nil {
			return nil, err
		}
		fields, err := g.c.MapProfileToUser(ctx, profile)
		if err != nil {
			return nil, err
		}
		out := *profile
		out.Fields = fields
		for name, into := range map[string]*string{"name": &out.Name, "email": &out.Email, "image": &out.Image} {
			if text, ok := fields[name].(string); ok && text != "" {
				*into = text
			}
		}
		if id := oauth2.Claims(fields).ID("id"); id != "" {
			out.ID = id
		}
		if core.NormalizeEmail(out.Email) != core.NormalizeEmail(profile.Email) {
			out.EmailVerified = false // the provider has not verified what takes its place
		}
		return &out, nil
	}
}

// standardProfile reads a verified id_token that has an address, or else asks the userinfo
// endpoint.
func standardProfile(userInfo string) profileFunc {
	return func(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
		claims := r.IDToken
		if claims.ID("sub") == "" || claims.String("email") == "" {
			if userInfo == "" {
				return nil, errNoUserInfo
			}
			var err error
			if claims, err = oauth2.UserInfo(ctx, c, userInfo, r.Tokens, nil); err != nil {
				return nil, err
			}
		}
		return read(claims), nil
	}
}

// read takes the members that Better Auth takes: those of OpenID Connect, unless there are
// others of the user's own names.
func read(claims oauth2.Claims) *oauth2.Profile {
	first := func(names ...string) string {
		for _, name := range names {
			if s := claims.String(name); s != "" {
				return s
			}
		}
		return ""
	}
	p := &oauth2.Profile{
		ID: claims.ID("id"), Name: claims.String("name"), Email: claims.String("email"), Image: first("image", "picture"),
		EmailVerified: claims.Bool("email_verified"), Raw: claims,
	}
	if p.ID == "" {
		p.ID = claims.ID("sub")
	}
	if claims["emailVerified"] != nil {
		p.EmailVerified = claims.Bool("emailVerified")
	}
	return p
}
