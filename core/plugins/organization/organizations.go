package organization

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// CreateInput is the body of create. Fields holds added fields of the organization.
type CreateInput struct {
	Name                          string           `json:"name" zod:"min=1" doc:"Name of the organization"`
	Slug                          string           `json:"slug" zod:"min=1" doc:"Unique short name, for example for addresses"`
	UserID                        *string          `json:"userId" zod:"coerce" doc:"The creator, for calls of the server; a client is its own"`
	Logo                          *string          `json:"logo" doc:"URL of a picture"`
	Metadata                      *validate.Record `json:"metadata" doc:"Anything the application keeps with it"`
	KeepCurrentActiveOrganization *bool            `json:"keepCurrentActiveOrganization" doc:"Leave the session's active organization as it is"`
	validate.Fields               `fields:"organization"`
}

// CreateReply is the organization, metadata as an object, with its first member.
type CreateReply struct {
	*Organization
	Members []*Member
}

// AppendJSON appends the organization's fields and members.
func (r CreateReply) AppendJSON(dst []byte) []byte {
	if r.Organization == nil {
		return append(dst, "null"...)
	}
	return core.AppendRow(dst, r.Organization, metadataMember(r.Metadata), core.RowMember{Name: "members", Value: appendRows(nil, r.Members)})
}

// OpenAPIForm describes the JSON form.
func (CreateReply) OpenAPIForm() any {
	return struct {
		*Organization
		Metadata map[string]any `json:"metadata,omitempty" openapi:"null"`
		Members  []*Member      `json:"members"`
	}{}
}

// appendRows appends a JSON list.
func appendRows[T core.Rowed](dst []byte, rows []T) []byte {
	dst = append(dst, '[')
	for i, r := range rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		if own, ok := any(r).(wire.Appender); ok {
			dst = own.AppendJSON(dst)
		} else {
			dst = core.AppendRow(dst, r)
		}
	}
	return append(dst, ']')
}

// metadataMember is metadata as an object, left out when there is none.
func metadataMember(text json.RawMessage) core.RowMember {
	m := core.RowMember{Name: "metadata"}
	if len(text) > 0 && json.Valid(text) {
		m.Value = text
	}
	return m
}

