package social

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// ProviderID is the id of a provider in a body.
type ProviderID string

// DecodeWire implements validate.Schemer.
func (id *ProviderID) DecodeWire(v wire.Value, issues *validate.Issues) {
	s, ok := v.Str()
	if !ok {
		issues.Add("Invalid input")
		return
	}
	*id = ProviderID(s)
}

// Shape implements validate.Schemer.
func (*ProviderID) Shape() *validate.Shape { return &validate.Shape{Type: "string"} }

// IDToken is an id_token that the client got from the provider by itself, for example on a
// phone.
type IDToken struct {
	Token        string     `json:"token" doc:"ID token from the provider"`
	Nonce        *string    `json:"nonce" doc:"Nonce that the token was requested with"`
	AccessToken  *string    `json:"accessToken" doc:"Access token from the provider"`
	RefreshToken *string    `json:"refreshToken" doc:"Refresh token from the provider"`
	ExpiresAt    *float64   `json:"expiresAt" doc:"Expiry of the token"`
	User         *AppleUser `json:"user" doc:"What Apple gives the client beside the token"`
}

// AppleUser is what Apple gives a client beside the first token of a user.
type AppleUser struct {
	Name  *AppleName `json:"name"`
	Email *string    `json:"email"`
}

// AppleName is the name of an AppleUser.
type AppleName struct {
	FirstName *string `json:"firstName"`
	LastName  *string `json:"lastName"`
}

func (u *AppleUser) json() []byte {
	if u == nil {
		return nil
	}
	name := wire.NewObject()
	if u.Name != nil {
		for _, m := range []struct {
			name string
			text *string
		}{{"firstName", u.Name.FirstName}, {"lastName", u.Name.LastName}} {
			if m.text != nil {
				name.Set(m.name, wire.String(*m.text))
			}
		}
	}
	return wire.NewObject(wire.Member{Name: "name", Value: wire.ObjectOf(name)}).AppendJSON(nil)
}

// SignInInput is the body of /sign-in/social.
type SignInInput struct {
	CallbackURL        *string           `json:"callbackURL" doc:"Where the browser goes after the sign-in"`
	NewUserCallbackURL *string           `json:"newUserCallbackURL" doc:"Where it goes after a sign-up"`
	ErrorCallbackURL   *string           `json:"errorCallbackURL" doc:"Where it goes with ?error= when the sign-in fails"`
	Provider           ProviderID        `json:"provider" doc:"Id of the provider"`
	DisableRedirect    *bool             `json:"disableRedirect" doc:"True: the client only wants the URL"`
	IDToken            *IDToken          `json:"idToken"`
	Scopes             []string          `json:"scopes" zod:"optional" doc:"Scopes besides those of the provider's configuration"`
	RequestSignUp      *bool             `json:"requestSignUp" doc:"True: sign up where the provider disables implicit sign-up"`
	LoginHint          *string           `json:"loginHint" doc:"Passed on to the provider"`
	AdditionalData     *validate.Record  `json:"additionalData" doc:"Comes back at the end of the flow, see oauth.Finished"`
	AdditionalParams   map[string]string `json:"additionalParams" zod:"optional" doc:"Further parameters of the authorization URL"`
}

// SignInReply is {"url":…,"redirect":…}, or, with an id_token, the session.
type SignInReply struct {
	URL      string        `json:"url,omitempty"`
	Redirect bool          `json:"redirect"`
	Token    string        `json:"token,omitempty"`
	User     *core.User    `json:"user,omitempty"`
	Session  *core.Session `json:"session,omitempty"` // under CompatKernia
}

