package genericoauth

import (
	"slices"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// SignInInput is the body of /sign-in/oauth2.
type SignInInput struct {
	ProviderID         string           `json:"providerId" doc:"The provider ID for the OAuth provider"`
	CallbackURL        *string          `json:"callbackURL" doc:"Where the browser goes after the sign-in"`
	ErrorCallbackURL   *string          `json:"errorCallbackURL" doc:"Where it goes with ?error= when the sign-in fails"`
	NewUserCallbackURL *string          `json:"newUserCallbackURL" doc:"Where it goes after a sign-up"`
	DisableRedirect    *bool            `json:"disableRedirect" doc:"True: the client only wants the URL"`
	Scopes             []string         `json:"scopes" zod:"optional" doc:"Scopes besides those of the provider's configuration"`
	RequestSignUp      *bool            `json:"requestSignUp" doc:"True: sign up where the provider disables implicit sign-up"`
	AdditionalData     *validate.Record `json:"additionalData" doc:"Comes back at the end of the flow, see oauth.Finished"`
}

// SignInReply is {"url":…,"redirect":…}.
type SignInReply struct {
	URL      string `json:"url"`
	Redirect bool   `json:"redirect"`
}

func (p *Plugin) signIn(c *core.Ctx, in *SignInInput) (SignInReply, error) {
	one, ok := p.provider(in.ProviderID)
	if !ok {
		return SignInReply{}, unknown(in.ProviderID)
	}
	var data *wire.Object
	if in.AdditionalData != nil {
		data = in.AdditionalData.Members
	}
	started, err := p.engine().Begin(c, one.Provider, oauth.Begin{
		CallbackURL: oauth.Target(c, validate.Value(in.CallbackURL)), ErrorURL: validate.Value(in.ErrorCallbackURL),
		NewUserURL: validate.Value(in.NewUserCallbackURL), RequestSignUp: validate.Value(in.RequestSignUp), Data: data,
		OnlyScopes: append(slices.Clone(in.Scopes), one.c.Scopes...), Params: one.params(c), Redirect: oauth.CallbackURL(c, one.Provider),
	})
	if err != nil {
		return SignInReply{}, err
	}
	return SignInReply{URL: started.URL, Redirect: !validate.Value(in.DisableRedirect)}, nil
}

func (g *provider) params(c *core.Ctx) wire.Query {
	if g.c.AuthorizationURLParamsFunc == nil {
		return nil
	}
	return g.c.AuthorizationURLParamsFunc(c)
}
