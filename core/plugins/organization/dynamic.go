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

var (
	errNotMember    = core.Fail(http.StatusForbidden, CodeYouAreNotAMemberOfThisOrganization)
	errRoleNotFound = core.Fail(http.StatusBadRequest, CodeRoleNotFound)
	errRoleTaken    = core.Fail(http.StatusBadRequest, CodeRoleNameIsAlreadyTaken)
)

// CreateRoleInput is the body of create-role.
type CreateRoleInput struct {
	OrganizationID   *string            `json:"organizationId" doc:"The organization; the active one by default"`
	Role             string             `json:"role" doc:"Name of the role; kept in lower case"`
	Permission       access.Permissions `json:"permission" doc:"Actions by resource"`
	AdditionalFields *RoleFields        `json:"additionalFields" doc:"Added fields of the role"`
}

// RoleFields are added fields of a role.
type RoleFields struct {
	validate.Fields `fields:"organizationRole"`
}

// CreateRoleReply is {"success":true,"roleData":…,"statements":…}.
type CreateRoleReply struct {
	Success    bool              `json:"success"`
	RoleData   *OrganizationRole `json:"roleData"`
	Statements json.RawMessage   `json:"statements"` // permissions of the role
}

// needAccess answers MISSING_AC_INSTANCE when Options.Access is missing.
func (p *Plugin) needAccess(c *core.Ctx) error {
	if p.opts.Access != nil {
		return nil
	}
	p.auth.Logger().LogAttrs(c, slog.LevelError, "organization: DynamicAccessControl needs Options.Access, which lists what roles may be made of")
	return core.Fail(http.StatusNotImplemented, CodeMissingAccessControl)
}

// roleName makes the stored form of a dynamic role's name and refuses names that a
// list of roles could not hold, and those that mean something already.
func (p *Plugin) roleName(name string) (string, error) {
	name = strings.ToLower(name)
	if p.reserved(name) {
		return "", errRoleTaken
	}
	if name == "" || len(name) > 64 || strings.Contains(name, ",") || strings.TrimSpace(name) != name {
		return "", core.Fail(http.StatusBadRequest, CodeInvalidRoleName)
	}
	return name, nil
}

// reserved reports whether a name is that of a predefined role.
func (p *Plugin) reserved(name string) bool {
	_, static := p.roles[name]
	return static || name == p.opts.CreatorRole
}

// permissionText is the permission of a request in its own order, without __proto__.
func permissionText(v wire.Value) []byte {
	o, _ := v.Obj()
	out := &wire.Object{}
	for _, m := range o.Members() {
		if m.Name != "__proto__" {
			out.Set(m.Name, m.Value)
		}
	}
	return out.AppendJSON(nil)
}

