package idtoken_test

import (
	"context"
	"strings"
	"testing"
)

// No text is accepted that the provider did not sign, and none makes a panic.
func FuzzVerify(f *testing.F) {
	x := open(f, nil)
	good := sign(rsaKey(), header(), claims(nil))
	f.Add(good)
	f.Add(good + ".")
	f.Add(part([]byte(`{"alg":"none"}`)) + "." + strings.Split(good, ".")[1] + ".")
	f.Add("..")
	f.Add(part([]byte(`{"alg":"RS256","kid":"k1","alg":"none"}`)) + ".e30.AA")
	f.Fuzz(func(t *testing.T, token string) {
		c, err := x.p.VerifyIDToken(context.Background(), x.client, token, "")
		if err == nil && token != good {
			t.Errorf("accepted %v", c)
		}
		if err != nil && (c != nil || len(token) > 40 && strings.Contains(err.Error(), token)) {
			t.Error(err)
		}
	})
}

// No key set makes a panic, and none without the key accepts its token.
func FuzzKeys(f *testing.F) {
	good := sign(rsaKey(), header(), claims(nil))
	f.Add(`{"keys":[]}`)
	f.Add(`{"keys":[{"kty":"RSA","kid":"k1","n":"AQAB","e":"AQAB"}]}`)
	f.Add(`{"keys":[{"kty":"EC","crv":"P-256","kid":"k1","x":"AA","y":"AA"},{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`)
	f.Add(`{"keys":{"a":[null,1,"x"]}}`)
	modulus := jwk(rsaKey().Public(), "k1")["n"].(string)
	f.Fuzz(func(t *testing.T, body string) {
		x := open(t, nil)
		x.serve(200, body)
		if _, err := x.verify(good, ""); err == nil && !strings.Contains(body, modulus) {
			t.Error("accepted")
		}
	})
}
