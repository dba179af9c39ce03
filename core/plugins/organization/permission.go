package organization

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// isOwner reports whether a member has the creator's role.
func (p *Plugin) isOwner(m *Member) bool { return slices.Contains(m.Roles(), p.opts.CreatorRole) }

// rolesOf returns the roles that a member has: those of the options, and those that
// the organization has made. Names without a role do not count.
func (p *Plugin) rolesOf(ctx context.Context, m *Member) ([]*access.Role, error) {
	return p.rolesNamed(ctx, m.OrganizationID, m.Roles())
}

// rolesNamed returns the roles that names mean in an organization.
func (p *Plugin) rolesNamed(ctx context.Context, organizationID string, names []string) ([]*access.Role, error) {
	dynamic := map[string]*access.Role{}
	if p.dynamicRoles != nil && p.opts.Access != nil && len(names) > 0 {
		rows, err := p.dynamicRoles.List(ctx, adapter.Find{Where: adapter.Where{
			{Field: "organizationId", Value: organizationID},
			{Field: "role", Op: adapter.In, Value: names},
		}})
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			granted, ok := parsePermissions(row.Permission)
			if !ok {
				// It grants nothing. Better Auth 1.6 answers 500 to the whole
				// organization then.
				p.auth.Logger().LogAttrs(ctx, slog.LevelError, "the permissions of a dynamic role cannot be read", slog.String("role", row.ID))
				continue
			}
			dynamic[row.Role] = access.NewRole(granted)
		}
	}
	var out []*access.Role
	for _, name := range names {
		static, more := p.roles[name], dynamic[name]
		switch {
		case static != nil && more != nil:
			out = append(out, static.With(more.Permissions()))
		case static != nil:
			out = append(out, static)
		case more != nil:
			out = append(out, more)
		}
	}
	return out, nil
}

func parsePermissions(text []byte) (access.Permissions, bool) {
	var out access.Permissions
	if json.Unmarshal(text, &out) != nil || out == nil {
		return nil, false
	}
	return out, true
}

// allowed reports whether one of a member's roles has everything that is asked for.
func (p *Plugin) allowed(ctx context.Context, m *Member, asked access.Permissions) (bool, error) {
	roles, err := p.rolesOf(ctx, m)
	if err != nil {
		return false, err
	}
	for _, r := range roles {
		if r.Authorize(asked) {
			return true, nil
		}
	}
	return false, nil
}

// require answers with an error unless a member has a permission.
func (p *Plugin) require(ctx context.Context, m *Member, resource, action string, refused error) error {
	ok, err := p.allowed(ctx, m, access.Permissions{resource: {action}})
	if err != nil {
		return err
	}
	if !ok {
		return refused
	}
	return nil
}

// mayGive reports whether a member has everything that some roles grant, so that
// nobody gives away, or rewrites, what is above them. Only holders of the creator's role
// give it, whatever it grants; for every other role the rule holds for them too. Names
// that stand for no role grant nothing.
func (p *Plugin) mayGive(ctx context.Context, m *Member, names []string) (bool, error) {
	if slices.Contains(names, p.opts.CreatorRole) && !p.isOwner(m) {
		return false, nil
	}
	held := m.Roles()
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(held, name) })
	if len(names) == 0 || p.opts.AllowRolesAboveOwn {
		return true, nil
	}
	own, err := p.rolesOf(ctx, m)
	if err != nil {
		return false, err
	}
	given, err := p.rolesNamed(ctx, m.OrganizationID, names)
	if err != nil {
		return false, err
	}
	for _, role := range given {
		for resource, actions := range role.Permissions() {
			for _, action := range actions {
				if !grants(own, resource, action) {
					return false, nil
				}
			}
		}
	}
	return true, nil
}

// requireGive answers with an error unless a member may give roles.
func (p *Plugin) requireGive(ctx context.Context, m *Member, names []string, refused error) error {
	ok, err := p.mayGive(ctx, m, names)
	if err == nil && !ok {
		err = refused
	}
	return err
}

// grants reports whether one of several roles has a permission.
func grants(roles []*access.Role, resource, action string) bool {
	return slices.ContainsFunc(roles, func(r *access.Role) bool { return r.Authorize(access.Permissions{resource: {action}}) })
}

// knownRoles takes a list of roles apart and answers ROLE_NOT_FOUND to names that are
// no roles of the organization, and to none at all.
func (p *Plugin) knownRoles(ctx context.Context, organizationID string, roles []string) ([]string, error) {
	names := access.Names(roles...)
	var unknown []string
	if len(names) == 0 {
		return nil, core.Fail(http.StatusBadRequest, CodeRoleNotFound)
	}
	for _, name := range names {
		if _, ok := p.roles[name]; ok || name == p.opts.CreatorRole || isDefaultRole(name) {
			continue
		}
		unknown = append(unknown, name)
	}
	if len(unknown) > 0 && p.dynamicRoles != nil && len(unknown) <= maxRoles {
		rows, err := p.dynamicRoles.List(ctx, adapter.Find{Where: adapter.Where{
			{Field: "organizationId", Value: organizationID},
			{Field: "role", Op: adapter.In, Value: unknown},
		}})
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			unknown = slices.DeleteFunc(unknown, func(name string) bool { return name == row.Role })
		}
	}
	if len(unknown) > 0 {
		e := core.Fail(http.StatusBadRequest, CodeRoleNotFound)
		if text := strings.Join(unknown, ", "); len(text) <= maxRoleText {
			e.Message = CodeRoleNotFound.Code + ": " + text // as Better Auth writes it
		}
		return nil, e
	}
	return names, nil
}

const (
	maxRoles    = 100 // names that are looked up at once
	maxRoleText = 256 // bytes of a client's text that an error repeats
)

func isDefaultRole(name string) bool { return name == "owner" || name == "admin" || name == "member" }

// HasPermissionInput is the body of has-permission: permissions, or its older name
// permission, which Better Auth 1.6 accepts and never grants.
type HasPermissionInput struct {
	OrganizationID *string            `json:"organizationId" doc:"Organization to ask about; the active one by default"`
	Permission     access.Permissions `json:"permission,omitempty" validate:"and" doc:"Not used any more"`
	Permissions    access.Permissions `json:"permissions,omitempty" validate:"and" doc:"Actions by resource"`
}

// DecodeAnd requires either permission or permissions.
func (in *HasPermissionInput) DecodeAnd(v wire.Value, issues *validate.Issues) {
	in.Permission, in.Permissions = access.ReadAsked(v, issues)
}

// HasPermissionReply is {"error":null,"success":…}.
type HasPermissionReply struct {
	Error   *string `json:"error"` // always null
	Success bool    `json:"success"`
}

func (p *Plugin) hasPermission(c *core.Ctx, in *HasPermissionInput) (HasPermissionReply, error) {
	s := c.Session()
	orgID := orActive(in.OrganizationID, s)
	if orgID == "" {
		return HasPermissionReply{}, core.Fail(http.StatusBadRequest, CodeNoActiveOrganization)
	}
	m, err := p.findMember(c, s.User.ID, orgID)
	if err != nil {
		return HasPermissionReply{}, err
	}
	if m == nil {
		return HasPermissionReply{}, core.Fail(http.StatusUnauthorized, CodeUserIsNotAMemberOfTheOrganization)
	}
	ok, err := p.allowed(c, m, in.Permissions)
	return HasPermissionReply{Success: ok}, err
}
