package core

import (
	"fmt"
	"net/http"

	"github.com/advantch/kernia-go/core/outbound"
)

// HTTP is the client for requests to hosts that the application configures, such
// as the endpoints of a social provider: Options.HTTPClient, as it was given, or
// outbound.Default. With Observer.Outgoing it is a copy with another transport.
func (a *Auth) HTTP() *http.Client { return a.http }

// GuardedHTTP is the client for requests to hosts that users supply: discovery
// documents, key sets, client metadata, webhooks. It reaches public addresses and
// those of Options.GuardedHTTP.Allow; see outbound.New. Call its CheckURL when a
// user saves a URL: it reports what can be refused without a DNS lookup.
func (a *Auth) GuardedHTTP() *outbound.Client { return a.guarded }

func (a *Auth) outgoing() error {
	a.http = a.opts.HTTPClient
	if a.http == nil {
		a.http = outbound.Default()
	}
	c, err := outbound.New(a.opts.GuardedHTTP)
	if err != nil {
		return fmt.Errorf("core: Options.GuardedHTTP: %w", err)
	}
	a.guarded = c
	a.observeOutgoing()
	return nil
}

// closeIdle closes the connections that were kept for further requests, except
// those of the application's own client.
func (a *Auth) closeIdle() {
	a.guarded.CloseIdleConnections()
	if a.opts.HTTPClient == nil {
		a.http.CloseIdleConnections()
	}
}
