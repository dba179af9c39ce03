package oauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth2"
)

// Methods are the ways to sign in that providers are, for core.Manifest.SignInMethods.
func Methods(providers []*Provider) []core.SignInMethod {
	out := make([]core.SignInMethod, len(providers))
	for i, p := range providers {
		id := p.ID()
		out[i] = core.SignInMethod{Name: id, Label: strings.ToUpper(id[:1]) + id[1:], Usable: func(_ context.Context, _ *core.User, accounts []*core.Account) (bool, error) {
			return slices.ContainsFunc(accounts, func(acc *core.Account) bool { return acc.ProviderID == id }), nil
		}}
	}
	return out
}

// Config describes a provider and how users sign in with it.
type Config struct {
	oauth2.Config

	// DisableSignUp refuses users who have no account yet.
	DisableSignUp bool
	// DisableImplicitSignUp refuses users who have no account yet, unless the request asks
	// for a sign-up (requestSignUp).
	DisableImplicitSignUp bool
	// OverrideUserInfo writes the profile's name, image and address to the user on every
	// sign-in.
	OverrideUserInfo bool
	// MapProfile returns fields of the user for a profile, by their logical names. It
	// may replace name, email and image, and may set added fields that users can set
	// themselves. Other fields, such as emailVerified and those with NoInput, are
	// ignored.
	MapProfile func(ctx context.Context, p *oauth2.Profile) (map[string]any, error)

	// RequireIssuer refuses callbacks without the iss parameter (RFC 9207). A parameter
	// that is there must equal Issuer in any case.
	RequireIssuer bool
	// Resolve returns the provider with its endpoints, when they are discovered. It is
	// called for each use, so it should keep what it has found. The Config itself then has
	// Discovered.
	Resolve func(ctx context.Context) (*Provider, error)
	// CallbackPath is the route below the base URL that the provider calls back. Default
	// "/callback/" and the ID.
	CallbackPath string
	// Guarded sends requests through core.Auth.GuardedHTTP, which reaches public hosts
	// only: for providers that users register.
	Guarded bool

	// Client sends its requests, in place of what Guarded says.
	Client *http.Client
	// Method is SignIn.Method of its sign-ins, for providers that are registered while the
	// application runs, and so are no methods by themselves. Default: the ID.
	Method string
	// Untrusted keeps Account.Linking.TrustedProviders from counting for the provider: for one that
	// users register, who choose its ID.
	Untrusted bool
	// NoRelay lets its flows always come back here, for a provider that the server of a Relay
	// does not know.
	NoRelay bool

	// Err is what is wrong with the options that the Config was made from. core.New
	// returns it.
	Err error
}

// Provider is a checked Config. It is safe for concurrent use.
type Provider struct {
	*oauth2.Provider
	c Config
}

// NewProvider checks a Config. An error is one sentence that says what to change.
func NewProvider(c Config) (*Provider, error) {
	if c.Err != nil {
		return nil, fmt.Errorf("provider %q: %w", c.ID, c.Err)
	}
	p, err := oauth2.New(c.Config)
	if err != nil {
		return nil, err
	}
	if c.RequireIssuer && c.Issuer == "" && c.Resolve == nil {
		return nil, fmt.Errorf("provider %q: RequireIssuer needs Issuer", c.ID)
	}
	return &Provider{p, c}, nil
}

// ErrUnresolved is the error of a provider whose endpoints cannot be discovered now.
var ErrUnresolved = errors.New("oauth: the endpoints of the provider cannot be discovered")

// resolve returns the provider with its endpoints.
func (p *Provider) resolve(ctx context.Context) (*Provider, error) {
	if p.c.Resolve == nil {
		return p, nil
	}
	q, err := p.c.Resolve(ctx)
	if err != nil {
		return nil, errors.Join(ErrUnresolved, err)
	}
	return q, nil
}

// method names sign-ins by the provider.
func (p *Provider) method() string { return cmp.Or(p.c.Method, p.ID()) }

func (p *Provider) client(a *core.Auth) *http.Client {
	if p.c.Client != nil {
		return p.c.Client
	}
	if p.c.Guarded {
		return a.GuardedHTTP().Client
	}
	return a.HTTP()
}

// Source is a plugin that has providers. The engine finds them by their ids.
type Source interface {
	// Providers is called once, in the Init of the plugin that makes the engine.
	Providers() []*Provider
}
