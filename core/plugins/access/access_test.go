package access_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/advantch/kernia-go/core/plugins/access"
)

var statements = access.Permissions{"project": {"create", "update", "delete"}, "sale": {"create"}}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	ac := access.NewControl(statements)
	role := ac.NewRole(access.Permissions{"project": {"create", "update"}, "sale": {}})
	for _, tc := range []struct {
		name  string
		asked access.Permissions
		want  bool
	}{
		{"one action", access.Permissions{"project": {"create"}}, true},
		{"two actions", access.Permissions{"project": {"create", "update"}}, true},
		{"one of two", access.Permissions{"project": {"create", "delete"}}, false},
		{"one of two resources", access.Permissions{"project": {"create"}, "sale": {"create"}}, false},
		{"ORG-11 unknown resource", access.Permissions{"ship": {"create"}}, false},
		{"ORG-11 empty list", access.Permissions{"project": {}}, false},
		{"ORG-11 nil list", access.Permissions{"project": nil}, false},
		{"ORG-11 nothing", access.Permissions{}, false},
		{"ORG-11 empty list beside a granted one", access.Permissions{"project": {"create"}, "sale": {}}, false},
		{"name of a prototype", access.Permissions{"__proto__": {"create"}, "constructor": {"call"}}, false},
	} {
		if got := role.Authorize(tc.asked); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
	if (*access.Role)(nil).Authorize(access.Permissions{"project": {"create"}}) {
		t.Error("no role is authorized")
	}
}

func TestAuthorizeRequest(t *testing.T) {
	t.Parallel()
	role := access.NewRole(access.Permissions{"project": {"create"}, "sale": {"create"}})
	actions := func(c access.Connector, names ...string) access.Actions {
		return access.Actions{Names: names, Connector: c}
	}
	for _, tc := range []struct {
		name  string
		asked access.Request
		join  access.Connector
		want  bool
	}{
		{"AND of actions", access.Request{"project": actions("", "create", "delete")}, "", false},
		{"OR of actions", access.Request{"project": actions(access.Or, "delete", "create")}, "", true},
		{"OR of nothing granted", access.Request{"project": actions(access.Or, "delete", "update")}, "", false},
		{"AND of resources", access.Request{"project": actions("", "create"), "ship": actions("", "create")}, access.And, false},
		{"ORG-11 OR with an unknown resource", access.Request{"project": actions("", "create"), "ship": actions("", "create")}, access.Or, true},
		{"OR of refused resources", access.Request{"project": actions("", "delete"), "ship": actions("", "create")}, access.Or, false},
		{"ORG-11 OR of empty lists", access.Request{"project": actions(access.Or), "sale": actions("")}, access.Or, false},
		{"ORG-11 OR of nothing", access.Request{}, access.Or, false},
	} {
		for range 8 { // the order of a map is random
			if got := role.AuthorizeRequest(tc.asked, tc.join); got != tc.want {
				t.Errorf("%s: %v", tc.name, got)
			}
		}
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	ac := access.NewControl(statements)
	for name, granted := range map[string]access.Permissions{
		"unknown resource": {"ship": {"create"}}, "unknown action": {"sale": {"delete"}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a misspelt role was made", name)
				}
			}()
			ac.NewRole(granted)
		}()
	}
	given := access.Permissions{"project": {"create"}}
	role := ac.NewRole(given)
	given["project"][0] = "delete"
	role.Permissions()["project"][0] = "delete"
	more := role.With(access.Permissions{"project": {"create", "delete"}, "sale": {"create"}})
	if role.Authorize(access.Permissions{"project": {"delete"}}) || !role.Authorize(access.Permissions{"project": {"create"}}) {
		t.Error("a role has changed")
	}
	if got := more.Missing(access.Permissions{"sale": {"create", "delete"}, "project": {"delete", "update"}}); !slices.Equal(got, []string{"project:update", "sale:delete"}) {
		t.Errorf("missing %v", got)
	}
	if !ac.Has("sale") || ac.Has("constructor") || len(ac.Statements()) != 2 {
		t.Errorf("statements %v", ac.Statements())
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2][]string{
		"": {}, ",": {}, "owner": {{"owner"}, {"owner"}}, " , ": {{" ", " "}, nil},
		"member, owner": {{"member", " owner"}, {"member", "owner"}}, "a,a, b ,": {{"a", "a", " b "}, {"a", "b"}},
	} {
		if got := access.Split(in); !slices.Equal(got, want[0]) {
			t.Errorf("Split(%q) = %q", in, got)
		}
		if got := access.Names(in); !slices.Equal(got, want[1]) {
			t.Errorf("Names(%q) = %q", in, got)
		}
	}
	if got := access.Join(access.Names("b, a", "a", "c")); got != "b,a,c" {
		t.Errorf("%q", got)
	}
}

func Example() {
	ac := access.NewControl(access.Permissions{"project": {"create", "update", "delete"}})
	editor := ac.NewRole(access.Permissions{"project": {"create", "update"}})
	fmt.Println(editor.Authorize(access.Permissions{"project": {"update"}}))
	fmt.Println(editor.Authorize(access.Permissions{"project": {"update", "delete"}}))
	// Output:
	// true
	// false
}
