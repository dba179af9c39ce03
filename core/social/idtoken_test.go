package social_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/social"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The keys are made once, because making one takes a while.
var (
	signingKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	otherKey   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
)

type object = map[string]any

func sign(key *rsa.PrivateKey, kid string, claims object) string {
	part := func(v any) string { return base64.RawURLEncoding.EncodeToString(must(json.Marshal(v))) }
	text := part(object{"alg": "RS256", "kid": kid, "typ": "JWT"}) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])))
}

const tenant = "3f1a9c52-6c1b-4d7e-9a43-2f6f5a1b7c8d"

// issuers are those of the recorded providers.
var issuers = map[string]string{
	"apple": "https://appleid.apple.com", "cognito": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc", "facebook": "https://www.facebook.com",
	"google": "https://accounts.google.com", "line": "https://access.line.me", "microsoft": "https://login.microsoftonline.com/" + tenant + "/v2.0",
	"twitch": "https://id.twitch.tv/oauth2", "paybin": "https://idp.paybin.io", "paypal": "https://www.paypal.com",
}

func claimsOf(id string, change ...func(object)) object {
	c := object{"iss": issuers[id], "sub": "1001", "aud": "cid", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "email": "ada@example.com", "email_verified": true}
	if id == "microsoft" {
		c["tid"] = tenant
	}
	for _, f := range change {
		f(c)
	}
	return c
}

func set(name string, v any) func(object) { return func(c object) { c[name] = v } }

// keys answers as a provider whose key set has signingKey as "k1", LINE's endpoint as
// one that believes every token, and debug_token for the access tokens that are in
// tokens.
func keys(tokens map[string]object) *server {
	set := string(must(json.Marshal(object{"keys": []any{jose.JSONWebKey{Key: signingKey().Public(), KeyID: "k1", Use: "sig", Algorithm: "RS256"}}})))
	return &server{respond: func(r *http.Request) (int, string, string) {
		switch {
		case r.URL.Host == "api.line.me" && r.URL.Path == "/oauth2/v2.1/verify":
			if err := r.ParseForm(); err != nil {
				return 400, "application/json", `{"error":"invalid_request"}`
			}
			payload, err := base64.RawURLEncoding.DecodeString(strings.Split(r.PostForm.Get("id_token"), ".")[1])
			if err != nil || r.PostForm.Get("client_id") != "cid" {
				return 400, "application/json", `{"error":"invalid_request","error_description":"Invalid IdToken."}`
			}
			return 200, "application/json", string(payload)
		case r.URL.Path == "/debug_token":
			q := r.URL.Query()
			if data, ok := tokens[q.Get("input_token")]; ok && q.Get("access_token") == "cid|sec" {
				return 200, "application/json", string(must(json.Marshal(object{"data": data})))
			}
			return 400, "application/json", `{"error":{"message":"Invalid OAuth access token ` + q.Get("input_token") + `","type":"OAuthException","code":190}}`
		case r.Method == http.MethodGet:
			return 200, "application/json", set
		}
		return 404, "application/json", `{}`
	}}
}

func verifyWith(p *oauth.Provider, s *server, token, nonce string) (oauth2.Claims, error) {
	return p.VerifyIDToken(context.Background(), s.client(), token, nonce)
}

// stricter are the tokens that Better Auth 1.6.11 accepts and this package does
// not, each with its reason.
var stricter = map[string]map[string]string{
	"microsoft": {"wrong issuer": "the issuer names another tenant than the token"},
	"facebook":  {"garbage": "it is taken for an access token of any application"},
	"line": {
		"wrong issuer": "LINE's answer is checked again", "expired": "as above",
		"nonce expected but absent": "a token without a nonce may be another sign-in's",
	},
}

