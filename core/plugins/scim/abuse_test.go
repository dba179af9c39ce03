package scim_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/scim"
)

// Each attack by the id of its row.
func TestAttacks(t *testing.T) {
	t.Parallel()
	t.Run("SCM-01 tokens", scm01Tokens)
	t.Run("SCM-02 of another organization", scm02OfAnotherOrganization)
	t.Run("SCM-03 existing address", scm03ExistingAddress)
	t.Run("SCM-03 linking", scm03Linking)
	t.Run("SCM-04 changed address", scm04ChangedAddress)
	t.Run("SCM-04 takeover after proof", scm04TakeoverAfterProof)
	t.Run("SCM-06 block ends with proof", scm06BlockEndsWithProof)
	t.Run("SCM-05 delete", scm05Delete)
	t.Run("SCM-06 deactivation", scm06Deactivation)
	t.Run("SCM-06 last ones", scm06LastOnes)
	t.Run("SCM-07 tokens", scm07Tokens)
	t.Run("SCM-07 the id of another", scm07IdOfAnother)
	t.Run("SCM-08 filters", scm08Filters)
	t.Run("SCM-09 patches", scm09Patches)
	t.Run("SCM-10 read only", scm10ReadOnly)
	t.Run("SCM-11 log", scm11Log)
	t.Run("SCM-12 races", scm12Races)
}

func scm01Tokens(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{})
	own, _ := w.found(t, w.signUp(t, "owner@example.com"), "acme")
	raw, _ := base64.URLEncoding.DecodeString(own.token)
	for name, token := range map[string]string{
		"none": "", "text": "nothing", "another secret": base64.URLEncoding.EncodeToString([]byte("-" + string(raw)[1:])),
		"another connection": base64.URLEncoding.EncodeToString([]byte(strings.Replace(string(raw), "acme-directory", "corp", 1))),
		"no names":           base64.URLEncoding.EncodeToString(raw[:24]), "NUL": base64.URLEncoding.EncodeToString([]byte("a:b\x00")),
		"not UTF-8": base64.URLEncoding.EncodeToString([]byte("a:\xff")), "long": strings.Repeat("a", 5000),
		"a prefix":        base64.URLEncoding.EncodeToString([]byte(string(raw)[1:])),
		"of the table":    base64.URLEncoding.EncodeToString([]byte(stored(t, w, "acme-directory") + ":acme-directory")),
		"a static prefix": base64.URLEncoding.EncodeToString([]byte(static.Token[:23] + ":corp")),
	} {
		for _, path := range []string{users, users + "/x"} {
			a := status(t, w.directory(token).do("GET", path, nil), 401)
			if a.Header.Get("WWW-Authenticate") == "" || a.Header.Get("Content-Type") != "application/scim+json" {
				t.Errorf("%s: %v", name, a.Header)
			}
		}
	}
	status(t, own.do("GET", users, nil), 200)
	status(t, w.directory(strings.TrimRight(own.token, "=")).do("GET", users, nil), 200)
	if got := stored(t, w, "acme-directory"); strings.Contains(string(raw), got) {
		t.Error("the token is stored as it is")
	}
}

func stored(t testing.TB, w *world, providerID string) string {
	t.Helper()
	rec, err := w.Auth.DB().FindOne(t.Context(), adapter.Find{Model: scim.ModelProvider, Where: adapter.By("providerId", providerID)})
	if err != nil {
		t.Fatal(err)
	}
	return rec["scimToken"].(string)
}

