package admin

import (
	"slices"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
)

// DefaultStatements are the resources and actions that the plugin itself checks. Merge yours
// into them for roles of your own.
func DefaultStatements() access.Permissions {
	return access.Permissions{
		"user": {
			"create", "list", "set-role", "ban", "impersonate", "impersonate-admins", "delete", "set-password", "set-email", "set-phone", "get", "update",
		},
		"session": {"list", "revoke", "delete"},
	}
}

// DefaultRoles are admin and user. Better Auth's client has the same ones.
func DefaultRoles() map[string]*access.Role {
	return map[string]*access.Role{"admin": AdminRole(), "user": UserRole()}
}

// AdminRole has all permissions that the plugin checks, except that of impersonating
// administrators.
func AdminRole() *access.Role {
	granted := DefaultStatements()
	granted["user"] = slices.DeleteFunc(granted["user"], func(action string) bool { return action == "impersonate-admins" })
	return access.NewRole(granted)
}

// UserRole has no permission.
func UserRole() *access.Role { return access.NewRole(access.Permissions{"user": {}, "session": {}}) }

// AddPermissions gives the permissions that another plugin asks for to the role admin, where
// Options.Roles is not set. Roles of the application have what it has given them. It is for
// the Init function of that plugin.
func (p *Plugin) AddPermissions(more access.Permissions) {
	if p.opts.Roles == nil {
		p.roles["admin"] = p.roles["admin"].With(more)
	}
}

// Roles lists the names of a user's roles. A user without any has Options.DefaultRole.
func (p *Plugin) Roles(u *core.User) []string {
	names, _ := Role.Of(u.Extra)
	return p.split(names)
}

// split takes roles apart as they are stored. None are Options.DefaultRole.
func (p *Plugin) split(stored string) []string {
	if stored == "" {
		stored = p.opts.DefaultRole
	}
	return access.Split(stored)
}

// HasPermission reports whether one of a user's roles has everything that is asked for. Users
// in Options.AdminUserIDs have everything. A request for nothing is refused. It does not look
// at bans: a banned user has no session.
func (p *Plugin) HasPermission(u *core.User, asked access.Permissions) bool {
	return p.granted(u.ID, p.Roles(u), asked)
}

func (p *Plugin) granted(userID string, roles []string, asked access.Permissions) bool {
	if p.named(userID) {
		return true
	}
	return slices.ContainsFunc(roles, func(name string) bool { return p.roles[name].Authorize(asked) })
}

// named reports whether a user is in Options.AdminUserIDs.
func (p *Plugin) named(userID string) bool {
	return userID != "" && slices.Contains(p.opts.AdminUserIDs, userID)
}

// IsAdmin reports whether a user has one of Options.AdminRoles, or is in
// Options.AdminUserIDs.
func (p *Plugin) IsAdmin(u *core.User) bool {
	return p.named(u.ID) || slices.ContainsFunc(p.Roles(u), func(name string) bool { return slices.Contains(p.opts.AdminRoles, name) })
}

// above reports whether a user may do something that the caller may not: then the caller has
// no power over the user. A nil caller is the application itself.
func (p *Plugin) above(caller, target *core.User) bool {
	if caller == nil || caller.ID == target.ID || p.opts.AllowRolesAboveOwn {
		return false
	}
	if p.named(target.ID) && !p.named(caller.ID) {
		return true
	}
	return !p.covers(caller, p.Roles(target))
}

// covers reports whether a user may do everything that some roles grant. Names that stand for
// no role grant nothing.
func (p *Plugin) covers(caller *core.User, roles []string) bool {
	if caller == nil || p.opts.AllowRolesAboveOwn || p.named(caller.ID) {
		return true
	}
	own := p.Roles(caller)
	for _, name := range roles {
		role := p.roles[name]
		if role == nil || slices.Contains(own, name) {
			continue
		}
		for resource, actions := range role.Permissions() {
			for _, action := range actions {
				if !p.granted(caller.ID, own, access.Permissions{resource: {action}}) {
					return false
				}
			}
		}
	}
	return true
}

// steward reports whether a user may make administrators, and is not banned: one of them
// stays.
func (p *Plugin) steward(u *core.User) bool {
	return !u.BannedAt(p.auth.Now()) && p.stewards(u.ID, p.Roles(u))
}

// succeeds reports whether a user may make another one who leaves an administrator again:
// may give roles, and those that the other one has.
func (p *Plugin) succeeds(u, leaving *core.User) bool {
	return p.steward(u) && p.covers(u, p.Roles(leaving))
}

func (p *Plugin) stewards(userID string, roles []string) bool {
	return p.named(userID) || slices.ContainsFunc(roles, func(name string) bool { return slices.Contains(p.stewardRoles, name) })
}

// findStewardRoles lists the roles that may give roles, or Options.AdminRoles when none may.
func (p *Plugin) findStewardRoles() []string {
	var out []string
	for name, role := range p.roles {
		if role.Authorize(access.Permissions{"user": {"set-role"}}) {
			out = append(out, name)
		}
	}
	if out == nil {
		out = p.opts.AdminRoles
	}
	slices.Sort(out)
	return out
}

// chosen checks roles that somebody gives: they exist, and grant nothing that the caller does
// not have. It returns them as they are stored.
func (p *Plugin) chosen(names []string) (string, error) {
	if p.opts.Roles != nil {
		for _, name := range names {
			if p.roles[name] == nil {
				return "", core.Fail(400, CodeNonExistentRole)
			}
		}
	}
	return access.Join(names), nil
}

// gives answers YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE unless a caller may give roles to a
// user. Roles that the user has already are not given.
func (p *Plugin) gives(caller, target *core.User, stored string) error {
	given := p.split(stored)
	if target != nil {
		has := p.Roles(target)
		given = slices.DeleteFunc(given, func(name string) bool { return slices.Contains(has, name) })
	}
	if !p.covers(caller, given) {
		return core.Fail(403, CodeNotAllowedToChangeRole)
	}
	return nil
}
