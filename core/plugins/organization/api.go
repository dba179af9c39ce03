package organization

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// The methods below are for the application's own code. They ask nobody for
// permission and are not routed. "Not found" is core.ErrNotFound.

// Organization returns an organization by id.
func (p *Plugin) Organization(ctx context.Context, id string) (*Organization, error) {
	return p.organizations.FindID(ctx, id)
}

// OrganizationBySlug returns an organization by its slug.
func (p *Plugin) OrganizationBySlug(ctx context.Context, slug string) (*Organization, error) {
	return p.findSlug(ctx, slug)
}

// Organizations lists the organizations that a user is a member of, in the order of
// joining.
func (p *Plugin) Organizations(ctx context.Context, userID string) ([]*Organization, error) {
	return p.organizationsOf(ctx, userID)
}

// Membership returns a user's membership of an organization.
func (p *Plugin) Membership(ctx context.Context, userID, organizationID string) (*Member, error) {
	m, err := p.findMember(ctx, userID, organizationID)
	if err == nil && m == nil {
		err = core.ErrNotFound
	}
	return m, err
}

// Memberships lists a user's memberships, oldest first.
func (p *Plugin) Memberships(ctx context.Context, userID string) ([]*Member, error) {
	return p.members.List(ctx, adapter.Find{Where: adapter.By("userId", userID), Sort: oldestFirst})
}

// Members lists the members of an organization with their users, in the order of
// joining.
func (p *Plugin) Members(ctx context.Context, organizationID string) ([]*MemberUser, error) {
	return p.memberUsers(ctx, adapter.Find{Where: adapter.By("organizationId", organizationID), Sort: oldestFirst})
}

// Can reports whether one of a user's roles in an organization has all requested
// permissions. A user who is not a member has none.
func (p *Plugin) Can(ctx context.Context, userID, organizationID string, asked access.Permissions) (bool, error) {
	m, err := p.findMember(ctx, userID, organizationID)
	if m == nil || err != nil {
		return false, err
	}
	return p.allowed(ctx, m, asked)
}

// MayUse reports whether a user is a member of an organization, and whether one of the
// member's roles has all requested permissions. Holders of the creator's role have them
// all. Other plugins ask it for what belongs to organizations, such as API keys.
func (p *Plugin) MayUse(ctx context.Context, userID, organizationID string, asked access.Permissions) (member, allowed bool, err error) {
	m, err := p.findMember(ctx, userID, organizationID)
	if m == nil || err != nil {
		return false, false, err
	}
	if p.isOwner(m) {
		return true, true, nil
	}
	allowed, err = p.allowed(ctx, m, asked)
	return true, allowed, err
}

// BeforeDeletion adds a function that runs when an organization is deleted, in the
// transaction of the deletion. Another plugin removes there what belongs to the
// organization. Like AddHooks it is for the Init function of that plugin.
func (p *Plugin) BeforeDeletion(remove func(ctx context.Context, organizationID string) error) {
	p.AddHooks(Hooks{BeforeDeleteOrganization: func(ctx context.Context, e *OrganizationEvent) error {
		return remove(ctx, e.Organization.ID)
	}})
}

// NewOrganization is the input of CreateFor.
type NewOrganization struct {
	Name, Slug string
	Logo       *string
	Metadata   *wire.Object // any JSON object
	UserID     string       // the creator, who becomes its owner
	Extra      core.Extra   // added fields
}

// CreateFor creates an organization for a user, as POST /organization/create does.
// The limit and the hooks apply, AllowUserToCreateOrganization does not.
func (p *Plugin) CreateFor(ctx context.Context, n NewOrganization) (*Organization, error) {
	in := &CreateInput{Name: n.Name, Slug: n.Slug, Logo: n.Logo, UserID: &n.UserID}
	if n.Metadata != nil {
		in.Metadata = &validate.Record{Members: n.Metadata}
	}
	var err error
	if in.Values, err = extraObject(n.Extra); err != nil {
		return nil, err
	}
	reply, err := p.Create.Call(ctx, in)
	return reply.Organization, err
}

// NewMember is the input of Add.
type NewMember struct {
	OrganizationID string
	UserID         string
	Roles          []string   // at least one that exists
	TeamID         string     // a team to join as well; may be empty
	Extra          core.Extra // added fields
}

// Add makes a user a member at once, without an invitation. Limits and hooks
// apply. Errors are *core.Error: USER_NOT_FOUND, ORGANIZATION_NOT_FOUND,
// ROLE_NOT_FOUND, USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION, TEAM_NOT_FOUND,
// and the limits.
func (p *Plugin) Add(ctx context.Context, n NewMember) (*Member, error) {
	in := &AddMemberInput{UserID: n.UserID, Role: n.Roles, OrganizationID: &n.OrganizationID}
	if n.TeamID != "" {
		in.TeamID = &n.TeamID
	}
	var err error
	if in.Values, err = extraObject(n.Extra); err != nil {
		return nil, err
	}
	return p.AddMember.Call(ctx, in)
}

// extraObject is the JSON form of added fields.
func extraObject(e core.Extra) (*wire.Object, error) {
	if len(e) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("organization: Extra: %w", err)
	}
	v, err := wire.Parse(text, wire.Limits{})
	if err != nil {
		return nil, fmt.Errorf("organization: Extra: %w", err)
	}
	o, _ := v.Obj()
	return o, nil
}
