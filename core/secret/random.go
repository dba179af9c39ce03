package secret

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Alphanumeric is the alphabet of ids and session tokens.
const Alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

const maxRandom = 1 << 16

// Random returns n characters (1 to 65536) drawn evenly from alphabet, which is
// 2 to 256 ASCII characters. It fails when r fails and never falls back to weaker
// randomness.
func Random(r io.Reader, n int, alphabet string) (string, error) {
	if n < 1 || n > maxRandom {
		return "", fmt.Errorf("secret: a random string of %d characters was asked for", n)
	}
	if len(alphabet) < 2 || len(alphabet) > 256 {
		return "", errors.New("secret: an alphabet has 2 to 256 characters")
	}
	for i := range len(alphabet) {
		if alphabet[i] >= 0x80 {
			return "", errors.New("secret: an alphabet is ASCII")
		}
	}
	// Bytes from the last, incomplete run of the alphabet are dropped: taking them
	// modulo its length would favour the characters at its start.
	limit := 256 / len(alphabet) * len(alphabet)
	out := make([]byte, 0, n)
	buf := make([]byte, n+n/4+8)
	// More than half of all bytes are usable, so a good source never comes near
	// the bound; it ends the loop on a broken one.
	for range 64 {
		if _, err := io.ReadFull(r, buf); err != nil {
			return "", fmt.Errorf("secret: no randomness: %w", err)
		}
		for _, b := range buf {
			if int(b) < limit {
				out = append(out, alphabet[int(b)%len(alphabet)])
				if len(out) == n {
					return string(out), nil
				}
			}
		}
	}
	return "", errors.New("secret: the source of randomness is broken")
}

// ID returns 32 alphanumeric characters (about 190 bits): the form of Better
// Auth's ids and session tokens.
func ID(r io.Reader) (string, error) { return Random(r, 32, Alphanumeric) }

// UUID returns a random UUID, version 4 (RFC 9562), in lower case.
func UUID(r io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return "", fmt.Errorf("secret: no randomness: %w", err)
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[0:8], b[0:4])
	hex.Encode(out[9:13], b[4:6])
	hex.Encode(out[14:18], b[6:8])
	hex.Encode(out[19:23], b[8:10])
	hex.Encode(out[24:36], b[10:16])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:]), nil
}

// SHA256URL returns the SHA-256 of value in base64url without padding, 43
// characters: how Better Auth stores a token or an identifier that it hashes.
func SHA256URL(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
