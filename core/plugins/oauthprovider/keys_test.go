package oauthprovider

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

type object = map[string]any

// keyPair is a key of a client.
type keyPair struct {
	alg     jose.SignatureAlgorithm
	private any
	kid     string
}

func newKey(t testing.TB, kid string) keyPair {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{jose.ES256, k, kid}
}

func (k keyPair) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.private.(interface{ Public() crypto.PublicKey }).Public(), KeyID: k.kid}
}

func (k keyPair) thumbprint() string {
	public := k.public()
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// sign signs claims with further members of the header.
func (k keyPair) sign(t testing.TB, claims object, header object) string {
	t.Helper()
	o := &jose.SignerOptions{}
	for name, v := range header {
		o.WithHeader(jose.HeaderKey(name), v)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.alg, Key: jose.JSONWebKey{Key: k.private, KeyID: k.kid}}, o)
	if err != nil {
		t.Fatal(err)
	}
	payload, _ := json.Marshal(claims)
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := signed.CompactSerialize()
	return text
}

// unsigned is a token of parts that no library would write.
func unsigned(header, claims object, signature string) string {
	part := func(v object) string {
		text, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	return part(header) + "." + part(claims) + "." + signature
}

// record is an object of an input.
func record(t testing.TB, v any) *validate.Record {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := wire.Parse(text, wire.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	o, _ := parsed.Obj()
	return &validate.Record{Members: o}
}

func keySet(keys ...keyPair) jose.JSONWebKeySet {
	var out jose.JSONWebKeySet
	for _, k := range keys {
		out.Keys = append(out.Keys, k.public())
	}
	return out
}

// site is a server of a client on this machine, which the tests' servers may reach by https.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	paths map[string]http.HandlerFunc
	asked map[string]int
}

func newSite(t testing.TB) *site {
	s := &site{paths: map[string]http.HandlerFunc{}, asked: map[string]int{}}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		f := s.paths[r.URL.Path]
		s.asked[r.URL.Path]++
		s.mu.Unlock()
		if f == nil {
			http.NotFound(w, r)
			return
		}
		f(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) on(path string, f http.HandlerFunc) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paths[path] = f
	return s.URL + path
}

func (s *site) times(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[path]
}

// reach lets a server reach the site.
func (s *site) reach(_ *authtest.Env, o *core.Options) {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	o.GuardedHTTP.Allow, o.GuardedHTTP.RootCAs = []string{"127.0.0.1"}, pool
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertion is a good one, with changes: nil removes a claim.
func (w *world) assertion(change object) object {
	now := w.Clock.Now().Unix()
	w.t.Helper()
	out := object{"iss": w.client.ID(), "sub": w.client.ID(), "aud": issuer, "iat": now, "exp": now + 60, "jti": fmt.Sprintf("jti-%d", w.next.Add(1))}
	maps.Copy(out, change)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	return out
}

func (w *world) asserted(path, assertion string, f url.Values) *authtest.Answer {
	f.Set("client_assertion", assertion)
	f.Set("client_assertion_type", assertionType)
	return w.form(path, f, core.HeaderField{Name: "X-None", Value: "1"})
}

func keyClient(k *validate.Record) AdminClientInput {
	return AdminClientInput{Fields: Fields{
		RedirectURIs: []string{callback}, AuthMethod: new("private_key_jwt"), GrantTypes: []string{"authorization_code", "refresh_token", "client_credentials"},
		KeyFields: KeyFields{JWKS: k},
	}}
}

func TestOP09PrivateKeyJWT(t *testing.T) {
	t.Parallel()
	key, other := newKey(t, "k1"), newKey(t, "k1")
	w := worldWith(t, Options{PrivateKeyJWT: true, Scopes: []string{"openid", "read", "offline_access"}}, jwt.Options{}, keyClient(record(t, keySet(key))))
	if w.client.Secret != "" {
		t.Error("a client with a key has got a secret")
	}
	machine := func(assertion string) *authtest.Answer {
		return w.asserted("/oauth2/token", assertion, url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}})
	}
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	now := w.Clock.Now().Unix()
	hmac := func() string {
		public, _ := x509.MarshalPKIXPublicKey(key.public().Key)
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: public}, nil)
		if err != nil {
			t.Fatal(err)
		}
		payload, _ := json.Marshal(w.assertion(nil))
		signed, _ := signer.Sign(payload)
		text, _ := signed.CompactSerialize()
		return text
	}
	for name, bad := range map[string]string{
		"another key":        other.sign(t, w.assertion(nil), nil),
		"another kind":       keyPair{jose.RS256, rsaKey, "k1"}.sign(t, w.assertion(nil), nil),
		"none":               unsigned(object{"alg": "none"}, w.assertion(nil), ""),
		"HS256":              hmac(),
		"its own key":        keyPair{other.alg, other.private, "k2"}.sign(t, w.assertion(nil), object{"jwk": other.public()}),
		"another aud":        key.sign(t, w.assertion(object{"aud": "https://other.example"}), nil),
		"no aud":             key.sign(t, w.assertion(object{"aud": nil}), nil),
		"another iss":        key.sign(t, w.assertion(object{"iss": "other"}), nil),
		"no iss":             key.sign(t, w.assertion(object{"iss": nil}), nil),
		"no sub":             key.sign(t, w.assertion(object{"sub": nil}), nil),
		"no exp":             key.sign(t, w.assertion(object{"exp": nil}), nil),
		"expired":            key.sign(t, w.assertion(object{"exp": now - 1}), nil),
		"too long":           key.sign(t, w.assertion(object{"exp": now + 3600}), nil),
		"a huge exp":         key.sign(t, w.assertion(object{"exp": 1e300}), nil),
		"a text for exp":     key.sign(t, w.assertion(object{"exp": "soon"}), nil),
		"old":                key.sign(t, w.assertion(object{"iat": now - 3600}), nil),
		"of tomorrow":        key.sign(t, w.assertion(object{"iat": now + 600}), nil),
		"not yet":            key.sign(t, w.assertion(object{"nbf": now + 600}), nil),
		"no jti":             key.sign(t, w.assertion(object{"jti": nil}), nil),
		"a long jti":         key.sign(t, w.assertion(object{"jti": strings.Repeat("j", 513)}), nil),
		"no token":           "x",
		"a long one":         key.sign(t, w.assertion(object{"x": strings.Repeat("x", 20000)}), nil),
		"an unknown client":  key.sign(t, w.assertion(object{"iss": "other", "sub": "other"}), nil),
		"a key that is gone": keyPair{key.alg, key.private, "k9"}.sign(t, w.assertion(nil), nil),
	} {
		if a := machine(bad); a.Status != 401 || a.JSON("error") != "invalid_client" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	for name, aud := range map[string]any{"the issuer": issuer, "the endpoint": issuer + tokenPath, "a list": []string{"https://other.example", issuer}} {
		if a := machine(key.sign(t, w.assertion(object{"aud": aud}), nil)); a.Status != 200 {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	used := key.sign(t, w.assertion(nil), nil)
	if n := at50(func() *authtest.Answer { return machine(used) }); n != 1 {
		t.Errorf("%d uses of one assertion", n)
	}
	// One way in a request, and what was registered.
	good := func() string { return key.sign(t, w.assertion(nil), nil) }
	both := url.Values{"grant_type": {"client_credentials"}, "client_assertion": {good()}, "client_assertion_type": {assertionType}}
	want(t, w.form("/oauth2/token", both, basic(w.client.ID(), "x")), 400, "invalid_request")
	want(t, w.asserted("/oauth2/token", good(), url.Values{"grant_type": {"client_credentials"}, "client_id": {w.client.ID()}, "client_secret": {"x"}}), 400, "invalid_request")
	want(t, w.asserted("/oauth2/token", good(), url.Values{"grant_type": {"client_credentials"}, "client_id": {"other"}}), 401, "invalid_client")
	want(t, w.form("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_assertion": {good()}, "client_id": {w.client.ID()}}), 400, "invalid_request")
	want(t, w.form("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {w.client.ID()}}), 401, "invalid_client")
	want(t, w.form("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {w.client.ID()}, "client_secret": {"x"}}), 401, "invalid_client")
	// A secret that a row has kept from before does not count beside the key.
	if _, err := w.Auth.DB().UpdateMany(t.Context(), ModelClient, by("clientId", w.client.ID()), object{"clientSecret": challenge("left")}); err != nil {
		t.Fatal(err)
	}
	want(t, w.form("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, basic(w.client.ID(), "left")), 401, "invalid_client")
	other2 := w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}}})
	want(t, machine(key.sign(t, w.assertion(object{"iss": other2.ID(), "sub": other2.ID()}), nil)), 401, "invalid_client")

	// The whole flow, with introspection and revocation.
	code := w.code("scope", "openid offline_access")
	want(t, w.asserted("/oauth2/token", other.sign(t, w.assertion(nil), nil), redemption(code)), 401, "invalid_client")
	tokens := w.asserted("/oauth2/token", good(), redemption(code)).Want(t, 200, "")
	again := w.asserted("/oauth2/token", good(), url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}}).Want(t, 200, "")
	introspect := func() *authtest.Answer {
		return w.asserted("/oauth2/introspect", key.sign(t, w.assertion(object{"aud": issuer + introspectPath}), nil), url.Values{"token": {again.JSON("access_token")}})
	}
	if a := introspect(); a.JSON("active") != "true" {
		t.Errorf("introspection: %s", a.Body)
	}
	w.asserted("/oauth2/revoke", good(), url.Values{"token": {again.JSON("access_token")}}).Want(t, 200, "")
	if a := introspect(); a.JSON("active") != "false" {
		t.Errorf("after the revocation: %s", a.Body)
	}
	for _, part := range []string{`"token_endpoint_auth_methods_supported":["none","client_secret_basic","client_secret_post","private_key_jwt"]`, `"token_endpoint_auth_signing_alg_values_supported":["RS256"`} {
		if doc := w.Client().Get(oauthServer); !strings.Contains(doc.Body, part) {
			t.Errorf("the document lacks %s: %s", part, doc.Body)
		}
	}
	// What counted once is forgotten when it cannot count any more.
	w.Clock.Add(time.Hour)
	if err := w.Auth.DeleteExpired(t.Context()); err != nil || len(rows(w, ModelAssertion)) != 0 {
		t.Errorf("%d ids are kept (%v)", len(rows(w, ModelAssertion)), err)
	}
	// Without the option nothing of this is there.
	plain := newWorld(t, Options{})
	if doc := plain.Client().Get(oauthServer); strings.Contains(doc.Body, "private_key_jwt") || strings.Contains(doc.Body, "dpop") || strings.Contains(doc.Body, "backchannel") {
		t.Errorf("%s", doc.Body)
	}
	if _, err := plain.plugin.AdminCreateClient.Call(t.Context(), new(keyClient(record(t, keySet(key))))); err == nil {
		t.Error("a client registers keys that nothing reads")
	}
}

func TestOP09KeySetsAtAddresses(t *testing.T) {
	t.Parallel()
	key, next := newKey(t, "k1"), newKey(t, "k2")
	s := newSite(t)
	served := keySet(key)
	address := s.on("/jwks", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		s.mu.Lock()
		defer s.mu.Unlock()
		_ = json.NewEncoder(w).Encode(served)
	})
	in := keyClient(nil)
	in.JWKSURI = &address
	w := worldWith(t, Options{PrivateKeyJWT: true, Scopes: []string{"openid", "read"}}, jwt.Options{}, in, s.reach)
	machine := func(k keyPair) *authtest.Answer {
		return w.asserted("/oauth2/token", k.sign(t, w.assertion(nil), nil), url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}})
	}
	machine(key).Want(t, 200, "")
	machine(key).Want(t, 200, "")
	if n := s.times("/jwks"); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
	// A new key is found, and unknown ones do not make the server ask again and again.
	s.mu.Lock()
	served = keySet(key, next)
	s.mu.Unlock()
	w.Clock.Add(2 * time.Minute)
	machine(next).Want(t, 200, "")
	for range 20 {
		want(t, machine(newKey(t, "k3")), 401, "invalid_client")
	}
	if n := s.times("/jwks"); n > 3 {
		t.Errorf("the keys were fetched %d times", n)
	}
	// Redirects, large answers and failures are no keys.
	for name, f := range map[string]http.HandlerFunc{
		"redirects": func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, address, http.StatusFound) },
		"large":     func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.CopyN(rw, endless{}, 1<<20) },
		"failures":  func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusInternalServerError) },
	} {
		in := keyClient(nil)
		in.JWKSURI = new(s.on("/"+name, f))
		w.client = w.register(in)
		if a := machine(key); a.Status != 401 || a.JSON("error") != "invalid_client" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// registrations that must be refused.
func TestOP09OP11KeysOfRegistrations(t *testing.T) {
	t.Parallel()
	key := newKey(t, "k")
	w := newWorld(t, Options{PrivateKeyJWT: true, BackChannelLogout: true, DPoP: true, AllowDynamicClientRegistration: true, AllowUnauthenticatedClientRegistration: true})
	var many []keyPair
	for i := range 17 {
		many = append(many, newKey(t, fmt.Sprint("k", i)))
	}
	private, _ := json.Marshal(jose.JSONWebKey{Key: key.private, KeyID: "k"})
	small, _ := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // too short on purpose
	for name, more := range map[string]object{
		"no keys":           {},
		"both":              {"jwks": keySet(key), "jwks_uri": "https://rp.example/jwks"},
		"a private key":     {"jwks": object{"keys": []json.RawMessage{private}}},
		"a shared key":      {"jwks": object{"keys": []object{{"kty": "oct", "k": "AAAA"}}}},
		"a short key":       {"jwks": jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: small.Public()}}}},
		"many keys":         {"jwks": keySet(many...)},
		"an address":        {"jwks_uri": "https://rp.example/jwks"}, // without a user
		"an empty set":      {"jwks": object{"keys": []object{}}},
		"http":              {"jwks_uri": "http://rp.example/jwks"},
		"loopback":          {"jwks_uri": "https://127.0.0.1/jwks"},
		"localhost":         {"jwks_uri": "https://localhost/jwks"},
		"metadata":          {"jwks_uri": "https://169.254.169.254/latest"},
		"a private network": {"jwks_uri": "https://10.0.0.1/jwks"},
		"mapped":            {"jwks_uri": "https://[::ffff:127.0.0.1]/jwks"},
		"a user name":       {"jwks_uri": "https://a@rp.example/jwks"},
		"a fragment":        {"jwks_uri": "https://rp.example/jwks#x"},
		"a file":            {"jwks_uri": "file:///etc/passwd"},
		"a private logout":  {"jwks": keySet(key), "backchannel_logout_uri": "https://192.168.0.1/out"},
		"a plain logout":    {"jwks": keySet(key), "backchannel_logout_uri": "http://rp.example/out"},
	} {
		body := object{"redirect_uris": []string{callback}, "token_endpoint_auth_method": "private_key_jwt"}
		maps.Copy(body, more)
		if a := w.Client().Post("/oauth2/register", body); a.Status != 400 || a.JSON("error") != "invalid_client_metadata" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	w.Client().Post("/oauth2/register", object{"redirect_uris": []string{callback}, "token_endpoint_auth_method": "private_key_jwt", "jwks": keySet(key)}).Want(t, 201, "")
	a := w.browser.Post("/oauth2/register", object{
		"redirect_uris": []string{callback}, "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://rp.example/jwks",
		"backchannel_logout_uri": "https://rp.example/out", "backchannel_logout_session_required": true, "dpop_bound_access_tokens": true,
	}).Want(t, 201, "")
	if a.JSON("client_secret") != "" || a.JSON("token_endpoint_auth_method") != "private_key_jwt" || a.JSON("jwks_uri") != "https://rp.example/jwks" ||
		a.JSON("backchannel_logout_uri") != "https://rp.example/out" || a.JSON("dpop_bound_access_tokens") != "true" {
		t.Errorf("%s", a.Body)
	}
	// The owner replaces keys, and cannot have both kinds.
	made := w.browser.Post("/oauth2/create-client", object{"redirect_uris": []string{callback}, "token_endpoint_auth_method": "private_key_jwt", "jwks": keySet(key)}).Want(t, 201, "")
	update := func(fields object) *authtest.Answer {
		return w.browser.Post("/oauth2/update-client", object{"client_id": made.JSON("client_id"), "update": fields})
	}
	if a := update(object{"jwks_uri": "https://rp.example/jwks"}).Want(t, 200, ""); strings.Contains(a.Body, `"jwks":`) {
		t.Errorf("%s", a.Body)
	}
	want(t, update(object{"jwks": keySet(key), "jwks_uri": "https://rp.example/jwks"}), 400, "invalid_client_metadata")
	want(t, update(object{"jwks_uri": "https://127.0.0.1/"}), 400, "invalid_client_metadata")
	want(t, w.browser.Post("/oauth2/client/rotate-secret", object{"client_id": made.JSON("client_id")}), 400, "invalid_client")
}

