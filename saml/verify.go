package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/sso"
)

// maxSignedInfo is how many elements a SignedInfo may have. It has about ten.
const maxSignedInfo = 32

// verifier knows whose signatures count.
type verifier struct {
	certs   []*x509.Certificate
	policy  *sso.SAMLPolicy
	now     time.Time
	expired bool // expired certificates count
	limit   int
	code    core.ErrorCode // of refusals without a code of their own
}

// checkSignatures refuses signatures anywhere but directly below one of the owners, and more
// than one there.
func checkSignatures(root *etree.Element, owners ...*etree.Element) error {
	seen := map[*etree.Element]bool{}
	return walk(root, func(el *etree.Element) error {
		if el.Tag != "Signature" {
			return nil
		}
		parent := el.Parent()
		owned := false
		for _, owner := range owners {
			owned = owned || owner == parent
		}
		switch {
		case !is(el, nsSignature, "Signature"), !owned:
			return errors.New("a signature is where none belongs")
		case seen[parent]:
			return fmt.Errorf("%s has more than one signature", parent.Tag)
		}
		seen[parent] = true
		return nil
	})
}

// signatureOf is the signature of an element, or nil.
func signatureOf(el *etree.Element) (*etree.Element, error) {
	return child(el, nsSignature, "Signature")
}

// verified checks the signature sig of its parent, and returns the parent as it was signed:
// parsed from the canonical bytes, without the signature, and part of no other tree.
func (v *verifier) verified(sig *etree.Element) (*etree.Element, error) {
	out, err := v.verify(sig)
	if err != nil {
		if known := (*sso.SAMLError)(nil); errors.As(err, &known) {
			return nil, known
		}
		return nil, refuse(v.code, "%s", err)
	}
	return out, nil
}

func (v *verifier) verify(sig *etree.Element) (*etree.Element, error) {
	signed := sig.Parent()
	parts, err := sequence(sig, nsSignature, "SignedInfo", "SignatureValue", "KeyInfo?")
	if err != nil {
		return nil, err
	}
	info, err := v.signedInfo(parts[0], parts[1])
	if err != nil {
		return nil, err
	}
	ref, err := readReference(info)
	if err != nil {
		return nil, err
	}
	id := attr(signed, "ID")
	if id == "" || ref.uri != "#"+id {
		return nil, fmt.Errorf("the signature of %s refers to something else", signed.Tag)
	}
	hash, err := allowDigest(v.policy, ref.digestMethod)
	if err != nil {
		return nil, err
	}
	data, err := canonical(signed, sig, ref.prefixes)
	if err != nil {
		return nil, err
	}
	h := hash.New()
	h.Write(data)
	if subtle.ConstantTimeCompare(h.Sum(nil), ref.digest) != 1 {
		return nil, fmt.Errorf("the digest of %s is wrong", signed.Tag)
	}
	out, err := parse(data, 2*v.limit, false) // canonical text may be longer than what was sent
	if err != nil {
		return nil, fmt.Errorf("the canonical form of %s: %w", signed.Tag, err)
	}
	if out.Tag != signed.Tag || attr(out, "ID") != id {
		return nil, fmt.Errorf("the canonical form of %s is something else", signed.Tag)
	}
	return out, nil
}

// signedInfo verifies the signature over a SignedInfo, and returns it as it was signed.
func (v *verifier) signedInfo(el, value *etree.Element) (*etree.Element, error) {
	parts, err := sequence(el, nsSignature, "CanonicalizationMethod", "SignatureMethod", "Reference")
	if err != nil {
		return nil, err
	}
	// Anybody can send this one: it is small before it is canonicalized.
	n := 0
	_ = walk(el, func(*etree.Element) error { n++; return nil })
	if n > maxSignedInfo {
		return nil, errors.New("SignedInfo has too many elements")
	}
	prefixes, err := readC14N(parts[0])
	if err != nil {
		return nil, err
	}
	data, err := canonical(el, nil, prefixes)
	if err != nil {
		return nil, err
	}
	info, err := parse(data, v.limit, false)
	if err != nil {
		return nil, fmt.Errorf("the canonical form of SignedInfo: %w", err)
	}
	parts, err = sequence(info, nsSignature, "CanonicalizationMethod", "SignatureMethod", "Reference")
	if err != nil {
		return nil, err
	}
	if again, err := readC14N(parts[0]); err != nil || again != prefixes {
		return nil, errors.New("the canonical form of SignedInfo is something else")
	}
	if len(parts[1].ChildElements()) != 0 {
		return nil, errors.New("the signature method has parameters")
	}
	text, err := text(value)
	if err != nil {
		return nil, err
	}
	signature, err := decodeBase64(text)
	if err != nil || len(signature) == 0 {
		return nil, errors.New("the value of the signature is no base64")
	}
	if err := v.signature(attr(parts[1], "Algorithm"), data, signature); err != nil {
		return nil, err
	}
	return info, nil
}

