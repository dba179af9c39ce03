// Package passkeytest helps to test programs that use passkeys. It has a software
// authenticator, which answers the options of the plugin as a browser would and
// can forge every part of an answer, and the flows of the plugin against a
// database.
package passkeytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"sync"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// The flags of authenticator data (WebAuthn §6.1).
const (
	UserPresent    byte = 0x01
	UserVerified   byte = 0x04
	BackupEligible byte = 0x08
	BackupState    byte = 0x10
	attested       byte = 0x40
)

// The algorithms that an Authenticator can use.
const (
	EdDSA = -8
	ES256 = -7
	RS256 = -257
)

// Object is a JSON object.
type Object = map[string]any

// Authenticator is a software authenticator in a browser. It is not safe for
// concurrent use.
type Authenticator struct {
	Origin     string // of the page
	Flags      byte   // default UserPresent and UserVerified
	Algorithm  int    // default ES256
	NoCounter  bool   // it always says 0
	AAGUID     [16]byte
	Transports []string
	Keys       []*Key // in the order they were made
}

// Key is one credential.
type Key struct {
	ID         []byte
	RPID       string
	UserHandle []byte
	Counter    uint32
	signer     crypto.Signer
	cose       []byte
}

// CredentialID is the id as the plugin stores it.
func (k *Key) CredentialID() string { return encode(k.ID) }

// New returns an authenticator for pages of an origin, such as
// "http://localhost:3000".
func New(origin string) *Authenticator {
	return &Authenticator{Origin: origin, Flags: UserPresent | UserVerified, Algorithm: ES256, Transports: []string{"internal"}}
}

// Forgery replaces parts of an answer; the zero value of each leaves it as it is.
type Forgery struct {
	ClientData     Object  // members that are replaced; nil removes one
	ClientDataJSON []byte  // the whole client data
	Flags          *byte   // without the flag of attested data
	Counter        *uint32 //
	RPID           string  //
	ID             []byte  // credential id
	PublicKey      []byte  // COSE key
	Format         string  // of the attestation, "none" otherwise
	Statement      any     // of the attestation
	AuthData       func([]byte) []byte
	Attestation    func([]byte) []byte
	Signature      func([]byte) []byte
	UserHandle     []byte // empty, not nil, for none
	Key            *Key   // the one to sign in with
	Response       Object // outer members of the answer
	Inner          Object // members of its response
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(s string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		panic(fmt.Sprintf("passkeytest: %q is not base64url", s))
	}
	return b
}

// Create answers what generate-register-options has sent, as
// navigator.credentials.create would: the value is the body's "response" of
// verify-registration.
func (a *Authenticator) Create(options string, forge Forgery) Object {
	var o struct {
		Challenge string
		RP        struct{ ID string }
		User      struct{ ID string }
	}
	parse(options, &o)
	key := a.newKey()
	key.RPID, key.UserHandle = o.RP.ID, decode(o.User.ID)
	if forge.RPID != "" {
		key.RPID = forge.RPID
	}
	if forge.ID != nil {
		key.ID = forge.ID
	}
	if !a.NoCounter {
		key.Counter = 1
	}
	if forge.Counter != nil {
		key.Counter = *forge.Counter
	}
	a.Keys = append(a.Keys, key)
	cose := key.cose
	if forge.PublicKey != nil {
		cose = forge.PublicKey
	}
	credential := append(append(append([]byte{}, a.AAGUID[:]...), byte(len(key.ID)>>8), byte(len(key.ID))), key.ID...)
	authData := a.authData(key, forge, attested, append(credential, cose...))
	clientData := a.clientData("webauthn.create", o.Challenge, forge)
	format, statement := "none", any(map[string]any{})
	if forge.Format != "" {
		format = forge.Format
	}
	if forge.Statement != nil {
		statement = forge.Statement
	}
	if sign, ok := statement.(func(authData, clientDataHash []byte) any); ok {
		hash := sha256.Sum256(clientData)
		statement = sign(authData, hash[:])
	}
	object := cbor(map[string]any{"fmt": format, "attStmt": statement, "authData": authData})
	if forge.Attestation != nil {
		object = forge.Attestation(object)
	}
	inner := Object{"clientDataJSON": encode(clientData), "attestationObject": encode(object)}
	if a.Transports != nil {
		inner["transports"] = a.Transports
	}
	return a.answer(key, inner, forge)
}

// Sign signs as the newest key does, for attestations of its own.
func (a *Authenticator) Sign(data []byte) []byte { return a.Keys[len(a.Keys)-1].sign(data) }

