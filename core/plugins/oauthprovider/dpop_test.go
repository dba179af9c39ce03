package oauthprovider

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/jwt"
)

// proof is a good proof of a key, with changes: nil removes a claim.
func (w *world) proof(k keyPair, method, path, access string, change object) string {
	w.t.Helper()
	return k.sign(w.t, w.proofClaims(method, path, access, change), object{"typ": "dpop+jwt", "jwk": k.public()})
}

func (w *world) proofClaims(method, path, access string, change object) object {
	claims := object{"htm": method, "htu": issuer + path, "iat": w.Clock.Now().Unix(), "jti": fmt.Sprintf("proof-%d", w.next.Add(1))}
	if access != "" {
		sum := sha256.Sum256([]byte(access))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

func dpop(text string) core.HeaderField { return core.HeaderField{Name: "DPoP", Value: text} }

// bound asks the token endpoint with a proof.
func (w *world) bound(f url.Values, proofs ...string) *authtest.Answer {
	header := []core.HeaderField{basic(w.client.ID(), w.client.Secret)}
	for _, one := range proofs {
		header = append(header, dpop(one))
	}
	return w.form("/oauth2/token", f, header...)
}

func TestOP27DPoP(t *testing.T) {
	t.Parallel()
	key, other := newKey(t, ""), newKey(t, "")
	w := newWorld(t, Options{DPoP: true, ValidAudiences: []string{"https://api.example.com"}})
	token := func(k keyPair, change object) string { return w.proof(k, "POST", tokenPath, "", change) }
	info := func(scheme, access string, proofs ...string) *authtest.Answer {
		header := []core.HeaderField{{Name: "Authorization", Value: scheme + " " + access}}
		for _, one := range proofs {
			header = append(header, dpop(one))
		}
		return w.Client().Get(userInfoPath, header...)
	}

	for name, resource := range map[string]string{"opaque": "", "a JSON Web Token": "https://api.example.com"} {
		tokens := w.bound(redemption(w.code("resource", resource)), token(key, nil)).Want(t, 200, "")
		access := tokens.JSON("access_token")
		if tokens.JSON("token_type") != "DPoP" {
			t.Errorf("%s: %s", name, tokens.Body)
		}
		seen := w.form("/oauth2/introspect", url.Values{"token": {access}}).Want(t, 200, "")
		if seen.JSON("cnf", "jkt") != key.thumbprint() || seen.JSON("token_type") != "DPoP" {
			t.Errorf("%s: introspection %s", name, seen.Body)
		}
		good := func(change object) string { return w.proof(key, "GET", userInfoPath, access, change) }
		info("DPoP", access, good(nil)).Want(t, 200, "")
		info("dpop", access, good(object{"htu": issuer + userInfoPath + "?a=b#c"})).Want(t, 200, "")
		used := good(nil)
		info("DPoP", access, used).Want(t, 200, "")
		now := w.Clock.Now().Unix()
		rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
		with := func(header object) string {
			return key.sign(t, w.proofClaims("GET", userInfoPath, access, nil), header)
		}
		for why, a := range map[string]*authtest.Answer{
			"replayed":        info("DPoP", access, used),
			"as Bearer":       info("Bearer", access),
			"Bearer, proven":  info("Bearer", access, good(nil)),
			"no proof":        info("DPoP", access),
			"two proofs":      info("DPoP", access, good(nil), good(nil)),
			"no token":        info("DPoP", access, "x"),
			"another key":     info("DPoP", access, w.proof(other, "GET", userInfoPath, access, nil)),
			"another method":  info("DPoP", access, good(object{"htm": "POST"})),
			"another address": info("DPoP", access, good(object{"htu": issuer + tokenPath})),
			"another host":    info("DPoP", access, good(object{"htu": "https://evil.example/api/auth" + userInfoPath})),
			"another token":   info("DPoP", access, w.proof(key, "GET", userInfoPath, "other", nil)),
			"no ath":          info("DPoP", access, good(object{"ath": nil})),
			"no htm":          info("DPoP", access, good(object{"htm": nil})),
			"no htu":          info("DPoP", access, good(object{"htu": nil})),
			"no iat":          info("DPoP", access, good(object{"iat": nil})),
			"no jti":          info("DPoP", access, good(object{"jti": nil})),
			"a long jti":      info("DPoP", access, good(object{"jti": strings.Repeat("j", 600)})),
			"an hour old":     info("DPoP", access, good(object{"iat": now - 3600})),
			"an hour ahead":   info("DPoP", access, good(object{"iat": now + 3600})),
			"expired":         info("DPoP", access, good(object{"exp": now - 60})),
			"not yet":         info("DPoP", access, good(object{"nbf": now + 60})),
			"no typ":          info("DPoP", access, with(object{"jwk": key.public()})),
			"another typ":     info("DPoP", access, with(object{"typ": "JWT", "jwk": key.public()})),
			"no jwk":          info("DPoP", access, with(object{"typ": "dpop+jwt"})),
			"a private jwk":   info("DPoP", access, with(object{"typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: key.private}})),
			"none":            info("DPoP", access, unsigned(object{"alg": "none", "typ": "dpop+jwt", "jwk": key.public()}, w.proofClaims("GET", userInfoPath, access, nil), "")),
			"a forged one":    info("DPoP", access, strings.TrimRight(good(nil), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")+strings.Repeat("A", 86)),
			"another alg":     info("DPoP", access, unsigned(object{"alg": "RS256", "typ": "dpop+jwt", "jwk": key.public()}, w.proofClaims("GET", userInfoPath, access, nil), strings.Repeat("A", 86))),
			"an RSA key":      info("DPoP", access, w.proof(keyPair{jose.RS256, rsaKey, ""}, "GET", userInfoPath, access, nil)),
		} {
			code := a.JSON("error")
			if a.Status != 401 || code != "invalid_dpop_proof" && code != "invalid_token" || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "DPoP ") {
				t.Errorf("%s, %s: %d %s %s", name, why, a.Status, a.Body, a.Header.Get("WWW-Authenticate"))
			}
		}
		// The clock of a client may be a little off.
		info("DPoP", access, good(object{"iat": now + 10})).Want(t, 200, "")
		info("DPoP", access, good(object{"iat": now - 10})).Want(t, 200, "")

		// The refresh token is bound, too, and a wrong proof does not cost it.
		refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}}
		want(t, w.bound(refresh), 400, "invalid_dpop_proof")
		want(t, w.bound(refresh, token(other, nil)), 400, "invalid_dpop_proof")
		again := w.bound(refresh, token(key, nil)).Want(t, 200, "")
		info("DPoP", again.JSON("access_token"), w.proof(key, "GET", userInfoPath, again.JSON("access_token"), nil)).Want(t, 200, "")
	}

	// A token that is not bound is a bearer token, and no other.
	plain := w.bound(redemption(w.code())).Want(t, 200, "")
	if plain.JSON("token_type") != "Bearer" {
		t.Errorf("%s", plain.Body)
	}
	info("Bearer", plain.JSON("access_token")).Want(t, 200, "")
	want(t, info("DPoP", plain.JSON("access_token"), w.proof(key, "GET", userInfoPath, plain.JSON("access_token"), nil)), 401, "invalid_token")

	// dpop_jkt binds the code.
	code := func() string { return w.code("dpop_jkt", key.thumbprint()) }
	want(t, w.bound(redemption(code())), 400, "invalid_dpop_proof")
	want(t, w.bound(redemption(code()), token(other, nil)), 400, "invalid_dpop_proof")
	w.bound(redemption(code()), token(key, nil)).Want(t, 200, "")
	if _, q := place(w.ask(w.browser, w.query("dpop_jkt", "x"))); q.Get("error") != "invalid_request" {
		t.Errorf("dpop_jkt: %v", q)
	}
	// A proof that does not count costs no code.
	kept := w.code()
	want(t, w.bound(redemption(kept), "x"), 400, "invalid_dpop_proof")
	once := token(key, nil)
	if n := at50(func() *authtest.Answer { return w.bound(redemption(kept), once) }); n != 1 {
		t.Errorf("%d uses of one proof", n)
	}
	// A client that has registered it gets no other tokens.
	w.client = w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}, KeyFields: KeyFields{BoundTokens: new(true)}}})
	want(t, w.bound(redemption(w.code())), 400, "invalid_dpop_proof")
	w.bound(redemption(w.code()), token(key, nil)).Want(t, 200, "")
	if doc := w.Client().Get(oauthServer); !strings.Contains(doc.Body, `"dpop_signing_alg_values_supported":["EdDSA","ES256","ES512","PS256","RS256"]`) {
		t.Errorf("%s", doc.Body)
	}
}

