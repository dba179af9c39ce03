package verify_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/verify"
)

type object = map[string]any

const (
	issuer   = "https://app.example.com"
	audience = "https://api.example.com"
)

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var private = map[string]any{
	"EdDSA": must(func() (ed25519.PrivateKey, error) { _, k, err := ed25519.GenerateKey(rand.Reader); return k, err }()),
	"ES256": must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
	"ES512": must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)),
	"RS256": must(rsa.GenerateKey(rand.Reader, 2048)),
}

func init() { private["PS256"] = private["RS256"] }

func set() []byte {
	var keys jose.JSONWebKeySet
	for alg, k := range private {
		keys.Keys = append(keys.Keys, jose.JSONWebKey{Key: publicOf(k), KeyID: "k-" + alg, Algorithm: alg, Use: "sig"})
	}
	return must(json.Marshal(keys))
}

func publicOf(k any) any {
	private := jose.JSONWebKey{Key: k}
	return private.Public().Key
}

func guard(host string) outbound.Options { return outbound.Options{Allow: []string{host}} }

func part(v any) string {
	text, ok := v.([]byte)
	if !ok {
		text = must(json.Marshal(v))
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// sign makes a token with any header.
func sign(alg string, header object, payload []byte) string {
	signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: private[alg]}, &jose.SignerOptions{ExtraHeaders: headers(header)}))
	return must(must(signer.Sign(payload)).CompactSerialize())
}

func headers(h object) map[jose.HeaderKey]any {
	out := map[jose.HeaderKey]any{}
	for name, v := range h {
		out[jose.HeaderKey(name)] = v
	}
	return out
}

func claims(change object) []byte {
	c := object{"iss": issuer, "aud": audience, "sub": "ada", "iat": now.Unix(), "exp": now.Unix() + 900}
	for name, v := range change {
		if v == nil {
			delete(c, name)
		} else {
			c[name] = v
		}
	}
	return must(json.Marshal(c))
}