func scm02OfAnotherOrganization(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{Groups: &scim.Groups{}})
	a, _ := w.found(t, w.signUp(t, "a@example.com"), "alpha")
	b, _ := w.found(t, w.signUp(t, "b@example.com"), "beta")
	id := a.create(t, "ada@alpha.example")
	group := status(t, a.do("POST", groups, body{"schemas": []string{groupURN}, "displayName": "Eng", "members": []body{{"value": id}}}), 201).JSON("id")
	owner := w.userID(t, "a@example.com")
	for _, d := range []*directory{b, w.app()} {
		for _, other := range []string{id, owner, "nobody"} {
			status(t, d.do("GET", users+"/"+other, nil), 404)
			status(t, d.do("PUT", users+"/"+other, user("eve@beta.example")), 404)
			status(t, d.do("PATCH", users+"/"+other, patch(body{"op": "replace", "value": body{"active": false}})), 404)
			status(t, d.do("DELETE", users+"/"+other, nil), 404)
		}
		status(t, d.do("GET", groups+"/"+group, nil), 404)
		status(t, d.do("PATCH", groups+"/"+group, patch(body{"op": "remove", "path": "members"})), 404)
		status(t, d.do("PUT", groups+"/"+group, body{"displayName": "x"}), 404)
		status(t, d.do("DELETE", groups+"/"+group, nil), 404)
		for _, filter := range []string{"", `userName eq "ada@alpha.example"`, `emails.value co "alpha"`, `id eq "` + id + `"`, `not (active eq false)`, `externalId eq "ada@alpha.example"`} {
			if n := status(t, d.do("GET", users+"?filter="+url.QueryEscape(filter), nil), 200).JSON("totalResults"); n != "0" {
				t.Errorf("%q: %s", filter, n)
			}
		}
		status(t, d.do("POST", groups, body{"displayName": "Spies", "members": []body{{"value": id}}}), 400)
	}
	status(t, a.do("GET", users+"/"+owner, nil), 404) // a member whom the directory has not provisioned
	status(t, a.do("GET", users+"/"+id, nil), 200)
}

func scm03ExistingAddress(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{})
	w.signUp(t, "victim@example.com")
	d, _ := w.found(t, w.signUp(t, "owner@example.com"), "acme")
	for _, dir := range []*directory{d, w.app()} {
		if a := status(t, dir.do("POST", users, user("VICTIM@example.com")), 409); a.JSON("scimType") != "uniqueness" {
			t.Errorf("%s", a.Body)
		}
		content := user("other-name")
		content["emails"] = []body{{"value": "victim@example.com"}}
		status(t, dir.do("POST", users, content), 409)
	}
	accounts, err := w.Auth.Store().FindAccounts(t.Context(), w.userID(t, "victim@example.com"))
	if err != nil || len(accounts) != 1 {
		t.Errorf("%d accounts, %v", len(accounts), err)
	}
}

// Linking is an option, never by an address that is not verified, and gives no control.
func scm03Linking(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{LinkExistingUsers: true})
	victim := w.signUp(t, "victim@example.com")
	d, _ := w.found(t, w.signUp(t, "owner@example.com"), "acme")
	status(t, d.do("POST", users, user("victim@example.com")), 409)
	id := w.userID(t, "victim@example.com")
	if _, err := w.Auth.Store().UpdateUser(t.Context(), id, adapter.Record{"emailVerified": true}); err != nil {
		t.Fatal(err)
	}
	if got := d.create(t, "victim@example.com"); got != id {
		t.Fatal(got)
	}
	status(t, d.do("PUT", users+"/"+id, user("evil@example.com")), 200)
	status(t, d.do("PATCH", users+"/"+id, patch(body{"op": "replace", "path": "name.formatted", "value": "Eve"})), 204)
	status(t, d.do("PATCH", users+"/"+id, patch(body{"op": "replace", "path": "active", "value": false})), 204)
	u, err := w.Auth.Store().FindUser(t.Context(), id)
	if err != nil || u.Email != "victim@example.com" || !u.EmailVerified || u.Name != "Ada" {
		t.Errorf("%v %v", u, err)
	}
	victim.Post("/sign-in/email", body{"email": "victim@example.com", "password": password}).Want(t, 200, "")
	status(t, d.do("GET", users+"/"+id, nil), 200)
	status(t, d.do("DELETE", users+"/"+id, nil), 204)
	victim.Post("/sign-in/email", body{"email": "victim@example.com", "password": password}).Want(t, 200, "")
}

