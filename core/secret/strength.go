package secret

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf16"
)

const (
	minLength  = 32  // UTF-16 units, as JavaScript counts
	minEntropy = 120 // bits

	// publicDefault is what Better Auth uses when no secret is configured. Anyone
	// can sign with it, so it is refused wherever it stands,
	// unless KeyringOptions.AllowPublic.
	publicDefault = "better-auth-secret-12345678901234567890"
)

var errPublicDefault = errors.New("secret: this is Better Auth's public default secret; set one of your own")

// checkRotation checks what no option can switch off.
func checkRotation(rotation []Versioned, allowPublic bool) error {
	seen := make(map[int]bool, len(rotation))
	for _, v := range rotation {
		switch {
		case v.Version < 0:
			return fmt.Errorf("secret: version %d is negative", v.Version)
		case v.Version > maxVersion:
			return fmt.Errorf("secret: version %d is larger than %d", v.Version, maxVersion)
		case v.Value == "":
			return fmt.Errorf("secret: the secret of version %d is empty", v.Version)
		case v.Value == publicDefault && !allowPublic:
			return errPublicDefault
		case seen[v.Version]:
			return fmt.Errorf("secret: version %d is given twice", v.Version)
		}
		seen[v.Version] = true
	}
	return nil
}

// weaknesses describes the weaknesses of one secret, called name.
func weaknesses(name, secret string) []string {
	var found []string
	if length(secret) < minLength {
		found = append(found, fmt.Sprintf("%s is shorter than %d characters", name, minLength))
	}
	if bits := entropy(secret); bits < minEntropy {
		found = append(found, fmt.Sprintf("%s has about %d bits of entropy, less than %d; generate it at random", name, int(bits), minEntropy))
	}
	return found
}

func length(s string) int { return len(utf16.Encode([]rune(s))) }

// entropy is Better Auth's estimate in bits: length × log2(distinct characters).
func entropy(s string) float64 {
	distinct := make(map[rune]struct{})
	for _, r := range s {
		distinct[r] = struct{}{}
	}
	if len(distinct) == 0 {
		return 0
	}
	return float64(length(s)) * math.Log2(float64(len(distinct)))
}
