package organization

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/access"
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
	var made *Invitation
	err = p.change(c, orgID, &s.User, errMemberNotFound, []string{s.User.ID}, func(ctx context.Context, o *Organization, m *MemberUser) error {
		refused := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToInviteUsersToThisOrganization)
		if err := p.require(ctx, &m.Member, "invitation", "create", refused); err != nil {
			return err
		}
		roles, err := p.knownRoles(ctx, o.ID, in.Role)
		if err != nil {
			return err
		}
		if slices.Contains(roles, p.opts.CreatorRole) && !p.isOwner(&m.Member) {
			return core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToInviteUserWithThisRole)
		}
		existing, err := p.memberByName(ctx, email, true, o.ID)
		if err != nil {
			return err
		}
		if existing != nil {
			return core.Fail(http.StatusBadRequest, CodeUserIsAlreadyAMemberOfThisOrganization)
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
		if len(pending) > 0 && !p.opts.CancelPendingInvitationsOnReInvite {
			return core.Fail(http.StatusBadRequest, CodeUserIsAlreadyInvitedToThisOrganization)
		}
		for _, old := range pending {
			if _, err := p.invitations.Update(ctx, adapter.By("id", old.ID), adapter.Record{"status": string(StatusCanceled)}); err != nil {
				return err
			}
		}
		if err := p.checkInvitationLimit(ctx, c, o, m); err != nil {
			return err
		}
		teamID, err := p.invitedTeams(ctx, in.TeamID, o, s)
		if err != nil {
			return err
		}
		row := &Invitation{
			OrganizationID: o.ID, Email: email, Role: access.Join(roles), TeamID: teamID, Status: StatusPending,
			ExpiresAt: c.Now().Add(p.opts.InvitationExpiresIn), CreatedAt: c.Now(), InviterID: s.User.ID, Row: core.Row{Extra: copyExtra(extra)},
		}
		event := &InvitationEvent{Invitation: row, User: &s.User, Organization: o}
		if err := before(ctx, p.opts.Hooks.BeforeCreateInvitation, event); err != nil {
			return err
		}
		if made, err = p.invitations.Create(ctx, row); err != nil {
			return err
		}
		if err := p.mail(ctx, c, made, o, m); err != nil {
			return err
		}
		return after(ctx, p.opts.Hooks.AfterCreateInvitation, &InvitationEvent{Invitation: made, User: &s.User, Organization: o})
	})
	if err != nil {
		return nil, err
	}
	c.Emit(core.Event{Type: EventInvitationCreated})
	return made, nil
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
		c.Go("sending an invitation", func(ctx context.Context) error { return send(ctx, inv) })
		return nil
	})
}

// checkInvitationLimit is called while the organization is locked.
func (p *Plugin) checkInvitationLimit(ctx context.Context, c *core.Ctx, o *Organization, m *MemberUser) error {
	limit := p.opts.InvitationLimit
	if f := p.opts.InvitationLimitFunc; f != nil {
		var err error
		if limit, err = f(ctx, InvitationLimitRequest{User: m.User, Organization: o, Member: m}); err != nil {
			return err
		}
	}
	n, err := p.invitations.Count(ctx, p.pending(o.ID, c))
	if err != nil {
		return err
	}
	if n >= int64(limit) {
		return core.Fail(http.StatusForbidden, CodeInvitationLimitReached)
	}
	return nil
}

