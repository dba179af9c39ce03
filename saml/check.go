package saml

import (
	"errors"
	"strings"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

// configuration gives an error of keys and certificates its code.
func configuration(err error) error {
	if known := (*sso.SAMLError)(nil); errors.As(err, &known) {
		return known
	}
	return refuse(codeConfiguration, "%s", err)
}

// CheckConnection implements sso.SAML.
func (s *stack) CheckConnection(conn *sso.SAMLConnection) error {
	if skew := conn.Policy.ClockSkew; skew < 0 || skew > maxSkew {
		return refuse(codeConfiguration, "the clock skew is %s: an hour is the longest that is useful", skew)
	}
	if err := checkServiceProvider(conn); err != nil {
		return configuration(err)
	}
	if conn.IDP.EntityID == "" {
		return refuse(codeConfiguration, "the identity provider has no entity ID")
	}
	for _, list := range [][]sso.SAMLEndpoint{conn.IDP.SSO, conn.IDP.SLO} {
		for _, e := range list {
			if e.Binding != sso.SAMLRedirect && e.Binding != sso.SAMLPost {
				return refuse(codeConfiguration, "the binding %.100q is not known", e.Binding)
			}
			if err := webLocation(e.Location); err != nil {
				return err
			}
		}
	}
	if _, err := verifyingCertificates(conn.IDP.Certificates, &conn.Policy); err != nil {
		return configuration(err)
	}
	return nil
}

func checkServiceProvider(conn *sso.SAMLConnection) error {
	sp := &conn.SP
	if sp.EntityID == "" {
		return errors.New("the service provider has no entity ID")
	}
	for _, location := range []string{sp.ACS, sp.SLO} {
		if location == "" && location == sp.SLO && sp.ACS != "" {
			continue
		}
		if err := webLocation(location); err != nil {
			return err
		}
	}
	key, err := newSigner(sp, &conn.Policy)
	if err != nil {
		return err
	}
	if key == nil && sp.SignRequests {
		return errors.New("requests are to be signed, and there is no signing key")
	}
	if sp.SignatureAlgorithm != "" {
		if _, err := allowSignature(&conn.Policy, sp.SignatureAlgorithm); err != nil {
			return err
		}
	}
	if sp.DigestAlgorithm != "" {
		if _, err := allowDigest(&conn.Policy, sp.DigestAlgorithm); err != nil {
			return err
		}
	}
	if strings.ContainsAny(sp.NameIDFormat, " \t\r\n") {
		return errors.New("the format of NameID is no URI")
	}
	if sp.DecryptionKey != "" {
		private, err := decryptionKey(sp, &conn.Policy)
		if err != nil {
			return err
		}
		if sp.DecryptionCertificate != "" {
			certs, err := parseCertificates(sp.DecryptionCertificate)
			if err != nil {
				return errors.New("the decryption certificate: " + err.Error())
			}
			if !samePublic(certs[0], private) {
				return errors.New("the decryption certificate is not of the decryption key")
			}
		}
		return nil
	}
	if sp.DecryptionCertificate != "" {
		return errors.New("there is a decryption certificate without a key")
	}
	return nil
}
