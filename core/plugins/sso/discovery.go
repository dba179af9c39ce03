package sso

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/outbound"
)

const (
	discoveryTimeout = 10 * time.Second
	maxDocument      = 256 << 10 // bytes
	wellKnown        = "/.well-known/openid-configuration"
)

// The codes of what is wrong with an issuer or its endpoints.
const (
	discoveryInvalidURL  = "discovery_invalid_url"
	discoveryNotFound    = "discovery_not_found"
	discoveryUntrusted   = "discovery_untrusted_origin"
	discoveryPrivateHost = "discovery_private_host"
	discoveryInvalidJSON = "discovery_invalid_json"
	discoveryIncomplete  = "discovery_incomplete"
	discoveryMismatch    = "issuer_mismatch"
	discoveryTimedOut    = "discovery_timeout"
	discoveryUnexpected  = "discovery_unexpected_error"
	discoveryRedirect    = "oidc_endpoint_redirect"
)

// discoveryError is what is wrong with an issuer or its endpoints. Its text repeats what the caller
// has sent, and what the document says in public, and nothing else that the server has found.
type discoveryError struct{ code, text string }

func (e *discoveryError) Error() string { return e.text }

// words are what comes before the text in an answer.
var words = map[string]string{
	discoveryTimedOut: "OIDC discovery timed out: ", discoveryUnexpected: "OIDC discovery failed: ",
	discoveryNotFound:   "OIDC discovery endpoint not found. The issuer may not support OIDC discovery, or the URL is incorrect. ",
	discoveryInvalidURL: "Invalid OIDC endpoint URL: ", discoveryUntrusted: "Untrusted OIDC discovery URL: ", discoveryInvalidJSON: "OIDC discovery returned invalid data: ",
	discoveryIncomplete: "OIDC discovery document is missing required fields: ", discoveryMismatch: "OIDC issuer mismatch: ",
}

// answered makes an answer of a *discoveryError.
func answered(err error) error {
	e, ok := errors.AsType[*discoveryError](err)
	if !ok {
		return err
	}
	status := http.StatusBadRequest
	if e.code == discoveryTimedOut || e.code == discoveryUnexpected {
		status = http.StatusBadGateway
	}
	return &core.Error{Status: status, Code: e.code, Message: words[e.code] + e.text}
}

// webURL parses an absolute http or https URL and writes it as browsers do.
func webURL(name, raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Scheme == "" || (u.Scheme == "http" || u.Scheme == "https") && u.Host == "":
		return nil, &discoveryError{discoveryInvalidURL, `The url "` + name + `" must be valid: ` + raw}
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, &discoveryError{discoveryInvalidURL, `The url "` + name + `" must use the http or https supported protocols: ` + raw}
	}
	u.Host = strings.ToLower(u.Host)
	if port := u.Port(); port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}

// checkEndpoint refuses an endpoint to which this server must send nothing. A name is looked up
// again whenever it is dialled.
func (p *Plugin) checkEndpoint(c *core.Ctx, name, raw string) error {
	u, err := webURL(name, raw)
	if err != nil {
		return err
	}
	_, refused := p.auth.GuardedHTTP().CheckURL(u.String())
	if refused == nil || p.opts.HTTPClient != nil && c.TrustedURL(u.String()) {
		return nil
	}
	if outbound.ReasonOf(refused) == outbound.ReasonPrivateHost {
		return &discoveryError{discoveryPrivateHost, "The " + name + " URL (" + u.String() + ") is not publicly routable: " + u.Hostname() +
			". If this is an internal IdP, add its host to GuardedHTTP.Allow."}
	}
	return &discoveryError{discoveryInvalidURL, `The url "` + name + `" must be https, with a host and without a user name: ` + raw}
}

// endpoints are the addresses of a configuration, in the order in which they are checked.
func (o *OIDCConfig) endpoints() [][2]string {
	return [][2]string{
		{"authorizationEndpoint", o.AuthorizationEndpoint}, {"tokenEndpoint", o.TokenEndpoint}, {"userInfoEndpoint", o.UserInfoEndpoint},
		{"jwksEndpoint", o.JWKSEndpoint}, {"discoveryEndpoint", o.DiscoveryEndpoint},
	}
}

