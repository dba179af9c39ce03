package sso_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

func TestOIDC(t *testing.T) {
	t.Parallel()
	w := open(t, settings{})
	admin := w.signUp(t, "admin@acme.test")
	w.register(t, admin, w.newOIDC("acme"))
	c := w.Client()
	wantRedirect(t, c.Get(w.arrive(t, c, "acme", ada)), "/welcome", "")
	alive(t, c, true)
	u := w.user(t, ada.Email)
	if u.Name != ada.Name || u.EmailVerified {
		t.Fatalf("the user is %q, verified %v: the provider's word counts only with TrustEmailVerified", u.Name, u.EmailVerified)
	}
	if _, err := w.Auth.Store().FindAccount(t.Context(), "acme", "1001"); err != nil {
		t.Fatalf("the account: %v", err)
	}
	again := w.Client()
	wantRedirect(t, again.Get(w.arrive(t, again, "acme", ada)), "/dashboard", "")
	if n := w.count(t, core.ModelUser); n != 2 {
		t.Fatalf("%d users, want 2", n)
	}
	by := w.Client()
	if a := by.Post("/sign-in/sso", with(body{"email": "x@eng.acme.test"})); !strings.Contains(a.JSON("url"), "login_hint=x%40eng.acme.test") {
		t.Fatalf("by the address: %d %s", a.Status, a.Body)
	}
	by.Post("/sign-in/sso", with(body{"domain": "acme.test"})).Want(t, 200, "")
	by.Post("/sign-in/sso", with(body{"domain": "evil-acme.test"})).Want(t, 404, "SSO_PROVIDER_NOT_FOUND")
	by.Post("/sign-in/sso", with(body{"providerId": "nobody"})).Want(t, 404, "SSO_PROVIDER_NOT_FOUND")
	by.Post("/sign-in/sso", targets).Want(t, 400, "SSO_PROVIDER_NOT_NAMED")
	by.Post("/sign-in/sso", with(body{"providerId": "acme", "providerType": "saml"})).Want(t, 400, "SAML_NOT_CONFIGURED")
}

func TestOIDCRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(w *world)
		user   idptest.User
		query  string
		code   string
		why    string
	}{
		{name: "OID-13 another subject at userinfo", code: "invalid_provider", why: "missing_user_info", change: func(w *world) {
			w.idp.Info(func(rw http.ResponseWriter, _ *http.Request) {
				idptest.Write(rw, 200, body{"sub": "someone-else", "email": "ada@acme.test", "name": "Ada"})
			})
		}},
		{name: "another issuer", code: "invalid_provider", why: "token_not_verified", change: func(w *world) { w.oidc.Claims = body{"iss": "https://evil.example"} }},
		{name: "a slash at the issuer's end", code: "invalid_provider", why: "token_not_verified", change: func(w *world) { w.oidc.Claims = body{"iss": w.idp.URL + "/"} }},
		{name: "another audience", code: "invalid_provider", why: "token_not_verified", change: func(w *world) { w.oidc.Claims = body{"aud": "other"} }},
		{name: "another nonce", code: "invalid_provider", why: "token_not_verified", change: func(w *world) { w.oidc.Claims = body{"nonce": "other"} }},
		{name: "no nonce", code: "invalid_provider", why: "token_not_verified", change: func(w *world) { w.oidc.Claims = body{"nonce": nil} }},
		{name: "a code that is refused", code: "invalid_provider", why: "token_response_not_found", change: func(w *world) {
			w.idp.Token(func(rw http.ResponseWriter, _ *http.Request) { idptest.Write(rw, 400, body{"error": "invalid_grant"}) })
		}},
		{name: "OID-03 a redirect of the token endpoint", code: "invalid_provider", why: "token_response_not_found", change: func(w *world) {
			w.idp.Token(func(rw http.ResponseWriter, r *http.Request) {
				http.Redirect(rw, r, "http://169.254.169.254/", http.StatusFound)
			})
		}},
		{name: "no address", code: "invalid_provider", why: "missing_user_info", user: idptest.User{ID: "7", Name: "Nobody"}},
		{name: "another issuer in the callback", code: "issuer_mismatch", query: "&iss=https%3A%2F%2Fevil.example"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, settings{})
			w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme"))
			if test.change != nil {
				test.change(w)
			}
			who := test.user
			if who.ID == nil {
				who = ada
			}
			c := w.Client()
			q := wantRedirect(t, c.Get(w.arrive(t, c, "acme", who)+test.query), "/sorry", test.code)
			if q.Get("error_description") != test.why {
				t.Fatalf("said %q, want %q", q.Get("error_description"), test.why)
			}
			alive(t, c, false)
			if n := w.count(t, core.ModelUser); n != 1 {
				t.Fatalf("%d users, want 1", n)
			}
		})
	}
}

