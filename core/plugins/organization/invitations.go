package organization

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// InviteInput is the body of invite-member. Fields holds added fields of the
// invitation.
type InviteInput struct {
	Email           string             `json:"email" doc:"Whom to invite"`
	Role            validate.OneOrMany `json:"role" doc:"One role or several"`
	OrganizationID  *string            `json:"organizationId" doc:"The organization; the active one by default"`
	Resend          *bool              `json:"resend" doc:"Send a pending invitation again, with a new expiry"`
	TeamID          validate.OneOrMany `json:"teamId" zod:"optional" doc:"Teams to join as well"`
	validate.Fields `fields:"invitation"`
}

func (p *Plugin) invite(c *core.Ctx, in *InviteInput) (*Invitation, error) {
	s := c.Session()
	orgID := orActive(in.OrganizationID, s)
	if orgID == "" {
		return nil, errOrganizationNotFound
	}
	email := core.NormalizeEmail(in.Email)
	if !validate.Email(email) {
		return nil, core.Fail(http.StatusBadRequest, core.CodeInvalidEmail)
	}
	if err := core.CheckNewEmail(email); err != nil {
		return nil, err
	}
	extra, err := p.auth.ParseInput(ModelInvitation, in.Values, false)
	if err != nil {
		return nil, err
	}
	resend := in.Resend != nil && *in.Resend
	most, asked := p.opts.InvitationLimit, false
	inTeams := map[string]bound{}
	check := func(ctx context.Context, o *Organization, m *MemberUser) error {
		roles, err := p.invitable(ctx, in, email, o, m)
		if err != nil {
			return err
		}
		if err := p.limitMails(c, o.ID, email, resend); err != nil {
			return err
		}
		pending, err := p.invitations.List(ctx, adapter.Find{Where: p.pending(o.ID, c).And("email", email), Limit: 1})
		if err != nil {
			return err
		}
		// What stays as it is counts against no limit.
		if asked = len(pending) == 0 || !resend && p.opts.CancelPendingInvitationsOnReInvite; asked {
			if f := p.opts.InvitationLimitFunc; f != nil {
				if most, err = f(ctx, InvitationLimitRequest{User: m.User, Organization: o, Member: m}); err != nil {
					return err
				}
			}
			if err := p.limitsOfTeams(ctx, in.TeamID, o, s, inTeams); err != nil {
				return err
			}
		}
		hook := p.opts.Hooks.CheckCreateInvitation
		return before(ctx, hook, &InvitationEvent{Invitation: p.invitations.Bind(p.draft(c, o, email, roles, extra)), User: &s.User, Organization: o})
	}
	var made *Invitation
	err = p.checkedChange(c, orgID, &s.User, errMemberNotFound, []string{s.User.ID}, check, func(ctx context.Context, o *Organization, m *MemberUser) error {
		roles, err := p.invitable(ctx, in, email, o, m)
		if err != nil {
			return err
		}
		pending, err := p.invitations.List(ctx, adapter.Find{Where: p.pending(o.ID, c).And("email", email), Sort: oldestFirst})
		if err != nil {
			return err
		}
		if len(pending) > 0 && resend {
			made, err = p.invitations.Update(ctx, adapter.By("id", pending[0].ID), adapter.Record{"expiresAt": c.Now().Add(p.opts.InvitationExpiresIn)})
			if err != nil {
				return err
			}
			return p.mail(ctx, c, made, o, m)
		}
		// Without the limits nothing is made: an invitation that was pending when they were
		// to be asked for has just gone.
		if len(pending) > 0 && !p.opts.CancelPendingInvitationsOnReInvite || !asked {
			return core.Fail(http.StatusBadRequest, CodeUserIsAlreadyInvitedToThisOrganization)
		}
		for _, old := range pending {
			if _, err := p.invitations.Update(ctx, adapter.By("id", old.ID), adapter.Record{"status": string(StatusCanceled)}); err != nil {
				return err
			}
		}
		if err := p.checkInvitationLimit(ctx, c, o, most); err != nil {
			return err
		}
		teamID, err := p.invitedTeams(ctx, in.TeamID, o, inTeams)
		if err != nil {
			return err
		}
		row := p.draft(c, o, email, roles, extra)
		row.TeamID = teamID
		event := &InvitationEvent{Invitation: p.invitations.Bind(row), User: &s.User, Organization: o}
		if err := before(ctx, p.opts.Hooks.BeforeCreateInvitation, event); err != nil {
			return err
		}
		if made, err = p.invitations.Create(ctx, row); err != nil {
			return err
		}
		if err := p.mail(ctx, c, made, o, m); err != nil {
			return err
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventInvitationCreated, OrganizationID: o.ID, SubjectID: made.ID}); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterCreateInvitation, &InvitationEvent{Invitation: made, User: &s.User, Organization: o})
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// draft is a new invitation by the caller.
func (p *Plugin) draft(c *core.Ctx, o *Organization, email string, roles []string, extra core.Extra) *Invitation {
	return &Invitation{
		OrganizationID: o.ID, Email: email, Role: access.Join(roles), Status: StatusPending,
		ExpiresAt: c.Now().Add(p.opts.InvitationExpiresIn), CreatedAt: c.Now(), InviterID: c.Session().User.ID, Row: core.Row{Extra: extra.Clone()},
	}
}

// invitable returns the roles that an invitation gives. It fails when m may not invite,
// may not give these roles, or when the address is a member's.
func (p *Plugin) invitable(ctx context.Context, in *InviteInput, email string, o *Organization, m *MemberUser) ([]string, error) {
	refused := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToInviteUsersToThisOrganization)
	if err := p.require(ctx, &m.Member, "invitation", "create", refused); err != nil {
		return nil, err
	}
	roles, err := p.knownRoles(ctx, o.ID, in.Role)
	if err != nil {
		return nil, err
	}
	above := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToInviteUserWithThisRole)
	if err := p.requireGive(ctx, &m.Member, roles, above); err != nil {
		return nil, err
	}
	existing, err := p.memberByName(ctx, email, true, o.ID)
	if err == nil && existing != nil {
		err = core.Fail(http.StatusBadRequest, CodeUserIsAlreadyAMemberOfThisOrganization)
	}
	return roles, err
}

