package scim_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/scim"
)

// step is a request of a recorded sequence. In path, body and want, {a} is the id of the
// resource that a step with that name has made.
type step struct {
	name, method, path, body string
	status                   int
	want, without            string // texts in the answer, between ¦
}

func play(t *testing.T, d *directory, steps []step) {
	t.Helper()
	ids := map[string]string{}
	fill := func(s string) string {
		for name, id := range ids {
			s = strings.ReplaceAll(s, "{"+name+"}", id)
		}
		return s
	}
	for i, s := range steps {
		path, query, has := strings.Cut(fill(s.path), "?")
		if has {
			pairs := strings.Split(query, "&")
			for i, p := range pairs {
				name, value, _ := strings.Cut(p, "=")
				pairs[i] = name + "=" + url.QueryEscape(value)
			}
			path += "?" + strings.Join(pairs, "&")
		}
		a := d.do(s.method, "/scim/v2"+path, fill(s.body), core.HeaderField{Name: "Accept", Value: "application/scim+json"})
		if a.Status != s.status {
			t.Fatalf("step %d, %s %s: %d, want %d: %s", i, s.method, s.path, a.Status, s.status, a.Body)
		}
		if s.name != "" {
			ids[s.name] = a.JSON("id")
		}
		for _, w := range strings.Split(fill(s.want), "¦") {
			if !strings.Contains(string(a.Body), w) {
				t.Errorf("step %d, %s %s: no %s in %s", i, s.method, s.path, w, a.Body)
			}
		}
		for _, w := range strings.Split(fill(s.without), "¦") {
			if w != "" && strings.Contains(string(a.Body), w) {
				t.Errorf("step %d, %s %s: %s in %s", i, s.method, s.path, w, a.Body)
			}
		}
	}
}

const (
	oktaAda = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@x.test","name":{"givenName":"Ada","familyName":"Z"},"emails":[{"primary":true,"value":"ada@x.test","type":"work"}],"displayName":"Ada Z","locale":"en-US","externalId":"00uX1","groups":[],"password":"rnd","active":true}`
	ops     = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`
)

// Okta's provisioning tests (SPEC and CRUD) and what the service sends.
func TestOkta(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{Groups: &scim.Groups{}})
	play(t, w.app(), []step{
		{"", "GET", "/Users?startIndex=1&count=2", "", 200, `"totalResults":0¦"Resources":[]¦"startIndex":1¦"itemsPerPage":0`, ""},
		{"", "GET", `/Users?filter=userName eq "ada@x.test"&startIndex=1&count=100`, "", 200, `"totalResults":0`, ""},
		{"ada", "POST", "/Users", oktaAda, 201, `"userName":"ada@x.test"¦"givenName":"Ada"¦"familyName":"Z"¦"active":true¦"externalId":"00uX1"¦"locale":"en-US"¦"displayName":"Ada Z"`, "rnd"},
		{"", "GET", "/Users?count=1&startIndex=1", "", 200, `"totalResults":1¦"value":"ada@x.test"¦"id":"{ada}"`, ""},
		{"", "GET", "/Users/{ada}", "", 200, `"id":"{ada}"¦"formatted":"Ada Z"`, "rnd"},
		{"", "GET", `/Users?filter=userName eq "nobody@x.test"`, "", 200, `"totalResults":0`, ""},
		{"", "GET", "/Users/010101001010101011001010101011", "", 404, `"status":"404"¦` + `urn:ietf:params:scim:api:messages:2.0:Error`, ""},
		{"", "POST", "/Users", strings.Replace(oktaAda, `"value":"ada@x.test"`, `"value":"other@x.test"`, 1), 409, `"scimType":"uniqueness"¦"status":"409"`, ""},
		{"", "GET", `/Users?filter=userName eq "ADA@X.TEST"`, "", 200, `"totalResults":1`, ""},
		{"", "GET", "/Groups?count=100&startIndex=1", "", 200, `"totalResults":0`, ""},
		{"", "PUT", "/Users/{ada}", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"{ada}","userName":"ada@x.test","name":{"givenName":"Ada","familyName":"King"},"emails":[{"primary":true,"value":"ada@x.test","type":"work"}],"displayName":"Ada King","active":true,"externalId":"00uX1","groups":[],"meta":{"resourceType":"User"}}`, 200, `"familyName":"King"¦"displayName":"Ada King"`, "en-US"},
		{"", "PATCH", "/Users/{ada}", ops + `{"op":"replace","value":{"active":false}}]}`, 204, "", ""},
		{"", "GET", "/Users/{ada}", "", 200, `"active":false`, ""},
		{"", "GET", `/Users?filter=userName eq "ada@x.test"`, "", 200, `"active":false¦"totalResults":1`, ""},
		{"", "PATCH", "/Users/{ada}", ops + `{"op":"replace","value":{"active":true}}]}`, 204, "", ""},
		{"", "GET", `/Groups?filter=displayName eq "Eng"`, "", 200, `"totalResults":0`, ""},
		{"eng", "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Eng","members":[]}`, 201, `"displayName":"Eng"`, ""},
		{"", "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"ENG"}`, 409, `uniqueness`, ""},
		{"", "PATCH", "/Groups/{eng}", ops + `{"op":"replace","value":{"id":"{eng}","displayName":"Eng2"}}]}`, 204, "", ""},
		{"", "PATCH", "/Groups/{eng}", ops + `{"op":"add","path":"members","value":[{"value":"{ada}","display":"ada@x.test"}]}]}`, 204, "", ""},
		{"", "GET", "/Groups/{eng}", "", 200, `"displayName":"Eng2"¦"value":"{ada}"`, ""},
		{"", "GET", "/Users/{ada}", "", 200, `"groups":[{"value":"{eng}"`, ""},
		{"", "PATCH", "/Groups/{eng}", ops + `{"op":"remove","path":"members[value eq \"{ada}\"]"}]}`, 204, "", ""},
		{"", "GET", "/Groups/{eng}", "", 200, "", "{ada}"},
		{"", "PATCH", "/Groups/{eng}", ops + `{"op":"replace","path":"members","value":[{"value":"{ada}"}]}]}`, 204, "", ""},
		{"", "PUT", "/Groups/{eng}", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Eng3","members":[{"value":"{ada}","display":"ada@x.test"}]}`, 200, `"Eng3"¦"value":"{ada}"`, ""},
		{"", "DELETE", "/Groups/{eng}", "", 204, "", ""},
		{"", "GET", "/Groups/{eng}", "", 404, "", ""},
	})
}

