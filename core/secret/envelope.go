package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	betterAuthPrefix = "$ba$"
	kerniaPrefix     = "$ka$"
	aesInfo          = "kernia/aes-256-gcm"
	maxVersion       = 1<<31 - 1
)

// ErrDecrypt is the single error for every envelope that cannot be decrypted:
// damaged, cut short, made under an unknown secret or version, or not an
// envelope.
var ErrDecrypt = errors.New("secret: cannot decrypt")

var errLineBreak = errors.New("secret: a line break in base64url")

// Encrypt seals plaintext under the current secret with the keyring's cipher and
// a random nonce. It fails only when the random source fails.
func (k *Keyring) Encrypt(plaintext string) (string, error) {
	key := k.keys[0]
	if k.cipher == AESGCM {
		prefix := kerniaPrefix + strconv.Itoa(key.version) + "$"
		sealed, err := k.seal(key.aesgcm, plaintext, prefix)
		if err != nil {
			return "", err
		}
		return prefix + base64.RawURLEncoding.EncodeToString(sealed), nil
	}
	sealed, err := k.seal(key.xchacha, plaintext, "")
	if err != nil {
		return "", err
	}
	if k.versions == nil {
		return hex.EncodeToString(sealed), nil
	}
	return betterAuthPrefix + strconv.Itoa(key.version) + "$" + hex.EncodeToString(sealed), nil
}

// seal returns nonce, ciphertext and tag in a row.
func (k *Keyring) seal(aead cipher.AEAD, plaintext, additional string) ([]byte, error) {
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plaintext)+aead.Overhead())
	if _, err := io.ReadFull(k.rand, nonce); err != nil {
		return nil, fmt.Errorf("secret: no randomness for a nonce: %w", err)
	}
	return aead.Seal(nonce, nonce, []byte(plaintext), []byte(additional)), nil
}

// Decrypt opens what Encrypt sealed with either cipher, and what Better Auth
// sealed: "$ba$<version>$<hex>" under that version's secret, bare hex under the
// single or the legacy secret. Every failure is ErrDecrypt.
func (k *Keyring) Decrypt(envelope string) (string, error) {
	switch {
	case strings.HasPrefix(envelope, kerniaPrefix):
		version, prefix, body, ok := parseEnvelope(envelope, kerniaPrefix)
		if !ok {
			return "", ErrDecrypt
		}
		sealed, err := decodeURL(body)
		if err != nil {
			return "", ErrDecrypt
		}
		if key := k.versions[version]; key != nil {
			if plain, err := open(key.aesgcm, sealed, prefix); err == nil {
				return plain, nil
			}
		}
		// Values sealed before the rotation have version 0.
		if version == 0 && k.bare != nil {
			return open(k.bare.aesgcm, sealed, prefix)
		}
		return "", ErrDecrypt
	case strings.HasPrefix(envelope, betterAuthPrefix):
		version, _, body, ok := parseEnvelope(envelope, betterAuthPrefix)
		key := k.versions[version]
		if !ok || key == nil {
			return "", ErrDecrypt
		}
		return openHex(key, body)
	case k.bare != nil:
		return openHex(k.bare, envelope)
	}
	return "", ErrDecrypt
}

func openHex(key *key, body string) (string, error) {
	sealed, err := hex.DecodeString(body)
	if err != nil {
		return "", ErrDecrypt
	}
	return open(key.xchacha, sealed, "")
}

func open(aead cipher.AEAD, sealed []byte, additional string) (string, error) {
	if len(sealed) < aead.NonceSize()+aead.Overhead() {
		return "", ErrDecrypt
	}
	nonce, ciphertext := sealed[:aead.NonceSize()], sealed[aead.NonceSize():]
	// Not in place: a failure would destroy the ciphertext, which another key has yet
	// to try.
	plain, err := aead.Open(nil, nonce, ciphertext, []byte(additional))
	if err != nil {
		return "", ErrDecrypt
	}
	return string(plain), nil
}

// parseEnvelope splits "$xx$<version>$<body>". A version is decimal digits
// without a sign or leading zeros.
func parseEnvelope(envelope, tag string) (version int, prefix, body string, ok bool) {
	digits, body, found := strings.Cut(envelope[len(tag):], "$")
	if !found || digits == "" || len(digits) > 10 || digits[0] == '0' && len(digits) > 1 {
		return 0, "", "", false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, "", "", false
		}
		version = version*10 + int(c-'0')
	}
	if version > maxVersion {
		return 0, "", "", false
	}
	return version, envelope[:len(tag)+len(digits)+1], body, true
}

// decodeURL decodes base64url without padding and accepts one spelling only: the
// standard decoder skips line breaks and, unless strict, ignores trailing bits.
func decodeURL(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errLineBreak
	}
	return base64.RawURLEncoding.Strict().DecodeString(text)
}

func newXChaCha(secret string) (cipher.AEAD, error) {
	key := sha256.Sum256([]byte(secret))
	return chacha20poly1305.NewX(key[:])
}

func newAESGCM(secret string) (cipher.AEAD, error) {
	key, err := deriveKey(secret, "", aesInfo, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// deriveKey is HKDF-SHA256 (RFC 5869).
func deriveKey(secret, salt, info string, length int) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(secret), []byte(salt), info, length)
}