func (p *Plugin) create(c *core.Ctx, in *CreateInput) (CreateReply, error) {
	s, err := caller(c)
	if err != nil {
		return CreateReply{}, err
	}
	var user *core.User
	switch {
	case s != nil:
		user = &s.User
	case in.UserID == nil || *in.UserID == "":
		return CreateReply{}, errUnauthorized
	default:
		user, err = p.auth.Store().FindUser(c, *in.UserID)
		if core.IsNotFound(err) {
			return CreateReply{}, errUnauthorized
		}
		if err != nil {
			return CreateReply{}, err
		}
	}
	if f := p.opts.AllowUserToCreateOrganization; f != nil && s != nil {
		allowed, err := f(c, user)
		if err != nil {
			return CreateReply{}, err
		}
		if !allowed {
			return CreateReply{}, core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToCreateANewOrganization)
		}
	}
	if f := p.opts.OrganizationLimitReached; f != nil {
		reached, err := f(c, user)
		if err == nil && reached {
			err = errTooManyOrganizations
		}
		if err != nil {
			return CreateReply{}, err
		}
	}
	extra, err := p.auth.ParseInput(ModelOrganization, in.Values, false)
	if err != nil {
		return CreateReply{}, err
	}
	if err := p.needLogo(in.Logo); err != nil {
		return CreateReply{}, err
	}
	slug, err := newSlug(in.Slug)
	if err != nil {
		return CreateReply{}, err
	}
	draft := &Organization{Name: in.Name, Slug: slug, Logo: in.Logo, CreatedAt: c.Now(), Row: core.Row{Extra: extra}}
	if in.Metadata != nil {
		draft.Metadata = in.Metadata.AppendJSON(nil)
	}
	if check := p.opts.Hooks.CheckCreateOrganization; check != nil {
		shown := *draft
		shown.Extra = extra.Clone()
		if err := check(c, &OrganizationEvent{Organization: p.organizations.Bind(&shown), User: user}); err != nil {
			return CreateReply{}, err
		}
	}
	keep := in.KeepCurrentActiveOrganization != nil && *in.KeepCurrentActiveOrganization
	var reply CreateReply
	err = p.tx(c, func(ctx context.Context) error {
		if err := p.auth.Store().LockUser(ctx, user.ID); err != nil {
			if core.IsNotFound(err) {
				return errUnauthorized
			}
			return err
		}
		if err := p.checkOrganizationLimit(ctx, user); err != nil {
			return err
		}
		row := *draft // a transaction may run again
		row.Extra = extra.Clone()
		p.organizations.Bind(&row)
		if _, err := p.findSlug(ctx, row.Slug); !core.IsNotFound(err) {
			if err == nil {
				err = core.Fail(http.StatusBadRequest, CodeOrganizationAlreadyExists)
			}
			return err
		}
		event := &OrganizationEvent{Organization: &row, User: user}
		if err := before(ctx, p.opts.Hooks.BeforeCreateOrganization, event); err != nil {
			return err
		}
		if row.Slug, err = newSlug(row.Slug); err != nil {
			return err
		}
		o, err := p.organizations.Create(ctx, &row)
		if err != nil {
			return err
		}
		m, err := p.join(ctx, &Member{OrganizationID: o.ID, UserID: user.ID, Role: p.opts.CreatorRole, CreatedAt: c.Now(),
			Row: core.Row{Extra: p.auth.DefaultFields(ModelMember).Clone()}}, user, o)
		if err != nil {
			return err
		}
		set := adapter.Record{ActiveOrganizationID.Name: o.ID}
		if p.opts.Teams.Enabled && !p.opts.Teams.DefaultTeam.Disabled {
			team, err := p.defaultTeam(ctx, o, user, c)
			if err != nil {
				return err
			}
			set[ActiveTeamID.Name] = team.ID
		}
		if err := after(ctx, p.auth, p.opts.Hooks.AfterCreateOrganization, &OrganizationEvent{Organization: o, User: user, Member: m}); err != nil {
			return err
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventOrganizationCreated, UserID: user.ID, OrganizationID: o.ID}); err != nil {
			return err
		}
		reply = CreateReply{o, []*Member{m}}
		if s == nil || keep {
			return nil
		}
		return p.activate(ctx, c, s, set, false)
	})
	if errors.Is(err, adapter.ErrUnique) {
		return CreateReply{}, core.Fail(http.StatusBadRequest, CodeOrganizationAlreadyExists)
	}
	if err != nil {
		return CreateReply{}, err
	}
	return reply, nil
}

// needLogo is for an application that has made the logo a required field.
func (p *Plugin) needLogo(logo *string) error {
	t, _ := p.auth.Schema().Table(ModelOrganization)
	if f, _ := t.Field("logo"); logo == nil && !f.Optional && f.Default == nil {
		return &core.Error{Status: http.StatusBadRequest, Code: core.CodeValidationError.Code,
			Message: "[body.logo] Invalid input: expected string, received undefined"}
	}
	return nil
}

// checkOrganizationLimit is called while the user is locked.
func (p *Plugin) checkOrganizationLimit(ctx context.Context, u *core.User) error {
	limit := p.opts.OrganizationLimit
	if p.opts.OrganizationLimitReached != nil || limit <= 0 {
		return nil
	}
	n, err := p.members.Count(ctx, adapter.By("userId", u.ID))
	if err == nil && n >= int64(limit) {
		err = errTooManyOrganizations
	}
	return err
}

var errTooManyOrganizations = core.Fail(http.StatusForbidden, CodeYouHaveReachedTheMaximumNumberOfOrganizations)

// join makes a member between its hooks.
func (p *Plugin) join(ctx context.Context, m *Member, u *core.User, o *Organization) (*Member, error) {
	if err := before(ctx, p.opts.Hooks.BeforeAddMember, &MemberEvent{p.members.Bind(m), u, o}); err != nil {
		return nil, err
	}
	m, err := p.members.Create(ctx, m)
	if err != nil {
		return nil, err
	}
	return m, after(ctx, p.auth, p.opts.Hooks.AfterAddMember, &MemberEvent{m, u, o})
}