func tokens(t testing.TB, change func(o *verify.TokenOptions)) *verify.Tokens {
	t.Helper()
	o := verify.TokenOptions{Keys: must(verify.NewStaticKeys(set())), Issuer: issuer, Audience: []string{audience}, Clock: func() time.Time { return now }}
	if change != nil {
		change(&o)
	}
	v, err := verify.NewTokens(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTokens(t *testing.T) {
	t.Parallel()
	v := tokens(t, nil)
	for alg := range private {
		got, err := v.Verify(t.Context(), sign(alg, object{"kid": "k-" + alg}, claims(object{"jti": "j", "plan": "pro"})))
		var own struct{ Plan string }
		if err != nil || got.Subject != "ada" || got.ID != "j" || got.KeyID != "k-"+alg || got.Algorithm != alg || !got.ExpiresAt.Equal(now.Add(15*time.Minute)) || got.Decode(&own) != nil || own.Plan != "pro" {
			t.Errorf("%s: %+v, %v", alg, got, err)
		}
	}
	kid := object{"kid": "k-EdDSA"}
	with := func(h object) object { h["kid"] = "k-EdDSA"; return h }
	good := sign("EdDSA", kid, claims(nil))
	parts := strings.Split(good, ".")
	for name, tt := range map[string]struct {
		token string
		want  verify.Reason
	}{
		"typ JWT":                         {sign("EdDSA", with(object{"typ": "JWT"}), claims(nil)), ""},
		"several audiences":               {sign("EdDSA", kid, claims(object{"aud": []string{"x", audience}})), ""},
		"a clock that is behind":          {sign("EdDSA", kid, claims(object{"exp": now.Unix() - 29})), ""},
		"no iat":                          {sign("EdDSA", kid, claims(object{"iat": nil})), ""},
		"IDT-01 alg none":                 {part(object{"alg": "none", "kid": "k-EdDSA"}) + "." + parts[1] + ".", verify.ReasonAlgorithm},
		"IDT-01 no signature":             {parts[0] + "." + parts[1] + ".", verify.ReasonSignature},
		"IDT-02 HS256":                    {part(object{"alg": "HS256", "kid": "k-RS256"}) + "." + parts[1] + "." + parts[2], verify.ReasonAlgorithm},
		"IDT-02 a key of another kind":    {sign("ES256", object{"kid": "k-EdDSA"}, claims(nil)), verify.ReasonKey},
		"IDT-03 an unknown kid":           {sign("EdDSA", object{"kid": "../../dev/null"}, claims(nil)), verify.ReasonKey},
		"IDT-03 crit":                     {part(object{"alg": "EdDSA", "kid": "k-EdDSA", "crit": []string{"exp"}}) + "." + parts[1] + "." + parts[2], verify.ReasonMalformed},
		"IDT-04 another issuer":           {sign("EdDSA", kid, claims(object{"iss": "https://evil.example"})), verify.ReasonIssuer},
		"IDT-04 no issuer":                {sign("EdDSA", kid, claims(object{"iss": nil})), verify.ReasonIssuer},
		"IDT-04 another audience":         {sign("EdDSA", kid, claims(object{"aud": "x"})), verify.ReasonAudience},
		"IDT-04 an audience of numbers":   {sign("EdDSA", kid, claims(object{"aud": []any{audience, 5}})), verify.ReasonAudience},
		"IDT-04 no audience":              {sign("EdDSA", kid, claims(object{"aud": nil})), verify.ReasonAudience},
		"IDT-04 expired":                  {sign("EdDSA", kid, claims(object{"exp": now.Unix() - 30})), verify.ReasonExpired},
		"IDT-04 no exp":                   {sign("EdDSA", kid, claims(object{"exp": nil})), verify.ReasonTime},
		"IDT-04 exp in text":              {sign("EdDSA", kid, claims(object{"exp": "9999999999"})), verify.ReasonTime},
		"IDT-04 nbf in the future":        {sign("EdDSA", kid, claims(object{"nbf": now.Unix() + 31})), verify.ReasonTime},
		"IDT-04 iat in the future":        {sign("EdDSA", kid, claims(object{"iat": now.Unix() + 31})), verify.ReasonTime},
		"IDT-04 no sub":                   {sign("EdDSA", kid, claims(object{"sub": nil})), verify.ReasonSubject},
		"IDT-06 a logout token":           {sign("EdDSA", with(object{"typ": "logout+jwt"}), claims(nil)), verify.ReasonType},
		"OP-27 bound to a key":            {sign("EdDSA", kid, claims(object{"cnf": object{"jkt": "x"}})), verify.ReasonBound},
		"OP-27 bound in another way":      {sign("EdDSA", kid, claims(object{"cnf": "x"})), verify.ReasonBound},
		"IDT-09 a claim twice":            {sign("EdDSA", kid, []byte(`{"sub":"ada","sub":"eve","iss":"`+issuer+`","aud":"`+audience+`","exp":9999999999}`)), verify.ReasonMalformed},
		"IDT-09 a huge exp":               {sign("EdDSA", kid, []byte(`{"sub":"ada","iss":"`+issuer+`","aud":"`+audience+`","exp":1e300}`)), verify.ReasonTime},
		"IDT-09 dots":                     {strings.Repeat(".", 1<<20), verify.ReasonMalformed},
		"IDT-09 a megabyte":               {good + strings.Repeat("A", 1<<20), verify.ReasonMalformed},
		"IDT-09 a line break":             {good + "\n", verify.ReasonMalformed},
		"IDT-10 an encrypted token":       {"a.b.c.d.e", verify.ReasonMalformed},
		"nothing":                         {"", verify.ReasonMalformed},
		"a signature of another payload":  {parts[0] + "." + part(claims(object{"sub": "eve"})) + "." + parts[2], verify.ReasonSignature},
		"no kid, and a key of every kind": {sign("ES512", object{}, claims(nil)), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := v.Verify(t.Context(), tt.token)
			if verify.ReasonOf(err) != tt.want || (got == nil) != (tt.want != "") || tt.want == "" && err != nil {
				t.Errorf("%v, %v, want %q", got, err, tt.want)
			}
			if err != nil && len(tt.token) > 20 && strings.Contains(err.Error(), tt.token[:20]) {
				t.Error("the error has the token")
			}
		})
	}
	t.Run("a caller who checks proofs", func(t *testing.T) {
		t.Parallel()
		v := tokens(t, func(o *verify.TokenOptions) { o.BoundTokens = true })
		if _, err := v.Verify(t.Context(), sign("EdDSA", kid, claims(object{"cnf": object{"jkt": "x"}}))); err != nil {
			t.Error(err)
		}
	})
	t.Run("types and no leeway", func(t *testing.T) {
		t.Parallel()
		v := tokens(t, func(o *verify.TokenOptions) { o.Types, o.Leeway = []string{"at+jwt"}, -1 })
		if _, err := v.Verify(t.Context(), sign("EdDSA", with(object{"typ": "application/at+JWT"}), claims(nil))); err != nil {
			t.Error(err)
		}
		if _, err := v.Verify(t.Context(), sign("EdDSA", kid, claims(object{"exp": now.Unix()}))); verify.ReasonOf(err) != verify.ReasonExpired {
			t.Error(err)
		}
	})
}

func TestRemoteKeys(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var down atomic.Bool
	clock := now
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write(set())
	}))
	defer server.Close()
	open := func() *verify.Tokens {
		keys, err := verify.NewRemoteKeys(verify.RemoteOptions{URL: server.URL, Clock: func() time.Time { return clock }})
		if err != nil {
			t.Fatal(err)
		}
		return tokens(t, func(o *verify.TokenOptions) { o.Keys = keys })
	}
	v := open()
	good := sign("EdDSA", object{"kid": "k-EdDSA"}, claims(nil))
	for range 3 {
		if _, err := v.Verify(t.Context(), good); err != nil || asked.Load() != 1 {
			t.Fatal(err, asked.Load())
		}
	}
	for i := range 50 {
		if _, err := v.Verify(t.Context(), sign("EdDSA", object{"kid": fmt.Sprint(i)}, claims(nil))); verify.ReasonOf(err) != verify.ReasonKey || asked.Load() != 1 {
			t.Fatal("IDT-07", err, asked.Load())
		}
	}
	clock = clock.Add(time.Minute)
	if _, err := v.Verify(t.Context(), sign("EdDSA", object{"kid": "new"}, claims(nil))); verify.ReasonOf(err) != verify.ReasonKey || asked.Load() != 2 {
		t.Error(err, asked.Load())
	}
	down.Store(true)
	if _, err := open().Verify(t.Context(), good); !errors.Is(err, verify.ErrUnavailable) || verify.ReasonOf(err) != "" {
		t.Error(err)
	}
	for name, o := range map[string]verify.RemoteOptions{
		"https":  {URL: "http://app.example.com/jwks"},
		"URL":    {URL: "/jwks"},
		"Client": {URL: "https://app.example.com/jwks", FromUser: true, Client: http.DefaultClient},
		"Guard":  {URL: "https://app.example.com/jwks", FromUser: true, Guard: guard("not a host!")},
	} {
		if _, err := verify.NewRemoteKeys(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, private := range []string{"https://127.0.0.1/jwks", "https://localhost/jwks", "https://169.254.169.254/jwks", server.URL} {
		if _, err := verify.NewRemoteKeys(verify.RemoteOptions{URL: private, FromUser: true}); err == nil {
			t.Errorf("SSRF %s is accepted from a user", private)
		}
	}
	if _, err := verify.NewRemoteKeys(verify.RemoteOptions{URL: "https://app.example.com/jwks", FromUser: true}); err != nil {
		t.Error(err)
	}
}

// Each form of the cookie cache that the server writes is read.
func TestCookies(t *testing.T) {
	t.Parallel()
	for _, strategy := range []verify.Strategy{verify.Compact, verify.JWT, verify.JWE} {
		for _, insecure := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, http %v", strategy, insecure), func(t *testing.T) {
				t.Parallel()
				e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
					o.Session.CookieCache = core.CookieCacheOptions{Enabled: true, Strategy: core.CacheStrategy(strategy), Version: "7"}
					o.Cookies.Secure = new(bool)
					*o.Cookies.Secure = !insecure
				}, emailpassword.New(emailpassword.Options{}))
				c := e.Client()
				c.Post("/sign-up/email", object{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
				header := c.CookieHeader()
				open := func(change func(o *verify.CookieOptions)) *verify.Cookies {
					o := verify.CookieOptions{Secret: authtest.Secret, Insecure: insecure, Strategy: strategy, Version: "7", Clock: e.Clock.Now}
					if change != nil {
						change(&o)
					}
					v, err := verify.NewCookies(o)
					if err != nil {
						t.Fatal(err)
					}
					return v
				}
				want := func(v *verify.Cookies, header string, reason verify.Reason) {
					t.Helper()
					s, err := v.Session(header)
					if verify.ReasonOf(err) != reason || (s == nil) != (reason != "") {
						t.Errorf("%v, %v, want %q", s, err, reason)
					}
				}
				v := open(nil)
				s, err := v.Session(header)
				var user struct{ ID, Email string }
				var session struct{ Token string }
				if err != nil || s.DecodeUser(&user) != nil || s.DecodeSession(&session) != nil || user.Email != "ada@example.com" || s.UserID != user.ID || s.ID == "" || !s.WrittenAt.Equal(now) {
					t.Fatal(s, err)
				}
				if token, ok := v.SessionToken(header); !ok || token != session.Token {
					t.Error("the token is not read")
				}
				name := "better-auth.session_token"
				if !insecure {
					name = "__Secure-" + name
				}
				planted := name + "=" + session.Token + ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D; "
				want(v, planted+header, "")
				want(v, planted, verify.ReasonSignature)
				want(v, "", verify.ReasonMissing)
				want(v, "other=1", verify.ReasonMissing)
				var token, data string
				for one := range strings.SplitSeq(header, "; ") {
					if strings.Contains(one, "session_token") {
						token = one
					} else {
						data += one + "; "
					}
				}
				want(v, token, verify.ReasonSession)
				want(v, data, verify.ReasonMissing)
				want(v, token+"; "+data[:len(data)/2], verify.ReasonSession)
				want(open(func(o *verify.CookieOptions) { o.Version = "8" }), header, verify.ReasonSession)
				want(open(func(o *verify.CookieOptions) {
					o.Version, o.VersionFunc = "", func(s *verify.Session) string { return fmt.Sprint(len(s.UserID) - 25) }
				}), header, "")
				want(open(func(o *verify.CookieOptions) { o.Secret = "another-secret-0123456789-abcdefghijklmnop" }), header, verify.ReasonSignature)
				want(open(func(o *verify.CookieOptions) { o.Insecure = !insecure }), header, verify.ReasonMissing)
				for _, other := range []verify.Strategy{verify.Compact, verify.JWT, verify.JWE} {
					if other != strategy {
						want(open(func(o *verify.CookieOptions) { o.Strategy = other }), header, verify.ReasonSession) // SES-07
					}
				}
				bob := e.Client()
				bob.Post("/sign-up/email", object{"name": "Bob", "email": "bob@example.com", "password": "correct horse"}).Want(t, 200, "")
				for one := range strings.SplitSeq(bob.CookieHeader(), "; ") {
					if strings.Contains(one, "session_token") {
						want(v, one+"; "+data, verify.ReasonSession) // the cache of another session
					}
				}
				e.Clock.Add(5*time.Minute + 15*time.Second)
				want(v, header, verify.ReasonSession)
			})
		}
	}
	for name, o := range map[string]verify.CookieOptions{
		"secret": {}, "Strategy": {Secret: authtest.Secret, Strategy: "x"}, "Version": {Secret: authtest.Secret, Version: "1", VersionFunc: func(*verify.Session) string { return "" }},
		"Names": {Secret: authtest.Secret, Names: map[string]string{"two_factor": "x"}}, "32": {Secret: "short"},
	} {
		if _, err := verify.NewCookies(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	var seen atomic.Pointer[string]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		text := r.Method + " " + r.Header.Get("X-Api-Key") + r.Header.Get("Authorization") + " " + string(body)
		seen.Store(&text)
		key := r.Header.Get("X-Api-Key")
		var asked struct{ Key string }
		if r.URL.Path == "/verify" {
			_ = json.Unmarshal(body, &asked)
			key = asked.Key
		}
		answers := map[string]string{
			"good": `{"session":{"id":"k1","token":"good"},"user":{"id":"u1","email":"ada@example.com"}}`, "null": "null", "odd": `{"session":{}}`, "html": "<html>", "huge": strings.Repeat(" ", 2<<20) + "null",
			"valid": `{"valid":true,"error":null,"key":{"id":"k1","referenceId":"u1","permissions":{"a":["b"]}}}`, "invalid": `{"valid":false,"key":null}`, "anonymous": `{"valid":true,"key":null}`,
		}
		switch key {
		case "401", "403", "429":
			w.WriteHeader(map[string]int{"401": 401, "403": 403, "429": 429}[key])
		case "500":
			w.WriteHeader(500)
		case "moved":
			http.Redirect(w, r, "https://evil.example/", http.StatusTemporaryRedirect)
		default:
			_, _ = io.WriteString(w, answers[key])
		}
	}))
	defer server.Close()
	session := must(verify.NewAPIKeys(verify.APIKeyOptions{SessionURL: server.URL + "/api/auth/get-session"}))
	endpoint := must(verify.NewAPIKeys(verify.APIKeyOptions{VerifyURL: server.URL + "/verify", Authorization: "Bearer service", ConfigID: "c", Permissions: map[string][]string{"orders": {"read"}}}))
	refused, unavailable := "refused", "unavailable"
	for _, tt := range []struct {
		by        *verify.APIKeys
		key, want string
	}{
		{session, "good", ""}, {session, "null", refused}, {session, "401", refused}, {session, "403", refused}, {session, "429", refused},
		{session, "500", unavailable}, {session, "moved", unavailable}, {session, "odd", unavailable}, {session, "html", unavailable}, {session, "huge", unavailable},
		{session, "", refused}, {session, "a b", refused}, {session, "a\r\nX: y", refused}, {session, strings.Repeat("k", 1025), refused},
		{endpoint, "valid", ""}, {endpoint, "invalid", refused}, {endpoint, "anonymous", unavailable}, {endpoint, "401", unavailable}, {endpoint, "500", unavailable}, {endpoint, "moved", unavailable},
	} {
		got, err := tt.by.Verify(t.Context(), tt.key)
		said := ""
		switch {
		case verify.ReasonOf(err) == verify.ReasonAPIKey:
			said = refused
		case errors.Is(err, verify.ErrUnavailable):
			said = unavailable
		}
		if said != tt.want || (got == nil) != (tt.want != "") || got != nil && (got.ID != "k1" || got.UserID != "u1") {
			t.Errorf("%.10q: %v, %v, want %q", tt.key, got, err, tt.want)
		}
	}
	if _, err := endpoint.Verify(t.Context(), "valid"); err != nil || *seen.Load() != `POST Bearer service {"key":"valid","configId":"c","permissions":{"orders":["read"]}}` {
		t.Error(*seen.Load(), err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := session.Verify(ended, "good"); !errors.Is(err, verify.ErrUnavailable) {
		t.Error(err)
	}
	for name, o := range map[string]verify.APIKeyOptions{
		"either": {}, "either ": {SessionURL: server.URL, VerifyURL: server.URL}, "VerifyURL": {SessionURL: server.URL, ConfigID: "c"}, "https": {SessionURL: "http://app.example.com/x"},
	} {
		if _, err := verify.NewAPIKeys(o); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMiddleware(t *testing.T) {
	t.Parallel()
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }))
	defer down.Close()
	v := must(verify.New(verify.Options{
		Tokens:  tokens(t, nil),
		APIKeys: must(verify.NewAPIKeys(verify.APIKeyOptions{SessionURL: down.URL})),
		Cookies: must(verify.NewCookies(verify.CookieOptions{Secret: authtest.Secret, Insecure: true})),
	}))
	h := v.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := verify.From(r.Context())
		_, _ = fmt.Fprintf(w, "%s %v", c.UserID, ok && c.Token != nil)
	}))
	good := "Bearer " + sign("EdDSA", object{"kid": "k-EdDSA"}, claims(nil))
	for _, tt := range []struct {
		header http.Header
		status int
		body   string
	}{
		{http.Header{"Authorization": {good}}, 200, "ada true"},
		{http.Header{"Authorization": {good, good}}, 401, "UNAUTHORIZED"},
		{http.Header{"Authorization": {good + "x"}, "X-Api-Key": {"k"}}, 401, "UNAUTHORIZED"},
		{http.Header{"X-Api-Key": {"k"}}, 503, "SERVICE_UNAVAILABLE"},
		{http.Header{"X-Api-Key": {"k", "l"}}, 401, "UNAUTHORIZED"},
		{http.Header{}, 401, "UNAUTHORIZED"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header = tt.header
		h.ServeHTTP(w, r)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) || tt.status != 200 && w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%d %s, want %d %s", w.Code, w.Body, tt.status, tt.body)
		}
	}
	if _, err := verify.New(verify.Options{}); err == nil {
		t.Error("a Verifier that accepts nothing")
	}
	if _, ok := verify.From(t.Context()); ok {
		t.Error("a caller of nothing")
	}
}