// A token that is bound to a key is no bearer token for the routes of the application either.
func TestOP27BoundTokensAreNoBearerTokens(t *testing.T) {
	t.Parallel()
	key := newKey(t, "")
	w := newWorld(t, Options{DPoP: true, ValidAudiences: []string{"https://api.example.com"}})
	check := func(token string) (b *Bearer) {
		guard := func(ctx context.Context) (err error) {
			c, _ := core.Attached(ctx)
			b, err = w.plugin.CheckBearer(c, token)
			return err
		}
		rec := httptest.NewRecorder()
		nethttp.Middleware(w.Auth)(nethttp.Require(guard)(http.NotFoundHandler())).ServeHTTP(rec, httptest.NewRequest("GET", authtest.BaseURL+"/notes", nil))
		if rec.Code != 404 {
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
		return b
	}
	for name, resource := range map[string]string{"opaque": "", "a JSON Web Token": "https://api.example.com"} {
		if b := check(w.bound(redemption(w.code("resource", resource))).Want(t, 200, "").JSON("access_token")); b == nil {
			t.Errorf("%s: a bearer token is refused", name)
		}
		if b := check(w.bound(redemption(w.code("resource", resource)), w.proof(key, "POST", tokenPath, "", nil)).Want(t, 200, "").JSON("access_token")); b != nil {
			t.Errorf("%s: a bound token passes for a bearer token", name)
		}
	}
}

// A binding that cannot be read ends its token: it does not make a bearer token of it.
func TestOP27UnreadableBindings(t *testing.T) {
	t.Parallel()
	key := newKey(t, "")
	w := newWorld(t, Options{DPoP: true})
	for _, broken := range []string{`{}`, `{"jkt":""}`, `{"jkt":1}`, `{"x5t#S256":"abc"}`, `[]`, `"x"`} {
		tokens := w.bound(redemption(w.code()), w.proof(key, "POST", tokenPath, "", nil)).Want(t, 200, "")
		for _, model := range []string{ModelAccess, ModelRefresh} {
			if _, err := w.Auth.DB().UpdateMany(t.Context(), model, by("clientId", w.client.ID()), adapter.Record{"confirmation": json.RawMessage(broken)}); err != nil {
				t.Fatal(err)
			}
		}
		access, refresh := tokens.JSON("access_token"), url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}}
		want(t, w.Client().Get(userInfoPath, bearer(access)), 401, "invalid_token")
		want(t, w.bound(refresh), 400, "invalid_grant")
		want(t, w.bound(refresh, w.proof(key, "POST", tokenPath, "", nil)), 400, "invalid_grant")
	}
}

