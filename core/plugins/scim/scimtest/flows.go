// Package scimtest has the flows of the plugin for flowtest.Run.
package scimtest

import (
	"encoding/json"
	"fmt"
	"net/url"
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
		},
		Races: []flowtest.Flow{
			{Name: "SCM-12 one user provisioned at once", Run: raceCreate},
			{Name: "SCM-12 changes against a deletion", Run: raceDelete},
			{Name: "SCM-12 one address for two users", Run: raceAddress},
			{Name: "SCM-12 members of one group", Run: raceGroup},
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

// send makes a request of the directory.
func send(method, path string, content any) func(*authtest.Client) *authtest.Answer {
	return func(c *authtest.Client) *authtest.Answer { return do(c, static.BearerToken(), method, path, content) }
}

func do(c *authtest.Client, token, method, path string, content any) *authtest.Answer {
	header := []core.HeaderField{{Name: "Authorization", Value: "Bearer " + token}, {Name: "Origin"}}
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

func create(s *flowtest.T, e *authtest.Env, name string) string {
	s.Helper()
	return send("POST", "/Users", user(name))(e.Client()).Want(s, 201, "").JSON("id")
}

func life(s *flowtest.T) {
	e := s.Start(with)
	owner := flowtest.SignUp(s, e, flowtest.Email)
	org := owner.Post("/organization/create", flowtest.Body{"name": "Acme", "slug": "acme"}).Want(s, 200, "").JSON("id")
	token := owner.Post("/scim/generate-token", flowtest.Body{"providerId": "acme", "organizationId": org}).Want(s, 201, "").JSON("scimToken")
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
	s.Meet(func(i int) {
		a := send("PATCH", "/Groups/"+g, patch(flowtest.Body{"op": "add", "path": "members", "value": []flowtest.Body{{"value": ids[i%3]}}}))(e.Client())
		if a.Status != 204 {
			s.Errorf("%d %s", a.Status, a.Body)
		}
	})
	flowtest.WantRows(s, e, scim.ModelGroupMember, 3)
}
