package genericoauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/outbound"
)

const (
	discoveryLife    = time.Hour
	discoveryRetry   = 5 * time.Second // after a failure
	discoveryTimeout = 10 * time.Second
	maxDocument      = 256 << 10 // bytes
	wellKnown        = "/.well-known/openid-configuration"
)

// document is what is used of a discovery document (OpenID Connect Discovery 1.0, 3, and
// RFC 8414, 2).
type document struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	UserInfo      string   `json:"userinfo_endpoint"`
	JWKS          string   `json:"jwks_uri"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	// SendsIssuer announces the iss parameter of callbacks (RFC 9207, 3).
	SendsIssuer bool `json:"authorization_response_iss_parameter_supported"`
}

// discovery keeps the provider that its document describes. Many callers share one
// request, which a caller that goes away does not end. While a document is old and cannot
// be fetched again, it stays in use.
type discovery struct {
	provider *provider
	url      *url.URL

	mu      sync.Mutex
	current *oauth.Provider
	failure error
	fetched time.Time
	asked   time.Time // when the last request ended
	running chan struct{}
}

func (g *provider) now() time.Time { return g.auth.Now() }

func (d *discovery) resolve(ctx context.Context) (*oauth.Provider, error) {
	d.mu.Lock()
	now := d.provider.now()
	old := d.current == nil || expired(now, d.fetched, discoveryLife)
	if d.running == nil && old && expired(now, d.asked, discoveryRetry) {
		d.running = make(chan struct{})
		go d.fetch(context.WithoutCancel(ctx), d.running)
	}
	current, wait, failure := d.current, d.running, d.failure
	d.mu.Unlock()
	switch {
	case current != nil:
		return current, nil
	case wait == nil:
		return nil, failure
	}
	select {
	case <-wait:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current == nil {
		return nil, d.failure
	}
	return d.current, nil
}

// expired holds for a clock that was set back too.
func expired(now, then time.Time, life time.Duration) bool {
	since := now.Sub(then)
	return then.IsZero() || since >= life || since < 0
}

func (d *discovery) fetch(ctx context.Context, done chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, discoveryTimeout)
	defer cancel()
	err := errors.New("genericoauth: the request for the discovery document has panicked")
	var found *oauth.Provider
	defer func() {
		// A client's transport that panics must not end the process or leave callers waiting.
		_ = recover()
		d.mu.Lock()
		d.asked = d.provider.now()
		if d.failure = err; err == nil {
			d.current, d.fetched = found, d.asked
		}
		d.running = nil
		d.mu.Unlock()
		close(done)
	}()
	found, err = d.ask(ctx)
}

func (d *discovery) ask(ctx context.Context) (*oauth.Provider, error) {
	header := d.provider.c.DiscoveryHeaders.Clone()
	if header == nil {
		header = http.Header{}
	}
	if header.Get("Accept") == "" {
		header.Set("Accept", "application/json")
	}
	doc, err := outbound.FetchJSON[document](ctx, d.provider.auth.HTTP(), outbound.Request{URL: d.url.String(), Header: header, MaxBody: maxDocument})
	if err != nil {
		return nil, err
	}
	if err := d.check(&doc); err != nil {
		return nil, err
	}
	config, err := d.provider.config(&doc)
	if err != nil {
		return nil, err
	}
	return oauth.NewProvider(config)
}

// check refuses a document that is another issuer's, and endpoints to which no secret may
// be sent. Whoever writes a document could otherwise make this server ask hosts of its
// own network.
func (d *discovery) check(doc *document) error {
	if err := d.checkIssuer(doc.Issuer); err != nil {
		return err
	}
	for _, e := range []struct{ name, raw string }{
		{"authorization_endpoint", doc.Authorization}, {"token_endpoint", doc.Token}, {"userinfo_endpoint", doc.UserInfo}, {"jwks_uri", doc.JWKS},
	} {
		if e.raw == "" {
			continue
		}
		u, err := url.Parse(e.raw)
		if err != nil || !acceptable(u) || onThisMachine(u) && !onThisMachine(d.url) {
			return fmt.Errorf("genericoauth: the %s of the discovery document is no https URL", e.name)
		}
		if u.Host == d.url.Host || onThisMachine(d.url) {
			continue
		}
		if doc.Issuer == "" && d.provider.c.Issuer == "" {
			return fmt.Errorf("genericoauth: the %s of a discovery document without an issuer is at another host", e.name)
		}
		if _, err := d.provider.auth.GuardedHTTP().CheckURL(e.raw); err != nil {
			return fmt.Errorf("genericoauth: the %s of the discovery document: %w", e.name, err)
		}
	}
	return nil
}

// checkIssuer compares the issuer with the place of the document, as the specifications
// demand (OpenID Connect Discovery 1.0, 4.3). The application's own word, Config.Issuer,
// takes its place.
func (d *discovery) checkIssuer(issuer string) error {
	if issuer == "" || d.provider.c.Issuer != "" {
		return nil
	}
	u, err := url.Parse(issuer)
	if err != nil || !acceptable(u) {
		return errors.New("genericoauth: the issuer of the discovery document is no https URL")
	}
	place, standard := strings.CutSuffix(d.url.String(), wellKnown)
	if standard && strings.TrimSuffix(issuer, "/") != place || !standard && u.Host != d.url.Host {
		return fmt.Errorf("genericoauth: the discovery document is of the issuer %q: set Config.Issuer if that is right", issuer)
	}
	return nil
}