// invitedTeams checks the teams that an invitation names and returns their stored form.
func (p *Plugin) invitedTeams(ctx context.Context, ids []string, o *Organization, s *core.SessionData) (*string, error) {
	if p.teams == nil || len(ids) == 0 {
		return nil, nil
	}
	joined := strings.Join(ids, ",")
	if joined == "" && len(ids) == 1 {
		return &joined, nil // an empty id means no team, as in 1.6.11
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
		if err := p.checkTeamLimit(ctx, TeamLimitRequest{TeamID: id, OrganizationID: o.ID, Session: s}); err != nil {
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
	Member     *Member     `json:"member"`
}

// mustVerify reports whether recipients must have verified their address. Where ids
// can be guessed, the address is all that protects an invitation.
func (p *Plugin) mustVerify() bool {
	o := p.opts.RequireEmailVerificationOnInvitation
	return o == nil || *o || p.auth.Schema().IDs == schema.IDSerial
}

// received finds an invitation for its recipient.
func (p *Plugin) received(ctx context.Context, c *core.Ctx, s *core.SessionData, id string, notFound error, unverified core.ErrorCode, expires bool) (*Invitation, error) {
	i, err := p.invitations.FindID(ctx, id)
	if isNotFound(err) {
		return nil, notFound
	}
	if err != nil {
		return nil, err
	}
	if i.Status != StatusPending || expires && i.ExpiresAt.Before(c.Now()) {
		return nil, notFound
	}
	if core.NormalizeEmail(i.Email) != core.NormalizeEmail(s.User.Email) {
		return nil, core.Fail(http.StatusForbidden, CodeYouAreNotTheRecipientOfTheInvitation)
	}
	if p.mustVerify() && !s.User.EmailVerified {
		return nil, core.Fail(http.StatusForbidden, unverified)
	}
	return i, nil
}

var (
	errInvitationNotFound = core.Fail(http.StatusBadRequest, CodeInvitationNotFound)
	// 1.6.11 shouts on two of its routes.
	errInvitationGone = &core.Error{Status: http.StatusBadRequest, Code: CodeInvitationNotFound.Code, Message: "Invitation not found!"}
)

func (p *Plugin) accept(c *core.Ctx, in *InvitationInput) (InvitationReply, error) {
	s := c.Session()
	i, err := p.received(c, c, s, in.InvitationID, errInvitationNotFound, CodeEmailVerificationRequiredBeforeAcceptingOrRejectingInvitation, true)
	if err != nil {
		return InvitationReply{}, err
	}
	var reply InvitationReply
	err = p.change(c, i.OrganizationID, nil, nil, []string{s.User.ID}, func(ctx context.Context, o *Organization, _ *MemberUser) error {
		u, err := p.auth.Store().FindUser(ctx, s.User.ID)
		if err != nil {
			return err
		}
		existing, err := p.findMember(ctx, u.ID, o.ID)
		if err != nil {
			return err
		}
		if existing != nil {
			// 1.6.11 makes a second membership. Whoever lost a race for this invitation is
			// told what a later call is told.
			now, err := p.invitations.FindID(ctx, i.ID)
			if err != nil && !isNotFound(err) {
				return err
			}
			if err != nil || now.Status != StatusPending {
				return errInvitationNotFound
			}
			return core.Fail(http.StatusBadRequest, CodeUserIsAlreadyAMemberOfThisOrganization)
		}
		inviter, err := p.findMember(ctx, i.InviterID, o.ID)
		if err != nil {
			return err
		}
		if inviter == nil {
			return core.Fail(http.StatusBadRequest, CodeInviterIsNoLongerAMemberOfTheOrganization)
		}
		if err := p.checkMembershipLimit(ctx, u, o); err != nil {
			return err
		}
		if err := before(ctx, p.opts.Hooks.BeforeAcceptInvitation, &InvitationEvent{Invitation: i, User: u, Organization: o}); err != nil {
			return err
		}
		// Of many callers one finds it pending.
		accepted, err := p.invitations.Update(ctx, adapter.By("id", i.ID).And("status", string(StatusPending)), adapter.Record{"status": string(StatusAccepted)})
		if isNotFound(err) {
			return errInvitationNotFound
		}
		if err != nil {
			return err
		}
		set := adapter.Record{ActiveOrganizationID.Name: o.ID}
		teams := accepted.TeamIDs()
		if p.teams == nil {
			teams = nil
		}
		m, err := p.members.Create(ctx, &Member{OrganizationID: o.ID, UserID: u.ID, Role: accepted.Role, CreatedAt: c.Now(),
			Row: core.Row{Extra: copyExtra(p.auth.DefaultFields(ModelMember))}})
		if err != nil {
			return err
		}
		for _, id := range teams {
			// The team may have gone, or be that of another organization in an old row.
			if err := p.teamInOrganization(ctx, id, o.ID); err != nil {
				return err
			}
			if _, err := p.joinTeamWithin(ctx, TeamLimitRequest{TeamID: id, OrganizationID: o.ID, Session: s}, u.ID); err != nil {
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
		return after(ctx, p.opts.Hooks.AfterAcceptInvitation, &InvitationEvent{Invitation: accepted, User: u, Organization: o, Member: m})
	})
	if err != nil {
		return InvitationReply{}, err
	}
	c.Emit(core.Event{Type: EventMemberAdded, UserID: s.User.ID})
	return reply, nil
}

func (p *Plugin) reject(c *core.Ctx, in *InvitationInput) (InvitationReply, error) {
	s := c.Session()
	i, err := p.received(c, c, s, in.InvitationID, errInvitationGone, CodeEmailVerificationRequiredBeforeAcceptingOrRejectingInvitation, false)
	if err != nil {
		return InvitationReply{}, err
	}
	var rejected *Invitation
	err = p.tx(c, func(ctx context.Context) error {
		o, err := p.organizations.FindID(ctx, i.OrganizationID)
		if isNotFound(err) {
			return errOrganizationNotFound
		}
		if err != nil {
			return err
		}
		if err := before(ctx, p.opts.Hooks.BeforeRejectInvitation, &InvitationEvent{Invitation: i, User: &s.User, Organization: o}); err != nil {
			return err
		}
		rejected, err = p.invitations.Update(ctx, adapter.By("id", i.ID).And("status", string(StatusPending)), adapter.Record{"status": string(StatusRejected)})
		if isNotFound(err) {
			return errInvitationGone
		}
		if err != nil {
			return err
		}
		return after(ctx, p.opts.Hooks.AfterRejectInvitation, &InvitationEvent{Invitation: rejected, User: &s.User, Organization: o})
	})
	if err != nil {
		return InvitationReply{}, err
	}
	return InvitationReply{Invitation: rejected}, nil
}

func (p *Plugin) cancel(c *core.Ctx, in *InvitationInput) (*Invitation, error) {
	s := c.Session()
	i, err := p.invitations.FindID(c, in.InvitationID)
	if isNotFound(err) {
		return nil, errInvitationNotFound
	}
	if err != nil {
		return nil, err
	}
	var canceled *Invitation
	err = p.change(c, i.OrganizationID, &s.User, errMemberNotFound, nil, func(ctx context.Context, o *Organization, m *MemberUser) error {
		refused := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToCancelThisInvitation)
		if err := p.require(ctx, &m.Member, "invitation", "cancel", refused); err != nil {
			return err
		}
		if err := before(ctx, p.opts.Hooks.BeforeCancelInvitation, &InvitationEvent{Invitation: i, User: &s.User, Organization: o}); err != nil {
			return err
		}
		var err error
		canceled, err = p.invitations.Update(ctx, adapter.By("id", i.ID), adapter.Record{"status": string(StatusCanceled)})
		if isNotFound(err) {
			return errInvitationNotFound
		}
		if err != nil {
			return err
		}
		return after(ctx, p.opts.Hooks.AfterCancelInvitation, &InvitationEvent{Invitation: canceled, User: &s.User, Organization: o})
	})
	if err != nil {
		return nil, err
	}
	c.Emit(core.Event{Type: EventInvitationCanceled})
	return canceled, nil
}

// GetInvitationInput is the query of get-invitation.
type GetInvitationInput struct {
	ID string `query:"id" doc:"Id of the invitation"`
}

// InvitationDetails is an invitation with what its recipient wants to know.
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

// OpenAPIForm says what the JSON form holds.
func (*InvitationDetails) OpenAPIForm() any { return &Invitation{} }

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
	if isNotFound(err) {
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
	return p.invitations.List(c, adapter.Find{Where: adapter.By("organizationId", orgID), Sort: oldestFirst})
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

// OpenAPIForm says what the JSON form holds.
func (*UserInvitation) OpenAPIForm() any { return &Invitation{} }

func (p *Plugin) listUserInvitations(c *core.Ctx, in *UserInvitationsInput) ([]*UserInvitation, error) {
	email := ""
	if in.Email != nil {
		email = *in.Email
	}
	if !c.Trusted() && email != "" {
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
		Model: ModelInvitation, Where: adapter.By("email", core.NormalizeEmail(email)).And("status", string(StatusPending)), Sort: oldestFirst,
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