// mailRule bounds the invitations to one address, from all organizations and inviters
// together: the address may be a stranger's.
var mailRule = ratelimit.Rule{Window: time.Minute, Max: 5}

// limitMails keeps invitations from flooding a mailbox.
func (p *Plugin) limitMails(c *core.Ctx, organizationID, email string, resend bool) error {
	if every := p.opts.ResendInterval; resend && every > 0 {
		if err := c.Limit(ID+"|again|"+organizationID+"|"+email, ratelimit.Rule{Window: every, Max: 1}); err != nil {
			return err
		}
	}
	return c.Limit(ID+"|to|"+email, mailRule)
}

// pending matches the invitations of an organization that can still be accepted.
func (p *Plugin) pending(organizationID string, c *core.Ctx) adapter.Where {
	return adapter.Where{
		{Field: "organizationId", Value: organizationID},
		{Field: "status", Value: string(StatusPending)},
		{Field: "expiresAt", Op: adapter.Gt, Value: c.Now()},
	}
}

// mail sends an invitation when it has been committed.
func (p *Plugin) mail(ctx context.Context, c *core.Ctx, i *Invitation, o *Organization, m *MemberUser) error {
	send := p.opts.SendInvitation
	if send == nil {
		return nil
	}
	inv := InvitationMail{ID: i.ID, Email: core.NormalizeEmail(i.Email), Role: i.Role, Organization: o, Inviter: m, Invitation: i}
	return core.AfterCommit(ctx, func(context.Context) error {
		c.Go("sending an invitation", func(ctx context.Context) error { return send(ctx, inv) }, inv.ID, inv.Email)
		return nil
	})
}