func scm04ChangedAddress(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{})
	w.signUp(t, "victim@example.com")
	d := w.app()
	id := d.create(t, "ada@example.com")
	d.create(t, "bob@example.com")
	if _, err := w.Auth.Store().UpdateUser(t.Context(), id, adapter.Record{"emailVerified": true}); err != nil {
		t.Fatal(err)
	}
	for _, taken := range []string{"victim@example.com", "VICTIM@example.com", "bob@example.com"} {
		status(t, d.do("PUT", users+"/"+id, user(taken)), 409)
		status(t, d.do("PATCH", users+"/"+id, patch(body{"op": "replace", "path": "userName", "value": taken})), 409)
		status(t, d.do("PATCH", users+"/"+id, patch(body{"op": "replace", "path": `emails[type eq "work"].value`, "value": taken})), 409)
	}
	if u, _ := w.Auth.Store().FindUser(t.Context(), id); u.Email != "ada@example.com" || !u.EmailVerified {
		t.Errorf("%s %v", u.Email, u.EmailVerified)
	}
	status(t, d.do("PATCH", users+"/"+id, patch(body{"op": "replace", "path": "userName", "value": "ada@other.example"})), 204)
	if u, _ := w.Auth.Store().FindUser(t.Context(), id); u.Email != "ada@other.example" || u.EmailVerified {
		t.Errorf("%s %v", u.Email, u.EmailVerified)
	}
}

// A directory that anybody may connect loses its hold on a user who has proven the address.
func scm04TakeoverAfterProof(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{})
	owner := w.signUp(t, "mallory@example.com")
	org, _ := w.found(t, owner, "acme")
	personal := w.directory(owner.Post("/scim/generate-token", body{"providerId": "mine"}).Want(t, 201, "").JSON("scimToken"))
	for i, d := range []*directory{org, personal} {
		address := fmt.Sprintf("victim%d@example.com", i)
		id := d.create(t, address)
		if _, err := w.Auth.Store().UpdateUser(t.Context(), id, adapter.Record{"emailVerified": true}); err != nil {
			t.Fatal(err)
		}
		status(t, d.do("PUT", users+"/"+id, user("evil@example.com")), 200)
		status(t, d.do("PATCH", users+"/"+id, patch(body{"op": "replace", "path": "emails", "value": []body{{"value": "evil@example.com"}}})), 204)
		status(t, d.do("PATCH", users+"/"+id, patch(body{"op": "replace", "path": "active", "value": false})), 204)
		u, err := w.Auth.Store().FindUser(t.Context(), id)
		if err != nil || u.Email != address || !u.EmailVerified {
			t.Fatalf("%v %v", u, err)
		}
		if banned, _ := core.Banned.Of(u.Extra); banned {
			t.Error("blocked")
		}
		status(t, d.do("DELETE", users+"/"+id, nil), 204)
		if _, err := w.Auth.Store().FindUser(t.Context(), id); err != nil {
			t.Error("deleted", err)
		}
	}
}

// Whoever was blocked before gets in with the proof of the address.
func scm06BlockEndsWithProof(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{})
	d, _ := w.found(t, w.signUp(t, "mallory@example.com"), "acme")
	id := d.create(t, "victim@example.com")
	status(t, d.do("PATCH", users+"/"+id, patch(body{"op": "replace", "path": "active", "value": false})), 204)
	blocked := func() bool {
		u, err := w.Auth.Store().FindUser(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		is, _ := core.Banned.Of(u.Extra)
		return is
	}
	if !blocked() {
		t.Fatal("not blocked")
	}
	if _, err := w.Auth.Store().UpdateUser(t.Context(), id, adapter.Record{"emailVerified": true}); err != nil {
		t.Fatal(err)
	}
	if blocked() {
		t.Error("still blocked")
	}
}

func scm05Delete(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{})
	owner := w.signUp(t, "owner@example.com")
	d, orgID := w.found(t, owner, "acme")
	id := d.create(t, "ada@example.com")
	if m, err := w.org.Membership(t.Context(), id, orgID); err != nil || m.Role != "member" {
		t.Fatal(m, err)
	}
	status(t, d.do("DELETE", users+"/"+id, nil), 204)
	if _, err := w.Auth.Store().FindUser(t.Context(), id); err != nil {
		t.Error("the directory of an organization has deleted a user", err)
	}
	if _, err := w.org.Membership(t.Context(), id, orgID); !core.IsNotFound(err) {
		t.Error("still a member", err)
	}
	status(t, d.do("DELETE", users+"/"+id, nil), 404)
	if again := d.create(t, "ada@example.com"); again != id { // RFC 7644 §3.6: no 409
		t.Error("another user", again)
	}
	app := w.app()
	id = app.create(t, "bob@example.com")
	status(t, app.do("DELETE", users+"/"+id, nil), 204)
	if _, err := w.Auth.Store().FindUser(t.Context(), id); !core.IsNotFound(err) {
		t.Error("the user is still there", err)
	}
}

