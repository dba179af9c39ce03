// Package scimtest has the flows of the plugin for flowtest.Run.
package scimtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/scim"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{
			{Name: "a life of a user of a directory", Run: life},
			{Name: "groups of a directory", Run: group},
			{Name: "SCM-08 filters of a directory", Run: filters},
			{Name: "SCM-06 deactivations end with their connection", Run: ending},
		},
		Races: []flowtest.Flow{
			{Name: "SCM-12 one user provisioned at once", Run: raceCreate},
			{Name: "SCM-12 changes against a deletion", Run: raceDelete},
			{Name: "SCM-12 one address for two users", Run: raceAddress},
			{Name: "SCM-12 members of one group", Run: raceGroup},
			{Name: "SCM-12 members of one team", Run: raceTeam},
			{Name: "SCM-12 one name for several groups", Run: raceGroupNames},
			{Name: "SCM-12 a group renamed while members join", Run: raceRoles},
			{Name: "SCM-12 changes of one version of a user", Run: raceVersion},
			{Name: "SCM-12 changes of one version of a group", Run: raceGroupVersion},
			{Name: "SCM-12 deactivations against the end of their connection", Run: raceEnd},
		},
		Faults: []flowtest.Request{
			{Name: "a directory makes a user", Change: with, Prepare: func(_ *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return e.Client(), send("POST", "/Users", user("ada"))
			}},
			{Name: "a directory deactivates a user", Change: with, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return e.Client(), send("PATCH", "/Users/"+create(s, e, "ada"), off())
			}},
			{Name: "a directory removes a user", Change: with, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return e.Client(), send("DELETE", "/Users/"+create(s, e, "ada"), nil)
			}},
			{Name: "a directory makes a group", Change: with, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return e.Client(), send("POST", "/Groups", flowtest.Body{"displayName": "Eng", "members": []flowtest.Body{{"value": create(s, e, "ada")}}})
			}},
			{Name: "a directory changes a group", Change: with, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				id := create(s, e, "ada")
				g := send("POST", "/Groups", flowtest.Body{"displayName": "Eng"})(e.Client()).Want(s, 201, "").JSON("id")
				return e.Client(), send("PATCH", "/Groups/"+g, add(id))
			}},
			{Name: "a directory ends with a deactivation", Change: with, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				owner, token, _ := company(s, e)
				id := do(e.Client(), token, "POST", "/Users", user("ada")).Want(s, 201, "").JSON("id")
				do(e.Client(), token, "PATCH", "/Users/"+id, off()).Want(s, 204, "")
				return owner, flowtest.Send("POST", "/scim/delete-provider-connection", flowtest.Body{"providerId": "acme"})
			}},
			{Name: "a token for a directory", Change: with, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return flowtest.SignUp(s, e, flowtest.Email), flowtest.Send("POST", "/scim/generate-token", flowtest.Body{"providerId": "mine"})
			}},
		},
	}
}

var static = scim.StaticConnection{ProviderID: "corp", Token: "abcdefghijklmnopqrstuvwx"}

func with(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.Plugins = append(o.Plugins, organization.New(organization.Options{Teams: organization.Teams{Enabled: true}}),
		scim.New(scim.Options{Connections: []scim.StaticConnection{static}, Groups: &scim.Groups{Teams: true}}))
}

// withRoles is with for groups that give the role of their name.
func withRoles(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.Plugins = append(o.Plugins, organization.New(organization.Options{}), scim.New(scim.Options{Groups: &scim.Groups{
		Roles: func(_ context.Context, _ *scim.Connection, g *scim.Group) ([]string, error) {
			if strings.HasPrefix(g.DisplayName, "admin") {
				return []string{"admin"}, nil
			}
			return nil, nil
		}}}))
}