// checkInvitationLimit is called while the organization is locked.
func (p *Plugin) checkInvitationLimit(ctx context.Context, c *core.Ctx, o *Organization, limit int) error {
	n, err := p.invitations.Count(ctx, p.pending(o.ID, c))
	if err != nil {
		return err
	}
	if n >= int64(limit) {
		return core.Fail(http.StatusForbidden, CodeInvitationLimitReached)
	}
	return nil
}

// limitsOfTeams asks for the limits of the teams that an invitation names. Names that
// invitedTeams refuses are left out.
func (p *Plugin) limitsOfTeams(ctx context.Context, ids []string, o *Organization, s *core.SessionData, limits map[string]bound) error {
	if p.teams == nil || len(ids) > maxInvitedTeams {
		return nil
	}
	for _, id := range ids {
		if err := p.teamInOrganization(ctx, id, o.ID); err != nil {
			return nil // invitedTeams says so, in its turn
		}
		limit, err := p.teamLimit(ctx, TeamLimitRequest{TeamID: id, OrganizationID: o.ID, Session: s})
		if err != nil {
			return err
		}
		limits[id] = limit
	}
	return nil
}

// invitedTeams checks the teams that an invitation names and returns their stored form.
func (p *Plugin) invitedTeams(ctx context.Context, ids []string, o *Organization, limits map[string]bound) (*string, error) {
	if p.teams == nil || len(ids) == 0 {
		return nil, nil
	}
	joined := strings.Join(ids, ",")
	if joined == "" && len(ids) == 1 {
		return &joined, nil // an empty id means no team, as in Better Auth 1.6
	}
	if len(ids) > maxInvitedTeams {
		return nil, core.Fail(http.StatusBadRequest, CodeInvalidTeamID)
	}
	for _, id := range ids {
		// Ids are stored between commas: one with a comma in it would name other teams.
		if id == "" || strings.Contains(id, ",") {
			return nil, core.Fail(http.StatusBadRequest, CodeInvalidTeamID)
		}
		if err := p.teamInOrganization(ctx, id, o.ID); err != nil {
			return nil, err
		}
		if err := p.checkTeamLimit(ctx, id, limits[id]); err != nil {
			return nil, err
		}
	}
	return &joined, nil
}

const maxInvitedTeams = 100

// InvitationInput names an invitation.
type InvitationInput struct {
	InvitationID string `json:"invitationId" doc:"Id of the invitation"`
}

// InvitationReply is {"invitation":…,"member":…}; the member is null when the
// invitation was rejected.
type InvitationReply struct {
	Invitation *Invitation `json:"invitation"`
	Member     *Member     `json:"member" openapi:"null"`
}

// mustVerify reports whether recipients must have verified their address. Where ids
// can be guessed, the address is all that protects an invitation.
func (p *Plugin) mustVerify() bool {
	o := p.opts.RequireEmailVerificationOnInvitation
	return o == nil || *o || p.guessable()
}

// guessable reports whether the ids of rows are numbers in turn.
func (p *Plugin) guessable() bool { return p.auth.Schema().IDs == schema.IDSerial }

// received finds an invitation for its recipient.
func (p *Plugin) received(ctx context.Context, c *core.Ctx, s *core.SessionData, id string, notFound error, unverified core.ErrorCode, expires bool) (*Invitation, error) {
	i, err := p.invitations.FindID(ctx, id)
	if core.IsNotFound(err) {
		return nil, notFound
	}
	if err != nil {
		return nil, err
	}
	if i.Status != StatusPending || expires && i.ExpiresAt.Before(c.Now()) {
		return nil, notFound
	}
	if core.NormalizeEmail(i.Email) != core.NormalizeEmail(s.User.Email) {
		if p.guessable() { // who counts through the ids learns nothing
			return nil, notFound
		}
		return nil, core.Fail(http.StatusForbidden, CodeYouAreNotTheRecipientOfTheInvitation)
	}
	if p.mustVerify() && !s.User.EmailVerified {
		return nil, core.Fail(http.StatusForbidden, unverified)
	}
	return i, nil
}