// checkGrant refuses unknown resources, and permissions that the member does not have.
func (p *Plugin) checkGrant(ctx context.Context, m *Member, asked wire.Value, code core.ErrorCode) error {
	o, _ := asked.Obj()
	for _, member := range o.Members() {
		if member.Name != "__proto__" && !p.opts.Access.Has(member.Name) {
			return core.Fail(http.StatusBadRequest, CodeInvalidResource)
		}
	}
	roles, err := p.rolesOf(ctx, m)
	if err != nil {
		return err
	}
	var missing []wire.Value
	for _, member := range o.Members() {
		items, _ := member.Value.Items()
		for _, item := range items {
			action, _ := item.Str()
			if !grants(roles, member.Name, action) {
				missing = append(missing, wire.String(member.Name+":"+action))
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	e := core.Fail(http.StatusForbidden, code)
	e.Details = []core.Detail{{Name: "missingPermissions", Value: wire.Array(missing...)}}
	return e
}

// roleTaken answers ROLE_NAME_IS_ALREADY_TAKEN when the organization has a role of
// that name. The organization is locked.
func (p *Plugin) roleTaken(ctx context.Context, organizationID, name string) error {
	_, err := p.dynamicRoles.Find(ctx, adapter.By("organizationId", organizationID).And("role", name))
	if core.IsNotFound(err) {
		return nil
	}
	if err == nil {
		err = errRoleTaken
	}
	return err
}

func (p *Plugin) createRole(c *core.Ctx, in *CreateRoleInput) (CreateRoleReply, error) {
	s := c.Session()
	if err := p.needAccess(c); err != nil {
		return CreateRoleReply{}, err
	}
	orgID := activeOrganization(s)
	if in.OrganizationID != nil {
		orgID = *in.OrganizationID
	}
	if orgID == "" {
		return CreateRoleReply{}, core.Fail(http.StatusBadRequest, CodeYouMustBeInAnOrganizationToCreateARole)
	}
	name, err := p.roleName(in.Role)
	if err != nil {
		return CreateRoleReply{}, err
	}
	var values *wire.Object
	if in.AdditionalFields != nil {
		values = in.AdditionalFields.Values
	}
	extra, err := p.auth.ParseInput(ModelOrganizationRole, values, false)
	if err != nil {
		return CreateRoleReply{}, err
	}
	asked := c.Body().Get("permission")
	refused := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToCreateARole)
	most := p.opts.DynamicAccessControl.MaximumRolesPerOrganization
	limit := bound{most, most > 0}
	var check checker
	if f := p.opts.DynamicAccessControl.MaximumRolesPerOrganizationFunc; f != nil {
		check = func(ctx context.Context, o *Organization, m *MemberUser) error {
			if err := p.require(ctx, &m.Member, "ac", "create", refused); err != nil {
				return err
			}
			most, err := f(ctx, o.ID)
			limit = bound{most, true}
			return err
		}
	}
	var made *OrganizationRole
	err = p.checkedChange(c, orgID, &s.User, errNotMember, nil, check, func(ctx context.Context, o *Organization, m *MemberUser) error {
		if err := p.require(ctx, &m.Member, "ac", "create", refused); err != nil {
			return err
		}
		if err := p.checkRoleLimit(ctx, o.ID, limit); err != nil {
			return err
		}
		if err := p.checkGrant(ctx, &m.Member, asked, CodeYouAreNotAllowedToCreateARole); err != nil {
			return err
		}
		if err := p.roleTaken(ctx, o.ID, name); err != nil {
			return err
		}
		var err error
		made, err = p.dynamicRoles.Create(ctx, &OrganizationRole{OrganizationID: o.ID, Role: name, Permission: permissionText(asked),
			CreatedAt: c.Now(), Row: core.Row{Extra: extra.Clone()}})
		if err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventRoleCreated, OrganizationID: o.ID, SubjectID: made.ID})
	})
	if err != nil {
		return CreateRoleReply{}, err
	}
	return CreateRoleReply{true, made, made.Permission}, nil
}

// checkRoleLimit is called while the organization is locked.
func (p *Plugin) checkRoleLimit(ctx context.Context, organizationID string, limit bound) error {
	if !limit.set {
		return nil
	}
	n, err := p.dynamicRoles.Count(ctx, adapter.By("organizationId", organizationID))
	if err != nil {
		return err
	}
	if n >= int64(limit.most) {
		return core.Fail(http.StatusBadRequest, CodeTooManyRoles)
	}
	return nil
}

// chooseRole is zod's union of {roleName} and {roleId}: the first that is there.
func chooseRole(v wire.Value, issues *validate.Issues) (name, id string) {
	n, hasName := v.Get("roleName").Str()
	i, hasID := v.Get("roleId").Str()
	switch {
	case n != "" && hasName:
		return n, i
	case i != "" && hasID:
		return "", i
	case hasName && !hasID:
		issues.Add("Too small: expected string to have >=1 characters", "roleName")
	case hasID && !hasName:
		issues.Add("Too small: expected string to have >=1 characters", "roleId")
	default:
		issues.Fatal("Invalid input")
	}
	return "", ""
}

// findRole finds a role of an organization by its name or id.
func (p *Plugin) findRole(ctx context.Context, organizationID, name, id string) (*OrganizationRole, error) {
	w := adapter.By("organizationId", organizationID)
	if name != "" {
		w = w.And("role", name)
	} else {
		w = w.And("id", id)
	}
	r, err := p.dynamicRoles.Find(ctx, w)
	if core.IsNotFound(err) {
		return nil, errRoleNotFound
	}
	return r, err
}

// DeleteRoleInput is the body of delete-role: a name or an id.
type DeleteRoleInput struct {
	OrganizationID *string `json:"organizationId" doc:"The organization; the active one by default"`
	RoleName       string  `json:"roleName,omitempty" validate:"and" doc:"Name of the role"`
	RoleID         string  `json:"roleId,omitempty" validate:"and" doc:"Id of the role, in place of the name"`
}

// DecodeAnd requires a name or an id.
func (in *DeleteRoleInput) DecodeAnd(v wire.Value, issues *validate.Issues) {
	in.RoleName, in.RoleID = chooseRole(v, issues)
}

