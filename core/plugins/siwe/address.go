package siwe

import (
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/sha3"
)

func keccak(data ...[]byte) [32]byte {
	h := sha3.NewLegacyKeccak256()
	for _, d := range data {
		h.Write(d)
	}
	var sum [32]byte
	h.Sum(sum[:0])
	return sum
}

// checksum is an address, 0x and 40 hexadecimal digits in any case, in the case of EIP-55.
func checksum(address string) string {
	digits := []byte(strings.ToLower(address[2:]))
	sum := keccak(digits)
	for i, c := range digits {
		half := sum[i/2] >> 4
		if i%2 == 1 {
			half = sum[i/2] & 15
		}
		if c >= 'a' && half >= 8 {
			digits[i] = c - 'a' + 'A'
		}
	}
	return "0x" + string(digits)
}

// isChecksummed reports whether an address has the case of EIP-55.
func isChecksummed(address string) bool {
	if len(address) != addressLength || address[:2] != "0x" {
		return false
	}
	_, err := hex.DecodeString(address[2:])
	return err == nil && checksum(address) == address
}
