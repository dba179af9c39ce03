package oauthserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/wire"
)

// Sessions says which clients have tokens of a session.
type Sessions interface {
	ClientsOf(ctx context.Context, sessionID string) ([]*Client, error)
}

const (
	// typeLogout is the type of a logout token, so that it passes for no id_token.
	typeLogout  = "logout+jwt"
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
	logoutLife  = 2 * time.Minute
	logoutTime  = 5 * time.Second // of a request
	maxPlans    = 4096
	atOnce      = 8
)

// logout is a message to a client that a session has ended.
type logout struct {
	client                *Client
	subject, sid, address string
}

// plans are the messages of sessions that are being deleted, by the id of the session: once
// the row is gone, tokens no longer say to which session they belong.
type plans struct {
	mu  sync.Mutex
	all map[string][]logout
}

func (p *plans) keep(id string, all []logout) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[string][]logout{}
	}
	for other := range p.all { // a deletion that another hook stops leaves its plan behind
		if len(p.all) < maxPlans {
			break
		}
		delete(p.all, other)
	}
	p.all[id] = all
}

func (p *plans) take(id string) []logout {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.all[id]
	delete(p.all, id)
	return out
}

// SessionEnds is called before the row of a session is deleted.
func (s *Server) SessionEnds(ctx context.Context, session *core.Session) error {
	clients, err := s.Sessions.ClientsOf(ctx, session.ID)
	if err != nil {
		return err
	}
	var all []logout
	for _, client := range clients {
		if client.LogoutURI != "" && !client.Disabled {
			all = append(all, logout{client, s.subject(session.UserID, client), session.ID, client.LogoutURI})
		}
	}
	if len(all) > 0 {
		s.plans.keep(session.ID, all)
	}
	return nil
}

// SessionEnded tells the clients after the row was deleted (OpenID Connect Back-Channel Logout
// 1.0). A client is told once; what it answers is logged, and changes nothing.
func (s *Server) SessionEnded(ctx context.Context, session *core.Session) error {
	all := s.plans.take(session.ID)
	if len(all) == 0 {
		return nil
	}
	issuer := s.issuerOf(ctx)
	if issuer == "" {
		return nil
	}
	tell := func(ctx context.Context) error { return s.tell(ctx, issuer, all) }
	if c, ok := core.CtxFrom(ctx); ok {
		return core.AfterCommit(ctx, func(context.Context) error {
			c.Go("back-channel logout", tell)
			return nil
		})
	}
	return s.auth.Tell(ctx, "back-channel logout", tell)
}

// issuerOf is Issuer where there may be no call, as when the application deletes a session. It is
// "" when only a call would tell.
func (s *Server) issuerOf(ctx context.Context) string {
	if c, ok := core.CtxFrom(ctx); ok {
		return s.Issuer(c)
	}
	if own := s.Keys.ConfiguredIssuer(); own != "" {
		return own
	}
	if base := s.auth.Options().BaseURL; base != "" {
		return strings.TrimSuffix(base, "/") + s.auth.PublicPath()
	}
	return ""
}

// tell sends the messages, some at once, and waits for them.
func (s *Server) tell(ctx context.Context, issuer string, all []logout) error {
	failed := make([]error, len(all))
	turns := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for i := range all {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			if err := s.tellOne(ctx, issuer, &all[i]); err != nil {
				failed[i] = fmt.Errorf("the client %s: %w", all[i].client.ID, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(failed...)
}

func (s *Server) tellOne(ctx context.Context, issuer string, l *logout) error {
	jti, err := s.auth.RandomString(32)
	if err != nil {
		return err
	}
	if err := s.CheckKeySetURL(l.address); err != nil {
		return err
	}
	now := s.now()
	event := wire.ObjectOf(wire.NewObject(wire.Member{Name: logoutEvent, Value: wire.ObjectOf(wire.NewObject())}))
	claims := wire.NewObject(
		wire.Member{Name: "iss", Value: wire.String(issuer)}, wire.Member{Name: "aud", Value: wire.String(l.client.ID)},
		wire.Member{Name: "sub", Value: wire.String(l.subject)}, wire.Member{Name: "sid", Value: wire.String(l.sid)},
		wire.Member{Name: "iat", Value: wire.Int(now.Unix())}, wire.Member{Name: "exp", Value: wire.Int(now.Add(logoutLife).Unix())},
		wire.Member{Name: "jti", Value: wire.String(jti)}, wire.Member{Name: "events", Value: event},
	)
	signed, err := s.Keys.SignToken(ctx, claims.AppendJSON(nil), typeLogout, s.algorithmOf(l.client))
	if err != nil {
		return err
	}
	res, err := outbound.Fetch(ctx, s.auth.GuardedHTTP().Client, outbound.Request{
		Method: http.MethodPost, URL: l.address, Form: url.Values{"logout_token": {signed}}, Timeout: logoutTime, MaxBody: 64 << 10,
	})
	if err == nil && res.Status != http.StatusOK && res.Status != http.StatusNoContent {
		err = fmt.Errorf("it answers %d", res.Status)
	}
	return err
}
