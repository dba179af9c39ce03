package sso_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

func ecdsaKey(t testing.TB, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func pemOf(t testing.TB, kind string, der []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pemOf(t, "PRIVATE KEY", der, err)
}

func parsed(t testing.TB, text string) *sso.ClientKey {
	t.Helper()
	k, err := sso.ParseClientKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// keyed are settings in which every provider has one key.
func keyed(key *sso.ClientKey) settings {
	return settings{sso: sso.Options{PrivateKey: func(context.Context, *sso.Provider, string) (*sso.ClientKey, error) { return key, nil }}}
}

var byKey = body{"clientId": "client", "tokenEndpointAuthentication": "private_key_jwt"}

func oidcOf(more ...body) body {
	out := body{}
	for _, m := range more {
		for k, v := range m {
			out[k] = v
		}
	}
	return body{"oidcConfig": out}
}

// exchanged signs a user in and returns the request to the token endpoint.
func (w *world) exchanged(t testing.TB, id string) url.Values {
	t.Helper()
	c := w.Client()
	a := c.Get(w.arrive(t, c, id, ada))
	if at, q := a.Location(); q.Get("error") != "" {
		t.Fatalf("sent to %q: %s", at, w.Log)
	}
	alive(t, c, true)
	asked := w.idp.Asked()
	return asked[len(asked)-1]
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

type claims struct {
	Issuer, Subject, Audience, ID string
	IssuedAt, Expires             int64
}

// verified checks the assertion of a request with the public key.
func verified(t testing.TB, form url.Values, algorithm, kid string, public crypto.PublicKey) claims {
	t.Helper()
	if form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || form.Has("client_secret") || form.Get("client_id") != "client" {
		t.Fatalf("asked with %v", form)
	}
	signed, err := jose.ParseSignedCompact(form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
	if err != nil {
		t.Fatal(err)
	}
	if h := signed.Signatures[0].Header; h.KeyID != kid || h.ExtraHeaders[jose.HeaderType] != "JWT" {
		t.Fatalf("the header is %+v, want the kid %q", h, kid)
	}
	payload, err := signed.Verify(public)
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Iss, Sub, Aud, Jti string
		Iat, Exp           int64
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		t.Fatal(err)
	}
	return claims{c.Iss, c.Sub, c.Aud, c.Jti, c.Iat, c.Exp}
}

func TestClientKey(t *testing.T) {
	t.Parallel()
	big, p256, p384, p521, ed := rsaKey(t, 2048), ecdsaKey(t, elliptic.P256()), ecdsaKey(t, elliptic.P384()), ecdsaKey(t, elliptic.P521()), ed25519.NewKeyFromSeed(make([]byte, 32))
	sec1, errSEC1 := x509.MarshalECPrivateKey(p384)
	jwk, err := json.Marshal(jose.JSONWebKey{Key: p256, KeyID: "of-the-jwk", Algorithm: "ES256"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name           string
		key            *sso.ClientKey
		public         crypto.PublicKey
		config         body
		algorithm, kid string
		audience       string // below the issuer
	}{
		{name: "for the issuer", key: &sso.ClientKey{Signer: p256, IssuerAudience: true}, public: p256.Public(), algorithm: "ES256", audience: "/"},
		{name: "RSA", key: parsed(t, pkcs8(t, big)), public: big.Public(), algorithm: "RS256"},
		{name: "RSA of PKCS #1, with another algorithm", key: parsed(t, pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(big), nil)), public: big.Public(),
			config: body{"privateKeyAlgorithm": "RS512"}, algorithm: "RS512"},
		{name: "RSA-PSS", key: &sso.ClientKey{Signer: big, Algorithm: "PS256", KeyID: "k"}, public: big.Public(), algorithm: "PS256", kid: "k"},
		{name: "P-256, a JWK", key: parsed(t, string(jwk)), public: p256.Public(), algorithm: "ES256", kid: "of-the-jwk"},
		{name: "the provider's kid", key: parsed(t, string(jwk)), public: p256.Public(), config: body{"privateKeyId": "of-the-provider"}, algorithm: "ES256", kid: "of-the-provider"},
		{name: "P-384 of SEC 1", key: parsed(t, pemOf(t, "EC PRIVATE KEY", sec1, errSEC1)), public: p384.Public(), algorithm: "ES384"},
		{name: "P-521", key: &sso.ClientKey{Signer: p521}, public: p521.Public(), algorithm: "ES512"},
		{name: "Ed25519", key: parsed(t, pkcs8(t, ed)), public: ed.Public(), algorithm: "EdDSA"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, keyed(test.key))
			w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme", oidcOf(byKey, test.config)))
			first := verified(t, w.exchanged(t, "acme"), test.algorithm, test.kid, test.public)
			now := w.Clock.Now().Unix()
			audience := w.idp.URL + strings.TrimSuffix(or(test.audience, "/token"), "/")
			if want := (claims{"client", "client", audience, first.ID, now, now + 120}); first != want || len(first.ID) < 22 {
				t.Fatalf("it says %+v, want %+v", first, want)
			}
			if again := verified(t, w.exchanged(t, "acme"), test.algorithm, test.kid, test.public); again.ID == first.ID {
				t.Fatal("two assertions have the same jti")
			}
		})
	}
}

// The salt of PS256 is as long as the hash: strict verifiers take no other.
func TestClientKeySalt(t *testing.T) {
	t.Parallel()
	key := rsaKey(t, 2048)
	w := open(t, keyed(&sso.ClientKey{Signer: key, Algorithm: "PS256"}))
	w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme", oidcOf(byKey)))
	text := w.exchanged(t, "acme").Get("client_assertion")
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.PS256})
	if err != nil {
		t.Fatal(err)
	}
	h := crypto.SHA256.New()
	h.Write([]byte(text[:strings.LastIndexByte(text, '.')]))
	if err := rsa.VerifyPSS(&key.PublicKey, crypto.SHA256, h.Sum(nil), signed.Signatures[0].Signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}); err != nil {
		t.Fatal(err)
	}
}

