package oauthprovider

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// Client is a client in the form of RFC 7591. Secret is set once: when it has been made.
type Client struct {
	row    *clientRow
	Secret string
}

// ID is the client's id.
func (c *Client) ID() string { return c.row.ClientID }

// clientForm describes the answer.
type clientForm struct {
	ClientID                string   `json:"client_id"`
	ClientSecret            string   `json:"client_secret,omitempty" doc:"Only when it has just been made"`
	ClientSecretExpiresAt   int64    `json:"client_secret_expires_at,omitempty" doc:"0: never"`
	Scope                   string   `json:"scope,omitempty"`
	UserID                  string   `json:"user_id,omitempty"`
	ClientIDIssuedAt        int64    `json:"client_id_issued_at,omitempty"`
	ClientName              string   `json:"client_name,omitempty"`
	ClientURI               string   `json:"client_uri,omitempty"`
	LogoURI                 string   `json:"logo_uri,omitempty"`
	Contacts                []string `json:"contacts,omitempty"`
	TosURI                  string   `json:"tos_uri,omitempty"`
	PolicyURI               string   `json:"policy_uri,omitempty"`
	SoftwareID              string   `json:"software_id,omitempty"`
	SoftwareVersion         string   `json:"software_version,omitempty"`
	SoftwareStatement       string   `json:"software_statement,omitempty"`
	RedirectURIs            []string `json:"redirect_uris"`
	PostLogoutRedirectURIs  []string `json:"post_logout_redirect_uris,omitempty"`
	TokenEndpointAuthMethod string   `json:"token_endpoint_auth_method,omitempty"`
	GrantTypes              []string `json:"grant_types,omitempty"`
	ResponseTypes           []string `json:"response_types,omitempty"`
	Public                  bool     `json:"public,omitempty"`
	Type                    string   `json:"type,omitempty"`
	Disabled                bool     `json:"disabled,omitempty"`
	SkipConsent             bool     `json:"skip_consent,omitempty"`
	EnableEndSession        bool     `json:"enable_end_session,omitempty"`
	RequirePKCE             bool     `json:"require_pkce,omitempty"`
	SubjectType             string   `json:"subject_type,omitempty"`
	JWKS                    any      `json:"jwks,omitempty" doc:"The client's public keys"`
	JWKSURI                 string   `json:"jwks_uri,omitempty"`
	BackChannelLogoutURI    string   `json:"backchannel_logout_uri,omitempty"`
	BackChannelSession      bool     `json:"backchannel_logout_session_required,omitempty"`
	DPoPBoundAccessTokens   bool     `json:"dpop_bound_access_tokens,omitempty"`
	ReferenceID             string   `json:"reference_id,omitempty"`
}

// OpenAPIForm describes a client.
func (*Client) OpenAPIForm() any { return clientForm{} }

// MarshalJSON returns the client.
func (c *Client) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil), nil }

