package oauthprovider

import (
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthform"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// AuthorizeInput is the query of /oauth2/authorize, or its form. Further parameters are kept
// for the pages.
type AuthorizeInput struct {
	ResponseType        *string `query:"response_type" doc:"OAuth2 response type: code"`
	ClientID            *string `query:"client_id" doc:"OAuth2 client ID"`
	RedirectURI         *string `query:"redirect_uri" doc:"OAuth2 redirect URI"`
	Scope               *string `query:"scope" doc:"OAuth2 scopes (space-separated)"`
	State               *string `query:"state" doc:"OAuth2 state parameter"`
	RequestURI          *string `query:"request_uri" doc:"Pushed Authorization Request URI referencing stored parameters"`
	CodeChallenge       *string `query:"code_challenge" doc:"PKCE code challenge"`
	CodeChallengeMethod *string `query:"code_challenge_method" doc:"PKCE code challenge method: S256"`
	Nonce               *string `query:"nonce" doc:"OpenID Connect nonce"`
	Prompt              *string `query:"prompt" doc:"OAuth2 prompt parameter"`
	MaxAge              *string `query:"max_age" doc:"Age of the sign-in in seconds, after which the user signs in again"`
	ResponseMode        *string `query:"response_mode" doc:"query or form_post"`
	Resource            *string `query:"resource" doc:"Service that access tokens are for (RFC 8707); may be repeated"`
	IDTokenHint         *string `query:"id_token_hint" doc:"An id_token of the user who is to be signed in"`
}

// request keeps the parameters of an authorization request from the hook to the handler.
var request core.Local[wire.Query]

// readRequest takes the parameters of an authorization request out of the query or the
// form, before validation: what is wrong with them is told to the client or on a page, not
// as JSON.
func (p *Plugin) readRequest(c *core.Ctx) error {
	q := queryOf(c.Query())
	if c.Method() == "POST" {
		if oauthform.Is(c) { // as it was sent: of a repeated parameter the object has one value
			q = append(q, wire.ParseQuery(string(c.Req.Body))...)
		} else {
			q = append(q, queryOf(c.Body())...)
		}
	}
	request.Set(c, q)
	c.SetQuery(wire.ObjectOf(wire.NewObject()))
	return nil
}

func (p *Plugin) authorize(c *core.Ctx, _ *AuthorizeInput) (*core.Raw, error) {
	session, err := c.StoredSession()
	if err != nil {
		return nil, err
	}
	q, _ := request.Get(c)
	target, err := p.server.Authorize(c, q, session, oauthserver.Resume{First: true})
	if err != nil {
		return nil, err
	}
	return oauthserver.Go(c, target), nil
}

// ConsentInput is the body of /oauth2/consent.
type ConsentInput struct {
	Accept     bool    `json:"accept" doc:"Accept or deny user consent for a set of scopes"`
	Scope      *string `json:"scope" doc:"List of accept of accepted space-separated scopes. If none is provided, then all originally requested scopes are accepted."`
	OAuthQuery *string `json:"oauth_query" doc:"The redirected page's query parameters"`
}

func (p *Plugin) consent(c *core.Ctx, in *ConsentInput) (*RedirectReply, error) {
	page, _ := p.page.Get(c)
	target, err := p.server.Consent(c, page, oauthserver.ConsentAnswer{Accept: in.Accept, Scope: in.Scope}, c.Session())
	if err != nil {
		return nil, err
	}
	return &RedirectReply{Redirect: true, URL: target}, nil
}

// ContinueInput is the body of /oauth2/continue.
type ContinueInput struct {
	Selected   *bool   `json:"selected" doc:"Confirms an account has been selected and authorization can proceed."`
	Created    *bool   `json:"created" doc:"Confirms an account was registered"`
	PostLogin  *bool   `json:"postLogin" doc:"Confirms organization and/or team selection."`
	OAuthQuery *string `json:"oauth_query" doc:"The redirected page's query parameters"`
}

func (p *Plugin) proceed(c *core.Ctx, in *ContinueInput) (*RedirectReply, error) {
	page, _ := p.page.Get(c)
	target, err := p.server.Continue(c, page, oauthserver.Continued{
		Selected: validate.Value(in.Selected), Created: validate.Value(in.Created), PostLogin: validate.Value(in.PostLogin),
	}, c.Session())
	if err != nil {
		return nil, err
	}
	return &RedirectReply{Redirect: true, URL: target}, nil
}

func (p *Plugin) token(c *core.Ctx, in *TokenInput) (*TokenReply, error) {
	return p.server.Token(c, in)
}

func (p *Plugin) introspect(c *core.Ctx, in *TokenQuestion) (*Claims, error) {
	return p.server.Introspect(c, in)
}

func (p *Plugin) revoke(c *core.Ctx, in *TokenQuestion) (*Nothing, error) {
	return nothing(p.server.Revoke(c, in))
}

// UserInfoInput is the form of /oauth2/userinfo, for clients that send the token in it
// (RFC 6750 2.2).
type UserInfoInput struct {
	_           struct{} `validate:"optional"`
	AccessToken *string  `json:"access_token" doc:"The access token, without the Authorization header"`
}

func (p *Plugin) userInfo(c *core.Ctx, in *UserInfoInput) (*Claims, error) {
	return p.server.UserInfo(c, validate.Value(in.AccessToken))
}

// EndSessionInput is the query of /oauth2/end-session, or its form.
type EndSessionInput struct {
	IDTokenHint           *string `query:"id_token_hint" doc:"An id_token of the session that ends"`
	ClientID              *string `query:"client_id"`
	PostLogoutRedirectURI *string `query:"post_logout_redirect_uri" doc:"A registered URI, to which the browser goes"`
	State                 *string `query:"state"`
}

func (p *Plugin) endSession(c *core.Ctx, in *EndSessionInput) (*core.Raw, error) {
	ask := oauthserver.LogoutInput{
		Hint: validate.Value(in.IDTokenHint), ClientID: validate.Value(in.ClientID), RedirectURI: validate.Value(in.PostLogoutRedirectURI), State: validate.Value(in.State),
	}
	if c.Method() == "POST" {
		for _, pair := range queryOf(c.Body()) {
			switch pair.Name {
			case "id_token_hint":
				ask.Hint = pair.Value
			case "client_id":
				ask.ClientID = pair.Value
			case "post_logout_redirect_uri":
				ask.RedirectURI = pair.Value
			case "state":
				ask.State = pair.Value
			}
		}
	}
	person := oauthserver.Navigates(c)
	if person && ask.Hint == "" {
		return p.confirmLogout(c)
	}
	target, err := p.server.Logout(c, ask)
	if e, ok := errors.AsType[*core.Error](err); ok && person && e.Status < http.StatusInternalServerError {
		page := p.html(c, "Not signed out", "<h1>You are not signed out</h1>\n<p>The application has asked in a way that this site cannot check.</p>\n", "")
		page.Status = e.Status
		return page, nil
	}
	if err != nil {
		return nil, err
	}
	if person {
		other, err := p.otherSession(c)
		if err != nil {
			return nil, err
		}
		if other {
			return p.confirmLogout(c)
		}
	}
	if target != "" {
		return oauthserver.Go(c, target), nil
	}
	if person {
		return p.html(c, "Signed out", "<h1>You are signed out</h1>\n<p>You can close this window.</p>\n", ""), nil
	}
	return &core.Raw{ContentType: "application/json", Body: []byte("null")}, nil
}

// otherSession reports whether the browser has a session that is still there: another one than
// that of the token, which the user has not been asked about.
func (p *Plugin) otherSession(c *core.Ctx) (bool, error) {
	own, err := c.StoredSession()
	if own == nil || err != nil {
		return false, err
	}
	_, err = p.auth.Store().FindSession(c, own.Session.Token)
	if core.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}
