package saml

import (
	"crypto"
	_ "crypto/sha1" //nolint:gosec // of AllowDeprecated, and of RSA-OAEP, where its weakness does not matter
	_ "crypto/sha256"
	_ "crypto/sha512"
	"fmt"
	"slices"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/sso"
)

const (
	rsaSHA256   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	ecdsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
	digSHA1     = "http://www.w3.org/2000/09/xmldsig#sha1"
	digSHA256   = "http://www.w3.org/2001/04/xmlenc#sha256"
	digSHA384   = "http://www.w3.org/2001/04/xmldsig-more#sha384"
	digSHA512   = "http://www.w3.org/2001/04/xmlenc#sha512"

	c14n         = "http://www.w3.org/2001/10/xml-exc-c14n#"
	c14nComments = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"
	enveloped    = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

	oaepMGF1P = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
	oaep11    = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
	rsa15     = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"

	aes128CBC = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
	aes192CBC = "http://www.w3.org/2001/04/xmlenc#aes192-cbc"
	aes256CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
	aes128GCM = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
	aes192GCM = "http://www.w3.org/2009/xmlenc11#aes192-gcm"
	aes256GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	tripleDES = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"
)

// signatureMethod is what a URI of a signature algorithm means. HMAC is none: everybody knows
// the certificates that would be its key.
type signatureMethod struct {
	hash       crypto.Hash
	ecdsa      bool
	deprecated bool
}

func signatureMethodOf(uri string) (signatureMethod, bool) {
	switch uri {
	case "http://www.w3.org/2000/09/xmldsig#rsa-sha1":
		return signatureMethod{crypto.SHA1, false, true}, true
	case rsaSHA256:
		return signatureMethod{crypto.SHA256, false, false}, true
	case "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384":
		return signatureMethod{crypto.SHA384, false, false}, true
	case "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512":
		return signatureMethod{crypto.SHA512, false, false}, true
	case "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1":
		return signatureMethod{crypto.SHA1, true, true}, true
	case ecdsaSHA256:
		return signatureMethod{crypto.SHA256, true, false}, true
	case "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384":
		return signatureMethod{crypto.SHA384, true, false}, true
	case "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512":
		return signatureMethod{crypto.SHA512, true, false}, true
	}
	return signatureMethod{}, false
}

func digestOf(uri string) (hash crypto.Hash, known bool) {
	switch uri {
	case digSHA1:
		return crypto.SHA1, true
	case digSHA256:
		return crypto.SHA256, true
	case digSHA384:
		return crypto.SHA384, true
	case digSHA512:
		return crypto.SHA512, true
	}
	return 0, false
}

// cipherOf is the key size of an algorithm for data, in bytes.
func cipherOf(uri string) (keySize int, known bool) {
	switch uri {
	case aes128CBC, aes128GCM:
		return 16, true
	case aes192CBC, aes192GCM, tripleDES:
		return 24, true
	case aes256CBC, aes256GCM:
		return 32, true
	}
	return 0, false
}

// allowed decides about an algorithm. A list decides alone, as with Better Auth: who lists a
// deprecated algorithm means it. The client is told as there which algorithm it is, and what
// would be better.
func allowed(p *sso.SAMLPolicy, kind, uri, better string, known, deprecated bool, list []string) error {
	say := func(code core.ErrorCode, format string, args ...any) error {
		code.Message = fmt.Sprintf(format, args...)
		return refuse(code, "%s", code.Message)
	}
	switch {
	case !known:
		return say(codeUnknownAlgorithm, "SAML %s algorithm not recognized: %.100s", kind, uri)
	case len(list) > 0:
		if !slices.Contains(list, uri) {
			return say(codeNotAllowed, "SAML %s algorithm not in allow-list: %s", kind, uri)
		}
	case deprecated && !p.AllowDeprecated:
		return say(codeDeprecated, "SAML response uses deprecated %s algorithm: %s. Please configure your IdP to use %s.", kind, uri, better)
	}
	return nil
}

func allowSignature(p *sso.SAMLPolicy, uri string) (signatureMethod, error) {
	m, known := signatureMethodOf(uri)
	return m, allowed(p, "signature", uri, "SHA-256 or stronger", known, m.deprecated, p.SignatureAlgorithms)
}

func allowDigest(p *sso.SAMLPolicy, uri string) (crypto.Hash, error) {
	h, known := digestOf(uri)
	return h, allowed(p, "digest", uri, "SHA-256 or stronger", known, h == crypto.SHA1, p.DigestAlgorithms)
}

func allowKeyEncryption(p *sso.SAMLPolicy, uri string) error {
	known := uri == oaepMGF1P || uri == oaep11 || uri == rsa15
	return allowed(p, "key encryption", uri, "RSA-OAEP", known, uri == rsa15, p.KeyEncryptionAlgorithms)
}

func allowDataEncryption(p *sso.SAMLPolicy, uri string) (keySize int, err error) {
	n, known := cipherOf(uri)
	return n, allowed(p, "data encryption", uri, "AES-GCM", known, uri == tripleDES, p.DataEncryptionAlgorithms)
}