// The state belongs to its browser and to its provider, and is used once.
func TestState(t *testing.T) {
	t.Parallel()
	w := open(t, settings{})
	admin := w.signUp(t, "admin@acme.test")
	w.register(t, admin, w.newOIDC("acme"))
	w.register(t, admin, w.newOIDC("other"))
	t.Run("another provider's callback", func(t *testing.T) {
		c := w.Client()
		back := strings.Replace(w.arrive(t, c, "acme", ada), "/sso/callback/acme", "/sso/callback/other", 1)
		wantRedirect(t, c.Get(back), "/sorry", "state_mismatch")
		alive(t, c, false)
	})
	t.Run("another browser", func(t *testing.T) {
		c := w.Client()
		back := w.arrive(t, c, "acme", ada)
		wantRedirect(t, w.Client().Get(back), base+"/error", "state_mismatch")
		wantRedirect(t, c.Get(back), "/welcome", "")
		wantRedirect(t, c.Get(back), base+"/error", "please_restart_the_process")
	})
	t.Run("OID-14 a callback that nobody has asked for", func(t *testing.T) {
		c := w.Client()
		c.Get("/sso/callback/acme?code=c-1").Want(t, 400, "VALIDATION_ERROR")
		wantRedirect(t, c.Get("/sso/callback/acme?code=c-1&state="+strings.Repeat("x", 32)), base+"/error", "please_restart_the_process")
		alive(t, c, false)
	})
	t.Run("the shared callback without the option", func(t *testing.T) {
		c := w.Client()
		back := strings.Replace(w.arrive(t, c, "acme", ada), "/sso/callback/acme", "/sso/callback", 1)
		wantRedirect(t, c.Get(back), "/sorry", "invalid_state")
	})
	t.Run("the user cancels", func(t *testing.T) {
		c := w.Client()
		address := c.Post("/sign-in/sso", with(body{"providerId": "acme"})).Want(t, 200, "").JSON("url")
		back := strings.TrimPrefix(idptest.Visit(t, w.idp.Client(), address), base)
		wantRedirect(t, c.Get(back), "/sorry", "access_denied")
	})
}

func TestSharedCallback(t *testing.T) {
	t.Parallel()
	w := open(t, settings{sso: sso.Options{RedirectURI: "/sso/callback"}})
	a := w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme"))
	if got := a.JSON("redirectURI"); got != base+"/sso/callback" {
		t.Fatalf("the callback is %q", got)
	}
	c := w.Client()
	back := w.arrive(t, c, "acme", ada)
	if !strings.HasPrefix(back, "/sso/callback?") {
		t.Fatalf("sent back to %q", back)
	}
	wantRedirect(t, c.Get(back), "/welcome", "")
}

