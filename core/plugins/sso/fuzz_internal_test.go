package sso

import (
	"slices"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/wire"
)

// Another server may have stored any configuration: reading one never fails otherwise than by an error,
// and no secret of it is in an answer.
func FuzzConfig(f *testing.F) {
	f.Add(`{"issuer":"https://idp.example","clientId":"client","clientSecret":"secret-1","pkce":true,"scopes":["openid",7],"mapping":{"id":"sub","extraFields":{"team":"team","n":1}}}`)
	f.Add(`{"cert":["a","b"],"privateKey":"secret-2","spMetadata":{"privateKey":"secret-3","encPrivateKeyPass":"secret-4","cert":"c"},"idpMetadata":{"encPrivateKey":"secret-5","singleSignOnService":[{"Binding":"b","Location":"l"},null]}}`)
	f.Add(`{"mapping":[],"idpMetadata":"x","spMetadata":null,"scopes":{"a":1},"clientSecret":"****"}`)
	f.Add(`{"cert":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN"}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := wire.Parse([]byte(text), wire.Limits{})
		if err != nil {
			return
		}
		o, ok := v.Obj()
		if !ok {
			return
		}
		before := string(o.AppendJSON(nil))
		oidc, saml := readOIDC(v), readSAML(v)
		oidc.Mapping.identity("sub", "email", "email_verified")
		for _, c := range slices.Concat(certificates(saml.Certificate), certificates(saml.IDP.Certificate)) {
			certificateView(c)
		}
		shown, err := masked(o)
		if err != nil {
			t.Fatal(err)
		}
		if string(o.AppendJSON(nil)) != before {
			t.Fatal("masking an answer changes what is stored")
		}
		err = eachSecret(shown.Members, func(s string) (string, error) {
			if s != mask {
				t.Fatalf("%q is in the answer", s)
			}
			return s, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []string{"clientSecret", "privateKey", "decryptionPvk"} {
			if s := textOf(wire.ObjectOf(shown.Members), m); s != "" && s != mask {
				t.Fatalf("%s is %q in the answer", m, s)
			}
		}
	})
}

// A list of domains that is taken finds its own domains and what is below them, and nothing above.
func FuzzDomains(f *testing.F) {
	f.Add("acme.test", "ada@eng.acme.test")
	f.Add("Acme.Test , other.test", "ada@acme.test")
	f.Add("com", "a@b.com")
	f.Add("a.test,a.test", "a@@a.test")
	f.Fuzz(func(t *testing.T, list, email string) {
		d := domainOf(email)
		if at := nearest(d, list); at != "" && d != at && !strings.HasSuffix(d, "."+at) {
			t.Fatalf("%q finds %q for %q", list, at, email)
		}
		taken, err := readDomains(list)
		if err != nil {
			return
		}
		if again, err := readDomains(taken); err != nil || again != taken {
			t.Fatalf("%q is read as %q: %v", taken, again, err)
		}
		for _, one := range domains(taken) {
			if !isDomain(one) || nearest(one, taken) != one || nearest("below."+one, taken) == "" {
				t.Fatalf("%q does not find its own %q", taken, one)
			}
			if _, above, _ := strings.Cut(one, "."); nearest(above, one) != "" {
				t.Fatalf("%q finds the domain above it", one)
			}
		}
	})
}
