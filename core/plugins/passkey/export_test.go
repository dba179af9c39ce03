package passkey

import "github.com/advantch/kernia-go/core/wire"

// The checks of the two ceremonies, for fuzzing. The challenge, relying party and
// origin are those of FuzzOptions.
const (
	FuzzChallenge = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	FuzzRPID      = "localhost"
	FuzzOrigin    = "http://localhost:3000"
)

var fuzzed = expectation{challenge: FuzzChallenge, rpID: FuzzRPID, origins: []string{FuzzOrigin}}

// CheckRegistration parses and verifies a response.
func CheckRegistration(response wire.Value) (*VerifiedRegistration, error) {
	return verifyRegistration(response, fuzzed)
}

// CheckAuthentication parses and verifies a response.
func CheckAuthentication(response wire.Value, key []byte) (*VerifiedAuthentication, error) {
	return verifyAuthentication(response, key, fuzzed)
}

// CheckKey checks a COSE key.
func CheckKey(cose []byte) error { return checkKey(cose) }
