package idtoken_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth2"
)

var now = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

const (
	issuer   = "https://idp.example.com"
	client   = "our-client"
	keysURL  = "https://idp.example.com/keys"
	ourNonce = "n-0S6_WzA2Mj"
)

// rsaKey is made once, because making it takes a while.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func part(v any) string {
	b, ok := v.([]byte)
	if !ok {
		b = must(json.Marshal(v))
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// sign makes a token of raw parts, so that it can have what no library would write.
func sign(key *rsa.PrivateKey, header, payload any) string {
	text := part(header) + "." + part(payload)
	sum := sha256.Sum256([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])))
}

type object = map[string]any

func header() object { return object{"alg": "RS256", "kid": "k1", "typ": "JWT"} }

func claims(change func(c object)) object {
	c := object{"iss": issuer, "sub": "1001", "aud": client, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	if change != nil {
		change(c)
	}
	return c
}

func jwk(public any, id string) object {
	b := must(json.Marshal(jose.JSONWebKey{Key: public, KeyID: id, Use: "sig"}))
	var o object
	must(o, json.Unmarshal(b, &o))
	return o
}

// provider answers requests for keys.
type provider struct {
	asked  atomic.Int64
	answer atomic.Value // func(*http.Request) (*http.Response, error)
}

func (s *provider) serve(status int, body string) {
	s.answer.Store(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})
}

func (s *provider) keys(keys ...object) {
	s.serve(200, string(must(json.Marshal(object{"keys": keys}))))
}

func (s *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked.Add(1)
	return s.answer.Load().(func(*http.Request) (*http.Response, error))(r)
}

// fixture is a provider with one RSA key, "k1", and a verifier of its tokens.
type fixture struct {
	*provider
	now    atomic.Int64
	client *http.Client
	p      *oauth2.Provider
	v      *idtoken.Verifier
}

func (f *fixture) clock() time.Time        { return time.Unix(f.now.Load(), 0) }
func (f *fixture) advance(d time.Duration) { f.now.Add(int64(d / time.Second)) }

func open(t testing.TB, change func(*idtoken.Options)) *fixture {
	t.Helper()
	f := &fixture{provider: &provider{}}
	f.now.Store(now.Unix())
	f.client = &http.Client{Transport: f.provider}
	f.keys(jwk(rsaKey().Public(), "k1"))
	keys, err := idtoken.NewKeys(keysURL, idtoken.KeysOptions{Clock: f.clock})
	if err != nil {
		t.Fatal(err)
	}
	o := idtoken.Options{Keys: keys, Issuers: []string{issuer}, MaxAge: time.Hour, Clock: f.clock}
	if change != nil {
		change(&o)
	}
	if f.v, err = idtoken.New(o); err != nil {
		t.Fatal(err)
	}
	f.p, err = oauth2.New(oauth2.Config{ID: "test", ClientID: client, Audiences: []string{"our-app"},
		AuthorizeURL: issuer + "/auth", TokenURL: issuer + "/token", VerifyIDToken: f.v.Verify})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) verify(token, nonce string) (oauth2.Claims, error) {
	return f.p.VerifyIDToken(context.Background(), f.client, token, nonce)
}

func refused(t *testing.T, f *fixture, token, nonce string, reasons ...idtoken.Reason) {
	t.Helper()
	c, err := f.verify(token, nonce)
	e, ok := errors.AsType[*idtoken.Error](err)
	if !ok || c != nil {
		t.Fatalf("not refused: %v %v", c, err)
	}
	for _, r := range reasons {
		if e.Reason == r {
			return
		}
	}
	t.Errorf("refused for %q, want %q", e.Reason, reasons)
}