func (p *Plugin) checkEndpoints(c *core.Ctx, o *OIDCConfig) error {
	for _, e := range o.endpoints() {
		if e[1] == "" {
			continue
		}
		if err := p.checkEndpoint(c, e[0], e[1]); err != nil {
			return err
		}
	}
	return nil
}

// document is what is used of a discovery document.
type document struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	UserInfo      string   `json:"userinfo_endpoint"`
	JWKS          string   `json:"jwks_uri"`
	Methods       []string `json:"token_endpoint_auth_methods_supported"`
}

func (o *OIDCConfig) incomplete() bool {
	return o.TokenEndpoint == "" || o.JWKSEndpoint == "" || o.AuthorizationEndpoint == ""
}

// discover fills in what a configuration lacks, from a document that load returns.
func (p *Plugin) discover(c *core.Ctx, issuer string, o OIDCConfig, ofApplication bool, load func(ctx context.Context, address string, ofApplication bool) (*document, error)) (*OIDCConfig, error) {
	address := o.DiscoveryEndpoint
	if address == "" {
		address = strings.TrimSuffix(issuer, "/") + wellKnown
	}
	at, err := webURL("discoveryEndpoint", address)
	if err != nil {
		return nil, err
	}
	if !ofApplication && !p.trusts(c, at.String()) {
		return nil, &discoveryError{discoveryUntrusted, `The main discovery endpoint "` + at.String() + `" is not trusted by your trusted origins configuration.`}
	}
	if !ofApplication {
		if err := p.checkEndpoint(c, "discoveryEndpoint", at.String()); err != nil {
			return nil, err
		}
	}
	found, err := load(c, address, ofApplication)
	if err != nil {
		return nil, err
	}
	own := *found // what is kept is for others too
	doc := &own
	if err := doc.check(issuer); err != nil {
		return nil, err
	}
	for _, e := range []struct {
		name string
		raw  *string
	}{{"token_endpoint", &doc.Token}, {"authorization_endpoint", &doc.Authorization}, {"jwks_uri", &doc.JWKS}, {"userinfo_endpoint", &doc.UserInfo}} {
		if *e.raw == "" {
			continue
		}
		u, err := below(e.name, *e.raw, issuer)
		if err != nil {
			return nil, err
		}
		if *e.raw = u.String(); ofApplication {
			continue
		}
		if !p.trusts(c, *e.raw) {
			return nil, &discoveryError{discoveryUntrusted, "The " + e.name + ` "` + *e.raw + `" is not trusted by your trusted origins configuration.`}
		}
		if err := p.checkEndpoint(c, e.name, *e.raw); err != nil {
			return nil, err
		}
	}
	fill := func(into *string, said string) {
		if *into == "" {
			*into = said
		}
	}
	if o.DiscoveryEndpoint == "" {
		o.DiscoveryEndpoint = address
	}
	fill(&o.Issuer, doc.Issuer)
	fill(&o.AuthorizationEndpoint, doc.Authorization)
	fill(&o.TokenEndpoint, doc.Token)
	fill(&o.JWKSEndpoint, doc.JWKS)
	fill(&o.UserInfoEndpoint, doc.UserInfo)
	fill(&o.TokenEndpointAuthentication, doc.method(p.opts.PrivateKey != nil))
	return &o, nil
}

// trusts reports whether an issuer at an address may be discovered.
func (p *Plugin) trusts(c *core.Ctx, address string) bool {
	return p.opts.AnyPublicIssuer || c.TrustedURL(address)
}

// below is an endpoint of a document, which some write as a path below the issuer.
func below(name, raw, issuer string) (*url.URL, error) {
	if u, err := webURL(name, raw); err == nil {
		return u, nil
	}
	if strings.Contains(raw, ":") {
		return webURL(name, raw)
	}
	base, err := webURL(name, issuer)
	if err != nil {
		return nil, err
	}
	return webURL(name, base.Scheme+"://"+base.Host+strings.TrimRight(base.Path, "/")+"/"+strings.TrimLeft(raw, "/"))
}