// The application is asked with the provider and the id of the key, and its key is stored nowhere.
func TestClientKeyAsked(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t, elliptic.P256())
	var asked *sso.Provider
	var askedID string
	w := open(t, settings{sso: sso.Options{PrivateKey: func(_ context.Context, pr *sso.Provider, id string) (*sso.ClientKey, error) {
		asked, askedID = pr, id
		return &sso.ClientKey{Signer: key, KeyID: "own"}, nil
	}}})
	admin := w.signUp(t, "admin@acme.test")
	a := w.register(t, admin, w.newOIDC("acme", oidcOf(byKey, body{"privateKeyId": "vault-1", "privateKey": pkcs8(t, key)})))
	if a.JSON("oidcConfig", "privateKeyId") != "vault-1" || strings.Contains(a.Body, "clientSecret") || strings.Contains(a.Body, "PRIVATE KEY") {
		t.Fatalf("registered %s", a.Body)
	}
	if asked != nil {
		t.Fatal("the key was asked for before there was a code to exchange")
	}
	verified(t, w.exchanged(t, "acme"), "ES256", "vault-1", key.Public())
	if asked.ProviderID != "acme" || asked.Issuer != w.idp.URL || asked.UserID != w.userID(t, "admin@acme.test") || askedID != "vault-1" {
		t.Fatalf("asked for %q of %+v", askedID, asked)
	}
	row, err := w.Auth.DB().FindOne(t.Context(), adapter.Find{Model: sso.ModelProvider, Where: adapter.By("providerId", "acme")})
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := row["oidcConfig"].(string); strings.Contains(text, "PRIVATE KEY") || !strings.Contains(text, `"privateKeyId":"vault-1"`) {
		t.Fatalf("stored %s", text)
	}
	if a := admin.Get("/sso/get-provider?providerId=acme").Want(t, 200, ""); a.JSON("oidcConfig", "tokenEndpointAuthentication") != "private_key_jwt" {
		t.Fatalf("shown %s", a.Body)
	}
}

