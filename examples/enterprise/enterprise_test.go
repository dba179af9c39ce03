package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
)

type object = map[string]any

// browser is a client with cookies that follows redirects.
type browser struct {
	*http.Client
	t     *testing.T
	token string // of a directory, which has no cookies
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{Client: &http.Client{Jar: jar}, t: t}
}

// do sends a request as a page of the origin does, and reads the answer.
func (b *browser) do(method, origin, path string, body any, want int) object {
	b.t.Helper()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, origin+path, content)
	if err != nil {
		b.t.Fatal(err)
	}
	if b.token != "" {
		r.Header.Set("Authorization", "Bearer "+b.token)
	} else {
		r.Header.Set("Origin", origin)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if answer.StatusCode != want {
		b.t.Fatalf("%s %s: %d %s, want %d", method, path, answer.StatusCode, text, want)
	}
	var out object
	_ = json.Unmarshal(text, &out) // a page or a list is not looked at
	return out
}

// An owner connects a company and its directory, somebody who works there signs in, and leaves.
func TestEnterprise(t *testing.T) {
	t.Parallel()
	here, base, err := listen(t.Context(), "localhost", "0", "")
	if err != nil {
		t.Fatal(err)
	}
	there, origin, err := listen(t.Context(), "127.0.0.1", "0", "")
	if err != nil {
		t.Fatal(err)
	}
	idp, err := newCompany(t.Context(), origin, base+"/api/auth/sso/callback")
	if err != nil {
		t.Fatal(err)
	}
	zone := newZone()
	auth, err := newApplication(base, origin, zone)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 2)
	for _, s := range []*http.Server{serve(here, routes(auth, idp, zone), ended), serve(there, idp.handler, ended)} {
		t.Cleanup(func() { _ = s.Close() })
	}
	const api = "/api/auth"

	owner := newBrowser(t)
	owner.do("GET", base, "/", nil, 200)
	owner.do("GET", base, "/page.js", nil, 200)
	owner.do("POST", base, api+"/sign-up/email", object{"name": "Bob", "email": "bob@example.com", "password": "correct horse"}, 200)
	org, _ := owner.do("POST", base, api+"/organization/create", object{"name": "Acme", "slug": "acme"}, 200)["id"].(string)
	demo := owner.do("GET", base, "/demo", nil, 200)
	owner.do("POST", base, api+"/sso/register", object{
		"providerId": "acme", "issuer": demo["issuer"], "domain": demo["domain"], "organizationId": org,
		"oidcConfig": object{"clientId": demo["clientId"], "clientSecret": demo["clientSecret"], "scopes": []string{"openid", "email", "profile"}},
	}, 200)

	ada := newBrowser(t)
	ada.do("POST", base, api+"/sign-in/sso", object{"email": "ada@acme.example", "callbackURL": "/"}, 401) // the domain is not proven

	token, _ := owner.do("POST", base, api+"/sso/request-domain-verification", object{"providerId": "acme"}, 201)["domainVerificationToken"].(string)
	owner.do("POST", base, api+"/sso/verify-domain", object{"providerId": "acme"}, 502) // nor published
	label := "_better-auth-token-acme"
	owner.do("POST", base, "/demo/dns", object{"name": label + ".example.com", "value": "x"}, 400)
	owner.do("POST", base, "/demo/dns", object{"name": label + ".acme.example", "value": label + "=" + token}, 204)
	owner.do("POST", base, api+"/sso/verify-domain", object{"providerId": "acme"}, 204)

	// The directory makes Ada before she has ever been here, with the subject that the identity
	// provider will name.
	made, _ := owner.do("POST", base, api+"/scim/generate-token", object{"providerId": "acme", "organizationId": org}, 201)["scimToken"].(string)
	employee, _ := ada.do("POST", origin, api+"/sign-in/email", object{"email": "ada@acme.example", "password": idp.password}, 200)["user"].(object)
	directory := newBrowser(t)
	directory.token = made
	known := directory.do("POST", base, api+"/scim/v2/Users", object{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "ada@acme.example", "externalId": employee["id"],
		"name": object{"givenName": "Ada", "familyName": "Lovelace"}, "emails": []object{{"value": "ada@acme.example", "primary": true}}, "active": true,
	}, 201)

	to, _ := ada.do("POST", base, api+"/sign-in/sso", object{"email": "ada@acme.example", "callbackURL": "/"}, 200)["url"].(string)
	if !strings.HasPrefix(to, origin+"/") {
		t.Fatalf("sent to %q", to)
	}
	ada.do("GET", to, "", nil, 200)
	user, _ := ada.do("GET", base, api+"/get-session", nil, 200)["user"].(object)
	if user["id"] != known["id"] || user["email"] != "ada@acme.example" {
		t.Fatalf("signed in as %v, want the user of the directory, %v", user, known["id"])
	}
	members, _ := owner.do("GET", base, api+"/organization/list-members?organizationId="+org, nil, 200)["members"].([]any)
	if len(members) != 2 {
		t.Errorf("%d members, want 2", len(members))
	}

	// The directory takes her access away.
	path, _ := known["id"].(string)
	directory.do("PATCH", base, api+"/scim/v2/Users/"+path, object{
		"schemas":    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []object{{"op": "replace", "path": "active", "value": false}},
	}, 204)
	if left := ada.do("GET", base, api+"/get-session", nil, 200); left != nil {
		t.Errorf("she is still signed in: %v", left)
	}
}
