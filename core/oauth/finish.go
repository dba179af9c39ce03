package oauth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/wire"
)

// Identity is what a provider has said about a user.
type Identity struct {
	// Profile is never nil.
	Profile *oauth2.Profile
	// Tokens are not encrypted yet.
	Tokens *oauth2.Tokens
	// Fields are what Config.MapProfile returned.
	Fields map[string]any
}

// Finished is a flow whose provider has answered. No row and no session is changed yet.
type Finished struct {
	Begin
	// Provider has its endpoints.
	Provider *Provider
	Identity
	session string
}

// maxDescription bounds what is passed on of a provider's error_description, in bytes.
const maxDescription = 1000

// Finish completes a flow of the provider with an id. redirect is the route that was
// called back, as in Begin.Redirect. q holds the parameters of the callback. It takes the state,
// exchanges the code, verifies the id_token and reads the profile. An error that the page
// may be told is a *Refusal, whose To is set once the state is known.
func (e *Engine) Finish(c *core.Ctx, id, redirect string, q wire.Query) (*Finished, error) {
	name := get(q, "state")
	if name == "" {
		return nil, refuse(RefusedStateMissing, nil)
	}
	s, err := e.take(c, name)
	if err != nil {
		return nil, err
	}
	e.flow.Set(c, s.Begin)
	f, err := e.finish(c, s, id, redirect, q)
	if r, ok := errors.AsType[*Refusal](err); ok {
		r.To = s.ErrorURL
	}
	return f, err
}

// FinishBy is Finish for providers that are registered while the application runs. find returns
// the provider of a flow, once its state is known: begin is what the flow began with, and id the
// provider that its state names, which a state of Better Auth does not. The flow ends when find
// returns another provider than that, or when the issuer has changed since.
func (e *Engine) FinishBy(c *core.Ctx, redirect string, q wire.Query, find func(begin Begin, id string) (*Provider, error)) (*Finished, error) {
	name := get(q, "state")
	if name == "" {
		return nil, refuse(RefusedStateMissing, nil)
	}
	s, err := e.take(c, name)
	if err != nil {
		return nil, err
	}
	e.flow.Set(c, s.Begin)
	f, err := e.finishBy(c, s, redirect, q, find)
	if r, ok := errors.AsType[*Refusal](err); ok {
		r.To = cmp.Or(s.ErrorURL, s.CallbackURL)
	}
	return f, err
}

func (e *Engine) finishBy(c *core.Ctx, s *state, redirect string, q wire.Query, find func(Begin, string) (*Provider, error)) (*Finished, error) {
	p, err := find(s.Begin, s.provider)
	if err != nil {
		return nil, err
	}
	if s.Link != nil || s.provider != "" && (s.provider != p.ID() || s.issuer != p.Issuer()) {
		return nil, refuse(RefusedStateMismatch, nil)
	}
	who, err := e.redeem(c, p, s.verifier, s.nonce, redirect, q)
	if err != nil {
		return nil, err
	}
	return &Finished{Begin: s.Begin, Provider: p, Identity: *who, session: s.session}, nil
}

func (e *Engine) finish(c *core.Ctx, s *state, id, redirect string, q wire.Query) (*Finished, error) {
	if s.provider != "" && s.provider != id {
		return nil, refuse(RefusedStateMismatch, nil)
	}
	p, _ := e.Provider(id)
	who, err := e.redeem(c, p, s.verifier, s.nonce, redirect, q)
	if err != nil {
		return nil, err
	}
	return &Finished{Begin: s.Begin, Provider: p, Identity: *who, session: s.session}, nil
}

// redeem exchanges the code of a callback and finds out who has signed in. p is nil for a
// provider that is not known.
func (e *Engine) redeem(c *core.Ctx, p *Provider, verifier, nonce, redirect string, q wire.Query) (*Identity, error) {
	known := p != nil
	var at *Provider
	if known {
		var err error
		if at, err = p.resolve(c); err != nil {
			e.log(c, "its endpoints cannot be discovered", p, reason(err))
			return nil, refuse(RefusedCode, err)
		}
		if err := at.checkIssuer(q); err != nil {
			e.log(c, "the callback's iss is not the provider's Issuer", p, err)
			return nil, err
		}
	}
	if code := get(q, "error"); code != "" {
		r := &Refusal{Code: Clip(code, 128), Untrusted: true, Description: Clip(get(q, "error_description"), maxDescription)}
		if known && code != "access_denied" { // the user has cancelled
			e.auth.Logger().LogAttrs(c, slog.LevelWarn, "sign-in with a provider: it has sent the browser back with an error; compare its console with the options and the callback",
				slog.String("provider", p.ID()), slog.String("callback", redirect), slog.String("code", r.Code), slog.String("description", r.Description))
		}
		return nil, r
	}
	code := get(q, "code")
	if code == "" {
		return nil, refuse(RefusedNoCode, nil)
	}
	if !known {
		return nil, refuse(RefusedProvider, nil)
	}
	client := p.client(e.auth)
	tokens, err := at.Exchange(c, client, oauth2.Exchange{
		Code: code, RedirectURI: redirect, Verifier: verifier, Callback: q, Now: e.auth.Now(),
	})
	if err != nil {
		e.log(c, "exchanging the code failed", p, err)
		return nil, refuse(RefusedCode, err)
	}
	if !storable(tokens) {
		e.log(c, "the tokens are too long, or no text", p, nil)
		return nil, refuse(RefusedCode, nil)
	}
	request := oauth2.ProfileRequest{Tokens: tokens, Callback: q}
	if tokens.IDToken != "" && at.VerifiesIDTokens() {
		if request.IDToken, err = at.VerifyIDToken(c, client, tokens.IDToken, nonce); err != nil {
			e.log(c, "the id_token of the token endpoint is not valid", p, err)
			return nil, refuse(RefusedUserInfo, err)
		}
	}
	return e.identity(c, p, at, request)
}

