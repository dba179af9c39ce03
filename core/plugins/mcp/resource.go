package mcp

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/wire"
)

// resources are the MCP servers of the application, for which clients ask tokens.
type resources struct {
	urls    []string // the first is the default; nil: the origin
	scopes  []string // what clients are told to ask for; nil: all of the server
	implied bool     // tokens that name no resource are for the first
	server  oauthserver.Bearers
	token   core.Local[*Token]
}

// ResourceOptions configures Protect.
type ResourceOptions struct {
	// Resources are the URLs of the MCP servers that Require guards, such as
	// https://app.example.com/mcp. They are among oauthprovider.Options.ValidAudiences.
	Resources []string
	// Scopes are those that clients of the MCP servers ask for (scopes_supported in the
	// documents): official clients ask for all of them. With "offline_access" they get refresh
	// tokens. Default: all scopes of the plugin oauth-provider.
	Scopes []string
}

// Resource is the plugin of an application whose tokens are of the plugin oauth-provider. Plugin
// id: "mcp-resource".
type Resource struct {
	resources resources
}

// Protect makes the documents by which clients find the authorization server (RFC 9728), and
// lets Require accept the tokens of the plugin oauth-provider.
func Protect(o ResourceOptions) *Resource {
	return &Resource{resources: resources{urls: o.Resources, scopes: o.Scopes}}
}

// ID returns "mcp-resource".
func (r *Resource) ID() string { return "mcp-resource" }

// Manifest checks the options and lists what the plugin adds.
func (r *Resource) Manifest(env core.Env) (core.Manifest, error) {
	if len(r.resources.urls) == 0 {
		return core.Manifest{}, errors.New("ResourceOptions.Resources is empty: name the URL of the MCP server, and add it to ValidAudiences of the plugin oauth-provider")
	}
	operations, err := r.resources.documents(env)
	return core.Manifest{Requires: []string{"oauth-provider"}, Operations: operations, Init: r.init}, err
}

func (r *Resource) init(_ context.Context, a *core.Auth) error {
	server, ok := core.PluginOf[oauthserver.Bearers](a)
	if !ok {
		return errors.New("there is no plugin that issues tokens: add oauth-provider")
	}
	for _, one := range r.resources.urls {
		if !server.IssuesFor(one) {
			return fmt.Errorf("clients cannot ask tokens for %q: add it to ValidAudiences of the plugin oauth-provider", one)
		}
	}
	for _, scope := range r.resources.scopes {
		if !slices.Contains(server.ServerScopes(), scope) {
			return fmt.Errorf("ResourceOptions.Scopes has %q, which the plugin oauth-provider does not know: add it to its Scopes", scope)
		}
	}
	r.resources.server = server
	return nil
}

// documents makes the routes of the documents, at the path of each resource (RFC 9728 3.1).
func (r *resources) documents(env core.Env) ([]core.Operation, error) {
	if len(r.urls) == 0 {
		if env.BasePath == "" { // the route of the plugin is at the root
			return nil, nil
		}
		return []core.Operation{r.document(0, "")}, nil
	}
	var out []core.Operation
	seen := map[string]bool{}
	for i, one := range r.urls {
		u, err := url.Parse(one)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || strings.Contains(one, "#") {
			return nil, fmt.Errorf("Resources has %q: give the URL of the MCP server without query and fragment, such as https://app.example.com/mcp", one)
		}
		at := strings.TrimSuffix(u.EscapedPath(), "/")
		if seen[at] {
			return nil, fmt.Errorf("Resources has two URLs with the path %q: the documents of their clients would have one address", at)
		}
		seen[at] = true
		if env.BasePath == "" && at == "" && r.implied {
			continue
		}
		out = append(out, r.document(i, at))
	}
	// Clients that do not know the path ask at the root.
	if !seen[""] && (env.BasePath != "" || !r.implied) {
		out = append(out, r.document(0, ""))
	}
	return out, nil
}