func scm06Deactivation(t *testing.T) {
	t.Parallel()
	for name, more := range map[string][]core.Plugin{
		"alone":      {apikey.New(apikey.Options{})},
		"with admin": {apikey.New(apikey.Options{}), admin.New(admin.Options{})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, scim.Options{}, more...)
			d := w.app()
			id := d.create(t, "ada@example.com")
			hash, err := w.Auth.HashPassword(t.Context(), password)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Auth.Store().SetPassword(t.Context(), id, hash); err != nil {
				t.Fatal(err)
			}
			c := w.Client()
			in := body{"email": "ada@example.com", "password": password}
			c.Post("/sign-in/email", in).Want(t, 200, "")
			keys, _ := apikey.From(w.Auth)
			key := c.Post("/api-key/create", body{}).Want(t, 200, "").JSON("key")
			verify := func(want bool) {
				t.Helper()
				reply, err := keys.Verify.Call(t.Context(), &apikey.VerifyInput{Key: key})
				if err != nil || reply.Valid != want {
					t.Errorf("key: %v, %v", reply.Valid, err)
				}
			}
			verify(true)
			for _, off := range []body{patch(body{"op": "Replace", "path": "active", "value": "False"}), patch(body{"op": "replace", "value": body{"active": false}}),
				patch(body{"op": "Add", "path": "active", "value": "False"})} {
				status(t, d.do("PATCH", users+"/"+id, off), 204)
				if a := c.Get("/get-session"); string(a.Body) != "null" {
					t.Errorf("session: %s", a.Body)
				}
				if a := c.Post("/sign-in/email", in); a.Status != 403 {
					t.Errorf("sign-in: %d %s", a.Status, a.Body)
				}
				verify(false)
				status(t, d.do("PATCH", users+"/"+id, patch(body{"op": "replace", "path": "active", "value": true})), 204)
				c.Post("/sign-in/email", in).Want(t, 200, "")
				verify(true)
			}
			content := user("ada@example.com")
			content["active"] = false
			status(t, d.do("PUT", users+"/"+id, content), 200)
			if a := c.Get("/get-session"); string(a.Body) != "null" {
				t.Errorf("session: %s", a.Body)
			}
		})
	}
}

// The last administrator and the last owner stay, and a ban of an administrator is not lifted.
func scm06LastOnes(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{LinkExistingUsers: true}, admin.New(admin.Options{}))
	d := w.app()
	id := d.create(t, "root@example.com")
	if _, err := w.Auth.Store().UpdateUser(t.Context(), id, adapter.Record{"role": "admin"}); err != nil {
		t.Fatal(err)
	}
	status(t, d.do("PATCH", users+"/"+id, patch(body{"op": "replace", "path": "active", "value": false})), 400)
	status(t, d.do("DELETE", users+"/"+id, nil), 400)
	status(t, d.do("GET", users+"/"+id, nil), 200)
	other := d.create(t, "ada@example.com")
	admins, _ := admin.From(w.Auth)
	if _, err := admins.BanUser.Call(t.Context(), &admin.BanUserInput{UserID: other}); err != nil {
		t.Fatal(err)
	}
	for _, active := range []bool{false, true} {
		status(t, d.do("PATCH", users+"/"+other, patch(body{"op": "replace", "path": "active", "value": active})), 204)
	}
	if u, _ := w.Auth.Store().FindUser(t.Context(), other); !u.BannedAt(w.Auth.Now()) {
		t.Error("the ban is gone")
	}
	owner := w.signUp(t, "owner@example.com")
	org, orgID := w.found(t, owner, "acme")
	ownerID := w.userID(t, "owner@example.com")
	if _, err := w.Auth.Store().UpdateUser(t.Context(), ownerID, adapter.Record{"emailVerified": true}); err != nil {
		t.Fatal(err)
	}
	org.create(t, "owner@example.com")
	for _, a := range []struct {
		method  string
		content any
	}{{"PATCH", patch(body{"op": "replace", "path": "active", "value": false})}, {"DELETE", nil}} {
		status(t, org.do(a.method, users+"/"+ownerID, a.content), 400)
	}
	if m, err := w.org.Membership(t.Context(), ownerID, orgID); err != nil || m.Role != "owner" {
		t.Error(m, err)
	}
}