// Get answers what generate-authenticate-options has sent, as
// navigator.credentials.get would, with the newest key that is allowed.
func (a *Authenticator) Get(options string, forge Forgery) Object {
	var o struct {
		Challenge        string
		AllowCredentials []struct{ ID string }
	}
	parse(options, &o)
	key := forge.Key
	for i := len(a.Keys) - 1; i >= 0 && key == nil; i-- {
		fits := len(o.AllowCredentials) == 0
		for _, c := range o.AllowCredentials {
			fits = fits || c.ID == a.Keys[i].CredentialID()
		}
		if fits {
			key = a.Keys[i]
		}
	}
	if key == nil {
		panic("passkeytest: no key is allowed")
	}
	if !a.NoCounter {
		key.Counter++
	}
	authData := a.authData(key, forge, 0, nil)
	clientData := a.clientData("webauthn.get", o.Challenge, forge)
	hash := sha256.Sum256(clientData)
	signature := key.sign(append(append([]byte{}, authData...), hash[:]...))
	if forge.Signature != nil {
		signature = forge.Signature(signature)
	}
	inner := Object{"clientDataJSON": encode(clientData), "authenticatorData": encode(authData), "signature": encode(signature)}
	handle := key.UserHandle
	if forge.UserHandle != nil {
		handle = forge.UserHandle
	}
	if len(handle) > 0 {
		inner["userHandle"] = encode(handle)
	}
	if forge.ID != nil {
		key = &Key{ID: forge.ID}
	}
	return a.answer(key, inner, forge)
}

func (a *Authenticator) answer(key *Key, inner Object, forge Forgery) Object {
	out := Object{
		"id": key.CredentialID(), "rawId": key.CredentialID(), "type": "public-key", "response": inner, "authenticatorAttachment": "platform",
	}
	replace(inner, forge.Inner)
	replace(out, forge.Response)
	return out
}

func replace(in, by Object) {
	maps.Copy(in, by)
	for name, v := range by {
		if v == nil {
			delete(in, name)
		}
	}
}

func (a *Authenticator) clientData(kind, challenge string, forge Forgery) []byte {
	if forge.ClientDataJSON != nil {
		return forge.ClientDataJSON
	}
	o := Object{"type": kind, "challenge": challenge, "origin": a.Origin, "crossOrigin": false}
	replace(o, forge.ClientData)
	data, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return data
}

func (a *Authenticator) authData(key *Key, forge Forgery, flags byte, tail []byte) []byte {
	rpID := key.RPID
	if forge.RPID != "" {
		rpID = forge.RPID
	}
	own, counter := a.Flags, key.Counter
	if forge.Flags != nil {
		own = *forge.Flags
	}
	if forge.Counter != nil {
		counter = *forge.Counter
	}
	hash := sha256.Sum256([]byte(rpID))
	data := append(hash[:], own|flags)
	data = append(binary.BigEndian.AppendUint32(data, counter), tail...)
	if forge.AuthData != nil {
		data = forge.AuthData(data)
	}
	return data
}

func (a *Authenticator) newKey() *Key {
	k := &Key{ID: make([]byte, 32)}
	_, _ = rand.Read(k.ID)
	switch a.Algorithm {
	case ES256:
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(err)
		point, err := private.PublicKey.Bytes()
		must(err)
		k.signer, k.cose = private, EC2Key(ES256, 1, point[1:33], point[33:])
	case EdDSA:
		public, private, err := ed25519.GenerateKey(rand.Reader)
		must(err)
		k.signer, k.cose = private, cbor(map[int]any{1: 1, 3: EdDSA, -1: 6, -2: []byte(public)})
	case RS256:
		private := rsaKey()
		k.signer, k.cose = private, RSAKey(private.N, private.E)
	default:
		panic("passkeytest: no such algorithm")
	}
	return k
}

// rsaKey is the one RSA key of a process: they take long to make.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	return private
})

func (k *Key) sign(data []byte) []byte {
	if private, ok := k.signer.(ed25519.PrivateKey); ok {
		return ed25519.Sign(private, data)
	}
	hash := sha256.Sum256(data)
	signature, err := k.signer.Sign(rand.Reader, hash[:], crypto.SHA256)
	must(err)
	return signature
}

// EC2Key is a COSE key on a curve.
func EC2Key(alg, curve int, x, y []byte) []byte {
	return cbor(map[int]any{1: 2, 3: alg, -1: curve, -2: x, -3: y})
}

// RSAKey is a COSE key of RSA.
func RSAKey(n *big.Int, e int) []byte {
	return cbor(map[int]any{1: 3, 3: RS256, -1: n.Bytes(), -2: big.NewInt(int64(e)).Bytes()})
}

func cbor(v any) []byte {
	data, err := webauthncbor.Marshal(v)
	must(err)
	return data
}

func parse(text string, v any) { must(json.Unmarshal([]byte(text), v)) }

func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("passkeytest: %v", err))
	}
}
