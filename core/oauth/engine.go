package oauth

import (
	"context"
	"fmt"
	"slices"

	"github.com/advantch/kernia-go/core"
)

// SocialID is the id of the plugin with the routes that all flows with providers go
// through, for the Manifest.Requires of plugins that have providers.
const SocialID = "social"

// Engine signs users in through providers. It is safe for concurrent use. Plugins of one
// Auth share it: see From.
type Engine struct {
	auth      *core.Auth
	providers []*Provider
	relay     Relay
	refreshes flights
	flow      core.Local[Begin]
}

// Holder is the plugin that made the engine of an Auth. Engine returns it, nil before Init.
type Holder interface{ Engine() *Engine }

// New makes the engine of an Auth, in the Init of the plugin that owns it. It collects
// the providers of all plugins and fails when two have one id.
func New(a *core.Auth) (*Engine, error) {
	e := &Engine{auth: a}
	owner := map[string]string{core.ProviderCredential: "the kernel"}
	for _, plugin := range a.Plugins() {
		if relay, ok := plugin.(Relay); ok {
			e.relay = relay
		}
		source, ok := plugin.(Source)
		if !ok {
			continue
		}
		for _, p := range source.Providers() {
			if first, taken := owner[p.ID()]; taken {
				return nil, fmt.Errorf("the provider id %q of the plugin %q is taken by %s: choose another one", p.ID(), plugin.ID(), first)
			}
			owner[p.ID()] = fmt.Sprintf("the plugin %q", plugin.ID())
			e.providers = append(e.providers, p)
		}
	}
	for _, id := range a.Account().Linking.TrustedProviders {
		if owner[id] == "" && !a.HasPlugin("sso") {
			a.Logger().Warn("Options.Account.Linking.TrustedProviders names a provider that no plugin has", "provider", id)
		}
	}
	return e, nil
}

// From returns the engine of an Auth, or nil when no installed plugin has one.
func From(a *core.Auth) *Engine {
	for _, p := range a.Plugins() {
		if h, ok := p.(Holder); ok {
			return h.Engine()
		}
	}
	return nil
}

// Provider returns a provider by its id.
func (e *Engine) Provider(id string) (*Provider, bool) {
	for _, p := range e.providers {
		if p.ID() == id {
			return p, true
		}
	}
	return nil, false
}

// Providers lists the providers of all plugins, in the order of the plugins.
func (e *Engine) Providers() []*Provider { return slices.Clone(e.providers) }

// Flow returns what the flow of this call began with. Hooks can use it in the call that
// begins the flow, and in its callback once the state is known. Data holds the client's
// additionalData.
func (e *Engine) Flow(c *core.Ctx) (Begin, bool) { return e.flow.Get(c) }

// trusted reports whether a provider's addresses count as verified.
func (e *Engine) trusted(ctx context.Context, c *core.Ctx, p *Provider) (bool, error) {
	if p.c.Untrusted {
		return false, nil
	}
	o := e.auth.Account().Linking
	if slices.Contains(o.TrustedProviders, p.ID()) {
		return true, nil
	}
	if o.TrustedProvidersFunc == nil {
		return false, nil
	}
	more, err := o.TrustedProvidersFunc(ctx, c.Req)
	return slices.Contains(more, p.ID()), err
}
