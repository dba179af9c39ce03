package oauthserver

import (
	"slices"
	"sync"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// metadataCache lets clients and proxies keep the documents for a moment.
const metadataCache = "public, max-age=15, stale-while-revalidate=15, stale-if-error=86400"

// CacheMetadata sets how long a document may be kept. One that follows the host of the request
// is not kept: a cache that does not tell hosts apart would give one site the document of
// another.
func CacheMetadata(c *core.Ctx) {
	if c.Auth().Options().DynamicBaseURL != nil {
		c.SetHeader("Cache-Control", "no-store")
		return
	}
	c.SetHeader("Cache-Control", metadataCache)
}

// Endpoints are the paths of the routes below the base path. One that a plugin does not have
// is ""; Introspect and Revoke go together.
type Endpoints struct{ Authorize, Token, Register, Introspect, Revoke, UserInfo, EndSession string }

func texts(list []string) wire.Value {
	out := make([]wire.Value, len(list))
	for i, one := range list {
		out[i] = wire.String(one)
	}
	return wire.Array(out...)
}

// Metadata is the document of discovery (RFC 8414), with the members of OpenID Connect
// Discovery 1.0 where the scope openid exists. It says what the server enforces, and lists
// that would be empty are left out (RFC 8414 3.2).
func (s *Server) Metadata(c *core.Ctx, e Endpoints) []byte {
	base := c.BaseURL()
	return s.metadata.of(base, func() []byte { return s.document(c, base, e) })
}

// documents are the documents of base URLs. A server without a fixed one has several.
type documents struct {
	mu  sync.RWMutex
	all map[string][]byte
}

// maxDocuments bounds the documents that are kept.
const maxDocuments = 256

func (d *documents) of(base string, make func() []byte) []byte {
	d.mu.RLock()
	body, ok := d.all[base]
	d.mu.RUnlock()
	if ok {
		return body
	}
	body = make()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all == nil || len(d.all) >= maxDocuments {
		d.all = map[string][]byte{}
	}
	d.all[base] = body
	return body
}

func (s *Server) document(c *core.Ctx, base string, e Endpoints) []byte {
	o := wire.NewObject()
	set := func(name, value string) { o.Set(name, wire.String(value)) }
	some := func(name string, list ...string) {
		if len(list) > 0 {
			o.Set(name, texts(list))
		}
	}
	withCode := slices.Contains(s.GrantTypes, GrantCode)
	some("scopes_supported", s.AdvertisedScopes...)
	set("issuer", s.Issuer(c))
	set("authorization_endpoint", base+e.Authorize)
	set("token_endpoint", base+e.Token)
	if s.Keys != nil {
		set("jwks_uri", s.Keys.KeySetURL(base))
	}
	if s.Registration {
		set("registration_endpoint", base+e.Register)
	}
	if e.Introspect != "" {
		set("introspection_endpoint", base+e.Introspect)
		set("revocation_endpoint", base+e.Revoke)
	}
	if withCode {
		some("response_types_supported", "code")
		some("response_modes_supported", s.modes()...)
	} else {
		o.Set("response_types_supported", wire.Array()) // required by RFC 8414
	}
	some("grant_types_supported", s.GrantTypes...)
	methods := []string{AuthBasic, AuthPost}
	if s.Assertions {
		methods = append(methods, AuthKey)
	}
	some("token_endpoint_auth_methods_supported", append([]string{AuthNone}, methods...)...)
	if e.Introspect != "" {
		some("introspection_endpoint_auth_methods_supported", methods...)
		some("revocation_endpoint_auth_methods_supported", append([]string{AuthNone}, methods...)...)
	}
	if s.Assertions {
		for _, endpoint := range []string{"token", "introspection", "revocation"} {
			some(endpoint+"_endpoint_auth_signing_alg_values_supported", AssertionAlgorithms...)
		}
	}
	some("code_challenge_methods_supported", "S256")
	if s.DPoP {
		some("dpop_signing_alg_values_supported", s.ProofAlgorithms...)
	}
	if s.Sessions != nil {
		o.Set("backchannel_logout_supported", wire.Bool(true))
		o.Set("backchannel_logout_session_supported", wire.Bool(true))
	}
	o.Set("authorization_response_iss_parameter_supported", wire.Bool(true))
	o.Set("request_parameter_supported", wire.Bool(false))
	o.Set("request_uri_parameter_supported", wire.Bool(s.ResolveRequestURI != nil))
	o.Set("claims_parameter_supported", wire.Bool(false))
	if !slices.Contains(s.Scopes, ScopeOpenID) {
		return o.AppendJSON(nil)
	}
	some("claims_supported", s.Claims...)
	if e.UserInfo != "" {
		set("userinfo_endpoint", base+e.UserInfo)
	}
	subjects := []string{"public"}
	if s.PairwiseSecret != "" {
		subjects = append(subjects, "pairwise")
	}
	some("subject_types_supported", subjects...)
	if s.Keys != nil {
		some("id_token_signing_alg_values_supported", s.Keys.SigningAlgorithms()...)
	} else {
		some("id_token_signing_alg_values_supported", "HS256")
	}
	if e.EndSession != "" {
		set("end_session_endpoint", base+e.EndSession)
	}
	some("acr_values_supported", acr)
	some("prompt_values_supported", Prompts...)
	return o.AppendJSON(nil)
}

// Extend adds members of an application to a document. Those that the server has set stay.
func Extend(o *wire.Object, own map[string]any) error {
	taken := make([]string, 0, len(o.Members()))
	for _, m := range o.Members() {
		taken = append(taken, m.Name)
	}
	return add(o, own, taken...)
}

// Document is a document of discovery: a JSON object.
type Document struct{ body []byte }

// NewDocument makes one of its JSON.
func NewDocument(body []byte) *Document { return &Document{body} }

// AppendJSON appends the document.
func (d *Document) AppendJSON(dst []byte) []byte { return append(dst, d.body...) }

// MarshalJSON returns the document.
func (d *Document) MarshalJSON() ([]byte, error) { return d.body, nil }

// OpenAPIForm describes the document.
func (*Document) OpenAPIForm() any { return map[string]any(nil) }