func TestClientKeyRefusals(t *testing.T) {
	t.Parallel()
	good := &sso.ClientKey{Signer: ecdsaKey(t, elliptic.P256())}
	t.Run("registrations", func(t *testing.T) {
		t.Parallel()
		with, without := open(t, keyed(good)), open(t, settings{})
		for _, test := range []struct {
			name    string
			w       *world
			config  body
			code    string
			message string
		}{
			{"nobody has keys", without, byKey, "PRIVATE_KEY_REQUIRED", ""},
			{"no secret and no key", with, body{"clientId": "client"}, "VALIDATION_ERROR", "[body.oidcConfig.clientSecret] Invalid input: expected string, received undefined"},
			{"no secret, and one is used", with, body{"clientId": "client", "tokenEndpointAuthentication": "client_secret_post"}, "VALIDATION_ERROR",
				"[body.oidcConfig.clientSecret] Invalid input: expected string, received undefined"},
			{"another way", with, body{"clientId": "client", "clientSecret": "s", "tokenEndpointAuthentication": "tls_client_auth"}, "VALIDATION_ERROR",
				`[body.oidcConfig.tokenEndpointAuthentication] Invalid option: expected one of "client_secret_post"|"client_secret_basic"`},
			{"a symmetric algorithm", with, body{"clientId": "client", "tokenEndpointAuthentication": "private_key_jwt", "privateKeyAlgorithm": "HS256"}, "INVALID_KEY_ALGORITHM", ""},
			{"none", with, body{"clientId": "client", "tokenEndpointAuthentication": "private_key_jwt", "privateKeyAlgorithm": "none"}, "INVALID_KEY_ALGORITHM", ""},
		} {
			t.Run(test.name, func(t *testing.T) {
				c := test.w.signUp(t, strings.NewReplacer(" ", "-", ",", "").Replace(test.name)+"@acme.test")
				a := c.Post("/sso/register", test.w.newOIDC("acme", oidcOf(test.config))).Want(t, 400, test.code)
				if test.message != "" && a.JSON("message") != test.message {
					t.Fatalf("said %q", a.JSON("message"))
				}
			})
		}
	})
	t.Run("changes", func(t *testing.T) {
		t.Parallel()
		w := open(t, keyed(good))
		admin := w.signUp(t, "admin@acme.test")
		w.register(t, admin, w.newOIDC("acme", oidcOf(byKey)))
		change := func(more body) body { return body{"providerId": "acme", "oidcConfig": more} }
		admin.Post("/sso/update-provider", change(body{"tokenEndpointAuthentication": "client_secret_basic"})).Want(t, 400, "CLIENT_SECRET_REQUIRED")
		admin.Post("/sso/update-provider", change(body{"privateKeyAlgorithm": "HS512"})).Want(t, 400, "INVALID_KEY_ALGORITHM")
		admin.Post("/sso/update-provider", change(body{"tokenEndpointAuthentication": "client_secret_post", "clientSecret": "s"})).Want(t, 200, "")
		if form := w.exchanged(t, "acme"); form.Get("client_secret") != "s" || form.Has("client_assertion") {
			t.Fatalf("asked with %v", form)
		}
		admin.Post("/sso/update-provider", change(body{"tokenEndpointAuthentication": "private_key_jwt", "privateKeyId": "k2"})).Want(t, 200, "")
		verified(t, w.exchanged(t, "acme"), "ES256", "k2", good.Signer.Public())
	})
	for _, test := range []struct {
		name   string
		key    *sso.ClientKey
		err    error
		config body
	}{
		{name: "there is no key"},
		{name: "the vault fails", err: errors.New("the vault is closed")},
		{name: "the key has no signer", key: &sso.ClientKey{}},
		{name: "the key is short", key: &sso.ClientKey{Signer: rsaKey(t, 1024)}},
		{name: "the key is for another algorithm", key: good, config: body{"privateKeyAlgorithm": "RS256"}},
		{name: "the curve is another's", key: &sso.ClientKey{Signer: ecdsaKey(t, elliptic.P224())}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, settings{sso: sso.Options{PrivateKey: func(context.Context, *sso.Provider, string) (*sso.ClientKey, error) { return test.key, test.err }}})
			w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme", oidcOf(byKey, test.config)))
			c := w.Client()
			q := wantRedirect(t, c.Get(w.arrive(t, c, "acme", ada)), "/sorry", "invalid_provider")
			if q.Get("error_description") != "no_private_key_available" {
				t.Fatalf("said %v", q)
			}
			alive(t, c, false)
			if n := len(w.idp.Asked()); n != 0 {
				t.Fatalf("the token endpoint was asked %d times", n)
			}
		})
	}
}

// What the provider says about an assertion reaches no log and no browser.
func TestClientKeyEcho(t *testing.T) {
	t.Parallel()
	w := open(t, keyed(&sso.ClientKey{Signer: ecdsaKey(t, elliptic.P256())}))
	w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme", oidcOf(byKey)))
	assertion := ""
	w.idp.Token(func(rw http.ResponseWriter, r *http.Request) {
		assertion = r.PostForm.Get("client_assertion")
		idptest.Write(rw, 401, body{"error": "invalid_client", "error_description": "cannot verify " + assertion})
	})
	c := w.Client()
	a := c.Get(w.arrive(t, c, "acme", ada))
	wantRedirect(t, a, "/sorry", "invalid_provider")
	if at, _ := a.Location(); assertion == "" || strings.Contains(w.Log.String(), assertion) || strings.Contains(at, assertion) {
		t.Fatalf("sent to %s, logged %s", at, w.Log)
	}
}

