package organization

import (
	"context"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/validate"
)

// teamInOrganization answers TEAM_NOT_FOUND unless a team is one of an organization.
func (p *Plugin) teamInOrganization(ctx context.Context, teamID, organizationID string) error {
	_, err := p.findTeam(ctx, teamID, organizationID)
	return err
}

func (p *Plugin) findTeam(ctx context.Context, teamID, organizationID string) (*Team, error) {
	if teamID == "" {
		return nil, errTeamNotFound
	}
	t, err := p.teams.Find(ctx, adapter.By("id", teamID).And("organizationId", organizationID))
	if core.IsNotFound(err) {
		return nil, errTeamNotFound
	}
	return t, err
}

func (p *Plugin) findTeamMember(ctx context.Context, teamID, userID string) (*TeamMember, error) {
	m, err := p.teamMembers.Find(ctx, adapter.By("teamId", teamID).And("userId", userID))
	if core.IsNotFound(err) {
		return nil, nil
	}
	return m, err
}

// joinTeam makes a user a member of a team, once.
func (p *Plugin) joinTeam(ctx context.Context, teamID, userID string) (*TeamMember, error) {
	m, err := p.findTeamMember(ctx, teamID, userID)
	if m != nil || err != nil {
		return m, err
	}
	now := p.auth.Now()
	return p.teamMembers.Create(ctx, &TeamMember{TeamID: teamID, UserID: userID, CreatedAt: &now})
}

// joinTeamWithin is joinTeam that keeps to MaximumMembersPerTeam. The organization is
// locked.
func (p *Plugin) joinTeamWithin(ctx context.Context, teamID, userID string, limit bound) (*TeamMember, error) {
	m, err := p.findTeamMember(ctx, teamID, userID)
	if m != nil || err != nil {
		return m, err
	}
	if err := p.checkTeamLimit(ctx, teamID, limit); err != nil {
		return nil, err
	}
	return p.joinTeam(ctx, teamID, userID)
}

// teamLimit asks how many members a team may have. It is called before anything is
// locked: the function is the application's.
func (p *Plugin) teamLimit(ctx context.Context, r TeamLimitRequest) (bound, error) {
	if f := p.opts.Teams.MaximumMembersPerTeamFunc; f != nil {
		most, err := f(ctx, r)
		return bound{most, true}, err
	}
	most := p.opts.Teams.MaximumMembersPerTeam
	return bound{most, most > 0}, nil
}

// checkTeamLimit is called while the organization is locked.
func (p *Plugin) checkTeamLimit(ctx context.Context, teamID string, limit bound) error {
	if !limit.set {
		return nil
	}
	n, err := p.teamMembers.Count(ctx, adapter.By("teamId", teamID))
	if err != nil {
		return err
	}
	if n >= int64(limit.most) {
		return core.Fail(http.StatusForbidden, CodeTeamMemberLimitReached)
	}
	return nil
}

// CreateTeamInput is the body of create-team. Fields holds added fields of the team.
type CreateTeamInput struct {
	Name            string  `json:"name" doc:"Name of the team"`
	OrganizationID  *string `json:"organizationId" doc:"The organization; the active one by default"`
	validate.Fields `fields:"team"`
}