var (
	errInvitationNotFound = core.Fail(http.StatusBadRequest, CodeInvitationNotFound)
	// Better Auth 1.6 has upper case on two of its routes.
	errInvitationGone = &core.Error{Status: http.StatusBadRequest, Code: CodeInvitationNotFound.Code, Message: "Invitation not found!"}
)

func (p *Plugin) accept(c *core.Ctx, in *InvitationInput) (InvitationReply, error) {
	s := c.Session()
	i, err := p.received(c, c, s, in.InvitationID, errInvitationNotFound, CodeEmailVerificationRequiredBeforeAcceptingOrRejectingInvitation, true)
	if err != nil {
		return InvitationReply{}, err
	}
	teams := i.TeamIDs()
	if p.teams == nil {
		teams = nil
	}
	var members int
	inTeams := map[string]bound{}
	check := func(ctx context.Context, o *Organization, _ *MemberUser) error {
		u, err := p.acceptable(ctx, i, s.User.ID, o)
		if err != nil {
			return err
		}
		if members, err = p.membershipLimit(ctx, u, o); err != nil {
			return err
		}
		if err := p.limitsOfTeams(ctx, teams, o, s, inTeams); err != nil {
			return err
		}
		return before(ctx, p.opts.Hooks.CheckAcceptInvitation, &InvitationEvent{Invitation: i, User: u, Organization: o})
	}
	var reply InvitationReply
	err = p.checkedChange(c, i.OrganizationID, nil, nil, []string{s.User.ID}, check, func(ctx context.Context, o *Organization, _ *MemberUser) error {
		u, err := p.acceptable(ctx, i, s.User.ID, o)
		if err != nil {
			return err
		}
		if err := p.checkMembershipLimit(ctx, o, members); err != nil {
			return err
		}
		if err := before(ctx, p.opts.Hooks.BeforeAcceptInvitation, &InvitationEvent{Invitation: i, User: u, Organization: o}); err != nil {
			return err
		}
		// Only one of many callers finds it pending.
		accepted, err := p.invitations.Update(ctx, adapter.By("id", i.ID).And("status", string(StatusPending)), adapter.Record{"status": string(StatusAccepted)})
		if core.IsNotFound(err) {
			return errInvitationNotFound
		}
		if err != nil {
			return err
		}
		set := adapter.Record{ActiveOrganizationID.Name: o.ID}
		m, err := p.members.Create(ctx, &Member{OrganizationID: o.ID, UserID: u.ID, Role: accepted.Role, CreatedAt: c.Now(),
			Row: core.Row{Extra: p.auth.DefaultFields(ModelMember).Clone()}})
		if err != nil {
			return err
		}
		for _, id := range teams {
			// The team may be deleted, or an old row may name another organization's.
			if err := p.teamInOrganization(ctx, id, o.ID); err != nil {
				return err
			}
			if _, err := p.joinTeamWithin(ctx, id, u.ID, inTeams[id]); err != nil {
				return err
			}
		}
		if len(teams) == 1 {
			set[ActiveTeamID.Name] = teams[0]
		}
		if err := p.activate(ctx, c, s, set, len(teams) == 1); err != nil {
			return err
		}
		reply = InvitationReply{accepted, m}
		if err := c.EmitIn(ctx, core.Event{Type: EventMemberAdded, OrganizationID: o.ID, UserID: u.ID, Detail: "invitation", SubjectID: accepted.ID}); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterAcceptInvitation, &InvitationEvent{Invitation: accepted, User: u, Organization: o, Member: m})
	})
	if err != nil {
		return InvitationReply{}, err
	}
	return reply, nil
}

