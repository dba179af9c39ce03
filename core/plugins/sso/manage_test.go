package sso_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/scim"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

const secretText = "secret-of-the-client"

func TestManage(t *testing.T) {
	t.Parallel()
	w := open(t, settings{})
	c, stranger := w.signUp(t, "admin@acme.test"), w.signUp(t, "stranger@acme.test")
	a := w.register(t, c, w.newOIDC("acme"))
	if a.JSON("oidcConfig", "tokenEndpoint") != w.idp.URL+"/token" || a.JSON("redirectURI") != base+"/sso/callback/acme" || a.JSON("oidcConfig", "pkce") != "true" {
		t.Fatalf("registered as %s", a.Body)
	}
	t.Run("OID-11 no answer has the secret", func(t *testing.T) {
		for _, got := range []string{a.Body, c.Get("/sso/providers").Want(t, 200, "").Body, c.Get("/sso/get-provider?providerId=acme").Want(t, 200, "").Body,
			c.Post("/sso/update-provider", body{"providerId": "acme", "domain": "acme.test,acme.example"}).Want(t, 200, "").Body} {
			if strings.Contains(got, secretText) || !strings.Contains(got, "****") {
				t.Fatalf("answered %s", got)
			}
		}
		rec, err := w.Auth.DB().FindOne(t.Context(), adapter.Find{Model: sso.ModelProvider, Where: adapter.By("providerId", "acme")})
		if stored, _ := rec["oidcConfig"].(string); err != nil || stored == "" || strings.Contains(stored, secretText) {
			t.Fatalf("stored as %v, %v", rec, err)
		}
	})
	stranger.Get("/sso/get-provider?providerId=acme").Want(t, 403, "NO_ACCESS_TO_PROVIDER")
	stranger.Post("/sso/update-provider", body{"providerId": "acme", "domain": "x.test"}).Want(t, 403, "NO_ACCESS_TO_PROVIDER")
	stranger.Post("/sso/delete-provider", body{"providerId": "acme"}).Want(t, 403, "NO_ACCESS_TO_PROVIDER")
	if got := stranger.Get("/sso/providers").Body; got != `{"providers":[]}` {
		t.Fatalf("a stranger sees %s", got)
	}
	c.Get("/sso/get-provider?providerId=none").Want(t, 404, "PROVIDER_NOT_FOUND")
	c.Post("/sso/update-provider", body{"providerId": "acme"}).Want(t, 400, "NO_FIELDS_PROVIDED")
	c.Post("/sso/update-provider", body{"providerId": "acme", "samlConfig": body{}}).Want(t, 400, "SAML_NOT_SUPPORTED")
	w.Client().Get("/sso/providers").Want(t, 401, "UNAUTHORIZED")
	c.Post("/sso/update-provider", body{"providerId": "acme", "oidcConfig": body{"scopes": []string{"openid"}}}).Want(t, 200, "")
	d := w.Client()
	wantRedirect(t, d.Get(w.arrive(t, d, "acme", ada)), "/welcome", "") // the secret is still right

	for _, change := range []body{
		{"issuer": "https://evil.example"}, {"oidcConfig": body{"clientId": "other"}}, {"oidcConfig": body{"tokenEndpoint": w.idp.URL + "/other"}},
		{"oidcConfig": body{"userInfoEndpoint": w.idp.URL + "/other"}}, {"oidcConfig": body{"jwksEndpoint": w.idp.URL + "/other"}}, {"oidcConfig": body{"mapping": body{"id": "email"}}},
	} {
		t.Run("OID-06 what says who a user is stays while there are accounts", func(t *testing.T) {
			change["providerId"] = "acme"
			c.Post("/sso/update-provider", change).Want(t, 409, "SSO_PROVIDER_HAS_ACCOUNTS")
		})
	}
	c.Post("/sso/update-provider", body{"providerId": "acme", "oidcConfig": body{"clientSecret": "another-secret"}}).Want(t, 200, "")

	t.Run("OID-07 the accounts go with the provider", func(t *testing.T) {
		c.Post("/sso/delete-provider", body{"providerId": "acme"}).Want(t, 200, "")
		if _, err := w.Auth.Store().FindAccount(t.Context(), "acme", "1001"); !core.IsNotFound(err) {
			t.Fatalf("the account is still there: %v", err)
		}
		w.register(t, stranger, w.newOIDC("acme"))
		e := w.Client()
		wantRedirect(t, e.Get(w.arrive(t, e, "acme", ada)), "/sorry", "account not linked")
	})
}

