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
	logoutTime  = 5 * time.Second // for all clients of a session
	maxPlans    = 4096
	maxTold     = 32 // clients of a session
	maxTellers  = 2  // of the workers in the background, which also send mails
	maxWaiting  = 1024
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

// tellers send the messages of sessions that have ended. They are few, so that clients that
// answer slowly leave the other workers alone.
type tellers struct {
	mu      sync.Mutex
	waiting []func(ctx context.Context) error
	running int
}

// add lets a session wait for a teller. It reports whether there was room.
func (t *tellers) add(one func(ctx context.Context) error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) >= maxWaiting {
		return false
	}
	t.waiting = append(t.waiting, one)
	return true
}

// run tells what waits, unless enough others do.
func (t *tellers) run(ctx context.Context) error {
	t.mu.Lock()
	if t.running >= maxTellers {
		t.mu.Unlock()
		return nil
	}
	t.running++
	t.mu.Unlock()
	left := false
	defer func() {
		if !left { // by a panic
			t.mu.Lock()
			t.running--
			t.mu.Unlock()
		}
	}()
	var failed []error
	for {
		t.mu.Lock()
		if len(t.waiting) == 0 {
			t.running--
			left = true
			t.mu.Unlock()
			return errors.Join(failed...)
		}
		one := t.waiting[0]
		t.waiting = t.waiting[1:]
		t.mu.Unlock()
		if err := one(context.WithoutCancel(ctx)); err != nil { // each has a deadline of its own
			failed = append(failed, err)
		}
	}
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
			all = append(all, logout{client, s.subject(session.UserID, client), s.sid(session.ID, client), client.LogoutURI})
		}
	}
	if len(all) > maxTold {
		s.auth.Logger().WarnContext(ctx, "a session has more clients than are told of its end", "clients", len(all), "told", maxTold)
		all = all[:maxTold]
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
		return core.AfterCommit(ctx, func(ctx context.Context) error {
			if !s.tellers.add(tell) {
				s.auth.Logger().WarnContext(ctx, "too many sessions have ended at once: the clients of one are not told")
				return nil
			}
			c.Go("back-channel logout", s.tellers.run)
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

// tell sends the messages at once, and waits for them.
func (s *Server) tell(ctx context.Context, issuer string, all []logout) error {
	ctx, cancel := context.WithTimeout(ctx, logoutTime)
	defer cancel()
	failed := make([]error, len(all))
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
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