// acceptable returns the user who accepts an invitation, and answers with an error when
// the invitation holds no longer: the user is a member, or its sender is none or may not
// give its roles.
func (p *Plugin) acceptable(ctx context.Context, i *Invitation, userID string, o *Organization) (*core.User, error) {
	u, err := p.auth.Store().FindUser(ctx, userID)
	if err != nil {
		return nil, err
	}
	existing, err := p.findMember(ctx, u.ID, o.ID)
	if err != nil {
		return nil, err
	}
	if existing != nil {
		// Better Auth 1.6 makes a second membership. A request that lost a race for this
		// invitation is told what a later call is told.
		now, err := p.invitations.FindID(ctx, i.ID)
		if err != nil && !core.IsNotFound(err) {
			return nil, err
		}
		if err != nil || now.Status != StatusPending {
			return nil, errInvitationNotFound
		}
		return nil, core.Fail(http.StatusBadRequest, CodeUserIsAlreadyAMemberOfThisOrganization)
	}
	inviter, err := p.findMember(ctx, i.InviterID, o.ID)
	if err != nil {
		return nil, err
	}
	if inviter == nil {
		return nil, core.Fail(http.StatusBadRequest, CodeInviterIsNoLongerAMemberOfTheOrganization)
	}
	return u, p.checkInvitedRoles(ctx, i, inviter)
}

// checkInvitedRoles looks again at what an invitation gives: since it was sent, a role
// may have gone or grown, and its sender may have lost rights.
func (p *Plugin) checkInvitedRoles(ctx context.Context, i *Invitation, inviter *Member) error {
	roles, err := p.knownRoles(ctx, i.OrganizationID, []string{i.Role})
	if err != nil || p.opts.AllowRolesAboveOwn {
		return err
	}
	gone := core.Fail(http.StatusBadRequest, CodeInviterMayNoLongerGiveThisRole)
	if err := p.require(ctx, inviter, "invitation", "create", gone); err != nil {
		return err
	}
	return p.requireGive(ctx, inviter, roles, gone)
}

func (p *Plugin) reject(c *core.Ctx, in *InvitationInput) (InvitationReply, error) {
	s := c.Session()
	i, err := p.received(c, c, s, in.InvitationID, errInvitationGone, CodeEmailVerificationRequiredBeforeAcceptingOrRejectingInvitation, false)
	if err != nil {
		return InvitationReply{}, err
	}
	if hook := p.opts.Hooks.CheckRejectInvitation; hook != nil {
		o, err := p.organizations.FindID(c, i.OrganizationID)
		if core.IsNotFound(err) {
			err = errOrganizationNotFound
		}
		if err == nil {
			err = hook(c, &InvitationEvent{Invitation: i, User: &s.User, Organization: o})
		}
		if err != nil {
			return InvitationReply{}, err
		}
	}
	var rejected *Invitation
	err = p.tx(c, func(ctx context.Context) error {
		o, err := p.organizations.FindID(ctx, i.OrganizationID)
		if core.IsNotFound(err) {
			return errOrganizationNotFound
		}
		if err != nil {
			return err
		}
		if err := before(ctx, p.opts.Hooks.BeforeRejectInvitation, &InvitationEvent{Invitation: i, User: &s.User, Organization: o}); err != nil {
			return err
		}
		rejected, err = p.invitations.Update(ctx, adapter.By("id", i.ID).And("status", string(StatusPending)), adapter.Record{"status": string(StatusRejected)})
		if core.IsNotFound(err) {
			return errInvitationGone
		}
		if err != nil {
			return err
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventInvitationRejected, OrganizationID: o.ID, SubjectID: rejected.ID}); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterRejectInvitation, &InvitationEvent{Invitation: rejected, User: &s.User, Organization: o})
	})
	if err != nil {
		return InvitationReply{}, err
	}
	return InvitationReply{Invitation: rejected}, nil
}

