package sso

import (
	"context"
	"errors"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/wire"
)

// CallbackInput is what a provider of OpenID Connect sends the browser back with.
type CallbackInput struct {
	ProviderID string `path:"providerId"`
	SharedCallbackInput
}

// SharedCallbackInput is CallbackInput for the callback of all providers.
type SharedCallbackInput struct {
	Code             *string `query:"code"`
	State            string  `query:"state"`
	Error            *string `query:"error"`
	ErrorDescription *string `query:"error_description"`
	Issuer           *string `query:"iss"`
}

func (in *SharedCallbackInput) params() wire.Query {
	q := wire.Query{{Name: "state", Value: in.State}}
	for _, m := range []struct {
		name  string
		value *string
	}{{"code", in.Code}, {"error", in.Error}, {"error_description", in.ErrorDescription}, {"iss", in.Issuer}} {
		if m.value != nil {
			q = append(q, wire.Pair{Name: m.name, Value: *m.value})
		}
	}
	return q
}

func (p *Plugin) callback(c *core.Ctx, in *CallbackInput) (core.StatusReply, error) {
	return core.StatusReply{}, p.complete(c, in.ProviderID, &in.SharedCallbackInput)
}

func (p *Plugin) sharedCallback(c *core.Ctx, in *SharedCallbackInput) (core.StatusReply, error) {
	return core.StatusReply{}, p.complete(c, "", in)
}

// The words of refusals.
const (
	refusedProvider  = "invalid_provider"
	refusedDiscovery = "discovery_failed"
)

// complete ends a flow. id is the provider that the path names, "" for the shared callback.
func (p *Plugin) complete(c *core.Ctx, id string, in *SharedCallbackInput) error {
	var pr *provider
	engine := oauth.From(p.auth)
	f, err := engine.FinishBy(c, p.redirectURI(c, id), in.params(), func(b oauth.Begin, _ string) (at *oauth.Provider, err error) {
		asked := id
		if asked == "" && b.Data != nil {
			kept, _ := b.Data.Get(stateProvider)
			asked, _ = kept.Str()
		}
		if asked == "" {
			return nil, &oauth.Refusal{Code: "invalid_state", Description: "missing_provider_id"}
		}
		pr, at, err = p.returned(c, asked)
		return at, err
	})
	if err != nil {
		return oauth.Show(c, inWords(err), "")
	}
	info := pr.info(f.Profile)
	data, err := engine.SignIn(c, f.Provider, &f.Identity, oauth.SignInOptions{
		RequestSignUp: f.RequestSignUp, Trusted: pr.vouches(f.Profile.Email), ForeignEmail: p.foreign(pr, f.Profile.Email), CallbackURL: f.CallbackURL, NewUserURL: f.NewUserURL, Redirects: true,
		Settled: p.settle(pr, &Arrival{Info: info, Tokens: f.Tokens, Provider: &pr.Provider}),
	})
	if err != nil {
		return oauth.Show(c, spaced(err), or(f.ErrorURL, f.CallbackURL))
	}
	if data.IsNew && f.NewUserURL != "" {
		return c.Redirect(f.NewUserURL)
	}
	return c.Redirect(f.CallbackURL)
}

// returned is the provider that has sent the browser back.
func (p *Plugin) returned(c *core.Ctx, id string) (*provider, *oauth.Provider, error) {
	pr, err := p.find(c, id)
	if err != nil {
		return nil, nil, err
	}
	if pr == nil || pr.oidc == nil {
		return nil, nil, &oauth.Refusal{Code: refusedProvider, Description: "provider not found"}
	}
	if err := p.usableNow(pr); err != nil {
		return nil, nil, err
	}
	at, err := p.ready(c, pr)
	if e, ok := errors.AsType[*discoveryError](err); ok {
		return nil, nil, &oauth.Refusal{Code: refusedDiscovery, Description: e.text, Cause: err}
	}
	if err != nil {
		return nil, nil, &oauth.Refusal{Code: refusedDiscovery, Description: "unexpected_discovery_error", Cause: err}
	}
	return pr, at, nil
}

// inWords puts what the engine says of a provider into the words of the route.
func inWords(err error) error {
	r, ok := errors.AsType[*oauth.Refusal](err)
	if !ok || r.Untrusted {
		return err
	}
	said := *r
	switch r.Code {
	case oauth.RefusedCode:
		said.Code, said.Description = refusedProvider, "token_response_not_found"
		if errors.Is(r.Cause, errNoClientKey) {
			said.Description = "no_private_key_available"
		}
	case oauth.RefusedUserInfo:
		said.Code, said.Description = refusedProvider, "missing_user_info"
		if _, ok := errors.AsType[*idtoken.Error](r.Cause); ok || errors.Is(r.Cause, idtoken.ErrNoKeys) || errors.Is(r.Cause, errNoIDToken) {
			said.Description = "token_not_verified"
		}
		if errors.Is(r.Cause, errNoProfile) {
			said.Description = "user_info_endpoint_not_found"
		}
	}
	return &said
}

// spaced has the refusals of accounts as Better Auth writes them here: in words.
func spaced(err error) error {
	r, ok := errors.AsType[*oauth.Refusal](err)
	if !ok {
		return err
	}
	said := *r
	switch r.Code {
	case oauth.RefusedNoEmail, oauth.RefusedUserInfo, oauth.RefusedCode:
		said.Code, said.Description = refusedProvider, "missing_user_info"
	default:
		if core.HasCode(r.Cause, CodeChanged) {
			said.Code, said.Description = "invalid_state", "sso_provider_changed_during_authentication"
			break
		}
		said.Code = strings.ReplaceAll(r.Code, "_", " ")
	}
	return &said
}

// settle provisions a user who signs in, in the transaction of the sign-in.
func (p *Plugin) settle(pr *provider, e *Arrival) func(context.Context, *core.User, bool) error {
	return func(ctx context.Context, u *core.User, isNew bool) error {
		arrival := *e
		arrival.User, arrival.IsNew = u, isNew
		return p.provision(ctx, pr, &arrival)
	}
}