// CallbackURL is the address below the base URL to which a social provider sends the
// browser back.
func CallbackURL(c *core.Ctx, p *Provider) string {
	if p.c.CallbackPath != "" {
		return c.BaseURL() + p.c.CallbackPath
	}
	return c.BaseURL() + "/callback/" + p.ID()
}

// Target is where the browser goes at the end of a flow: what was asked for, or the
// application's front page.
func Target(c *core.Ctx, asked string) string {
	base, err := url.Parse(c.BaseURL())
	if asked != "" || err != nil {
		return asked
	}
	return base.Scheme + "://" + base.Host
}

// checkIssuer compares the iss parameter of a callback (RFC 9207).
func (p *Provider) checkIssuer(q wire.Query) error {
	switch got := get(q, "iss"); {
	case got == "" && p.c.RequireIssuer:
		return refuse(RefusedIssuerMissing, nil)
	case got != "" && p.Issuer() != "" && got != p.Issuer():
		return refuse(RefusedIssuerMismatch, nil)
	}
	return nil
}

// identity reads the profile and maps it.
func (e *Engine) identity(ctx context.Context, p, at *Provider, r oauth2.ProfileRequest) (*Identity, error) {
	profile, err := at.Profile(ctx, p.client(e.auth), r)
	if err != nil {
		e.log(ctx, "reading the profile failed", p, err)
		return nil, refuse(RefusedUserInfo, err)
	}
	if !isID(profile.ID) {
		e.log(ctx, "the id of the profile is none", p, nil)
		return nil, refuse(RefusedUserInfo, nil)
	}
	out := &Identity{Profile: profile, Tokens: r.Tokens, Fields: profile.Fields}
	if p.c.MapProfile == nil {
		profile.Email = address(profile.Email)
		return out, nil
	}
	if out.Fields, err = p.c.MapProfile(ctx, profile); err != nil {
		e.log(ctx, "MapProfile failed", p, err)
		return nil, refuse(RefusedUserInfo, err)
	}
	mapped := *profile
	for name, into := range map[string]*string{"name": &mapped.Name, "email": &mapped.Email, "image": &mapped.Image} {
		value, given := out.Fields[name]
		if text, ok := value.(string); ok {
			*into = text
		} else if given && value != nil {
			e.log(ctx, "MapProfile must return a string, and the profile's value is taken", p, fmt.Errorf("the field %s has a %T", name, value))
		}
	}
	mapped.Email = address(mapped.Email)
	if core.NormalizeEmail(mapped.Email) != core.NormalizeEmail(profile.Email) {
		// The provider has not verified what the application put in its place.
		mapped.EmailVerified = false
	}
	out.Profile = &mapped
	return out, nil
}

// IDToken is an id_token that a client got from the provider by itself.
type IDToken struct {
	// Token is the id_token. Nonce is the one that it must have, or "".
	Token, Nonce string
	// AccessToken, RefreshToken and Scopes came with it. They may be empty.
	AccessToken, RefreshToken string
	Scopes                    []string
	// User is what Apple gives the client beside the token, as JSON.
	User json.RawMessage
}

// ErrIDToken is the error of an id_token that is not valid.
var ErrIDToken = errors.New("oauth: the id_token is not valid")

// Identify verifies an id_token that a client sent, and reads the profile. It fails with
// oauth2.ErrUnsupported for a provider whose id_tokens are not accepted, with ErrIDToken,
// or with a *Refusal.
func (e *Engine) Identify(c *core.Ctx, p *Provider, t IDToken) (*Identity, error) {
	if !p.AcceptsIDTokens() {
		return nil, oauth2.ErrUnsupported
	}
	if !storable(&oauth2.Tokens{IDToken: t.Token, AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, Scopes: t.Scopes}) {
		return nil, ErrIDToken
	}
	at, err := p.resolve(c)
	if err != nil {
		e.log(c, "its endpoints cannot be discovered", p, reason(err))
		return nil, refuse(RefusedUserInfo, err)
	}
	claims, err := at.VerifyIDToken(c, p.client(e.auth), t.Token, t.Nonce)
	if err != nil {
		e.log(c, "an id_token is not valid", p, err)
		return nil, errors.Join(ErrIDToken, err)
	}
	r := oauth2.ProfileRequest{
		Tokens:  &oauth2.Tokens{IDToken: t.Token, AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, Scopes: t.Scopes},
		IDToken: claims,
	}
	if len(t.User) > 0 {
		r.Callback = wire.Query{{Name: "user", Value: string(t.User)}}
	}
	return e.identity(c, p, at, r)
}

// log tells operators why a provider's answer was of no use. What a stranger can cause as
// often as they like is no error of the server.
func (e *Engine) log(ctx context.Context, what string, p *Provider, err error) {
	e.auth.Logger().LogAttrs(ctx, slog.LevelWarn, "sign-in with a provider: "+what, slog.String("provider", p.ID()), slog.Any("error", err))
}

// reason is the failed request of a discovery, whose log value has the status and the
// cause, or the error itself.
func reason(err error) error {
	if failed, ok := errors.AsType[*outbound.Error](err); ok {
		return failed
	}
	return err
}

func get(q wire.Query, name string) string {
	value, _ := q.Get(name)
	return value
}

// Clip shortens an untrusted text to at most limit bytes. It cuts no character in two.
func Clip(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
	}
	return strings.ToValidUTF8(s, "")
}
