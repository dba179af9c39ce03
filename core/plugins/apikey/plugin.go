// Package apikey gives users and organizations keys for programs. A key can have
// permissions, a number of uses, a rate limit and an expiry. A verification is one read
// and one conditional write, so that no two callers share a use. See
// https://better-auth.com/docs/plugins/api-key. Plugin id: "api-key".
package apikey

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/schema"
)

// ID is the plugin's id.
const ID = "api-key"

// Options configures the plugin.
type Options struct {
	// Configs are the kinds of keys. Default: one with the defaults of Config. With
	// several, each needs an ID.
	Configs []Config
	// SessionPaths are routes of this server that a session of a key may use
	// (Config.Sessions), for example "/list-accounts", or "/organization/*" for all below
	// it (Auth.RoutesLike). "*" is every route: a key can then make keys, and change how its owner signs in.
	// Default: "/get-session" alone, and "*" under CompatBetterAuth. It does not concern
	// routes of the application.
	SessionPaths []string
	Table        string            // name of the table; default "apikey"
	Columns      map[string]string // names of its columns by field
}

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	Create *core.Op[CreateInput, Created]
	// Verify checks a key and counts the use. It has no route: Go code calls it, or uses a
	// Guard.
	Verify *core.Op[VerifyInput, VerifyReply]
	Get    *core.Op[GetInput, Shown]
	Update *core.Op[UpdateInput, Shown]
	Delete *core.Op[DeleteInput, core.SuccessReply]
	List   *core.Op[ListInput, ListReply]
	// DeleteExpired removes the keys that have expired. It has no route.
	DeleteExpired *core.Op[core.NoInput, DeleteExpiredReply]

	opts    Options
	configs []*config
	ofOrgs  []string // ids of configurations whose keys belong to organizations
	auth    *core.Auth
	keys    *core.Table[Key]
	rows    *database
	org     organizations // nil without the plugin
	joins   bool          // a key and its owner are read at once
	bans    bool          // users have the field banned
	lines   lines
	opened  map[string]bool // routes that a session of a key may use; nil: all
	swept   atomic.Int64    // when expired keys were last removed, in milliseconds
	caller  core.Local[*caller]
	guarded core.Local[*Key]
}

// New makes the plugin.
func New(o Options) *Plugin {
	p := &Plugin{opts: o}
	p.Create = core.Post("createApiKey", "/api-key/create", p.create, core.Use(core.InPerson), core.Secured(), core.Fails(http.StatusConflict), core.Doc("Create an API key"))
	p.Verify = core.Server("verifyApiKey", p.verify, core.Doc("Verify an API key and count the use"))
	p.Get = core.Get("getApiKey", "/api-key/get", p.get, core.Use(core.RequireSession), core.Doc("Get an API key by its id"))
	p.Update = core.Post("updateApiKey", "/api-key/update", p.update, core.Use(core.InPerson), core.Secured(), core.Doc("Update an API key"))
	p.Delete = core.Post("deleteApiKey", "/api-key/delete", p.delete, core.Use(core.RequireStoredSession, core.InPerson), core.Doc("Delete an API key"))
	p.List = core.Get("listApiKeys", "/api-key/list", p.list, core.Use(core.RequireSession), core.Doc("List the API keys of the current user, or of an organization"))
	p.DeleteExpired = core.Server("deleteAllExpiredApiKeys", p.deleteExpired, core.Doc("Remove API keys that have ended"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "api-key".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(env core.Env) (core.Manifest, error) {
	if err := p.configure(env); err != nil {
		return core.Manifest{}, err
	}
	m := core.Manifest{
		Tables: []schema.Table{p.table()},
		Store:  core.StoreHooks{User: core.ModelHooks[core.User]{BeforeDelete: p.ownerDeleted}},
		Errors: codes,
		Init:   p.bind,

		DeleteExpired: p.removeExpired,
	}
	if len(p.ofOrgs) > 0 {
		m.Requires = []string{"organization"}
	}
	for _, cf := range p.configs {
		if cf.Sessions {
			m.Authenticate = p.authenticate
			m.Before = []core.Hook{{Match: core.When(core.All(), p.hasKey), Run: p.admit}}
			m.OpenAPI.Schemes = append(m.OpenAPI.Schemes, cf.schemes(m.OpenAPI.Schemes)...)
		}
	}
	return m, nil
}

// schemes describes the headers of keys that are not among others.
func (c *config) schemes(others []core.SecurityScheme) (all []core.SecurityScheme) {
	for _, name := range c.Headers {
		s := core.SecurityScheme{Name: "apiKey", Header: name, Doc: "An API key of a user"}
		if name != defaultHeader {
			s.Name += "." + name
		}
		if c.Find == nil && !slices.Contains(others, s) {
			all = append(all, s)
		}
	}
	return all
}

// organizations is what the plugin of organizations can say.
type organizations interface {
	core.Plugin
	MayUse(ctx context.Context, userID, organizationID string, asked access.Permissions) (member, allowed bool, err error)
	BeforeDeletion(remove func(ctx context.Context, organizationID string) error)
}

func (p *Plugin) bind(_ context.Context, a *core.Auth) (err error) {
	p.auth = a
	if p.keys, err = core.TableOf[Key](a, Model); err != nil {
		return err
	}
	p.rows = &database{p}
	p.joins = a.Schema().IDs == schema.IDString // elsewhere ids and texts do not compare
	if users, ok := a.Schema().Table(core.ModelUser); ok {
		_, p.bans = users.Field(core.Banned.Name)
	}
	for _, cf := range p.configs {
		if err := p.place(cf); err != nil {
			return err
		}
	}
	if err := p.openRoutes(); err != nil {
		return err
	}
	if org, ok := core.PluginOf[organizations](a); ok {
		p.org = org
		org.BeforeDeletion(p.organizationDeleted)
	}
	return nil
}