// Addresses alone let no provider into an account that exists.
func TestLinking(t *testing.T) {
	t.Parallel()
	type linking struct {
		name     string
		settings settings
		domain   string // of the provider, and proven if settings say so
		verified bool   // the user's own address
		user     idptest.User
		code     string
	}
	trust := func(o *core.Options) { o.Account.Linking.TrustedProviders = []string{"corp"} }
	for _, test := range []linking{
		{name: "LNK-01 a tenant's provider, no domain proven", verified: true, user: ada, code: "account not linked"},
		{name: "LNK-03 the tenant's word that the address is verified", settings: settings{sso: sso.Options{TrustEmailVerified: true}}, verified: true, user: ada, code: "account not linked"},
		{name: "a proven domain", settings: settings{proven: true}, verified: true, user: ada},
		{name: "LNK-01 a proven domain, and a user who has not proven the address", settings: settings{proven: true}, user: ada, code: "account not linked"},
		{name: "SAM-28 an address outside of the proven domain", settings: settings{proven: true}, verified: true,
			user: idptest.User{ID: "1001", Name: "Ada", Email: "ada@elsewhere.test", EmailVerified: true}, code: "account not linked"},
		{name: "OID-10 a domain that only ends like the proven one", settings: settings{proven: true}, verified: true,
			user: idptest.User{ID: "1001", Name: "Ada", Email: "ada@evilacme.test", EmailVerified: true}, code: "account not linked"},
		{name: "a domain below the proven one", settings: settings{proven: true}, verified: true,
			user: idptest.User{ID: "1001", Name: "Ada", Email: "ada@eng.acme.test"}},
		{name: "a provider that the application trusts", settings: settings{core: trust, sso: sso.Options{Defaults: []sso.DefaultProvider{{
			ProviderID: "corp", Domain: "corp.test", OIDC: &sso.OIDCConfig{Issuer: "https://acme.example", ClientID: "client", ClientSecret: "secret-of-the-client"}}}}},
			domain: "corp", verified: true, user: ada},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, test.settings)
			id := "acme"
			if test.domain != "" {
				id = test.domain
			} else {
				admin := w.signUp(t, "admin@acme.test")
				w.register(t, admin, w.newOIDC("acme"))
				if test.settings.proven {
					w.prove(t, admin, "acme", "acme.test")
				}
			}
			owner := w.signUp(t, test.user.Email)
			if test.verified {
				w.verify(t, test.user.Email)
			}
			c := w.Client()
			to := "/dashboard"
			if test.code != "" {
				to = "/sorry"
			}
			wantRedirect(t, c.Get(w.arrive(t, c, id, test.user)), to, test.code)
			alive(t, c, test.code == "")
			alive(t, owner, true)
		})
	}
}

// A new user's address counts as verified only where the domain is proven, so that nobody can be
// somebody else in advance.
func TestVerifiedAddress(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		settings settings
		claim    any
		want     bool
	}{
		{"by default", settings{proven: true}, true, false},
		{"with TrustEmailVerified", settings{proven: true, sso: sso.Options{TrustEmailVerified: true}}, true, true},
		{"OID-12 the text false", settings{proven: true, sso: sso.Options{TrustEmailVerified: true}}, "false", false},
		{"with TrustEmailVerified and no proven domain", settings{sso: sso.Options{TrustEmailVerified: true}}, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, test.settings)
			admin := w.signUp(t, "admin@acme.test")
			w.register(t, admin, w.newOIDC("acme"))
			if test.settings.proven {
				w.prove(t, admin, "acme", "acme.test")
			}
			who := ada
			who.EmailVerified = test.claim
			c := w.Client()
			wantRedirect(t, c.Get(w.arrive(t, c, "acme", who)), "/welcome", "")
			if got := w.user(t, ada.Email).EmailVerified; got != test.want {
				t.Fatalf("verified %v, want %v", got, test.want)
			}
		})
	}
}

// The accounts of two providers with one subject are two.
func TestSubjectsOfTwoTenants(t *testing.T) {
	t.Parallel()
	w := open(t, settings{})
	admin := w.signUp(t, "admin@acme.test")
	w.register(t, admin, w.newOIDC("acme"))
	w.register(t, admin, w.newOIDC("other"))
	c, d := w.Client(), w.Client()
	wantRedirect(t, c.Get(w.arrive(t, c, "acme", ada)), "/welcome", "")
	same := ada
	same.Email = "mallory@other.test"
	t.Run("LNK-12 one subject of two providers", func(t *testing.T) {
		wantRedirect(t, d.Get(w.arrive(t, d, "other", same)), "/welcome", "")
		if a, b := w.userID(t, ada.Email), w.userID(t, same.Email); a == b {
			t.Fatal("both are one user")
		}
	})
}

func TestSignUpRules(t *testing.T) {
	t.Parallel()
	w := open(t, settings{sso: sso.Options{DisableImplicitSignUp: true}})
	w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme"))
	c := w.Client()
	wantRedirect(t, c.Get(w.arrive(t, c, "acme", ada)), "/sorry", "signup disabled")
	wantRedirect(t, c.Get(w.arrive(t, c, "acme", ada, body{"requestSignUp": true})), "/welcome", "")
}

