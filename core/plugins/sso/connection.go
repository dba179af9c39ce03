package sso

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// The algorithms of signatures and digests, by their URIs.
const (
	rsaSHA1   = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	moreRSA   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha"
	moreECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha"
	digest1   = "http://www.w3.org/2000/09/xmldsig#sha1"
	digest256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	digest384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
	digest512 = "http://www.w3.org/2001/04/xmlenc#sha512"
)

var (
	signatureNames = map[string]string{
		"sha1": rsaSHA1, "rsa-sha1": rsaSHA1, "sha256": moreRSA + "256", "sha384": moreRSA + "384", "sha512": moreRSA + "512", "rsa-sha256": moreRSA + "256",
		"rsa-sha384": moreRSA + "384", "rsa-sha512": moreRSA + "512", "ecdsa-sha256": moreECDSA + "256", "ecdsa-sha384": moreECDSA + "384", "ecdsa-sha512": moreECDSA + "512",
	}
	digestNames = map[string]string{"sha1": digest1, "sha256": digest256, "sha384": digest384, "sha512": digest512}
)

// algorithm is the URI of an algorithm that may have been given by its short name.
func algorithm(names map[string]string, given string) string {
	if uri, ok := names[strings.ToLower(given)]; ok {
		return uri
	}
	return given
}

// checkAlgorithms refuses algorithms of a configuration that the rules do not allow.
func (p *Plugin) checkAlgorithms(s *SAMLConfig) error {
	r := &p.opts.SAMLRules
	for _, one := range []struct {
		what, given string
		names       map[string]string
		allowed     []string
	}{
		{"signature", s.SignatureAlgorithm, signatureNames, r.SignatureAlgorithms}, {"digest", s.DigestAlgorithm, digestNames, r.DigestAlgorithms},
	} {
		if one.given == "" {
			continue
		}
		uri := algorithm(one.names, one.given)
		known := false
		for _, name := range one.names {
			known = known || name == uri
		}
		switch {
		case len(one.allowed) > 0:
			if !slices.ContainsFunc(one.allowed, func(a string) bool { return algorithm(one.names, a) == uri }) {
				return badAlgorithm("SAML_ALGORITHM_NOT_ALLOWED", "SAML "+one.what+" algorithm not in allow-list: "+one.given)
			}
		case !known:
			return badAlgorithm("SAML_UNKNOWN_ALGORITHM", "SAML "+one.what+" algorithm not recognized: "+one.given)
		case (uri == rsaSHA1 || uri == digest1) && !r.AllowDeprecated:
			return badAlgorithm("SAML_DEPRECATED_CONFIG_ALGORITHM", "SAML config uses deprecated "+one.what+" algorithm: "+one.given+". Consider using SHA-256 or stronger.")
		}
	}
	return nil
}

func badAlgorithm(code, message string) error {
	return &core.Error{Status: http.StatusBadRequest, Code: code, Message: message}
}

func (p *Plugin) policy() SAMLPolicy {
	r := &p.opts.SAMLRules
	uris := func(names map[string]string, list []string) []string {
		out := make([]string, len(list))
		for i, a := range list {
			out[i] = algorithm(names, a)
		}
		return out
	}
	return SAMLPolicy{
		ClockSkew: r.ClockSkew, RequireTimestamps: r.RequireTimestamps, AllowDeprecated: r.AllowDeprecated,
		SignatureAlgorithms: uris(signatureNames, r.SignatureAlgorithms), DigestAlgorithms: uris(digestNames, r.DigestAlgorithms),
		KeyEncryptionAlgorithms: r.KeyEncryptionAlgorithms, DataEncryptionAlgorithms: r.DataEncryptionAlgorithms,
		MaxMessage: r.MaxResponse, MaxMetadata: r.MaxMetadata,
	}
}

// acsURL is where responses of a provider are sent. A callbackUrl that is one of the routes is
// that, as in Better Auth 1.6; any other is where the browser goes at last.
func acsURL(base, id string, s *SAMLConfig) string {
	if s.CallbackURL == base+samlCallbackPath+"/"+id {
		return s.CallbackURL
	}
	return base + acsPath + "/" + id
}