// defaultTeam makes the first team of a new organization, with its creator.
func (p *Plugin) defaultTeam(ctx context.Context, o *Organization, u *core.User, c *core.Ctx) (*Team, error) {
	team := &Team{Name: o.Name, OrganizationID: o.ID, CreatedAt: c.Now(), Row: core.Row{Extra: p.auth.DefaultFields(ModelTeam).Clone()}}
	if err := before(ctx, p.opts.Hooks.BeforeCreateTeam, &TeamEvent{p.teams.Bind(team), u, o}); err != nil {
		return nil, err
	}
	var made *Team
	var err error
	if f := p.opts.Teams.DefaultTeam.Create; f != nil {
		if made, err = f(ctx, o); err != nil {
			return nil, err
		}
	}
	if made == nil {
		if made, err = p.teams.Create(ctx, team); err != nil {
			return nil, err
		}
	}
	if _, err := p.joinTeam(ctx, made.ID, u.ID); err != nil {
		return nil, err
	}
	return made, after(ctx, p.auth, p.opts.Hooks.AfterCreateTeam, &TeamEvent{made, u, o})
}

// CheckSlugInput is the body of check-slug.
type CheckSlugInput struct {
	Slug string `json:"slug" doc:"Slug to look up"`
}

func (p *Plugin) checkSlug(c *core.Ctx, in *CheckSlugInput) (core.StatusReply, error) {
	if !c.FromServer() {
		if err := core.RequireSession(c); err != nil {
			return core.StatusReply{}, err
		}
	}
	_, err := p.findSlug(c, in.Slug)
	if core.IsNotFound(err) {
		return core.StatusReply{Status: true}, nil
	}
	if err != nil {
		return core.StatusReply{}, err
	}
	return core.StatusReply{}, core.Fail(http.StatusBadRequest, CodeOrganizationSlugAlreadyTaken)
}

// UpdateInput is the body of update.
type UpdateInput struct {
	Data           UpdateData `json:"data" doc:"What to change"`
	OrganizationID *string    `json:"organizationId" doc:"Organization to change; the active one by default"`
}

// UpdateData are the fields that change. Fields holds added fields.
type UpdateData struct {
	validate.Fields `fields:"organization,partial"`
	Name            *string          `json:"name" zod:"min=1" doc:"Name"`
	Slug            *string          `json:"slug" zod:"min=1" doc:"Slug"`
	Logo            *string          `json:"logo" doc:"URL of a picture"`
	Metadata        *validate.Record `json:"metadata" doc:"Metadata"`
}

// UpdateReply is the organization with metadata as an object.
type UpdateReply struct{ *Organization }

// AppendJSON appends the organization.
func (r UpdateReply) AppendJSON(dst []byte) []byte {
	if r.Organization == nil {
		return append(dst, "null"...)
	}
	return core.AppendRow(dst, r.Organization, metadataMember(r.Metadata))
}

// OpenAPIForm describes the JSON form.
func (UpdateReply) OpenAPIForm() any {
	return struct {
		*Organization
		Metadata map[string]any `json:"metadata,omitempty" openapi:"null"`
	}{}
}

func (p *Plugin) update(c *core.Ctx, in *UpdateInput) (UpdateReply, error) {
	s, err := session(c, true)
	if s == nil {
		if err == nil {
			err = core.FailText(http.StatusUnauthorized, "User not found")
		}
		return UpdateReply{}, err
	}
	orgID := orActive(in.OrganizationID, s)
	if orgID == "" {
		return UpdateReply{}, errOrganizationNotFound
	}
	extra, err := p.auth.ParseInput(ModelOrganization, in.Data.Values, true)
	if err != nil {
		return UpdateReply{}, err
	}
	given := adapter.Record{}
	for name, value := range extra {
		given[name] = value
	}
	if in.Data.Name != nil {
		given["name"] = *in.Data.Name
	}
	if in.Data.Slug != nil {
		given["slug"] = *in.Data.Slug
	}
	if in.Data.Logo != nil {
		given["logo"] = *in.Data.Logo
	}
	if in.Data.Metadata != nil {
		given["metadata"] = string(in.Data.Metadata.AppendJSON(nil))
	}
	wanted := func(ctx context.Context, o *Organization, m *MemberUser) (*OrganizationUpdate, error) {
		refused := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToUpdateThisOrganization)
		if err := p.require(ctx, &m.Member, "organization", "update", refused); err != nil {
			return nil, err
		}
		set := copyRecord(given)
		if in.Data.Slug != nil && *in.Data.Slug != o.Slug { // an older one may stay as it is
			slug, err := newSlug(*in.Data.Slug)
			if err != nil {
				return nil, err
			}
			set["slug"] = slug
			other, err := p.findSlug(ctx, slug)
			if err == nil && other.ID != o.ID {
				err = core.Fail(http.StatusBadRequest, CodeOrganizationSlugAlreadyTaken)
			}
			if err != nil && !core.IsNotFound(err) {
				return nil, err
			}
		}
		return &OrganizationUpdate{Organization: o, Set: set, User: &s.User, Member: m}, nil
	}
	var check checker
	if hook := p.opts.Hooks.CheckUpdateOrganization; hook != nil {
		check = checkOf(wanted, hook)
	}
	var updated *Organization
	err = p.checkedChange(c, orgID, &s.User, errNotAMember, nil, check, func(ctx context.Context, o *Organization, m *MemberUser) error {
		event, err := wanted(ctx, o, m)
		if err != nil {
			return err
		}
		if err := before(ctx, p.opts.Hooks.BeforeUpdateOrganization, event); err != nil {
			return err
		}
		updated = o
		if len(event.Set) > 0 {
			var err error
			if updated, err = p.organizations.Update(ctx, adapter.By("id", o.ID), event.Set); err != nil {
				return err
			}
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventOrganizationUpdated, OrganizationID: o.ID, Detail: names(event.Set)}); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterUpdateOrganization, &OrganizationUpdate{Organization: updated, Set: event.Set, User: &s.User, Member: m})
	})
	if errors.Is(err, adapter.ErrUnique) {
		return UpdateReply{}, core.Fail(http.StatusBadRequest, CodeOrganizationSlugAlreadyTaken)
	}
	if err != nil {
		return UpdateReply{}, err
	}
	return UpdateReply{updated}, nil
}

