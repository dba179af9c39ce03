package mcptest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/mcp"
	"github.com/advantch/kernia-go/core/suites/corstest"
)

// server issues a token for each resource: the URL itself.
type server struct{}

func (server) ID() string                               { return "oauth-provider" }
func (server) Manifest(core.Env) (core.Manifest, error) { return core.Manifest{}, nil }
func (server) ServerIssuer(c *core.Ctx) string          { return c.BaseURL() }
func (server) ServerScopes() []string                   { return nil }
func (server) IssuesFor(string) bool                    { return true }
func (server) CheckBearer(_ *core.Ctx, token string) (*mcp.Token, error) {
	return &mcp.Token{ClientID: "client", Resources: []string{token}, User: &core.User{}}, nil
}

// RunPaths checks that no spelling of a path leads to a route of a framework whose resource the
// guard takes for another. start makes a server of the framework with a's middleware, which
// answers POST at each path with "reached <path>" behind guard.
func RunPaths(t *testing.T, start func(t *testing.T, a *core.Auth, guard core.Guard, paths []string) corstest.Send) {
	t.Helper()
	one, two, inner := authtest.BaseURL+"/mcp", authtest.BaseURL+"/admin", authtest.BaseURL+"/mcp/inner"
	resources := []string{one, two, inner}
	a := authtest.New(t, nil, server{}, mcp.Protect(mcp.ResourceOptions{Resources: resources})).Auth
	send := start(t, a, mcp.Require(), []string{"/mcp", "/admin", "/mcp/inner"})
	ask := func(path, token string) (int, string) {
		r := httptest.NewRequest(http.MethodPost, path, http.NoBody)
		r.Host = strings.TrimPrefix(authtest.BaseURL, "http://")
		r.Header.Set("Authorization", "Bearer "+token)
		res := send(t, r)
		defer func() { _ = res.Body.Close() }()
		return res.StatusCode, res.Header.Get("X-Reached")
	}
	for path, token := range map[string]string{"/mcp": one, "/admin": two, "/mcp/inner": inner} {
		if status, reached := ask(path, token); status != http.StatusOK || reached != path {
			t.Errorf("%s: %d at %q", path, status, reached)
		}
	}
	for _, path := range []string{
		"/admin", "/%61dmin", "/adm%69n", "/%2561dmin", "/ADMIN", "/admin/", "//admin", "/mcp/../admin", "/mcp/%2e%2e/admin", "/mcp/..%2fadmin", "/mcp/..%2Fadmin",
		"/mcp/inner", "/mcp/%69nner", "/mcp%2finner", "/mcp%2Finner", "/mcp/INNER", "/mcp//inner", "/mcp/./inner", "/%6dcp/inner", "/mcp", "/%6dcp", "/MCP",
	} {
		for _, token := range resources {
			status, reached := ask(path, token)
			if own := authtest.BaseURL + reached; reached != "" && own != token {
				t.Errorf("OP-26 %s with a token for %s: %d at the route of %s", path, token, status, own)
			}
		}
	}
}
