package social

import (
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/validate"
)

// LinkInput is the body of /link-social.
type LinkInput struct {
	CallbackURL      *string           `json:"callbackURL" doc:"Where the browser goes at the end"`
	Provider         ProviderID        `json:"provider" doc:"Id of the provider"`
	IDToken          *LinkIDToken      `json:"idToken"`
	RequestSignUp    *bool             `json:"requestSignUp" doc:"Without effect; Better Auth has it too"`
	Scopes           []string          `json:"scopes" zod:"optional" doc:"Scopes besides those of the provider's configuration"`
	ErrorCallbackURL *string           `json:"errorCallbackURL" doc:"Where the browser goes with ?error= when linking fails"`
	DisableRedirect  *bool             `json:"disableRedirect" doc:"True: the client only wants the URL"`
	AdditionalData   *validate.Record  `json:"additionalData" doc:"Comes back at the end of the flow, see oauth.Finished"`
	LoginHint        *string           `json:"loginHint" doc:"Passed on to the provider"`
	AdditionalParams map[string]string `json:"additionalParams" zod:"optional" doc:"Further parameters of the authorization URL"`
}

// LinkIDToken is an id_token that the client got from the provider by itself.
type LinkIDToken struct {
	Token        string   `json:"token"`
	Nonce        *string  `json:"nonce"`
	AccessToken  *string  `json:"accessToken"`
	RefreshToken *string  `json:"refreshToken"`
	Scopes       []string `json:"scopes" zod:"optional"`
}

// LinkReply is {"url":…,"redirect":…}, or, with an id_token, {"url":"","status":true,
// "redirect":false}.
type LinkReply struct {
	URL      string `json:"url"`
	Status   bool   `json:"status,omitempty"`
	Redirect bool   `json:"redirect"`
}

func (p *Plugin) link(c *core.Ctx, in *LinkInput) (LinkReply, error) {
	provider, err := p.provider(c, string(in.Provider))
	if err != nil {
		return LinkReply{}, err
	}
	if in.IDToken != nil {
		return p.linkIDToken(c, provider, in.IDToken)
	}
	callback, err := callbackURL(c, in.CallbackURL)
	if err != nil {
		return LinkReply{}, err
	}
	user := c.Session().User
	started, err := p.engine.Begin(c, provider, oauth.Begin{
		CallbackURL: callback, ErrorURL: validate.Value(in.ErrorCallbackURL), RequestSignUp: validate.Value(in.RequestSignUp),
		Link: &oauth.Link{UserID: user.ID, Email: user.Email}, Data: members(in.AdditionalData),
		Scopes: in.Scopes, LoginHint: validate.Value(in.LoginHint), Params: params(in.AdditionalParams), Redirect: oauth.CallbackURL(c, provider),
	})
	if err != nil {
		return LinkReply{}, err
	}
	redirect := !validate.Value(in.DisableRedirect)
	if redirect {
		c.SetHeader("Location", started.URL)
	}
	return LinkReply{URL: started.URL, Redirect: redirect}, nil
}

func (p *Plugin) linkIDToken(c *core.Ctx, provider *oauth.Provider, t *LinkIDToken) (LinkReply, error) {
	who, err := p.identify(c, provider, &IDToken{Token: t.Token, Nonce: t.Nonce, AccessToken: t.AccessToken, RefreshToken: t.RefreshToken}, t.Scopes)
	if err != nil {
		return LinkReply{}, err
	}
	_, err = p.engine.AddIdentity(c, c.Session().User.ID, provider, who, oauth.LinkOptions{UpdateUser: c.Auth().Account().Linking.UpdateUser})
	if r, ok := errors.AsType[*oauth.Refusal](err); ok {
		switch r.Code {
		case oauth.RefusedLinkTaken:
			return LinkReply{}, core.Fail(http.StatusConflict, core.CodeSocialAccountAlreadyLinked)
		case oauth.RefusedLinkEmail:
			return LinkReply{}, core.Fail(http.StatusUnauthorized, CodeLinkingDifferentEmails)
		}
		if errors.Is(r, adapter.ErrUnique) || errors.Is(r, core.ErrAbort) {
			return LinkReply{}, core.Fail(http.StatusExpectationFailed, CodeLinkingFailed)
		}
		return LinkReply{}, core.Fail(http.StatusUnauthorized, CodeLinkingNotAllowed)
	}
	if e, ok := errors.AsType[*core.Error](err); ok && e.Status < 500 {
		failed := core.Fail(http.StatusExpectationFailed, CodeLinkingFailed) // a hook has refused the account
		failed.Cause = err
		return LinkReply{}, failed
	}
	return LinkReply{Status: true}, err
}