// names lists the fields of a change, in order.
func names(set adapter.Record) string { return strings.Join(slices.Sorted(maps.Keys(set)), " ") }

func copyRecord(rec adapter.Record) adapter.Record {
	out := make(adapter.Record, len(rec))
	for k, v := range rec {
		out[k] = v
	}
	return out
}

// OrganizationInput names an organization.
type OrganizationInput struct {
	OrganizationID string `json:"organizationId" doc:"Id of the organization"`
}

func (p *Plugin) delete(c *core.Ctx, in *OrganizationInput) (*Organization, error) {
	if p.opts.DisableOrganizationDeletion {
		return nil, core.Fail(http.StatusNotFound, CodeOrganizationDeletionDisabled)
	}
	s, err := session(c, true)
	if s == nil {
		if err == nil {
			err = errUnauthorized
		}
		return nil, err
	}
	if in.OrganizationID == "" {
		return nil, errOrganizationNotFound
	}
	refused := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToDeleteThisOrganization)
	var check checker
	if hook := p.opts.Hooks.CheckDeleteOrganization; hook != nil {
		check = func(ctx context.Context, o *Organization, m *MemberUser) error {
			if err := p.require(ctx, &m.Member, "organization", "delete", refused); err != nil {
				return err
			}
			return hook(ctx, &OrganizationEvent{Organization: o, User: &s.User})
		}
	}
	var deleted *Organization
	err = p.checkedChange(c, in.OrganizationID, &s.User, errNotAMember, nil, check, func(ctx context.Context, o *Organization, m *MemberUser) error {
		if err := p.require(ctx, &m.Member, "organization", "delete", refused); err != nil {
			return err
		}
		deleted = o
		if err := p.remove(ctx, c, s, o); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventOrganizationDeleted, OrganizationID: o.ID})
	})
	if err != nil {
		return nil, err
	}
	return deleted, nil
}

// remove deletes an organization with everything that belongs to it.
func (p *Plugin) remove(ctx context.Context, c *core.Ctx, s *core.SessionData, o *Organization) error {
	event := &OrganizationEvent{Organization: o, User: &s.User}
	if err := before(ctx, p.opts.Hooks.BeforeDeleteOrganization, event); err != nil {
		return err
	}
	if err := p.deactivate(ctx, c, s, o.ID); err != nil {
		return err
	}
	of := adapter.By("organizationId", o.ID)
	if p.teams != nil {
		ids, err := p.teamIDs(ctx, o.ID)
		if err != nil {
			return err
		}
		if len(ids) > 0 {
			if _, err := p.teamMembers.Delete(ctx, adapter.Where{{Field: "teamId", Op: adapter.In, Value: ids}}); err != nil {
				return err
			}
		}
		if _, err := p.teams.Delete(ctx, of); err != nil {
			return err
		}
	}
	if p.dynamicRoles != nil {
		if _, err := p.dynamicRoles.Delete(ctx, of); err != nil {
			return err
		}
	}
	if _, err := p.members.Delete(ctx, of); err != nil {
		return err
	}
	if _, err := p.invitations.Delete(ctx, of); err != nil {
		return err
	}
	if _, err := p.organizations.Delete(ctx, adapter.By("id", o.ID)); err != nil {
		return err
	}
	return after(ctx, p.auth, p.opts.Hooks.AfterDeleteOrganization, event)
}