func scm07Tokens(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{})
	owner := w.signUp(t, "owner@example.com")
	_, orgID := w.found(t, owner, "acme")
	member := w.signUp(t, "member@example.com")
	post := func(content body, want int, code string) {
		t.Helper()
		member.Post("/scim/generate-token", content).Want(t, want, code)
	}
	post(body{"providerId": "x", "organizationId": orgID}, 403, "NOT_A_MEMBER")
	post(body{"providerId": "x", "organizationId": "nothing"}, 403, "NOT_A_MEMBER")
	if _, err := w.org.Add(t.Context(), organization.NewMember{OrganizationID: orgID, UserID: w.userID(t, "member@example.com"), Roles: []string{"member"}}); err != nil {
		t.Fatal(err)
	}
	post(body{"providerId": "x", "organizationId": orgID}, 403, "INSUFFICIENT_ROLE")
	post(body{"providerId": "acme-directory"}, 403, "INSUFFICIENT_ROLE")
	member.Get("/scim/get-provider-connection?providerId=acme-directory").Want(t, 403, "INSUFFICIENT_ROLE")
	member.Post("/scim/delete-provider-connection", body{"providerId": "acme-directory"}).Want(t, 403, "INSUFFICIENT_ROLE")
	for _, id := range []string{"credential", "email-otp", "magic-link", "phone-number", "anonymous", "siwe", "google", "github", "corp"} {
		post(body{"providerId": id}, 400, "PROVIDER_ID_RESERVED")
	}
	for _, id := range []string{"", "a:b", "a\nb", strings.Repeat("a", 300)} {
		if a := member.Post("/scim/generate-token", body{"providerId": id}); a.Status != 400 {
			t.Errorf("%q: %d", id, a.Status)
		}
	}
	owner.Post("/scim/generate-token", body{"providerId": "personal"}).Want(t, 201, "")
	post(body{"providerId": "personal"}, 403, "MUST_BE_OWNER")
	member.Get("/scim/get-provider-connection?providerId=personal").Want(t, 403, "MUST_BE_OWNER")
	member.Post("/scim/delete-provider-connection", body{"providerId": "personal"}).Want(t, 403, "MUST_BE_OWNER")
	if a := member.Get("/scim/list-provider-connections").Want(t, 200, ""); string(a.Body) != `{"providers":[]}` {
		t.Errorf("%s", a.Body)
	}
	w.Client().Post("/scim/generate-token", body{"providerId": "x"}).Want(t, 401, "UNAUTHORIZED")
}

// The id of a connection that is gone does not give its users to somebody else.
func scm07IdOfAnother(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{})
	owner := w.signUp(t, "owner@example.com")
	d, orgID := w.found(t, owner, "acme")
	id := d.create(t, "ada@example.com")
	owner.Post("/scim/delete-provider-connection", body{"providerId": "acme-directory"}).Want(t, 200, "")
	status(t, d.do("GET", users, nil), 401)
	thief := w.signUp(t, "thief@example.com")
	thief.Post("/scim/generate-token", body{"providerId": "acme-directory"}).Want(t, 409, "PROVIDER_ID_IN_USE")
	own := thief.Post("/organization/create", body{"name": "T", "slug": "t"}).Want(t, 200, "").JSON("id")
	thief.Post("/scim/generate-token", body{"providerId": "acme-directory", "organizationId": own}).Want(t, 409, "PROVIDER_ID_IN_USE")
	again := w.directory(owner.Post("/scim/generate-token", body{"providerId": "acme-directory", "organizationId": orgID}).Want(t, 201, "").JSON("scimToken"))
	status(t, again.do("GET", users+"/"+id, nil), 200)
}