const entraAda = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"externalId":"e17","userName":"Test_User_Ab@x.test","active":true,"emails":[{"primary":true,"type":"work","value":"Ab@x.test"}],"meta":{"resourceType":"User"},"name":{"formatted":"A B","familyName":"B","givenName":"A"},"roles":[],"title":null}`

// Entra ID's validator and the provisioning service, without and with aadOptscim062020.
func TestEntraID(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{Groups: &scim.Groups{}})
	enterprise := `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`
	play(t, w.app(), []step{
		{"", "GET", `/Users?filter=userName eq "5a6e3b1c-random"&aadOptscim062020=`, "", 200, `"totalResults":0`, ""},
		{"ab", "POST", "/Users", entraAda, 201, `"userName":"Test_User_Ab@x.test"¦"value":"Ab@x.test"¦"externalId":"e17"¦"type":"work"`, "null"},
		{"", "GET", `/Users?filter=userName eq "test_user_ab@X.TEST"`, "", 200, `"totalResults":1¦"Test_User_Ab@x.test"`, ""},
		{"", "GET", `/Users?filter=externalId eq e17`, "", 200, `"totalResults":1`, ""},
		{"", "GET", `/Users?filter=externalId eq "E17"`, "", 200, `"totalResults":0`, ""},
		{"", "GET", `/Users?filter=emails[type eq "work"].value eq "ab@x.test"`, "", 200, `"totalResults":1`, ""},
		{"boss", "POST", "/Users", strings.NewReplacer("e17", "e18", "Test_User_Ab", "Boss", "Ab@x", "Boss@x").Replace(entraAda), 201, "", ""},
		{"", "PATCH", "/Users/{ab}", ops + `{"op":"Replace","path":"emails[type eq \"work\"].value","value":"b@x.test"}]}`, 204, "", ""},
		{"", "PATCH", "/Users/{ab}", ops + `{"op":"Add","path":"manager","value":[{"$ref":"http://x/Users/u2","value":"{boss}"}]}]}`, 400, "invalidPath", ""},
		{"", "PATCH", "/Users/{ab}", ops + `{"op":"Add","path":"` + enterprise + `:manager","value":[{"$ref":"http://x/Users/u2","value":"{boss}"}]}]}`, 204, "", ""},
		{"", "PATCH", "/Users/{ab}", ops + `{"op":"Replace","path":"` + enterprise + `:manager","value":"{boss}"}]}`, 204, "", ""},
		{"", "PATCH", "/Users/{ab}", ops + `{"op":"Add","path":"` + enterprise + `:employeeNumber","value":"7"},{"op":"Replace","path":"name.familyName","value":"C"}]}`, 204, "", ""},
		{"", "PATCH", "/Users/{ab}", ops + `{"op":"Add","path":"addresses[type eq \"work\"].country","value":"DE"},{"op":"Add","path":"roles[primary eq \"True\"].value","value":"boss"}]}`, 204, "", ""},
		{"", "GET", "/Users/{ab}", "", 200, `"value":"b@x.test"¦"employeeNumber":"7"¦"familyName":"C"¦"value":"{boss}"¦"country":"DE"¦"value":"boss"¦"formatted":"A C"`, ""},
		{"", "PATCH", "/Users/{ab}", ops + `{"op":"replace","value":{"displayName":"A D","name.givenName":"Z","` + enterprise + `:employeeNumber":"8"}}]}`, 204, "", ""},
		{"", "GET", "/Users/{ab}", "", 200, `"displayName":"A D"¦"givenName":"Z"¦"employeeNumber":"8"`, ""},
		{"", "PATCH", "/Users/{ab}", ops + `{"op":"Replace","path":"` + enterprise + `:employeeNumber","value":""}]}`, 204, "", ""},
		{"", "GET", "/Users/{ab}", "", 200, "", "employeeNumber"},
		{"", "PATCH", "/Users/{ab}", ops + `{"op":"Replace","path":"active","value":"False"}]}`, 204, "", ""},
		{"", "GET", `/Users?filter=userName eq "test_user_ab@x.test"`, "", 200, `"active":false`, ""},
		{"", "PATCH", "/Users/{ab}", ops + `{"op":"Add","path":"active","value":"True"}]}`, 204, "", ""},
		{"", "GET", "/Users/{ab}", "", 200, `"active":true`, ""},
		{"g", "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],"externalId":"8aa1","displayName":"Eng","meta":{"resourceType":"Group"}}`, 201, `"externalId":"8aa1"`, ""},
		{"", "GET", `/Groups?excludedAttributes=members&filter=displayName eq "eng"`, "", 200, `"totalResults":1`, ""},
		{"", "PATCH", "/Groups/{g}", ops + `{"op":"Add","path":"members","value":[{"$ref":null,"value":"{ab}"},{"$ref":null,"value":"{boss}"}]}]}`, 204, "", ""},
		{"", "GET", "/Groups/{g}?excludedAttributes=members", "", 200, `"id":"{g}"`, "members"},
		{"", "GET", `/Groups?filter=id eq "{g}" and members eq "{ab}"`, "", 200, `"totalResults":1`, ""},
		{"", "PATCH", "/Groups/{g}", ops + `{"op":"Remove","path":"members","value":[{"$ref":null,"value":"{ab}"}]}]}`, 204, "", ""},
		{"", "GET", "/Groups/{g}", "", 200, `{boss}`, `{ab}`},
		{"", "PATCH", "/Groups/{g}", ops + `{"op":"remove","path":"members[value eq \"{boss}\"]"}]}`, 204, "", ""},
		{"", "GET", "/Groups/{g}", "", 200, ``, `{boss}`},
		{"", "PATCH", "/Groups/{g}", ops + `{"op":"Replace","path":"displayName","value":"Eng2"}]}`, 204, "", ""},
		{"", "DELETE", "/Users/{ab}", "", 204, "", ""},
		{"", "DELETE", "/Users/{ab}", "", 404, "", ""},
		{"", "POST", "/Users", entraAda, 201, "", ""},
		{"", "GET", "/Schemas", "", 200, "ListResponse", "null"},
		{"", "GET", `/Schemas?filter=id eq "x"`, "", 403, "", ""},
	})
}