func TestRecordedIDTokens(t *testing.T) {
	t.Parallel()
	with := func(id string) map[string]func() (token, nonce string) {
		plain := func(nonce string, change ...func(object)) func() (string, string) {
			return func() (string, string) { return sign(signingKey(), "k1", claimsOf(id, change...)), nonce }
		}
		return map[string]func() (string, string){
			"valid": plain(""), "wrong audience": plain("", set("aud", "another")), "wrong issuer": plain("", set("iss", "https://evil.example.com")),
			"expired":                              plain("", set("exp", now.Add(-time.Hour).Unix()), set("iat", now.Add(-2*time.Hour).Unix())),
			"issued more than 1h ago, not expired": plain("", set("iat", now.Add(-2*time.Hour).Unix())),
			"unknown kid":                          func() (string, string) { return sign(signingKey(), "k2", claimsOf(id)), "" },
			"nonce matches":                        plain("n", set("nonce", "n")), "nonce differs": plain("n", set("nonce", "m")), "nonce expected but absent": plain("n"),
			"nonce in token, none expected":      plain("", set("nonce", "n")),
			"garbage":                            func() (string, string) { return "garbage", "" },
			"bad signature":                      func() (string, string) { return sign(otherKey(), "k1", claimsOf(id)), "" },
			"issuer https://accounts.google.com": plain(""), "issuer accounts.google.com": plain("", set("iss", "accounts.google.com")),
		}
	}
	each(t, func(t *testing.T, want recorded, make func(social.Options) oauth.Config) {
		if want.IDToken == nil {
			if p := provider(t, make(base())); p.AcceptsIDTokens() {
				t.Error("id_tokens are accepted")
			}
			return
		}
		off := base()
		off.DisableIDTokenSignIn = true
		if provider(t, make(off)).AcceptsIDTokens() {
			t.Error("DisableIDTokenSignIn has no effect")
		}
		for name, accepted := range want.IDToken.Results {
			token, ok := with(want.ID)[name]
			if !ok { // disableIdTokenSignIn, and tenants, which have their own tests
				continue
			}
			t.Run(name, func(t *testing.T) {
				p, s := provider(t, make(base())), keys(nil)
				text, nonce := token()
				c, err := verifyWith(p, s, text, nonce)
				if want.ID == "paypal" {
					if !errors.Is(err, oauth2.ErrUnsupported) || p.AcceptsIDTokens() {
						t.Error(c, err)
					}
					return
				}
				if stricter[want.ID][name] != "" {
					accepted = false
				}
				if (err == nil) != accepted {
					t.Fatalf("%v %v, want %t", c, err, accepted)
				}
				if err == nil && c.ID("sub") != "1001" {
					t.Error(c)
				}
				if url := want.IDToken.JWKSURL; url != "" && accepted && s.last(t).url != url {
					t.Errorf("the keys come from %s, want %s", s.last(t).url, url)
				}
			})
		}
	})
}