func (p *Plugin) signIn(c *core.Ctx, in *SignInInput) (SignInReply, error) {
	provider, err := p.provider(c, string(in.Provider))
	if err != nil {
		return SignInReply{}, err
	}
	if err := c.BeginSignIn(provider.ID()); err != nil {
		return SignInReply{}, err
	}
	if in.IDToken != nil {
		return p.signInIDToken(c, provider, in)
	}
	callback, err := callbackURL(c, in.CallbackURL)
	if err != nil {
		return SignInReply{}, err
	}
	started, err := p.engine.Begin(c, provider, oauth.Begin{
		CallbackURL: callback, ErrorURL: validate.Value(in.ErrorCallbackURL), NewUserURL: validate.Value(in.NewUserCallbackURL),
		RequestSignUp: validate.Value(in.RequestSignUp), Data: members(in.AdditionalData), Scopes: in.Scopes, LoginHint: validate.Value(in.LoginHint),
		Params: params(in.AdditionalParams), Redirect: oauth.CallbackURL(c, provider),
	})
	if err != nil {
		return SignInReply{}, err
	}
	redirect := !validate.Value(in.DisableRedirect)
	if redirect {
		c.SetHeader("Location", started.URL)
	}
	return SignInReply{URL: started.URL, Redirect: redirect}, nil
}

func (p *Plugin) signInIDToken(c *core.Ctx, provider *oauth.Provider, in *SignInInput) (SignInReply, error) {
	who, err := p.identify(c, provider, in.IDToken, nil)
	if err != nil {
		return SignInReply{}, err
	}
	// As Better Auth does, keep of the client's tokens the access token alone.
	who.Tokens = &oauth2.Tokens{AccessToken: who.Tokens.AccessToken}
	data, err := p.engine.SignIn(c, provider, who, oauth.SignInOptions{
		RequestSignUp: validate.Value(in.RequestSignUp), CallbackURL: validate.Value(in.CallbackURL),
	})
	if r, ok := errors.AsType[*oauth.Refusal](err); ok {
		if r.Code == oauth.RefusedNoEmail {
			return SignInReply{}, core.Fail(http.StatusUnauthorized, core.CodeUserEmailNotFound)
		}
		return SignInReply{}, named(http.StatusUnauthorized, CodeOAuthLinkError, r.Message())
	}
	if err != nil {
		return SignInReply{}, err
	}
	reply := SignInReply{Token: data.Session.Token, User: &data.User}
	if c.Auth().Compat() == core.CompatKernia {
		reply.Session = &data.Session
	}
	return reply, nil
}

func (p *Plugin) provider(c *core.Ctx, id string) (*oauth.Provider, error) {
	provider, ok := p.engine.Provider(id)
	if !ok {
		c.Auth().Logger().Warn("a client asks for a provider that is not configured: add it to social.New", "provider", id)
		return nil, core.Fail(http.StatusNotFound, core.CodeProviderNotFound)
	}
	return provider, nil
}

// identify checks the id_token of a body.
func (p *Plugin) identify(c *core.Ctx, provider *oauth.Provider, t *IDToken, scopes []string) (*oauth.Identity, error) {
	who, err := p.engine.Identify(c, provider, oauth.IDToken{
		Token: t.Token, Nonce: validate.Value(t.Nonce), AccessToken: validate.Value(t.AccessToken), RefreshToken: validate.Value(t.RefreshToken),
		Scopes: scopes, User: t.User.json(),
	})
	_, refused := errors.AsType[*oauth.Refusal](err)
	switch {
	case errors.Is(err, oauth2.ErrUnsupported):
		return nil, core.Fail(http.StatusNotFound, core.CodeIDTokenNotSupported)
	case errors.Is(err, oauth.ErrIDToken):
		return nil, core.Fail(http.StatusUnauthorized, core.CodeInvalidToken)
	case refused:
		return nil, core.Fail(http.StatusUnauthorized, core.CodeFailedToGetUserInfo)
	case err != nil:
		return nil, err
	case who.Profile.Email == "":
		return nil, core.Fail(http.StatusUnauthorized, core.CodeUserEmailNotFound)
	}
	return who, nil
}

// callbackURL is where the browser goes at the end: by default the application's front
// page.
func callbackURL(c *core.Ctx, asked *string) (string, error) {
	if asked != nil && *asked != "" {
		return *asked, nil
	}
	base, err := url.Parse(c.BaseURL())
	if err != nil {
		return "", core.Fail(http.StatusBadRequest, core.CodeCallbackURLRequired)
	}
	return base.Scheme + "://" + base.Host, nil
}

func members(r *validate.Record) *wire.Object {
	if r == nil {
		return nil
	}
	return r.Members
}