// signature verifies a signature by one of the certificates. What a document says about its
// key is not read.
func (v *verifier) signature(uri string, data, signature []byte) error {
	method, err := allowSignature(v.policy, uri)
	if err != nil {
		return err
	}
	h := method.hash.New()
	h.Write(data)
	sum, old := h.Sum(nil), false
	for _, cert := range v.certs {
		if !method.verify(cert.PublicKey, sum, signature) {
			continue
		}
		if v.expired || current(cert, v.now, v.policy) {
			return nil
		}
		old = true
	}
	if old {
		return refuse(v.code, "the certificate of the signature has expired or is not valid yet")
	}
	return refuse(v.code, "no certificate of the identity provider has made the signature")
}

func (m signatureMethod) verify(key crypto.PublicKey, sum, signature []byte) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return !m.ecdsa && rsa.VerifyPKCS1v15(key, m.hash, sum, signature) == nil
	case *ecdsa.PublicKey:
		// XML signatures have r and s side by side, each as long as the curve's order.
		size := (key.Curve.Params().N.BitLen() + 7) / 8
		if !m.ecdsa || len(signature) != 2*size {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
		return ecdsa.Verify(key, sum, r, s)
	}
	return false
}

// reference is what a SignedInfo says about the signed element.
type reference struct {
	uri, digestMethod string
	digest            []byte
	prefixes          string
}

// readReference reads a SignedInfo that was signed.
func readReference(info *etree.Element) (reference, error) {
	el, err := need(info, nsSignature, "Reference")
	if err != nil {
		return reference{}, err
	}
	parts, err := sequence(el, nsSignature, "Transforms", "DigestMethod", "DigestValue")
	if err != nil {
		return reference{}, err
	}
	transforms, err := sequence(parts[0], nsSignature, "Transform", "Transform")
	if err != nil {
		return reference{}, errors.New("the transforms are not the enveloped signature and exclusive canonicalization")
	}
	if attr(transforms[0], "Algorithm") != enveloped || len(transforms[0].ChildElements()) != 0 {
		return reference{}, errors.New("the first transform is not the enveloped signature")
	}
	prefixes, err := readC14N(transforms[1])
	if err != nil {
		return reference{}, err
	}
	value, err := text(parts[2])
	if err != nil {
		return reference{}, err
	}
	digest, err := decodeBase64(value)
	if err != nil || len(digest) == 0 {
		return reference{}, errors.New("the value of the digest is no base64")
	}
	return reference{attr(el, "URI"), attr(parts[1], "Algorithm"), digest, prefixes}, nil
}

// readC14N checks that an element means exclusive canonicalization, and returns the prefixes
// that it includes all the same.
func readC14N(el *etree.Element) (prefixes string, err error) {
	// The form with comments is the same where no document has a comment.
	if alg := attr(el, "Algorithm"); alg != c14n && alg != c14nComments {
		return "", fmt.Errorf("%s is not exclusive canonicalization", el.Tag)
	}
	parts, err := sequence(el, c14n, "InclusiveNamespaces?")
	if err != nil {
		return "", err
	}
	if parts[0] == nil {
		return "", nil
	}
	fields := strings.Fields(attr(parts[0], "PrefixList"))
	if len(fields) > maxScope {
		return "", errors.New("a list of prefixes is too long")
	}
	return strings.Join(fields, " "), nil
}

// canonical writes an element without one child in exclusive canonical form. Nothing is no
// canonical form of an element, and neither is what could not be made.
func canonical(el, without *etree.Element, prefixes string) ([]byte, error) {
	c := el.Copy()
	if without != nil {
		c.RemoveChildAt(without.Index())
	}
	for up := el.Parent(); up != nil; up = up.Parent() {
		for _, a := range up.Attr {
			if (a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns" && a.Value != "") && c.SelectAttr(a.FullKey()) == nil {
				c.CreateAttr(a.FullKey(), a.Value)
			}
		}
	}
	data, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes).Canonicalize(c)
	if err != nil || len(data) == 0 {
		return nil, fmt.Errorf("%s has no canonical form", el.Tag)
	}
	return data, nil
}