func TestRegisterRefusals(t *testing.T) {
	t.Parallel()
	w := open(t, settings{core: func(o *core.Options) { o.Account.Linking.TrustedProviders = []string{"trusted"} },
		sso:  sso.Options{Defaults: []sso.DefaultProvider{{ProviderID: "corp", Domain: "corp.test", OIDC: &sso.OIDCConfig{Issuer: "https://acme.example", ClientID: "client"}}}},
		more: []core.Plugin{scim.New(scim.Options{})}})
	c := w.signUp(t, "admin@acme.test")
	c.Post("/scim/generate-token", body{"providerId": "directory"}).Want(t, 201, "")
	w.register(t, c, w.newOIDC("taken"))
	if _, err := w.Auth.Store().CreateAccount(t.Context(), core.Account{UserID: w.userID(t, "admin@acme.test"), ProviderID: "orphan", AccountID: "1"}); err != nil {
		t.Fatal(err)
	}
	oidc := func(more body) body {
		b := body{"clientId": "client", "clientSecret": "x", "skipDiscovery": true, "authorizationEndpoint": "https://acme.example/authorize",
			"tokenEndpoint": "https://acme.example/token", "jwksEndpoint": "https://acme.example/keys"}
		for k, v := range more {
			b[k] = v
		}
		return body{"oidcConfig": b}
	}
	type refusal struct {
		name, id string
		more     body
		status   int
		code     string
	}
	tests := []refusal{
		{"an id twice", "taken", nil, 422, "SSO_PROVIDER_EXISTS"},
		{"OID-08 an id of the options", "corp", nil, 422, "PROVIDER_ID_RESERVED"},
		{"LNK-11 an id of a social provider", "google", nil, 422, "PROVIDER_ID_RESERVED"},
		{"OID-08 the passwords", "credential", nil, 422, "PROVIDER_ID_RESERVED"},
		{"OID-08 a trusted id", "trusted", nil, 422, "PROVIDER_ID_RESERVED"},
		{"OID-08 an id of a directory", "directory", nil, 422, "PROVIDER_ID_RESERVED"},
		{"OID-07 an id that has accounts", "orphan", nil, 422, "PROVIDER_ID_RESERVED"},
		{"an id with a slash", "a/b", nil, 400, "INVALID_PROVIDER_ID"},
		{"an empty id", "", nil, 400, "INVALID_PROVIDER_ID"},
		{"no issuer", "new", body{"issuer": "acme"}, 400, "INVALID_ISSUER"},
		{"OID-10 a public suffix", "new", body{"domain": "com"}, 400, "INVALID_DOMAIN"},
		{"no domain", "new", body{"domain": " , "}, 400, "INVALID_DOMAIN"},
		{"a URL in place of a domain", "new", body{"domain": "https://acme.test/x"}, 400, "INVALID_DOMAIN"},
		{"neither protocol", "new", body{"oidcConfig": nil}, 400, "VALIDATION_ERROR"},
		{"SAML without a stack", "new", body{"oidcConfig": nil, "samlConfig": body{"entryPoint": "https://acme.example", "cert": "x", "callbackUrl": "", "spMetadata": body{}}}, 400, "VALIDATION_ERROR"},
		{"no member", "new", body{"organizationId": "nope"}, 400, "NOT_A_MEMBER"},
		{"an issuer that is not trusted", "new", body{"issuer": "https://untrusted.example"}, 400, "discovery_untrusted_origin"},
		{"RED-03 an endpoint that is a script", "new", oidc(body{"authorizationEndpoint": "javascript:alert(1)"}), 400, "discovery_invalid_url"},
	}
	for _, host := range []string{"127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:169.254.169.254]", "0.0.0.0", "100.100.100.200", "metadata.google.internal",
		"localhost", "a.localhost", "[fd00::1]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]"} {
		for _, name := range []string{"tokenEndpoint", "userInfoEndpoint", "jwksEndpoint", "discoveryEndpoint"} {
			tests = append(tests, refusal{"OID-01 " + name + " at " + host, "new", oidc(body{name: "https://" + host + "/x"}), 400, "discovery_private_host"})
		}
	}
	for _, host := range []string{"2130706433", "0x7f000001", "0177.0.0.1"} {
		tests = append(tests, refusal{"OID-01 " + host, "new", oidc(body{"tokenEndpoint": "https://" + host + "/x"}), 400, "discovery_invalid_url"})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := w.newOIDC(test.id, body{"domain": "acme.test"}, test.more)
			c.Post("/sso/register", b).Want(t, test.status, test.code)
		})
	}
	t.Run("OID-01 an endpoint that is changed", func(t *testing.T) {
		c.Post("/sso/update-provider", body{"providerId": "taken", "oidcConfig": body{"tokenEndpoint": "https://169.254.169.254/"}}).Want(t, 400, "discovery_private_host")
	})
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(w *world)
		status int
		code   string
	}{
		{"OID-04 another issuer", func(w *world) { w.oidc.Document["issuer"] = "https://evil.example" }, 400, "issuer_mismatch"},
		{"OID-04 a private token endpoint", func(w *world) { w.oidc.Document["token_endpoint"] = "https://169.254.169.254/" }, 400, "discovery_private_host"},
		{"OID-04 a token endpoint that is a file", func(w *world) { w.oidc.Document["token_endpoint"] = "file:///etc/passwd" }, 400, "discovery_invalid_url"},
		{"no token endpoint", func(w *world) { delete(w.oidc.Document, "token_endpoint") }, 400, "discovery_incomplete"},
		{"OID-04 a document of a megabyte", func(w *world) { w.oidc.Document["x"] = strings.Repeat("x", 1<<20) }, 400, "discovery_invalid_json"},
		{"a path for an endpoint", func(w *world) { w.oidc.Document["token_endpoint"] = "/token" }, 200, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, settings{sso: sso.Options{AnyPublicIssuer: true}})
			test.change(w)
			w.signUp(t, "admin@acme.test").Post("/sso/register", w.newOIDC("acme")).Want(t, test.status, test.code)
		})
	}
}