// connection is both sides of a provider of SAML, as the server at a base URL sees them.
func (p *Plugin) connection(base, id string, s *SAMLConfig) (*SAMLConnection, error) {
	conn := &SAMLConnection{Policy: p.policy(), Audience: s.Audience, SP: SAMLServiceProvider{
		EntityID: or(s.SP.EntityID, s.Issuer), ACS: acsURL(base, id, s),
		SigningKey: or(s.SP.PrivateKey, s.PrivateKey), SigningKeyPass: s.SP.PrivateKeyPass, SigningCertificate: s.SP.Certificate,
		DecryptionKey: or(s.SP.EncPrivateKey, s.DecryptionKey), DecryptionKeyPass: s.SP.EncPrivateKeyPass, DecryptionCertificate: s.SP.EncCertificate,
		SignRequests: s.AuthnRequestsSigned, WantAssertionsSigned: s.WantAssertionsSigned, NameIDFormat: s.IdentifierFormat,
		SignatureAlgorithm: algorithm(signatureNames, s.SignatureAlgorithm), DigestAlgorithm: algorithm(digestNames, s.DigestAlgorithm),
	}}
	if p.opts.SAMLRules.SingleLogout {
		conn.SP.SLO = base + sloPath + "/" + id
	}
	if s.IDP.Metadata != "" {
		idp, err := p.opts.SAML.ReadMetadata([]byte(s.IDP.Metadata), &conn.Policy)
		if err != nil {
			return nil, err
		}
		conn.IDP = *idp
		if len(conn.IDP.Certificates) == 0 {
			conn.IDP.Certificates = certificates(or(s.IDP.Certificate, s.Certificate))
		}
		if len(conn.IDP.SLO) == 0 {
			conn.IDP.SLO = s.IDP.SLO
		}
		return conn, nil
	}
	conn.IDP = SAMLIdentityProvider{EntityID: or(s.IDP.EntityID, s.Issuer), SSO: s.IDP.SSO, SLO: s.IDP.SLO, Certificates: certificates(or(s.IDP.Certificate, s.Certificate))}
	if len(conn.IDP.SSO) == 0 {
		conn.IDP.SSO = []SAMLEndpoint{{Binding: SAMLRedirect, Location: s.EntryPoint}}
	}
	return conn, nil
}

// usableSAML refuses a configuration with which no sign-in could end well.
func (p *Plugin) usableSAML(c *core.Ctx, id, issuer string, o *wire.Object) error {
	s := readSAML(wire.ObjectOf(o))
	if s.Issuer == "" {
		s.Issuer = issuer
	}
	if err := p.checkAlgorithms(s); err != nil {
		return err
	}
	conn, err := p.connection(c.BaseURL(), id, s)
	if err == nil && !locations(conn) {
		return core.Fail(http.StatusBadRequest, CodeSAMLIncomplete)
	}
	if err == nil {
		err = p.opts.SAML.CheckConnection(conn)
	}
	if e, ok := errors.AsType[*SAMLError](err); ok {
		p.auth.Logger().WarnContext(c, "sso: a provider of SAML cannot be used", "provider", id, "code", e.Code.Code, "reason", e.Reason)
	}
	if err == nil && conn.SP.EntityID == conn.IDP.EntityID {
		p.auth.Logger().WarnContext(c, "sso: a provider of SAML knows this server by its own name: issuer is the entity ID of this server, unless spMetadata.entityID says it", "provider", id)
	}
	if err == nil && (conn.SP.SigningCertificate != "" || conn.SP.DecryptionCertificate != "") {
		if _, err := p.opts.SAML.ServiceProviderMetadata(&conn.SP); err != nil {
			return core.Fail(http.StatusBadRequest, CodeBrokenSAML).Because(err)
		}
	}
	return samlAnswer(err)
}

// locations reports whether a browser can be sent to all endpoints.
func locations(conn *SAMLConnection) bool {
	return !slices.ContainsFunc(slices.Concat(conn.IDP.SSO, conn.IDP.SLO), func(e SAMLEndpoint) bool { return !isWeb(e.Location) })
}

// samlAnswer makes an answer of a *SAMLError.
func samlAnswer(err error) error {
	if e, ok := errors.AsType[*SAMLError](err); ok {
		return core.Fail(http.StatusBadRequest, e.Code).Because(err)
	}
	return err
}

// endpoint is the one that takes messages by the first of these bindings for which there is one.
func endpoint(list []SAMLEndpoint, bindings ...SAMLBinding) (SAMLEndpoint, bool) {
	for _, b := range bindings {
		for _, e := range list {
			if e.Binding == b && isWeb(e.Location) {
				return e, true
			}
		}
	}
	return SAMLEndpoint{}, false
}