func (p *Plugin) createTeam(c *core.Ctx, in *CreateTeamInput) (*Team, error) {
	s, err := caller(c)
	if err != nil {
		return nil, err
	}
	orgID := orActive(in.OrganizationID, s)
	if orgID == "" {
		return nil, errNoActive
	}
	extra, err := p.auth.ParseInput(ModelTeam, in.Values, false)
	if err != nil {
		return nil, err
	}
	actor := userOf(s)
	// The code is Better Auth 1.6's, although its text does not fit.
	stranger := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToInviteUsersToThisOrganization)
	// draft is the team, or the answer when the caller may not make one.
	draft := func(ctx context.Context, o *Organization, m *MemberUser) (*Team, error) {
		if m != nil {
			refused := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToCreateTeamsInThisOrganization)
			if err := p.require(ctx, &m.Member, "team", "create", refused); err != nil {
				return nil, err
			}
		}
		now := c.Now()
		return &Team{Name: in.Name, OrganizationID: o.ID, CreatedAt: now, UpdatedAt: &now, Row: core.Row{Extra: extra.Clone()}}, nil
	}
	most := p.opts.Teams.MaximumTeams
	check := func(ctx context.Context, o *Organization, m *MemberUser) error {
		row, err := draft(ctx, o, m)
		if err != nil {
			return err
		}
		if f := p.opts.Teams.MaximumTeamsFunc; f != nil {
			if most, err = f(ctx, o.ID, s); err != nil {
				return err
			}
		}
		return before(ctx, p.opts.Hooks.CheckCreateTeam, &TeamEvent{p.teams.Bind(row), actor, o})
	}
	var made *Team
	err = p.checkedChange(c, orgID, actor, stranger, nil, check, func(ctx context.Context, o *Organization, m *MemberUser) error {
		row, err := draft(ctx, o, m)
		if err != nil {
			return err
		}
		if err := p.checkTeamCount(ctx, o.ID, most); err != nil {
			return err
		}
		if err := before(ctx, p.opts.Hooks.BeforeCreateTeam, &TeamEvent{p.teams.Bind(row), actor, o}); err != nil {
			return err
		}
		if made, err = p.teams.Create(ctx, row); err != nil {
			return err
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventTeamCreated, OrganizationID: o.ID, SubjectID: made.ID}); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterCreateTeam, &TeamEvent{made, actor, o})
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

func userOf(s *core.SessionData) *core.User {
	if s == nil {
		return nil
	}
	return &s.User
}

// checkTeamCount is called while the organization is locked.
func (p *Plugin) checkTeamCount(ctx context.Context, organizationID string, limit int) error {
	if limit <= 0 {
		return nil // none, as Better Auth 1.6 reads it
	}
	n, err := p.teams.Count(ctx, adapter.By("organizationId", organizationID))
	if err != nil {
		return err
	}
	if n >= int64(limit) {
		return core.Fail(http.StatusBadRequest, CodeYouHaveReachedTheMaximumNumberOfTeams)
	}
	return nil
}

// TeamInput names a team.
type TeamInput struct {
	TeamID         string  `json:"teamId" doc:"Id of the team"`
	OrganizationID *string `json:"organizationId" doc:"The organization; the active one by default"`
}

// MessageReply is {"message":…}.
type MessageReply struct {
	Message string `json:"message"`
}

func (p *Plugin) removeTeam(c *core.Ctx, in *TeamInput) (MessageReply, error) {
	s, err := session(c, true)
	if err != nil {
		return MessageReply{}, err
	}
	orgID := orActive(in.OrganizationID, s)
	switch {
	case orgID == "":
		return MessageReply{}, errNoActive // which Better Auth 1.6 notices before the missing session
	case s == nil && !c.FromServer():
		return MessageReply{}, errUnauthorized
	}
	actor := userOf(s)
	refused := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToDeleteThisTeam)
	wanted := func(ctx context.Context, o *Organization, m *MemberUser) (*TeamEvent, error) {
		if m != nil {
			if active := activeTeam(s); active != "" && active == in.TeamID {
				return nil, refused
			}
			refused := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToDeleteTeamsInThisOrganization)
			if err := p.require(ctx, &m.Member, "team", "delete", refused); err != nil {
				return nil, err
			}
		}
		t, err := p.findTeam(ctx, in.TeamID, o.ID)
		if err != nil {
			return nil, err
		}
		if !p.opts.Teams.AllowRemovingAllTeams {
			n, err := p.teams.Count(ctx, adapter.By("organizationId", o.ID))
			if err != nil {
				return nil, err
			}
			if n <= 1 {
				return nil, core.Fail(http.StatusBadRequest, CodeUnableToRemoveLastTeam)
			}
		}
		return &TeamEvent{t, actor, o}, nil
	}
	var check checker
	if hook := p.opts.Hooks.CheckDeleteTeam; hook != nil {
		check = checkOf(wanted, hook)
	}
	err = p.checkedChange(c, orgID, actor, refused, nil, check, func(ctx context.Context, o *Organization, m *MemberUser) error {
		event, err := wanted(ctx, o, m)
		if err != nil {
			return err
		}
		if err := before(ctx, p.opts.Hooks.BeforeDeleteTeam, event); err != nil {
			return err
		}
		t := event.Team
		if _, err := p.teamMembers.Delete(ctx, adapter.By("teamId", t.ID)); err != nil {
			return err
		}
		if _, err := p.teams.Delete(ctx, adapter.By("id", t.ID)); err != nil {
			return err
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventTeamDeleted, OrganizationID: o.ID, SubjectID: t.ID}); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterDeleteTeam, &TeamEvent{t, actor, o})
	})
	if err != nil {
		return MessageReply{}, err
	}
	return MessageReply{"Team removed successfully."}, nil
}