// Nothing that a tenant names is dialled without the guard: a name that resolves to a private
// address, an address that answers with a redirect.
func TestGuardedRequests(t *testing.T) {
	t.Parallel()
	hit := false
	private := idptest.New(t, "private")
	private.OpenID()
	private.Info(func(http.ResponseWriter, *http.Request) { hit = true })
	for _, test := range []struct{ name, issuer, code string }{
		{"OID-02 the machine itself", private.URL, "discovery_private_host"},
		{"OID-02 a name of the machine", strings.Replace(private.URL, "127.0.0.1", "localhost", 1), "discovery_private_host"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, settings{sso: sso.Options{AnyPublicIssuer: true}})
			a := w.signUp(t, "admin@acme.test").Post("/sso/register", w.newOIDC("acme", body{"issuer": strings.Replace(test.issuer, "http://", "https://", 1)}))
			a.Want(t, 400, test.code)
		})
	}
	if hit {
		t.Fatal("the private host was asked")
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	t.Run("OID-05 nobody registers", func(t *testing.T) {
		t.Parallel()
		w := open(t, settings{sso: sso.Options{MaxProviders: -1}})
		w.signUp(t, "admin@acme.test").Post("/sso/register", w.newOIDC("acme")).Want(t, 403, "SSO_PROVIDER_REGISTRATION_DISABLED")
	})
	t.Run("OID-05 members do not register for an organization", func(t *testing.T) {
		t.Parallel()
		w := open(t, settings{})
		owner, member := w.signUp(t, "owner@acme.test"), w.signUp(t, "member@acme.test")
		orgID := owner.Post("/organization/create", body{"name": "Acme", "slug": "acme"}).Want(t, 200, "").JSON("id")
		join(t, w, orgID, "member@acme.test", "member")
		of := body{"organizationId": orgID}
		member.Post("/sso/register", w.newOIDC("acme", of)).Want(t, 403, "INSUFFICIENT_ROLE")
		w.register(t, owner, w.newOIDC("acme", of))
		member.Get("/sso/get-provider?providerId=acme").Want(t, 403, "NO_ACCESS_TO_PROVIDER")
		if got := member.Get("/sso/providers").Body; got != `{"providers":[]}` {
			t.Fatalf("a member sees %s", got)
		}
		join(t, w, orgID, w.user(t, signedUp(t, w, "second@acme.test")).Email, "admin")
		second := w.Client()
		second.Post("/sign-in/email", body{"email": "second@acme.test", "password": password}).Want(t, 200, "")
		if got := second.Get("/sso/providers"); !strings.Contains(got.Body, `"providerId":"acme"`) {
			t.Fatalf("an admin sees %d %s", got.Status, got.Body)
		}
	})
	t.Run("RACE-12 ten at once within a limit of three", func(t *testing.T) {
		t.Parallel()
		w := open(t, settings{sso: sso.Options{MaxProviders: 3}})
		c := w.signUp(t, "admin@acme.test")
		ids := make(chan string, 10)
		for _, id := range strings.Split("a b c d e f g h i j", " ") {
			ids <- id
		}
		cookie := core.HeaderField{Name: "Cookie", Value: c.CookieHeader()}
		if won := parallel(10, func() bool { return w.Client().Post("/sso/register", w.newOIDC(<-ids), cookie).Status == 200 }); won != 3 {
			t.Fatalf("%d were registered", won)
		}
	})
	t.Run("RACE-01 one id ten times at once", func(t *testing.T) {
		t.Parallel()
		w := open(t, settings{})
		clients := make(chan *authtest.Client, 10)
		for i := range 10 {
			clients <- w.signUp(t, "admin"+string(rune('a'+i))+"@acme.test")
		}
		if won := parallel(10, func() bool { return (<-clients).Post("/sso/register", w.newOIDC("acme")).Status == 200 }); won != 1 {
			t.Fatalf("%d were registered", won)
		}
	})
}