func TestIDTokensOfTheCodeFlow(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"twitch", "paybin"} {
		p := provider(t, constructors[id](base()))
		if p.AcceptsIDTokens() {
			t.Error(id, "accepts id_tokens of clients")
		}
		if c, err := verifyWith(p, keys(nil), sign(signingKey(), "k1", claimsOf(id)), ""); err != nil || c.ID("sub") != "1001" {
			t.Error(id, c, err)
		}
		for name, change := range map[string]func(object){"audience": set("aud", "x"), "issuer": set("iss", "x"), "time": set("exp", 1)} {
			if _, err := verifyWith(p, keys(nil), sign(signingKey(), "k1", claimsOf(id, change)), ""); err == nil {
				t.Error(id, name)
			}
		}
	}
	t.Run("IDT-14 an access token of another sign-in", func(t *testing.T) {
		t.Parallel()
		for _, id := range []string{"apple", "cognito", "google", "line", "microsoft", "twitch", "paybin"} {
			p := provider(t, constructors[id](base()))
			r := oauth2.ProfileRequest{Tokens: &oauth2.Tokens{AccessToken: "another", IDToken: "a.b.c"}, IDToken: oauth2.Claims{"sub": "1001", "at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}}
			if got, err := p.Profile(context.Background(), keys(nil).client(), r); err == nil {
				t.Error(id, got)
			}
		}
	})
	t.Run("IDT-14 a code of another sign-in", func(t *testing.T) {
		t.Parallel()
		p := provider(t, constructors["apple"](base()))
		r := oauth2.ProfileRequest{Tokens: &oauth2.Tokens{}, IDToken: oauth2.Claims{"sub": "1001", "c_hash": "LDktKdoQak3Pk0cnXxCltA"}, Callback: param("code", "another")}
		if got, err := p.Profile(context.Background(), keys(nil).client(), r); err == nil {
			t.Error(got)
		}
	})
}

func TestIDTokenRulesOfProviders(t *testing.T) {
	t.Parallel()
	accepts := func(t *testing.T, c oauth.Config, want bool, token, nonce string) {
		t.Helper()
		if claims, err := verifyWith(provider(t, c), keys(nil), token, nonce); (err == nil) != want {
			t.Errorf("%v %v, want %t", claims, err, want)
		}
	}
	t.Run("IDT-13 Google's hosted domain", func(t *testing.T) {
		t.Parallel()
		for _, test := range []struct {
			option string
			claim  any
			want   bool
		}{
			{"", nil, true}, {"", "example.com", true}, {"example.com", "example.com", true}, {"example.com", "evil.example.com", false}, {"example.com", "Example.com", false},
			{"example.com", nil, false}, {"example.com", "", false}, {"*", "any.example", true}, {"*", nil, false}, {"*", true, false}, {"example.com", []string{"example.com"}, false},
		} {
			c := claimsOf("google")
			if test.claim != nil {
				c["hd"] = test.claim
			}
			accepts(t, social.Google(social.GoogleOptions{Options: base(), HostedDomain: test.option}), test.want, sign(signingKey(), "k1", c), "")
		}
	})
	t.Run("IDT-13 Apple's nonce, plain and hashed", func(t *testing.T) {
		t.Parallel()
		sum := sha256.Sum256([]byte("n"))
		hashed := sign(signingKey(), "k1", claimsOf("apple", set("nonce", hex.EncodeToString(sum[:]))))
		accepts(t, constructors["apple"](base()), true, hashed, "n")
		accepts(t, constructors["apple"](base()), false, hashed, "m")
		accepts(t, constructors["google"](base()), false, sign(signingKey(), "k1", claimsOf("google", set("nonce", hex.EncodeToString(sum[:])))), "n")
	})
	t.Run("IDT-13 Microsoft's tenants", func(t *testing.T) {
		t.Parallel()
		const consumers = "9188040d-6c67-4c5b-b112-36a304b66dad"
		at := func(iss, tid string) object {
			return claimsOf("microsoft", set("iss", "https://login.microsoftonline.com/"+iss+"/v2.0"), set("tid", tid))
		}
		for _, test := range []struct {
			tenant string
			claims object
			want   bool
		}{
			{"", at(tenant, tenant), true}, {"common", at(consumers, consumers), true}, {"common", at(tenant, consumers), false}, {"common", at("x", "x"), false},
			{"common", at(consumers+"/../"+tenant, tenant), false}, {"common", at(tenant, ""), false},
			{"organizations", at(tenant, tenant), true}, {"organizations", at(consumers, consumers), false}, {"organizations", at(strings.ToUpper(consumers), strings.ToUpper(consumers)), false},
			{"consumers", at(consumers, consumers), true}, {"consumers", at(tenant, tenant), false},
			{tenant, at(tenant, tenant), true}, {tenant, at(consumers, consumers), false}, {"contoso", at("contoso", ""), true}, {"contoso", at(tenant, tenant), false},
		} {
			c := social.Microsoft(social.MicrosoftOptions{Options: base(), TenantID: test.tenant})
			accepts(t, c, test.want, sign(signingKey(), "k1", test.claims), "")
		}
		own := social.MicrosoftOptions{Options: base(), TenantID: "contoso.onmicrosoft.com/b2c_1_x", Authority: "https://contoso.b2clogin.com/", Issuer: "https://contoso.b2clogin.com/" + tenant + "/v2.0/"}
		accepts(t, social.Microsoft(own), true, sign(signingKey(), "k1", claimsOf("microsoft", set("iss", own.Issuer))), "")
		accepts(t, social.Microsoft(own), false, sign(signingKey(), "k1", claimsOf("microsoft")), "")
		external := social.MicrosoftOptions{Options: base(), TenantID: tenant, Authority: "https://contoso.ciamlogin.com"}
		accepts(t, social.Microsoft(external), true, sign(signingKey(), "k1", claimsOf("microsoft", set("iss", "https://"+tenant+".ciamlogin.com/"+tenant+"/v2.0"))), "")
	})
	t.Run("IDT-05 audiences", func(t *testing.T) {
		t.Parallel()
		o := base()
		o.Audiences = []string{"ios"}
		for _, id := range []string{"apple", "cognito", "facebook", "google", "microsoft"} {
			token := sign(signingKey(), "k1", claimsOf(id, set("aud", "ios")))
			accepts(t, constructors[id](o), true, token, "")
			accepts(t, constructors[id](base()), false, token, "")
		}
		accepts(t, social.Apple(social.AppleOptions{Options: base(), AppBundleIdentifier: "com.example.app"}), true, sign(signingKey(), "k1", claimsOf("apple", set("aud", "com.example.app"))), "")
		android := sign(signingKey(), "k1", claimsOf("google", set("azp", "android-client")))
		accepts(t, constructors["google"](base()), true, android, "")
		accepts(t, constructors["microsoft"](base()), false, sign(signingKey(), "k1", claimsOf("microsoft", set("azp", "another"))), "")
	})
	t.Run("IDT-06 Cognito's access token", func(t *testing.T) {
		t.Parallel()
		accepts(t, constructors["cognito"](base()), true, sign(signingKey(), "k1", claimsOf("cognito", set("token_use", "id"))), "")
		accepts(t, constructors["cognito"](base()), false, sign(signingKey(), "k1", claimsOf("cognito", set("token_use", "access"))), "")
	})
	t.Run("LINE's answers", func(t *testing.T) {
		t.Parallel()
		for name, answer := range map[string]string{
			"empty": `{}`, "no object": `[]`, "another audience": `{"aud":"x","iss":"https://access.line.me","sub":"U1"}`, "a list": `{"aud":["cid"],"iss":"https://access.line.me","sub":"U1"}`,
		} {
			s := &server{respond: func(*http.Request) (int, string, string) { return 200, "application/json", answer }}
			if c, err := verifyWith(provider(t, constructors["line"](base())), s, "a.b.c", ""); err == nil {
				t.Error(name, c)
			}
		}
		o := base()
		o.Audiences = []string{"another-channel"}
		for name, change := range map[string]func(object){"another channel of ours": set("aud", "another-channel"), "a list": set("aud", []string{"cid"})} {
			if c, err := verifyWith(provider(t, constructors["line"](o)), keys(nil), sign(signingKey(), "k1", claimsOf("line", change)), ""); err == nil {
				t.Error(name, c)
			}
		}
		s := keys(nil)
		for _, token := range []string{"", "garbage", strings.Repeat(".", 100000), strings.Repeat("a", 1<<20) + ".b.c"} {
			if _, err := verifyWith(provider(t, constructors["line"](base())), s, token, ""); err == nil {
				t.Error("accepted")
			}
		}
		if len(s.seen) > 0 {
			t.Error("LINE was asked about what is no token")
		}
	})
}

func TestFacebookAccessTokens(t *testing.T) {
	t.Parallel()
	me := func(id string) func(*http.Request) (int, string, string) {
		inner := keys(map[string]object{
			"ours":          {"is_valid": true, "app_id": "cid", "user_id": "1001"},
			"of our app":    {"is_valid": true, "app_id": "ios", "user_id": "1001"},
			"theirs":        {"is_valid": true, "app_id": "another", "user_id": "1001"},
			"expired":       {"is_valid": false, "app_id": "cid", "user_id": "1001"},
			"valid by text": {"is_valid": "true", "app_id": "cid", "user_id": "1001"},
			"of the app":    {"is_valid": true, "app_id": "cid"},
		})
		return func(r *http.Request) (int, string, string) {
			if r.URL.Path == "/me" {
				return 200, "application/json", `{"id":"` + id + `","name":"Ada Lovelace","email":"ada@example.com"}`
			}
			return inner.respond(r)
		}
	}
	o := base()
	o.Audiences = []string{"ios"}
	p := provider(t, constructors["facebook"](o))
	for token, want := range map[string]bool{
		"ours": true, "of our app": true, "theirs": false, "expired": false, "valid by text": false, "of the app": false, "unknown": false, "": false, strings.Repeat("x", 5000): false,
	} {
		s := &server{respond: me("1001")}
		claims, err := verifyWith(p, s, token, "")
		if (err == nil) != want {
			t.Errorf("IDT-05 %.20q as id_token: %v %v", token, claims, err)
		}
		if err != nil && len(token) > 5 && strings.Contains(describe(err), token) {
			t.Errorf("%q is repeated: %s", token, describe(err))
		}
		_, err = p.Profile(context.Background(), s.client(), oauth2.ProfileRequest{Tokens: &oauth2.Tokens{AccessToken: token}})
		if (err == nil) != want {
			t.Errorf("IDT-05 %.20q as access token: %v", token, err)
		}
		if want {
			// The profile is read with the token that was checked, not with the one beside it.
			got, err := p.Profile(context.Background(), s.client(), oauth2.ProfileRequest{Tokens: &oauth2.Tokens{AccessToken: "theirs", IDToken: token}, IDToken: claims})
			if err != nil || got.ID != "1001" || got.EmailVerified || s.last(t).header["authorization"] != "Bearer "+token {
				t.Error(got, err)
			}
		}
	}
	s := &server{respond: me("1002")}
	if got, err := p.Profile(context.Background(), s.client(), oauth2.ProfileRequest{Tokens: &oauth2.Tokens{AccessToken: "ours"}}); err == nil {
		t.Error("the profile of another user:", got)
	}
	if _, err := verifyWith(p, s, "ours", "n"); err == nil {
		t.Error("an access token is accepted for a nonce")
	}
}

func describe(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*oauth2.Error](err); ok {
		text += e.Description + e.URI
	}
	return text
}