func (p *Plugin) cancel(c *core.Ctx, in *InvitationInput) (*Invitation, error) {
	s := c.Session()
	i, err := p.invitations.FindID(c, in.InvitationID)
	if core.IsNotFound(err) {
		return nil, errInvitationNotFound
	}
	if err != nil {
		return nil, err
	}
	wanted := func(ctx context.Context, o *Organization, m *MemberUser) (*InvitationEvent, error) {
		refused := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToCancelThisInvitation)
		return &InvitationEvent{Invitation: i, User: &s.User, Organization: o}, p.require(ctx, &m.Member, "invitation", "cancel", refused)
	}
	var check checker
	if hook := p.opts.Hooks.CheckCancelInvitation; hook != nil {
		check = checkOf(wanted, hook)
	}
	var canceled *Invitation
	err = p.checkedChange(c, i.OrganizationID, &s.User, errMemberNotFound, nil, check, func(ctx context.Context, o *Organization, m *MemberUser) error {
		event, err := wanted(ctx, o, m)
		if err != nil {
			return err
		}
		if err := before(ctx, p.opts.Hooks.BeforeCancelInvitation, event); err != nil {
			return err
		}
		canceled, err = p.invitations.Update(ctx, adapter.By("id", i.ID), adapter.Record{"status": string(StatusCanceled)})
		if core.IsNotFound(err) {
			return errInvitationNotFound
		}
		if err != nil {
			return err
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventInvitationCanceled, OrganizationID: o.ID, SubjectID: canceled.ID}); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterCancelInvitation, &InvitationEvent{Invitation: canceled, User: &s.User, Organization: o})
	})
	if err != nil {
		return nil, err
	}
	return canceled, nil
}

// GetInvitationInput is the query of get-invitation.
type GetInvitationInput struct {
	ID string `query:"id" doc:"Id of the invitation"`
}

// InvitationDetails is an invitation with the names that its recipient sees.
type InvitationDetails struct {
	*Invitation
	OrganizationName string
	OrganizationSlug string
	InviterEmail     string
}

// AppendJSON appends the invitation with organizationName, organizationSlug and
// inviterEmail.
func (d *InvitationDetails) AppendJSON(dst []byte) []byte {
	if d == nil || d.Invitation == nil {
		return append(dst, "null"...)
	}
	return core.AppendRow(dst, d.Invitation,
		textMember("organizationName", d.OrganizationName), textMember("organizationSlug", d.OrganizationSlug), textMember("inviterEmail", d.InviterEmail))
}

// OpenAPIForm describes the JSON form.
func (*InvitationDetails) OpenAPIForm() any {
	return struct {
		*Invitation
		OrganizationName string `json:"organizationName"`
		OrganizationSlug string `json:"organizationSlug"`
		InviterEmail     string `json:"inviterEmail"`
	}{}
}

func textMember(name, text string) core.RowMember {
	return core.RowMember{Name: name, Value: wire.AppendString(nil, text)}
}

func (p *Plugin) getInvitation(c *core.Ctx, in *GetInvitationInput) (*InvitationDetails, error) {
	s, err := session(c, false)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, core.FailText(http.StatusUnauthorized, "Not authenticated")
	}
	i, err := p.received(c, c, s, in.ID, errInvitationGone, CodeEmailVerificationRequiredForInvitation, true)
	if err != nil {
		return nil, err
	}
	o, err := p.organizations.FindID(c, i.OrganizationID)
	if core.IsNotFound(err) {
		return nil, errOrganizationNotFound
	}
	if err != nil {
		return nil, err
	}
	inviter, err := p.findMemberUser(c, i.InviterID, o.ID)
	if err != nil {
		return nil, err
	}
	if inviter == nil {
		return nil, core.Fail(http.StatusBadRequest, CodeInviterIsNoLongerAMemberOfTheOrganization)
	}
	return &InvitationDetails{i, o.Name, o.Slug, inviter.User.Email}, nil
}