// company is an organization with a connection.
func company(s *flowtest.T, e *authtest.Env) (owner *authtest.Client, token, organizationID string) {
	s.Helper()
	owner = flowtest.SignUp(s, e, flowtest.Email)
	organizationID = owner.Post("/organization/create", flowtest.Body{"name": "Acme", "slug": "acme"}).Want(s, 200, "").JSON("id")
	token = owner.Post("/scim/generate-token", flowtest.Body{"providerId": "acme", "organizationId": organizationID}).Want(s, 201, "").JSON("scimToken")
	return owner, token, organizationID
}

// send makes a request of the directory.
func send(method, path string, content any) func(*authtest.Client) *authtest.Answer {
	return func(c *authtest.Client) *authtest.Answer { return do(c, static.BearerToken(), method, path, content) }
}

func do(c *authtest.Client, token, method, path string, content any, more ...core.HeaderField) *authtest.Answer {
	header := append([]core.HeaderField{{Name: "Authorization", Value: "Bearer " + token}, {Name: "Origin"}}, more...)
	text := ""
	if content != nil {
		raw, err := json.Marshal(content)
		if err != nil {
			panic(err)
		}
		text, header = string(raw), append(header, core.HeaderField{Name: "Content-Type", Value: "application/scim+json"})
	}
	return c.Do(method, "/scim/v2"+path, text, header...)
}

func user(name string) flowtest.Body {
	return flowtest.Body{"userName": name + "@corp.example", "externalId": "e-" + name, "name": flowtest.Body{"givenName": name, "familyName": "Corp"}}
}

func patch(op flowtest.Body) flowtest.Body {
	return flowtest.Body{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []flowtest.Body{op}}
}

func off() flowtest.Body {
	return patch(flowtest.Body{"op": "replace", "path": "active", "value": false})
}

func add(ids ...string) flowtest.Body {
	var list []flowtest.Body
	for _, id := range ids {
		list = append(list, flowtest.Body{"value": id})
	}
	return patch(flowtest.Body{"op": "add", "path": "members", "value": list})
}

func create(s *flowtest.T, e *authtest.Env, name string) string {
	s.Helper()
	return send("POST", "/Users", user(name))(e.Client()).Want(s, 201, "").JSON("id")
}

func life(s *flowtest.T) {
	e := s.Start(with)
	_, token, _ := company(s, e)
	for _, token := range []string{token, static.BearerToken()} {
		d := func(method, path string, content any) *authtest.Answer {
			return do(e.Client(), token, method, path, content)
		}
		name := fmt.Sprintf("ada%d", len(token))
		id := d("POST", "/Users", user(name)).Want(s, 201, "").JSON("id")
		if a := d("POST", "/Users", user(name)); a.Status != 409 {
			s.Errorf("%d %s", a.Status, a.Body)
		}
		d("PATCH", "/Users/"+id, off()).Want(s, 204, "")
		if a := d("GET", "/Users/"+id, nil).Want(s, 200, ""); a.JSON("active") != "false" {
			s.Errorf("%s", a.Body)
		}
		d("PATCH", "/Users/"+id, patch(flowtest.Body{"op": "replace", "value": flowtest.Body{"active": true, "title": "Countess"}})).Want(s, 204, "")
		d("PUT", "/Users/"+id, user("grace"+name)).Want(s, 200, "")
		if a := d("GET", "/Users?startIndex=1&count=10", nil).Want(s, 200, ""); a.JSON("totalResults") != "1" {
			s.Errorf("%s", a.Body)
		}
		d("DELETE", "/Users/"+id, nil).Want(s, 204, "")
		if a := d("GET", "/Users/"+id, nil); a.Status != 404 {
			s.Errorf("%d %s", a.Status, a.Body)
		}
	}
}