// OP-28: a client's id that is a URL is an unknown id here. Nothing is fetched, nobody is
// redirected.
func TestOP28ClientIDsAreNoAddresses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	address := s.on("/client", func(rw http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(rw).Encode(object{"client_id": "https://" + r.Host + "/client", "redirect_uris": []string{callback}, "client_secret": "x"})
	})
	w := worldWith(t, Options{PrivateKeyJWT: true}, jwt.Options{}, AdminClientInput{}, s.reach)
	for _, id := range []string{address, "https://127.0.0.1/x", "http://169.254.169.254/latest/meta-data"} {
		if at, q := place(w.ask(w.browser, w.query("client_id", id))); at != issuer+"/error" || q.Get("error") != "invalid_client" {
			t.Errorf("%s leads to %s %v", id, at, q)
		}
		want(t, w.form("/oauth2/token", redemption("x", "client_id", id)), 401, "invalid_client")
		k := newKey(t, "k")
		want(t, w.asserted("/oauth2/token", k.sign(t, w.assertion(object{"iss": id, "sub": id}), nil), redemption("x")), 401, "invalid_client")
	}
	if n := s.times("/client"); n != 0 {
		t.Errorf("the address was asked %d times", n)
	}
	if doc := w.Client().Get(oauthServer); strings.Contains(doc.Body, "client_id_metadata_document_supported") {
		t.Error("the document promises documents of clients")
	}
}