func (p *Plugin) teamIDs(ctx context.Context, organizationID string) ([]string, error) {
	teams, err := p.teams.List(ctx, adapter.Find{Where: adapter.By("organizationId", organizationID)})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(teams))
	for i, t := range teams {
		ids[i] = t.ID
	}
	return ids, nil
}

// GetFullInput is the query of get-full-organization.
type GetFullInput struct {
	OrganizationID   *string    `query:"organizationId" doc:"Id; the active organization by default"`
	OrganizationSlug *string    `query:"organizationSlug" doc:"Slug, in place of the id"`
	MembersLimit     wire.Value `query:"membersLimit" zod:"union=number|string,optional" doc:"How many members to list; 100 by default"`
}

// FullOrganization is an organization with its invitations, members and teams, up to
// 100 of each.
type FullOrganization struct {
	*Organization
	Invitations []*Invitation
	Members     []*MemberUser
	Teams       []*Team // nil when teams are not enabled
}

// AppendJSON appends the organization and its lists; a nil one is null.
func (f *FullOrganization) AppendJSON(dst []byte) []byte {
	if f == nil || f.Organization == nil {
		return append(dst, "null"...)
	}
	members := []core.RowMember{
		{Name: "invitations", Value: appendRows(nil, f.Invitations)},
		{Name: "members", Value: appendRows(nil, f.Members)},
	}
	if f.Teams != nil {
		members = append(members, core.RowMember{Name: "teams", Value: appendRows(nil, f.Teams)})
	}
	return core.AppendRow(dst, f.Organization, members...)
}

// MarshalJSON is AppendJSON for encoding/json.
func (f FullOrganization) MarshalJSON() ([]byte, error) { return f.AppendJSON(nil), nil }

// OpenAPIForm describes the JSON form.
func (*FullOrganization) OpenAPIForm() any {
	return struct {
		*Organization
		Invitations []*Invitation `json:"invitations"`
		Members     []*MemberUser `json:"members"`
		Teams       []*Team       `json:"teams,omitempty"`
	}{}
}

// listLimit is how many rows Better Auth 1.6 lists where nothing else is said.
const listLimit = 100

// maxList bounds lists that clients cannot page through, and a page of members.
const maxList = 1000

// oldestFirst is the order of lists: as rows were made.
var oldestFirst = []adapter.Sort{{Field: "createdAt"}}

func (p *Plugin) getFull(c *core.Ctx, in *GetFullInput) (*FullOrganization, error) {
	s := c.Session()
	var o *Organization
	var err error
	if in.OrganizationSlug != nil && *in.OrganizationSlug != "" {
		o, err = p.findSlug(c, *in.OrganizationSlug)
	} else {
		id := orActive(in.OrganizationID, s)
		if id == "" {
			return nil, nil
		}
		o, err = p.organizations.FindID(c, id)
	}
	if core.IsNotFound(err) {
		return nil, errOrganizationNotFound
	}
	if err != nil {
		return nil, err
	}
	m, err := p.findMember(c, s.User.ID, o.ID)
	if err != nil {
		return nil, err
	}
	if m == nil {
		// Better Auth 1.6 clears the active organization here. A GET can come from any site.
		return nil, core.Fail(http.StatusForbidden, CodeUserIsNotAMemberOfTheOrganization)
	}
	return p.full(c, o, min(membersLimit(in.MembersLimit), max(p.opts.MembershipLimit, maxList)))
}

// membersLimit reads the start of a text as JavaScript's parseInt does.
func membersLimit(v wire.Value) int {
	text, _ := v.Str()
	if n, ok := v.Num(); ok {
		text = strconv.FormatFloat(n, 'f', 0, 64)
	}
	text = strings.TrimSpace(text)
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(text[:end])
	if err != nil || n <= 0 {
		return listLimit
	}
	return n
}