func signedUp(t testing.TB, w *world, email string) string {
	t.Helper()
	w.signUp(t, email)
	return email
}

func TestDomainVerification(t *testing.T) {
	t.Parallel()
	const label = "_better-auth-token-acme."
	w := open(t, settings{proven: true})
	c, stranger := w.signUp(t, "admin@acme.test"), w.signUp(t, "stranger@acme.test")
	a := w.register(t, c, w.newOIDC("acme", body{"domain": "acme.test, acme.example"}))
	token := a.JSON("domainVerificationToken")
	if len(token) != 24 || a.JSON("domainVerified") != "false" {
		t.Fatalf("registered as %s", a.Body)
	}
	id := body{"providerId": "acme"}
	if again := c.Post("/sso/request-domain-verification", id).Want(t, 201, "").JSON("domainVerificationToken"); again != token {
		t.Fatalf("another token %q", again)
	}
	w.Client().Post("/sign-in/sso", with(id)).Want(t, 401, "DOMAIN_NOT_VERIFIED")
	stranger.Post("/sso/verify-domain", id).Want(t, 403, "INSUFICCIENT_ACCESS")
	verify := func(status int, code string) {
		t.Helper()
		c.Post("/sso/verify-domain", id).Want(t, status, code)
	}
	verify(502, "DOMAIN_VERIFICATION_FAILED")
	t.Run("OID-10 one of two domains", func(t *testing.T) {
		w.dns.set(label+"acme.test.", token)
		verify(502, "DOMAIN_VERIFICATION_FAILED")
	})
	t.Run("OID-10 a record that only contains the token", func(t *testing.T) {
		w.dns.set(label+"acme.example.", "x"+token+"x", "_better-auth-token-acme="+token+"x")
		verify(502, "DOMAIN_VERIFICATION_FAILED")
	})
	t.Run("OID-09 the domain changes while the DNS is asked", func(t *testing.T) {
		w.dns.set(label+"acme.example.", "other", "_better-auth-token-acme="+token)
		changed := false
		w.dns.during = func(string) {
			if !changed {
				changed = true
				c.Post("/sso/update-provider", body{"providerId": "acme", "domain": "victim.test"}).Want(t, 200, "")
			}
		}
		verify(409, "SSO_PROVIDER_CHANGED")
		w.dns.during = nil
		if got := c.Get("/sso/get-provider?providerId=acme").JSON("domainVerified"); got != "false" {
			t.Fatal("the other domain counts as proven")
		}
		verify(404, "NO_PENDING_VERIFICATION") // the token was for the domains from before
	})
	t.Run("OID-09 the identity changes while the DNS is asked", func(t *testing.T) {
		for name, change := range map[string]body{
			"the issuer": {"providerId": "acme", "issuer": "https://acme.example/other"}, "the client": {"providerId": "acme", "oidcConfig": body{"clientId": "other"}},
			"the mapping": {"providerId": "acme", "oidcConfig": body{"mapping": body{"id": "sub", "email": "nickname", "name": "name"}}},
		} {
			w := open(t, settings{proven: true})
			c := w.signUp(t, "admin@acme.test")
			token := w.register(t, c, w.newOIDC("acme")).JSON("domainVerificationToken")
			w.dns.set(label+"acme.test.", "_better-auth-token-acme="+token)
			w.dns.during = func(string) { c.Post("/sso/update-provider", change).Want(t, 200, "") }
			c.Post("/sso/verify-domain", id).Want(t, 409, "SSO_PROVIDER_CHANGED")
			if got := c.Get("/sso/get-provider?providerId=acme").JSON("domainVerified"); got != "false" {
				t.Errorf("%s: the changed provider counts as proven", name)
			}
		}
	})
	t.Run("OID-09 the provider is deleted and made anew while the DNS is asked", func(t *testing.T) {
		w := open(t, settings{proven: true})
		c, other := w.signUp(t, "admin@acme.test"), w.signUp(t, "other@acme.test")
		token := w.register(t, c, w.newOIDC("acme")).JSON("domainVerificationToken")
		w.dns.set(label+"acme.test.", token)
		w.dns.during = func(string) {
			c.Post("/sso/delete-provider", id).Want(t, 200, "")
			w.register(t, other, w.newOIDC("acme"))
		}
		c.Post("/sso/verify-domain", id).Want(t, 409, "SSO_PROVIDER_CHANGED")
		if got := other.Get("/sso/get-provider?providerId=acme").JSON("domainVerified"); got != "false" {
			t.Fatal("the new provider counts as proven")
		}
	})
	w.prove(t, c, "acme", "victim.test")
	c.Post("/sso/request-domain-verification", id).Want(t, 409, "DOMAIN_VERIFIED")
	verify(409, "DOMAIN_VERIFIED")
	c.Post("/sso/update-provider", body{"providerId": "acme", "domain": "acme.test"}).Want(t, 200, "")
	if got := c.Get("/sso/get-provider?providerId=acme").JSON("domainVerified"); got != "false" {
		t.Fatal("a changed domain stays proven")
	}
	c.Post("/sso/request-domain-verification", id).Want(t, 201, "")
	w.Clock.Add(8 * 24 * time.Hour)
	c = w.Client()
	c.Post("/sign-in/email", body{"email": "admin@acme.test", "password": password}).Want(t, 200, "")
	verify(404, "NO_PENDING_VERIFICATION")

	long := strings.Repeat("a", 50)
	w.register(t, c, w.newOIDC(long, body{"domain": "long.test"}))
	c.Post("/sso/verify-domain", body{"providerId": long}).Want(t, 400, "IDENTIFIER_TOO_LONG")
}

