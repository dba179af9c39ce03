package social

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// Options are the options that every provider has.
type Options struct {
	// ClientID identifies the application. It comes from the provider's console.
	ClientID string
	// Audiences are further client ids of the application, such as those of its mobile
	// apps. Their id_tokens are accepted too; codes are exchanged with ClientID.
	Audiences []string
	// ClientSecret belongs to ClientID. Some providers do without one.
	ClientSecret string
	// Scopes are requested after the default scopes.
	Scopes []string
	// DisableDefaultScopes leaves the provider's default scopes out.
	DisableDefaultScopes bool
	// Prompt is the prompt of the authorization request, such as "select_account",
	// "consent", "login" or "none". Providers that know no prompt refuse it.
	Prompt string
	// RedirectURI is the callback, when it is another than
	// <baseURL><basePath>/callback/<id>. Default: that one.
	RedirectURI string
	// AuthorizeURL replaces the provider's authorization endpoint, for a sandbox or a
	// test.
	AuthorizeURL string

	// DisableSignUp refuses users who have no account yet.
	DisableSignUp bool
	// DisableImplicitSignUp refuses them unless the request asks for a sign-up.
	DisableImplicitSignUp bool
	// OverrideUserInfo writes the profile to the user on every sign-in.
	OverrideUserInfo bool
	// DisableIDTokenSignIn refuses id_tokens that clients send. Those that come with a
	// code are still read.
	DisableIDTokenSignIn bool

	// MapProfile returns fields of the user for a profile. See oauth.Config.
	MapProfile func(ctx context.Context, p *oauth2.Profile) (map[string]any, error)
	// VerifyIDToken verifies id_tokens in place of the provider's rules. See
	// oauth2.Config.
	VerifyIDToken func(ctx context.Context, c *http.Client, p *oauth2.Provider, idToken, nonce string) (oauth2.Claims, error)
	// Profile reads the profile in place of the provider's request. See oauth2.Config.
	Profile func(ctx context.Context, c *http.Client, p *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error)
	// Refresh refreshes a token in place of the standard request. See oauth2.Config.
	Refresh func(ctx context.Context, c *http.Client, p *oauth2.Provider, refreshToken string, now time.Time) (*oauth2.Tokens, error)
	// Clock returns the time, for the age of id_tokens, keys and Apple's secrets. Default:
	// core.Options.Clock.
	Clock func() time.Time
}

// traits are what a provider does with the Options.
type traits struct {
	secret    bool // the application needs a secret
	prompt    bool // the provider knows prompts
	noScopes  bool // scopes are chosen in the console
	err       error
	noIDToken bool // id_tokens come with a code only
	idToken   *idtoken.Options
	keys      string // the URL of the keys of idToken
}

var (
	errSecret = errors.New("ClientSecret is missing: take it from the provider's console")
	errPrompt = errors.New("Prompt is not sent to this provider: leave it out")
	errScopes = errors.New("Scopes are chosen in the console of this provider: leave them out")
)

// config adds the Options to what is fixed for a provider. The scopes are the
// default ones.
func (o Options) config(c oauth2.Config, t traits, scopes ...string) oauth.Config {
	out := oauth.Config{
		DisableSignUp: o.DisableSignUp, DisableImplicitSignUp: o.DisableImplicitSignUp, OverrideUserInfo: o.OverrideUserInfo, MapProfile: o.MapProfile, Err: t.err,
	}
	fail := func(err error) {
		if out.Err == nil {
			out.Err = err
		}
	}
	if c.ClientID == "" {
		c.ClientID = o.ClientID
	}
	c.Audiences = append(slices.Clone(c.Audiences), o.Audiences...)
	if c.Secret == nil {
		c.ClientSecret = o.ClientSecret
	}
	if t.secret && c.ClientID != "" && c.ClientSecret == "" && c.Secret == nil {
		fail(errSecret)
	}
	if !o.DisableDefaultScopes {
		c.Scopes = append(c.Scopes, scopes...)
	}
	c.Scopes = append(c.Scopes, o.Scopes...)
	if t.noScopes && len(o.Scopes) > 0 {
		fail(errScopes)
	}
	if o.Prompt != "" {
		c.Prompt = o.Prompt
		if !t.prompt {
			fail(errPrompt)
		}
	}
	c.RedirectURI = o.RedirectURI
	if o.AuthorizeURL != "" {
		c.AuthorizeURL = o.AuthorizeURL
	}
	if t.idToken != nil {
		v, err := o.verifier(t.keys, *t.idToken)
		if err != nil {
			fail(err)
		} else {
			c.VerifyIDToken = v.Verify
		}
	}
	c.NoIDTokenSignIn = t.noIDToken
	if o.VerifyIDToken != nil {
		c.VerifyIDToken, c.NoIDTokenSignIn = o.VerifyIDToken, false
	}
	if o.DisableIDTokenSignIn {
		c.NoIDTokenSignIn = true
	}
	if o.Profile != nil {
		c.Profile = o.Profile
	}
	if o.Refresh != nil {
		c.Refresh = o.Refresh
	}
	if c.EncodeQuery == nil {
		c.EncodeQuery = encode(standardOrder, true)
	}
	out.Config = c
	return out
}

func (o Options) verifier(keysURL string, v idtoken.Options) (*idtoken.Verifier, error) {
	if !v.FromTokenEndpoint {
		keys, err := idtoken.NewKeys(keysURL, idtoken.KeysOptions{Clock: o.Clock})
		if err != nil {
			return nil, err
		}
		v.Keys = keys
	}
	v.Clock = o.Clock
	return idtoken.New(v)
}

// base checks a URL to which paths are appended and takes slashes off its end. The
// error names the field.
func base(field, raw string) (string, error) {
	u, err := url.Parse(raw)
	h := ""
	if err == nil {
		h = u.Hostname()
	}
	if err != nil || h == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		u.Scheme != "https" && (u.Scheme != "http" || h != "localhost" && h != "127.0.0.1" && h != "::1") {
		return "https://invalid.invalid", fmt.Errorf("%s %q must be an absolute https URL", field, raw)
	}
	return strings.TrimRight(raw, "/"), nil
}

// host checks the name of a host, with "https://" before it or without. The error
// names the field.
func host(field, raw string) (string, error) {
	if raw == "" {
		return "invalid.invalid", fmt.Errorf("%s is missing", field)
	}
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "invalid.invalid", fmt.Errorf("%s %q must be the name of a host, which is called by https", field, raw)
	}
	return u.Host, nil
}