func scm08Filters(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{Groups: &scim.Groups{}})
	d := w.app()
	d.create(t, "ada@example.com")
	for _, filter := range []string{
		`userName eq "x" or 1=1`, `userName eq "x' OR '1'='1`, strings.Repeat("(", 10000) + `userName pr`, strings.Repeat("not (", 200) + `userName pr` + strings.Repeat(")", 200),
		`role eq "admin"`, `password eq "x"`, `__proto__ pr`, `constructor.prototype pr`, `userName`, `userName eq`, `userName xx "a"`, `userName eq "a`, `not userName pr`,
		`userName eq "a" and`, `active gt true`, `emails[value`, `emails[emails[value pr]]`, `userName eq "\u0000"`, "userName eq \"\\ud800", strings.Repeat("a", 5000), `meta.created gt "yesterday"`,
		strings.TrimSuffix(strings.Repeat(`userName pr or `, 100), " or "), `urn:x:y:z pr`, `name eq "x"`, `userName eq {"$ne":null}`,
	} {
		for _, path := range []string{users} {
			if a := status(t, d.do("GET", path+"?filter="+url.QueryEscape(filter), nil), 400); a.JSON("scimType") != "invalidFilter" {
				t.Errorf("%q: %s", filter, a.Body)
			}
		}
	}
	for _, filter := range []string{`userName eq "%"`, `userName sw "_"`, `userName co ".*"`, `userName eq "' OR 1=1 --"`, `userName co "$ne"`, `displayName eq "\\"`, `externalId eq "%"`, `emails.value eq "%"`} {
		if a := status(t, d.do("GET", users+"?filter="+url.QueryEscape(filter), nil), 200); a.JSON("totalResults") != "0" {
			t.Errorf("%q: %s", filter, a.Body)
		}
	}
}

func scm09Patches(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{})
	d := w.app()
	id := d.create(t, "ada@example.com")
	many := make([]body, 1001)
	for i := range many {
		many[i] = body{"op": "replace", "path": "title", "value": "x"}
	}
	before := status(t, d.do("GET", users+"/"+id, nil), 200).Body
	good := body{"op": "replace", "path": "title", "value": "changed"}
	for name, content := range map[string]any{
		"prototype":        patch(good, body{"op": "add", "path": "__proto__", "value": "x"}),
		"giant path":       patch(good, body{"op": "add", "path": `roles[type eq "` + strings.Repeat("x", 5000) + `"]`, "value": "x"}),
		"many operations":  patch(many...),
		"unknown op":       patch(good, body{"op": "move", "path": "title", "value": "x"}),
		"no target":        patch(good, body{"op": "remove"}),
		"no match":         patch(good, body{"op": "replace", "path": `roles[value co "x"].value`, "value": "x"}),
		"an id":            patch(good, body{"op": "replace", "path": "id", "value": "x"}),
		"groups":           patch(good, body{"op": "add", "path": "groups", "value": []body{{"value": "x"}}}),
		"a bad address":    patch(good, body{"op": "replace", "path": "emails", "value": []body{{"value": "x"}}}),
		"a long text":      patch(good, body{"op": "replace", "path": "title", "value": strings.Repeat("x", 2000)}),
		"a number":         patch(good, body{"op": "replace", "path": "active", "value": 7}),
		"two primaries":    patch(good, body{"op": "add", "path": "phoneNumbers", "value": []body{{"value": "1", "primary": true}, {"value": "2", "primary": true}}}),
		"no user name":     patch(good, body{"op": "remove", "path": "userName"}),
		"another message":  body{"schemas": []string{userURN}, "Operations": []body{good}},
		"nothing":          patch(),
		"no operations":    body{"schemas": []string{patchURN}},
		"a list":           []body{good},
		"unknown members":  patch(body{"op": "replace", "value": body{"role": "admin", "banned": false}}),
		"a role":           patch(good, body{"op": "replace", "path": "role", "value": "admin"}),
		"not JSON":         `{"schemas"`,
		"a deep value":     `{"schemas":["` + patchURN + `"],"Operations":[{"op":"add","value":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}]}`,
		"a line feed":      patch(body{"op": "replace", "path": "userName", "value": "a\nb@example.com"}),
		"placeholder":      patch(body{"op": "replace", "path": "userName", "value": "a@x.placeholder.invalid"}),
		"a 300 character":  patch(body{"op": "replace", "path": "userName", "value": strings.Repeat("a", 300)}),
		"value in an attr": patch(good, body{"op": "replace", "path": `title[value eq "x"]`, "value": "x"}),
	} {
		if a := d.do("PATCH", users+"/"+id, content); a.Status < 400 || a.Status >= 500 || a.JSON("status") == "" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if after := status(t, d.do("GET", users+"/"+id, nil), 200).Body; string(after) != string(before) {
		t.Errorf("changed\n%s\n%s", before, after)
	}
	for query, want := range map[string][2]string{"startIndex=-1&count=1": {"1", "1"}, "count=1e9": {"1", "1"}, "count=-5": {"1", "0"}, "startIndex=99": {"99", "0"}, "count=0": {"1", "0"}} {
		a := status(t, d.do("GET", users+"?"+query, nil), 200)
		if a.JSON("totalResults") != "1" || a.JSON("startIndex") != want[0] || a.JSON("itemsPerPage") != want[1] {
			t.Errorf("%s: %s", query, a.Body)
		}
	}
	status(t, d.do("GET", users+"?count=x", nil), 400)
}

