package idtoken

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"

	"github.com/advantch/kernia-go/core/oauth2"
)

// CheckHashes checks at_hash and c_hash of verified claims against the access token
// and the code that came with them (OpenID Connect Core 1.0, 3.3.2.11). A claim that
// is missing, and a token or code that is "", are not checked. The error is an
// *Error.
func CheckHashes(c oauth2.Claims, accessToken, code string) error {
	if !hashes(c["at_hash"], accessToken) || !hashes(c["c_hash"], code) {
		return refuse(ReasonHash)
	}
	return nil
}

// hashes compares the left half of a hash. The length of the claim tells which hash:
// the algorithm of the signature does, and every one has another length.
func hashes(claim any, text string) bool {
	if claim == nil || text == "" {
		return true
	}
	want, _ := claim.(string)
	var sum []byte
	switch len(want) {
	case base64.RawURLEncoding.EncodedLen(sha256.Size / 2):
		s := sha256.Sum256([]byte(text))
		sum = s[:]
	case base64.RawURLEncoding.EncodedLen(sha512.Size384 / 2):
		s := sha512.Sum384([]byte(text))
		sum = s[:]
	case base64.RawURLEncoding.EncodedLen(sha512.Size / 2):
		s := sha512.Sum512([]byte(text))
		sum = s[:]
	default:
		return false
	}
	return subtle.ConstantTimeCompare([]byte(want), []byte(base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]))) == 1
}
