package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

const (
	signatureLength    = 44 // standard base64 of 32 bytes, padded
	urlSignatureLength = 43 // base64url of 32 bytes, no padding
)

// Sign returns the signature that follows the value of a signed cookie: the
// HMAC-SHA256 under the current secret in standard base64 with padding, 44
// characters (Better Auth makeSignature).
func (k *Keyring) Sign(value string) string {
	s := k.keys[0].hmac.get()
	defer k.keys[0].hmac.put(s)
	s.writeString(value)
	return base64.StdEncoding.EncodeToString(s.finish())
}

// Verify reports whether signature is the result of Sign for value under any of
// the secrets. It compares in constant time and does not allocate.
func (k *Keyring) Verify(value string, signature []byte) bool {
	if len(signature) != signatureLength || signature[signatureLength-1] != '=' {
		return false
	}
	for _, key := range k.keys {
		if verify(key, base64.StdEncoding, value, nil, signature) {
			return true
		}
	}
	return false
}

// SignURL is Sign for bytes, in base64url without padding, 43 characters: the
// signature inside the session cache cookie (Better Auth's compact strategy) and
// of a trusted device.
func (k *Keyring) SignURL(msg []byte) string {
	s := k.keys[0].hmac.get()
	defer k.keys[0].hmac.put(s)
	s.hash.Write(msg)
	return base64.RawURLEncoding.EncodeToString(s.finish())
}

// VerifyURL reports whether signature is the result of SignURL for msg under any
// of the secrets. It compares in constant time and does not allocate.
func (k *Keyring) VerifyURL(msg, signature []byte) bool {
	if len(signature) != urlSignatureLength {
		return false
	}
	for _, key := range k.keys {
		if verify(key, base64.RawURLEncoding, "", msg, signature) {
			return true
		}
	}
	return false
}

// VerifyURLString is VerifyURL for a message that is a string.
func (k *Keyring) VerifyURLString(msg, signature string) bool {
	if len(signature) != urlSignatureLength {
		return false
	}
	for _, key := range k.keys {
		if verify(key, base64.RawURLEncoding, msg, nil, signature) {
			return true
		}
	}
	return false
}

// verify compares the encoded forms, so that of the several base64 texts which
// decode to the same bytes only the canonical one is accepted.
func verify[T string | []byte](key *key, enc *base64.Encoding, text string, bytes []byte, signature T) bool {
	s := key.hmac.get()
	defer key.hmac.put(s)
	s.writeString(text)
	s.hash.Write(bytes)
	want := s.encoded[:len(signature)]
	enc.Encode(want, s.finish())
	got := s.chunk[:copy(s.chunk[:], signature)]
	return subtle.ConstantTimeCompare(want, got) == 1
}

// macInfo names the derived key of MAC. It is another key than the cookies' one:
// no signature the server hands out can serve as a MAC, nor the reverse.
const macInfo = "kernia/mac/hmac-sha256"

// MAC returns 32 bytes of HMAC-SHA256 over purpose and value under a key that is
// derived from the current secret. A purpose is a constant of the program without
// NUL; the codes of different purposes are unrelated.
func (k *Keyring) MAC(purpose, value string) []byte { return k.keys[0].macOf(purpose, value) }

// VerifyMAC reports whether mac is MAC(purpose, value) under any of the secrets,
// in constant time.
func (k *Keyring) VerifyMAC(purpose, value string, mac []byte) bool {
	if len(mac) != sha256.Size {
		return false
	}
	for _, key := range k.keys {
		if hmac.Equal(key.macOf(purpose, value), mac) {
			return true
		}
	}
	return false
}

func (key *key) macOf(purpose, value string) []byte {
	s := key.mac.get()
	defer key.mac.put(s)
	s.writeString(purpose)
	s.writeString("\x00")
	s.writeString(value)
	return append([]byte(nil), s.finish()...)
}