func (p *Plugin) deleteRole(c *core.Ctx, in *DeleteRoleInput) (core.SuccessReply, error) {
	s := c.Session()
	orgID := activeOrganization(s)
	if in.OrganizationID != nil {
		orgID = *in.OrganizationID
	}
	if orgID == "" {
		return core.SuccessReply{}, errNoActive
	}
	err := p.change(c, orgID, &s.User, errNotMember, nil, func(ctx context.Context, o *Organization, m *MemberUser) error {
		refused := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToDeleteARole)
		if err := p.require(ctx, &m.Member, "ac", "delete", refused); err != nil {
			return err
		}
		if in.RoleName != "" && p.reserved(in.RoleName) {
			return core.Fail(http.StatusBadRequest, CodeCannotDeleteAPreDefinedRole)
		}
		r, err := p.findRole(ctx, o.ID, in.RoleName, in.RoleID)
		if err != nil {
			return err
		}
		if err := p.requireGive(ctx, &m.Member, []string{r.Role}, refused); err != nil {
			return err
		}
		members, err := p.members.List(ctx, adapter.Find{Where: adapter.Where{
			{Field: "organizationId", Value: o.ID}, {Field: "role", Op: adapter.Contains, Value: r.Role},
		}})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(members, func(m *Member) bool { return slices.Contains(m.Roles(), r.Role) }) {
			return core.Fail(http.StatusBadRequest, CodeRoleIsAssignedToMembers)
		}
		if err := p.cancelWithRole(ctx, o.ID, r.Role); err != nil {
			return err
		}
		if _, err = p.dynamicRoles.Delete(ctx, adapter.By("id", r.ID)); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventRoleDeleted, OrganizationID: o.ID, SubjectID: r.ID})
	})
	if err != nil {
		return core.SuccessReply{}, err
	}
	return core.SuccessReply{Success: true}, nil
}

// cancelWithRole cancels the open invitations with a role that is about to be deleted.
// Left open, they would grant the next role of that name.
func (p *Plugin) cancelWithRole(ctx context.Context, organizationID, role string) error {
	open, err := p.invitations.List(ctx, adapter.Find{Where: adapter.Where{
		{Field: "organizationId", Value: organizationID},
		{Field: "status", Value: string(StatusPending)},
		{Field: "role", Op: adapter.Contains, Value: role},
	}})
	if err != nil {
		return err
	}
	for _, i := range open {
		if !slices.Contains(access.Split(i.Role), role) {
			continue
		}
		if _, err := p.invitations.Update(ctx, adapter.By("id", i.ID), adapter.Record{"status": string(StatusCanceled)}); err != nil {
			return err
		}
	}
	return nil
}

// readRoles checks that the caller may read the roles of an organization.
func (p *Plugin) readRoles(c *core.Ctx, id *string, code core.ErrorCode) (string, error) {
	s := c.Session()
	orgID := activeOrganization(s)
	if id != nil {
		orgID = *id
	}
	if orgID == "" {
		return "", errNoActive
	}
	m, err := p.findMember(c, s.User.ID, orgID)
	if err != nil {
		return "", err
	}
	if m == nil {
		return "", errNotMember
	}
	return orgID, p.require(c, m, "ac", "read", core.Fail(http.StatusForbidden, code))
}

func (p *Plugin) listRoles(c *core.Ctx, in *OrganizationQuery) ([]*OrganizationRole, error) {
	orgID, err := p.readRoles(c, in.OrganizationID, CodeYouAreNotAllowedToListARole)
	if err != nil {
		return nil, err
	}
	return p.dynamicRoles.List(c, adapter.Find{Where: adapter.By("organizationId", orgID), Sort: oldestFirst, Limit: max(p.opts.DynamicAccessControl.MaximumRolesPerOrganization, maxList)})
}

// GetRoleInput is the query of get-role: a name or an id.
type GetRoleInput struct {
	OrganizationID *string `query:"organizationId" doc:"The organization; the active one by default"`
	RoleName       string  `query:"roleName,omitempty" validate:"and" doc:"Name of the role"`
	RoleID         string  `query:"roleId,omitempty" validate:"and" doc:"Id of the role, in place of the name"`
}

// DecodeAnd requires a name or an id.
func (in *GetRoleInput) DecodeAnd(v wire.Value, issues *validate.Issues) {
	in.RoleName, in.RoleID = chooseRole(v, issues)
}

func (p *Plugin) getRole(c *core.Ctx, in *GetRoleInput) (*OrganizationRole, error) {
	orgID, err := p.readRoles(c, in.OrganizationID, CodeYouAreNotAllowedToReadARole)
	if err != nil {
		return nil, err
	}
	return p.findRole(c, orgID, in.RoleName, in.RoleID)
}

// UpdateRoleInput is the body of update-role.
type UpdateRoleInput struct {
	OrganizationID *string        `json:"organizationId" doc:"The organization; the active one by default"`
	Data           UpdateRoleData `json:"data" doc:"What to change"`
	RoleName       string         `json:"roleName,omitempty" validate:"and" doc:"Name of the role"`
	RoleID         string         `json:"roleId,omitempty" validate:"and" doc:"Id of the role, in place of the name"`
}

