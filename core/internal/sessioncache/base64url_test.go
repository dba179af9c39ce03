package sessioncache

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

func FuzzDecodeBase64URL(f *testing.F) {
	for n := range 40 {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\x00\xff\xfb}", 10)[:n])))
	}
	for _, s := range []string{"abcdefgh+", "abcdefgh/", "abcdefg=", "abcdefghi", "abcdefghij\r\nkl", "abcd\nefghijklmn", "é-_abcdefgh", "abcdefgé"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, wrong := base64.RawURLEncoding.DecodeString(s)
		dst := make([]byte, base64.RawURLEncoding.DecodedLen(len(s)))
		n, err := decodeBase64URL(dst, s)
		if (err == nil) != (wrong == nil) || err == nil && !bytes.Equal(dst[:n], want) {
			t.Errorf("%q gives %q, %v, want %q, %v", s, dst[:n], err, want, wrong)
		}
	})
}