// UpdateTeamInput is the body of update-team.
type UpdateTeamInput struct {
	TeamID string         `json:"teamId" doc:"Id of the team"`
	Data   UpdateTeamData `json:"data" doc:"What to change"`
}

// UpdateTeamData are the fields that change. OrganizationID says in which
// organization the team is; a team cannot be moved. Fields holds added fields. ID,
// CreatedAt and UpdatedAt are accepted and ignored, as in Better Auth 1.6.
type UpdateTeamData struct {
	ID              *string    `json:"id" doc:"Ignored"`
	Name            *string    `json:"name" zod:"min=1" doc:"Name"`
	OrganizationID  *string    `json:"organizationId" doc:"The organization; the active one by default"`
	CreatedAt       *time.Time `json:"createdAt" doc:"Not accepted in JSON"`
	UpdatedAt       *time.Time `json:"updatedAt" doc:"Not accepted in JSON"`
	validate.Fields `fields:"team,partial"`
}

func (p *Plugin) updateTeam(c *core.Ctx, in *UpdateTeamInput) (*Team, error) {
	s := c.Session()
	orgID := orActive(in.Data.OrganizationID, s)
	if orgID == "" {
		return nil, errNoActive
	}
	extra, err := p.auth.ParseInput(ModelTeam, in.Data.Values, true)
	if err != nil {
		return nil, err
	}
	refused := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToUpdateThisTeam)
	wanted := func(ctx context.Context, o *Organization, m *MemberUser) (*TeamUpdate, error) {
		if err := p.require(ctx, &m.Member, "team", "update", refused); err != nil {
			return nil, err
		}
		t, err := p.findTeam(ctx, in.TeamID, o.ID)
		if err != nil {
			return nil, err
		}
		set := adapter.Record{}
		for name, value := range extra {
			set[name] = value
		}
		if in.Data.Name != nil {
			set["name"] = *in.Data.Name
		}
		return &TeamUpdate{Team: t, Set: set, User: &s.User, Organization: o}, nil
	}
	var check checker
	if hook := p.opts.Hooks.CheckUpdateTeam; hook != nil {
		check = checkOf(wanted, hook)
	}
	var updated *Team
	err = p.checkedChange(c, orgID, &s.User, refused, nil, check, func(ctx context.Context, o *Organization, m *MemberUser) error {
		event, err := wanted(ctx, o, m)
		if err != nil {
			return err
		}
		if err := before(ctx, p.opts.Hooks.BeforeUpdateTeam, event); err != nil {
			return err
		}
		if updated, err = p.teams.Update(ctx, adapter.By("id", event.Team.ID), event.Set); err != nil {
			return err
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventTeamUpdated, OrganizationID: o.ID, SubjectID: in.TeamID}); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterUpdateTeam, &TeamUpdate{Team: updated, Set: event.Set, User: &s.User, Organization: o})
	})
	if err != nil {
		return nil, err
	}
	return updated, nil
}

func (p *Plugin) listTeams(c *core.Ctx, in *OrganizationQuery) ([]*Team, error) {
	s := c.Session()
	orgID := orActive(in.OrganizationID, s)
	if orgID == "" {
		return nil, errNoActive
	}
	m, err := p.findMember(c, s.User.ID, orgID)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToAccessThisOrganization)
	}
	return p.teams.List(c, adapter.Find{Where: adapter.By("organizationId", orgID), Sort: oldestFirst, Limit: max(p.opts.Teams.MaximumTeams, maxList)})
}