func group(s *flowtest.T) {
	e := s.Start(with)
	c := e.Client()
	ada, bob := create(s, e, "ada"), create(s, e, "bob")
	g := send("POST", "/Groups", flowtest.Body{"displayName": "Eng", "members": []flowtest.Body{{"value": ada}}})(c).Want(s, 201, "").JSON("id")
	send("PATCH", "/Groups/"+g, patch(flowtest.Body{"op": "Add", "path": "members", "value": []flowtest.Body{{"value": bob}}}))(c).Want(s, 204, "")
	send("PATCH", "/Groups/"+g, patch(flowtest.Body{"op": "remove", "path": `members[value eq "` + ada + `"]`}))(c).Want(s, 204, "")
	flowtest.WantRows(s, e, scim.ModelGroupMember, 1)
	if a := send("GET", "/Groups?filter="+url.QueryEscape(`displayName eq "ENG" and members eq "`+bob+`"`), nil)(c).Want(s, 200, ""); a.JSON("totalResults") != "1" {
		s.Errorf("%s", a.Body)
	}
	send("DELETE", "/Users/"+bob, nil)(c).Want(s, 204, "")
	flowtest.WantRows(s, e, scim.ModelGroupMember, 0)
	send("DELETE", "/Groups/"+g, nil)(c).Want(s, 204, "")
}

func filters(s *flowtest.T) {
	e := s.Start(with)
	create(s, e, "ada")
	create(s, e, "bob")
	for filter, want := range map[string]string{
		`userName eq "ADA@corp.example"`: "1", `externalId eq "e-ada"`: "1", `externalId eq "E-ada"`: "0", `emails.value eq "Bob@corp.example"`: "1", `userName co "corp"`: "2",
		`not (userName sw "a")`: "1", `userName eq "%"`: "0", `externalId eq "' OR 1=1 --"`: "0", `id eq "nothing"`: "0", `userName eq "😀"`: "0", `meta.created gt "2020-01-01T00:00:00Z"`: "2",
	} {
		if a := send("GET", "/Users?filter="+url.QueryEscape(filter), nil)(e.Client()).Want(s, 200, ""); a.JSON("totalResults") != want {
			s.Errorf("%s: %s", filter, a.Body)
		}
	}
}

func raceCreate(s *flowtest.T) {
	e := s.Start(with)
	var made, taken atomic.Int32
	s.Meet(func(int) {
		switch a := send("POST", "/Users", user("ada"))(e.Client()); a.Status {
		case 201:
			made.Add(1)
		case 409:
			taken.Add(1)
		default:
			s.Errorf("%d %s", a.Status, a.Body)
		}
	})
	if made.Load() != 1 {
		s.Errorf("%d made, %d refused", made.Load(), taken.Load())
	}
	flowtest.WantRows(s, e, scim.ModelUser, 1)
}

func raceDelete(s *flowtest.T) {
	e := s.Start(with)
	id := create(s, e, "ada")
	s.Meet(func(i int) {
		method, content := "PATCH", any(patch(flowtest.Body{"op": "replace", "path": "title", "value": fmt.Sprint(i)}))
		if i%10 == 0 {
			method, content = "DELETE", nil
		}
		if a := send(method, "/Users/"+id, content)(e.Client()); a.Status != 204 && a.Status != 404 {
			s.Errorf("%s: %d %s", method, a.Status, a.Body)
		}
	})
	flowtest.WantRows(s, e, scim.ModelUser, 0)
	flowtest.WantRows(s, e, core.ModelUser, 0)
}

func raceAddress(s *flowtest.T) {
	e := s.Start(with)
	ids := []string{create(s, e, "ada"), create(s, e, "bob")}
	s.Meet(func(i int) {
		a := send("PATCH", "/Users/"+ids[i%2], patch(flowtest.Body{"op": "replace", "path": "userName", "value": "same@corp.example"}))(e.Client())
		if a.Status != 204 && a.Status != 409 {
			s.Errorf("%d %s", a.Status, a.Body)
		}
	})
	n := 0
	for _, rec := range flowtest.WantRows(s, e, core.ModelUser, 2) {
		if rec["email"] == "same@corp.example" {
			n++
		}
	}
	if n != 1 {
		s.Errorf("%d users have the address", n)
	}
}