func (p *Plugin) full(ctx context.Context, o *Organization, limit int) (*FullOrganization, error) {
	of := adapter.By("organizationId", o.ID)
	f := &FullOrganization{Organization: o}
	var err error
	if f.Invitations, err = p.invitations.List(ctx, adapter.Find{Where: of, Sort: oldestFirst, Limit: listLimit}); err != nil {
		return nil, err
	}
	if f.Members, err = p.memberUsers(ctx, adapter.Find{Where: of, Sort: oldestFirst, Limit: limit}); err != nil {
		return nil, err
	}
	if p.teams != nil {
		if f.Teams, err = p.teams.List(ctx, adapter.Find{Where: of, Sort: oldestFirst, Limit: listLimit}); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// memberUsers lists members with their users. One without user is left out.
func (p *Plugin) memberUsers(ctx context.Context, q adapter.Find) ([]*MemberUser, error) {
	q.Model = ModelMember
	q.Joins = []adapter.Join{{Model: core.ModelUser, From: "userId", To: "id", One: true}}
	recs, err := p.auth.DB().FindMany(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]*MemberUser, 0, len(recs))
	for _, rec := range recs {
		userRec, ok := rec[core.ModelUser].(adapter.Record)
		if !ok || userRec == nil {
			continue
		}
		u, err := p.auth.UserOf(userRec)
		if err != nil {
			return nil, err
		}
		m, err := p.members.Of(rec)
		if err != nil {
			return nil, err
		}
		out = append(out, &MemberUser{*m, u})
	}
	return out, nil
}

// SetActiveInput is the body of set-active. An id of null clears the session's
// active organization. An absent id leaves it unchanged and the answer is the
// current one.
type SetActiveInput struct {
	OrganizationID   validate.Nullable `json:"organizationId" zod:"optional" doc:"Id, or null"`
	OrganizationSlug *string           `json:"organizationSlug" doc:"Slug, in place of the id"`
}

func (p *Plugin) setActive(c *core.Ctx, in *SetActiveInput) (*Organization, error) {
	s := c.Session()
	if in.OrganizationID.Null {
		if activeOrganization(s) == "" {
			return nil, nil
		}
		return nil, p.activate(c, c, s, adapter.Record{ActiveOrganizationID.Name: nil}, true)
	}
	id := in.OrganizationID.Text
	if id == "" {
		if in.OrganizationSlug != nil && *in.OrganizationSlug != "" {
			o, err := p.findSlug(c, *in.OrganizationSlug)
			if core.IsNotFound(err) {
				return nil, errOrganizationNotFound
			}
			if err != nil {
				return nil, err
			}
			id = o.ID
		} else if id = activeOrganization(s); id == "" {
			return nil, nil
		}
	}
	m, err := p.findMember(c, s.User.ID, id)
	if err != nil {
		return nil, err
	}
	if m == nil {
		if err := p.activate(c, c, s, adapter.Record{ActiveOrganizationID.Name: nil}, false); err != nil {
			return nil, err
		}
		return nil, core.Fail(http.StatusForbidden, CodeUserIsNotAMemberOfTheOrganization)
	}
	o, err := p.organizations.FindID(c, id)
	if core.IsNotFound(err) {
		return nil, errOrganizationNotFound
	}
	if err != nil {
		return nil, err
	}
	return o, p.activate(c, c, s, adapter.Record{ActiveOrganizationID.Name: o.ID}, true)
}

func (p *Plugin) list(c *core.Ctx, _ *core.NoInput) ([]*Organization, error) {
	return p.organizationsOf(c, c.Session().User.ID)
}

// mostOrganizations bounds the list of a user's organizations.
func (p *Plugin) mostOrganizations() int {
	if p.opts.OrganizationLimit < 0 || p.opts.OrganizationLimitReached != nil {
		return maxList
	}
	return max(p.opts.OrganizationLimit, listLimit)
}

// organizationsOf lists the organizations that a user is a member of, as they were
// joined.
func (p *Plugin) organizationsOf(ctx context.Context, userID string) ([]*Organization, error) {
	recs, err := p.auth.DB().FindMany(ctx, adapter.Find{
		Model: ModelMember, Where: adapter.By("userId", userID), Sort: oldestFirst, Limit: p.mostOrganizations(),
		Joins: []adapter.Join{{Model: ModelOrganization, From: "organizationId", To: "id", One: true}},
	})
	if err != nil {
		return nil, err
	}
	out := make([]*Organization, 0, len(recs))
	for _, rec := range recs {
		inner, ok := rec[ModelOrganization].(adapter.Record)
		if !ok || inner == nil {
			continue
		}
		o, err := p.organizations.Of(inner)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}