// UpdateRoleData are the fields that change. Fields holds added fields.
type UpdateRoleData struct {
	Permission      access.Permissions `json:"permission,omitempty" doc:"Actions by resource; replaces what there was"`
	RoleName        *string            `json:"roleName" doc:"New name; kept in lower case"`
	validate.Fields `fields:"organizationRole,partial"`
}

// DecodeAnd requires a name or an id.
func (in *UpdateRoleInput) DecodeAnd(v wire.Value, issues *validate.Issues) {
	in.RoleName, in.RoleID = chooseRole(v, issues)
}

// UpdateRoleReply is {"success":true,"roleData":…}: the former role with the changed
// fields.
type UpdateRoleReply struct {
	Success  bool              `json:"success"`
	RoleData *OrganizationRole `json:"roleData"`
}

func (p *Plugin) updateRole(c *core.Ctx, in *UpdateRoleInput) (UpdateRoleReply, error) {
	s := c.Session()
	if err := p.needAccess(c); err != nil {
		return UpdateRoleReply{}, err
	}
	orgID := activeOrganization(s)
	if in.OrganizationID != nil {
		orgID = *in.OrganizationID
	}
	if orgID == "" {
		return UpdateRoleReply{}, errNoActive
	}
	extra, err := p.auth.ParseInput(ModelOrganizationRole, in.Data.Values, true)
	if err != nil {
		return UpdateRoleReply{}, err
	}
	asked := c.Body().Get("data").Get("permission")
	var reply UpdateRoleReply
	err = p.change(c, orgID, &s.User, errNotMember, nil, func(ctx context.Context, o *Organization, m *MemberUser) error {
		refused := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToUpdateARole)
		if err := p.require(ctx, &m.Member, "ac", "update", refused); err != nil {
			return err
		}
		r, err := p.findRole(ctx, o.ID, in.RoleName, in.RoleID)
		if err != nil {
			return err
		}
		if err := p.requireGive(ctx, &m.Member, []string{r.Role}, refused); err != nil {
			return err
		}
		set := adapter.Record{}
		for name, value := range extra {
			set[name] = value
			r.Extra[name] = value
		}
		if _, given := asked.Obj(); given {
			if err := p.checkGrant(ctx, &m.Member, asked, CodeYouAreNotAllowedToUpdateARole); err != nil {
				return err
			}
			r.Permission = permissionText(asked)
			set["permission"] = string(r.Permission)
		}
		if in.Data.RoleName != nil && *in.Data.RoleName != "" {
			name, err := p.roleName(*in.Data.RoleName)
			if err != nil {
				return err
			}
			if err := p.roleTaken(ctx, o.ID, name); err != nil {
				return err
			}
			if err := p.renameRole(ctx, o.ID, r.Role, name); err != nil {
				return err
			}
			r.Role, set["role"] = name, name
		}
		if _, err := p.dynamicRoles.Update(ctx, adapter.By("id", r.ID), set); err != nil {
			return err
		}
		reply = UpdateRoleReply{true, r}
		return c.EmitIn(ctx, core.Event{Type: EventRoleUpdated, OrganizationID: o.ID, SubjectID: r.ID})
	})
	if err != nil {
		return UpdateRoleReply{}, err
	}
	return reply, nil
}

// renameRole keeps members and open invitations with a role that gets another name.
// Better Auth 1.6 leaves them the old one: they lose the role, and get the next role of
// that name.
func (p *Plugin) renameRole(ctx context.Context, organizationID, from, to string) error {
	renamed := func(roles string) (string, bool) {
		names := access.Split(roles)
		i := slices.Index(names, from)
		if i < 0 {
			return roles, false
		}
		names[i] = to
		return access.Join(names), true
	}
	w := adapter.Where{{Field: "organizationId", Value: organizationID}, {Field: "role", Op: adapter.Contains, Value: from}}
	members, err := p.members.List(ctx, adapter.Find{Where: w})
	if err != nil {
		return err
	}
	for _, m := range members {
		if roles, ok := renamed(m.Role); ok {
			if _, err := p.members.Update(ctx, adapter.By("id", m.ID), adapter.Record{"role": roles}); err != nil {
				return err
			}
		}
	}
	invitations, err := p.invitations.List(ctx, adapter.Find{Where: w.And("status", string(StatusPending))})
	if err != nil {
		return err
	}
	for _, i := range invitations {
		if roles, ok := renamed(i.Role); ok {
			if _, err := p.invitations.Update(ctx, adapter.By("id", i.ID), adapter.Record{"role": roles}); err != nil {
				return err
			}
		}
	}
	return nil
}
