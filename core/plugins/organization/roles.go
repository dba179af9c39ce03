package organization

import (
	"github.com/advantch/kernia-go/core/plugins/access"
)

// DefaultStatements are the resources and actions that the plugin itself checks.
// Merge yours into them for Options.Access.
func DefaultStatements() access.Permissions {
	return access.Permissions{
		"organization": {"update", "delete"},
		"member":       {"create", "update", "delete"},
		"invitation":   {"create", "cancel"},
		"team":         {"create", "update", "delete"},
		"ac":           {"create", "read", "update", "delete"},
	}
}

// DefaultRoles are owner, admin and member. Better Auth's client has the same ones.
func DefaultRoles() map[string]*access.Role {
	return map[string]*access.Role{"owner": OwnerRole(), "admin": AdminRole(), "member": MemberRole()}
}

// OwnerRole has all permissions that the plugin checks.
func OwnerRole() *access.Role { return access.NewRole(DefaultStatements()) }

// AdminRole has all permissions of an owner except deleting the organization.
func AdminRole() *access.Role {
	granted := DefaultStatements()
	granted["organization"] = []string{"update"}
	return access.NewRole(granted)
}

// MemberRole may read dynamic roles, and nothing else.
func MemberRole() *access.Role {
	return access.NewRole(access.Permissions{
		"organization": {}, "member": {}, "invitation": {}, "team": {}, "ac": {"read"},
	})
}

// AddPermissions gives the permissions that another plugin asks for to the roles owner and
// admin, where Options.Roles is not set. Roles of the application have what it has given
// them. It is for the Init function of that plugin.
func (p *Plugin) AddPermissions(more access.Permissions) {
	if p.opts.Roles != nil {
		return
	}
	for _, name := range []string{"owner", "admin"} {
		p.roles[name] = p.roles[name].With(more)
	}
}
