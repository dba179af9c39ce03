package organization_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/schema"
)

// TestOpenAPI: the document has every route, added fields, and no reference that leads
// nowhere.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	w := open(t, func(o *organization.Options) {
		everything(o)
		o.Schema.Organization.Fields = []schema.Field{{Name: "seats", Type: schema.Number}, {Name: "note", Type: schema.String, Optional: true, Hidden: true, NoInput: true}}
	})
	text := w.Auth.OpenAPI()
	var doc struct {
		Paths      map[string]any
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	n := 0
	for path := range doc.Paths {
		if strings.HasPrefix(path, "/organization/") {
			n++
		}
	}
	if n != 35 {
		t.Errorf("%d routes, want 35", n)
	}
	for _, ref := range regexp.MustCompile(`"#/components/schemas/([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
		if doc.Components.Schemas[ref[1]] == nil {
			t.Errorf("there is no component %q", ref[1])
		}
	}
	create, _ := json.Marshal(doc.Paths["/organization/create"])
	if !strings.Contains(string(create), `"seats":{"type":"number"}`) || strings.Contains(string(text), `"note"`) {
		t.Errorf("create is described as %s", create)
	}
	role, _ := json.Marshal(doc.Paths["/organization/delete-role"])
	if !strings.Contains(string(role), `"roleName"`) || !strings.Contains(string(role), `"roleId"`) {
		t.Errorf("delete-role is described as %s", role)
	}
}