// recent is fetch for a sign-in, which may use what another has fetched.
func (p *Plugin) recent(ctx context.Context, address string, ofApplication bool) (*document, error) {
	return p.documents.get(ctx, documentKey{address, ofApplication}, p.auth.Now, func(ctx context.Context) (*document, error) {
		return p.fetch(ctx, address, ofApplication)
	})
}

func (p *Plugin) fetch(ctx context.Context, address string, ofApplication bool) (*document, error) {
	res, err := outbound.Fetch(ctx, p.httpClient(ofApplication), outbound.Request{URL: address, Header: http.Header{"Accept": {"application/json"}},
		Timeout: discoveryTimeout, MaxBody: maxDocument})
	switch outbound.ReasonOf(err) {
	case "":
		if err != nil {
			return nil, err
		}
	case outbound.ReasonTimeout:
		return nil, &discoveryError{discoveryTimedOut, "Discovery request timed out"}
	case outbound.ReasonPrivateHost, outbound.ReasonInvalidURL:
		return nil, &discoveryError{discoveryPrivateHost, "The discoveryEndpoint URL (" + address + ") is not publicly routable"}
	case outbound.ReasonRedirect:
		return nil, &discoveryError{discoveryRedirect, "The discovery endpoint redirects, which is not followed"}
	case outbound.ReasonTooLarge:
		return nil, &discoveryError{discoveryInvalidJSON, "Discovery endpoint returned too much"}
	default:
		return nil, &discoveryError{discoveryUnexpected, "Unexpected error during discovery"}
	}
	switch {
	case res.Status == http.StatusNotFound:
		return nil, &discoveryError{discoveryNotFound, "Discovery endpoint not found"}
	case res.Status == http.StatusRequestTimeout:
		return nil, &discoveryError{discoveryTimedOut, "Discovery request timed out"}
	case res.Status < 200 || res.Status > 299:
		return nil, &discoveryError{discoveryUnexpected, "Unexpected discovery error: " + http.StatusText(res.Status)}
	case len(strings.TrimSpace(string(res.Body))) == 0:
		return nil, &discoveryError{discoveryInvalidJSON, "Discovery endpoint returned an empty response"}
	}
	var doc *document
	if json.Unmarshal(res.Body, &doc) != nil || doc == nil {
		return nil, &discoveryError{discoveryInvalidJSON, "Discovery endpoint returned invalid JSON"}
	}
	return doc, nil
}

// check compares a document with the issuer that was configured. A slash at the end is the only
// difference that may be; what the document says is then the issuer.
func (d *document) check(issuer string) error {
	var missing []string
	for _, f := range [][2]string{{"issuer", d.Issuer}, {"authorization_endpoint", d.Authorization}, {"token_endpoint", d.Token}, {"jwks_uri", d.JWKS}} {
		if f[1] == "" {
			missing = append(missing, f[0])
		}
	}
	if len(missing) > 0 {
		return &discoveryError{discoveryIncomplete, "Discovery document is missing required fields: " + strings.Join(missing, ", ")}
	}
	if strings.TrimSuffix(d.Issuer, "/") != strings.TrimSuffix(issuer, "/") {
		return &discoveryError{discoveryMismatch, `Discovered issuer "` + clip(d.Issuer) + `" does not match configured issuer "` + issuer + `"`}
	}
	return nil
}

// clip bounds what an answer repeats of a document.
func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 256)], "") }

// method is how to authenticate. keys says that there may be a private key.
func (d *document) method(keys bool) string {
	switch {
	case slices.Contains(d.Methods, authBasic):
	case slices.Contains(d.Methods, authPost):
		return authPost
	case keys && slices.Contains(d.Methods, authPrivateKey):
		return authPrivateKey
	}
	return authBasic
}

// httpClient sends requests to the endpoints of a provider.
func (p *Plugin) httpClient(ofApplication bool) *http.Client {
	switch {
	case ofApplication:
		return p.auth.HTTP()
	case p.opts.HTTPClient != nil:
		return p.opts.HTTPClient
	}
	return p.auth.GuardedHTTP().Client
}
