package genericoauth

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/validate"
)

// LinkInput is the body of /oauth2/link.
type LinkInput struct {
	ProviderID       string   `json:"providerId" doc:"The provider ID for the OAuth provider"`
	CallbackURL      string   `json:"callbackURL" doc:"Where the browser goes at the end"`
	Scopes           []string `json:"scopes" zod:"optional" doc:"Scopes in place of those of the provider's configuration"`
	ErrorCallbackURL *string  `json:"errorCallbackURL" doc:"Where it goes with ?error= when linking fails"`
}

func (p *Plugin) link(c *core.Ctx, in *LinkInput) (SignInReply, error) {
	one, ok := p.provider(in.ProviderID)
	if !ok {
		return SignInReply{}, core.Fail(http.StatusNotFound, core.CodeProviderNotFound)
	}
	user := c.Session().User
	started, err := p.engine().Begin(c, one.Provider, oauth.Begin{
		CallbackURL: oauth.Target(c, in.CallbackURL), ErrorURL: validate.Value(in.ErrorCallbackURL),
		Link: &oauth.Link{UserID: user.ID, Email: user.Email}, OnlyScopes: in.Scopes, Params: one.params(c), Redirect: oauth.CallbackURL(c, one.Provider),
	})
	if err != nil {
		return SignInReply{}, err
	}
	return SignInReply{URL: started.URL, Redirect: true}, nil
}
