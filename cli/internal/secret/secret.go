// Package secret makes secrets for core.Options.Secret.
package secret

import (
	"crypto/rand"
	"encoding/base64"
)

// New returns 32 random bytes in base64. It has no character that means something in a
// shell or in a .env file.
func New() string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the program instead
	return base64.StdEncoding.EncodeToString(raw[:])
}