// Discovery chooses the key when the provider takes nothing else, and there may be one.
func TestClientKeyDiscovered(t *testing.T) {
	t.Parallel()
	key := &sso.ClientKey{Signer: ecdsaKey(t, elliptic.P256())}
	for _, test := range []struct {
		name    string
		s       settings
		methods []string
		want    string
	}{
		{"nothing else", keyed(key), []string{"tls_client_auth", "private_key_jwt"}, "private_key_jwt"},
		{"nobody has keys", settings{}, []string{"private_key_jwt"}, "client_secret_basic"},
		{"a secret too", keyed(key), []string{"private_key_jwt", "client_secret_post"}, "client_secret_post"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, test.s)
			w.oidc.Document["token_endpoint_auth_methods_supported"] = test.methods
			if a := w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme")); a.JSON("oidcConfig", "tokenEndpointAuthentication") != test.want {
				t.Fatalf("registered %s", a.Body)
			}
		})
	}
}

func TestClientKeyOfTheApplication(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t, elliptic.P256())
	const idp = "https://acme.example"
	config := func() *sso.OIDCConfig {
		return &sso.OIDCConfig{Issuer: idp, ClientID: "client", AuthorizationEndpoint: idp + "/authorize", TokenEndpoint: idp + "/token", UserInfoEndpoint: idp + "/userinfo",
			JWKSEndpoint: idp + "/keys", TokenEndpointAuthentication: "private_key_jwt", PrivateKeyID: "k1"}
	}
	w := open(t, settings{sso: sso.Options{Defaults: []sso.DefaultProvider{{ProviderID: "own", Domain: "own.test", OIDC: config(), PrivateKey: &sso.ClientKey{Signer: key}}}}})
	verified(t, w.exchanged(t, "own"), "ES256", "k1", key.Public())

	for _, test := range []struct {
		name, want string
		change     func(*sso.DefaultProvider)
	}{
		{"no key", "set PrivateKey, or Options.PrivateKey", func(d *sso.DefaultProvider) { d.PrivateKey = nil }},
		{"a key that does not fit", "cannot sign with", func(d *sso.DefaultProvider) { d.OIDC.PrivateKeyAlgorithm = "RS256" }},
		{"a key for nothing", "which uses it", func(d *sso.DefaultProvider) { d.OIDC.TokenEndpointAuthentication, d.OIDC.ClientSecret = "", "s" }},
		{"a key of SAML", "one of OpenID Connect", func(d *sso.DefaultProvider) { d.OIDC, d.SAML = nil, &sso.SAMLConfig{} }},
		{"another way", "TokenEndpointAuthentication", func(d *sso.DefaultProvider) { d.OIDC.TokenEndpointAuthentication = "tls_client_auth" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := sso.DefaultProvider{ProviderID: "own", OIDC: config(), PrivateKey: &sso.ClientKey{Signer: key}}
			test.change(&d)
			o := sso.Options{Defaults: []sso.DefaultProvider{d}}
			if d.SAML != nil {
				o.SAML = fake{}
			}
			_, err := core.New(core.Options{BaseURL: "https://app.test", Secret: strings.Repeat("s3cr3t-", 6), Database: memory.New(), Plugins: []core.Plugin{social.New(), sso.New(o)}})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("core.New says %v, want %q", err, test.want)
			}
		})
	}
}

func TestParseClientKey(t *testing.T) {
	t.Parallel()
	public, err := json.Marshal(jose.JSONWebKey{Key: ecdsaKey(t, elliptic.P256()).Public()})
	if err != nil {
		t.Fatal(err)
	}
	other, err := json.Marshal(jose.JSONWebKey{Key: ecdsaKey(t, elliptic.P256()), Algorithm: "HS256"})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ text, want string }{
		"nothing":                {"", "neither PEM nor a JWK"},
		"a sentence":             {"the key is in the safe", "neither PEM nor a JWK"},
		"a certificate":          {pemOf(t, "CERTIFICATE", []byte("x"), nil), "no private key in clear"},
		"a public JWK":           {string(public), "no private key"},
		"no JWK":                 {`{"kty":"EC"`, "no JWK"},
		"a secret":               {`{"kty":"oct","k":"c2VjcmV0"}`, "no private key"},
		"of another algorithm":   {string(other), "HS256"},
		"an RSA key of 1024 bit": {pkcs8(t, rsaKey(t, 1024)), "1024 bits"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := sso.ParseClientKey(test.text); err == nil || !strings.Contains(err.Error(), test.want) || test.text != "" && strings.Contains(err.Error(), test.text) {
				t.Fatalf("said %v, want %q", err, test.want)
			}
		})
	}
}

// No text makes the parser fail otherwise than by an error, and what it takes can sign.
func FuzzParseClientKey(f *testing.F) {
	f.Add(pkcs8(f, ecdsaKey(f, elliptic.P256())))
	f.Add(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}`)
	f.Add("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := sso.ParseClientKey(text)
		if err == nil && k.Signer == nil {
			t.Fatal("a key without a signer")
		}
	})
}
