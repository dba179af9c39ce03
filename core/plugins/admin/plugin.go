// Package admin lets administrators manage users: list, create, change, ban and remove them,
// end their sessions, and impersonate them. What a user may do follows from roles
// (package access). See https://better-auth.com/docs/plugins/admin. Plugin id: "admin".
//
// Every route reads the caller's session and role from the store. A change runs while the rows
// of the caller and of the user are locked, and checks again there: an administrator who was
// demoted or banned a moment ago changes nothing, and of many changes at once none takes the
// last administrator away.
package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
)

// ID is the plugin's id.
const ID = "admin"

// Options configures the plugin. The zero value is Better Auth's default.
type Options struct {
	// DefaultRole is the role of new users, and of users without a role. Default "user".
	DefaultRole string
	// AdminRoles are the roles whose users count as administrators: they cannot be impersonated
	// without the permission to do that. Each must be one of Roles. Default "admin".
	AdminRoles []string
	// AdminUserIDs are users who may do everything, whatever their role.
	AdminUserIDs []string
	// Access lists the resources and actions that Roles may have (ac). Default: they are not
	// compared with a list.
	Access *access.Control
	// Roles are the roles that users may have. Default: DefaultRoles, and then set-role accepts
	// any name: a name that is no role grants nothing. Your list replaces all of them, so include
	// admin and user if you need them.
	Roles map[string]*access.Role
	// AllowRolesAboveOwn restores Better Auth's rule: a user who may set roles sets every
	// role, and one who may ban or set passwords does so to everybody. By default nobody
	// gives a role that grants more than their own roles, or changes, impersonates or signs
	// out a user who may do more than they may.
	AllowRolesAboveOwn bool
	// DefaultBanReason is the reason of a ban that names none. Default "No reason".
	DefaultBanReason string
	// DefaultBanExpiresIn is how long a ban lasts that names no end. Default: for ever.
	DefaultBanExpiresIn time.Duration
	// BannedUserMessage is what a banned user who tries to sign in is told. Default "You
	// have been banned from this application. Please contact support if you believe this is
	// an error."
	BannedUserMessage string
	// BannedUserMessageFunc makes the message for a user (a function as bannedUserMessage, of
	// Better Auth 1.7). An empty text means BannedUserMessage. It is called while rows are
	// locked: ask no other system.
	BannedUserMessageFunc func(ctx context.Context, u *core.User) (string, error)
	// ImpersonationSessionDuration is how long an impersonation lasts at most. Nothing extends
	// it. Default one hour.
	ImpersonationSessionDuration time.Duration
	// AllowImpersonatingAdmins lets everybody who may impersonate also impersonate
	// administrators. Prefer to give a role the permission user:impersonate-admins.
	AllowImpersonatingAdmins bool
	// RevokeSessionsOnSetPassword ends all sessions of a user whose password an administrator
	// sets, except the administrator's own. Pending links and codes of the user end in any
	// case.
	RevokeSessionsOnSetPassword bool
	// Columns are the names of the columns of the fields role, banned, banReason, banExpires and
	// impersonatedBy (schema).
	Columns map[string]string
}

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
// Without core.WithHeader or core.AsCaller the caller is the application itself, which may do
// everything but impersonate.
type Plugin struct {
	SetRole            *core.Op[SetRoleInput, UserReply]
	GetUser            *core.Op[GetUserInput, *core.User]
	CreateUser         *core.Op[CreateUserInput, UserReply]
	UpdateUser         *core.Op[UpdateUserInput, *core.User]
	ListUsers          *core.Op[ListUsersInput, ListUsersReply]
	ListUserSessions   *core.Op[UserInput, SessionsReply]
	UnbanUser          *core.Op[UserInput, UserReply]
	BanUser            *core.Op[BanUserInput, UserReply]
	ImpersonateUser    *core.Op[UserInput, *core.SessionData]
	StopImpersonating  *core.Op[core.NoInput, *core.SessionData]
	RevokeUserSession  *core.Op[RevokeSessionInput, core.SuccessReply]
	RevokeUserSessions *core.Op[UserInput, core.SuccessReply]
	RemoveUser         *core.Op[UserInput, core.SuccessReply]
	SetUserPassword    *core.Op[SetPasswordInput, core.StatusReply]
	UserHasPermission  *core.Op[HasPermissionInput, HasPermissionReply]

	opts         Options
	roles        map[string]*access.Role
	stewardRoles []string
	givenAdmins  bool
	auth         *core.Auth
	own          core.Local[bool] // a route of this plugin is making a change
}

const (
	defaultRole    = "user"
	defaultReason  = "No reason"
	defaultMessage = "You have been banned from this application. Please contact support if you believe this is an error."
)