func raceGroup(s *flowtest.T) {
	e := s.Start(with)
	ids := []string{create(s, e, "ada"), create(s, e, "bob"), create(s, e, "carl")}
	g := send("POST", "/Groups", flowtest.Body{"displayName": "Eng"})(e.Client()).Want(s, 201, "").JSON("id")
	s.MeetLong(func(i int) {
		a := send("PATCH", "/Groups/"+g, patch(flowtest.Body{"op": "add", "path": "members", "value": []flowtest.Body{{"value": ids[i%3]}}}))(e.Client())
		if a.Status != 204 {
			s.Errorf("%d %s", a.Status, a.Body)
		}
	})
	flowtest.WantRows(s, e, scim.ModelGroupMember, 3)
}

// ending deactivates users of an organization and deletes the connection.
func ending(s *flowtest.T) {
	e := s.Start(with)
	owner, token, _ := company(s, e)
	id := do(e.Client(), token, "POST", "/Users", user("ada")).Want(s, 201, "").JSON("id")
	do(e.Client(), token, "PATCH", "/Users/"+id, off()).Want(s, 204, "")
	flowtest.WantRows(s, e, organization.ModelMember, 2)
	owner.Post("/scim/delete-provider-connection", flowtest.Body{"providerId": "acme"}).Want(s, 200, "")
	u, err := e.Auth.Store().FindUser(s.Context(), id)
	if err != nil || u.BannedAt(e.Auth.Now()) {
		s.Errorf("the user is still banned: %v", err)
	}
	flowtest.WantRows(s, e, organization.ModelMember, 1)
}

// raceTeam lets many requests put users into one team and take them out.
func raceTeam(s *flowtest.T) {
	e := s.Start(with)
	_, token, _ := company(s, e)
	send := func(method, path string, content any) *authtest.Answer {
		return do(e.Client(), token, method, path, content)
	}
	var ids []string
	for _, name := range []string{"ada", "bob", "carl"} {
		ids = append(ids, send("POST", "/Users", user(name)).Want(s, 201, "").JSON("id"))
	}
	before := len(flowtest.Rows(s, e, organization.ModelTeamMember))
	g := send("POST", "/Groups", flowtest.Body{"displayName": "Eng"}).Want(s, 201, "").JSON("id")
	s.MeetLong(func(i int) {
		content := add(ids[i%3])
		if i%5 == 0 {
			content = patch(flowtest.Body{"op": "remove", "path": `members[value eq "` + ids[i%3] + `"]`})
		}
		if a := send("PATCH", "/Groups/"+g, content); a.Status != 204 {
			s.Errorf("%d %s", a.Status, a.Body)
		}
	})
	send("PATCH", "/Groups/"+g, add(ids...)).Want(s, 204, "")
	flowtest.WantRows(s, e, scim.ModelGroupMember, 3)
	flowtest.WantRows(s, e, organization.ModelTeamMember, before+3)
	send("DELETE", "/Groups/"+g, nil).Want(s, 204, "")
	flowtest.WantRows(s, e, organization.ModelTeamMember, before)
}

// raceGroupNames lets several groups take one name.
func raceGroupNames(s *flowtest.T) {
	e := s.Start(with)
	var ids []string
	for i := range 3 {
		ids = append(ids, send("POST", "/Groups", flowtest.Body{"displayName": fmt.Sprint("Eng", i)})(e.Client()).Want(s, 201, "").JSON("id"))
	}
	s.MeetLong(func(i int) {
		a := send("PATCH", "/Groups/"+ids[i%3], patch(flowtest.Body{"op": "replace", "path": "displayName", "value": "Same"}))(e.Client())
		if a.Status != 204 && a.Status != 409 {
			s.Errorf("%d %s", a.Status, a.Body)
		}
	})
	n := 0
	for _, rec := range flowtest.WantRows(s, e, scim.ModelGroup, 3) {
		if rec["displayName"] == "Same" {
			n++
		}
	}
	if n != 1 {
		s.Errorf("%d groups have the name", n)
	}
}