func TestNewSaysWhatToChange(t *testing.T) {
	t.Parallel()
	keys := must(verify.NewStaticKeys(set()))
	for name, o := range map[string]verify.TokenOptions{
		"Keys": {Issuer: issuer, Audience: []string{audience}}, "Issuer": {Keys: keys, Audience: []string{audience}}, "Audience": {Keys: keys, Issuer: issuer},
		`"HS256"`: {Keys: keys, Issuer: issuer, Audience: []string{audience}, Algorithms: []string{"HS256"}}, `"none"`: {Keys: keys, Issuer: issuer, Audience: []string{audience}, Algorithms: []string{"none"}},
	} {
		if _, err := verify.NewTokens(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, set := range []string{"", "{}", `{"keys":[]}`, `{"keys":[{"kty":"oct","k":"AAAA"}]}`} {
		if _, err := verify.NewStaticKeys([]byte(set)); err == nil {
			t.Errorf("%s is accepted", set)
		}
	}
}

// The package is small: neither the server nor a plugin is behind it.
func TestImportsNeitherTheServerNorPlugins(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{"cookie": true, "outbound": true, "secret": true, "wire": true, "internal/clock": true, "internal/jwk": true, "internal/sessioncache": true, "verify": true}
	for pkg := range strings.Lines(string(out)) {
		pkg = strings.TrimSpace(pkg)
		if rest, own := strings.CutPrefix(pkg, "github.com/advantch/kernia-go/core"); own && !allowed[strings.TrimPrefix(rest, "/")] {
			t.Errorf("it imports %s", pkg)
		}
		if strings.HasPrefix(pkg, "database/") {
			t.Errorf("it imports %s", pkg)
		}
	}
	if len(bytes.TrimSpace(out)) == 0 || os.Getenv("GOFLAGS") == "-deps" {
		t.Error("nothing was listed")
	}
}

// No text is accepted that the server did not sign, and none makes a panic.
func FuzzTokens(f *testing.F) {
	v := tokens(f, nil)
	good := sign("EdDSA", object{"kid": "k-EdDSA"}, claims(nil))
	f.Add(good)
	f.Add("..")
	f.Add(part(object{"alg": "none"}) + "." + strings.Split(good, ".")[1] + ".")
	f.Fuzz(func(t *testing.T, token string) {
		if got, err := v.Verify(context.Background(), token); err == nil && token != good {
			t.Errorf("accepted %v", got)
		}
	})
}

// No Cookie header makes a panic, and none without the server's signature is accepted.
func FuzzCookies(f *testing.F) {
	v := must(verify.NewCookies(verify.CookieOptions{Secret: authtest.Secret, Insecure: true}))
	f.Add("better-auth.session_token=a.b; better-auth.session_data=c")
	f.Add("better-auth.session_token=x." + strings.Repeat("A", 43) + "=")
	f.Fuzz(func(t *testing.T, header string) {
		if s, err := v.Session(header); err == nil {
			t.Errorf("accepted %v", s)
		}
		if _, ok := v.SessionToken(header); ok {
			t.Error("a signature was found")
		}
	})
}

// An operator learns why callers get a 503, and once a minute.
func TestOutagesAreLogged(t *testing.T) {
	t.Parallel()
	status := http.StatusForbidden
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer server.Close()
	keys, err := verify.NewAPIKeys(verify.APIKeyOptions{VerifyURL: server.URL, Authorization: "Bearer outdated"})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	v, err := verify.New(verify.Options{APIKeys: keys, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("X-Api-Key", "a-key")
		w := httptest.NewRecorder()
		v.Middleware(http.NotFoundHandler()).ServeHTTP(w, r)
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("status %d", w.Code)
		}
	}
	if got := log.String(); strings.Count(got, "VerifyURL answered 403") != 1 || strings.Contains(got, "a-key") || strings.Contains(got, "outdated") || strings.Contains(got, server.URL) {
		t.Errorf("logged %q", got)
	}
	if _, err := verify.New(verify.Options{Logger: slog.Default()}); err == nil {
		t.Error("a verifier without credentials was made")
	}
}