// OrganizationQuery names an organization in a query.
type OrganizationQuery struct {
	OrganizationID *string `query:"organizationId" doc:"The organization; the active one by default"`
}

func (p *Plugin) listInvitations(c *core.Ctx, in *OrganizationQuery) ([]*Invitation, error) {
	s := c.Session()
	orgID := orActive(in.OrganizationID, s)
	if orgID == "" {
		return nil, core.FailText(http.StatusBadRequest, "Organization ID is required")
	}
	m, err := p.findMember(c, s.User.ID, orgID)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, core.FailText(http.StatusForbidden, "You are not a member of this organization")
	}
	// Old ones pile up, so the newest are listed.
	newest := []adapter.Sort{{Field: "createdAt", Desc: true}}
	found, err := p.invitations.List(c, adapter.Find{Where: adapter.By("organizationId", orgID), Sort: newest, Limit: max(p.opts.InvitationLimit, maxList)})
	slices.SortStableFunc(found, func(a, b *Invitation) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return found, err
}

// UserInvitationsInput is the query of list-user-invitations.
type UserInvitationsInput struct {
	Email *string `query:"email" doc:"Whose invitations, for calls of the server; a client gets its own"`
}

// UserInvitation is a pending invitation with the name of its organization.
type UserInvitation struct {
	*Invitation
	OrganizationName *string
}

// AppendJSON appends the invitation with organizationName.
func (u *UserInvitation) AppendJSON(dst []byte) []byte {
	name := core.RowMember{Name: "organizationName"}
	if u.OrganizationName != nil {
		name = textMember(name.Name, *u.OrganizationName)
	}
	return core.AppendRow(dst, u.Invitation, name)
}

// OpenAPIForm describes the JSON form.
func (*UserInvitation) OpenAPIForm() any {
	return struct {
		*Invitation
		OrganizationName string `json:"organizationName,omitempty"`
	}{}
}

func (p *Plugin) listUserInvitations(c *core.Ctx, in *UserInvitationsInput) ([]*UserInvitation, error) {
	email := ""
	if in.Email != nil {
		email = *in.Email
	}
	if !c.FromServer() && email != "" {
		return nil, core.FailText(http.StatusBadRequest, "User email cannot be passed for client side API calls.")
	}
	s, err := session(c, false)
	if err != nil {
		return nil, err
	}
	if s != nil {
		// Whatever RequireEmailVerificationOnInvitation says: a list gives ids away.
		if !s.User.EmailVerified {
			return nil, core.Fail(http.StatusForbidden, CodeEmailVerificationRequiredForInvitation)
		}
		email = s.User.Email
	}
	if email == "" {
		return nil, core.FailText(http.StatusBadRequest, "Missing session headers, or email query parameter.")
	}
	return p.invitationsFor(c, email)
}

// invitationsFor lists the pending invitations of an address.
func (p *Plugin) invitationsFor(ctx context.Context, email string) ([]*UserInvitation, error) {
	recs, err := p.auth.DB().FindMany(ctx, adapter.Find{
		Model: ModelInvitation, Where: adapter.By("email", core.NormalizeEmail(email)).And("status", string(StatusPending)), Sort: oldestFirst, Limit: maxList,
		Joins: []adapter.Join{{Model: ModelOrganization, From: "organizationId", To: "id", One: true}},
	})
	if err != nil {
		return nil, err
	}
	out := make([]*UserInvitation, 0, len(recs))
	for _, rec := range recs {
		i, err := p.invitations.Of(rec)
		if err != nil {
			return nil, err
		}
		u := &UserInvitation{Invitation: i}
		if o, ok := rec[ModelOrganization].(adapter.Record); ok && o != nil {
			if name, ok := o["name"].(string); ok {
				u.OrganizationName = &name
			}
		}
		out = append(out, u)
	}
	return out, nil
}
