package secret

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	jweInfo      = "BetterAuth.js Generated Encryption Key"
	jweTolerance = 15 * time.Second
)

// EncryptJWT makes an encrypted token (RFC 7516, alg dir, enc A256CBC-HS512)
// under the current secret, as Better Auth's symmetricEncodeJWT. The key is
// HKDF-SHA256 of the secret with salt (the cookie's name in Better Auth), its RFC
// 7638 thumbprint is the kid; iat, exp and a random jti are added to the claims,
// the text of a JSON object. ttl is rounded down to seconds.
func (k *Keyring) EncryptJWT(claims []byte, salt string, now time.Time, ttl time.Duration) (string, error) {
	jti, err := UUID(k.rand)
	if err != nil {
		return "", err
	}
	payload, err := stamp(claims, append(times(now, ttl), claim{"jti", strconv.Quote(jti)})...)
	if err != nil {
		return "", err
	}
	key, kid, err := k.keys[0].jweKey(salt)
	if err != nil {
		return "", err
	}
	encrypter, err := jose.NewEncrypter(jose.A256CBC_HS512, jose.Recipient{Algorithm: jose.DIRECT, Key: key},
		(&jose.EncrypterOptions{}).WithHeader("kid", kid))
	if err != nil {
		return "", fmt.Errorf("secret: %w", err)
	}
	sealed, err := encrypter.Encrypt(payload)
	if err != nil {
		return "", fmt.Errorf("secret: %w", err)
	}
	token, err := sealed.CompactSerialize()
	if err != nil {
		return "", fmt.Errorf("secret: %w", err)
	}
	if len(token) > maxToken {
		return "", fmt.Errorf("secret: a token of %d bytes is longer than %d", len(token), maxToken)
	}
	return token, nil
}

// DecryptJWT returns the payload of a token that EncryptJWT or Better Auth made
// with the same salt under any of the secrets, byte for byte. Clocks may differ
// by 15 seconds. The error is ErrTokenExpired for a genuine token that has
// expired, ErrToken for everything else. Tokens longer than 64 KiB, other
// algorithms, compression (zip) and critical headers are refused.
func (k *Keyring) DecryptJWT(token, salt string, now time.Time) ([]byte, error) {
	if len(token) > maxToken || strings.Count(token, ".") != 4 || strings.ContainsAny(token, " \t\r\n") {
		return nil, ErrToken
	}
	kid, hasKid, ok := jweHeader(token)
	if !ok {
		return nil, ErrToken
	}
	sealed, err := jose.ParseEncryptedCompact(token, []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256CBC_HS512})
	if err != nil {
		return nil, ErrToken
	}
	for _, candidate := range k.keys {
		key, thumbprint, err := candidate.jweKey(salt)
		if err != nil {
			return nil, ErrToken
		}
		if hasKid && !Equal(kid, thumbprint) {
			continue
		}
		payload, err := sealed.Decrypt(key)
		if err != nil {
			continue
		}
		if err := checkTimes(payload, now, jweTolerance); err != nil {
			return nil, err
		}
		return payload, nil
	}
	return nil, ErrToken
}

// jweHeader checks the header before the library acts on it.
func jweHeader(token string) (kid string, hasKid, ok bool) {
	first, _, _ := strings.Cut(token, ".")
	text, err := decodeURL(first)
	if err != nil {
		return "", false, false
	}
	fields, err := members(text)
	if err != nil {
		return "", false, false
	}
	for _, f := range fields {
		switch f.name {
		case "zip", "crit":
			return "", false, false
		case "kid":
			// A thumbprint needs no escapes, so its JSON text is itself in quotes.
			kid, hasKid = strings.Trim(string(f.value), `"`), true
		}
	}
	return kid, hasKid, true
}

// jweKey derives the content key for a salt and its RFC 7638 thumbprint.
func (key *key) jweKey(salt string) (derived []byte, kid string, err error) {
	derived, err = deriveKey(key.secret, salt, jweInfo, 64)
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256([]byte(`{"k":"` + base64.RawURLEncoding.EncodeToString(derived) + `","kty":"oct"}`))
	return derived, base64.RawURLEncoding.EncodeToString(sum[:]), nil
}
