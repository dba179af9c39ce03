// Package auditlog keeps the security events of the server in a table, and lists them: users
// see their own, administrators all, and those who run an organization the ones of theirs. It
// is Kernia's own: Better Auth 1.6 has no such plugin. Plugin id: "audit-log".
package auditlog

import (
	"cmp"
	"context"
	"fmt"
	"net/textproto"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/schema"
)

// ID is the plugin's id.
const ID = "audit-log"

// Options configures the plugin.
type Options struct {
	// Retention is how long records are kept, at least an hour. Auth.DeleteExpired removes
	// older ones, in portions. Default 90 days. Negative: for ever.
	Retention time.Duration
	// Filter says which events are recorded. It runs for every event, in its transaction when
	// Required is set, and must be quick. Default: DefaultFilter.
	Filter func(e core.Event) bool
	// Required writes a record in the transaction of what has happened: without its record
	// nothing happens, and the call answers 500. By default a record is written after the
	// commit and before the answer. When that fails, the call succeeds, and the log holds the
	// record.
	Required bool
	// OmitIPAddress leaves addresses out of records, OmitUserAgent the names of browsers.
	OmitIPAddress, OmitUserAgent bool
	// KeepAddresses keeps the addresses and the names of browsers of a user who is deleted. By
	// default they are removed with the user, from records of the user and from those of what
	// the user has done to others. The records themselves stay.
	KeepAddresses bool
	// RequestIDHeader is the header in which a proxy names the request. Clients can send it
	// too, unless the proxy replaces it. Default "X-Request-Id". "-": none.
	RequestIDHeader string
	// Allow lets a user list the records of everybody, beside those who have the permission
	// auditLog:list of the plugin admin. It is called once for each such request.
	Allow func(c *core.Ctx, u *core.User) (bool, error)
	// OrganizationAddresses shows addresses, names of browsers and sessions to those who list
	// the records of an organization. By default they see who has done what, and when.
	OrganizationAddresses bool
}

// DefaultFilter records every event but three that strangers cause in any number, and that
// Options.OnEvent is for: "rate-limited", "origin.refused" and "api-key.refused", which
// every route of the application emits for a made-up key.
func DefaultFilter(e core.Event) bool {
	return e.Type != core.EventRateLimited && e.Type != core.EventOriginRefused && e.Type != "api-key.refused"
}

// Plugin is the installed plugin; get it with From. Its operations can be called from Go:
// ListAll then asks for no administrator. See also Find, Count and Append.
type Plugin struct {
	List    *core.Op[ListInput, ListReply]
	ListAll *core.Op[ListAllInput, ListReply]
	// ListOrganization is nil without the plugin organization.
	ListOrganization *core.Op[ListOrganizationInput, ListReply]

	opts          Options
	auth          *core.Auth
	records       *core.Table[Record]
	admins        administrators // nil without the plugin admin
	organizations organizations  // nil without the plugin organization
}

const (
	defaultRetention = 90 * 24 * time.Hour
	defaultHeader    = "X-Request-Id"
)

// New makes the plugin.
func New(o Options) *Plugin {
	o.Retention = cmp.Or(o.Retention, defaultRetention)
	o.RequestIDHeader = cmp.Or(o.RequestIDHeader, defaultHeader)
	if o.Filter == nil {
		o.Filter = DefaultFilter
	}
	p := &Plugin{opts: o}
	p.List = core.Get("listAuditLog", "/audit-log/list", p.list, core.Use(core.RequireStoredSession),
		core.Doc("List the security events of the current user"))
	p.ListAll = core.Get("listAllAuditLog", "/audit-log/list-all", p.listAll, core.Use(p.administrator), core.Secured(),
		core.Doc("List the security events of everybody, for administrators"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "audit-log".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(env core.Env) (core.Manifest, error) {
	o := &p.opts
	if o.Retention >= 0 && o.Retention < time.Hour {
		return core.Manifest{}, fmt.Errorf("Options.Retention is %v: give at least an hour, or a negative time to keep records for ever", o.Retention)
	}
	if o.RequestIDHeader != "-" && !isHeader(o.RequestIDHeader) {
		return core.Manifest{}, fmt.Errorf(`Options.RequestIDHeader is %q: give the name of a header, or "-" for none`, o.RequestIDHeader)
	}
	o.RequestIDHeader = textproto.CanonicalMIMEHeaderKey(o.RequestIDHeader)
	if env.HasPlugin("organization") {
		p.ListOrganization = core.Get("listOrganizationAuditLog", "/audit-log/list-organization", p.listOrganization, core.Use(core.RequireStoredSession, core.InPerson),
			core.Doc("List the security events of an organization, for those who run it"))
	}
	m := core.Manifest{Tables: []schema.Table{table()}, Errors: codes(), Init: p.init}
	if o.Required {
		m.RecordEvent = p.require
	} else {
		m.OnEvent = p.try
	}
	if o.Retention > 0 {
		m.DeleteExpired = p.deleteOld
	}
	if !o.KeepAddresses {
		m.Store.User.BeforeDelete = p.forget
	}
	return m, nil
}

func isHeader(name string) bool {
	for _, r := range name {
		if r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return name != ""
}

// Permissions are what the lists of everybody, and of an organization, ask for.
func Permissions() access.Permissions { return access.Permissions{"auditLog": {"list"}} }

// administrators is what the plugin admin can say.
type administrators interface {
	core.Plugin
	IsAdmin(u *core.User) bool
	HasPermission(u *core.User, asked access.Permissions) bool
	AddPermissions(more access.Permissions)
}

// organizations is what the plugin organization can say.
type organizations interface {
	core.Plugin
	MayUse(ctx context.Context, userID, organizationID string, asked access.Permissions) (member, allowed bool, err error)
	AddPermissions(more access.Permissions)
}

func (p *Plugin) init(_ context.Context, a *core.Auth) (err error) {
	p.auth = a
	if p.records, err = core.TableOf[Record](a, Model); err != nil {
		return err
	}
	if admins, ok := core.PluginOf[administrators](a); ok {
		p.admins = admins
		admins.AddPermissions(Permissions())
	}
	if org, ok := core.PluginOf[organizations](a); ok {
		p.organizations = org
		org.AddPermissions(Permissions())
	}
	return nil
}
