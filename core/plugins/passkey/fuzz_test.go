package passkey_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/advantch/kernia-go/core/plugins/passkey"
	"github.com/advantch/kernia-go/core/plugins/passkey/passkeytest"
	"github.com/advantch/kernia-go/core/wire"
)

const fuzzOptions = `{"challenge":"` + passkey.FuzzChallenge + `","rp":{"id":"` + passkey.FuzzRPID + `"},"user":{"id":"AAAA"}}`

// authenticators are what the seeds are made with.
func authenticators() []*passkeytest.Authenticator {
	var out []*passkeytest.Authenticator
	for _, algorithm := range []int{passkeytest.EdDSA, passkeytest.ES256, passkeytest.RS256} {
		a := passkeytest.New(passkey.FuzzOrigin)
		a.Algorithm = algorithm
		out = append(out, a)
	}
	return out
}

func value(t testing.TB, v any) wire.Value {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := wire.Parse(data, wire.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// part is a member of a response, decoded.
func part(t testing.TB, response object, name string) []byte {
	t.Helper()
	text, _ := response["response"].(object)[name].(string)
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// FuzzRegistration: PKY-11 parsing any bytes of an authenticator ends, and an accepted
// key can be used.
func FuzzRegistration(f *testing.F) {
	for _, a := range authenticators() {
		for _, forge := range []forgery{
			{},
			{Format: "packed", Statement: func(authData, hash []byte) any {
				alg := a.Algorithm
				return object{"alg": alg, "sig": a.Sign(append(bytes.Clone(authData), hash...))}
			}},
			{Format: "fido-u2f", Statement: object{"sig": []byte{1}, "x5c": [][]byte{{1}}}},
			{Format: "tpm", Statement: object{"ver": "2.0", "alg": -257, "sig": []byte{1}, "x5c": [][]byte{{1}}, "certInfo": []byte{1}, "pubArea": []byte{1}}},
			{Format: "android-key", Statement: object{"alg": -7, "sig": []byte{1}, "x5c": [][]byte{{1}}}},
			{Format: "android-safetynet", Statement: object{"ver": "1", "response": []byte("a.b.c")}},
			{Format: "apple", Statement: object{"x5c": [][]byte{{1}}}},
			{Format: "compound", Statement: []object{{"fmt": "none", "attStmt": object{}}, {"fmt": "packed", "attStmt": object{"alg": -7, "sig": []byte{1}}}}},
			{AuthData: func(d []byte) []byte { d[32] |= 0x80; return append(d, 0xa1, 0x61, 'a', 1) }},
		} {
			response := a.Create(fuzzOptions, forge)
			f.Add(a.Keys[len(a.Keys)-1].ID, part(f, response, "clientDataJSON"), part(f, response, "attestationObject"))
		}
	}
	f.Fuzz(func(t *testing.T, id, clientData, attestation []byte) {
		verified, err := passkey.CheckRegistration(value(t, object{
			"id": b64(id), "rawId": b64(id), "type": "public-key",
			"response": object{"clientDataJSON": b64(clientData), "attestationObject": b64(attestation)},
		}))
		if err != nil {
			return
		}
		if verified.ID != b64(id) || len(id) == 0 || len(id) > 1023 || len(verified.AAGUID) != 36 {
			t.Errorf("accepted %+v", verified)
		}
		if err := passkey.CheckKey(verified.PublicKey); err != nil {
			t.Errorf("accepted a key that cannot sign in: %v", err)
		}
	})
}

// FuzzAuthentication: PKY-11 an unsigned response is never accepted.
func FuzzAuthentication(f *testing.F) {
	type signed struct{ key, clientData, authData, signature []byte }
	var known []signed
	for _, a := range authenticators() {
		created := a.Create(fuzzOptions, forgery{})
		verified, err := passkey.CheckRegistration(value(f, created))
		if err != nil {
			f.Fatal(err)
		}
		for _, forge := range []forgery{{}, {AuthData: func(d []byte) []byte { d[32] |= 0x80; return append(d, 0xa1, 0x61, 'a', 1) }}} {
			response := a.Get(fuzzOptions, forge)
			s := signed{verified.PublicKey, part(f, response, "clientDataJSON"), part(f, response, "authenticatorData"), part(f, response, "signature")}
			known = append(known, s)
			f.Add(s.key, s.clientData, s.authData, s.signature, []byte("handle"))
		}
	}
	f.Fuzz(func(t *testing.T, key, clientData, authData, signature, handle []byte) {
		_, err := passkey.CheckAuthentication(value(t, object{
			"id": "AAAA", "rawId": "AAAA", "type": "public-key",
			"response": object{
				"clientDataJSON": b64(clientData), "authenticatorData": b64(authData), "signature": b64(signature), "userHandle": b64(handle),
			},
		}), key)
		if err != nil {
			return
		}
		for _, s := range known {
			if bytes.Equal(s.clientData, clientData) && bytes.Equal(s.authData, authData) {
				return
			}
		}
		t.Errorf("accepted a forged response for the key %x", key)
	})
}

// FuzzResponse: PKY-11 any JSON in place of a response.
func FuzzResponse(f *testing.F) {
	for _, a := range authenticators()[:1] {
		for _, response := range []object{a.Create(fuzzOptions, forgery{}), a.Get(fuzzOptions, forgery{})} {
			data, err := json.Marshal(response)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	for _, text := range []string{"null", "[]", "5", `"x"`, "{}", `{"response":[]}`, `{"id":{},"rawId":{},"response":{"transports":{}}}`, `{"id":"AA\n","rawId":"AA\n"}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := wire.Parse(data, wire.Limits{})
		if err != nil {
			return
		}
		if _, err := passkey.CheckRegistration(v); err == nil && v.Get("type").IsUndefined() {
			t.Error("accepted a response without a type")
		}
		_, _ = passkey.CheckAuthentication(v, []byte{0xa0})
	})
}