func TestProvisioning(t *testing.T) {
	t.Parallel()
	var heard []string
	fail := false
	w := open(t, settings{sso: sso.Options{
		ProvisionUser: func(_ context.Context, e *sso.Arrival) error {
			if fail {
				return errors.New("the directory is down")
			}
			heard = append(heard, e.User.Email+" "+e.Provider.ProviderID+" "+e.Info["department"].(string))
			return nil
		},
		Organizations: sso.Organizations{RoleOf: func(_ context.Context, e *sso.Arrival) (string, error) {
			if e.Info["department"] == "it" {
				return "admin", nil
			}
			return "member", nil
		}},
	}})
	owner := w.signUp(t, "owner@acme.test")
	orgID := owner.Post("/organization/create", body{"name": "Acme", "slug": "acme"}).Want(t, 200, "").JSON("id")
	w.register(t, owner, w.newOIDC("acme", body{"organizationId": orgID, "oidcConfig": body{"clientId": "client", "clientSecret": "secret-of-the-client",
		"mapping": body{"id": "sub", "email": "email", "name": "name", "extraFields": body{"department": "dept"}}}}))
	w.idp.Info(func(rw http.ResponseWriter, _ *http.Request) {
		idptest.Write(rw, 200, body{"sub": "1001", "email": ada.Email, "name": ada.Name, "dept": "it"})
	})
	c := w.Client()
	fail = true
	if a := c.Get(w.arrive(t, c, "acme", ada)); a.Status != 500 {
		t.Fatalf("answered %d although ProvisionUser failed", a.Status)
	}
	alive(t, c, false)
	if n := w.count(t, core.ModelUser); n != 1 {
		t.Fatalf("%d users after a failure, want 1", n)
	}
	fail = false
	wantRedirect(t, c.Get(w.arrive(t, c, "acme", ada, body{"organizationSlug": "acme"})), "/welcome", "")
	wantRedirect(t, c.Get(w.arrive(t, c, "acme", ada)), "/dashboard", "")
	if len(heard) != 1 || heard[0] != "ada@acme.test acme it" {
		t.Fatalf("ProvisionUser heard %q", heard)
	}
	m, err := w.org.Membership(t.Context(), w.userID(t, ada.Email), orgID)
	if err != nil || m.Role != "admin" {
		t.Fatalf("the member is %v, %v", m, err)
	}
}

// The kernel's guards of sign-ins hold for these too.
func TestSignInGate(t *testing.T) {
	t.Parallel()
	w := open(t, settings{})
	w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme"))
	var methods []string
	for _, m := range w.Auth.SignInMethods() {
		methods = append(methods, m.Name)
	}
	if !strings.Contains(strings.Join(methods, " "), "sso") {
		t.Fatalf("the methods are %q", methods)
	}
	c := w.Client()
	c.Get(w.arrive(t, c, "acme", ada))
	for _, e := range w.Events() {
		if e.Type == core.EventSignIn && e.UserID == w.userID(t, ada.Email) && e.Method == sso.Method {
			return
		}
	}
	t.Fatalf("no sign-in by %q was reported", sso.Method)
}

func TestFifty(t *testing.T) {
	t.Parallel()
	w := open(t, settings{})
	w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme"))
	t.Run("RACE-04 fifty callbacks of one flow", func(t *testing.T) {
		c := w.Client()
		back := w.arrive(t, c, "acme", ada)
		cookies := core.HeaderField{Name: "Cookie", Value: c.CookieHeader()}
		if won := parallel(50, func() bool {
			a := w.Client().Get(back, cookies)
			to, _ := a.Location()
			return to == "/welcome"
		}); won != 1 {
			t.Fatalf("%d of 50 signed in", won)
		}
	})
	t.Run("RACE-02 ten first sign-ins of one user", func(t *testing.T) {
		backs, clients := make([]string, 10), make([]*authtest.Client, 10)
		for i := range backs {
			clients[i] = w.Client()
			backs[i] = w.arrive(t, clients[i], "acme", idptest.User{ID: "3003", Name: "Cy", Email: "cy@acme.test"})
		}
		before := w.count(t, core.ModelUser)
		next := make(chan int, 10)
		for i := range backs {
			next <- i
		}
		if won := parallel(10, func() bool {
			i := <-next
			a := clients[i].Get(backs[i])
			_, q := a.Location()
			return a.Status == 302 && q.Get("error") == ""
		}); won != 10 {
			t.Fatalf("%d of 10 signed in", won)
		}
		if n := w.count(t, core.ModelUser); n != before+1 {
			t.Fatalf("%d users were made, want 1", n-before)
		}
	})
}

// parallel runs fn n times at once and counts how often it returns true.
func parallel(n int, fn func() bool) (won int) {
	out := make(chan bool, n)
	start := make(chan struct{})
	for range n {
		go func() {
			<-start
			out <- fn()
		}()
	}
	close(start)
	for range n {
		if <-out {
			won++
		}
	}
	return won
}
