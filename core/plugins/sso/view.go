package sso

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// ProviderReply is a provider without its secrets.
type ProviderReply struct {
	ProviderID     string    `json:"providerId"`
	Type           string    `json:"type"` // "oidc" or "saml"
	Issuer         string    `json:"issuer"`
	Domain         string    `json:"domain"`
	OrganizationID *string   `json:"organizationId"`
	DomainVerified bool      `json:"domainVerified"`
	OIDC           *OIDCView `json:"oidcConfig,omitempty"`
	SAML           *SAMLView `json:"samlConfig,omitempty"`
	MetadataURL    string    `json:"spMetadataUrl"`
}

// ProvidersReply is {"providers":[…]}.
type ProvidersReply struct {
	Providers []ProviderReply `json:"providers"`
}

// OIDCView is a configuration of OpenID Connect without its secrets.
type OIDCView struct {
	DiscoveryEndpoint           *string  `json:"discoveryEndpoint,omitempty"`
	ClientIDLastFour            string   `json:"clientIdLastFour"`
	PKCE                        *bool    `json:"pkce,omitempty"`
	AuthorizationEndpoint       *string  `json:"authorizationEndpoint,omitempty"`
	TokenEndpoint               *string  `json:"tokenEndpoint,omitempty"`
	UserInfoEndpoint            *string  `json:"userInfoEndpoint,omitempty"`
	JWKSEndpoint                *string  `json:"jwksEndpoint,omitempty"`
	Scopes                      []string `json:"scopes,omitempty"`
	TokenEndpointAuthentication *string  `json:"tokenEndpointAuthentication,omitempty"`
}

// SAMLView is a configuration of SAML without its secrets.
type SAMLView struct {
	EntryPoint           *string         `json:"entryPoint,omitempty"`
	CallbackURL          *string         `json:"callbackUrl,omitempty"`
	IDPInitiatedURL      *string         `json:"idpInitiatedCallbackUrl,omitempty"`
	Audience             *string         `json:"audience,omitempty"`
	WantAssertionsSigned *bool           `json:"wantAssertionsSigned,omitempty"`
	AuthnRequestsSigned  *bool           `json:"authnRequestsSigned,omitempty"`
	IdentifierFormat     *string         `json:"identifierFormat,omitempty"`
	SignatureAlgorithm   *string         `json:"signatureAlgorithm,omitempty"`
	DigestAlgorithm      *string         `json:"digestAlgorithm,omitempty"`
	Certificate          CertificateView `json:"certificate"`
}

// CertificateView is a certificate, or {"error":…} for one that does not parse.
type CertificateView struct {
	Fingerprint string `json:"fingerprintSha256,omitempty"`
	NotBefore   string `json:"notBefore,omitempty"`
	NotAfter    string `json:"notAfter,omitempty"`
	Algorithm   string `json:"publicKeyAlgorithm,omitempty"`
	Error       string `json:"error,omitempty"`
}

// view is what those who manage a provider see of it.
func (p *Plugin) view(c *core.Ctx, row *Row) (ProviderReply, error) {
	out := ProviderReply{ProviderID: row.ProviderID, Type: "oidc", Issuer: row.Issuer, Domain: row.Domain, DomainVerified: row.verified(),
		MetadataURL: c.BaseURL() + metadataPath + "?providerId=" + wire.EncodeURIComponent(row.ProviderID)}
	if value(row.OrganizationID) != "" {
		out.OrganizationID = row.OrganizationID
	}
	oidc, err := p.open(row.OIDC)
	if err != nil {
		return out, err
	}
	if oidc != nil {
		v := wire.ObjectOf(oidc)
		out.OIDC = &OIDCView{
			DiscoveryEndpoint: given(v, "discoveryEndpoint"), ClientIDLastFour: lastFour(textOf(v, "clientId")), PKCE: givenFlag(v, "pkce"),
			AuthorizationEndpoint: given(v, "authorizationEndpoint"), TokenEndpoint: given(v, "tokenEndpoint"), UserInfoEndpoint: given(v, "userInfoEndpoint"),
			JWKSEndpoint: given(v, "jwksEndpoint"), Scopes: textsOf(v.Get("scopes")), TokenEndpointAuthentication: given(v, "tokenEndpointAuthentication"),
		}
	}
	saml, err := p.open(row.SAML)
	if err != nil {
		return out, err
	}
	if saml != nil {
		v := wire.ObjectOf(saml)
		out.Type = "saml"
		out.SAML = &SAMLView{
			EntryPoint: given(v, "entryPoint"), CallbackURL: given(v, "callbackUrl"), IDPInitiatedURL: given(v, "idpInitiatedCallbackUrl"), Audience: given(v, "audience"), WantAssertionsSigned: givenFlag(v, "wantAssertionsSigned"),
			AuthnRequestsSigned: givenFlag(v, "authnRequestsSigned"), IdentifierFormat: given(v, "identifierFormat"), SignatureAlgorithm: given(v, "signatureAlgorithm"),
			DigestAlgorithm: given(v, "digestAlgorithm"), Certificate: certificateView(readSAML(v).Certificate),
		}
	}
	return out, nil
}

func given(v wire.Value, name string) *string {
	if s, ok := v.Get(name).Str(); ok {
		return &s
	}
	return nil
}

func givenFlag(v wire.Value, name string) *bool {
	if b, ok := v.Get(name).Bool(); ok {
		return &b
	}
	return nil
}

// lastFour shows the end of a client id.
func lastFour(id string) string {
	if len(id) <= 4 {
		return mask
	}
	return mask + strings.ToValidUTF8(id[len(id)-4:], "")
}

// certificateView describes the first of several certificates, as Better Auth does.
func certificateView(text string) CertificateView {
	cert, err := parseCertificate(text)
	if err != nil {
		return CertificateView{Error: "Failed to parse certificate"}
	}
	sum := sha256.Sum256(cert.Raw)
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	const layout = "Jan _2 15:04:05 2006 GMT"
	out := CertificateView{Fingerprint: strings.Join(parts, ":"), NotBefore: cert.NotBefore.In(time.UTC).Format(layout), NotAfter: cert.NotAfter.In(time.UTC).Format(layout), Algorithm: "UNKNOWN"}
	switch cert.PublicKey.(type) {
	case *rsa.PublicKey:
		out.Algorithm = "RSA"
	case *ecdsa.PublicKey:
		out.Algorithm = "EC"
	case ed25519.PublicKey:
		out.Algorithm = "ED25519"
	}
	return out
}

func parseCertificate(text string) (*x509.Certificate, error) {
	if all := certificates(text); len(all) > 0 {
		text = all[0]
	}
	if block, _ := pem.Decode([]byte(text)); block != nil {
		return x509.ParseCertificate(block.Bytes)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(raw)
}