// New makes the plugin.
func New(o Options) *Plugin {
	if o.DefaultRole == "" {
		o.DefaultRole = defaultRole
	}
	if o.DefaultBanReason == "" {
		o.DefaultBanReason = defaultReason
	}
	if o.BannedUserMessage == "" {
		o.BannedUserMessage = defaultMessage
	}
	if o.ImpersonationSessionDuration == 0 {
		o.ImpersonationSessionDuration = time.Hour
	}
	p := &Plugin{opts: o, roles: o.Roles, givenAdmins: o.AdminRoles != nil}
	if p.roles == nil {
		p.roles = DefaultRoles()
	}
	if o.AdminRoles == nil {
		p.opts.AdminRoles = []string{"admin"}
	}
	p.stewardRoles = p.findStewardRoles()
	caller, secured := core.Use(p.caller), core.Secured()
	p.SetRole = core.Post("setRole", "/admin/set-role", p.setRole, caller, secured, core.DocID("setUserRole"), core.Doc("Set the role of a user"))
	p.GetUser = core.Get("getUser", "/admin/get-user", p.getUser, caller, secured, core.Doc("Get a user"))
	p.CreateUser = core.Post("createUser", "/admin/create-user", p.createUser, caller, secured, core.Hashes(core.ByUser), core.Fails(http.StatusUnprocessableEntity), core.Doc("Create a user"))
	p.UpdateUser = core.Post("adminUpdateUser", "/admin/update-user", p.updateUser, caller, secured, core.Fails(http.StatusUnprocessableEntity), core.Doc("Change a user"))
	p.ListUsers = core.Get("listUsers", "/admin/list-users", p.listUsers, caller, secured, core.Doc("List users by search, filter, order and page"))
	p.ListUserSessions = core.Post("listUserSessions", "/admin/list-user-sessions", p.listUserSessions, caller, secured, core.DocID("adminListUserSessions"), core.Doc("List the sessions of a user"))
	p.UnbanUser = core.Post("unbanUser", "/admin/unban-user", p.unbanUser, caller, secured, core.Doc("End the ban of a user"))
	p.BanUser = core.Post("banUser", "/admin/ban-user", p.banUser, caller, secured, core.Doc("Ban a user and end all of the user's sessions"))
	p.ImpersonateUser = core.Post("impersonateUser", "/admin/impersonate-user", p.impersonateUser, core.Use(core.RequireStoredSession),
		core.Doc("Use the application in the place of a user"))
	p.StopImpersonating = core.Post("stopImpersonating", "/admin/stop-impersonating", p.stopImpersonating, core.Use(core.RequireStoredSession),
		core.Doc("Return to the administrator's own session"))
	p.RevokeUserSession = core.Post("revokeUserSession", "/admin/revoke-user-session", p.revokeUserSession, caller, secured, core.Doc("End a session"))
	p.RevokeUserSessions = core.Post("revokeUserSessions", "/admin/revoke-user-sessions", p.revokeUserSessions, caller, secured, core.Doc("End all sessions of a user"))
	p.RemoveUser = core.Post("removeUser", "/admin/remove-user", p.removeUser, caller, secured, core.Doc("Delete a user with sessions and accounts"))
	p.SetUserPassword = core.Post("setUserPassword", "/admin/set-user-password", p.setUserPassword, caller, secured, core.Hashes(core.ByUser), core.Doc("Set the password of a user"))
	p.UserHasPermission = core.Post("userHasPermission", "/admin/has-permission", p.userHasPermission, core.Secured(), core.Doc("Check what a user may do"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "admin".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	if err := p.check(); err != nil {
		return core.Manifest{}, err
	}
	return core.Manifest{
		Extend: p.opts.fields(),
		After: []core.Hook{
			{Match: core.Paths("/list-sessions"), Run: hideImpersonations},
			{Match: core.Paths("/sign-out"), Run: p.signedOut},
		},
		SignInWatch: p.watch,
		SessionGate: p.sessionGate,
		Store: core.StoreHooks{
			User:    core.ModelHooks[core.User]{BeforeCreate: p.userMade, AfterUpdate: p.userChanged, BeforeDelete: p.userGoes},
			Session: core.ModelHooks[core.Session]{BeforeCreate: p.sessionMade},
		},
		Errors: errorCodes(),
		Init: func(_ context.Context, a *core.Auth) error {
			p.auth = a
			return nil
		},
	}, nil
}

func (p *Plugin) check() error {
	o := &p.opts
	for name, role := range p.roles {
		if name == "" || strings.Contains(name, ",") || role == nil {
			return fmt.Errorf("Options.Roles has the name %q: give each role a name without commas, and a role", name)
		}
		if o.Access == nil {
			continue
		}
		statements := access.NewRole(o.Access.Statements())
		if missing := statements.Missing(role.Permissions()); len(missing) > 0 && o.Roles != nil {
			return fmt.Errorf("the role %q has %s, which Options.Access does not have: add it there", name, missing[0])
		}
	}
	for _, name := range o.AdminRoles {
		if p.givenAdmins && p.roles[name] == nil {
			return fmt.Errorf("Options.AdminRoles has %q, which is none of Options.Roles: add it there", name)
		}
	}
	for name := range strings.SplitSeq(o.DefaultRole, ",") {
		if o.Roles != nil && o.DefaultRole != defaultRole && p.roles[strings.TrimSpace(name)] == nil {
			return fmt.Errorf("Options.DefaultRole has %q, which is none of Options.Roles: add it there", name)
		}
	}
	if slices.Contains(o.AdminUserIDs, "") {
		return errors.New("Options.AdminUserIDs has an empty id: take it out")
	}
	if o.DefaultBanExpiresIn < 0 {
		return fmt.Errorf("Options.DefaultBanExpiresIn is %s: give a positive time, or leave it out for bans without an end", o.DefaultBanExpiresIn)
	}
	if d := o.ImpersonationSessionDuration; d < time.Second {
		return fmt.Errorf("Options.ImpersonationSessionDuration is %s: give at least a second", d)
	}
	for name := range o.Columns {
		if !slices.Contains([]string{Role.Name, core.Banned.Name, BanReason.Name, core.BanExpires.Name, core.ImpersonatedBy.Name}, name) {
			return fmt.Errorf("Options.Columns has %q, which is no field of the plugin", name)
		}
	}
	return nil
}