func TestPayPalSubject(t *testing.T) {
	t.Parallel()
	const user = "https://www.paypal.com/webapps/auth/identity/user/1001"
	s := &server{respond: func(*http.Request) (int, string, string) {
		return 200, "application/json", `{"user_id":"` + user + `","name":"Ada Lovelace","email":"ada@example.com","email_verified":"true"}`
	}}
	p := provider(t, constructors["paypal"](base()))
	for token, want := range map[string]bool{
		"": true, sign(otherKey(), "k", object{"sub": user}): true, sign(otherKey(), "k", object{"sub": "another"}): false, sign(otherKey(), "k", object{}): false, "garbage": false, "a.%.c": false,
	} {
		got, err := p.Profile(context.Background(), s.client(), oauth2.ProfileRequest{Tokens: &oauth2.Tokens{AccessToken: "at", IDToken: token}})
		if (err == nil) != want {
			t.Errorf("%.40q: %v %v", token, got, err)
		}
	}
}

func TestOverrides(t *testing.T) {
	t.Parallel()
	o := base()
	o.VerifyIDToken = func(context.Context, *http.Client, *oauth2.Provider, string, string) (oauth2.Claims, error) {
		return oauth2.Claims{"sub": "own"}, nil
	}
	o.Profile = func(_ context.Context, _ *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
		return &oauth2.Profile{ID: "own", Raw: r.IDToken}, nil
	}
	o.Refresh = func(_ context.Context, _ *http.Client, _ *oauth2.Provider, token string, now time.Time) (*oauth2.Tokens, error) {
		return &oauth2.Tokens{AccessToken: "new " + token, AccessTokenExpiresAt: now}, nil
	}
	o.DisableSignUp, o.DisableImplicitSignUp, o.OverrideUserInfo = true, true, true
	o.MapProfile = func(context.Context, *oauth2.Profile) (map[string]any, error) { return nil, nil }
	s := &server{respond: func(*http.Request) (int, string, string) { panic("a request") }}
	for id, make := range constructors {
		c := make(o)
		if !c.DisableSignUp || !c.DisableImplicitSignUp || !c.OverrideUserInfo || c.MapProfile == nil {
			t.Error(id, "drops options")
		}
		p := provider(t, c)
		claims, err := verifyWith(p, s, "any", "")
		if err != nil || claims.ID("sub") != "own" || !p.AcceptsIDTokens() {
			t.Error(id, claims, err)
		}
		got, err := p.Profile(context.Background(), s.client(), oauth2.ProfileRequest{IDToken: claims})
		if err != nil || got.ID != "own" {
			t.Error(id, got, err)
		}
		tokens, err := p.Refresh(context.Background(), s.client(), "rt", now)
		if err != nil || tokens.AccessToken != "new rt" || tokens.RefreshToken != "rt" {
			t.Error(id, tokens, err)
		}
	}
}

