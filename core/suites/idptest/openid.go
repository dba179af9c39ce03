package idptest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// key signs the id_tokens of all providers: making one takes a while.
var key = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// OpenID is what makes a Provider one of OpenID Connect. Change it before the first
// request.
type OpenID struct {
	// Document is the discovery document.
	Document map[string]any
	// Claims replace those of id_tokens; nil removes one.
	Claims map[string]any
	// Now is the time at which id_tokens are issued. Default: time.Now.
	Now func() time.Time

	asked atomic.Int64
}

// DiscoveryPath is where a provider has its discovery document.
const DiscoveryPath = "/.well-known/openid-configuration"

// OpenID serves a discovery document and keys, and sends id_tokens with access tokens.
func (p *Provider) OpenID() *OpenID {
	o := &OpenID{Now: time.Now, Document: map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
		"userinfo_endpoint": p.URL + "/userinfo", "jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
	}}
	p.mux.HandleFunc("GET "+DiscoveryPath, func(w http.ResponseWriter, _ *http.Request) {
		o.asked.Add(1)
		Write(w, 200, o.Document)
	})
	p.mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) { Write(w, 200, Keys()) })
	p.set(func() {
		p.sign = func(u User) string {
			now := o.Now()
			c := map[string]any{
				"iss": p.URL, "aud": "client", "sub": u.ID, "name": u.Name, "email": u.Email, "email_verified": u.EmailVerified, "picture": u.Image,
				"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
			}
			if u.Nonce != "" {
				c["nonce"] = u.Nonce
			}
			maps.Copy(c, o.Claims)
			maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
			return Sign(c)
		}
	})
	return o
}

// Asked is how often the discovery document was asked for.
func (o *OpenID) Asked() int { return int(o.asked.Load()) }

// Keys is the key set that verifies what Sign signs.
func Keys() map[string]any {
	k, err := key()
	if err != nil {
		panic(err)
	}
	return map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256",
		"n": base64.RawURLEncoding.EncodeToString(k.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.E)).Bytes()),
	}}}
}

// Sign makes a token of claims, signed with RS256.
func Sign(claims map[string]any) string {
	k, err := key()
	if err != nil {
		panic(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","kid":"k1","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}