// AppendJSON appends the client. Members that are not set are left out, never null: clients
// of MCP do not take null.
func (c *Client) AppendJSON(dst []byte) []byte {
	r := c.row
	o := wire.NewObject()
	if own := objectOf(r.Metadata); own != nil {
		if v, err := wire.Parse(own, wire.Limits{}); err == nil {
			members, _ := v.Obj()
			for _, m := range members.Members() {
				o.Set(m.Name, m.Value)
			}
		}
	}
	text := func(name string, v *string) {
		if v != nil {
			o.Set(name, wire.String(*v))
		}
	}
	list := func(name string, v []string) {
		if v == nil {
			return
		}
		items := make([]wire.Value, len(v))
		for i, one := range v {
			items[i] = wire.String(one)
		}
		o.Set(name, wire.Array(items...))
	}
	flag := func(name string, v *bool) {
		if v != nil {
			o.Set(name, wire.Bool(*v))
		}
	}
	o.Set("client_id", wire.String(r.ClientID))
	if c.Secret != "" {
		o.Set("client_secret", wire.String(c.Secret))
	}
	if r.ClientSecret != nil {
		expires := int64(0)
		if r.ExpiresAt != nil {
			expires = r.ExpiresAt.Unix()
		}
		o.Set("client_secret_expires_at", wire.Int(expires))
	}
	if r.Scopes != nil {
		o.Set("scope", wire.String(strings.Join(r.Scopes, " ")))
	}
	text("user_id", r.UserID)
	if r.CreatedAt != nil {
		o.Set("client_id_issued_at", wire.Int(r.CreatedAt.Unix()))
	}
	text("client_name", r.Name)
	text("client_uri", r.URI)
	text("logo_uri", r.Icon)
	list("contacts", r.Contacts)
	text("tos_uri", r.Terms)
	text("policy_uri", r.Policy)
	text("software_id", r.SoftwareID)
	text("software_version", r.SoftwareVersion)
	text("software_statement", r.SoftwareStatement)
	list("redirect_uris", notNil(r.RedirectURIs))
	list("post_logout_redirect_uris", r.PostLogoutURIs)
	text("token_endpoint_auth_method", r.AuthMethod)
	list("grant_types", r.GrantTypes)
	list("response_types", r.ResponseTypes)
	flag("public", r.Public)
	text("type", r.Type)
	flag("disabled", r.Disabled)
	flag("skip_consent", r.SkipConsent)
	flag("enable_end_session", r.EnableEndSession)
	flag("require_pkce", r.RequirePKCE)
	text("subject_type", r.SubjectType)
	text("reference_id", r.ReferenceID)
	if r.JWKS != nil {
		if keys, err := wire.Parse([]byte(*r.JWKS), wire.Limits{}); err == nil {
			o.Set("jwks", keys)
		}
	}
	text("jwks_uri", r.JWKSURI)
	text("backchannel_logout_uri", r.LogoutURI)
	flag("backchannel_logout_session_required", r.LogoutSession)
	flag("dpop_bound_access_tokens", r.BoundTokens)
	return o.AppendJSON(dst)
}

// face is what anybody may see of a client.
func (r *clientRow) face() *Client {
	out := &clientRow{ClientID: r.ClientID, Name: r.Name, URI: r.URI, Contacts: r.Contacts, Icon: r.Icon, Terms: r.Terms, Policy: r.Policy}
	return &Client{row: out}
}

// Fields are the members of a client that its owner may set (RFC 7591 2).
type Fields struct {
	RedirectURIs      []string `json:"redirect_uris" zod:"nonempty" doc:"Allowed redirect URIs"`
	Scope             *string  `json:"scope"`
	ClientName        *string  `json:"client_name"`
	ClientURI         *string  `json:"client_uri"`
	LogoURI           *string  `json:"logo_uri"`
	Contacts          []string `json:"contacts" zod:"optional,nonempty,each,nonempty"`
	TosURI            *string  `json:"tos_uri"`
	PolicyURI         *string  `json:"policy_uri"`
	SoftwareID        *string  `json:"software_id"`
	SoftwareVersion   *string  `json:"software_version"`
	SoftwareStatement *string  `json:"software_statement"`
	PostLogoutURIs    []string `json:"post_logout_redirect_uris" zod:"optional,nonempty"`
	GrantTypes        []string `json:"grant_types" zod:"optional,each,enum=authorization_code|client_credentials|refresh_token"`
	ResponseTypes     []string `json:"response_types" zod:"optional,each,enum=code"`
	Type              *string  `json:"type" zod:"enum=web|native|user-agent-based"`
	IDTokenAlgorithm  *string  `json:"id_token_signed_response_alg" doc:"How id_tokens are signed: one of the algorithms of the discovery document"`
	AuthMethod        *string  `json:"token_endpoint_auth_method" zod:"enum=none|client_secret_basic|client_secret_post|private_key_jwt"`
	SubjectType       *string  `json:"subject_type" zod:"enum=public|pairwise"`
	KeyFields
}

// KeyFields are the members of a client with keys of its own. A server without the option for a
// member does not look at it, as it does not look at unknown ones.
type KeyFields struct {
	JWKS          *validate.Record `json:"jwks,omitempty" doc:"Public keys, with PrivateKeyJWT"`
	JWKSURI       *string          `json:"jwks_uri,omitempty" doc:"Where the public keys are, with PrivateKeyJWT"`
	LogoutURI     *string          `json:"backchannel_logout_uri,omitempty" doc:"Is told when a session ends, with BackChannelLogout"`
	LogoutSession *bool            `json:"backchannel_logout_session_required,omitempty"`
	BoundTokens   *bool            `json:"dpop_bound_access_tokens,omitempty" doc:"Bind all tokens to a key, with DPoP"`
}