func TestVerify(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(ourNonce))
	for name, test := range map[string]struct {
		options func(*idtoken.Options)
		header  func(object)
		claims  func(object)
		nonce   string
	}{
		"a plain token":               {},
		"no typ":                      {header: func(h object) { delete(h, "typ") }},
		"typ in other letters":        {header: func(h object) { h["typ"] = "jwt" }},
		"no kid, and one key":         {header: func(h object) { delete(h, "kid") }},
		"another audience of ours":    {claims: func(c object) { c["aud"] = "our-app" }},
		"a list of one audience":      {claims: func(c object) { c["aud"] = []string{client} }},
		"audiences and azp":           {claims: func(c object) { c["aud"], c["azp"] = []string{client, "x"}, client }},
		"a nonce":                     {claims: func(c object) { c["nonce"] = ourNonce }, nonce: ourNonce},
		"a nonce that nobody expects": {claims: func(c object) { c["nonce"] = ourNonce }},
		"a hashed nonce": {options: func(o *idtoken.Options) { o.HashedNonce = true },
			claims: func(c object) { c["nonce"] = hex.EncodeToString(sum[:]) }, nonce: ourNonce},
		"a fraction in exp":            {claims: func(c object) { c["exp"] = json.Number("1767272400.5") }},
		"clocks that differ":           {claims: func(c object) { c["iat"], c["nbf"] = now.Unix()+20, now.Unix()+20 }},
		"expired within the tolerance": {claims: func(c object) { c["exp"] = now.Unix() - 20 }},
		"another party, where allowed": {options: func(o *idtoken.Options) { o.AnyParty = true }, claims: func(c object) { c["azp"] = "android" }},
		"old, where no age is set":     {options: func(o *idtoken.Options) { o.MaxAge = 0 }, claims: func(c object) { c["iat"] = now.Add(-48 * time.Hour).Unix() }},
		"an issuer by template": {options: func(o *idtoken.Options) {
			o.Issuers, o.Issuer = nil, func(c oauth2.Claims) bool { return c.String("iss") == "https://idp.example.com/"+c.String("tid") }
		}, claims: func(c object) { c["iss"], c["tid"] = "https://idp.example.com/t1", "t1" }},
		"no signature, from the token endpoint": {options: func(o *idtoken.Options) { o.Keys, o.FromTokenEndpoint = nil, true }, header: func(h object) { h["kid"] = "unknown" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, test.options)
			h := header()
			if test.header != nil {
				test.header(h)
			}
			c, err := f.verify(sign(rsaKey(), h, claims(test.claims)), test.nonce)
			if err != nil || c.ID("sub") != "1001" {
				t.Error(c, err)
			}
		})
	}
	t.Run("other algorithms", func(t *testing.T) {
		t.Parallel()
		p256, p384, p521 := elliptic.P256(), elliptic.P384(), elliptic.P521()
		_, ed, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		for alg, key := range map[jose.SignatureAlgorithm]crypto.Signer{
			jose.ES256: must(ecdsa.GenerateKey(p256, rand.Reader)), jose.ES384: must(ecdsa.GenerateKey(p384, rand.Reader)),
			jose.ES512: must(ecdsa.GenerateKey(p521, rand.Reader)), jose.EdDSA: ed, jose.PS256: rsaKey(),
		} {
			f := open(t, func(o *idtoken.Options) { o.Algorithms = []string{string(alg)} })
			f.keys(jwk(key.Public(), "k1"))
			s := must(jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil))
			token := must(must(s.Sign(must(json.Marshal(claims(nil))))).CompactSerialize())
			if _, err := f.verify(token, ""); err != nil {
				t.Error(alg, err)
			}
			refused(t, open(t, nil), token, "", idtoken.ReasonAlgorithm)
		}
	})
}

