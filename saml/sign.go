package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"

	"github.com/beevik/etree"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

// signer signs what this server sends.
type signer struct {
	key              crypto.Signer
	method           signatureMethod
	methodURI        string
	digest           crypto.Hash
	digestURI        string
	certificateInXML string // base64, or ""
}

// newSigner reads the key of a service provider. Without one it returns nil.
func newSigner(sp *sso.SAMLServiceProvider, p *sso.SAMLPolicy) (*signer, error) {
	if sp.SigningKey == "" {
		return nil, nil
	}
	key, err := parseKey(sp.SigningKey, sp.SigningKeyPass)
	if err != nil {
		return nil, errors.New("the signing key: " + err.Error())
	}
	if err := strongEnough(key.Public(), p); err != nil {
		return nil, errors.New("the signing key: " + err.Error())
	}
	_, isECDSA := key.Public().(*ecdsa.PublicKey)
	s := &signer{key: key, methodURI: sp.SignatureAlgorithm, digestURI: sp.DigestAlgorithm}
	switch {
	case s.methodURI == "" && isECDSA:
		s.methodURI = ecdsaSHA256
	case s.methodURI == "":
		s.methodURI = rsaSHA256
	}
	if s.digestURI == "" {
		s.digestURI = digSHA256
	}
	if s.method, err = allowSignature(p, s.methodURI); err != nil {
		return nil, err
	}
	if s.digest, err = allowDigest(p, s.digestURI); err != nil {
		return nil, err
	}
	if s.method.ecdsa != isECDSA {
		return nil, errors.New("the signature algorithm is not one of the signing key")
	}
	if sp.SigningCertificate != "" {
		certs, err := parseCertificates(sp.SigningCertificate)
		if err != nil {
			return nil, errors.New("the signing certificate: " + err.Error())
		}
		if !samePublic(certs[0], key) {
			return nil, errors.New("the signing certificate is not of the signing key")
		}
		s.certificateInXML = base64.StdEncoding.EncodeToString(certs[0].Raw)
	}
	return s, nil
}

// sign signs bytes, in the form of XML signatures.
func (s *signer) sign(data []byte) ([]byte, error) {
	h := s.method.hash.New()
	h.Write(data)
	signature, err := s.key.Sign(rand.Reader, h.Sum(nil), s.method.hash)
	if err != nil || !s.method.ecdsa {
		return signature, err
	}
	var parts struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &parts); err != nil {
		return nil, err
	}
	key, _ := s.key.Public().(*ecdsa.PublicKey)
	size := (key.Curve.Params().N.BitLen() + 7) / 8
	out := make([]byte, 2*size)
	parts.R.FillBytes(out[:size])
	parts.S.FillBytes(out[size:])
	return out, nil
}

// envelop puts a signature of an element into it, after its first child, the Issuer.
func (s *signer) envelop(el *etree.Element) error {
	data, err := canonical(el, nil, "")
	if err != nil {
		return err
	}
	h := s.digest.New()
	h.Write(data)

	sig := etree.NewElement("ds:Signature")
	sig.CreateAttr("xmlns:ds", nsSignature)
	info := sig.CreateElement("ds:SignedInfo")
	info.CreateElement("ds:CanonicalizationMethod").CreateAttr("Algorithm", c14n)
	info.CreateElement("ds:SignatureMethod").CreateAttr("Algorithm", s.methodURI)
	ref := info.CreateElement("ds:Reference")
	ref.CreateAttr("URI", "#"+attr(el, "ID"))
	transforms := ref.CreateElement("ds:Transforms")
	transforms.CreateElement("ds:Transform").CreateAttr("Algorithm", enveloped)
	transforms.CreateElement("ds:Transform").CreateAttr("Algorithm", c14n)
	ref.CreateElement("ds:DigestMethod").CreateAttr("Algorithm", s.digestURI)
	ref.CreateElement("ds:DigestValue").SetText(base64.StdEncoding.EncodeToString(h.Sum(nil)))

	if data, err = canonical(info, nil, ""); err != nil {
		return err
	}
	value, err := s.sign(data)
	if err != nil {
		return err
	}
	sig.CreateElement("ds:SignatureValue").SetText(base64.StdEncoding.EncodeToString(value))
	if s.certificateInXML != "" {
		sig.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").SetText(s.certificateInXML)
	}
	el.InsertChildAt(1, sig)
	return nil
}
