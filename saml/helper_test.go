package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

const (
	idpEntity = "https://idp.example.com/metadata"
	spEntity  = "https://app.example.com/sp"
	acs       = "https://app.example.com/api/auth/sso/saml2/sp/acs/okta"
	slo       = "https://app.example.com/api/auth/sso/saml2/sp/slo/okta"
	requestID = "_0123456789abcdef"
)

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// pair is a key with its certificate.
type pair struct {
	key  crypto.Signer
	cert *x509.Certificate
}

func (p pair) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw}))
}

func (p pair) keyPEM() string {
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func certify(key crypto.Signer, from, to time.Time) pair {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return pair{key, cert}
}

func newRSA(bits int) pair {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return certify(key, now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
}

func newEC(curve elliptic.Curve) pair {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return certify(key, now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
}

// Keys of the peers: the identity provider, this server, and somebody else.
var (
	idpPair = sync.OnceValue(func() pair { return newRSA(2048) })
	spPair  = sync.OnceValue(func() pair { return newRSA(2048) })
	foreign = sync.OnceValue(func() pair { return newRSA(2048) })
	weak    = sync.OnceValue(func() pair { return newRSA(1024) })
	idpEC   = sync.OnceValue(func() pair { return newEC(elliptic.P256()) })
)

func connection() *sso.SAMLConnection {
	return &sso.SAMLConnection{
		SP: sso.SAMLServiceProvider{EntityID: spEntity, ACS: acs, SLO: slo},
		IDP: sso.SAMLIdentityProvider{
			EntityID: idpEntity, Certificates: []string{idpPair().pem()},
			SSO: []sso.SAMLEndpoint{{Binding: sso.SAMLRedirect, Location: "https://idp.example.com/sso"}},
			SLO: []sso.SAMLEndpoint{{Binding: sso.SAMLRedirect, Location: "https://idp.example.com/slo"}},
		},
		Policy: sso.SAMLPolicy{ClockSkew: time.Minute, RequireTimestamps: true},
	}
}

func posted(xml string) *sso.SAMLReceived {
	return &sso.SAMLReceived{
		Binding: sso.SAMLPost, Message: base64.StdEncoding.EncodeToString([]byte(xml)), At: []string{acs}, Now: now,
	}
}

func read(conn *sso.SAMLConnection, xml string) (*sso.SAMLAssertion, error) {
	return New(Options{}).ReadResponse(conn, posted(xml))
}

// answer is a response to be written: the parts that tests change, as XML.
type answer struct {
	responseID, assertionID              string
	responseIssuer, issuer               string
	destination, recipient, inResponseTo string
	status                               string
	nameID                               string
	confirmations                        string // "" makes one from the above
	times                                string // attributes of Conditions
	conditions                           string
	authn, attributes                    string
}

func goodAnswer() answer {
	return answer{
		responseID: "_r1", assertionID: "_a1", responseIssuer: idpEntity, issuer: idpEntity,
		destination: acs, recipient: acs, inResponseTo: requestID, status: statusSuccess,
		nameID:     `<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">ada@example.com</saml:NameID>`,
		times:      `NotBefore="2026-05-04T11:59:00Z" NotOnOrAfter="2026-05-04T12:05:00Z"`,
		conditions: audience(spEntity),
		authn: `<saml:AuthnStatement AuthnInstant="2026-05-04T11:59:30Z" SessionIndex="_s1" SessionNotOnOrAfter="2026-05-04T20:00:00Z">` +
			`<saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`,
		attributes: `<saml:AttributeStatement><saml:Attribute Name="urn:oid:0.9.2342.19200300.100.1.3" FriendlyName="mail">` +
			`<saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">ada@example.com</saml:AttributeValue></saml:Attribute>` +
			`<saml:Attribute Name="groups"><saml:AttributeValue>admins</saml:AttributeValue><saml:AttributeValue>users</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>`,
	}
}

func audience(names ...string) string {
	var b strings.Builder
	for _, n := range names {
		b.WriteString("<saml:Audience>" + n + "</saml:Audience>")
	}
	return "<saml:AudienceRestriction>" + b.String() + "</saml:AudienceRestriction>"
}

func confirmation(method, attributes string) string {
	return fmt.Sprintf(`<saml:SubjectConfirmation Method="%s"><saml:SubjectConfirmationData %s/></saml:SubjectConfirmation>`, method, attributes)
}

func optional(name, value string) string {
	if value == "" {
		return ""
	}
	return " " + name + `="` + value + `"`
}

// root is the response without signatures.
func (a answer) root() *etree.Element {
	confirmations := a.confirmations
	if confirmations == "" {
		confirmations = confirmation(methodBearer, `NotOnOrAfter="2026-05-04T12:05:00Z"`+optional("Recipient", a.recipient)+optional("InResponseTo", a.inResponseTo))
	}
	issuer := ""
	if a.responseIssuer != "" {
		issuer = "<saml:Issuer>" + a.responseIssuer + "</saml:Issuer>"
	}
	return element(`<samlp:Response xmlns:samlp="` + nsProtocol + `" xmlns:saml="` + nsAssertion + `" ID="` + a.responseID + `" Version="2.0" IssueInstant="2026-05-04T12:00:00Z"` +
		optional("Destination", a.destination) + optional("InResponseTo", a.inResponseTo) + `>` + issuer +
		`<samlp:Status><samlp:StatusCode Value="` + a.status + `"/></samlp:Status>` +
		`<saml:Assertion ID="` + a.assertionID + `" Version="2.0" IssueInstant="2026-05-04T12:00:00Z"><saml:Issuer>` + a.issuer + `</saml:Issuer>` +
		`<saml:Subject>` + a.nameID + confirmations + `</saml:Subject>` +
		`<saml:Conditions ` + a.times + `>` + a.conditions + `</saml:Conditions>` + a.authn + a.attributes + `</saml:Assertion></samlp:Response>`)
}

func element(xml string) *etree.Element {
	doc := etree.NewDocument()
	if err := doc.ReadFromString(xml); err != nil {
		panic(err)
	}
	return doc.Root()
}

func xmlOf(root *etree.Element) string {
	doc := etree.NewDocument()
	doc.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
	doc.SetRoot(root.Copy())
	s, err := doc.WriteToString()
	if err != nil {
		panic(err)
	}
	return s
}

func assertionOf(root *etree.Element) *etree.Element { return root.FindElement("./Assertion") }

// signing is how the test's own signer signs; its zero value is a good signature.
type signing struct {
	pair          *pair
	method        string
	digest        string
	uri           *string
	canonical     string
	transforms    []string
	prefixes      string
	hmac          []byte
	keyInfo       string                        // XML in the signature
	beforeSigning func(info, el *etree.Element) // SignedInfo, before it is signed
}

// sign puts a signature into an element, after its issuer.
func (s signing) sign(el *etree.Element) {
	p := s.pair
	if p == nil {
		of := idpPair()
		p = &of
	}
	method, digest := s.method, s.digest
	if method == "" {
		method = rsaSHA256
	}
	if digest == "" {
		digest = digSHA256
	}
	uri := "#" + el.SelectAttrValue("ID", "")
	if s.uri != nil {
		uri = *s.uri
	}
	canonicalMethod, transforms := s.canonical, s.transforms
	if canonicalMethod == "" {
		canonicalMethod = c14n
	}
	if transforms == nil {
		transforms = []string{enveloped, c14n}
	}
	hash, ok := digestOf(digest)
	if !ok {
		hash = crypto.SHA256
	}
	h := hash.New()
	h.Write(testCanonical(el, s.prefixes))
	inclusive := ""
	if s.prefixes != "" {
		inclusive = `<ec:InclusiveNamespaces xmlns:ec="` + c14n + `" PrefixList="` + s.prefixes + `"/>`
	}
	var list strings.Builder
	for _, t := range transforms {
		content := ""
		if t == c14n {
			content = inclusive
		}
		list.WriteString(`<ds:Transform Algorithm="` + t + `">` + content + `</ds:Transform>`)
	}
	sig := element(`<ds:Signature xmlns:ds="` + nsSignature + `"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="` + canonicalMethod + `"/>` +
		`<ds:SignatureMethod Algorithm="` + method + `"/><ds:Reference URI="` + uri + `"><ds:Transforms>` + list.String() + `</ds:Transforms>` +
		`<ds:DigestMethod Algorithm="` + digest + `"/><ds:DigestValue>` + base64.StdEncoding.EncodeToString(h.Sum(nil)) + `</ds:DigestValue>` +
		`</ds:Reference></ds:SignedInfo><ds:SignatureValue/>` + s.keyInfo + `</ds:Signature>`)
	info := sig.FindElement("./SignedInfo")
	if s.beforeSigning != nil {
		s.beforeSigning(info, el)
	}
	el.InsertChildAt(1, sig)
	sig.FindElement("./SignatureValue").SetText(base64.StdEncoding.EncodeToString(s.value(p, method, testCanonical(info, ""))))
}

func (s signing) value(p *pair, method string, data []byte) []byte {
	if s.hmac != nil {
		m := hmac.New(sha256.New, s.hmac)
		m.Write(data)
		return m.Sum(nil)
	}
	m, ok := signatureMethodOf(method)
	if !ok {
		m = signatureMethod{hash: crypto.SHA256}
	}
	h := m.hash.New()
	h.Write(data)
	out, err := p.key.Sign(rand.Reader, h.Sum(nil), m.hash)
	if err != nil {
		panic(err)
	}
	if key, ok := p.key.(*ecdsa.PrivateKey); ok {
		var parts struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(out, &parts); err != nil {
			panic(err)
		}
		size := (key.Params().BitSize + 7) / 8
		out = append(parts.R.FillBytes(make([]byte, size)), parts.S.FillBytes(make([]byte, size))...)
	}
	return out
}

// testCanonical is written apart from canonical, over goxmldsig's canonicalizer.
func testCanonical(el *etree.Element, prefixes string) []byte {
	c := el.Copy()
	for up := el.Parent(); up != nil; up = up.Parent() {
		for _, a := range up.Attr {
			if a.Space == "xmlns" && c.SelectAttr("xmlns:"+a.Key) == nil {
				c.CreateAttr("xmlns:"+a.Key, a.Value)
			}
		}
	}
	data, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes).Canonicalize(c)
	if err != nil {
		panic(err)
	}
	return data
}

// signedAssertion is a good response whose assertion is signed.
func signedAssertion(a answer) *etree.Element {
	root := a.root()
	signing{}.sign(assertionOf(root))
	return root
}

// signedResponse is one that is signed as a whole.
func signedResponse(a answer) *etree.Element {
	root := a.root()
	signing{}.sign(root)
	return root
}

func wantRefused(t *testing.T, err error, code string) {
	t.Helper()
	var refused *sso.SAMLError
	switch {
	case err == nil:
		t.Fatal("accepted")
	case !errors.As(err, &refused):
		t.Fatalf("not a *sso.SAMLError: %v", err)
	case code != "" && refused.Code.Code != code:
		t.Fatalf("code %s (%s), want %s", refused.Code.Code, refused.Reason, code)
	}
}

func mustEC(p pair) *ecdsa.PrivateKey {
	key, ok := p.key.(*ecdsa.PrivateKey)
	if !ok {
		panic("no ECDSA key")
	}
	return key
}
