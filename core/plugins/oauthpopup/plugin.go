// Package oauthpopup signs users in with a provider in a popup window, and hands the
// session token to the page that opened it. It is for pages that must stay open, and
// for pages that are embedded in a page of another site. It is a plugin of Better Auth
// 1.7; see https://better-auth.com/docs/plugins/oauth-popup. Plugin id: "oauth-popup".
package oauthpopup

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// ID is the plugin's id.
const ID = "oauth-popup"

const (
	markerCookie = "oauth_popup"
	markerLife   = 10 * time.Minute // that of a state
	maxOrigin    = 512
	maxNonce     = 256
)

// Options configures the plugin. It has no options yet.
type Options struct{}

// Plugin is the installed plugin; get it with From.
type Plugin struct {
	Start *core.Op[StartInput, *core.Raw]

	auth *core.Auth
}

// New makes the plugin. It needs the plugin social. An embedded page also needs the plugin
// bearer, because its browser keeps the session cookie from it.
func New(Options) *Plugin {
	p := &Plugin{}
	p.Start = core.Get("oauthPopupStart", "/oauth-popup/start", p.start, core.Answers("text/html"), core.MayRedirect(), core.Doc("Begin a sign-in in a popup window"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "oauth-popup".
func (p *Plugin) ID() string { return ID }

// The codes that the client library answers with.
var (
	CodeFailed  = core.ErrorCode{Code: "POPUP_SIGN_IN_FAILED", Message: "Popup sign-in failed"}
	CodeBlocked = core.ErrorCode{Code: "POPUP_BLOCKED", Message: "Sign-in popup was blocked by the browser"}
	CodeClosed  = core.ErrorCode{Code: "POPUP_CLOSED", Message: "Sign-in popup was closed before completing"}
	CodeTimeout = core.ErrorCode{Code: "POPUP_TIMEOUT", Message: "Sign-in popup timed out"}
)

// Manifest lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{
		Requires: []string{oauth.SocialID}, Errors: []core.ErrorCode{CodeFailed, CodeBlocked, CodeClosed, CodeTimeout},
		After: []core.Hook{{Match: core.Paths("/callback/:id", "/oauth2/callback/:providerId"), Run: p.finish}},
		Init:  func(_ context.Context, a *core.Auth) error { p.auth = a; return nil },
	}, nil
}

// StartInput is the query of /oauth-popup/start.
type StartInput struct {
	Provider           string  `query:"provider"`
	PopupOrigin        string  `query:"popupOrigin"`
	PopupNonce         *string `query:"popupNonce"`
	CallbackURL        *string `query:"callbackURL"`
	ErrorCallbackURL   *string `query:"errorCallbackURL"`
	NewUserCallbackURL *string `query:"newUserCallbackURL"`
	Scopes             *string `query:"scopes"`        // separated by commas
	RequestSignUp      *string `query:"requestSignUp"` // "true"
	AdditionalData     *string `query:"additionalData"`
}

// marker says which page has opened the popup. It is in a signed cookie.
type marker struct {
	Origin string `json:"popupOrigin"`
	Nonce  string `json:"popupNonce"`
	// State is that of the flow, so that another sign-in of the same browser does not end
	// in the popup's page.
	State string `json:"state"`
}

func (p *Plugin) start(c *core.Ctx, in *StartInput) (*core.Raw, error) {
	if len(in.PopupOrigin) > maxOrigin || !c.TrustedOrigin(in.PopupOrigin) {
		return nil, core.Fail(403, core.CodeInvalidOrigin)
	}
	m := marker{Origin: in.PopupOrigin, Nonce: oauth.Clip(validate.Value(in.PopupNonce), maxNonce)}
	fail := func(code, text string) (*core.Raw, error) {
		return ending(c, m, message{Error: &failure{Code: code, Description: text}})
	}
	for _, target := range []struct {
		url  *string
		code string
	}{
		{in.CallbackURL, "invalid_callback_url"}, {in.ErrorCallbackURL, "invalid_error_callback_url"}, {in.NewUserCallbackURL, "invalid_new_user_callback_url"},
	} {
		if url := validate.Value(target.url); url != "" && !c.TrustedURL(url) {
			return fail(target.code, "Untrusted URL")
		}
	}
	engine := oauth.From(p.auth)
	provider, ok := engine.Provider(in.Provider)
	if !ok {
		return fail("provider_not_found", "Unknown provider")
	}
	var scopes []string
	if list := validate.Value(in.Scopes); list != "" {
		scopes = strings.Split(list, ",")
	}
	started, err := engine.Begin(c, provider, oauth.Begin{
		CallbackURL: oauth.Target(c, validate.Value(in.CallbackURL)), ErrorURL: validate.Value(in.ErrorCallbackURL), NewUserURL: validate.Value(in.NewUserCallbackURL),
		RequestSignUp: validate.Value(in.RequestSignUp) == "true", Data: data(validate.Value(in.AdditionalData)), Scopes: scopes, Redirect: oauth.CallbackURL(c, provider),
	})
	if e, ok := errors.AsType[*core.Error](err); ok && e.Status < 500 {
		return fail("popup_sign_in_failed", "Failed to start the OAuth flow.")
	}
	if err != nil {
		return nil, err
	}
	m.State = started.State
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	c.SetSignedCookie(c.NewCookie(markerCookie, markerLife), string(text))
	return nil, c.Redirect(started.URL)
}

// data reads the additional data. What is no object is left out.
func data(raw string) *wire.Object {
	v, err := wire.Parse([]byte(raw), wire.Limits{})
	if err != nil {
		return nil
	}
	o, _ := v.Obj()
	return o
}

// finish replaces the redirect of a popup's callback by a page that tells the opener how it
// ended.
func (p *Plugin) finish(c *core.Ctx) error {
	_, err := c.Returned()
	redirect, ok := errors.AsType[*core.Error](err)
	if !ok || redirect.Status != 302 || c.Method() == "POST" {
		return nil
	}
	to := ""
	for _, h := range redirect.Header {
		if h.Name == "Location" {
			to = h.Value
		}
	}
	spec := c.NewCookie(markerCookie, markerLife)
	text, ok := c.SignedCookie(spec.Name)
	if !ok {
		return nil
	}
	var m marker
	state, _ := c.Query().Get("state").Str()
	if json.Unmarshal([]byte(text), &m) != nil || m.State == "" || m.State != state || !c.TrustedOrigin(m.Origin) {
		return nil
	}
	c.ExpireCookie(spec)
	out := message{RedirectTo: to}
	if out.Token, _ = c.Res.Cookie(c.SessionCookie().Name); out.Token == "" {
		// A second factor that is due, for example, has its own page: the popup goes there.
		code, description := errorOf(c.Resolve(to))
		if code == "" {
			return nil
		}
		out = message{Error: &failure{Code: code, Description: description}}
	}
	raw, err := ending(c, m, out)
	if err != nil {
		return err
	}
	c.SetReturned(raw)
	return nil
}
