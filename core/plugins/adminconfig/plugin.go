// Package adminconfig lets administrators switch sign-in methods on and off while the
// server runs, and keeps settings of e-mail services and of Stripe for the application. It
// is Kernia's own: Better Auth has no such plugin. Plugin id: "admin-config".
package adminconfig

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
)

// ID is the plugin's id.
const ID = "admin-config"

// Options configures the plugin. Somebody has to be an administrator: set AdminUserIDs or
// Allow, or install the plugin admin. With none of them the routes refuse everybody, and
// only Go code changes the configuration. New logs a warning then, unless AdminRoles is an empty
// list that is not nil.
type Options struct {
	// AdminUserIDs are ids of users who are administrators.
	AdminUserIDs []string
	// AdminRoles are values of the user's field role that make an administrator. The field
	// is that of the plugin admin, or one of the application that clients cannot set. It may
	// hold several roles, separated by commas. Default: where the plugin admin is installed,
	// the roles that it takes for administrators, otherwise "admin" and "owner". With an
	// empty list that is not nil, no role makes an administrator.
	AdminRoles []string
	// Allow may make a user an administrator whose id and role do not. It is called once for
	// each call of the routes.
	Allow func(c *core.Ctx, u *core.User) (bool, error)
	// AllowAnyAuthenticated makes every user who is signed in an administrator. It is for
	// demonstrations.
	AllowAnyAuthenticated bool
	// DefaultAuthMethods says what holds for methods that nobody has switched yet. A method
	// that is not listed is on.
	DefaultAuthMethods map[string]AuthMethod
	// AlwaysAllow names methods that are on whatever the table says, and that nobody can
	// switch off. When nobody can sign in any more, restart the server with one of your
	// methods here.
	AlwaysAllow []string
	// MaxAge is how long a process uses what it has read, at least a millisecond and at most
	// an hour. A change is seen at once in the process that makes it, and within MaxAge in
	// others. Default 10 seconds.
	MaxAge time.Duration
}

// AuthMethod is a sign-in method as a sign-in page shows it.
type AuthMethod struct {
	Enabled bool   `json:"enabled" doc:"Whether anybody can sign in or up by it"`
	Label   string `json:"label" doc:"Its name for people"`
}

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
// There they trust the application: they ask for no administrator, and switch off any
// method.
type Plugin struct {
	PublicAuth      *core.Op[core.NoInput, PublicReply]
	GetAuthMethods  *core.Op[core.NoInput, AuthMethodsReply]
	SetAuthMethods  *core.Op[SetAuthMethodsInput, AuthMethodsReply]
	GetEmailClients *core.Op[core.NoInput, EmailClientsReply]
	SetEmailClients *core.Op[SetInput, EmailClientsReply]
	GetStripe       *core.Op[core.NoInput, StripeReply]
	SetStripe       *core.Op[SetInput, StripeReply]

	opts   Options
	auth   *core.Auth
	rows   *core.Table[config]
	roles  []string       // nil: no role makes an administrator
	admins administration // nil without the plugin admin, or where Options.AdminRoles decides
	cached cache
}

// New makes the plugin.
func New(o Options) *Plugin {
	o.MaxAge = cmp.Or(o.MaxAge, 10*time.Second)
	p := &Plugin{opts: o}
	guarded := core.Use(p.guard)
	p.PublicAuth = core.Get("adminConfigPublicAuth", "/admin/config/public-auth", p.publicAuth,
		core.Doc("List the sign-in methods, for a sign-in page"))
	p.GetAuthMethods = core.Get("adminConfigGetAuthMethods", "/admin/config/auth-methods", p.getAuthMethods, guarded,
		core.Doc("List the sign-in methods with their switches, for administrators"))
	p.SetAuthMethods = core.Post("adminConfigSetAuthMethods", "/admin/config/auth-methods", p.setAuthMethods, guarded,
		core.Doc("Switch sign-in methods on and off"))
	p.GetEmailClients = core.Get("adminConfigGetEmailClients", "/admin/config/email-clients", p.getEmailClients, guarded,
		core.Doc("List the settings of e-mail services, without their secrets"))
	p.SetEmailClients = core.Post("adminConfigSetEmailClients", "/admin/config/email-clients", p.setEmailClients, guarded,
		core.Doc("Replace the settings of e-mail services"))
	p.GetStripe = core.Get("adminConfigGetStripe", "/admin/config/stripe", p.getStripe, guarded,
		core.Doc("Read the settings of Stripe, without their secrets"))
	p.SetStripe = core.Post("adminConfigSetStripe", "/admin/config/stripe", p.setStripe, guarded,
		core.Doc("Replace the settings of Stripe"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "admin-config".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	if p.opts.MaxAge < time.Millisecond || p.opts.MaxAge > time.Hour {
		return core.Manifest{}, fmt.Errorf("Options.MaxAge is %v: give a millisecond to an hour", p.opts.MaxAge)
	}
	if slices.Contains(p.opts.AdminUserIDs, "") {
		return core.Manifest{}, fmt.Errorf("Options.AdminUserIDs has an empty id: leave it out")
	}
	for _, role := range p.opts.AdminRoles {
		if strings.TrimSpace(role) == "" || strings.Contains(role, ",") {
			return core.Manifest{}, fmt.Errorf("Options.AdminRoles has the role %q: a role has a name, without commas", role)
		}
	}
	return core.Manifest{
		Tables:           []schema.Table{table()},
		SignInMethodGate: p.gate,
		Errors:           codes(),
		Init:             p.init,
	}, nil
}

func (p *Plugin) init(ctx context.Context, a *core.Auth) (err error) {
	p.auth = a
	if p.rows, err = core.TableOf[config](a, Model); err != nil {
		return err
	}
	if err := p.checkMethods(); err != nil {
		return err
	}
	if err := p.checkRoles(); err != nil {
		return err
	}
	o := &p.opts
	if p.admins == nil && p.roles == nil && o.AdminRoles == nil && len(o.AdminUserIDs) == 0 && o.Allow == nil && !o.AllowAnyAuthenticated {
		a.Logger().WarnContext(ctx, "admin-config: nobody is an administrator, and its routes refuse everybody: "+
			"install the plugin admin, or set Options.AdminUserIDs or Allow; an empty AdminRoles that is not nil says that only Go changes the configuration")
	}
	return nil
}

// checkMethods refuses options that name methods which nobody has.
func (p *Plugin) checkMethods() error {
	var known []string
	for _, m := range p.auth.SignInMethods() {
		known = append(known, m.Name)
	}
	missing := func(option, name string) error {
		return fmt.Errorf("Options.%s names %q, which is no sign-in method of this server: it has %s", option, name, strings.Join(known, ", "))
	}
	for _, name := range p.opts.AlwaysAllow {
		if !slices.Contains(known, name) {
			return missing("AlwaysAllow", name)
		}
	}
	for name, m := range p.opts.DefaultAuthMethods {
		switch {
		case !slices.Contains(known, name):
			return missing("DefaultAuthMethods", name)
		case !isLabel(m.Label):
			return fmt.Errorf("Options.DefaultAuthMethods: the label of %q is one line of at most %d characters", name, maxLabel)
		}
	}
	return nil
}