// metadataWith puts a member into metadata.
func metadataWith(raw json.RawMessage, name string, v *string) json.RawMessage {
	if v == nil {
		return raw
	}
	o := wire.NewObject()
	if own := objectOf(raw); own != nil {
		if parsed, err := wire.Parse(own, wire.Limits{}); err == nil {
			if members, ok := parsed.Obj(); ok {
				o = members
			}
		}
	}
	o.Set(name, wire.String(*v))
	return o.AppendJSON(nil)
}

// apply writes the members into a row.
func (f *Fields) apply(r *clientRow) {
	set := func(to **string, v *string) {
		if v != nil {
			*to = v
		}
	}
	lists := func(to *[]string, v []string) {
		if v != nil {
			*to = v
		}
	}
	lists(&r.RedirectURIs, f.RedirectURIs)
	if f.Scope != nil {
		r.Scopes = scopesOf(*f.Scope)
	}
	set(&r.Name, f.ClientName)
	set(&r.URI, f.ClientURI)
	set(&r.Icon, f.LogoURI)
	lists(&r.Contacts, f.Contacts)
	set(&r.Terms, f.TosURI)
	set(&r.Policy, f.PolicyURI)
	set(&r.SoftwareID, f.SoftwareID)
	set(&r.SoftwareVersion, f.SoftwareVersion)
	set(&r.SoftwareStatement, f.SoftwareStatement)
	lists(&r.PostLogoutURIs, f.PostLogoutURIs)
	lists(&r.GrantTypes, once(f.GrantTypes))
	lists(&r.ResponseTypes, once(f.ResponseTypes))
	set(&r.Type, f.Type)
	set(&r.AuthMethod, f.AuthMethod)
	set(&r.SubjectType, f.SubjectType)
	if f.JWKS != nil {
		r.JWKS, r.JWKSURI = new(string(f.JWKS.AppendJSON(nil))), nil
	}
	if f.JWKSURI != nil {
		r.JWKSURI = f.JWKSURI
		if f.JWKS == nil {
			r.JWKS = nil
		}
	}
	set(&r.LogoutURI, f.LogoutURI)
	if f.LogoutSession != nil {
		r.LogoutSession = f.LogoutSession
	}
	if f.BoundTokens != nil {
		r.BoundTokens = f.BoundTokens
	}
	r.Metadata = metadataWith(r.Metadata, "id_token_signed_response_alg", f.IDTokenAlgorithm)
}

// record writes the members that are set into a record, with their values in a row.
func (f *Fields) record(r *clientRow, to adapter.Record) {
	for name, list := range map[string][2][]string{
		"redirectUris": {f.RedirectURIs, r.RedirectURIs}, "contacts": {f.Contacts, r.Contacts}, "postLogoutRedirectUris": {f.PostLogoutURIs, r.PostLogoutURIs},
		"grantTypes": {f.GrantTypes, r.GrantTypes}, "responseTypes": {f.ResponseTypes, r.ResponseTypes},
	} {
		if list[0] != nil {
			to[name] = list[1]
		}
	}
	for name, v := range map[string]*string{
		"name": f.ClientName, "uri": f.ClientURI, "icon": f.LogoURI, "tos": f.TosURI, "policy": f.PolicyURI, "softwareId": f.SoftwareID,
		"softwareVersion": f.SoftwareVersion, "softwareStatement": f.SoftwareStatement, "type": f.Type,
	} {
		if v != nil {
			to[name] = *v
		}
	}
	if f.Scope != nil {
		to["scopes"] = notNil(r.Scopes)
	}
	if f.JWKS != nil || f.JWKSURI != nil {
		to["jwks"], to["jwksUri"] = deref(r.JWKS), deref(r.JWKSURI)
	}
	if f.LogoutURI != nil {
		to["backchannelLogoutUri"] = *f.LogoutURI
	}
	if f.LogoutSession != nil {
		to["backchannelLogoutSessionRequired"] = *f.LogoutSession
	}
	if f.BoundTokens != nil {
		to["dpopBoundAccessTokens"] = *f.BoundTokens
	}
	if f.IDTokenAlgorithm != nil {
		to["metadata"] = r.Metadata
	}
}

