package secret

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// jwtHeader is {"alg":"HS256"} in base64url.
const jwtHeader = "eyJhbGciOiJIUzI1NiJ9"

// SignJWT makes a signed token (RFC 7519, HS256) under the current secret, as
// Better Auth's signJWT: claims is the text of a JSON object, and iat and exp are
// added to its end. ttl is rounded down to seconds.
func (k *Keyring) SignJWT(claims []byte, now time.Time, ttl time.Duration) (string, error) {
	payload, err := stamp(claims, times(now, ttl)...)
	if err != nil {
		return "", err
	}
	signed := make([]byte, 0, len(jwtHeader)+len(payload)*4/3+2*urlSignatureLength)
	signed = append(signed, jwtHeader...)
	signed = append(signed, '.')
	signed = base64.RawURLEncoding.AppendEncode(signed, payload)
	token := string(signed) + "." + k.SignURL(signed)
	if len(token) > maxToken {
		return "", fmt.Errorf("secret: a token of %d bytes is longer than %d", len(token), maxToken)
	}
	return token, nil
}

func times(now time.Time, ttl time.Duration) []claim {
	return []claim{
		{"iat", strconv.FormatInt(now.Unix(), 10)},
		{"exp", strconv.FormatInt(now.Unix()+int64(ttl/time.Second), 10)},
	}
}

// VerifyJWT returns the payload of a token that SignJWT made under any of the
// secrets, byte for byte. The error is ErrTokenExpired for a genuine token that
// has expired, ErrToken for everything else. Tokens longer than 64 KiB, other
// algorithms than HS256 and critical headers are refused.
func (k *Keyring) VerifyJWT(token string, now time.Time) (payload []byte, err error) {
	if len(token) > maxToken {
		return nil, ErrToken
	}
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 {
		return nil, ErrToken
	}
	signed, signature := token[:dot], token[dot+1:]
	header, body, ok := strings.Cut(signed, ".")
	if !ok || !k.VerifyURLString(signed, signature) {
		return nil, ErrToken
	}
	if header != jwtHeader && !isHS256(header) {
		return nil, ErrToken
	}
	payload, err = decodeURL(body)
	if err != nil {
		return nil, ErrToken
	}
	if err := checkTimes(payload, now, 0); err != nil {
		return nil, err
	}
	return payload, nil
}

// isHS256 reads a header other than the one SignJWT writes.
func isHS256(header string) bool {
	text, err := decodeURL(header)
	if err != nil {
		return false
	}
	fields, err := members(text)
	if err != nil {
		return false
	}
	found := false
	for _, f := range fields {
		switch f.name {
		case "alg":
			if found || string(f.value) != `"HS256"` {
				return false
			}
			found = true
		case "crit", "b64":
			return false
		}
	}
	return found
}