// An address finds only a provider that has proven its domain.
func TestForeignDomains(t *testing.T) {
	t.Parallel()
	w := open(t, settings{proven: true})
	attacker, owner := w.signUp(t, "attacker@evil.test"), w.signUp(t, "admin@acme.test")
	w.register(t, attacker, w.newOIDC("a-evil", body{"domain": "acme.test"}))
	w.register(t, owner, w.newOIDC("acme"))
	w.prove(t, owner, "acme", "acme.test")
	t.Run("OID-15 a stranger's provider of the same domain", func(t *testing.T) {
		a := w.Client().Post("/sign-in/sso", with(body{"email": "ada@acme.test"})).Want(t, 200, "")
		c := w.Client()
		back := idptest.Visit(t, w.idp.Client(), idptest.As(a.JSON("url"), ada))
		if !strings.Contains(back, "/sso/callback/acme?") {
			t.Fatalf("sent to %q", back)
		}
		_ = c
	})
}

func join(t testing.TB, w *world, orgID, email, role string) {
	t.Helper()
	if _, err := w.Auth.DB().Create(t.Context(), "member", adapter.Record{"organizationId": orgID, "userId": w.userID(t, email), "role": role, "createdAt": w.Clock.Now()}); err != nil {
		t.Fatal(err)
	}
}
