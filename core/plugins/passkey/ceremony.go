package passkey

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/advantch/kernia-go/core/wire"
)

// algorithms are those that registrations offer, best first: EdDSA, ES256 and RS256, as
// in Better Auth 1.6. Keys of others are refused.
var algorithms = []int{-8, -7, -257}

// Bounds of RSA keys. The library takes every size: small keys are insecure, and huge
// ones take too much time.
const (
	minRSABits, maxRSABits = 2048, 4096
	maxRSAExponentBytes    = 4
)

// expectation holds the values that a response has to match.
type expectation struct {
	challenge        string
	rpID             string
	origins          []string // compared to the byte
	userVerification bool     // required
}

// Credential holds what an authenticator reported in a verified response.
type Credential struct {
	ID           string // base64url
	DeviceType   string // SingleDevice or MultiDevice
	BackedUp     bool
	Counter      uint32
	UserVerified bool   // by a PIN, a fingerprint or a face
	Origin       string // of the page
	RPID         string
}

// VerifiedRegistration is a new credential. An attestation is checked for its
// form and signature. It proves nothing about the authenticator, because the
// plugin requests no attestation and has no manufacturers' certificates.
type VerifiedRegistration struct {
	Credential
	PublicKey         []byte // COSE key
	AAGUID            string
	Format            string // of the attestation statement
	AttestationObject []byte
	Transports        []string // nil: the client named none
}

// VerifiedAuthentication is a proof of possession of a stored credential.
type VerifiedAuthentication struct {
	Credential
	userHandle []byte
}

// verifyRegistration checks what navigator.credentials.create returned (WebAuthn
// §7.1). The error gives the reason for the log.
func verifyRegistration(response wire.Value, want expectation) (*VerifiedRegistration, error) {
	var clientData, attestation, id []byte
	head, err := credentialHead(response, &id)
	if err != nil {
		return nil, err
	}
	inner := response.Get("response")
	if err := decodeFields(inner, field{"clientDataJSON", &clientData}, field{"attestationObject", &attestation}); err != nil {
		return nil, err
	}
	transports, err := transportsOf(inner.Get("transports"))
	if err != nil {
		return nil, err
	}
	origin, err := checkClientData(clientData, protocol.CreateCeremony, want)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.CredentialCreationResponse{
		PublicKeyCredential: head,
		AttestationResponse: protocol.AuthenticatorAttestationResponse{
			AuthenticatorResponse: protocol.AuthenticatorResponse{ClientDataJSON: clientData}, AttestationObject: attestation,
		},
	}.Parse()
	if err != nil {
		return nil, err
	}
	auth := &parsed.Response.AttestationObject.AuthData
	// The library checks the key only when an attestation is signed with it.
	if err := checkKey(auth.AttData.CredentialPublicKey); err != nil {
		return nil, err
	}
	if _, err = parsed.Verify(want.challenge, want.rpID, []string{origin}, nil, nil, protocol.TopOriginExplicitVerificationMode,
		false, want.userVerification, true, nil, offered(), protocol.AttestationPolicy{}, protocol.SignaturePolicy{}); err != nil {
		return nil, err
	}
	v := &VerifiedRegistration{
		PublicKey: auth.AttData.CredentialPublicKey, AAGUID: formatAAGUID(auth.AttData.AAGUID),
		Format: parsed.Response.AttestationObject.Format, AttestationObject: attestation, Transports: transports,
	}
	v.Credential, err = credentialOf(id, auth, origin, want.rpID)
	return v, err
}

// verifyAuthentication checks what navigator.credentials.get returned against a
// stored key (WebAuthn §7.2). The caller compares the counter and the backup flags with
// the row.
func verifyAuthentication(response wire.Value, publicKey []byte, want expectation) (*VerifiedAuthentication, error) {
	var clientData, authData, signature, id []byte
	head, err := credentialHead(response, &id)
	if err != nil {
		return nil, err
	}
	inner := response.Get("response")
	if err := decodeFields(inner, field{"clientDataJSON", &clientData}, field{"authenticatorData", &authData}, field{"signature", &signature}); err != nil {
		return nil, err
	}
	v := &VerifiedAuthentication{}
	if handle := inner.Get("userHandle"); !handle.IsUndefined() && !handle.IsNull() {
		if err := decodeFields(inner, field{"userHandle", &v.userHandle}); err != nil {
			return nil, err
		}
	}
	origin, err := checkClientData(clientData, protocol.AssertCeremony, want)
	if err != nil {
		return nil, err
	}
	if err := checkKey(publicKey); err != nil {
		return nil, err
	}
	parsed, err := protocol.CredentialAssertionResponse{
		PublicKeyCredential: head,
		AssertionResponse: protocol.AuthenticatorAssertionResponse{
			AuthenticatorResponse: protocol.AuthenticatorResponse{ClientDataJSON: clientData},
			AuthenticatorData:     authData, Signature: signature, UserHandle: v.userHandle,
		},
	}.Parse()
	if err != nil {
		return nil, err
	}
	if err := parsed.Verify(want.challenge, want.rpID, "", []string{origin}, nil, nil, protocol.TopOriginExplicitVerificationMode,
		false, want.userVerification, true, publicKey, protocol.SignaturePolicy{}); err != nil {
		return nil, err
	}
	v.Credential, err = credentialOf(id, &parsed.Response.AuthenticatorData, origin, want.rpID)
	return v, err
}

