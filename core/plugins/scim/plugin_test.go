package scim_test

import (
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/scim"
)

func TestLifeOfAUser(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{})
	d := w.app()
	a := status(t, d.do("POST", users, user("Ada@Example.com")), 201)
	id := a.JSON("id")
	if a.JSON("userName") != "Ada@Example.com" || a.JSON("name", "formatted") != "Ada Lovelace" || a.JSON("active") != "true" {
		t.Fatalf("%s", a.Body)
	}
	if got := a.Header.Get("Content-Type"); got != "application/scim+json" {
		t.Error(got)
	}
	if got := a.Header.Get("Location"); !strings.HasSuffix(got, users+"/"+id) {
		t.Error(got)
	}
	status(t, d.do("POST", users, user("ada@example.com")), 409)
	a = status(t, d.do("GET", users+"/"+id, nil), 200)
	tag := a.Header.Get("ETag")
	if tag == "" {
		t.Error("no ETag")
	}
	if a := d.do("GET", users+"/"+id, nil, core.HeaderField{Name: "If-None-Match", Value: tag}); a.Status != 304 || len(a.Body) != 0 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	a = status(t, d.do("GET", users+`?filter=userName%20eq%20%22ADA@example.com%22`, nil), 200)
	if a.JSON("totalResults") != "1" {
		t.Errorf("%s", a.Body)
	}
	if a := d.do("PATCH", users+"/"+id, patch(body{"op": "Replace", "path": "active", "value": "False"})); a.Status != 204 || len(a.Body) != 0 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	a = status(t, d.do("GET", users+"/"+id, nil), 200)
	if a.JSON("active") != "false" {
		t.Errorf("%s", a.Body)
	}
	status(t, d.do("PATCH", users+"/"+id, patch(body{"op": "replace", "value": body{"active": true}})), 204)
	status(t, d.do("PUT", users+"/"+id, user("grace@example.com")), 200)
	if a = status(t, d.do("GET", users+"/"+id, nil), 200); a.JSON("userName") != "grace@example.com" {
		t.Errorf("%s", a.Body)
	}
	status(t, d.do("PUT", users+"/"+id, user("ada@example.com"), core.HeaderField{Name: "If-Match", Value: tag}), 412)
	status(t, d.do("DELETE", users+"/"+id, nil), 204)
	status(t, d.do("GET", users+"/"+id, nil), 404)
	d.create(t, "grace@example.com")
}
