package organization

import (
	"context"
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

var (
	errUnauthorized         = core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
	errOrganizationNotFound = core.Fail(http.StatusBadRequest, CodeOrganizationNotFound)
	errNoActive             = core.Fail(http.StatusBadRequest, CodeNoActiveOrganization)
	errMemberNotFound       = core.Fail(http.StatusBadRequest, CodeMemberNotFound)
	errTeamNotFound         = core.Fail(http.StatusBadRequest, CodeTeamNotFound)
	errNotAMember           = core.Fail(http.StatusBadRequest, CodeUserIsNotAMemberOfTheOrganization)
	errUserNotFound         = core.Fail(http.StatusBadRequest, core.CodeUserNotFound)
)

// orActive is the organization that a request names, or the session's active one.
func orActive(id *string, s *core.SessionData) string {
	if id != nil && *id != "" {
		return *id
	}
	return activeOrganization(s)
}

func activeOrganization(s *core.SessionData) string {
	if s == nil {
		return ""
	}
	id, _ := ActiveOrganizationID.Of(s.Session.Extra)
	return id
}

func activeTeam(s *core.SessionData) string {
	if s == nil {
		return ""
	}
	id, _ := ActiveTeamID.Of(s.Session.Extra)
	return id
}

// session is the caller's session, nil when there is none. stored asks the store.
func session(c *core.Ctx, stored bool) (*core.SessionData, error) {
	if stored {
		return c.StoredSession()
	}
	return c.LoadSession()
}

// caller is the session of a call that the server may make as well: nil without error
// when it does.
func caller(c *core.Ctx) (*core.SessionData, error) {
	s, err := session(c, true)
	if s == nil && err == nil && !c.FromServer() {
		return nil, errUnauthorized
	}
	return s, err
}

// findMember returns the membership of a user, nil when there is none.
func (p *Plugin) findMember(ctx context.Context, userID, organizationID string) (*Member, error) {
	if userID == "" || organizationID == "" {
		return nil, nil
	}
	m, err := p.members.Find(ctx, adapter.By("organizationId", organizationID).And("userId", userID))
	if core.IsNotFound(err) {
		return nil, nil
	}
	return m, err
}

// findMemberUser is findMember with the user.
func (p *Plugin) findMemberUser(ctx context.Context, userID, organizationID string) (*MemberUser, error) {
	m, err := p.findMember(ctx, userID, organizationID)
	if m == nil || err != nil {
		return nil, err
	}
	u, err := p.auth.Store().FindUser(ctx, userID)
	if core.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &MemberUser{*m, u}, nil
}

// tx runs fn in a transaction and turns what a database refuses into answers.
func (p *Plugin) tx(ctx context.Context, fn func(ctx context.Context) error) error {
	err := p.auth.Store().Tx(ctx, fn)
	var answer *core.Error
	if errors.Is(err, adapter.ErrBadValue) && !errors.As(err, &answer) {
		return &core.Error{Status: http.StatusBadRequest, Code: core.CodeValidationError.Code,
			Message: "A value is too long or does not fit its field", Cause: err}
	}
	return err
}

// checker checks a change before the transaction. Its reads may be outdated by then, so
// fn decides again. It may take its time, because nothing is locked.
type checker func(ctx context.Context, o *Organization, m *MemberUser) error

// checkOf makes a checker of what a change looks at first, wanted, and of a check-hook
// that is asked when wanted has no objection.
func checkOf[E any](wanted func(context.Context, *Organization, *MemberUser) (*E, error), hook func(context.Context, *E) error) checker {
	return func(ctx context.Context, o *Organization, m *MemberUser) error {
		event, err := wanted(ctx, o, m)
		if err != nil {
			return err
		}
		return hook(ctx, event)
	}
}

// bound is an upper limit that may be absent.
type bound struct {
	most int
	set  bool
}

// change runs fn while it holds the organization's row, so that everybody who changes
// an organization takes turns: what fn reads stays true until it has written. users are
// the users whose rows fn refers to; they are locked first. actor is the user who acts;
// fn gets the membership as it is now, and refused is the answer when there is none.
// Without an actor the server acts.
func (p *Plugin) change(ctx context.Context, organizationID string, actor *core.User, refused error, users []string, fn func(ctx context.Context, o *Organization, m *MemberUser) error) error {
	return p.checkedChange(ctx, organizationID, actor, refused, users, nil, fn)
}

// checkedChange is change with a look before it, unless check is nil.
func (p *Plugin) checkedChange(ctx context.Context, organizationID string, actor *core.User, refused error, users []string, check checker, fn func(ctx context.Context, o *Organization, m *MemberUser) error) error {
	member := func(ctx context.Context) (*MemberUser, error) {
		if actor == nil {
			return nil, nil
		}
		m, err := p.findMember(ctx, actor.ID, organizationID)
		if err != nil {
			return nil, err
		}
		if m == nil {
			return nil, refused
		}
		return &MemberUser{*m, actor}, nil
	}
	m, err := member(ctx)
	if err != nil {
		return err // strangers must not lock the row
	}
	if check != nil {
		o, err := p.organizations.FindID(ctx, organizationID)
		if core.IsNotFound(err) {
			return errOrganizationNotFound
		}
		if err != nil {
			return err
		}
		if err := check(ctx, o, m); err != nil {
			return err
		}
	}
	return p.tx(ctx, func(ctx context.Context) error {
		for _, id := range users {
			if err := p.auth.Store().LockUser(ctx, id); err != nil {
				if core.IsNotFound(err) {
					return errUserNotFound
				}
				return err
			}
		}
		o, err := p.organizations.Lock(ctx, organizationID)
		if core.IsNotFound(err) {
			return errOrganizationNotFound
		}
		if err != nil {
			return err
		}
		m, err := member(ctx)
		if err != nil {
			return err
		}
		return fn(ctx, o, m)
	})
}

// activate changes what the caller's session has chosen: nil clears a choice. With
// cookie the session cookie is set anew, as Better Auth 1.6 does on some routes.
// In a transaction, cookies wait for its commit.
func (p *Plugin) activate(ctx context.Context, c *core.Ctx, s *core.SessionData, set adapter.Record, cookie bool) error {
	if chosen, ok := set[ActiveOrganizationID.Name]; ok && p.teams != nil {
		// A team belongs to the organization that was active until now.
		if _, team := set[ActiveTeamID.Name]; !team && (chosen == nil || chosen != activeOrganization(s)) {
			set[ActiveTeamID.Name] = nil
		}
	}
	row, err := p.auth.Store().UpdateSession(ctx, s.Session.Token, set)
	switch {
	case errors.Is(err, core.ErrAbort):
		row = &s.Session // the hook kept the session as it was
	case core.IsNotFound(err):
		return errUnauthorized
	case err != nil:
		return err
	}
	data := &core.SessionData{Session: *row, User: s.User}
	return core.AfterCommit(ctx, func(context.Context) error {
		return c.Issue(data, core.IssueOptions{Unchanged: true, CacheOnly: !cookie})
	})
}

// deactivate clears the session's active organization when it is this one.
func (p *Plugin) deactivate(ctx context.Context, c *core.Ctx, s *core.SessionData, organizationID string) error {
	if activeOrganization(s) != organizationID {
		return nil
	}
	return p.activate(ctx, c, s, adapter.Record{ActiveOrganizationID.Name: nil}, false)
}
