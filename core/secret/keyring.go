package secret

import (
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Versioned is one entry of a rotation: a secret and the version number that
// encrypted values refer to it by.
type Versioned struct {
	Version int // not negative, unique within a rotation
	Value   string
}

// Format implements fmt.Formatter: every verb prints the version only.
func (v Versioned) Format(s fmt.State, _ rune) {
	_, _ = fmt.Fprintf(s, "{Version:%d Value:%s}", v.Version, redacted)
}

// LogValue implements slog.LogValuer.
func (v Versioned) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("version", v.Version), slog.String("value", redacted))
}

// Cipher says how Encrypt writes. Decrypt reads every form in any case.
type Cipher int

// The ciphers.
const (
	// XChaCha20 writes XChaCha20-Poly1305 as Better Auth does: bare hex under a
	// single secret, "$ba$<version>$<hex>" under a rotation.
	XChaCha20 Cipher = iota
	// AESGCM writes AES-256-GCM as "$ka$<version>$<base64url>".
	AESGCM
)

// KeyringOptions tunes a Keyring; the zero value is ready for production.
type KeyringOptions struct {
	Cipher Cipher // default XChaCha20
	// AllowWeak skips the checks of length and entropy, for tests and for
	// secrets inherited from an older installation. See Keyring.Weaknesses.
	AllowWeak bool
	// AllowPublic accepts Better Auth's public default secret, with which everybody can
	// sign. It is for comparisons with Better Auth's own tests, and for nothing else.
	AllowPublic bool
	// Rand is the source of nonces and token ids; default crypto/rand.Reader.
	// The initialisation vector of an encrypted JWT always comes from crypto/rand.
	Rand io.Reader
}

// Keyring holds the current secret and its predecessors. The current secret
// signs and encrypts; all of them verify and decrypt. It is immutable, safe for
// concurrent use, and prints as "[redacted]".
type Keyring struct {
	keys       []*key       // every distinct secret, the current one first
	versions   map[int]*key // a rotation's secrets; nil for a single secret
	bare       *key         // reads bare hex: the single or the legacy secret; may be nil
	cipher     Cipher
	rand       io.Reader
	weaknesses []string
}

// key is one secret with its derived keys.
type key struct {
	version int // 0 for a single secret
	secret  string
	hmac    *hmacPool   // keyed by the secret itself, as Better Auth signs
	mac     *hmacPool   // keyed by a derived key, for Keyring.MAC
	xchacha cipher.AEAD // key = SHA-256(secret), as Better Auth encrypts
	aesgcm  cipher.AEAD // key = HKDF-SHA256(secret)
}

// NewKeyring makes a keyring.
//
// With an empty rotation, current is the only secret (Better Auth's `secret`
// option). Otherwise the rotation's first entry is the current secret, the
// others still verify and decrypt, and current, which may then be empty, is the
// secret that was used before there was a rotation (Better Auth's `secrets`
// together with `secret`).
//
// It fails with one sentence when a secret is missing, when it is Better Auth's public
// default (unless KeyringOptions.AllowPublic), when a version is negative or given twice and, unless
// KeyringOptions.AllowWeak, when the secret that signs is shorter than 32
// characters or has less than 120 bits by Better Auth's estimate of entropy.
func NewKeyring(current string, rotation []Versioned, o KeyringOptions) (*Keyring, error) {
	if o.Cipher != XChaCha20 && o.Cipher != AESGCM {
		return nil, fmt.Errorf("secret: unknown cipher %d", int(o.Cipher))
	}
	k := &Keyring{cipher: o.Cipher, rand: o.Rand}
	if k.rand == nil {
		k.rand = rand.Reader
	}
	if len(rotation) == 0 && current == "" {
		return nil, errors.New("secret: the secret is empty; set one of at least 32 random characters")
	}
	if err := checkRotation(rotation, o.AllowPublic); err != nil {
		return nil, err
	}
	if current == publicDefault && !o.AllowPublic {
		return nil, errPublicDefault
	}

	for _, v := range rotation {
		added, err := k.add(v.Version, v.Value)
		if err != nil {
			return nil, err
		}
		if k.versions == nil {
			k.versions = make(map[int]*key, len(rotation))
		}
		k.versions[v.Version] = added
	}
	if current != "" {
		added, err := k.add(0, current)
		if err != nil {
			return nil, err
		}
		k.bare = added
	}

	for i, key := range k.keys {
		name := "the current secret"
		if i > 0 {
			name = "an old secret that is still accepted"
		}
		found := weaknesses(name, key.secret)
		if i == 0 && !o.AllowWeak && len(found) > 0 {
			return nil, errors.New("secret: " + found[0])
		}
		k.weaknesses = append(k.weaknesses, found...)
	}
	return k, nil
}

// add appends a key, or finds the one with the same secret that is already there.
func (k *Keyring) add(version int, secret string) (*key, error) {
	for _, have := range k.keys {
		if Equal(have.secret, secret) {
			return have, nil
		}
	}
	added, err := newKey(version, secret)
	if err != nil {
		return nil, err
	}
	k.keys = append(k.keys, added)
	return added, nil
}

func newKey(version int, secret string) (*key, error) {
	made := &key{version: version, secret: secret, hmac: newHMACPool([]byte(secret))}
	macKey, err := deriveKey(secret, "", macInfo, 32)
	if err != nil {
		return nil, err
	}
	made.mac = newHMACPool(macKey)
	if made.xchacha, err = newXChaCha(secret); err != nil {
		return nil, err
	}
	if made.aesgcm, err = newAESGCM(secret); err != nil {
		return nil, err
	}
	return made, nil
}

// Weaknesses lists the weaknesses of the secrets, in sentences fit for a log warning:
// the current one (only under KeyringOptions.AllowWeak, as NewKeyring refuses it
// otherwise) and the old ones. It never contains a secret.
func (k *Keyring) Weaknesses() []string { return append([]string(nil), k.weaknesses...) }

// Format implements fmt.Formatter: every verb prints "[redacted]".
func (k Keyring) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// String implements fmt.Stringer.
func (k Keyring) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (k Keyring) GoString() string { return redacted }

// LogValue implements slog.LogValuer.
func (k Keyring) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON implements json.Marshaler.
func (k Keyring) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
