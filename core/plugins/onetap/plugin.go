// Package onetap signs users in with Google One Tap: the page gets an id_token from
// Google, without a redirect, and sends it here. See
// https://better-auth.com/docs/plugins/one-tap. Plugin id: "one-tap".
package onetap

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/validate"
)

// ID is the plugin's id.
const ID = "one-tap"

const (
	google  = "google" // of the provider, in account rows
	keysURL = "https://www.googleapis.com/oauth2/v3/certs"
)

// Options configures the plugin.
type Options struct {
	// ClientID is the client id that the page gives One Tap. Tokens for other clients are
	// refused. Default: those of the provider "google" of the plugin social.
	ClientID string
	// DisableSignUp refuses users who have no account yet.
	DisableSignUp bool
}

// Plugin is the installed plugin; get it with From. Its operation can be called from Go.
type Plugin struct {
	Callback *core.Op[CallbackInput, CallbackReply]

	opts     Options
	auth     *core.Auth
	provider *oauth.Provider
	audience *oauth2.Provider
	verifier *idtoken.Verifier
}

// New makes the plugin. It needs the plugin social.
func New(o Options) *Plugin {
	p := &Plugin{opts: o}
	p.Callback = core.Post("oneTapCallback", "/one-tap/callback", p.callback, core.SignsIn(), core.Doc("Use this endpoint to authenticate with Google One Tap"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "one-tap".
func (p *Plugin) ID() string { return ID }

// Manifest lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{
		Requires: []string{oauth.SocialID}, Errors: []core.ErrorCode{CodeInvalidToken, CodeNoEmail, CodeSignUpDisabled, CodeNotLinked}, Init: p.init,
		SignInMethods: []core.SignInMethod{{Name: google, Label: "Google", Usable: func(_ context.Context, _ *core.User, accounts []*core.Account) (bool, error) {
			return slices.ContainsFunc(accounts, func(acc *core.Account) bool { return acc.ProviderID == google }), nil
		}}},
	}, nil
}

// init finds the provider whose accounts One Tap signs in, and makes one if the plugin
// social has none.
func (p *Plugin) init(_ context.Context, a *core.Auth) error {
	p.auth = a
	for _, plugin := range a.Plugins() {
		if source, ok := plugin.(oauth.Source); ok {
			for _, one := range source.Providers() {
				if one.ID() == google {
					p.provider, p.audience = one, one.Provider
				}
			}
		}
	}
	if p.opts.ClientID == "" && p.provider == nil {
		return errors.New("Options.ClientID is missing: set it to the client id of Google One Tap, or configure the provider google of the plugin social")
	}
	if p.opts.ClientID != "" {
		own, err := oauth.NewProvider(oauth.Config{Config: oauth2.Config{
			ID: google, ClientID: p.opts.ClientID, AuthorizeURL: "https://accounts.google.com/o/oauth2/v2/auth", TokenURL: "https://oauth2.googleapis.com/token", NoRefresh: true,
		}})
		if err != nil {
			return err
		}
		p.audience = own.Provider
		if p.provider == nil {
			p.provider = own
		}
	}
	keys, err := idtoken.NewKeys(keysURL, idtoken.KeysOptions{Clock: a.Now})
	if err != nil {
		return err
	}
	p.verifier, err = idtoken.New(idtoken.Options{
		Keys: keys, Issuers: []string{"https://accounts.google.com", "accounts.google.com"}, AnyParty: true, Clock: a.Now,
	})
	if err != nil {
		return fmt.Errorf("google: %w", err)
	}
	return nil
}

// The codes of the plugin.
var (
	CodeInvalidToken   = core.ErrorCode{Code: "INVALID_ID_TOKEN", Message: "invalid id token"}
	CodeNoEmail        = core.ErrorCode{Code: "EMAIL_NOT_AVAILABLE_IN_TOKEN", Message: "Email not available in token"}
	CodeSignUpDisabled = core.ErrorCode{Code: "SIGNUP_DISABLED", Message: "signup disabled"}
	CodeNotLinked      = core.ErrorCode{
		Code:    "GOOGLE_IDENTITY_CANNOT_BE_LINKED",
		Message: "Google identity cannot be linked: implicit account-linking is disabled, the local email is not verified, or the Google email_verified claim is false and Google is not a trusted provider",
	}
)

// CallbackInput is the body of /one-tap/callback.
type CallbackInput struct {
	IDToken string `json:"idToken" doc:"Google ID token, which the client obtains from the One Tap API"`
	// CallbackURL is where the page goes afterwards. It must be trusted.
	CallbackURL *string `json:"callbackURL" doc:"URL to redirect to after a successful sign-in"`
}

// CallbackReply is the session that the token has begun.
type CallbackReply struct {
	Token   string        `json:"token"`
	User    *core.User    `json:"user"`
	Session *core.Session `json:"session,omitempty"` // under CompatKernia
}

func (p *Plugin) callback(c *core.Ctx, in *CallbackInput) (CallbackReply, error) {
	if err := c.BeginSignIn(google); err != nil {
		return CallbackReply{}, err
	}
	claims, err := p.verifier.Verify(c, c.Auth().HTTP(), p.audience, in.IDToken, "")
	if err != nil {
		p.auth.Logger().WarnContext(c, "sign-in with a provider: an id_token of Google One Tap is not valid", "provider", google, "error", err)
		return CallbackReply{}, core.Fail(http.StatusBadRequest, CodeInvalidToken)
	}
	who := &oauth.Identity{Tokens: &oauth2.Tokens{}, Profile: &oauth2.Profile{
		ID: claims.ID("sub"), Name: claims.String("name"), Email: claims.String("email"), Image: claims.String("picture"),
		EmailVerified: claims.Bool("email_verified"), Raw: claims,
	}}
	if who.Profile.ID == "" {
		return CallbackReply{}, core.Fail(http.StatusBadRequest, CodeInvalidToken)
	}
	data, err := oauth.From(c.Auth()).SignIn(c, p.provider, who, oauth.SignInOptions{
		DisableSignUp: p.opts.DisableSignUp, CallbackURL: validate.Value(in.CallbackURL),
	})
	if r, ok := errors.AsType[*oauth.Refusal](err); ok {
		return CallbackReply{}, refusal(r)
	}
	if err != nil {
		return CallbackReply{}, err
	}
	reply := CallbackReply{Token: data.Session.Token, User: &data.User}
	if c.Auth().Compat() == core.CompatKernia {
		reply.Session = &data.Session
	}
	return reply, nil
}

func refusal(r *oauth.Refusal) error {
	switch r.Code {
	case oauth.RefusedNoEmail:
		return core.Fail(http.StatusBadRequest, CodeNoEmail)
	case oauth.RefusedSignUp:
		return core.Fail(http.StatusUnauthorized, CodeSignUpDisabled)
	case oauth.RefusedNotLinked, oauth.RefusedLink:
		return core.Fail(http.StatusUnauthorized, CodeNotLinked)
	}
	return core.FailText(http.StatusUnauthorized, r.Message())
}
