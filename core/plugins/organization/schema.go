package organization

import (
	"slices"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
)

// ActiveOrganizationID is the handle on session.activeOrganizationId, the organization
// that the session chose last. It does not prove that the user is still a member;
// ActiveMember checks that.
var ActiveOrganizationID = core.Field[string]{Name: "activeOrganizationId"}

// ActiveTeamID is the handle on session.activeTeamId. It exists when teams are enabled.
var ActiveTeamID = core.Field[string]{Name: "activeTeamId"}

// The logical names of the tables.
const (
	ModelOrganization     = "organization"
	ModelMember           = "member"
	ModelInvitation       = "invitation"
	ModelTeam             = "team"
	ModelTeamMember       = "teamMember"
	ModelOrganizationRole = "organizationRole"
)

// Schema renames the tables and adds fields to them. A field with the name of one of
// the plugin's own fields replaces it, for example to require a logo. Its MaxLength
// replaces the default bound of logo (65536 characters), metadata (16384), permission of
// a role (8192) and name of a team (255); negative: no bound.
type Schema struct {
	Organization     core.TableOptions
	Member           core.TableOptions
	Invitation       core.TableOptions
	Team             core.TableOptions
	TeamMember       core.TableOptions
	OrganizationRole core.TableOptions
	// SessionColumns are the columns of activeOrganizationId and activeTeamId.
	SessionColumns map[string]string
}

// How many characters texts have by default. A user's list of organizations, or an
// organization's of roles, is answered at once and must stay small. A logo may be a small
// picture as a data URL, which applications of Better Auth keep there.
const (
	maxName       = 255
	maxLogo       = 64 << 10
	maxMetadata   = 16 << 10
	maxPermission = 8 << 10
)

func reference(model string) *schema.Reference { return &schema.Reference{Model: model} }

func (o *Options) organizationTable() schema.Table {
	return schema.Table{Model: ModelOrganization, Fields: []schema.Field{
		{Name: "name", Type: schema.String, Sortable: true, Line: true},
		{Name: "slug", Type: schema.String, Unique: true, Index: true, Sortable: true, Line: true},
		{Name: "logo", Type: schema.String, Optional: true, MaxLength: maxLogo},
		{Name: "createdAt", Type: schema.Date},
		{Name: "metadata", Type: schema.String, Optional: true, MaxLength: maxMetadata},
	}}
}

func (o *Options) memberTable() schema.Table {
	return schema.Table{Model: ModelMember, Fields: []schema.Field{
		{Name: "organizationId", Type: schema.String, Index: true, References: reference(ModelOrganization)},
		{Name: "userId", Type: schema.String, Index: true, References: reference(core.ModelUser)},
		{Name: "role", Type: schema.String, Sortable: true, Default: schema.Value("member")},
		{Name: "createdAt", Type: schema.Date},
	}}
}

func (o *Options) invitationTable() schema.Table {
	t := schema.Table{Model: ModelInvitation, Fields: []schema.Field{
		{Name: "organizationId", Type: schema.String, Index: true, References: reference(ModelOrganization)},
		{Name: "email", Type: schema.String, Index: true, Sortable: true},
		{Name: "role", Type: schema.String, Optional: true, Sortable: true},
		{Name: "teamId", Type: schema.String, Optional: true, Sortable: true},
		{Name: "status", Type: schema.String, Sortable: true, Default: schema.Value(string(StatusPending))},
		{Name: "expiresAt", Type: schema.Date},
		{Name: "createdAt", Type: schema.Date, Default: schema.Now},
		{Name: "inviterId", Type: schema.String, References: reference(core.ModelUser)},
	}}
	if !o.Teams.Enabled {
		t.Fields = slices.DeleteFunc(t.Fields, func(f schema.Field) bool { return f.Name == "teamId" })
	}
	return t
}

func (o *Options) teamTable() schema.Table {
	return schema.Table{Model: ModelTeam, Fields: []schema.Field{
		{Name: "name", Type: schema.String, MaxLength: maxName, Line: true},
		{Name: "organizationId", Type: schema.String, Index: true, References: reference(ModelOrganization)},
		{Name: "createdAt", Type: schema.Date},
		{Name: "updatedAt", Type: schema.Date, Optional: true, OnUpdate: schema.Now},
	}}
}

func (o *Options) teamMemberTable() schema.Table {
	return schema.Table{Model: ModelTeamMember, Fields: []schema.Field{
		{Name: "teamId", Type: schema.String, Index: true, References: reference(ModelTeam)},
		{Name: "userId", Type: schema.String, Index: true, References: reference(core.ModelUser)},
		{Name: "createdAt", Type: schema.Date, Optional: true},
	}}
}

func (o *Options) roleTable() schema.Table {
	return schema.Table{Model: ModelOrganizationRole, Fields: []schema.Field{
		{Name: "organizationId", Type: schema.String, Index: true, References: reference(ModelOrganization)},
		{Name: "role", Type: schema.String, Index: true, Line: true},
		{Name: "permission", Type: schema.String, MaxLength: maxPermission},
		{Name: "createdAt", Type: schema.Date, Default: schema.Now},
		{Name: "updatedAt", Type: schema.Date, Optional: true, OnUpdate: schema.Now},
	}}
}

// tables returns the plugin's tables and the fields that are added to them.
func (o *Options) tables() (tables, extend []schema.Table, err error) {
	add := func(t schema.Table, opts core.TableOptions) {
		added := schema.Table{Model: t.Model}
		for _, f := range opts.Fields {
			at := slices.IndexFunc(t.Fields, func(own schema.Field) bool { return own.Name == f.Name })
			if at < 0 {
				added.Fields = append(added.Fields, f)
				continue
			}
			own := &t.Fields[at]
			own.Optional, own.Hidden, own.NoInput = f.Optional, f.Hidden, f.NoInput
			if f.MaxLength != 0 {
				own.MaxLength = f.MaxLength
			}
			if f.Default != nil {
				own.Default = f.Default
			}
			if f.Validate != nil {
				own.Validate = f.Validate
			}
		}
		if renameErr := opts.Rename(&t); renameErr != nil && err == nil {
			err = renameErr
		}
		tables = append(tables, t)
		if len(added.Fields) > 0 {
			extend = append(extend, added)
		}
	}
	s := &o.Schema
	add(o.organizationTable(), s.Organization)
	if o.DynamicAccessControl.Enabled {
		add(o.roleTable(), s.OrganizationRole)
	}
	if o.Teams.Enabled {
		add(o.teamTable(), s.Team)
		add(o.teamMemberTable(), s.TeamMember)
	}
	add(o.memberTable(), s.Member)
	add(o.invitationTable(), s.Invitation)
	return tables, append(extend, o.sessionFields()), err
}

// sessionFields are what the plugin keeps on the session. Only its own routes set
// them: Better Auth 1.6 takes them from /update-session as well.
func (o *Options) sessionFields() schema.Table {
	t := schema.Table{Model: core.ModelSession, Fields: []schema.Field{
		{Name: ActiveOrganizationID.Name, Type: schema.String, Optional: true, NoInput: true},
	}}
	if o.Teams.Enabled {
		t.Fields = append(t.Fields, schema.Field{Name: ActiveTeamID.Name, Type: schema.String, Optional: true, NoInput: true})
	}
	for i := range t.Fields {
		t.Fields[i].Column = o.Schema.SessionColumns[t.Fields[i].Name]
	}
	return t
}
