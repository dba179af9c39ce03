package siwe

import (
	"encoding/hex"
	"strings"
	"testing"
)

// A signature of any form leads to no address or to one, and a second text of the same
// bytes leads to the same one.
func FuzzSignature(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Message, v.Signature)
		f.Add(v.Message, v.Compact)
	}
	f.Add("x", "0x")
	f.Add("x", "0x"+strings.Repeat("00", 65))
	f.Add("x", "0X"+strings.Repeat("ff", 64))
	f.Fuzz(func(t *testing.T, message, text string) {
		raw, ok := decodeSignature(text)
		if !ok {
			return
		}
		address, ok := recoverAddress(hashMessage(message), raw)
		if !ok {
			return
		}
		if !isChecksummed(address) {
			t.Errorf("%s is no address", address)
		}
		if len(raw) != 64 && len(raw) != 65 {
			t.Errorf("%d bytes are a signature", len(raw))
		}
		again, _ := recoverAddress(hashMessage(message), raw)
		if again != address || !signedByKey(Proof{Message: message, Signature: "0x" + hex.EncodeToString(raw), Address: address}) {
			t.Errorf("%s, and then %s", address, again)
		}
	})
}
