package oauthprovidertest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

func installKeys(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.Plugins = append(o.Plugins, jwt.New(jwt.Options{}), oauthprovider.New(oauthprovider.Options{PrivateKeyJWT: true, DPoP: true, BackChannelLogout: true}))
}

// holder is a client that has a key and no secret.
type holder struct {
	*world
	private ed25519.PrivateKey
}

func startKeys(s *flowtest.T, e *authtest.Env) *holder {
	s.Helper()
	h := &holder{&world{e: e, browser: flowtest.SignUp(s, e, flowtest.Email)}, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
	h.browser.Get("/jwks").Want(s, 200, "")
	a := h.browser.Post("/oauth2/create-client", flowtest.Body{
		"redirect_uris": []string{callback}, "token_endpoint_auth_method": "private_key_jwt", "jwks": jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: h.private.Public(), KeyID: "k"}}},
	}).Want(s, 201, "")
	h.id = a.JSON("client_id")
	return h
}

func (h *holder) sign(s *flowtest.T, claims map[string]any, o *jose.SignerOptions) string {
	s.Helper()
	claims["iat"] = h.e.Clock.Now().Unix()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: h.private}, o)
	if err != nil {
		s.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		s.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		s.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		s.Fatal(err)
	}
	return text
}

// asserted adds an assertion to a form.
func (h *holder) asserted(s *flowtest.T, jti string, f url.Values) url.Values {
	s.Helper()
	f.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	f.Set("client_assertion", h.sign(s, map[string]any{
		"iss": h.id, "sub": h.id, "aud": authtest.BaseURL + "/api/auth", "jti": jti, "exp": h.e.Clock.Now().Add(time.Minute).Unix(),
	}, nil))
	return f
}

// proof is a header for an address, and for an access token where there is one.
func (h *holder) proof(s *flowtest.T, jti, method, path, access string) core.HeaderField {
	s.Helper()
	claims := map[string]any{"htm": method, "htu": authtest.BaseURL + "/api/auth" + path, "jti": jti}
	if access != "" {
		sum := sha256.Sum256([]byte(access))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return core.HeaderField{Name: "DPoP", Value: h.sign(s, claims, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))}
}

func send(c *authtest.Client, path string, f url.Values, header ...core.HeaderField) *authtest.Answer {
	return c.Do("POST", path, f.Encode(), append(header, core.HeaderField{Name: "Content-Type", Value: "application/x-www-form-urlencoded"})...)
}

func dpop(token string) core.HeaderField {
	return core.HeaderField{Name: "Authorization", Value: "DPoP " + token}
}

// tokens are bound to the client's key.
func (h *holder) tokens(s *flowtest.T) *authtest.Answer {
	s.Helper()
	a := send(h.e.Client(), "/oauth2/token", h.asserted(s, "code", redemption(h.code(s))), h.proof(s, "code", "POST", "/oauth2/token", "")).Want(s, 200, "")
	if a.JSON("token_type") != "DPoP" {
		s.Fatalf("%s", a.Body)
	}
	return a
}

func keys(s *flowtest.T) {
	e := s.Start(installKeys)
	h := startKeys(s, e)
	tokens := h.tokens(s)
	f := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}}
	if a := send(e.Client(), "/oauth2/token", h.asserted(s, "bare", f)); a.Status != 400 || a.JSON("error") != "invalid_dpop_proof" {
		s.Errorf("a refresh without the key: %d %s", a.Status, a.Body)
	}
	again := send(e.Client(), "/oauth2/token", h.asserted(s, "refresh", f), h.proof(s, "refresh", "POST", "/oauth2/token", "")).Want(s, 200, "")
	access := again.JSON("access_token")
	if a := e.Client().Get("/oauth2/userinfo", dpop(access), h.proof(s, "info", "GET", "/oauth2/userinfo", access)).Want(s, 200, ""); a.JSON("email") != flowtest.Email {
		s.Errorf("%s", a.Body)
	}
	h.userInfo(access).Want(s, 401, "")
	flowtest.WantRows(s, e, oauthprovider.ModelAssertion, 6)
	h.browser.Post("/sign-out", flowtest.Body{}).Want(s, 200, "")
}

func raceKeys(s *flowtest.T) {
	e := s.Start(installKeys)
	h := startKeys(s, e)
	access := h.tokens(s).JSON("access_token")
	f := h.asserted(s, "once", url.Values{"token": {"unknown"}})
	once(s, func() *authtest.Answer { return send(e.Client(), "/oauth2/introspect", f) })
	proof := h.proof(s, "once", "GET", "/oauth2/userinfo", access)
	once(s, func() *authtest.Answer { return e.Client().Get("/oauth2/userinfo", dpop(access), proof) })
}