// scopesOf reads a list of scopes.
func scopesOf(text string) []string { return once(strings.Fields(text)) }

// once removes what a list has already. nil stays nil.
func once(list []string) []string {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(slices.Clone(list), func(one string) bool {
		had := seen[one]
		seen[one] = true
		return had
	})
}

// ClientInput is the body of /oauth2/register and /oauth2/create-client.
type ClientInput struct {
	Fields
	SkipConsent *bool `json:"skip_consent" doc:"Only an administrator sets it"`
	RequirePKCE *bool `json:"require_pkce" doc:"Only an administrator sets it"`
}

// AdminClientInput is the input of AdminCreateClient.
type AdminClientInput struct {
	Fields
	SecretExpiresAt  *float64         `json:"client_secret_expires_at" doc:"When the secret ends, in seconds since 1970; 0: never"`
	SkipConsent      *bool            `json:"skip_consent"`
	EnableEndSession *bool            `json:"enable_end_session"`
	RequirePKCE      *bool            `json:"require_pkce" doc:"Default true. A confidential client may be exempt"`
	Metadata         *validate.Record `json:"metadata"`
}

// UpdateFields are the members of an update.
type UpdateFields struct {
	RedirectURIs      []string `json:"redirect_uris,omitempty" zod:"optional,nonempty"`
	Scope             *string  `json:"scope,omitempty"`
	ClientName        *string  `json:"client_name,omitempty"`
	ClientURI         *string  `json:"client_uri,omitempty"`
	LogoURI           *string  `json:"logo_uri,omitempty"`
	Contacts          []string `json:"contacts,omitempty" zod:"optional,nonempty,each,nonempty"`
	TosURI            *string  `json:"tos_uri,omitempty"`
	PolicyURI         *string  `json:"policy_uri,omitempty"`
	SoftwareID        *string  `json:"software_id,omitempty"`
	SoftwareVersion   *string  `json:"software_version,omitempty"`
	SoftwareStatement *string  `json:"software_statement,omitempty"`
	PostLogoutURIs    []string `json:"post_logout_redirect_uris,omitempty" zod:"optional,nonempty"`
	GrantTypes        []string `json:"grant_types,omitempty" zod:"optional,each,enum=authorization_code|client_credentials|refresh_token"`
	ResponseTypes     []string `json:"response_types,omitempty" zod:"optional,each,enum=code"`
	Type              *string  `json:"type,omitempty" zod:"enum=web|native|user-agent-based"`
	IDTokenAlgorithm  *string  `json:"id_token_signed_response_alg,omitempty"`
	KeyFields
}

func (u *UpdateFields) fields() *Fields {
	return &Fields{
		RedirectURIs: u.RedirectURIs, Scope: u.Scope, ClientName: u.ClientName, ClientURI: u.ClientURI, LogoURI: u.LogoURI, Contacts: u.Contacts, TosURI: u.TosURI,
		PolicyURI: u.PolicyURI, SoftwareID: u.SoftwareID, SoftwareVersion: u.SoftwareVersion, SoftwareStatement: u.SoftwareStatement, PostLogoutURIs: u.PostLogoutURIs,
		GrantTypes: u.GrantTypes, ResponseTypes: u.ResponseTypes, Type: u.Type, IDTokenAlgorithm: u.IDTokenAlgorithm, KeyFields: u.KeyFields,
	}
}

// UpdateInput is the body of /oauth2/update-client.
type UpdateInput struct {
	ClientID string       `json:"client_id"`
	Update   UpdateFields `json:"update"`
}

// AdminUpdate are the members of an update by an administrator.
type AdminUpdate struct {
	UpdateFields
	Disabled         *bool            `json:"disabled,omitempty" doc:"A disabled client gets no codes and no tokens, and its tokens do not count"`
	SecretExpiresAt  *float64         `json:"client_secret_expires_at,omitempty"`
	SkipConsent      *bool            `json:"skip_consent,omitempty"`
	EnableEndSession *bool            `json:"enable_end_session,omitempty"`
	RequirePKCE      *bool            `json:"require_pkce,omitempty"`
	Metadata         *validate.Record `json:"metadata,omitempty"`
}

// AdminUpdateInput is the input of AdminUpdateClient.
type AdminUpdateInput struct {
	ClientID string      `json:"client_id"`
	Update   AdminUpdate `json:"update"`
}