func scm10ReadOnly(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{}, admin.New(admin.Options{}))
	d := w.app()
	content := user("ada@example.com")
	content["password"], content["role"], content["id"], content["meta"], content["groups"] = "secret-canary", "admin", "chosen", body{"version": "x"}, []body{{"value": "g"}}
	content["emailVerified"], content["banned"] = true, true
	a := status(t, d.do("POST", users, content), 201)
	id := a.JSON("id")
	if id == "chosen" || strings.Contains(string(a.Body), "canary") || strings.Contains(string(a.Body), `"groups"`) {
		t.Errorf("%s", a.Body)
	}
	u, err := w.Auth.Store().FindUser(t.Context(), id)
	if err != nil || u.EmailVerified || u.Extra["role"] != "user" || u.Extra["banned"] == true {
		t.Errorf("%v %v", u, err)
	}
	if _, err := w.Auth.Store().FindCredential(t.Context(), id); !core.IsNotFound(err) {
		t.Error("a password", err)
	}
	status(t, d.do("PATCH", users+"/"+id, patch(body{"op": "replace", "value": body{"password": "other-canary", "title": "x"}})), 204)
	row, err := w.Auth.DB().FindOne(t.Context(), adapter.Find{Model: scim.ModelUser, Where: adapter.By("userId", id)})
	if err != nil || strings.Contains(fmt.Sprintf("%v", map[string]any(row)), "canary") {
		t.Errorf("stored: %v", err)
	}
}

func scm11Log(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{})
	d := w.app()
	d.create(t, "ada@example.com")
	for _, filter := range []string{`userName eq "canary@example.com"`, `userName xx "canary"`, `externalId co "canary"`} {
		d.do("GET", users+"?filter="+url.QueryEscape(filter), nil)
	}
	d.do("PATCH", users+"/x", patch(body{"op": "add", "path": `roles[value eq "canary"]`}))
	w.directory("canary").do("GET", users, nil)
	for _, word := range []string{"canary", static.Token, d.token, "ada@example.com"} {
		if strings.Contains(w.Log.String(), word) {
			t.Errorf("%q is in the log", word)
		}
	}
	for _, e := range w.Events() {
		if strings.Contains(fmt.Sprintf("%+v", e), "canary") || strings.Contains(fmt.Sprintf("%+v", e), "ada@") {
			t.Errorf("%+v", e)
		}
	}
}

func scm12Races(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{})
	d := w.app()
	crowd := func(f func(i int) int) map[int]int {
		var mu sync.Mutex
		var wg sync.WaitGroup
		got := map[int]int{}
		for i := range 20 {
			wg.Go(func() {
				s := f(i)
				mu.Lock()
				defer mu.Unlock()
				got[s]++
			})
		}
		wg.Wait()
		return got
	}
	if got := crowd(func(int) int { return w.app().do("POST", users, user("ada@example.com")).Status }); got[201] != 1 || got[409] != 19 {
		t.Fatal(got)
	}
	id := w.userID(t, "ada@example.com")
	got := crowd(func(i int) int {
		if i == 7 {
			return w.app().do("DELETE", users+"/"+id, nil).Status
		}
		return w.app().do("PATCH", users+"/"+id, patch(body{"op": "replace", "path": "title", "value": fmt.Sprint(i)})).Status
	})
	if got[500] > 0 || got[204] == 0 {
		t.Error(got)
	}
	status(t, d.do("GET", users+"/"+id, nil), 404)
	if n, _ := w.Auth.DB().Count(t.Context(), scim.ModelUser, nil); n != 0 {
		t.Error("a row is left", n)
	}
}
