package idtoken

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

const (
	maxKeys    = 128
	minRSABits = 2048
	maxRSABits = 8192 // verifying with a longer key costs more than a provider needs
)

// key is a public key that may verify signatures.
type key struct {
	id, alg string // alg is "" when the set does not say
	public  any
}

// members are those of a key that say what it is. Certificates are not read.
var members = map[string][]string{"RSA": {"kty", "n", "e"}, "EC": {"kty", "crv", "x", "y"}, "OKP": {"kty", "crv", "x"}}

// parseKeys reads a JWK set (RFC 7517). Keys that cannot verify a signature are left
// out. Two different keys of one kid are both left out, because the kid does not say
// which of them signs.
func parseKeys(body []byte) ([]key, error) {
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(body, &set); err != nil || set.Keys == nil {
		return nil, errors.New("idtoken: the provider's keys are no JWK set")
	}
	if len(set.Keys) > maxKeys {
		return nil, errors.New("idtoken: the provider has too many keys")
	}
	var keys []key
	twice := map[string]bool{}
	for _, raw := range set.Keys {
		k, ok := parseKey(raw)
		if !ok {
			continue
		}
		if i := slices.IndexFunc(keys, func(other key) bool { return other.id == k.id && k.id != "" }); i >= 0 {
			if !same(keys[i].public, k.public) {
				twice[k.id] = true
			}
			continue
		}
		keys = append(keys, k)
	}
	keys = slices.DeleteFunc(keys, func(k key) bool { return twice[k.id] })
	if len(keys) == 0 {
		return nil, errors.New("idtoken: the provider has no key that verifies signatures")
	}
	return keys, nil
}

func same(a, b any) bool {
	k, ok := a.(interface {
		Equal(other crypto.PublicKey) bool
	})
	return ok && k.Equal(b)
}

func parseKey(raw json.RawMessage) (key, bool) {
	c, err := object(raw)
	if err != nil {
		return key{}, false
	}
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, ok := c[private]; ok { // a private key that was published signs for everybody
			return key{}, false
		}
	}
	if use := c.String("use"); c["use"] != nil && use != "sig" {
		return key{}, false
	}
	if c["key_ops"] != nil {
		if ops, _ := c["key_ops"].([]any); !slices.Contains(ops, any("verify")) {
			return key{}, false
		}
	}
	public := map[string]any{}
	for _, name := range members[c.String("kty")] {
		public[name] = c[name]
	}
	text, err := json.Marshal(public)
	if err != nil {
		return key{}, false
	}
	var parsed jose.JSONWebKey
	if err := parsed.UnmarshalJSON(text); err != nil || !parsed.Valid() || !parsed.IsPublic() {
		return key{}, false
	}
	if k, ok := parsed.Key.(*rsa.PublicKey); ok {
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits || k.E < 3 || k.E%2 == 0 {
			return key{}, false
		}
	}
	return key{id: c.String("kid"), alg: c.String("alg"), public: parsed.Key}, true
}

// fits reports whether a key is of the kind that an algorithm needs. The set's own
// alg binds too.
func (k key) fits(alg string) bool {
	if k.alg != "" && k.alg != alg {
		return false
	}
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return alg[:2] == "RS" || alg[:2] == "PS"
	case *ecdsa.PublicKey:
		return map[string]int{"ES256": 256, "ES384": 384, "ES512": 521}[alg] == public.Curve.Params().BitSize
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}