// SetActiveTeamInput is the body of set-active-team. An id of null clears the
// session's active team. An absent id leaves it unchanged and the answer is the
// current one.
type SetActiveTeamInput struct {
	TeamID validate.Nullable `json:"teamId" zod:"optional" doc:"Id, or null"`
}

func (p *Plugin) setActiveTeam(c *core.Ctx, in *SetActiveTeamInput) (*Team, error) {
	s := c.Session()
	if in.TeamID.Null {
		if activeTeam(s) == "" {
			return nil, nil
		}
		return nil, p.activate(c, c, s, adapter.Record{ActiveTeamID.Name: nil}, true)
	}
	id := in.TeamID.Text
	if id == "" {
		if id = activeTeam(s); id == "" {
			return nil, nil
		}
	}
	orgID := activeOrganization(s)
	if orgID == "" {
		return nil, errNoActive
	}
	t, err := p.findTeam(c, id, orgID)
	if err != nil {
		return nil, err
	}
	m, err := p.findTeamMember(c, t.ID, s.User.ID)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, core.Fail(http.StatusForbidden, CodeUserIsNotAMemberOfTheTeam)
	}
	return t, p.activate(c, c, s, adapter.Record{ActiveTeamID.Name: t.ID}, true)
}

func (p *Plugin) listUserTeams(c *core.Ctx, _ *core.NoInput) ([]*Team, error) {
	return p.teamsOf(c, c.Session().User.ID)
}