func credentialOf(id []byte, auth *protocol.AuthenticatorData, origin, rpID string) (Credential, error) {
	c := Credential{
		ID: base64.RawURLEncoding.EncodeToString(id), DeviceType: SingleDevice, BackedUp: auth.Flags.HasBackupState(),
		Counter: auth.Counter, UserVerified: auth.Flags.UserVerified(), Origin: origin, RPID: rpID,
	}
	if auth.Flags.HasBackupEligible() {
		c.DeviceType = MultiDevice
	} else if c.BackedUp {
		return c, errors.New("a key that never leaves its device says that it is backed up")
	}
	return c, nil
}

// credentialHead reads the outer members. The id must be the raw id in base64url.
func credentialHead(response wire.Value, id *[]byte) (protocol.PublicKeyCredential, error) {
	text, _ := response.Get("id").Str()
	if raw, _ := response.Get("rawId").Str(); raw != text {
		return protocol.PublicKeyCredential{}, errors.New("id and rawId differ")
	}
	if err := decodeFields(response, field{"rawId", id}); err != nil {
		return protocol.PublicKeyCredential{}, err
	}
	kind, _ := response.Get("type").Str()
	return protocol.PublicKeyCredential{Credential: protocol.Credential{ID: text, Type: kind}, RawID: *id}, nil
}

type field struct {
	name string
	to   *[]byte
}

// decodeFields reads members that are bytes in base64url, without padding and in
// one spelling only.
func decodeFields(v wire.Value, fields ...field) error {
	for _, f := range fields {
		text, ok := v.Get(f.name).Str()
		if !ok || text == "" {
			return fmt.Errorf("%s is missing", f.name)
		}
		for i := range len(text) { // the decoder would skip line ends
			if text[i] < ' ' {
				return fmt.Errorf("%s is not base64url", f.name)
			}
		}
		var err error
		if *f.to, err = base64.RawURLEncoding.Strict().DecodeString(text); err != nil {
			return fmt.Errorf("%s is not base64url", f.name)
		}
	}
	return nil
}

// checkClientData compares the browser's client data with the request, names and values
// exactly; the library ignores letter case. It returns the origin. A page inside of
// another site's page is refused.
func checkClientData(data []byte, want protocol.CeremonyType, e expectation) (string, error) {
	v, err := wire.Parse(data, wire.Limits{})
	if err != nil {
		return "", fmt.Errorf("client data: %w", err)
	}
	text := func(name string) string {
		s, _ := v.Get(name).Str()
		return s
	}
	cross := v.Get("crossOrigin")
	on, isBool := cross.Bool()
	switch {
	case text("type") != string(want):
		return "", errors.New("the client data are of another ceremony")
	case e.challenge == "" || text("challenge") != e.challenge:
		return "", errors.New("the client data hold another challenge")
	case !slices.Contains(e.origins, text("origin")):
		return "", errors.New("the client data are of another origin")
	case on || !isBool && !cross.IsUndefined() || !v.Get("topOrigin").IsUndefined():
		return "", errors.New("the page was inside of another site's page")
	}
	return text("origin"), nil
}

func offered() []protocol.CredentialParameter {
	out := make([]protocol.CredentialParameter, len(algorithms))
	for i, alg := range algorithms {
		out[i] = protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.COSEAlgorithmIdentifier(alg)}
	}
	return out
}

// checkKey refuses keys of algorithms that were not offered, points that are not on the
// curve, and RSA keys of absurd sizes.
func checkKey(cose []byte) error {
	var head webauthncose.PublicKeyData
	if err := webauthncbor.Unmarshal(cose, &head); err != nil {
		return err
	}
	if !slices.Contains(algorithms, int(head.Algorithm)) {
		return errors.New("the key is of an algorithm that was not offered")
	}
	key, err := webauthncose.ParsePublicKey(cose)
	if err != nil {
		return err
	}
	if rsa, ok := key.(webauthncose.RSAPublicKeyData); ok {
		n := rsa.Modulus
		for len(n) > 0 && n[0] == 0 {
			n = n[1:]
		}
		size := len(n) * 8
		if len(n) > 0 {
			size -= bits.LeadingZeros8(n[0])
		}
		if size < minRSABits || size > maxRSABits || len(rsa.Exponent) > maxRSAExponentBytes {
			return errors.New("the RSA key is of a size that is not accepted")
		}
	}
	return nil
}

const (
	maxTransports = 16
	maxTransport  = 32
)

// transportsOf reads what getTransports returned. Browsers add new names, so any token
// is kept. Absent and null differ from an empty list.
func transportsOf(v wire.Value) ([]string, error) {
	if v.IsUndefined() || v.IsNull() {
		return nil, nil
	}
	items, ok := v.Items()
	if !ok || len(items) > maxTransports {
		return nil, errors.New("transports is not a list of names")
	}
	out := make([]string, len(items))
	for i, item := range items {
		name, ok := item.Str()
		if !ok || name == "" || len(name) > maxTransport {
			return nil, errors.New("transports is not a list of names")
		}
		for _, c := range []byte(name) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return nil, errors.New("a transport is not a name")
			}
		}
		out[i] = name
	}
	return out, nil
}

func formatAAGUID(raw []byte) string {
	h := hex.EncodeToString(raw)
	if len(h) != 32 {
		return ""
	}
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
