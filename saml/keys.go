package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

const (
	maxKeyText      = 64 << 10 // of a certificate's or key's text, in bytes
	maxCertificates = 32       // of one identity provider
	maxKeyDER       = 4 << 10  // of a private key, in bytes; one of 4,096 bits has 2,400
	minRSA          = 2048     // bits; 1024 with SAMLPolicy.AllowDeprecated
	maxRSA          = 8192     // bits: who registers a provider chooses how long signatures take
	maxPrivateRSA   = 4096     // bits: the work grows with the third power, and strangers cause it
)

// parseCertificates reads PEM with any number of certificates, or one in bare base64.
func parseCertificates(text string) ([]*x509.Certificate, error) {
	if len(text) > maxKeyText {
		return nil, errors.New("a certificate's text is too long")
	}
	if !strings.Contains(text, "-----BEGIN") {
		der, err := decodeBase64(text)
		if err != nil {
			return nil, errors.New("a certificate is neither PEM nor base64")
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, errors.New("a certificate cannot be parsed")
		}
		return []*x509.Certificate{cert}, nil
	}
	var certs []*x509.Certificate
	for rest := outdent(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("PEM of a certificate has %.40q", block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("a certificate cannot be parsed")
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, errors.New("a certificate is no PEM")
	}
	return certs, nil
}

// verifyingCertificates are the configured ones of an identity provider.
func verifyingCertificates(texts []string, p *sso.SAMLPolicy) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for _, text := range texts {
		more, err := parseCertificates(text)
		if err != nil {
			return nil, err
		}
		if certs = append(certs, more...); len(certs) > maxCertificates {
			return nil, fmt.Errorf("the identity provider has more than %d certificates", maxCertificates)
		}
	}
	if len(certs) == 0 {
		return nil, errors.New("the identity provider has no certificate")
	}
	for _, cert := range certs {
		if err := strongEnough(cert.PublicKey, p); err != nil {
			return nil, err
		}
	}
	return certs, nil
}

func strongEnough(key crypto.PublicKey, p *sso.SAMLPolicy) error {
	switch key := key.(type) {
	case *rsa.PublicKey:
		least := minRSA
		if p.AllowDeprecated {
			least = minRSA / 2
		}
		if n := key.N.BitLen(); n < least || n > maxRSA {
			return fmt.Errorf("an RSA key has %d bits", n)
		}
		return nil
	case *ecdsa.PublicKey:
		if key.Curve.Params().BitSize < 256 {
			return errors.New("an elliptic curve has less than 256 bits")
		}
		return nil
	default:
		return errors.New("a key is neither RSA nor ECDSA")
	}
}

func current(cert *x509.Certificate, now time.Time, p *sso.SAMLPolicy) bool {
	return !now.Add(skew(p)).Before(cert.NotBefore) && !now.Add(-skew(p)).After(cert.NotAfter)
}

// parseKey reads a private key in PEM. Its errors say nothing of the key.
func parseKey(text, pass string) (crypto.Signer, error) {
	key, err := decodeKey(text, pass)
	if err != nil {
		return nil, err
	}
	if private, ok := key.(*rsa.PrivateKey); ok && private.N.BitLen() > maxPrivateRSA {
		return nil, errLargeKey
	}
	return key, nil
}

var errLargeKey = fmt.Errorf("a private key has more than %d bits", maxPrivateRSA)

func decodeKey(text, pass string) (crypto.Signer, error) {
	if len(text) > maxKeyText {
		return nil, errors.New("a private key's text is too long")
	}
	block, _ := pem.Decode(outdent(text))
	if block == nil {
		return nil, errors.New("a private key is no PEM")
	}
	der, unreadable := block.Bytes, errors.New("a private key cannot be parsed")
	if len(der) > maxKeyDER {
		return nil, errLargeKey // before it is parsed, which takes long
	}
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY":
		var err error
		if der, err = decryptPKCS8(der, pass); err != nil {
			return nil, err
		}
		unreadable = errPass // a wrong one passes for a padding in one of 256 cases
	case x509.IsEncryptedPEMBlock(block): //nolint:staticcheck // the form that openssl genrsa -aes256 has written for decades
		var err error
		if der, err = x509.DecryptPEMBlock(block, []byte(pass)); err != nil { //nolint:staticcheck // likewise
			return nil, errPass
		}
		unreadable = errPass
	}
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if signer, ok := key.(crypto.Signer); ok {
			return signer, nil
		}
		return nil, errors.New("a private key cannot sign")
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	return nil, unreadable
}

// samePublic tells whether a certificate is for a key.
func samePublic(cert *x509.Certificate, key crypto.Signer) bool {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(cert.PublicKey)
}

// outdent takes the indentation from PEM that comes from the middle of a configuration.
func outdent(text string) []byte {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return []byte(strings.Join(lines, "\n"))
}

// decodeBase64 reads standard base64 with padding. White space is skipped: XML is indented,
// and forms wrap their lines.
func decodeBase64(text string) ([]byte, error) {
	return base64.StdEncoding.Strict().DecodeString(strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, text))
}
