package jwk

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

const (
	maxKeys    = 128
	minRSABits = 2048
	maxRSABits = 8192 // verifying with a longer key costs more than a provider needs
)

// Key is a public key that may verify signatures.
type Key struct {
	ID, Alg string           // either is "" when the set does not say
	Public  crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

// members are those of a key that say what it is. Certificates are not read.
var members = map[string][]string{"RSA": {"kty", "n", "e"}, "EC": {"kty", "crv", "x", "y"}, "OKP": {"kty", "crv", "x"}}

// ParseSet reads a JWK set (RFC 7517). Keys that cannot verify a signature are left
// out. Two different keys of one kid are both left out, because the kid does not say
// which of them signs.
func ParseSet(body []byte) ([]Key, error) {
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(body, &set); err != nil || set.Keys == nil {
		return nil, errors.New("jwk: the keys are no JWK set")
	}
	if len(set.Keys) > maxKeys {
		return nil, errors.New("jwk: there are too many keys")
	}
	var keys []Key
	twice := map[string]bool{}
	for _, raw := range set.Keys {
		k, ok := Parse(raw)
		if !ok {
			continue
		}
		if i := slices.IndexFunc(keys, func(other Key) bool { return other.ID == k.ID && k.ID != "" }); i >= 0 {
			if !same(keys[i].Public, k.Public) {
				twice[k.ID] = true
			}
			continue
		}
		keys = append(keys, k)
	}
	keys = slices.DeleteFunc(keys, func(k Key) bool { return twice[k.ID] })
	if len(keys) == 0 {
		return nil, errors.New("jwk: no key verifies signatures")
	}
	return keys, nil
}

func same(a, b any) bool {
	k, ok := a.(interface {
		Equal(other crypto.PublicKey) bool
	})
	return ok && k.Equal(b)
}

// Parse reads one key. It reports false for a key that must not verify signatures: one
// with private members, for another use, too short, too long, or not on its curve.
func Parse(raw json.RawMessage) (Key, bool) {
	c, err := Object(raw)
	if err != nil {
		return Key{}, false
	}
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, ok := c[private]; ok { // a private key that was published signs for everybody
			return Key{}, false
		}
	}
	if c["use"] != nil && c["use"] != "sig" {
		return Key{}, false
	}
	if c["key_ops"] != nil {
		if ops, _ := c["key_ops"].([]any); !slices.Contains(ops, any("verify")) {
			return Key{}, false
		}
	}
	public := map[string]any{}
	for _, name := range members[text(c, "kty")] {
		public[name] = c[name]
	}
	plain, err := json.Marshal(public)
	if err != nil {
		return Key{}, false
	}
	var parsed jose.JSONWebKey
	if err := parsed.UnmarshalJSON(plain); err != nil || !parsed.Valid() || !parsed.IsPublic() {
		return Key{}, false
	}
	if k, ok := parsed.Key.(*rsa.PublicKey); ok {
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits || k.E < 3 || k.E%2 == 0 {
			return Key{}, false
		}
	}
	return Key{ID: text(c, "kid"), Alg: text(c, "alg"), Public: parsed.Key}, true
}

func text(c map[string]any, name string) string {
	s, _ := c[name].(string)
	return s
}

// Fits reports whether a key is of the kind that an algorithm needs. The set's own
// alg binds too.
func (k Key) Fits(alg string) bool {
	if k.Alg != "" && k.Alg != alg {
		return false
	}
	switch public := k.Public.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS")
	case *ecdsa.PublicKey:
		return map[string]int{"ES256": 256, "ES384": 384, "ES512": 521}[alg] == public.Curve.Params().BitSize
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}
