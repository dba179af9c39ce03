package main

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
)

// pages are for people, and other forms of paths that are described.
var pages = map[string]bool{
	"/oauth2/login": true, "/oauth2/consent-page": true, "/oauth2/select-account": true, "/oauth2/form-post": true,
	"/.well-known/openid-configuration/api/auth": true, "/.well-known/oauth-authorization-server/api/auth": true,
}

// TestDocument: kin-openapi accepts the document of a server with every plugin, in both
// modes.
func TestDocument(t *testing.T) {
	t.Parallel()
	sets := []func() []core.Plugin{everyPlugin}
	for i := range olderProviders() {
		sets = append(sets, func() []core.Plugin { return olderProviders()[i : i+1] })
	}
	for _, mode := range []core.Compat{core.CompatKernia, core.CompatBetterAuth} {
		for _, set := range sets {
			described(t, mode, set)
		}
	}
}

// described checks the document of a server with plugins.
func described(t *testing.T, mode core.Compat, set func() []core.Plugin) {
	t.Helper()
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Compat = mode }, set()...)
	doc, err := openapi3.NewLoader().LoadFromData(e.Auth.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	// The validator knows 3.1, with the types of JSON Schema 2020-12.
	if err := doc.Validate(t.Context()); err != nil {
		t.Errorf("%v: %v", mode, err)
	}
	ids := map[string]string{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			at := method + " " + path
			switch other := ids[op.OperationID]; {
			case op.OperationID == "" || op.Summary == "" || len(op.Tags) != 1:
				t.Errorf("%s has no id, summary or tag", at)
			case other != "":
				t.Errorf("%s and %s are both %q", at, other, op.OperationID)
			}
			ids[op.OperationID] = at
			for _, status := range []string{"400", "401", "403", "404", "429", "500", "503"} {
				if op.Responses.Value(status) == nil {
					t.Errorf("%s does not list %s", at, status)
				}
			}
		}
	}
	for route := range routesOf(t, set()...) {
		method, path, _ := strings.Cut(route, " ")
		if mode != core.CompatKernia || path == "" || strings.HasPrefix(path, "/open-api/") || strings.HasPrefix(path, "/reference") || path == "/openapi.json" || pages[path] {
			continue
		}
		parts := strings.Split(path, "/")
		for i, part := range parts {
			if name, ok := strings.CutPrefix(part, ":"); ok {
				parts[i] = "{" + name + "}"
			}
		}
		if item := doc.Paths.Value(strings.Join(parts, "/")); item == nil || item.GetOperation(method) == nil {
			t.Errorf("%s is not described", route)
		}
	}
}
