package oauthserver

import (
	"context"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// ConsentAnswer is what a user has answered on the page of consent.
type ConsentAnswer struct {
	Accept bool
	Scope  *string // some of the scopes; nil: all
}

// errNoQuery says that a page has not passed its query on.
func errNoQuery() error { return Refuse(ErrInvalidRequest, "missing oauth query") }

// Consent takes the answer of the page of consent, and continues the flow.
func (s *Server) Consent(c *core.Ctx, p *PageQuery, answer ConsentAnswer, session *core.SessionData) (string, error) {
	if p == nil {
		return "", errNoQuery()
	}
	asked := split(get(p.Query, "scope"))
	scopes := asked
	if answer.Scope != nil {
		if len(*answer.Scope) > maxScope {
			return "", Refuse(ErrInvalidRequest, errLongScope)
		}
		scopes = split(*answer.Scope)
		if len(scopes) == 0 && answer.Accept { // a request without scope asks for all of them
			return "", Refuse(ErrInvalidRequest, "accept at least one scope, or deny the request")
		}
		if len(beyond(scopes, asked)) > 0 {
			return "", Refuse(ErrInvalidRequest, "Scope not originally requested")
		}
	}
	r, page, err := s.trusted(c, p.Query, "")
	if err != nil || page != "" {
		return page, err
	}
	s.settleMode(r)
	postLogin := p.postLogin != "" && p.postLogin == session.Session.ID
	if p.ticket == "" && !s.Lenient {
		// The query is that of another page: show the one of consent.
		return s.Authorize(c, p.Query, session, Resume{PostLogin: postLogin, Since: p.issued})
	}
	if p.ticket != "" {
		if err := s.useTicket(c, p.ticket, session.Session.ID); err != nil {
			return "", err
		}
	}
	if !answer.Accept {
		return s.failed(c, r, ErrAccessDenied, "User denied access")
	}
	q := p.Query
	if slices.Contains(split(get(q, "prompt")), promptLogin) {
		if !p.Precedes(&session.Session) {
			return s.Authorize(c, q, session, Resume{PostLogin: postLogin})
		}
		q = withoutPrompt(q, promptLogin)
	}
	reference := ""
	if s.ConsentReference != nil {
		if reference, err = s.ConsentReference(c, Asked{Session: session, ClientID: r.client.ID, Scopes: scopes}); err != nil {
			return "", err
		}
	}
	err = c.Recorded(func(ctx context.Context) error {
		if err := s.Consents.KeepConsent(ctx, r.client.ID, session.User.ID, reference, scopes); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventConsented, UserID: session.User.ID, SessionID: session.Session.ID})
	})
	if err != nil {
		return "", err
	}
	if answer.Scope != nil {
		q = slices.Clone(q).Set("scope", strings.Join(scopes, " "))
	}
	return s.Authorize(c, withoutPrompt(q, promptConsent), session, Resume{PostLogin: postLogin, Since: p.issued, Consented: true})
}

// Events of the server.
const (
	EventConsented core.EventType = "oauth.consent-given"
	EventReused    core.EventType = "oauth.token-reused"
	EventIssued    core.EventType = "oauth.tokens-issued"

	EventClientCreated core.EventType = "oauth.client-created"
)

// ClientCreated says that a client has been made, in the transaction that makes it. Its owner
// may be "".
func ClientCreated(ctx context.Context, c *core.Ctx, owner string) error {
	return c.EmitIn(ctx, core.Event{Type: EventClientCreated, UserID: owner})
}

// Continued says which page a user comes back from.
type Continued struct{ Selected, Created, PostLogin bool }

// Continue continues the flow after a page.
func (s *Server) Continue(c *core.Ctx, p *PageQuery, from Continued, session *core.SessionData) (string, error) {
	if !from.Selected && !from.Created && !from.PostLogin {
		return "", Refuse(ErrInvalidRequest, "Missing parameters")
	}
	if p == nil {
		return "", errNoQuery()
	}
	q, resume := p.Query, Resume{Since: p.issued}
	switch {
	case from.Selected:
		q = withoutPrompt(q, promptSelect)
	case from.Created:
		q = withoutPrompt(q, promptCreate)
	default:
		// Whether the page after sign-in is behind the user, the application is asked again:
		// that a script says so proves nothing.
		resume.PostLogin = p.postLogin != "" && p.postLogin == session.Session.ID
	}
	return s.Authorize(c, q, session, resume)
}

// SignedIn continues the flow after a call on the page of the application that has set the
// cookie of a session. fresh says that it is the sign-in that prompt=login asks for: other
// calls, such as a change of the name, set the cookie again.
func (s *Server) SignedIn(c *core.Ctx, q wire.Query, fresh bool, session *core.SessionData) (string, error) {
	if fresh {
		q = withoutPrompt(q, promptLogin)
	}
	return s.Authorize(c, q, session, Resume{})
}

// Precedes reports whether the page is older than a session, or as old: whether the session
// can be what the page was shown for.
func (q *PageQuery) Precedes(s *core.Session) bool {
	return !q.issued.IsZero() && !s.CreatedAt.Before(q.issued)
}