func TestRefused(t *testing.T) {
	t.Parallel()
	type row struct {
		header func(object)
		claims func(object)
		nonce  string
		reason idtoken.Reason
	}
	set := func(name string, v any) func(object) { return func(o object) { o[name] = v } }
	without := func(name string) func(object) { return func(o object) { delete(o, name) } }
	for name, test := range map[string]row{
		"IDT-04 wrong iss":                     {claims: set("iss", "https://evil.example.com"), reason: idtoken.ReasonIssuer},
		"IDT-04 iss with a slash":              {claims: set("iss", issuer+"/"), reason: idtoken.ReasonIssuer},
		"IDT-04 no iss":                        {claims: without("iss"), reason: idtoken.ReasonIssuer},
		"IDT-04 iss in a list":                 {claims: set("iss", []string{issuer}), reason: idtoken.ReasonIssuer},
		"IDT-04 no aud":                        {claims: without("aud"), reason: idtoken.ReasonAudience},
		"IDT-04 empty aud":                     {claims: set("aud", ""), reason: idtoken.ReasonAudience},
		"IDT-04 empty list of aud":             {claims: set("aud", []string{}), reason: idtoken.ReasonAudience},
		"IDT-04 wrong aud in a list":           {claims: set("aud", []string{"a", "b"}), reason: idtoken.ReasonAudience},
		"IDT-04 aud with what is no text":      {claims: set("aud", []any{client, 5}), reason: idtoken.ReasonAudience},
		"IDT-04 aud in an object":              {claims: set("aud", object{client: client}), reason: idtoken.ReasonAudience},
		"IDT-04 several aud and no azp":        {claims: set("aud", []string{client, "x"}), reason: idtoken.ReasonAudience},
		"IDT-04 wrong azp":                     {claims: set("azp", "x"), reason: idtoken.ReasonAudience},
		"IDT-04 azp that is no text":           {claims: set("azp", 5), reason: idtoken.ReasonAudience},
		"IDT-04 expired":                       {claims: set("exp", now.Unix()-31), reason: idtoken.ReasonTime},
		"IDT-04 no exp":                        {claims: without("exp"), reason: idtoken.ReasonTime},
		"IDT-04 exp in text":                   {claims: set("exp", "1893456000"), reason: idtoken.ReasonTime},
		"IDT-04 exp of null":                   {claims: set("exp", nil), reason: idtoken.ReasonTime},
		"IDT-04 nbf in the future":             {claims: set("nbf", now.Unix()+31), reason: idtoken.ReasonTime},
		"IDT-04 nbf in text":                   {claims: set("nbf", "0"), reason: idtoken.ReasonTime},
		"IDT-04 iat in the future":             {claims: set("iat", now.Unix()+31), reason: idtoken.ReasonTime},
		"IDT-04 no iat":                        {claims: without("iat"), reason: idtoken.ReasonTime},
		"IDT-04 issued long ago":               {claims: set("iat", now.Add(-time.Hour-31*time.Second).Unix()), reason: idtoken.ReasonTime},
		"IDT-04 another nonce":                 {claims: set("nonce", "x"), nonce: ourNonce, reason: idtoken.ReasonNonce},
		"IDT-04 no nonce":                      {nonce: ourNonce, reason: idtoken.ReasonNonce},
		"IDT-04 no sub":                        {claims: without("sub"), reason: idtoken.ReasonSubject},
		"IDT-04 sub that is no text":           {claims: set("sub", 1001), reason: idtoken.ReasonSubject},
		"IDT-04 a long sub":                    {claims: set("sub", strings.Repeat("1", 256)), reason: idtoken.ReasonSubject},
		"IDT-05 another client":                {claims: set("aud", "their-client"), reason: idtoken.ReasonAudience},
		"IDT-06 an access token by typ":        {header: set("typ", "at+jwt"), reason: idtoken.ReasonType},
		"IDT-06 a logout token by typ":         {header: set("typ", "logout+jwt"), reason: idtoken.ReasonType},
		"IDT-06 a security event by typ":       {header: set("typ", "secevent+jwt"), reason: idtoken.ReasonType},
		"IDT-06 typ that is no text":           {header: set("typ", 5), reason: idtoken.ReasonType},
		"IDT-06 a logout token by events":      {claims: set("events", object{"http://schemas.openid.net/event/backchannel-logout": object{}}), reason: idtoken.ReasonType},
		"IDT-06 an access token by scp":        {claims: set("scp", "User.Read"), reason: idtoken.ReasonType},
		"IDT-06 an access token by token_use":  {claims: set("token_use", "access"), reason: idtoken.ReasonType},
		"IDT-06 an access token by its claim":  {claims: set("typ", "Bearer"), reason: idtoken.ReasonType},
		"IDT-06 an application's own token":    {claims: set("idtyp", "app"), reason: idtoken.ReasonType},
		"IDT-03 kid that walks through paths":  {header: set("kid", "../../../../dev/null"), reason: idtoken.ReasonKey},
		"IDT-03 kid of SQL":                    {header: set("kid", "k1' OR '1'='1"), reason: idtoken.ReasonKey},
		"IDT-03 empty kid":                     {header: set("kid", ""), reason: idtoken.ReasonMalformed},
		"IDT-03 kid that is no text":           {header: set("kid", []string{"k1"}), reason: idtoken.ReasonMalformed},
		"IDT-03 crit":                          {header: func(h object) { h["crit"], h["b64"] = []string{"b64"}, true }, reason: idtoken.ReasonMalformed},
		"IDT-13 a hash where the nonce is due": {claims: func(c object) { s := sha256.Sum256([]byte(ourNonce)); c["nonce"] = hex.EncodeToString(s[:]) }, nonce: ourNonce, reason: idtoken.ReasonNonce},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, nil)
			h := header()
			if test.header != nil {
				test.header(h)
			}
			refused(t, f, sign(rsaKey(), h, claims(test.claims)), test.nonce, test.reason)
		})
	}
	t.Run("IDT-13 a rule of the provider's", func(t *testing.T) {
		t.Parallel()
		f := open(t, func(o *idtoken.Options) {
			o.Check = func(c oauth2.Claims) bool { return c.String("hd") == "example.com" }
		})
		refused(t, f, sign(rsaKey(), header(), claims(nil)), "", idtoken.ReasonClaims)
		if _, err := f.verify(sign(rsaKey(), header(), claims(set("hd", "example.com"))), ""); err != nil {
			t.Error(err)
		}
	})
	t.Run("IDT-13 a template without its issuer", func(t *testing.T) {
		t.Parallel()
		f := open(t, func(o *idtoken.Options) { o.Issuers, o.Issuer = nil, func(oauth2.Claims) bool { return true } })
		refused(t, f, sign(rsaKey(), header(), claims(without("iss"))), "", idtoken.ReasonIssuer)
	})
}

