package jwt_test

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/verify"
	"github.com/advantch/kernia-go/core/wire"
)

type body = map[string]any

const ada = "ada@example.com"

type settings func(e *authtest.Env, o *core.Options, p *jwt.Options)

func open(t testing.TB, change settings) (*authtest.Env, *jwt.Plugin) {
	t.Helper()
	e := authtest.NewEnv(t)
	var p jwt.Options
	o := e.Options(emailpassword.New(emailpassword.Options{}))
	if change != nil {
		change(e, &o, &p)
	}
	plugin := jwt.New(p)
	o.Plugins = append(o.Plugins, plugin)
	return e.Open(o), plugin
}

func with(change func(p *jwt.Options)) settings {
	return func(_ *authtest.Env, _ *core.Options, p *jwt.Options) { change(p) }
}

func signUp(t testing.TB, e *authtest.Env) *authtest.Client {
	t.Helper()
	c := e.Client()
	c.Post("/sign-up/email", body{"name": "Ada", "email": ada, "password": "correct horse"}).Want(t, 200, "")
	return c
}

func token(t testing.TB, c *authtest.Client) string {
	t.Helper()
	return c.Get("/token").Want(t, 200, "").JSON("token")
}

func part(v any) string {
	text, ok := v.([]byte)
	if !ok {
		text, _ = json.Marshal(v)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func decoded(t testing.TB, token string, at int) body {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[at])
	var v body
	if err != nil || json.Unmarshal(text, &v) != nil {
		t.Fatalf("%q: %v", token, err)
	}
	return v
}

func rows(t testing.TB, e *authtest.Env) []adapter.Record {
	t.Helper()
	out, err := e.Auth.DB().FindMany(t.Context(), adapter.Find{Model: jwt.ModelJWKS})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// counted counts readings of the table.
type counted struct {
	adapter.Database
	reads, writes *atomic.Int64
	fail          *atomic.Bool
}

func (c counted) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := c.Database.Open(s)
	return countedAdapter{a, c}, err
}

type countedAdapter struct {
	adapter.Adapter
	c counted
}

func (a countedAdapter) FindMany(ctx context.Context, q adapter.Find) ([]adapter.Record, error) {
	if q.Model == jwt.ModelJWKS {
		a.c.reads.Add(1)
		if a.c.fail.Load() {
			return nil, errors.New("the database is down")
		}
	}
	return a.Adapter.FindMany(ctx, q)
}

func (a countedAdapter) Create(ctx context.Context, model string, rec adapter.Record) (adapter.Record, error) {
	if model == jwt.ModelJWKS {
		a.c.writes.Add(1)
	}
	return a.Adapter.Create(ctx, model, rec)
}

func counting(db adapter.Database) counted {
	return counted{db, new(atomic.Int64), new(atomic.Int64), new(atomic.Bool)}
}

func TestKeysAreCached(t *testing.T) {
	t.Parallel()
	db := counting(memory.New())
	e, p := open(t, func(_ *authtest.Env, o *core.Options, _ *jwt.Options) { o.Database = db })
	c := signUp(t, e)
	for range 20 {
		c.Get("/get-session").Want(t, 200, "")
		token(t, c)
		c.Get("/jwks").Want(t, 200, "")
	}
	if n := db.reads.Load(); n != 3 { // none, none before the claim, and the new one
		t.Errorf("the table was read %d times", n)
	}
	e.Clock.Add(10 * time.Second)
	good := token(t, c)
	if n := db.reads.Load(); n != 4 {
		t.Errorf("the table was read %d times after its time", n)
	}
	t.Run("IDT-07 unknown kids", func(t *testing.T) {
		before := db.reads.Load()
		parts := strings.Split(good, ".")
		flood := func() {
			for i := range 50 {
				forged := part(body{"alg": "EdDSA", "kid": fmt.Sprint(i)}) + "." + parts[1] + "." + parts[2]
				if _, err := p.Verify(t.Context(), forged, jwt.VerifyOptions{}); verify.ReasonOf(err) != verify.ReasonKey {
					t.Fatal(err)
				}
			}
		}
		flood()
		e.Clock.Add(time.Second)
		flood()
		if n := db.reads.Load() - before; n != 1 {
			t.Errorf("%d readings", n)
		}
	})
	t.Run("an outage", func(t *testing.T) {
		e.Clock.Add(time.Minute)
		db.fail.Store(true)
		token(t, c)
		if !strings.Contains(e.Log.String(), "the keys cannot be read again") {
			t.Error("nobody was told")
		}
		db.fail.Store(false)
	})
}

// The first call waits for the keys; the others share what it reads.
func TestFirstKeyOfManyProcesses(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]schema.IDKind{"text": schema.IDString, "UUID": schema.IDUUID} {
		t.Run("RACE-13 "+name, func(t *testing.T) {
			t.Parallel()
			db := counting(memory.New())
			var plugins []*jwt.Plugin
			var envs []*authtest.Env
			for i := range 5 { // processes
				e := authtest.NewEnv(t)
				p := jwt.New(jwt.Options{})
				o := e.Options(p)
				o.Database, o.IDs.Kind = db, kind
				if i == 0 {
					e.Open(o)
				} else {
					e.Reopen(o)
				}
				plugins, envs = append(plugins, p), append(envs, e)
			}
			var wg sync.WaitGroup
			made := make([]string, 50)
			for i := range made {
				wg.Go(func() {
					var err error
					if made[i], err = plugins[i%len(plugins)].Sign(t.Context(), body{"sub": "service"}, jwt.SignOptions{}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if n := len(rows(t, envs[0])); n != 1 {
				t.Errorf("%d keys", n)
			}
			for _, e := range envs {
				e.Clock.Add(time.Second)
			}
			for _, p := range plugins {
				for _, one := range made {
					if _, err := p.Verify(t.Context(), one, jwt.VerifyOptions{}); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	t.Run("IDT-11 a key after its grace, and an expired newest key", func(t *testing.T) {
		t.Parallel()
		e, p := open(t, with(func(p *jwt.Options) {
			p.RotationInterval, p.GracePeriod, p.ExpiresIn = time.Hour, time.Hour, 24*time.Hour
		}))
		c := signUp(t, e)
		first := token(t, c)
		e.Clock.Add(time.Hour + time.Millisecond)
		second := token(t, c)
		if decoded(t, first, 0)["kid"] == decoded(t, second, 0)["kid"] {
			t.Error("an expired key has signed")
		}
		for _, one := range []string{first, second} {
			if _, err := p.Verify(t.Context(), one, jwt.VerifyOptions{}); err != nil {
				t.Error(err)
			}
		}
		e.Clock.Add(time.Hour)
		if _, err := p.Verify(t.Context(), first, jwt.VerifyOptions{}); verify.ReasonOf(err) != verify.ReasonKey {
			t.Error(err)
		}
		if got := c.Get("/jwks").Want(t, 200, "").Body; strings.Contains(got, decoded(t, first, 0)["kid"].(string)) || !strings.Contains(got, decoded(t, second, 0)["kid"].(string)) {
			t.Error(got)
		}
	})
	t.Run("a key without an end", func(t *testing.T) {
		t.Parallel()
		e, _ := open(t, nil)
		c := signUp(t, e)
		first := token(t, c)
		e.Clock.Add(24 * time.Hour)
		if decoded(t, token(t, c), 0)["kid"] != decoded(t, first, 0)["kid"] {
			t.Error("another key")
		}
	})
	t.Run("an interval that comes later, and another algorithm", func(t *testing.T) {
		t.Parallel()
		db := memory.New()
		var kids []any
		for _, o := range []jwt.Options{{}, {RotationInterval: time.Hour}, {Algorithm: jwt.ES256}, {Algorithm: jwt.RS256}, {Algorithm: jwt.PS256}, {Algorithm: jwt.RS256}} {
			e := authtest.NewEnv(t)
			e.Clock.Add(time.Duration(len(kids)) * 2 * time.Hour)
			p := jwt.New(o)
			options := e.Options(p)
			options.Database = db
			e.Open(options)
			one, err := p.Sign(t.Context(), body{"sub": "s"}, jwt.SignOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Verify(t.Context(), one, jwt.VerifyOptions{}); err != nil {
				t.Error(o.Algorithm, err)
			}
			kids = append(kids, decoded(t, one, 0)["kid"])
		}
		if kids[0] == kids[1] || kids[1] == kids[2] || kids[3] == kids[4] || kids[3] != kids[5] {
			t.Error(kids)
		}
	})
}

// A verifier of RS256 with the standard library alone, as in Python or PHP.
func TestRS256ByTheStandardLibrary(t *testing.T) {
	t.Parallel()
	e, _ := open(t, with(func(p *jwt.Options) { p.Algorithm = jwt.RS256 }))
	c := signUp(t, e)
	one := token(t, c)
	var set struct {
		Keys []struct{ Kid, Kty, Alg, N, E string }
	}
	if err := json.Unmarshal([]byte(c.Get("/jwks").Want(t, 200, "").Body), &set); err != nil || len(set.Keys) != 1 {
		t.Fatal(err)
	}
	k := set.Keys[0]
	number := func(s string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return new(big.Int).SetBytes(b)
	}
	parts := strings.Split(one, ".")
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	public := &rsa.PublicKey{N: number(k.N), E: int(number(k.E).Int64())}
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature); err != nil || k.Alg != "RS256" || k.Kid != decoded(t, one, 0)["kid"] {
		t.Error(err, k)
	}
}

func TestForgedTokens(t *testing.T) {
	t.Parallel()
	e, p := open(t, with(func(p *jwt.Options) { p.Algorithm = jwt.RS256 }))
	c := signUp(t, e)
	good := token(t, c)
	parts := strings.Split(good, ".")
	kid := decoded(t, good, 0)["kid"]
	jwks := c.Get("/jwks").Want(t, 200, "").Body
	head := func(more body) string {
		h := body{"alg": "RS256", "kid": kid}
		for name, v := range more {
			h[name] = v
		}
		return part(h)
	}
	made := func(claims body) string {
		one, err := p.Sign(t.Context(), claims, jwt.SignOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return one
	}
	mac := hmac.New(sha256.New, []byte(jwks))
	mac.Write([]byte(head(body{"alg": "HS256"}) + "." + parts[1]))
	for name, tt := range map[string]struct {
		token string
		want  verify.Reason
	}{
		"good":                                 {good, ""},
		"IDT-01 alg none":                      {head(body{"alg": "none"}) + "." + parts[1] + ".", verify.ReasonAlgorithm},
		"IDT-01 no signature":                  {parts[0] + "." + parts[1] + ".", verify.ReasonSignature},
		"IDT-02 the public key as a secret":    {head(body{"alg": "HS256"}) + "." + parts[1] + "." + part(mac.Sum(nil)), verify.ReasonAlgorithm},
		"IDT-02 PS256 with a key for RS256":    {head(body{"alg": "PS256"}) + "." + parts[1] + "." + parts[2], verify.ReasonKey},
		"IDT-03 a kid of SQL":                  {head(body{"kid": "' OR 1=1 --"}) + "." + parts[1] + "." + parts[2], verify.ReasonKey},
		"IDT-03 a kid that walks":              {head(body{"kid": "../../etc/passwd"}) + "." + parts[1] + "." + parts[2], verify.ReasonKey},
		"IDT-03 no kid":                        {part(body{"alg": "RS256"}) + "." + parts[1] + "." + parts[2], verify.ReasonKey},
		"IDT-03 a critical header":             {head(body{"crit": []string{"x"}, "x": 1}) + "." + parts[1] + "." + parts[2], verify.ReasonMalformed},
		"IDT-03 a key in the header":           {head(body{"jwk": json.RawMessage(jwks)}) + "." + parts[1] + "." + parts[2], verify.ReasonMalformed},
		"IDT-04 expired":                       {made(body{"sub": "s", "exp": e.Clock.Now().Unix()}), verify.ReasonExpired},
		"IDT-04 not yet":                       {made(body{"sub": "s", "nbf": e.Clock.Now().Unix() + 1}), verify.ReasonTime},
		"IDT-04 issued in the future":          {made(body{"sub": "s", "iat": e.Clock.Now().Unix() + 60}), verify.ReasonTime},
		"IDT-04 another issuer":                {made(body{"sub": "s", "iss": "https://evil.example"}), verify.ReasonIssuer},
		"IDT-04 another audience":              {made(body{"sub": "s", "aud": "https://evil.example"}), verify.ReasonAudience},
		"IDT-04 no subject":                    {made(body{"n": 1}), verify.ReasonSubject},
		"IDT-06 a token of another type":       {head(body{"typ": "at+jwt"}) + "." + parts[1] + "." + parts[2], verify.ReasonType},
		"IDT-09 a megabyte":                    {good + strings.Repeat("A", 1<<20), verify.ReasonMalformed},
		"IDT-09 dots":                          {strings.Repeat(".", 1<<20), verify.ReasonMalformed},
		"IDT-09 a payload that is another one": {parts[0] + "." + part(body{"sub": "admin"}) + "." + parts[2], verify.ReasonSignature},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := p.Verify(t.Context(), tt.token, jwt.VerifyOptions{})
			if verify.ReasonOf(err) != tt.want || (err == nil) != (tt.want == "") || (got == nil) != (err != nil) {
				t.Errorf("%v, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestWhoGetsAToken(t *testing.T) {
	t.Parallel()
	cached := func(_ *authtest.Env, o *core.Options, _ *jwt.Options) { o.Session.CookieCache.Enabled = true }
	for name, end := range map[string]func(t *testing.T, e *authtest.Env, c *authtest.Client){
		"signed out": func(t *testing.T, _ *authtest.Env, c *authtest.Client) {
			c.Copy().Post("/sign-out", body{}).Want(t, 200, "")
		},
		"deleted as a ban does": func(t *testing.T, e *authtest.Env, _ *authtest.Client) {
			u, err := e.Auth.Store().FindUserByEmail(t.Context(), ada)
			if err == nil {
				err = e.Auth.Store().DeleteSessions(t.Context(), u.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
		},
		"expired": func(_ *testing.T, e *authtest.Env, _ *authtest.Client) { e.Clock.Add(8 * 24 * time.Hour) },
	} {
		t.Run("ADM-11 SES-23 a session that is "+name, func(t *testing.T) {
			t.Parallel()
			e, _ := open(t, cached)
			c := signUp(t, e)
			if a := c.Get("/token").Want(t, 200, ""); a.Header.Get("Cache-Control") != "no-store" {
				t.Error(a.Header.Get("Cache-Control"))
			}
			end(t, e, c)
			c.Get("/token").Want(t, 401, "UNAUTHORIZED")
		})
	}
	for _, tc := range []struct {
		compat core.Compat
		status int // of /token
	}{{core.CompatKernia, 403}, {core.CompatBetterAuth, 200}} {
		t.Run("KEY-10 an API key gets none in passing, under "+fmt.Sprint(tc.compat), func(t *testing.T) {
			t.Parallel()
			e, _ := open(t, func(_ *authtest.Env, o *core.Options, _ *jwt.Options) {
				o.Compat = tc.compat
				o.Plugins = append(o.Plugins, apikey.New(apikey.Options{Configs: []apikey.Config{{Sessions: true}}}))
			})
			c := signUp(t, e)
			key := core.HeaderField{Name: "X-Api-Key", Value: c.Post("/api-key/create", body{}).Want(t, 200, "").JSON("key")}
			for name, from := range map[string]*authtest.Client{"alone": e.Client(), "with a cookie": c} {
				a := from.Get("/get-session", key).Want(t, 200, "")
				if got := a.Header.Get("set-auth-jwt"); got != "" || a.JSON("user", "email") != ada {
					t.Errorf("%s: %q, %s", name, got, a.Body)
				}
				if a := from.Get("/token", key); a.Status != tc.status {
					t.Errorf("%s: %d %s", name, a.Status, a.Body)
				}
			}
		})
	}
	t.Run("IDT-12 a field that a client writes is no claim", func(t *testing.T) {
		t.Parallel()
		for name, change := range map[string]settings{"plain": nil, "signed elsewhere": with(func(p *jwt.Options) {
			p.Algorithm, p.RemoteURL = jwt.ES256, "https://keys.example.com"
			p.Sign = func(_ context.Context, claims []byte) (string, error) { return "a." + part(claims) + ".c", nil }
		})} {
			e, _ := open(t, func(e *authtest.Env, o *core.Options, p *jwt.Options) {
				o.User.Fields = []schema.Field{{Name: "aud", Type: schema.String, Optional: true}, {Name: "plan", Type: schema.String, Optional: true}}
				if change != nil {
					change(e, o, p)
				}
			})
			c := e.Client()
			c.Post("/sign-up/email", body{"name": "Ada", "email": ada, "password": "correct horse", "aud": "https://bank.example", "plan": "pro"}).Want(t, 200, "")
			if got := decoded(t, token(t, c), 1); got["aud"] != authtest.BaseURL || got["plan"] != "pro" {
				t.Errorf("%s: %v", name, got)
			}
		}
	})
}

func TestKeySet(t *testing.T) {
	t.Parallel()
	e, _ := open(t, nil)
	c := e.Client()
	a := c.Get("/jwks").Want(t, 200, "")
	etag := a.Header.Get("ETag")
	if a.Header.Get("Cache-Control") != "public, max-age=15" || len(etag) < 10 || strings.Contains(a.Body, `"d"`) {
		t.Errorf("%s %q %s", a.Header.Get("Cache-Control"), etag, a.Body)
	}
	for value, want := range map[string]int{etag: 304, "W/" + etag: 304, `"x", ` + etag: 304, "*": 304, `"x"`: 200, "": 200, strings.Trim(etag, `"`): 200} {
		got := c.Get("/jwks", core.HeaderField{Name: "If-None-Match", Value: value})
		if got.Status != want || want == 304 && (got.Body != "" || got.Header.Get("ETag") != etag) {
			t.Errorf("%q: %d %s", value, got.Status, got.Body)
		}
	}
	if n := len(rows(t, e)); n != 1 {
		t.Errorf("%d keys", n)
	}
}

func TestStoredKeys(t *testing.T) {
	t.Parallel()
	// A row that Better Auth 1.6.11 has written, with its secret.
	const secret = "better-auth-wire-vector-secret-0123456789abcdef"
	wireRow := adapter.Record{
		"id": "9MPlRrSAmBGCt2LfdhTtbA1kMbjIRzoS", "createdAt": time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC),
		"publicKey":  `{"crv":"Ed25519","x":"rGkoCTemxrgQPQ0lUrAZBmHggpCvaIOLFeW0FN6GOx0","kty":"OKP"}`,
		"privateKey": `"0282500b276f91b0b1bfb4a24d87644c256b293199d3a88cd6317c5fc5c0eff88e9d710790986b10db51755a97164abbe54511e11a658c931aac190eb86b4d1a5ab72a9f8d8d3fb5c23b8d3d585ace14d51373fa76131e77dbe65cf70cfec75b343103d7cc397197014fa8821423ed1916435ab6efd0d7fbf8acb57b1f0f2d4d7dfa4a5e41d98eea51690210df875700e989ed75713b5c6ca38ffdb310fbdcdff632ab4744b160f53e"`,
	}
	const wireToken = "eyJhbGciOiJFZERTQSIsImtpZCI6IjlNUGxSclNBbUJHQ3QyTGZkaFR0YkExa01iaklSem9TIn0.eyJpYXQiOjIwNTEyMjI0MDAsIm5hbWUiOiJVIiwiZW1haWwiOiJ1QGV4YW1wbGUuY29tIiwiZW1haWxWZXJpZmllZCI6ZmFsc2UsImltYWdlIjpudWxsLCJjcmVhdGVkQXQiOiIyMDM1LTAxLTAxVDAwOjAwOjAwLjAwMFoiLCJ1cGRhdGVkQXQiOiIyMDM1LTAxLTAxVDAwOjAwOjAwLjAwMFoiLCJpZCI6IjdZdzhOZjJ5WjhyOFhyc2M2MFVidnljaGhtS1JhZjV5Iiwic3ViIjoiN1l3OE5mMnlaOHI4WHJzYzYwVWJ2eWNoaG1LUmFmNXkiLCJleHAiOjIwNTEyMjMzMDAsImlzcyI6Imh0dHA6Ly9sb2NhbGhvc3Q6MzAwMCIsImF1ZCI6Imh0dHA6Ly9sb2NhbGhvc3Q6MzAwMCJ9.3A6Aqsgtft7zZQKwTrnfq7Q56uiUKDHUjfSLlsf4gZfqkm6w3l3cxJthXB-etRaTck9UdbpTlhFW7K95NuGyBw"
	t.Run("of Better Auth", func(t *testing.T) {
		t.Parallel()
		e, p := open(t, func(_ *authtest.Env, o *core.Options, _ *jwt.Options) { o.Secret = secret })
		e.Clock.Add(wireRow["createdAt"].(time.Time).Sub(authtest.Start))
		if _, err := e.Auth.DB().Create(t.Context(), jwt.ModelJWKS, wireRow); err != nil {
			t.Fatal(err)
		}
		got, err := p.Verify(t.Context(), wireToken, jwt.VerifyOptions{})
		if err != nil || got.Subject != "7Yw8Nf2yZ8r8Xrsc60UbvychhmKRaf5y" {
			t.Fatal(got, err)
		}
		again, err := p.Sign(t.Context(), json.RawMessage(got.Payload()), jwt.SignOptions{})
		if err != nil || again != wireToken {
			t.Errorf("%s, %v", again, err)
		}
		const set = `{"keys":[{"alg":"EdDSA","crv":"Ed25519","x":"rGkoCTemxrgQPQ0lUrAZBmHggpCvaIOLFeW0FN6GOx0","kty":"OKP","kid":"9MPlRrSAmBGCt2LfdhTtbA1kMbjIRzoS"}]}`
		if got := e.Client().Get("/jwks").Want(t, 200, "").Body; got != set {
			t.Error(got)
		}
	})
	t.Run("of another secret", func(t *testing.T) {
		t.Parallel()
		e, _ := open(t, nil)
		if _, err := e.Auth.DB().Create(t.Context(), jwt.ModelJWKS, wireRow); err != nil {
			t.Fatal(err)
		}
		c := signUp(t, e)
		c.Get("/token").Want(t, 500, "INTERNAL_SERVER_ERROR")
		if a := c.Get("/get-session").Want(t, 200, ""); a.Body == "null" || a.Header.Get("set-auth-jwt") != "" {
			t.Error(a.Body)
		}
		if !strings.Contains(e.Log.String(), "encrypted with another secret") {
			t.Error("nobody was told")
		}
	})
	t.Run("IDT-08 rows that are no keys", func(t *testing.T) {
		t.Parallel()
		e, _ := open(t, nil)
		for _, public := range []string{"", "{}", "no JSON", `{"kty":"oct","k":"AAAA"}`, `{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`, `{"kty":"RSA","n":"AQAB","e":"AQAB"}`} {
			if _, err := e.Auth.DB().Create(t.Context(), jwt.ModelJWKS, adapter.Record{"publicKey": public, "privateKey": "x", "createdAt": authtest.Start}); err != nil {
				t.Fatal(err)
			}
		}
		c := signUp(t, e)
		token(t, c)
		if got := c.Get("/jwks").Want(t, 200, "").Body; strings.Count(got, "kid") != 1 {
			t.Error(got)
		}
	})
	for name, plain := range map[string]bool{"encrypted": false, "as they are": true} {
		t.Run(name+", read with the other option", func(t *testing.T) {
			t.Parallel()
			db := memory.New()
			for i, disable := range []bool{plain, !plain} {
				e := authtest.NewEnv(t)
				p := jwt.New(jwt.Options{DisablePrivateKeyEncryption: disable})
				o := e.Options(p)
				o.Database = db
				e.Open(o)
				if _, err := p.Sign(t.Context(), body{"sub": "s"}, jwt.SignOptions{}); err != nil {
					t.Error(err)
				}
				all := rows(t, e)
				if len(all) != 1 || strings.Contains(all[0]["privateKey"].(string), `"d":`) != plain {
					t.Errorf("%d: %v", i, all)
				}
			}
		})
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	moment := authtest.Start.Add(time.Hour)
	for name, tt := range map[string]struct {
		change func(p *jwt.Options)
		want   body
	}{
		"issuer":    {func(p *jwt.Options) { p.Issuer = "i" }, body{"iss": "i"}},
		"audiences": {func(p *jwt.Options) { p.Audience = []string{"a", "b"} }, body{"aud": []any{"a", "b"}}},
		"life":      {func(p *jwt.Options) { p.ExpiresIn = time.Minute }, body{"exp": float64(authtest.Start.Unix() + 60)}},
		"end":       {func(p *jwt.Options) { p.ExpiresAt = moment }, body{"exp": float64(moment.Unix())}},
		"subject": {func(p *jwt.Options) {
			p.GetSubject = func(_ context.Context, s *core.SessionData) (string, error) { return s.User.Email, nil }
		}, body{"sub": ada, "email": ada}},
		"payload": {func(p *jwt.Options) {
			p.DefinePayload = func(_ context.Context, s *core.SessionData) (any, error) {
				return struct {
					Email string  `json:"email"`
					Aud   string  `json:"aud"`
					Exp   *string `json:"exp"`
				}{Email: s.User.Email, Aud: "own"}, nil
			}
		}, body{"email": ada, "name": nil, "aud": "own", "exp": float64(authtest.Start.Unix() + 900)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, _ := open(t, with(tt.change))
			c := signUp(t, e)
			got := decoded(t, token(t, c), 1)
			for claim, want := range tt.want {
				if fmt.Sprint(got[claim]) != fmt.Sprint(want) {
					t.Errorf("%s is %v, want %v", claim, got[claim], want)
				}
			}
		})
	}
	for name, payload := range map[string]any{"no object": []int{1}, "a wrong exp": body{"exp": "2h"}, "a wrong aud": body{"aud": 5}, "a wrong iss": body{"iss": true}, "what is no JSON": func() {}} {
		t.Run("a payload that is "+name, func(t *testing.T) {
			t.Parallel()
			e, _ := open(t, with(func(p *jwt.Options) {
				p.DefinePayload = func(context.Context, *core.SessionData) (any, error) { return payload, nil }
			}))
			c := signUp(t, e)
			c.Get("/token").Want(t, 500, "INTERNAL_SERVER_ERROR")
		})
	}
	t.Run("a token that is too long", func(t *testing.T) {
		t.Parallel()
		_, p := open(t, nil)
		if _, err := p.Sign(t.Context(), body{"x": strings.Repeat("x", 64<<10)}, jwt.SignOptions{}); err == nil {
			t.Error("signed")
		}
	})
	t.Run("IDT-09 ends beyond what a verifier reads", func(t *testing.T) {
		t.Parallel()
		_, p := open(t, nil)
		payload := validate.Record{Members: wire.NewObject(wire.Member{Name: "sub", Value: wire.String("service")})}
		for _, tc := range []struct {
			o    jwt.OverrideJWT
			good bool
		}{
			{jwt.OverrideJWT{ExpiresIn: new(1e300)}, false}, {jwt.OverrideJWT{ExpiresIn: new(9.3e9)}, false}, {jwt.OverrideJWT{ExpiresIn: new(3600.0)}, true},
			{jwt.OverrideJWT{ExpirationTime: new(1e300)}, false}, {jwt.OverrideJWT{ExpirationTime: new(-1.0)}, false}, {jwt.OverrideJWT{ExpirationTime: new(4e9)}, true},
		} {
			_, err := p.SignJWT.Call(t.Context(), &jwt.SignInput{Payload: payload, OverrideOptions: &jwt.Override{JWT: &tc.o}})
			if e := (*core.Error)(nil); (err == nil) != tc.good || err != nil && (!errors.As(err, &e) || e.Status != 400) {
				t.Errorf("%+v: %v", tc.o, err)
			}
		}
	})
	t.Run("options of one token", func(t *testing.T) {
		t.Parallel()
		_, p := open(t, nil)
		one, err := p.Sign(t.Context(), body{"sub": "s"}, jwt.SignOptions{Issuer: "i", Audience: []string{"a"}, ExpiresIn: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		if got := decoded(t, one, 1); got["iss"] != "i" || got["aud"] != "a" || got["exp"] != float64(authtest.Start.Unix()+60) {
			t.Error(got)
		}
		_, err = p.SignJWT.Call(t.Context(), &jwt.SignInput{})
		if err == nil {
			t.Error("signed without a payload")
		}
	})
}

// Tokens are signed elsewhere and verified with the keys that are published there.
func TestSignedElsewhere(t *testing.T) {
	t.Parallel()
	kms, signer := open(t, with(func(p *jwt.Options) { p.Algorithm = jwt.ES256 }))
	published := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(kms.Client().Get("/jwks").Body))
	}))
	defer published.Close()
	e, p := open(t, with(func(p *jwt.Options) {
		p.Algorithm, p.RemoteURL = jwt.ES256, published.URL
		p.Sign = func(ctx context.Context, claims []byte) (string, error) {
			return signer.Sign(context.Background(), json.RawMessage(claims), jwt.SignOptions{})
		}
	}))
	c := signUp(t, e)
	c.Get("/jwks").Want(t, 404, "NOT_FOUND")
	if got, err := p.Verify(t.Context(), token(t, c), jwt.VerifyOptions{}); err != nil || got.Algorithm != "ES256" {
		t.Error(got, err)
	}
	if n := len(rows(t, e)); n != 0 {
		t.Errorf("%d keys of its own", n)
	}
}

func TestAdapter(t *testing.T) {
	t.Parallel()
	t.Run("that keeps keys", func(t *testing.T) {
		t.Parallel()
		var mu sync.Mutex
		var kept []jwt.Key
		e, p := open(t, with(func(p *jwt.Options) {
			p.Adapter = jwt.Adapter{
				List: func(context.Context) ([]jwt.Key, error) { mu.Lock(); defer mu.Unlock(); return kept, nil },
				Create: func(_ context.Context, k jwt.Key) (jwt.Key, error) {
					mu.Lock()
					defer mu.Unlock()
					k.ID = fmt.Sprint("k", len(kept))
					kept = append(kept, k)
					return k, nil
				},
			}
		}))
		c := signUp(t, e)
		if _, err := p.Verify(t.Context(), token(t, c), jwt.VerifyOptions{}); err != nil || len(kept) != 1 || len(rows(t, e)) != 0 {
			t.Error(err, kept)
		}
	})
	t.Run("that makes none", func(t *testing.T) {
		t.Parallel()
		e, _ := open(t, with(func(p *jwt.Options) {
			p.Adapter.List = func(context.Context) ([]jwt.Key, error) { return nil, nil }
		}))
		c := signUp(t, e)
		c.Get("/token").Want(t, 500, "INTERNAL_SERVER_ERROR")
	})
}

// A key that is made in a transaction that is rolled back signs nothing afterwards.
func TestInATransaction(t *testing.T) {
	t.Parallel()
	e, p := open(t, nil)
	undone := errors.New("undone")
	err := e.Auth.Store().Tx(t.Context(), func(ctx context.Context) error {
		if _, err := p.Sign(ctx, body{"sub": "s"}, jwt.SignOptions{}); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	one, err := p.Sign(t.Context(), body{"sub": "s"}, jwt.SignOptions{})
	if err != nil || len(rows(t, e)) != 1 || rows(t, e)[0]["id"] != decoded(t, one, 0)["kid"] {
		t.Error(err, rows(t, e))
	}
}

func TestNewSaysWhatToChange(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]jwt.Options{
		"Algorithm":            {Algorithm: "HS256"},
		"RSABits is for":       {RSABits: 2048},
		"RSABits is 1024":      {RSABits: 1024, Algorithm: jwt.RS256},
		"RotationInterval":     {RotationInterval: -1},
		"CacheFor":             {CacheFor: -1},
		"ExpiresIn is":         {ExpiresIn: 1},
		"either":               {ExpiresIn: time.Hour, ExpiresAt: time.Now()},
		"Audience":             {Audience: []string{""}},
		"Sign needs RemoteURL": {Sign: func(context.Context, []byte) (string, error) { return "", nil }},
		"RemoteURL needs":      {RemoteURL: "https://keys.example.com"},
		"absolute URL":         {RemoteURL: "keys", Algorithm: jwt.ES256},
		"or JWKSPath":          {RemoteURL: "https://keys.example.com", Algorithm: jwt.ES256, JWKSPath: "/x"},
		"JWKSPath":             {JWKSPath: "/../x"},
		`"jwks"`:               {JWKSPath: "jwks"},
		"renames":              {Columns: map[string]string{"kid": "x"}},
	} {
		_, err := core.New(authtest.NewEnv(t).Options(jwt.New(o)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	e, _ := open(t, with(func(p *jwt.Options) {
		p.Table, p.Columns = "signing_keys", map[string]string{"publicKey": "public_key"}
	}))
	if table, _ := e.Auth.Schema().Table(jwt.ModelJWKS); table.Name != "signing_keys" {
		t.Error(table.Name)
	}
}

func TestSecretsStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	e, _ := open(t, nil)
	c := signUp(t, e)
	one := token(t, c)
	text := e.Log.String() + fmt.Sprintf("%+v", e.Events())
	for _, row := range rows(t, e) {
		if strings.Contains(text, row["privateKey"].(string)) {
			t.Error("a key is in the log")
		}
	}
	if strings.Contains(text, one) {
		t.Error("the token is in the log")
	}
	created := 0
	for _, ev := range e.Events() {
		if ev.Type == jwt.EventKeyCreated {
			created++
		}
	}
	if created != 1 {
		t.Errorf("%d events", created)
	}
}

func BenchmarkToken(b *testing.B) {
	for _, a := range jwt.Algorithms {
		b.Run(string(a), func(b *testing.B) {
			e, p := open(b, with(func(p *jwt.Options) { p.Algorithm = a }))
			n := 0
			for b.Loop() {
				n++
				if _, err := p.Sign(b.Context(), body{"sub": "s", "n": n}, jwt.SignOptions{}); err != nil {
					b.Fatal(err)
				}
			}
			_ = e
		})
	}
}