func (r *resources) document(i int, path string) core.Operation {
	id := "mcpProtectedResource"
	if path != "" {
		id += fmt.Sprint(i)
	}
	run := func(c *core.Ctx, _ *core.NoInput) (*Document, error) { return r.describe(c, i) }
	return core.Get(id, protectedPath+path, run, core.AtRoot(), core.HideFromClient())
}

func (r *resources) first(c *core.Ctx, _ *core.NoInput) (*Document, error) { return r.describe(c, 0) }

// url is the identifier of a resource.
func (r *resources) url(c *core.Ctx, i int) string {
	if len(r.urls) == 0 {
		return oauthserver.Origin(c.BaseURL())
	}
	return r.urls[i]
}

// describe is the document of a resource (RFC 9728 2).
func (r *resources) describe(c *core.Ctx, i int) (*Document, error) {
	list := func(texts ...string) wire.Value {
		out := make([]wire.Value, len(texts))
		for i, one := range texts {
			out[i] = wire.String(one)
		}
		return wire.Array(out...)
	}
	o := wire.NewObject(
		wire.Member{Name: "resource", Value: wire.String(r.url(c, i))},
		wire.Member{Name: "authorization_servers", Value: list(r.server.ServerIssuer(c))},
		wire.Member{Name: "scopes_supported", Value: list(r.supported()...)},
		wire.Member{Name: "bearer_methods_supported", Value: list("header")},
		wire.Member{Name: "resource_name", Value: wire.String(c.Auth().AppName())},
	)
	oauthserver.CacheMetadata(c)
	return oauthserver.NewDocument(o.AppendJSON(nil)), nil
}

// supported are the scopes in the documents.
func (r *resources) supported() []string {
	if r.scopes != nil {
		return r.scopes
	}
	return r.server.ServerScopes()
}

// at finds the resource that a request is for: that with the longest path above its own. Of
// several, it is none where the ways in which routers read a path lead to different ones.
func (r *resources) at(c *core.Ctx) (i int, ok bool) {
	if len(r.urls) < 2 {
		return 0, true
	}
	for n, read := range readings {
		one, found := r.above(c.Req.Path, read)
		if n == 0 {
			i, ok = one, found
		}
		if one != i || found != ok {
			return 0, false
		}
	}
	return i, ok
}

// readings are the ways in which routers read a path: as it is written, decoded, without
// regard to case and to what path.Clean removes, and decoded again.
var readings = []func(string) string{
	func(text string) string { return text },
	decoded,
	func(text string) string { return strings.ToLower(path.Clean("/" + decoded(text))) },
	func(text string) string { return strings.ToLower(path.Clean("/" + decoded(decoded(text)))) },
}

// decoded is a path without escapes, or as it is when one is broken.
func decoded(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

// above finds the resource with the longest path above one.
func (r *resources) above(at string, read func(string) string) (i int, ok bool) {
	longest := -1
	at = read(at)
	for n := range r.urls {
		own := strings.TrimSuffix(read(r.place(n)), "/")
		if len(own) > longest && (at == own || strings.HasPrefix(at, own+"/")) {
			longest, i, ok = len(own), n, true
		}
	}
	return i, ok
}

// named finds a resource by its URL.
func (r *resources) named(c *core.Ctx, resource string) (i int, ok bool) {
	if len(r.urls) == 0 {
		return 0, strings.TrimSuffix(resource, "/") == r.url(c, 0)
	}
	i = slices.IndexFunc(r.urls, func(one string) bool { return strings.TrimSuffix(one, "/") == strings.TrimSuffix(resource, "/") })
	return i, i >= 0
}

// place is where the document of a resource is, below its address.
func (r *resources) place(i int) string {
	if len(r.urls) == 0 {
		return ""
	}
	u, err := url.Parse(r.urls[i])
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(u.EscapedPath(), "/")
}