// OneLogin's and JumpCloud's templates.
func TestOneLogin(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{Groups: &scim.Groups{}})
	play(t, w.app(), []step{
		{"", "GET", `/Users?filter=userName eq "nobody@x.test"`, "", 200, `"totalResults":0`, ""},
		{"a", "POST", "/Users", `{"schemas":["urn:scim:schemas:core:1.0"],"id":null,"userName":"a@x.test","name":{"givenName":"A","familyName":"B"},"emails":{"value":"a@x.test"},"active":"true"}`, 201, `"active":true¦"value":"a@x.test"`, ""},
		{"", "PUT", "/Users/{a}", `{"schemas":["urn:scim:schemas:core:1.0"],"id":"{a}","userName":"a@x.test","emails":[{"value":"a@x.test"}],"active":"false"}`, 200, `"active":false`, "givenName"},
		{"", "PUT", "/Users/{a}", `{"userName":"a@x.test","emails":[{"value":"a@x.test"}]}`, 200, `"active":false`, ""},
		{"g", "POST", "/Groups", `{"displayName":"Ops"}`, 201, "", ""},
		{"", "PATCH", "/Groups/{g}", ops + `{"op":"add","path":"members","value":[{"value":"{a}"}]}]}`, 204, "", ""},
		{"", "PATCH", "/Groups/{g}", ops + `{"op":"remove","path":"members","value":[{"value":"{a}"}]}]}`, 204, "", ""},
		{"", "GET", "/Groups", "", 200, `"Ops"`, "{a}"},
		{"", "DELETE", "/Users/{a}", "", 204, "", ""},
	})
}
