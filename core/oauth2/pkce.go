package oauth2

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
)

// NewVerifier makes a PKCE code verifier from a random source: 32 bytes as 43
// characters of base64url (RFC 7636, 4.1). It stays on the server until the code
// is exchanged.
func NewVerifier(random io.Reader) (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// Challenge returns the S256 code challenge of a verifier, which goes into the
// authorization URL.
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
