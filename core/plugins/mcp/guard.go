package mcp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthapps"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/wire"
)

// Token is what a valid access token says: who acts for whom, and with which scopes.
type Token = oauthserver.Bearer

// TokenFrom returns the token that Require has let through. ctx is that of the request: the
// official SDK runs the tools of a stateful session with the context of its first request, in
// which TokenFrom finds who has begun the session, and not who calls. See the page of the plugin.
func TokenFrom(ctx context.Context) (*Token, bool) {
	c, ok := core.Attached(ctx)
	if !ok {
		return nil, false
	}
	r, err := resourcesOf(c.Auth())
	if err != nil {
		return nil, false
	}
	return r.token.Get(c)
}

// Route says more about a guarded route than the scopes that it asks for.
type Route struct {
	// Resource is the URL of the MCP server at the route, one of Resources. A token must name
	// it. Default: the one whose path is above that of the request. Of several, a route that is
	// not at the path of its resource, such as one behind a proxy that rewrites paths, has to
	// name it.
	Resource string
	// Machines lets in tokens of clients that act for themselves, by client_credentials: User of
	// the token is nil then. Default: a token needs a user.
	Machines bool
}

// Require lets requests through whose access token is for this MCP server and has all scopes. In
// the handler, TokenFrom returns the token. Cookies and sessions do not count. It answers 401
// without a valid token, and 403 insufficient_scope for one that lacks a scope, each with the
// challenge by which clients find the authorization server (RFC 9728 5.1). It needs the plugin
// of New, or of Protect.
//
// With New, a token that names no resource is for the first one: a guard without scopes lets in
// the tokens of any client that a user has signed in to. Name a scope of the MCP server, or the
// resource by Route.
//
//	kernia.Require(mcp.Require("files:read"))
func Require(scopes ...string) core.Guard { return Route{}.Require(scopes...) }

// Require is as the function of the same name, for the route.
//
//	kernia.Require(mcp.Route{Resource: "https://app.example.com/mcp"}.Require("files:read"))
func (route Route) Require(scopes ...string) core.Guard {
	scopes = slices.Clone(scopes)
	return func(ctx context.Context) error {
		c, ok := core.Attached(ctx)
		if !ok {
			return errors.New("mcp: a guard needs Kernia's middleware before it")
		}
		r, err := resourcesOf(c.Auth())
		if err != nil {
			return err
		}
		return r.guard(c, route, scopes)
	}
}

func resourcesOf(a *core.Auth) (*resources, error) {
	if p, ok := core.PluginOf[*Resource](a); ok {
		return &p.resources, nil
	}
	if p, ok := From(a); ok {
		return &p.resources, nil
	}
	return nil, errors.New("mcp: no plugin is installed: add mcp.New to Options.Plugins, or oauthprovider.New and mcp.Protect")
}

func (r *resources) guard(c *core.Ctx, route Route, scopes []string) error {
	i, known := r.at(c)
	if route.Resource != "" {
		if i, known = r.named(c, route.Resource); !known {
			return fmt.Errorf("mcp: a guard is for the resource %q, which the plugin does not have: add it to Resources", route.Resource)
		}
	}
	document := oauthserver.Origin(c.BaseURL()) + protectedPath
	if known {
		document += r.place(i)
	}
	text := oauthapps.BearerOf(c)
	if text == "" {
		return refuse(http.StatusUnauthorized, "", "Authentication required", document, nil)
	}
	t, err := r.server.CheckBearer(c, text)
	if err != nil {
		return err
	}
	invalid := func(why string) error {
		return refuse(http.StatusUnauthorized, oauthserver.ErrInvalidToken, why, document, nil)
	}
	if t == nil {
		return invalid("The access token is not valid")
	}
	if t.User == nil && !route.Machines {
		return invalid("The access token has no user")
	}
	switch {
	case !known, len(t.Resources) > 0 && !t.For(r.url(c, i)),
		len(t.Resources) == 0 && (!r.implied || i != 0 || route.Resource != ""):
		return invalid("The access token is for another resource")
	}
	for _, scope := range scopes {
		if !t.Has(scope) {
			return refuse(http.StatusForbidden, oauthserver.ErrInsufficientScope, "The access token lacks a scope", document, scopes)
		}
	}
	r.token.Set(c, t)
	return nil
}

// refuse is an answer in the form of JSON-RPC, as MCP has it, with its challenge. That names
// scopes only where the token lacks one: a client that has no token yet would ask for these
// alone, and get no refresh token. It finds all in the document.
func refuse(status int, code, description, document string, scopes []string) error {
	challenge := "Bearer "
	if code != "" {
		challenge += `error="` + code + `", error_description="` + description + `", `
	}
	if len(scopes) > 0 {
		challenge += `scope="` + strings.Join(scopes, " ") + `", `
	}
	challenge += `resource_metadata="` + document + `"`
	message := "Unauthorized: " + description
	if status == http.StatusForbidden {
		message = "Forbidden: " + description
	}
	return &core.Error{
		Status: status, Code: code, Message: description,
		Header: []core.HeaderField{{Name: "WWW-Authenticate", Value: challenge}, {Name: "Access-Control-Expose-Headers", Value: "WWW-Authenticate"}},
		Body: wire.NewObject(
			wire.Member{Name: "jsonrpc", Value: wire.String("2.0")},
			wire.Member{Name: "error", Value: wire.ObjectOf(wire.NewObject(
				wire.Member{Name: "code", Value: wire.Int(-32000)},
				wire.Member{Name: "message", Value: wire.String(message)},
				wire.Member{Name: "www-authenticate", Value: wire.String(challenge)},
			))},
			wire.Member{Name: "id", Value: wire.Null()},
		),
	}
}
