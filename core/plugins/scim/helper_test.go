package scim_test

import (
	"encoding/json"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/scim"
)

type body = map[string]any

const (
	password = "correct horse"
	users    = "/scim/v2/Users"
	groups   = "/scim/v2/Groups"
	userURN  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN = "urn:ietf:params:scim:schemas:core:2.0:Group"
	patchURN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// static is the connection of the application.
var static = scim.StaticConnection{ProviderID: "corp", Token: "abcdefghijklmnopqrstuvwx"}

// world is an Auth with the plugin and organizations.
type world struct {
	*authtest.Env
	p   *scim.Plugin
	org *organization.Plugin
}

func open(t testing.TB, o scim.Options, more ...core.Plugin) *world {
	t.Helper()
	if o.Connections == nil {
		o.Connections = []scim.StaticConnection{static}
	}
	w := &world{p: scim.New(o), org: organization.New(organization.Options{MembershipLimit: 1000, Teams: organization.Teams{Enabled: true}})}
	w.Env = authtest.New(t, nil, append([]core.Plugin{emailpassword.New(emailpassword.Options{}), w.org, w.p}, more...)...)
	return w
}

func (w *world) signUp(t testing.TB, email string) *authtest.Client {
	t.Helper()
	c := w.Client()
	c.Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	return c
}

func (w *world) userID(t testing.TB, email string) string {
	t.Helper()
	u, err := w.Auth.Store().FindUserByEmail(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	return u.ID
}

// directory is a client of the protocol.
type directory struct {
	c     *authtest.Client
	token string
}

func (w *world) directory(token string) *directory { return &directory{w.Client(), token} }

func (w *world) app() *directory { return w.directory(static.BearerToken()) }

// found makes an organization and its connection.
func (w *world) found(t testing.TB, owner *authtest.Client, name string) (*directory, string) {
	t.Helper()
	orgID := owner.Post("/organization/create", body{"name": name, "slug": name}).Want(t, 200, "").JSON("id")
	token := owner.Post("/scim/generate-token", body{"providerId": name + "-directory", "organizationId": orgID}).Want(t, 201, "").JSON("scimToken")
	return w.directory(token), orgID
}

func (d *directory) do(method, path string, content any, more ...core.HeaderField) *authtest.Answer {
	text := ""
	header := append([]core.HeaderField{{Name: "Authorization", Value: "Bearer " + d.token}, {Name: "Origin"}, {Name: "Cookie"}}, more...)
	switch v := content.(type) {
	case nil:
	case string:
		text = v
	default:
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		text = string(raw)
	}
	if text != "" {
		header = append(header, core.HeaderField{Name: "Content-Type", Value: "application/scim+json"})
	}
	return d.c.Do(method, path, text, header...)
}

func (d *directory) create(t testing.TB, userName string) string {
	t.Helper()
	return status(t, d.do("POST", users, user(userName)), 201).JSON("id")
}

func user(userName string) body {
	return body{"schemas": []string{userURN}, "userName": userName, "name": body{"givenName": "Ada", "familyName": "Lovelace"},
		"emails": []body{{"primary": true, "type": "work", "value": userName}}, "active": true}
}

func patch(ops ...body) body { return body{"schemas": []string{patchURN}, "Operations": ops} }

// status wants a status, and the form of the protocol from failures.
func status(t testing.TB, a *authtest.Answer, want int) *authtest.Answer {
	t.Helper()
	if a.Status != want {
		t.Fatalf("status %d, want %d: %s", a.Status, want, a.Body)
	}
	if want >= 400 && a.JSON("schemas", "0") == "" && a.JSON("status") == "" {
		t.Fatalf("no failure of the protocol: %s", a.Body)
	}
	return a
}
