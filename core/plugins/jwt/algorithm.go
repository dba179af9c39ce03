package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core/internal/jwk"
	"github.com/advantch/kernia-go/core/wire"
)

// Algorithm is how tokens are signed (RFC 7518, RFC 8037).
type Algorithm string

// The algorithms.
const (
	EdDSA Algorithm = "EdDSA" // with Ed25519
	ES256 Algorithm = "ES256"
	ES512 Algorithm = "ES512"
	RS256 Algorithm = "RS256"
	PS256 Algorithm = "PS256"
)

// Algorithms are all algorithms.
var Algorithms = []Algorithm{EdDSA, ES256, ES512, RS256, PS256}

func (a Algorithm) isRSA() bool { return a == RS256 || a == PS256 }

// generate makes a pair of keys. The texts are those that Better Auth makes on Node, in the
// order of their members; the public key of RSA says its algorithm as well, which a table
// without a column for it could not tell.
func generate(a Algorithm, bits int, rand io.Reader) (public, private string, err error) {
	var key crypto.Signer
	switch a {
	case EdDSA:
		_, key, err = ed25519.GenerateKey(rand)
	case ES256:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand)
	case ES512:
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand)
	default:
		key, err = rsa.GenerateKey(rand, bits)
	}
	if err != nil {
		return "", "", err
	}
	text, err := jose.JSONWebKey{Key: key}.MarshalJSON()
	if err != nil {
		return "", "", err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return "", "", err
	}
	var open, secret []string
	switch {
	case a == EdDSA:
		open, secret = []string{"crv", "x", "kty"}, []string{"crv", "d", "x", "kty"}
	case a.isRSA():
		members["alg"] = wire.AppendString(nil, string(a))
		open, secret = []string{"kty", "n", "e", "alg"}, []string{"kty", "n", "e", "d", "p", "q", "dp", "dq", "qi"}
	default:
		open, secret = []string{"kty", "x", "y", "crv"}, []string{"kty", "x", "y", "crv", "d"}
	}
	return pick(members, open), pick(members, secret), nil
}

func pick(members map[string]json.RawMessage, names []string) string {
	out := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(wire.AppendString(out, name), ':'), members[name]...)
	}
	return string(append(out, '}'))
}

// algorithmOf tells how a public key verifies: as it or its row says, or by its kind. RSA
// is the configured algorithm then.
func algorithmOf(k *Key, public jwk.Key, configured Algorithm) (Algorithm, error) {
	a := k.Algorithm
	if a == "" {
		a = Algorithm(public.Alg)
	}
	if a == "" {
		switch key := public.Public.(type) {
		case ed25519.PublicKey:
			a = EdDSA
		case *ecdsa.PublicKey:
			a = map[int]Algorithm{256: ES256, 521: ES512}[key.Curve.Params().BitSize]
		case *rsa.PublicKey:
			if a = configured; !a.isRSA() {
				a = RS256
			}
		}
	}
	public.Alg = ""
	for _, known := range Algorithms {
		if a == known && public.Fits(string(a)) {
			return a, nil
		}
	}
	return "", fmt.Errorf("the key does not fit the algorithm %q", a)
}

// newSigner makes a signer of a private key that belongs to a public one.
func newSigner(kid string, a Algorithm, private string, public crypto.PublicKey) (jose.Signer, error) {
	key, err := privateOf(private, public)
	if err != nil {
		return nil, err
	}
	return jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(a), Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
}

// privateOf reads a private key that belongs to a public one.
func privateOf(private string, public crypto.PublicKey) (any, error) {
	var parsed jose.JSONWebKey
	if err := parsed.UnmarshalJSON([]byte(private)); err != nil || !parsed.Valid() || parsed.IsPublic() {
		return nil, errors.New("the private key is no JSON Web Key")
	}
	signer, ok := parsed.Key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the private key does not sign")
	}
	if own, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !own.Equal(public) {
		return nil, errors.New("the private key belongs to another public key")
	}
	return parsed.Key, nil
}
