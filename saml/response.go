package saml

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/beevik/etree"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/sso"
)

// verifier makes the verifier of a connection.
func (s *stack) verifier(conn *sso.SAMLConnection, in *sso.SAMLReceived, code core.ErrorCode) (*verifier, error) {
	certs, err := verifyingCertificates(conn.IDP.Certificates, &conn.Policy)
	if err != nil {
		return nil, refuse(codeConfiguration, "%s", err)
	}
	return &verifier{
		certs: certs, policy: &conn.Policy, now: in.Now, expired: s.options.AllowExpiredCertificates,
		limit: orDefault(conn.Policy.MaxMessage, defaultMaxMessage), code: code,
	}, nil
}

// ReadResponse implements sso.SAML.
func (s *stack) ReadResponse(conn *sso.SAMLConnection, in *sso.SAMLReceived) (*sso.SAMLAssertion, error) {
	if in.Binding != sso.SAMLPost {
		// Profiles 4.1.2: a response does not fit into a query, and may not be sent in one.
		return nil, refuse(codeInvalidResponse, "a response comes by HTTP-POST")
	}
	v, err := s.verifier(conn, in, codeInvalidResponse)
	if err != nil {
		return nil, err
	}
	got, err := receive(in, "SAMLResponse", &conn.Policy, codeInvalidResponse)
	if err != nil {
		return nil, err
	}
	response, assertion, err := v.open(got.root, conn)
	if err != nil {
		return nil, err
	}
	if err := checkResponse(response, conn, in); err != nil {
		return nil, err
	}
	return readAssertion(assertion, attr(response, "InResponseTo"), conn, in)
}

// open returns the response, as it was signed if it was, and the assertion as it was signed.
func (v *verifier) open(root *etree.Element, conn *sso.SAMLConnection) (response, assertion *etree.Element, err error) {
	if !is(root, nsProtocol, "Response") {
		return nil, nil, refuse(codeInvalidResponse, "the document is no Response")
	}
	if err := checkStatus(root); err != nil {
		return nil, nil, err
	}
	inner, err := onlyAssertion(root)
	if err != nil {
		return nil, nil, err
	}
	if err := uniqueIDs(root); err != nil {
		return nil, nil, refuse(codeInvalidXML, "%s", err)
	}
	owners := []*etree.Element{root}
	if inner.Tag == "Assertion" {
		owners = append(owners, inner)
	}
	if err := checkSignatures(root, owners...); err != nil {
		return nil, nil, refuse(codeInvalidResponse, "%s", err)
	}
	sig, err := signatureOf(root)
	if err != nil {
		return nil, nil, refuse(codeInvalidResponse, "%s", err)
	}
	response = root
	if sig != nil {
		if response, err = v.verified(sig); err != nil {
			return nil, nil, err
		}
		// From here on, only what was signed exists.
		if !is(response, nsProtocol, "Response") {
			return nil, nil, refuse(codeInvalidResponse, "the signed element is no Response")
		}
		if inner, err = onlyAssertion(response); err != nil {
			return nil, nil, err
		}
	}
	if inner.Tag == "EncryptedAssertion" {
		assertion, err = v.decrypted(inner, conn, sig != nil)
	} else {
		assertion, err = v.assertion(inner, conn.SP.WantAssertionsSigned, sig != nil)
	}
	return response, assertion, err
}

// onlyAssertion is the one Assertion or EncryptedAssertion, which is a child of the response.
// Others may be nowhere in the document, in no namespace.
func onlyAssertion(response *etree.Element) (*etree.Element, error) {
	var found []*etree.Element
	_ = walk(response, func(el *etree.Element) error {
		if el.Tag == "Assertion" || el.Tag == "EncryptedAssertion" {
			found = append(found, el)
		}
		return nil
	})
	switch {
	case len(found) == 0:
		return nil, refuse(codeNoAssertion, "the response has no assertion")
	case len(found) > 1:
		code := codeManyAssertions
		code.Message = fmt.Sprintf(code.Message, len(found))
		return nil, refuse(code, "the response has %d assertions", len(found))
	case found[0].Parent() != response || found[0].NamespaceURI() != nsAssertion:
		return nil, refuse(codeNoAssertion, "the assertion is not directly in the response")
	}
	return found[0], nil
}

// assertion returns an assertion as it was signed: by itself, or within a response that was.
func (v *verifier) assertion(el *etree.Element, wanted, responseSigned bool) (*etree.Element, error) {
	sig, err := signatureOf(el)
	switch {
	case err != nil:
		return nil, refuse(codeInvalidResponse, "%s", err)
	case sig != nil:
		out, err := v.verified(sig)
		if err == nil && !is(out, nsAssertion, "Assertion") {
			return nil, refuse(codeInvalidResponse, "the signed element is no Assertion")
		}
		return out, err
	case wanted:
		return nil, refuse(codeInvalidResponse, "the assertion has no signature of its own")
	case !responseSigned:
		return nil, refuse(codeInvalidResponse, "neither the response nor the assertion is signed")
	}
	return el, nil
}