func TestForgedSignatures(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	with := func(name string, v any) object { h := header(); h[name] = v; return h }
	good := sign(rsaKey(), header(), claims(nil))
	parts := strings.Split(good, ".")
	t.Run("IDT-01 none", func(t *testing.T) {
		t.Parallel()
		for _, alg := range []string{"none", "None", "NONE", "nOnE", ""} {
			for _, signature := range []string{"", parts[2]} {
				refused(t, f, part(with("alg", alg))+"."+parts[1]+"."+signature, "", idtoken.ReasonAlgorithm)
			}
		}
	})
	t.Run("IDT-01 an empty signature", func(t *testing.T) {
		t.Parallel()
		refused(t, f, parts[0]+"."+parts[1]+".", "", idtoken.ReasonSignature, idtoken.ReasonMalformed)
	})
	t.Run("IDT-01 none, also from the token endpoint", func(t *testing.T) {
		t.Parallel()
		f := open(t, func(o *idtoken.Options) { o.Keys, o.FromTokenEndpoint = nil, true })
		refused(t, f, part(with("alg", "none"))+"."+parts[1]+".", "", idtoken.ReasonAlgorithm)
		refused(t, f, parts[0]+"."+parts[1]+".", "", idtoken.ReasonMalformed)
	})
	t.Run("IDT-02 the public key as a secret", func(t *testing.T) {
		t.Parallel()
		der := must(x509.MarshalPKIXPublicKey(rsaKey().Public()))
		for _, secret := range [][]byte{der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), must(json.Marshal(jwk(rsaKey().Public(), "k1")))} {
			text := part(with("alg", "HS256")) + "." + parts[1]
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(text))
			refused(t, f, text+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), "", idtoken.ReasonAlgorithm)
		}
		for _, alg := range []string{"HS256", "none", "RSA1_5", ""} {
			keys := must(idtoken.NewKeys(keysURL, idtoken.KeysOptions{}))
			if _, err := idtoken.New(idtoken.Options{Keys: keys, Issuers: []string{issuer}, Algorithms: []string{alg}}); err == nil {
				t.Error(alg, "can be configured")
			}
		}
	})
	other := must(rsa.GenerateKey(rand.Reader, 2048))
	t.Run("a signature of another key", func(t *testing.T) {
		t.Parallel()
		refused(t, f, sign(other, header(), claims(nil)), "", idtoken.ReasonSignature)
	})
	t.Run("another payload", func(t *testing.T) {
		t.Parallel()
		refused(t, f, parts[0]+"."+part(claims(func(c object) { c["sub"] = "1002" }))+"."+parts[2], "", idtoken.ReasonSignature)
	})
	t.Run("IDT-03 keys of the header", func(t *testing.T) {
		t.Parallel()
		before := f.asked.Load()
		for name, v := range map[string]any{
			"jwk": jwk(other.Public(), "k1"), "jku": "https://evil.example.com/keys", "x5u": "https://evil.example.com/chain", "x5c": []string{"MIIB"}, "x5t": "x",
		} {
			h := with(name, v)
			refused(t, f, sign(other, h, claims(nil)), "", idtoken.ReasonSignature, idtoken.ReasonMalformed)
		}
		if f.asked.Load() > before+1 {
			t.Error("a header made a request")
		}
	})
	t.Run("IDT-10 encrypted tokens", func(t *testing.T) {
		t.Parallel()
		for _, h := range []string{
			`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483648,"p2s":"AAAA"}`, `{"alg":"dir","enc":"A128GCM","zip":"DEF"}`, `{"alg":"RSA-OAEP","enc":"none"}`,
		} {
			refused(t, f, part([]byte(h))+".AAAA.AAAA.AAAA.AAAA", "", idtoken.ReasonMalformed)
			refused(t, f, part([]byte(h))+"."+parts[1]+"."+parts[2], "", idtoken.ReasonAlgorithm)
		}
		h := with("zip", "DEF")
		if _, err := f.verify(sign(rsaKey(), h, []byte("not inflated")), ""); err == nil {
			t.Error("accepted")
		}
	})
}