// raceRoles renames a group, which gives a role by its name, while users join it.
func raceRoles(s *flowtest.T) {
	e := s.Start(withRoles)
	_, token, org := company(s, e)
	send := func(method, path string, content any) *authtest.Answer {
		return do(e.Client(), token, method, path, content)
	}
	var ids []string
	for _, name := range []string{"ada", "bob", "carl"} {
		ids = append(ids, send("POST", "/Users", user(name)).Want(s, 201, "").JSON("id"))
	}
	g := send("POST", "/Groups", flowtest.Body{"displayName": "others"}).Want(s, 201, "").JSON("id")
	s.MeetLong(func(i int) {
		content := add(ids[i%3])
		if i%4 == 0 {
			content = patch(flowtest.Body{"op": "replace", "path": "displayName", "value": fmt.Sprint([]string{"admins", "others"}[i%8/4], i)})
		}
		if a := send("PATCH", "/Groups/"+g, content); a.Status != 204 {
			s.Errorf("%d %s", a.Status, a.Body)
		}
	})
	want := "member"
	if strings.HasPrefix(send("GET", "/Groups/"+g, nil).Want(s, 200, "").JSON("displayName"), "admins") {
		want = "admin,member"
	}
	p, _ := organization.From(e.Auth)
	for _, id := range ids {
		if m, err := p.Membership(s.Context(), id, org); err != nil || m.Role != want {
			s.Errorf("role %v, want %s, %v", m, want, err)
		}
	}
}

// raceVersion lets many requests change the version that each has seen: one of them does.
func raceVersion(s *flowtest.T) {
	e := s.Start(with)
	oneOf(s, e, "/Users/"+create(s, e, "ada"), "title")
}

func raceGroupVersion(s *flowtest.T) {
	e := s.Start(with)
	oneOf(s, e, "/Groups/"+send("POST", "/Groups", flowtest.Body{"displayName": "Eng"})(e.Client()).Want(s, 201, "").JSON("id"), "displayName")
}

func oneOf(s *flowtest.T, e *authtest.Env, path, attribute string) {
	s.Helper()
	tag := send("GET", path, nil)(e.Client()).Want(s, 200, "").Header.Get("ETag")
	var done, refused atomic.Int32
	s.Meet(func(i int) {
		content := patch(flowtest.Body{"op": "replace", "path": attribute, "value": fmt.Sprint("x", i)})
		switch a := do(e.Client(), static.BearerToken(), "PATCH", path, content, core.HeaderField{Name: "If-Match", Value: tag}); a.Status {
		case 204:
			done.Add(1)
		case 412:
			refused.Add(1)
		default:
			s.Errorf("%d %s", a.Status, a.Body)
		}
	})
	if done.Load() != 1 {
		s.Errorf("%d changed the same version, %d were refused", done.Load(), refused.Load())
	}
}

// raceEnd deactivates users while their connection is deleted: nobody stays banned.
func raceEnd(s *flowtest.T) {
	e := s.Start(with)
	owner, token, _ := company(s, e)
	var ids []string
	for i := range 10 {
		ids = append(ids, do(e.Client(), token, "POST", "/Users", user(fmt.Sprint("u", i))).Want(s, 201, "").JSON("id"))
	}
	s.Meet(func(i int) {
		if i == 7 {
			if a := owner.Post("/scim/delete-provider-connection", flowtest.Body{"providerId": "acme"}); a.Status != 200 {
				s.Errorf("%d %s", a.Status, a.Body)
			}
			return
		}
		if a := do(e.Client(), token, "PATCH", "/Users/"+ids[i%10], off()); a.Status != 204 && a.Status != 401 && a.Status != 404 {
			s.Errorf("%d %s", a.Status, a.Body)
		}
	})
	for _, id := range ids {
		if u, err := e.Auth.Store().FindUser(s.Context(), id); err != nil || u.BannedAt(e.Auth.Now()) {
			s.Errorf("a user stays banned: %v", err)
		}
	}
}