// decrypted opens an encrypted assertion. Without a signature around it the ciphertext may be
// anybody's, so that every failure up to the assertion's own signature is the same one, and
// costs about the same.
func (v *verifier) decrypted(el *etree.Element, conn *sso.SAMLConnection, responseSigned bool) (*etree.Element, error) {
	if conn.SP.DecryptionKey == "" {
		return nil, refuse(codeInvalidResponse, "the assertion is encrypted, and there is no decryption key")
	}
	private, err := decryptionKey(&conn.SP, &conn.Policy)
	if err != nil {
		return nil, refuse(codeConfiguration, "%s", err)
	}
	box, err := readEncrypted(el, v.policy)
	if err != nil {
		if known := (*sso.SAMLError)(nil); errors.As(err, &known) {
			return nil, known
		}
		return nil, errDecryption()
	}
	plain, ok := box.open(private)
	assertion, err := v.fromPlain(plain, ok, conn, responseSigned)
	if err != nil {
		return nil, errDecryption()
	}
	return assertion, nil
}

func (v *verifier) fromPlain(plain []byte, ok bool, conn *sso.SAMLConnection, responseSigned bool) (*etree.Element, error) {
	root, err := parse(plain, v.limit, false)
	if err != nil || !ok {
		v.idle(plain)
		return nil, errDecryption()
	}
	if !is(root, nsAssertion, "Assertion") {
		return nil, errDecryption()
	}
	err = walk(root, func(el *etree.Element) error {
		if el != root && (el.Tag == "Assertion" || el.Tag == "EncryptedAssertion") {
			return errDecryption()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := uniqueIDs(root); err != nil {
		return nil, err
	}
	if err := checkSignatures(root, root); err != nil {
		return nil, err
	}
	return v.assertion(root, conn.SP.WantAssertionsSigned, responseSigned)
}

// idle does about the work of a signature that does not verify.
func (v *verifier) idle(data []byte) {
	method, _ := signatureMethodOf(rsaSHA256)
	h := method.hash.New()
	h.Write(data)
	sum := h.Sum(nil)
	for _, cert := range v.certs {
		if key, ok := cert.PublicKey.(*rsa.PublicKey); ok {
			signature := make([]byte, key.Size())
			_, _ = rand.Read(signature[1:]) // never fails
			method.verify(key, sum, signature)
		}
	}
}

// checkStatus refuses a response that reports a failure, whatever else it has.
func checkStatus(response *etree.Element) error {
	status, err := statusOf(response)
	if err != nil {
		return refuse(codeInvalidResponse, "%s", err)
	}
	if status != statusSuccess {
		return refuse(codeInvalidResponse, "the status of the response is %.100q", status)
	}
	return nil
}

func statusOf(response *etree.Element) (string, error) {
	status, err := need(response, nsProtocol, "Status")
	if err != nil {
		return "", err
	}
	code, err := need(status, nsProtocol, "StatusCode")
	if err != nil {
		return "", err
	}
	return attr(code, "Value"), nil
}

// checkResponse checks what the response says of itself. Of one that is not signed this can
// only refuse more: nothing of it is returned.
func checkResponse(response *etree.Element, conn *sso.SAMLConnection, in *sso.SAMLReceived) error {
	if err := checkStatus(response); err != nil {
		return err
	}
	if err := checkEnvelope(response, conn, in, codeInvalidResponse); err != nil {
		return err
	}
	if d := attr(response, "Destination"); d != "" && !here(d, in) {
		return refuse(codeInvalidResponse, "the response is for the destination %.200q", d)
	}
	return nil
}

// checkEnvelope checks what all messages have: version, ID, time and issuer.
func checkEnvelope(root *etree.Element, conn *sso.SAMLConnection, in *sso.SAMLReceived, code core.ErrorCode) error {
	switch {
	case attr(root, "Version") != "2.0":
		return refuse(code, "%s is not of version 2.0", root.Tag)
	case attr(root, "ID") == "" || len(attr(root, "ID")) > 256:
		return refuse(code, "%s has no ID", root.Tag)
	}
	issued, err := instantOf(attr(root, "IssueInstant"))
	if err != nil {
		return refuse(code, "IssueInstant of %s: %s", root.Tag, err)
	}
	if issued.After(in.Now.Add(skew(&conn.Policy))) {
		return refuse(code, "%s was issued in the future", root.Tag)
	}
	issuer, err := child(root, nsAssertion, "Issuer")
	if err != nil {
		return refuse(code, "%s", err)
	}
	if issuer == nil {
		if root.Tag == "Response" {
			return nil // optional there: the assertion has one
		}
		return refuse(code, "%s has no issuer", root.Tag)
	}
	name, err := token(issuer)
	if err != nil {
		return refuse(code, "%s", err)
	}
	if name != conn.IDP.EntityID || name == "" {
		return refuse(code, "the issuer of %s is %.200q", root.Tag, name)
	}
	return nil
}
