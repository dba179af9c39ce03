package sso

import (
	"net/url"
	"reflect"
	"strings"

	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// Address is z.url(): an absolute URL.
type Address string

// DecodeWire implements validate.Schemer.
func (a *Address) DecodeWire(v wire.Value, issues *validate.Issues) {
	s, ok := v.Str()
	switch {
	case !ok:
		issues.Type("string", v)
	case !isURL(s):
		issues.Add("Invalid URL")
	case !wire.ValidText(s):
		issues.Fatal("Invalid input: expected text without NUL")
	default:
		*a = Address(s)
	}
}

// Shape implements validate.Schemer.
func (*Address) Shape() *validate.Shape { return &validate.Shape{Type: "string"} }

func isURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return false
	}
	return u.Host != "" || u.Scheme != "http" && u.Scheme != "https"
}

// isWeb tells a URL that a browser or this server can be sent to.
func isWeb(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && !strings.ContainsAny(s, "\r\n\t ")
}

// Landing is where a browser goes: an absolute URL, or a path of this site. Null removes it. Whether it
// is trusted is decided when a browser is sent there.
type Landing struct {
	Text string
	Null bool
}

// DecodeWire implements validate.Schemer.
func (l *Landing) DecodeWire(v wire.Value, issues *validate.Issues) {
	s, ok := v.Str()
	switch {
	case v.IsNull():
		l.Null = true
	case !ok:
		issues.Type("string", v)
	case !wire.ValidText(s) || !isWeb(s) && (!strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.Contains(s, `\`)):
		issues.Fatal("Expected an absolute URL or a relative path starting with /")
	default:
		l.Text = s
	}
}

// Shape implements validate.Schemer.
func (*Landing) Shape() *validate.Shape { return &validate.Shape{Type: "string", Nullable: true} }

// AppendJSON appends the text or null.
func (l *Landing) AppendJSON(dst []byte) []byte {
	if l.Null {
		return append(dst, "null"...)
	}
	return wire.AppendString(dst, l.Text)
}

// Authentication is how a client authenticates to a token endpoint: client_secret_post,
// client_secret_basic or private_key_jwt.
type Authentication string

// DecodeWire implements validate.Schemer. What Better Auth 1.6 refuses too is refused in its words.
func (a *Authentication) DecodeWire(v wire.Value, issues *validate.Issues) {
	switch s, _ := v.Str(); s {
	case authPost, authBasic, authPrivateKey:
		*a = Authentication(s)
	default:
		issues.Fatal(`Invalid option: expected one of "client_secret_post"|"client_secret_basic"`)
	}
}

// Shape implements validate.Schemer.
func (*Authentication) Shape() *validate.Shape {
	return &validate.Shape{Type: "string", Enum: []string{authPost, authBasic, authPrivateKey}}
}

// RegisterInput is the body of register.
type RegisterInput struct {
	ProviderID       string     `json:"providerId" doc:"The ID of the provider, used in its callback"`
	Issuer           string     `json:"issuer" doc:"The issuer of the provider"`
	Domain           string     `json:"domain" doc:"The domain of the addresses of its users; several are separated by commas"`
	OIDC             *OIDCInput `json:"oidcConfig" doc:"A provider of OpenID Connect"`
	SAML             *SAMLInput `json:"samlConfig" doc:"A provider of SAML 2.0"`
	OrganizationID   *string    `json:"organizationId" doc:"The organization that its users become members of"`
	OverrideUserInfo *bool      `json:"overrideUserInfo" doc:"Write the profile to the user on every sign-in"`
}

// OIDCInput is a new provider of OpenID Connect.
type OIDCInput struct {
	ClientID                    string          `json:"clientId" doc:"The client ID"`
	ClientSecret                *string         `json:"clientSecret,omitempty" doc:"The client secret; not needed with private_key_jwt"`
	AuthorizationEndpoint       *Address        `json:"authorizationEndpoint,omitempty" doc:"The authorization endpoint"`
	TokenEndpoint               *Address        `json:"tokenEndpoint,omitempty" doc:"The token endpoint"`
	UserInfoEndpoint            *Address        `json:"userInfoEndpoint,omitempty" doc:"The user info endpoint"`
	TokenEndpointAuthentication *Authentication `json:"tokenEndpointAuthentication,omitempty" doc:"How the client authenticates"`
	PrivateKeyID                *string         `json:"privateKeyId,omitempty" doc:"The ID of the private key of private_key_jwt"`
	PrivateKeyAlgorithm         *string         `json:"privateKeyAlgorithm,omitempty" doc:"The algorithm of private_key_jwt"`
	JWKSEndpoint                *Address        `json:"jwksEndpoint,omitempty" doc:"The JWKS endpoint"`
	DiscoveryEndpoint           *Address        `json:"discoveryEndpoint,omitempty" doc:"The discovery document"`
	SkipDiscovery               *bool           `json:"skipDiscovery,omitempty" doc:"Use only the endpoints that are given"`
	Scopes                      []string        `json:"scopes,omitempty" zod:"optional" doc:"The scopes to request"`
	PKCE                        *bool           `json:"pkce,omitempty" doc:"Use PKCE, the default"`
	Mapping                     *OIDCMappingNew `json:"mapping,omitempty" doc:"The names of the claims"`
}

// Refine implements validate.Refiner: a secret is needed, but with private_key_jwt.
func (o *OIDCInput) Refine(issues *validate.Issues) {
	if o.ClientSecret == nil && (o.TokenEndpointAuthentication == nil || *o.TokenEndpointAuthentication != authPrivateKey) {
		issues.Enter("clientSecret")
		issues.Type("string", wire.Value{})
		issues.Leave()
	}
}

// OIDCMappingNew is the mapping of a new provider of OpenID Connect.
type OIDCMappingNew struct {
	ID            string           `json:"id" doc:"The claim of the user's id, usually sub"`
	Email         string           `json:"email" doc:"The claim of the address, usually email"`
	EmailVerified *string          `json:"emailVerified,omitempty" doc:"The claim that says whether the address is verified"`
	Name          string           `json:"name" doc:"The claim of the name, usually name"`
	Image         *string          `json:"image,omitempty" doc:"The claim of the picture"`
	ExtraFields   *validate.Record `json:"extraFields,omitempty"`
}

// OIDCMapping is a changed mapping of a provider of OpenID Connect.
type OIDCMapping struct {
	ID            *string          `json:"id,omitempty"`
	Email         *string          `json:"email,omitempty"`
	EmailVerified *string          `json:"emailVerified,omitempty"`
	Name          *string          `json:"name,omitempty"`
	Image         *string          `json:"image,omitempty"`
	ExtraFields   *validate.Record `json:"extraFields,omitempty"`
}

// SAMLMappingNew is the mapping of a new provider of SAML.
type SAMLMappingNew struct {
	ID            string           `json:"id" doc:"The attribute of the user's id, usually nameID"`
	Email         string           `json:"email" doc:"The attribute of the address, usually email"`
	EmailVerified *string          `json:"emailVerified,omitempty" doc:"The attribute that says whether the address is verified"`
	Name          string           `json:"name" doc:"The attribute of the name, usually displayName"`
	FirstName     *string          `json:"firstName,omitempty" doc:"The attribute of the first name"`
	LastName      *string          `json:"lastName,omitempty" doc:"The attribute of the last name"`
	ExtraFields   *validate.Record `json:"extraFields,omitempty"`
}

// SAMLMapping is a changed mapping of a provider of SAML.
type SAMLMapping struct {
	ID            *string          `json:"id,omitempty"`
	Email         *string          `json:"email,omitempty"`
	EmailVerified *string          `json:"emailVerified,omitempty"`
	Name          *string          `json:"name,omitempty"`
	FirstName     *string          `json:"firstName,omitempty"`
	LastName      *string          `json:"lastName,omitempty"`
	ExtraFields   *validate.Record `json:"extraFields,omitempty"`
}

// ServiceInput is an endpoint of an identity provider.
type ServiceInput struct {
	Binding  string `json:"Binding" doc:"The binding, a URI"`
	Location string `json:"Location" doc:"The URL"`
}

// IDPInput is an identity provider of SAML.
type IDPInput struct {
	Metadata             *string        `json:"metadata,omitempty"`
	EntityID             *string        `json:"entityID,omitempty"`
	Cert                 *string        `json:"cert,omitempty"`
	PrivateKey           *string        `json:"privateKey,omitempty"`
	PrivateKeyPass       *string        `json:"privateKeyPass,omitempty"`
	IsAssertionEncrypted *bool          `json:"isAssertionEncrypted,omitempty"`
	EncPrivateKey        *string        `json:"encPrivateKey,omitempty"`
	EncPrivateKeyPass    *string        `json:"encPrivateKeyPass,omitempty"`
	SingleSignOnService  []ServiceInput `json:"singleSignOnService,omitempty" zod:"optional"`
	SingleLogoutService  []ServiceInput `json:"singleLogoutService,omitempty" zod:"optional"`
}

// SPInput is this server as the identity provider sees it.
type SPInput struct {
	Metadata             *string `json:"metadata,omitempty"`
	EntityID             *string `json:"entityID,omitempty"`
	Binding              *string `json:"binding,omitempty"`
	Cert                 *string `json:"cert,omitempty" doc:"The certificate of privateKey, for the metadata"`
	PrivateKey           *string `json:"privateKey,omitempty"`
	PrivateKeyPass       *string `json:"privateKeyPass,omitempty"`
	IsAssertionEncrypted *bool   `json:"isAssertionEncrypted,omitempty"`
	EncCert              *string `json:"encCert,omitempty" doc:"The certificate of encPrivateKey, for the metadata"`
	EncPrivateKey        *string `json:"encPrivateKey,omitempty"`
	EncPrivateKeyPass    *string `json:"encPrivateKeyPass,omitempty"`
}

// SAMLInput is a new provider of SAML.
type SAMLInput struct {
	EntryPoint           string           `json:"entryPoint" doc:"Where requests go by redirect"`
	Cert                 string           `json:"cert" doc:"The certificate of the provider"`
	CallbackURL          string           `json:"callbackUrl" doc:"Where the browser goes at last"`
	IDPInitiatedURL      *Landing         `json:"idpInitiatedCallbackUrl,omitempty" doc:"Where the browser goes after a response that nobody has asked for"`
	Audience             *string          `json:"audience,omitempty"`
	IDP                  *IDPInput        `json:"idpMetadata,omitempty"`
	SP                   SPInput          `json:"spMetadata"`
	WantAssertionsSigned *bool            `json:"wantAssertionsSigned,omitempty"`
	AuthnRequestsSigned  *bool            `json:"authnRequestsSigned,omitempty"`
	SignatureAlgorithm   *string          `json:"signatureAlgorithm,omitempty"`
	DigestAlgorithm      *string          `json:"digestAlgorithm,omitempty"`
	IdentifierFormat     *string          `json:"identifierFormat,omitempty"`
	PrivateKey           *string          `json:"privateKey,omitempty"`
	DecryptionKey        *string          `json:"decryptionPvk,omitempty"`
	AdditionalParams     *validate.Record `json:"additionalParams,omitempty"`
	Mapping              *SAMLMappingNew  `json:"mapping,omitempty"`
}

// UpdateInput is the body of update-provider.
type UpdateInput struct {
	Issuer     *Address    `json:"issuer"`
	Domain     *string     `json:"domain"`
	OIDC       *OIDCUpdate `json:"oidcConfig"`
	SAML       *SAMLUpdate `json:"samlConfig"`
	ProviderID string      `json:"providerId"`
}

// OIDCUpdate changes a provider of OpenID Connect. What is absent stays.
type OIDCUpdate struct {
	ClientID                    *string         `json:"clientId,omitempty"`
	ClientSecret                *string         `json:"clientSecret,omitempty"`
	AuthorizationEndpoint       *Address        `json:"authorizationEndpoint,omitempty"`
	TokenEndpoint               *Address        `json:"tokenEndpoint,omitempty"`
	UserInfoEndpoint            *Address        `json:"userInfoEndpoint,omitempty"`
	TokenEndpointAuthentication *Authentication `json:"tokenEndpointAuthentication,omitempty"`
	PrivateKeyID                *string         `json:"privateKeyId,omitempty"`
	PrivateKeyAlgorithm         *string         `json:"privateKeyAlgorithm,omitempty"`
	JWKSEndpoint                *Address        `json:"jwksEndpoint,omitempty"`
	DiscoveryEndpoint           *Address        `json:"discoveryEndpoint,omitempty"`
	Scopes                      []string        `json:"scopes,omitempty" zod:"optional"`
	PKCE                        *bool           `json:"pkce,omitempty"`
	OverrideUserInfo            *bool           `json:"overrideUserInfo,omitempty"`
	Mapping                     *OIDCMapping    `json:"mapping,omitempty"`
}

// ServiceUpdate is an endpoint of an identity provider.
type ServiceUpdate struct {
	Binding  string  `json:"Binding"`
	Location Address `json:"Location"`
}

// IDPUpdate changes an identity provider of SAML.
type IDPUpdate struct {
	Metadata             *string         `json:"metadata,omitempty"`
	EntityID             *string         `json:"entityID,omitempty"`
	Cert                 *string         `json:"cert,omitempty"`
	PrivateKey           *string         `json:"privateKey,omitempty"`
	PrivateKeyPass       *string         `json:"privateKeyPass,omitempty"`
	IsAssertionEncrypted *bool           `json:"isAssertionEncrypted,omitempty"`
	EncPrivateKey        *string         `json:"encPrivateKey,omitempty"`
	EncPrivateKeyPass    *string         `json:"encPrivateKeyPass,omitempty"`
	SingleSignOnService  []ServiceUpdate `json:"singleSignOnService,omitempty" zod:"optional"`
	SingleLogoutService  []ServiceUpdate `json:"singleLogoutService,omitempty" zod:"optional"`
}

// SAMLUpdate changes a provider of SAML. What is absent stays.
type SAMLUpdate struct {
	EntryPoint           *Address         `json:"entryPoint,omitempty"`
	Cert                 *string          `json:"cert,omitempty"`
	CallbackURL          *Address         `json:"callbackUrl,omitempty"`
	IDPInitiatedURL      *Landing         `json:"idpInitiatedCallbackUrl,omitempty"`
	Audience             *string          `json:"audience,omitempty"`
	IDP                  *IDPUpdate       `json:"idpMetadata,omitempty"`
	SP                   *SPInput         `json:"spMetadata,omitempty"`
	WantAssertionsSigned *bool            `json:"wantAssertionsSigned,omitempty"`
	AuthnRequestsSigned  *bool            `json:"authnRequestsSigned,omitempty"`
	SignatureAlgorithm   *string          `json:"signatureAlgorithm,omitempty"`
	DigestAlgorithm      *string          `json:"digestAlgorithm,omitempty"`
	IdentifierFormat     *string          `json:"identifierFormat,omitempty"`
	PrivateKey           *string          `json:"privateKey,omitempty"`
	DecryptionKey        *string          `json:"decryptionPvk,omitempty"`
	AdditionalParams     *validate.Record `json:"additionalParams,omitempty"`
	Mapping              *SAMLMapping     `json:"mapping,omitempty"`
}

// ProviderInput names a provider in a body.
type ProviderInput struct {
	ProviderID string `json:"providerId"`
}

// ProviderQuery names a provider in a query.
type ProviderQuery struct {
	ProviderID string `query:"providerId"`
}

// object is the JSON object of an input.
func object(in any) (*wire.Object, error) {
	e, err := wire.EncoderFor(reflect.TypeOf(in))
	if err != nil {
		return nil, err
	}
	v, err := wire.Parse(e.Append(nil, in), wire.Limits{})
	if err != nil {
		return nil, err
	}
	o, _ := v.Obj()
	return o, nil
}
