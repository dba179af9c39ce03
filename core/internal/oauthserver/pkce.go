package oauthserver

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
)

// Why PKCE is required, as Better Auth says it.
const (
	pkcePublic  = "pkce is required for public clients"
	pkceOffline = "pkce is required when requesting offline_access scope"
	pkceClient  = "pkce is required for this client"
)

// pkceRequired says why a client must use PKCE, or "" when it need not: only a confidential
// client that is exempt, for access without refresh tokens.
func pkceRequired(c *Client, scopes []string) string {
	switch {
	case c.public():
		return pkcePublic
	case slices.Contains(scopes, ScopeOffline):
		return pkceOffline
	case c.RequirePKCE == nil || *c.RequirePKCE:
		return pkceClient
	}
	return ""
}

// validVerifier reports whether a code_verifier has the form of RFC 7636 4.1.
func validVerifier(v string) bool {
	if len(v) < 43 || len(v) > 128 {
		return false
	}
	for i := range len(v) {
		switch c := v[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~':
		default:
			return false
		}
	}
	return true
}

// validChallenge reports whether a code_challenge is a SHA-256 in base64url.
func validChallenge(v string) bool {
	sum, err := base64.RawURLEncoding.Strict().DecodeString(v)
	return err == nil && len(sum) == sha256.Size
}

// proves reports whether a verifier belongs to a challenge of the method S256.
func proves(verifier, challenge string) bool {
	return subtle.ConstantTimeCompare([]byte(hash(verifier)), []byte(challenge)) == 1
}