func TestHugeAndAmbiguousTokens(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	raw := func(h, p string) string { return sign(rsaKey(), []byte(h), []byte(p)) }
	head := string(must(json.Marshal(header())))
	body := string(must(json.Marshal(claims(nil))))
	for name, token := range map[string]string{
		"IDT-09 empty":                  "",
		"IDT-09 dots":                   strings.Repeat(".", 1_000_000),
		"IDT-09 two dots":               "..",
		"IDT-09 one megabyte":           sign(rsaKey(), header(), claims(func(c object) { c["x"] = strings.Repeat("a", 1<<20) })),
		"IDT-09 a deep payload":         raw(head, strings.Repeat(`{"a":`, 5000)+"1"+strings.Repeat("}", 5000)),
		"IDT-09 a deep list":            raw(head, `{"a":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+"}"),
		"IDT-09 a deep header":          raw(strings.Repeat(`{"a":`, 5000)+"1"+strings.Repeat("}", 5000), body),
		"IDT-09 sub twice":              raw(head, body[:len(body)-1]+`,"sub":"1002"}`),
		"IDT-09 sub twice, escaped":     raw(head, body[:len(body)-1]+`,"su\u0062":"1002"}`),
		"IDT-09 a member twice, within": raw(head, body[:len(body)-1]+`,"x":[{"a":1,"a":2}]}`),
		"IDT-09 alg twice":              raw(head[:len(head)-1]+`,"alg":"none"}`, body),
		"IDT-09 a payload in a list":    raw(head, "["+body+"]"),
		"IDT-09 two payloads":           raw(head, body+body),
		"IDT-09 no JSON":                raw(head, "sub=1001"),
		"IDT-09 no UTF-8":               raw(head, body[:len(body)-1]+",\"x\":\"\xff\"}"),
		"IDT-09 a huge exp":             raw(head, strings.Replace(body, `"exp":`, `"exp":1e400,"x":`, 1)),
		"IDT-09 a large exp":            raw(head, strings.Replace(body, `"exp":`, `"exp":1e300,"x":`, 1)),
		"IDT-09 a negative iat":         raw(head, strings.Replace(body, `"iat":`, `"iat":-1e300,"x":`, 1)),
		"IDT-09 line breaks":            strings.Replace(sign(rsaKey(), header(), claims(nil)), ".", ".\n", 1),
		"IDT-09 padding":                sign(rsaKey(), header(), claims(nil)) + "=",
		"IDT-09 text around it":         " " + sign(rsaKey(), header(), claims(nil)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, f, token, "", idtoken.ReasonMalformed, idtoken.ReasonTime, idtoken.ReasonAlgorithm)
		})
	}
	t.Run("names that differ in case are two names", func(t *testing.T) {
		t.Parallel()
		c, err := f.verify(raw(head, body[:len(body)-1]+`,"SUB":"1002"}`), "")
		if err != nil || c.ID("sub") != "1001" {
			t.Error(c, err)
		}
	})
}

func TestErrorsDoNotContainTheToken(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	token := sign(rsaKey(), header(), claims(func(c object) { c["nonce"] = "someone-elses-nonce" }))
	for _, text := range []string{token, token + "x", token[:len(token)-4], "header.payload.signature"} {
		_, err := f.verify(text, ourNonce)
		if err == nil {
			t.Fatal("accepted")
		}
		for _, p := range append(strings.Split(text, "."), "someone", ourNonce, "1001") {
			if len(p) > 3 && strings.Contains(err.Error(), p) {
				t.Errorf("%q has %q", err, p)
			}
		}
	}
}

func TestCheckHashes(t *testing.T) {
	t.Parallel()
	// OpenID Connect Core 1.0, Appendix A.3 and A.4.
	c := oauth2.Claims{"at_hash": "77QmUPtjPfzWtF2AnpK9RQ", "c_hash": "LDktKdoQak3Pk0cnXxCltA"}
	const token, code = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"
	for name, test := range map[string]struct {
		claims      oauth2.Claims
		token, code string
		ok          bool
	}{
		"both":                        {c, token, code, true},
		"no token and no code":        {c, "", "", true},
		"no claims":                   {oauth2.Claims{}, token, code, true},
		"IDT-14 another token":        {c, token + "x", code, false},
		"IDT-14 another code":         {c, token, code + "x", false},
		"IDT-14 what is no text":      {oauth2.Claims{"at_hash": json.Number("5")}, token, code, false},
		"IDT-14 an empty hash":        {oauth2.Claims{"c_hash": ""}, token, code, false},
		"IDT-14 a part of a hash":     {oauth2.Claims{"c_hash": "LDktKdoQak3Pk0cnXxCl"}, token, code, false},
		"the hash of a longer digest": {oauth2.Claims{"at_hash": "zsOHGPRGDfPLPnTMCu-qp87fAzZ3UlWWYmfeKbFR4nM"}, "x", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := idtoken.CheckHashes(test.claims, test.token, test.code); (err == nil) != test.ok {
				t.Error(err)
			}
		})
	}
}

func TestNewSaysWhatToChange(t *testing.T) {
	t.Parallel()
	keys := must(idtoken.NewKeys(keysURL, idtoken.KeysOptions{}))
	for name, o := range map[string]idtoken.Options{
		"Keys are missing":  {Issuers: []string{issuer}},
		"FromTokenEndpoint": {Keys: keys, FromTokenEndpoint: true, Issuers: []string{issuer}},
		"Issuers":           {Keys: keys},
		"in Issuers":        {Keys: keys, Issuers: []string{""}},
		"MaxAge":            {Keys: keys, Issuers: []string{issuer}, MaxAge: -1},
		`"HS256"`:           {Keys: keys, Issuers: []string{issuer}, Algorithms: []string{"HS256"}},
	} {
		if _, err := idtoken.New(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, url := range []string{"", "http://idp.example.com/keys", "/keys", "https://user@idp.example.com/keys", "file:///keys"} {
		if _, err := idtoken.NewKeys(url, idtoken.KeysOptions{}); err == nil {
			t.Error(url)
		}
	}
	if _, err := idtoken.NewKeys("http://localhost:4000/keys", idtoken.KeysOptions{}); err != nil {
		t.Error(err)
	}
}

func clone(o object, change func(object)) object {
	o = maps.Clone(o)
	change(o)
	return o
}