// Answers that are no profile are errors, never panics or profiles without an id.
func TestHostileProfiles(t *testing.T) {
	t.Parallel()
	for id, make := range constructors {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			p := provider(t, make(base()))
			for _, answer := range []string{
				``, `null`, `[]`, `{}`, `"x"`, `{"data":null}`, `{"data":[]}`, `{"data":[5]}`, `{"data":{}}`, `{"data":{"user":5}}`, `{"user":[]}`, `{"id":0}`, `{"id":"undefined"}`, `{"id":{}}`,
				`{"sub":null}`, `{"kakao_account":5,"id":""}`, `{"bot":{"owner":5}}`, `{"resultcode":"00","response":5}`, `{"success":true,"result":5}`, `{"state":"active"}`, `{"openid":5}`, `<html>`,
			} {
				s := &server{respond: func(r *http.Request) (int, string, string) {
					if r.URL.Path == "/debug_token" {
						return 200, "application/json", `{"data":{"is_valid":true,"app_id":"cid","user_id":"1001"}}`
					}
					return 200, "application/json", answer
				}}
				for _, tokens := range []*oauth2.Tokens{{AccessToken: "at", Raw: json.RawMessage(`{"openid":"0"}`)}, {AccessToken: "at", Raw: json.RawMessage(`{}`)}, {}, nil} {
					if got, err := p.Profile(context.Background(), s.client(), oauth2.ProfileRequest{Tokens: tokens}); err == nil {
						t.Errorf("%s: %+v", answer, *got)
					}
				}
			}
			down := &server{respond: func(*http.Request) (int, string, string) {
				return 500, "application/json", `{"id":"1001","sub":"1001"}`
			}}
			if got, err := p.Profile(context.Background(), down.client(), oauth2.ProfileRequest{Tokens: &oauth2.Tokens{AccessToken: "secret-token"}}); err == nil || strings.Contains(describe(err), "secret-token") {
				t.Error(got, err)
			}
		})
	}
}
