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

func isNotFound(err error) bool { return errors.Is(err, adapter.ErrNotFound) }

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
	s, err := c.LoadSession(stored)
	var answer *core.Error
	if errors.As(err, &answer) && answer.Status < 500 {
		return nil, nil
	}
	return s, err
}

// caller is the session of a call that the server may make as well: nil without error
// when it does.
func caller(c *core.Ctx) (*core.SessionData, error) {
	s, err := session(c, true)
	if s == nil && err == nil && !c.Trusted() {
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
	if isNotFound(err) {
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
	if isNotFound(err) {
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

// change runs fn while it holds the organization's row, so that everybody who changes
// an organization takes turns: what fn reads stays true until it has written. users
// are locked before, those whose rows fn refers to. actor is who acts; fn gets the
// membership as it is now, and refused is the answer when there is none. Without an
// actor the server acts.
func (p *Plugin) change(ctx context.Context, organizationID string, actor *core.User, refused error, users []string, fn func(ctx context.Context, o *Organization, m *MemberUser) error) error {
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
	if _, err := member(ctx); err != nil {
		return err // strangers do not get to lock the row
	}
	return p.tx(ctx, func(ctx context.Context) error {
		for _, id := range users {
			if err := p.auth.Store().LockUser(ctx, id); err != nil {
				if isNotFound(err) {
					return errUserNotFound
				}
				return err
			}
		}
		o, err := p.organizations.Lock(ctx, organizationID)
		if isNotFound(err) {
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
// cookie the session cookie is set anew, as 1.6.11 does on some routes. In a
// transaction, cookies wait for its commit.
func (p *Plugin) activate(ctx context.Context, c *core.Ctx, s *core.SessionData, set adapter.Record, cookie bool) error {
	row, err := p.auth.Store().UpdateSession(ctx, s.Session.Token, set)
	switch {
	case errors.Is(err, core.ErrAbort):
		row = &s.Session // the hook kept the session as it was
	case isNotFound(err):
		return errUnauthorized
	case err != nil:
		return err
	}
	data := &core.SessionData{Session: *row, User: s.User}
	return core.AfterCommit(ctx, func(context.Context) error {
		if cookie {
			c.SetCurrentSession(data)
			made := c.NewSession()
			defer func() { c.SetNewSession(made) }() // it is the same session, and no new one
			return c.SetSession(data, nil)
		}
		return c.SessionChanged(data)
	})
}

// deactivate clears the session's active organization when it is this one.
func (p *Plugin) deactivate(ctx context.Context, c *core.Ctx, s *core.SessionData, organizationID string) error {
	if activeOrganization(s) != organizationID {
		return nil
	}
	return p.activate(ctx, c, s, adapter.Record{ActiveOrganizationID.Name: nil}, false)
}
