package oauthserver

import (
	"crypto/ed25519"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core/internal/jwk"
)

// No text that the client has not signed is an assertion, and none makes a panic.
func FuzzAssertion(f *testing.F) {
	seed := make([]byte, ed25519.SeedSize)
	private := ed25519.NewKeyFromSeed(seed)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: private}, nil)
	if err != nil {
		f.Fatal(err)
	}
	signed, err := signer.Sign([]byte(`{"iss":"c","sub":"c","aud":["a"],"exp":1,"jti":"j"}`))
	if err != nil {
		f.Fatal(err)
	}
	good, err := signed.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	payload := strings.Split(good, ".")[1]
	f.Add(good)
	f.Add("eyJhbGciOiJub25lIn0." + payload + ".")
	f.Add("..")
	f.Add("e30.e30.e30")
	f.Fuzz(func(t *testing.T, text string) {
		sub := subjectOf(text)
		got, err := verified(text, signatures(AssertionAlgorithms), func(jose.Header) (any, error) { return private.Public(), nil })
		if err != nil {
			t.Fatal(err)
		}
		if got == nil {
			return
		}
		// Base64 has more than one text for the same bytes, in its last letter.
		if !strings.Contains(text, payload) {
			t.Errorf("%q counts", text)
		}
		if got.text("sub") != sub || got.expires().Unix() != 1 || got.text("jti") != "j" || !slices.Equal(got.audience(), []string{"a"}) {
			t.Errorf("%q is read as %s", text, got.claims.AppendJSON(nil))
		}
	})
}

// A proof brings its own public key, and nothing else than a token of that key is one.
func FuzzProof(f *testing.F) {
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: private}, (&jose.SignerOptions{EmbedJWK: true}).WithType(typeProof))
	if err != nil {
		f.Fatal(err)
	}
	signed, err := signer.Sign([]byte(`{"htm":"GET","htu":"https://a/b","iat":1,"jti":"j"}`))
	if err != nil {
		f.Fatal(err)
	}
	good, err := signed.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	payload := strings.Split(good, ".")[1]
	if key, t := parseProof(good, ProofAlgorithms); key == nil || t == nil {
		f.Fatal("a good proof is refused")
	}
	f.Add(good)
	f.Add("eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6Im5vbmUifQ.e30.")
	f.Add("eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkhTMjU2IiwiandrIjp7Imt0eSI6Im9jdCIsImsiOiJBQUFBIn19.e30.AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		key, token := parseProof(text, ProofAlgorithms)
		if token == nil {
			return
		}
		// Whoever has another key than the one above has made it in the test's stead.
		if own, ok := key.(ed25519.PublicKey); !strings.EqualFold(token.typ, typeProof) || ok && own.Equal(private.Public()) && !strings.Contains(text, payload) {
			t.Errorf("%q is a proof of the type %q", text, token.typ)
		}
	})
}

// Keys that may be registered are public, and verify signatures.
func FuzzKeySet(f *testing.F) {
	for _, seed := range []string{
		`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`, `{"keys":[{"kty":"oct","k":"AAAA"}]}`, `{"keys":[]}`, `[]`, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"A"}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if CheckKeySet(json.RawMessage(text)) != nil {
			return
		}
		keys, err := jwk.ParseSet([]byte(text))
		if err != nil || len(keys) == 0 {
			t.Fatalf("%q has no keys", text)
		}
		for _, k := range keys {
			if !slices.ContainsFunc(AssertionAlgorithms, k.Fits) {
				t.Errorf("%q has a key that fits no algorithm", text)
			}
		}
	})
}

// An address is compared in one form, which has neither query nor fragment.
func FuzzProofAddress(f *testing.F) {
	for _, seed := range []string{"https://OP.example:443/a?b#c", "http://a:80", "https://a@b/", "//x", "https://a/%2e%2e/b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := withoutQuery(text)
		if twice := withoutQuery(once); once != "" && twice != once || strings.ContainsAny(once, "?#") {
			t.Errorf("%q is compared as %q and then %q", text, once, twice)
		}
	})
}

// A list of scopes has each once, and no empty ones.
func FuzzScope(f *testing.F) {
	f.Add("openid  openid profile ", "openid")
	f.Fuzz(func(t *testing.T, text, allowed string) {
		all, set := split(text), split(allowed)
		seen := map[string]bool{}
		for _, one := range all {
			if one == "" || seen[one] || strings.Contains(one, " ") {
				t.Errorf("%q has %q", text, one)
			}
			seen[one] = true
		}
		for _, one := range beyond(all, set) {
			if slices.Contains(set, one) {
				t.Errorf("%q is beyond %q", one, allowed)
			}
		}
	})
}