// A proof is kept for a grant that there is, and for no other.
func TestOP27ProofsWithoutGrant(t *testing.T) {
	t.Parallel()
	key := newKey(t, "")
	w := newWorld(t, Options{DPoP: true})
	proof := func() string { return w.proof(key, "POST", tokenPath, "", nil) }
	want(t, w.bound(redemption(""), proof()), 400, "invalid_request")
	want(t, w.bound(redemption("unknown"), proof()), 400, "invalid_grant")
	want(t, w.bound(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"unknown"}}, proof()), 400, "invalid_grant")
	want(t, w.bound(url.Values{"grant_type": {"refresh_token"}}, proof()), 400, "invalid_request")
	rows, err := w.Auth.DB().FindMany(t.Context(), allOf(ModelAssertion))
	if err != nil || len(rows) != 0 {
		t.Errorf("%d proofs kept, %v", len(rows), err)
	}
	w.bound(redemption(w.code()), proof()).Want(t, 200, "")
	if rows, err = w.Auth.DB().FindMany(t.Context(), allOf(ModelAssertion)); err != nil || len(rows) != 1 {
		t.Errorf("%d proofs kept, %v", len(rows), err)
	}
}

// A server without the option looks at no proof, and takes no token of its scheme.
func TestDPoPIsAnOption(t *testing.T) {
	t.Parallel()
	key := newKey(t, "")
	w := worldWith(t, Options{}, jwt.Options{}, AdminClientInput{})
	tokens := w.bound(redemption(w.code()), w.proof(key, "POST", tokenPath, "", nil)).Want(t, 200, "")
	if tokens.JSON("token_type") != "Bearer" {
		t.Errorf("%s", tokens.Body)
	}
	want(t, w.Client().Get(userInfoPath, core.HeaderField{Name: "Authorization", Value: "DPoP " + tokens.JSON("access_token")}), 401, "invalid_token")
}
