package document

import (
	"compress/gzip"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/wire"
)

const sample = `{"userName":"Ada@X.test","externalId":"e1","active":true,"title":"Ms \"A\"","name":{"givenName":"Ada","familyName":"Z"},
"emails":[{"value":"ada@x.test","type":"work","primary":true},{"value":"a@home.test","type":"home"}],
"phoneNumbers":[{"value":"1","type":"work"},{"value":"2","type":"mobile"}],
"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"7","manager":{"value":"u2"}}}`

func parse(t testing.TB, text string) Object {
	t.Helper()
	v, err := wire.Parse([]byte(text), wire.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	o, _ := v.Obj()
	out, err := Read(Users(), o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestMatches(t *testing.T) {
	t.Parallel()
	k, o := Users(), parse(t, sample)
	o["meta"] = Object{"created": "2026-01-02T00:00:00.000Z"}
	for filter, want := range map[string]bool{
		`userName eq "ada@x.TEST"`: true, `USERNAME EQ "ada@x.test"`: true, `userName ne "b"`: true, `userName co "@x"`: true, `userName sw "ADA"`: true, `userName ew ".test"`: true,
		`externalId eq "E1"`: false, `externalId eq "e1"`: true, `externalId eq e1`: true, `nickName pr`: false, `nickName ne "x"`: true, `nickName eq null`: true, `title ne null`: true,
		`title eq "ms \"a\""`: true, `title eq "\u006ds \"a\""`: true, `active eq true`: true, `active eq "True"`: true, `active eq false`: false, `not (active eq false)`: true,
		`emails eq "a@home.test"`: true, `emails co "home"`: true, `emails.type eq "home"`: true, `emails[type eq "work" and value co "@x"]`: true, `emails[type eq "home" and value co "@x"]`: false,
		`emails.type eq "home" and emails.value co "@x"`: true, `emails[type eq "work"].value eq "ada@x.test"`: true, `emails[type eq "other"].value pr`: false, `emails pr`: true, `roles pr`: false,
		`name.givenName eq "ada" or title eq "x" and title eq "y"`: true, `(name.givenName eq "ada" or title eq "x") and title eq "y"`: false,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada@x.test"`:              true,
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq "7"`: true,
		`URN:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "u2"`: true,
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber gt "6"`: true,
		`meta.created gt "2026-01-01T00:00:00Z"`:                                           true, `meta.created lt "2026-01-01T00:00:00Z"`: false, `meta.created ge "2026-01-02T01:00:00+01:00"`: true, `userName gt "aaa"`: true, `userName le "aaa"`: false,
		`userName eq 5`: false, `userName ne 5`: true,
	} {
		n, err := ParseFilter(k, filter)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
		} else if got := Matches(n, o); got != want {
			t.Errorf("%s: %v", filter, got)
		}
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	k := Users()
	for name, c := range map[string]struct{ ops, want, without, fails string }{
		"add to a list":              {ops: `{"op":"add","path":"emails","value":[{"value":"c@x.test"}]}`, want: `"c@x.test"`},
		"add what is there":          {ops: `{"op":"add","path":"phoneNumbers","value":[{"value":"1","type":"work"}]}`, want: `"phoneNumbers":[{"value":"1","type":"work"},{"value":"2","type":"mobile"}]`},
		"add a primary":              {ops: `{"op":"add","path":"emails","value":{"value":"c@x.test","primary":true}}`, want: `{"primary":false,"value":"ada@x.test","type":"work"}`},
		"replace a list":             {ops: `{"op":"replace","path":"emails","value":[{"value":"c@x.test"}]}`, want: `"emails":[{"value":"c@x.test"}]`},
		"replace a part":             {ops: `{"op":"replace","path":"name.familyName","value":"King"}`, want: `"familyName":"King"`},
		"merge a complex value":      {ops: `{"op":"replace","path":"name","value":{"familyName":"King"}}`, want: `"givenName":"Ada"`},
		"no path":                    {ops: `{"op":"replace","value":{"nickName":"A","name":{"familyName":"King"}}}`, want: `"nickName":"A"`},
		"dotted names":               {ops: `{"op":"replace","value":{"name.familyName":"King"}}`, want: `"familyName":"King"`},
		"remove":                     {ops: `{"op":"remove","path":"title"}`, without: `"title"`},
		"remove elements":            {ops: `{"op":"remove","path":"phoneNumbers[type eq \"work\"]"}`, want: `"phoneNumbers":[{"value":"2","type":"mobile"}]`},
		"remove all":                 {ops: `{"op":"remove","path":"phoneNumbers"}`, without: `phoneNumbers`},
		"remove by value":            {ops: `{"op":"remove","path":"phoneNumbers","value":[{"value":"2"}]}`, want: `"phoneNumbers":[{"value":"1","type":"work"}]`},
		"remove a part":              {ops: `{"op":"remove","path":"phoneNumbers[value eq \"1\"].type"}`, want: `"phoneNumbers":[{"value":"1"},`},
		"an element by a filter":     {ops: `{"op":"replace","path":"emails[type eq \"home\"].value","value":"h@x.test"}`, want: `"h@x.test"`, without: `a@home.test`},
		"an element that is made":    {ops: `{"op":"add","path":"emails[type eq \"other\"].value","value":"o@x.test"}`, want: `{"value":"o@x.test","type":"other"}`},
		"an element that is emptied": {ops: `{"op":"replace","path":"emails[type eq \"home\"].value","value":""}`, without: `home`},
		"an extension":               {ops: `{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber","value":"8"}`, want: `"employeeNumber":"8"`},
		"an extension as a value":    {ops: `{"op":"add","value":{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"D"}}}`, want: `"department":"D"`},
		"an extension removed":       {ops: `{"op":"remove","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"}`, without: `enterprise`},
		"Better Auth's path":         {ops: `{"op":"replace","path":"/name/givenName","value":"G"}`, want: `"givenName":"G"`},
		"null clears":                {ops: `{"op":"replace","path":"title","value":null}`, without: `"title"`},
		"later ones see earlier":     {ops: `{"op":"add","path":"roles","value":[{"value":"r"}]},{"op":"remove","path":"roles[value eq \"r\"]"}`, without: `"roles"`},
		"no target":                  {ops: `{"op":"remove"}`, fails: NoTarget},
		"no match":                   {ops: `{"op":"replace","path":"emails[value co \"zzz\"].type","value":"x"}`, fails: NoTarget},
		"read only":                  {ops: `{"op":"replace","path":"id","value":"x"}`, fails: Mutability},
		"unknown":                    {ops: `{"op":"replace","path":"nothing","value":"x"}`, fails: InvalidPath},
		"a bracket":                  {ops: `{"op":"remove","path":"emails[type eq \"work\""}`, fails: InvalidPath},
		"not a boolean":              {ops: `{"op":"replace","path":"active","value":"maybe"}`, fails: InvalidValue},
	} {
		v, err := wire.Parse([]byte(`{"schemas":["`+PatchURN+`"],"Operations":[`+c.ops+`]}`), wire.Limits{})
		if err != nil {
			t.Fatal(name, err)
		}
		in, _ := v.Obj()
		before := parse(t, sample)
		kept := string(Append(nil, k, before))
		var after Object
		ops, err := ReadPatch(k, in)
		if err == nil {
			after, _, err = Apply(k, before, ops)
		}
		if c.fails != "" {
			if err == nil || err.(*Error).Type != c.fails {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := string(Append(nil, k, after)); !strings.Contains(got, c.want) || c.without != "" && strings.Contains(got, c.without) {
			t.Errorf("%s: %s", name, got)
		}
		if string(Append(nil, k, before)) != kept {
			t.Errorf("%s: the resource itself has changed", name)
		}
	}
}

func TestProject(t *testing.T) {
	t.Parallel()
	k, o := Users(), parse(t, sample)
	o["id"], o["schemas"] = "u1", []any{UserURN}
	for _, c := range []struct{ attributes, excluded, want string }{
		{"userName", "", `{"id":"u1","userName":"Ada@X.test","schemas":["` + UserURN + `"]}`},
		{"USERNAME, name.givenName", "", `{"id":"u1","userName":"Ada@X.test","name":{"givenName":"Ada"},"schemas":["` + UserURN + `"]}`},
		{"emails.value,emails.type", "", `{"id":"u1","emails":[{"value":"ada@x.test","type":"work"},{"value":"a@home.test","type":"home"}],"schemas":["` + UserURN + `"]}`},
		{"", "id,externalId,name,active,title,phoneNumbers,emails," + EnterpriseURN, `{"id":"u1","userName":"Ada@X.test","schemas":["` + UserURN + `"]}`},
		{"nothing", "", `{"id":"u1","schemas":["` + UserURN + `"]}`},
	} {
		if got := string(Append(nil, k, Project(k, o, c.attributes, c.excluded))); got != c.want {
			t.Errorf("%q %q: %s", c.attributes, c.excluded, got)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{`userName eq "a"`, `emails[type eq "work" and not (value co "x")].value pr`, `((a pr)`, `urn:ietf:params:scim:schemas:core:2.0:User:name.givenName gt "\u00e9"`, `active eq "True" or title ne null and meta.created lt "2026-01-01T00:00:00Z"`} {
		f.Add(s)
	}
	k := Users()
	o := parse(f, sample)
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseFilter(k, s)
		if err != nil {
			if err.(*Error).Type != InvalidFilter {
				t.Fatal(err)
			}
			return
		}
		if Matches(n, o) == Matches(&Not{n}, o) {
			t.Fatal("a filter and its opposite agree")
		}
		Equalities(n, "userName")
		Names(n, "emails")
	})
}

func FuzzPatch(f *testing.F) {
	for _, s := range []string{`{"op":"add","path":"emails","value":[{"value":"c@x.test","primary":true}]}`, `{"op":"Replace","path":"emails[type eq \"work\"].value","value":"x"}`,
		`{"op":"remove","path":"members[value eq \"u\"]"}`, `{"value":{"name.givenName":"x","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":"u"}}}`, `{"op":"remove","path":"roles","value":[]}`} {
		f.Add(s)
	}
	k := Users()
	f.Fuzz(func(t *testing.T, s string) {
		v, err := wire.Parse([]byte(`{"schemas":["`+PatchURN+`"],"Operations":[`+s+`]}`), wire.Limits{})
		if err != nil {
			return
		}
		in, _ := v.Obj()
		before := parse(t, sample)
		kept := string(Append(nil, k, before))
		ops, err := ReadPatch(k, in)
		if err == nil {
			var after Object
			if after, _, err = Apply(k, before, ops); err == nil {
				// What was made is a resource that reads as itself.
				text := Append(nil, k, after)
				again := Append(nil, k, parse(t, string(text)))
				if string(again) != string(text) {
					t.Fatalf("%s\n%s", text, again)
				}
			}
		}
		if string(Append(nil, k, before)) != kept {
			t.Fatal("the resource itself has changed")
		}
	})
}

// The cases are what npm's scim-patch and scim2-parse-filter say: wirecheck/scim-opinion.mjs.
func TestSecondOpinion(t *testing.T) {
	t.Parallel()
	file, err := os.Open("testdata/opinion.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	v, err := wire.Parse(text, wire.Limits{Members: 1 << 22, Depth: 64})
	if err != nil {
		t.Fatal(err)
	}
	k := Users()
	filters, _ := v.Get("filters").Items()
	patches, _ := v.Get("patches").Items()
	if len(filters) < 1000 || len(patches) < 1000 {
		t.Fatalf("%d filters, %d patches", len(filters), len(patches))
	}
	for _, c := range filters {
		filter, _ := c.Get("filter").Str()
		want, _ := c.Get("matches").Bool()
		o, _ := c.Get("resource").Obj()
		resource, err := Read(k, o)
		if err != nil {
			t.Fatal(err)
		}
		n, err := ParseFilter(k, filter)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
		} else if got := Matches(n, resource); got != want {
			t.Errorf("%s: %v of %s", filter, got, Append(nil, k, resource))
		}
	}
	for _, c := range patches {
		before, _ := c.Get("before").Obj()
		after, _ := c.Get("after").Obj()
		body, _ := c.Get("patch").Obj()
		resource, err := Read(k, before)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Read(k, after)
		if err != nil {
			t.Fatal(err)
		}
		ops, err := ReadPatch(k, body)
		if err != nil {
			t.Errorf("%s: %v", c.Get("patch").AppendJSON(nil), err)
			continue
		}
		got, _, err := Apply(k, resource, ops)
		if err != nil {
			t.Errorf("%s: %v", c.Get("patch").AppendJSON(nil), err)
		} else if a, b := string(Append(nil, k, got)), string(Append(nil, k, want)); a != b {
			t.Errorf("%s of %s:\n%s\nwant\n%s", c.Get("patch").AppendJSON(nil), c.Get("before").AppendJSON(nil), a, b)
		}
	}
}