// teamsOf lists the teams that a user is a member of.
func (p *Plugin) teamsOf(ctx context.Context, userID string) ([]*Team, error) {
	recs, err := p.auth.DB().FindMany(ctx, adapter.Find{
		Model: ModelTeamMember, Where: adapter.By("userId", userID), Sort: oldestFirst, Limit: maxList,
		Joins: []adapter.Join{{Model: ModelTeam, From: "teamId", To: "id", One: true}},
	})
	if err != nil {
		return nil, err
	}
	out := make([]*Team, 0, len(recs))
	for _, rec := range recs {
		inner, ok := rec[ModelTeam].(adapter.Record)
		if !ok || inner == nil {
			continue
		}
		t, err := p.teams.Of(inner)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// ListTeamMembersInput is the query of list-team-members.
type ListTeamMembersInput struct {
	TeamID *string `query:"teamId" doc:"The team; the active one by default"`
}

func (p *Plugin) listTeamMembers(c *core.Ctx, in *ListTeamMembersInput) ([]*TeamMember, error) {
	s := c.Session()
	id := activeTeam(s)
	if in.TeamID != nil && *in.TeamID != "" {
		id = *in.TeamID
	}
	if id == "" {
		return nil, core.Fail(http.StatusBadRequest, CodeYouDoNotHaveAnActiveTeam)
	}
	m, err := p.findTeamMember(c, id, s.User.ID)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, core.Fail(http.StatusBadRequest, CodeUserIsNotAMemberOfTheTeam)
	}
	return p.teamMembers.List(c, adapter.Find{Where: adapter.By("teamId", id), Sort: oldestFirst, Limit: max(p.opts.Teams.MaximumMembersPerTeam, maxList)})
}

// TeamMemberInput names a user in a team.
type TeamMemberInput struct {
	TeamID         string  `json:"teamId" doc:"Id of the team"`
	UserID         string  `json:"userId" zod:"coerce" doc:"Id of the user"`
	OrganizationID *string `json:"organizationId" doc:"The organization; the active one by default"`
}

// teamMember runs fn for a team and a user who is a member of its organization, when
// the caller has a permission. check, if there is one, runs before the transaction.
func (p *Plugin) teamMember(c *core.Ctx, in *TeamMemberInput, action string, code core.ErrorCode, check, fn func(ctx context.Context, o *Organization, t *Team, u *core.User) error) error {
	s := c.Session()
	orgID := orActive(in.OrganizationID, s)
	if orgID == "" {
		return errNoActive
	}
	// The user is locked first, if there is one: the row of the team refers to it.
	var users []string
	if m, err := p.findMember(c, in.UserID, orgID); err != nil {
		return err
	} else if m != nil {
		users = []string{m.UserID}
	}
	within := func(fn func(ctx context.Context, o *Organization, t *Team, u *core.User) error) checker {
		if fn == nil {
			return nil
		}
		return func(ctx context.Context, o *Organization, m *MemberUser) error {
			if err := p.require(ctx, &m.Member, "member", action, core.Fail(http.StatusForbidden, code)); err != nil {
				return err
			}
			target, err := p.findMember(ctx, in.UserID, o.ID)
			if err != nil {
				return err
			}
			if target == nil {
				return errNotAMember
			}
			t, err := p.findTeam(ctx, in.TeamID, o.ID)
			if err != nil {
				return err
			}
			u, err := p.auth.Store().FindUser(ctx, target.UserID)
			if core.IsNotFound(err) {
				return errUserNotFound
			}
			if err != nil {
				return err
			}
			return fn(ctx, o, t, u)
		}
	}
	return p.checkedChange(c, orgID, &s.User, errNotAMember, users, within(check), within(fn))
}

func (p *Plugin) addTeamMember(c *core.Ctx, in *TeamMemberInput) (*TeamMember, error) {
	draft := func(o *Organization, t *Team, u *core.User) *TeamMemberEvent {
		return &TeamMemberEvent{p.teamMembers.Bind(&TeamMember{TeamID: t.ID, UserID: u.ID}), t, u, o}
	}
	var limit bound
	check := func(ctx context.Context, o *Organization, t *Team, u *core.User) error {
		var err error
		if limit, err = p.teamLimit(ctx, TeamLimitRequest{TeamID: t.ID, OrganizationID: o.ID, Session: c.Session()}); err != nil {
			return err
		}
		return before(ctx, p.opts.Hooks.CheckAddTeamMember, draft(o, t, u))
	}
	var made *TeamMember
	err := p.teamMember(c, in, "update", CodeYouAreNotAllowedToCreateANewTeamMember, check, func(ctx context.Context, o *Organization, t *Team, u *core.User) error {
		if err := before(ctx, p.opts.Hooks.BeforeAddTeamMember, draft(o, t, u)); err != nil {
			return err
		}
		var err error
		made, err = p.joinTeamWithin(ctx, t.ID, u.ID, limit)
		if err != nil {
			return err
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventTeamMemberAdded, UserID: u.ID, OrganizationID: o.ID, SubjectID: t.ID}); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterAddTeamMember, &TeamMemberEvent{made, t, u, o})
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (p *Plugin) removeTeamMember(c *core.Ctx, in *TeamMemberInput) (MessageReply, error) {
	wanted := func(ctx context.Context, o *Organization, t *Team, u *core.User) (*TeamMemberEvent, error) {
		m, err := p.findTeamMember(ctx, t.ID, u.ID)
		if err == nil && m == nil {
			err = core.Fail(http.StatusBadRequest, CodeUserIsNotAMemberOfTheTeam)
		}
		return &TeamMemberEvent{m, t, u, o}, err
	}
	var check func(ctx context.Context, o *Organization, t *Team, u *core.User) error
	if hook := p.opts.Hooks.CheckRemoveTeamMember; hook != nil {
		check = func(ctx context.Context, o *Organization, t *Team, u *core.User) error {
			event, err := wanted(ctx, o, t, u)
			if err != nil {
				return err
			}
			return hook(ctx, event)
		}
	}
	err := p.teamMember(c, in, "delete", CodeYouAreNotAllowedToRemoveATeamMember, check, func(ctx context.Context, o *Organization, t *Team, u *core.User) error {
		event, err := wanted(ctx, o, t, u)
		if err != nil {
			return err
		}
		if err := before(ctx, p.opts.Hooks.BeforeRemoveTeamMember, event); err != nil {
			return err
		}
		if _, err := p.teamMembers.Delete(ctx, adapter.By("teamId", t.ID).And("userId", u.ID)); err != nil {
			return err
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventTeamMemberRemoved, UserID: u.ID, OrganizationID: o.ID, SubjectID: t.ID}); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterRemoveTeamMember, event)
	})
	if err != nil {
		return MessageReply{}, err
	}
	return MessageReply{"Team member removed successfully."}, nil
}
