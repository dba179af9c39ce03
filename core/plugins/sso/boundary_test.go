package sso_test

import "testing"

// The address of a profile finds the user to whom an account is linked, so its claim is identity too.
func TestMappingIsIdentity(t *testing.T) {
	t.Parallel()
	t.Run("OID-06 the claim of the address stays while there are accounts", func(t *testing.T) {
		t.Parallel()
		w := open(t, settings{})
		admin := w.signUp(t, "admin@acme.test")
		w.register(t, admin, w.newOIDC("acme"))
		c := w.Client()
		wantRedirect(t, c.Get(w.arrive(t, c, "acme", ada)), "/welcome", "")
		for _, mapping := range []body{{"email": "nickname"}, {"emailVerified": "nickname_verified"}} {
			admin.Post("/sso/update-provider", body{"providerId": "acme", "oidcConfig": body{"mapping": mapping}}).Want(t, 409, "SSO_PROVIDER_HAS_ACCOUNTS")
		}
		usual := body{"id": "sub", "email": "email", "emailVerified": "email_verified", "name": "nickname"}
		admin.Post("/sso/update-provider", body{"providerId": "acme", "oidcConfig": body{"mapping": usual}}).Want(t, 200, "")
	})
	t.Run("SAM-28 the attribute of the address stays while there are accounts", func(t *testing.T) {
		t.Parallel()
		w := openSAML(t, settings{})
		c := w.Client()
		b := beginSAML(t, c)
		wantRedirect(t, post(c, acs, "SAMLResponse", w.response(b), "RelayState", b.relay), "/dashboard", "")
		admin := w.Client()
		admin.Post("/sign-in/email", body{"email": "admin@acme.test", "password": password}).Want(t, 200, "")
		for _, mapping := range []body{{"id": "nameID", "email": "other"}, {"id": "nameID", "email": "mail", "emailVerified": "team"}} {
			admin.Post("/sso/update-provider", body{"providerId": "acme", "samlConfig": body{"mapping": mapping}}).Want(t, 409, "SSO_PROVIDER_HAS_ACCOUNTS")
		}
	})
}

// What was proven of one identity provider is not proven of the next.
func TestNewIdentityNeedsNewProof(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]body{
		"the client":     {"oidcConfig": body{"clientId": "other"}},
		"an endpoint":    {"oidcConfig": body{"userInfoEndpoint": "https://acme.example/other"}},
		"the id":         {"oidcConfig": body{"mapping": body{"id": "email"}}},
		"the address":    {"oidcConfig": body{"mapping": body{"email": "nickname"}}},
		"the domain":     {"domain": "other.test"},
		"another issuer": {"issuer": "https://acme.example/other"},
	} {
		t.Run("OID-09 "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, settings{proven: true})
			c := w.signUp(t, "admin@acme.test")
			w.register(t, c, w.newOIDC("acme"))
			w.prove(t, c, "acme", "acme.test")
			c.Post("/sso/update-provider", body{"providerId": "acme", "oidcConfig": body{"scopes": []string{"openid"}}}).Want(t, 200, "")
			if got := c.Get("/sso/get-provider?providerId=acme").JSON("domainVerified"); got != "true" {
				t.Fatal("a change of the scopes ends the proof")
			}
			change["providerId"] = "acme"
			c.Post("/sso/update-provider", change).Want(t, 200, "")
			if got := c.Get("/sso/get-provider?providerId=acme").JSON("domainVerified"); got != "false" {
				t.Fatal("the domain is still proven")
			}
			w.Client().Post("/sign-in/sso", with(body{"providerId": "acme"})).Want(t, 401, "DOMAIN_NOT_VERIFIED")
		})
	}
	t.Run("OID-09 a token that is pending", func(t *testing.T) {
		t.Parallel()
		w := open(t, settings{proven: true})
		c := w.signUp(t, "admin@acme.test")
		w.register(t, c, w.newOIDC("acme"))
		c.Post("/sso/update-provider", body{"providerId": "acme", "oidcConfig": body{"clientId": "other"}}).Want(t, 200, "")
		c.Post("/sso/verify-domain", body{"providerId": "acme"}).Want(t, 404, "NO_PENDING_VERIFICATION")
	})
}
