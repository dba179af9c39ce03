package sso

import (
	"errors"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// OIDCConfig describes a provider of OpenID Connect and the registration with it.
type OIDCConfig struct {
	// Issuer is the iss of id_tokens, exactly.
	Issuer string
	// ClientID and ClientSecret belong to the registration.
	ClientID, ClientSecret string
	// DiscoveryEndpoint is the address of the discovery document. Default: the issuer and
	// "/.well-known/openid-configuration". It is asked when one of the first three below is missing.
	DiscoveryEndpoint                                  string
	AuthorizationEndpoint, TokenEndpoint, JWKSEndpoint string
	// UserInfoEndpoint is the address of the profile. Default: that of the document; without one
	// the id_token is the profile.
	UserInfoEndpoint string
	// TokenEndpointAuthentication is "client_secret_basic", the default, "client_secret_post", or
	// "private_key_jwt", which needs a key: that of DefaultProvider.PrivateKey or of Options.PrivateKey.
	TokenEndpointAuthentication string
	// PrivateKeyID and PrivateKeyAlgorithm come before those of the key.
	PrivateKeyID, PrivateKeyAlgorithm string
	// Scopes are requested. Default: openid, email, profile and offline_access.
	Scopes []string
	// NoPKCE leaves PKCE out, for a provider that refuses its parameters.
	NoPKCE bool
	// OverrideUserInfo writes name, image and address to the user on every sign-in.
	OverrideUserInfo bool
	// Mapping names the claims.
	Mapping Mapping
}

// Mapping names the claims or attributes of a user. An empty name is the usual one.
type Mapping struct {
	ID, Email, EmailVerified, Name string
	Image                          string // of OpenID Connect
	FirstName, LastName            string // of SAML
	// ExtraFields are further ones for Arrival.Info: the claim or attribute by the name there.
	ExtraFields map[string]string
}

// identity are the names that say who a user is: of the id, and of the address, which finds the user
// to whom an account is linked. A name that is not set is the usual one.
func (m *Mapping) identity(id, email, verified string) [3]string {
	return [3]string{or(m.ID, id), or(m.Email, email), or(m.EmailVerified, verified)}
}

// SAMLConfig describes an identity provider of SAML and this server as it sees it. Keys are in
// PEM.
type SAMLConfig struct {
	// Issuer is the entity id of this server, unless SP.EntityID is set, and that of the identity
	// provider where neither IDP.EntityID nor IDP.Metadata say one.
	Issuer string
	// EntryPoint takes requests by redirect, unless IDP says where.
	EntryPoint string
	// Certificate is that of the identity provider, in PEM or bare base64. Several PEM blocks are
	// several certificates.
	Certificate string
	// CallbackURL is where the browser goes at last when the request has not said. One of the routes
	// of this server is where responses are sent.
	CallbackURL string
	// IDPInitiatedURL is where the browser goes after a response that nobody has asked for
	// (idpInitiatedCallbackUrl), before SAMLRules.IDPInitiatedURL.
	IDPInitiatedURL string
	// Audience is who assertions must be for. Default: the entity id of this server.
	Audience string
	IDP      SAMLPeer
	SP       SAMLPeer
	// WantAssertionsSigned demands a signature on the assertion itself.
	WantAssertionsSigned bool
	// AuthnRequestsSigned signs requests. It needs a key.
	AuthnRequestsSigned bool
	// SignatureAlgorithm and DigestAlgorithm are URIs or short names, such as "rsa-sha256".
	SignatureAlgorithm, DigestAlgorithm string
	// IdentifierFormat is the format of NameIDs that is asked for, as a URI.
	IdentifierFormat string
	// PrivateKey signs, unless SP.PrivateKey is set. DecryptionKey opens assertions, unless
	// SP.EncPrivateKey is set.
	PrivateKey, DecryptionKey string
	Mapping                   Mapping
}

// SAMLPeer is one of the two sides, as metadata or by its parts.
type SAMLPeer struct {
	Metadata                         string // XML; of this server it is served as it is, and EntityID must say its entity id
	EntityID                         string
	Certificate                      string // of the identity provider; of this server that of PrivateKey, for its metadata
	EncCertificate                   string // of this server that of EncPrivateKey, for its metadata
	PrivateKey, PrivateKeyPass       string // of this server
	EncPrivateKey, EncPrivateKeyPass string // of this server
	SSO, SLO                         []SAMLEndpoint
}

func textOf(v wire.Value, name string) string {
	s, _ := v.Get(name).Str()
	return s
}

func flagOf(v wire.Value, name string) bool {
	b, _ := v.Get(name).Bool()
	return b
}

func textsOf(v wire.Value) []string {
	items, _ := v.Items()
	var out []string
	for _, item := range items {
		if s, ok := item.Str(); ok {
			out = append(out, s)
		}
	}
	return out
}

func readOIDC(v wire.Value) *OIDCConfig {
	return &OIDCConfig{
		Issuer: textOf(v, "issuer"), ClientID: textOf(v, "clientId"), ClientSecret: textOf(v, "clientSecret"), DiscoveryEndpoint: textOf(v, "discoveryEndpoint"),
		AuthorizationEndpoint: textOf(v, "authorizationEndpoint"), TokenEndpoint: textOf(v, "tokenEndpoint"), JWKSEndpoint: textOf(v, "jwksEndpoint"),
		UserInfoEndpoint: textOf(v, "userInfoEndpoint"), TokenEndpointAuthentication: textOf(v, "tokenEndpointAuthentication"), Scopes: textsOf(v.Get("scopes")),
		PrivateKeyID: textOf(v, "privateKeyId"), PrivateKeyAlgorithm: textOf(v, "privateKeyAlgorithm"),
		NoPKCE: !v.Get("pkce").Truthy(), OverrideUserInfo: flagOf(v, "overrideUserInfo"), Mapping: readMapping(v.Get("mapping")),
	}
}

func readMapping(v wire.Value) Mapping {
	m := Mapping{
		ID: textOf(v, "id"), Email: textOf(v, "email"), EmailVerified: textOf(v, "emailVerified"), Name: textOf(v, "name"), Image: textOf(v, "image"),
		FirstName: textOf(v, "firstName"), LastName: textOf(v, "lastName"),
	}
	if o, ok := v.Get("extraFields").Obj(); ok {
		m.ExtraFields = map[string]string{}
		for _, f := range o.Members() {
			if s, ok := f.Value.Str(); ok {
				m.ExtraFields[f.Name] = s
			}
		}
	}
	return m
}

func readSAML(v wire.Value) *SAMLConfig {
	cert := textOf(v, "cert")
	if list := textsOf(v.Get("cert")); len(list) > 0 { // of Better Auth 1.7
		cert = pemList(list)
	}
	return &SAMLConfig{
		Issuer: textOf(v, "issuer"), EntryPoint: textOf(v, "entryPoint"), Certificate: cert, CallbackURL: textOf(v, "callbackUrl"), IDPInitiatedURL: textOf(v, "idpInitiatedCallbackUrl"), Audience: textOf(v, "audience"),
		IDP: readPeer(v.Get("idpMetadata")), SP: readPeer(v.Get("spMetadata")),
		WantAssertionsSigned: flagOf(v, "wantAssertionsSigned"), AuthnRequestsSigned: flagOf(v, "authnRequestsSigned"),
		SignatureAlgorithm: textOf(v, "signatureAlgorithm"), DigestAlgorithm: textOf(v, "digestAlgorithm"), IdentifierFormat: textOf(v, "identifierFormat"),
		PrivateKey: textOf(v, "privateKey"), DecryptionKey: textOf(v, "decryptionPvk"), Mapping: readMapping(v.Get("mapping")),
	}
}

func readPeer(v wire.Value) SAMLPeer {
	cert := textOf(v, "cert")
	if list := textsOf(v.Get("cert")); len(list) > 0 {
		cert = pemList(list)
	}
	p := SAMLPeer{
		Metadata: textOf(v, "metadata"), EntityID: textOf(v, "entityID"), Certificate: cert, PrivateKey: textOf(v, "privateKey"), PrivateKeyPass: textOf(v, "privateKeyPass"),
		EncPrivateKey: textOf(v, "encPrivateKey"), EncPrivateKeyPass: textOf(v, "encPrivateKeyPass"), EncCertificate: textOf(v, "encCert"),
	}
	for name, into := range map[string]*[]SAMLEndpoint{"singleSignOnService": &p.SSO, "singleLogoutService": &p.SLO} {
		items, _ := v.Get(name).Items()
		for _, item := range items {
			*into = append(*into, SAMLEndpoint{Binding: SAMLBinding(textOf(item, "Binding")), Location: textOf(item, "Location")})
		}
	}
	return p
}

// pemList is one text of several certificates.
func pemList(list []string) string {
	out := make([]string, len(list))
	for i, one := range list {
		if one = strings.TrimSpace(one); !strings.Contains(one, pemBegin) {
			one = pemBegin + "CERTIFICATE-----\n" + one + "\n-----END CERTIFICATE-----"
		}
		out[i] = one
	}
	return strings.Join(out, "\n")
}

const pemBegin = "-----BEGIN "

// certificates splits a text of one or several certificates.
func certificates(text string) []string {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	if !strings.Contains(text, pemBegin) {
		return []string{text}
	}
	var out []string
	for _, part := range strings.Split(text, pemBegin)[1:] {
		out = append(out, strings.TrimSpace(pemBegin+part))
	}
	return out
}

// secretMembers are the members of configurations that are secrets.
var secretMembers = []string{"clientSecret", "privateKey", "privateKeyPass", "decryptionPvk", "encPrivateKey", "encPrivateKeyPass"}

// eachSecret replaces the secrets of a configuration, also those of its two sides.
func eachSecret(o *wire.Object, replace func(string) (string, error)) error {
	for _, m := range o.Members() {
		if inner, ok := m.Value.Obj(); ok && (m.Name == "spMetadata" || m.Name == "idpMetadata") {
			if err := eachSecret(inner, replace); err != nil {
				return err
			}
			continue
		}
		if s, ok := m.Value.Str(); ok && s != "" && slices.Contains(secretMembers, m.Name) {
			s, err := replace(s)
			if err != nil {
				return err
			}
			o.Set(m.Name, wire.String(s))
		}
	}
	return nil
}

const (
	sealedPrefix = "$sealed$"
	// sealedPurpose begins what is encrypted, so that nothing else that the keyring has encrypted
	// passes for a secret of a provider.
	sealedPurpose = "sso-secret:"
)

// seal is the stored text of a configuration. Its secrets are encrypted, but where Better Auth
// must read them.
func (p *Plugin) seal(o *wire.Object) (string, error) {
	if p.auth.Compat() == core.CompatBetterAuth {
		return string(o.AppendJSON(nil)), nil
	}
	own, _ := wire.ObjectOf(o).Clone().Obj()
	err := eachSecret(own, func(s string) (string, error) {
		sealed, err := p.auth.Keys().Encrypt(sealedPurpose + s)
		return sealedPrefix + sealed, err
	})
	return string(own.AppendJSON(nil)), err
}

// open reads a stored configuration, whichever mode has stored it. It is nil without one.
func (p *Plugin) open(stored *string) (*wire.Object, error) {
	if stored == nil || *stored == "" {
		return nil, nil
	}
	v, err := wire.Parse([]byte(*stored), wire.Limits{})
	if err != nil {
		return nil, err
	}
	o, ok := v.Obj()
	if !ok {
		return nil, nil // JSON null
	}
	err = eachSecret(o, func(s string) (string, error) {
		sealed, ok := strings.CutPrefix(s, sealedPrefix)
		if !ok {
			return s, nil
		}
		clear, err := p.auth.Keys().Decrypt(sealed)
		if err != nil {
			return "", err
		}
		if clear, ok = strings.CutPrefix(clear, sealedPurpose); !ok {
			return "", errors.New("sso: a stored secret is none of this plugin")
		}
		return clear, nil
	})
	return o, err
}

// masked is a configuration for answers.
func masked(o *wire.Object) (*validate.Record, error) {
	if o == nil {
		return nil, nil
	}
	own, _ := wire.ObjectOf(o).Clone().Obj()
	return &validate.Record{Members: own}, eachSecret(own, func(string) (string, error) { return mask, nil })
}

const mask = "****"
