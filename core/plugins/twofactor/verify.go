package twofactor

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
)

// VerifyInput is the body of verify-totp and verify-otp.
type VerifyInput struct {
	Code        string `json:"code" doc:"The code"`
	TrustDevice *bool  `json:"trustDevice" doc:"Ask for no second factor on this device for a while"`
}

// VerifyReply is {"token":…,"user":…}. The token is the session's. When the code has
// switched an authenticator app on, a new session replaces the caller's in the cookie,
// but the token here is that of the old session, as in Better Auth 1.6.
type VerifyReply struct {
	Token *string    `json:"token,omitempty"`
	User  *core.User `json:"user"`
}

const (
	attemptsPrefix = "2fa-attempts-"
	maxAttempts    = 5 // wrong codes per challenge, or per session in ten minutes
	attemptsTTL    = 10 * time.Minute
)

// second is one try to prove a second factor: the second step of a sign-in, or by a
// user who is signed in.
type second struct {
	p       *Plugin
	c       *core.Ctx
	user    *core.User
	session *core.SessionData // nil in a sign-in
	key     string            // names what belongs to this challenge, or to this session
	until   time.Time         // the challenge's end
	row     *factor           // nil without one

	failures int // of the account, this one included
	tried    int // of the challenge, this one excluded
	attempts *core.Verification
	reply    VerifyReply
}

// kept is an error answer that does not roll back the writes.
type kept struct{ error }

func keep(err error) error {
	var answer *core.Error
	if errors.As(err, &answer) {
		return kept{err}
	}
	return err
}

func (k kept) Unwrap() error { return k.error }

var (
	errInvalidCookie = core.Fail(http.StatusUnauthorized, CodeInvalidCookie)
	errTooMany       = core.Fail(http.StatusBadRequest, CodeTooManyAttempts)
)

// identify finds the user whose factor is to be proven: the session's or, without a
// session, the challenge's.
func (p *Plugin) identify(c *core.Ctx) (*second, error) {
	data, err := c.StoredSession()
	if err != nil {
		return nil, err
	}
	if data != nil {
		if err := core.InPerson(c); err != nil {
			return nil, err
		}
		return &second{p: p, c: c, user: &data.User, session: data, key: data.User.ID + "!" + data.Session.ID, until: c.Now().Add(attemptsTTL)}, nil
	}
	id, ok := c.SignedCookie(c.NewCookie(challengeCookie, 0).Name)
	if !ok || !strings.HasPrefix(id, challengePrefix) {
		return nil, errInvalidCookie
	}
	s := &second{p: p, c: c, key: id}
	if err := c.BeginSignIn(cmp.Or(s.first(), ID)); err != nil {
		return nil, err
	}
	return s, s.challenge(c)
}

// first is the method of the first step, or "" where nobody asks for it, or Better Auth has
// held the sign-in.
func (s *second) first() string {
	_, method, _ := strings.Cut(s.key, methodSeparator)
	return method
}

// challenge reads the challenge of a sign-in and its user.
func (s *second) challenge(ctx context.Context) error {
	store := s.c.Auth().Store()
	v, err := store.FindVerification(ctx, s.key)
	if core.IsNotFound(err) || err == nil && !v.ExpiresAt.After(s.c.Now()) {
		return errInvalidCookie
	}
	if err != nil {
		return err
	}
	u, err := store.FindUser(ctx, v.Value)
	if core.IsNotFound(err) {
		return errInvalidCookie
	}
	if err != nil {
		return err
	}
	outdated, err := passwordIsNewer(ctx, s.c.Auth(), u.ID, v)
	if err == nil && outdated {
		err = errInvalidCookie // the first factor was the former password
	}
	s.user, s.until = u, v.ExpiresAt
	return err
}

// prove runs check and completes the sign-in when it accepts the code. All tries of one
// user take turns. One transaction counts the try, uses up the code and makes the
// session.
func (p *Plugin) prove(c *core.Ctx, trust *bool, check func(ctx context.Context, s *second) error) (VerifyReply, error) {
	s, err := p.identify(c)
	if err != nil {
		return VerifyReply{}, err
	}
	userID := s.user.ID
	var answer error
	err = c.Auth().Store().Tx(c, func(ctx context.Context) error {
		answer, s.failures, s.tried, s.attempts, s.reply = nil, 0, 0, nil, VerifyReply{} // a database may run this again
		err := c.Auth().Store().LockUser(ctx, userID)
		if core.IsNotFound(err) {
			return errInvalidCookie
		}
		if err != nil {
			return err
		}
		if s.session == nil {
			if err := s.challenge(ctx); err != nil {
				return err
			}
		}
		if s.row, err = p.findFactor(ctx, userID); err != nil {
			return err
		}
		if err = check(ctx, s); err == nil {
			err = s.complete(ctx, trust != nil && *trust)
		}
		var k kept
		if errors.As(err, &k) {
			answer = k.error
			return nil
		}
		return err
	})
	if err == nil {
		err = answer
	}
	if errors.Is(err, core.ErrAbort) {
		err = core.Fail(http.StatusInternalServerError, codeNoSession)
	}
	if err != nil {
		return VerifyReply{}, err
	}
	return s.reply, nil
}

// begin counts a try before its code is compared. A challenge that has been tried too
// often is removed.
func (s *second) begin(ctx context.Context) error {
	if err := s.unlocked(ctx); err != nil {
		return err
	}
	store := s.c.Auth().Store()
	v, err := store.FindVerification(ctx, attemptsPrefix+s.key)
	if err != nil && !core.IsNotFound(err) {
		return err
	}
	if err == nil && v.ExpiresAt.After(s.c.Now()) {
		s.attempts, s.tried, s.until = v, count(v.Value, maxAttempts), v.ExpiresAt
	}
	if s.tried >= maxAttempts {
		return keep(s.spent(ctx))
	}
	return s.reserve(ctx)
}

// spent ends a challenge. A session stays; its tries come back when their count expires.
func (s *second) spent(ctx context.Context) error {
	if s.session != nil {
		return errTooMany
	}
	store := s.c.Auth().Store()
	for _, id := range []string{s.key, attemptsPrefix + s.key} {
		if err := store.DeleteVerification(ctx, id); err != nil {
			return err
		}
	}
	err := core.AfterCommit(ctx, func(context.Context) error {
		s.c.ExpireCookie(s.c.NewCookie(challengeCookie, 0))
		return nil
	})
	if err != nil {
		return err
	}
	return errTooMany
}

// wrong answers a wrong code that begin has counted.
func (s *second) wrong(ctx context.Context, code core.ErrorCode) error {
	store, id := s.c.Auth().Store(), attemptsPrefix+s.key
	if s.attempts != nil {
		if err := store.DeleteVerification(ctx, id); err != nil {
			return err
		}
	}
	if _, err := store.CreateVerification(ctx, id, strconv.Itoa(s.tried+1), s.until); err != nil {
		return err
	}
	return s.refuse(ctx, code)
}

// refuse answers a wrong code.
func (s *second) refuse(ctx context.Context, code core.ErrorCode) error {
	if err := s.failed(ctx); err != nil {
		return err
	}
	s.report(ctx, EventFailed, code)
	return kept{core.Fail(http.StatusUnauthorized, code)}
}

func (s *second) report(ctx context.Context, t core.EventType, code core.ErrorCode) {
	_ = s.c.EmitIn(ctx, core.Event{Type: t, UserID: s.user.ID, Code: code.Code}) // at the end of the transaction: it does not fail here
}

// complete finishes after a right code.
func (s *second) complete(ctx context.Context, trust bool) error {
	store := s.c.Auth().Store()
	if err := s.passed(ctx); err != nil {
		return err
	}
	if s.attempts != nil {
		if err := store.DeleteVerification(ctx, attemptsPrefix+s.key); err != nil {
			return err
		}
	}
	if s.reply.User != nil {
		return nil // check has answered
	}
	if s.session != nil {
		s.reply = VerifyReply{&s.session.Session.Token, &s.session.User}
		return nil
	}
	// Only one of parallel tries signs in.
	won, err := store.ConsumeVerification(ctx, s.key)
	if core.IsNotFound(err) || err == nil && won.Value != s.user.ID {
		return errInvalidCookie
	}
	if err != nil {
		return err
	}
	data, err := s.c.SignIn(ctx, s.user, core.SignIn{Method: ID, First: s.first(), MultiFactor: true, Completes: true, Forget: s.c.Forgets()})
	if errors.Is(err, core.ErrHeld) {
		return kept{err} // another gate holds the sign-in up
	}
	if err != nil {
		return err
	}
	device := ""
	if trust {
		if device, err = s.p.trustDevice(ctx, s.c.Auth(), s.user.ID); err != nil {
			return err
		}
	}
	s.reply = VerifyReply{&data.Session.Token, &data.User}
	if device != "" {
		if err := s.c.EmitIn(ctx, core.Event{Type: EventTrusted, UserID: s.user.ID}); err != nil {
			return err
		}
	}
	return core.AfterCommit(ctx, func(context.Context) error {
		c := s.c
		c.ExpireCookie(c.NewCookie(challengeCookie, 0))
		if device != "" {
			c.SetSignedCookie(c.NewCookie(deviceCookie, s.p.opts.TrustDeviceTTL), device)
			c.ExpireCookie(c.NewCookie("dont_remember", 0))
		}
		return nil
	})
}

// renew replaces the caller's session by a new one, with the same added fields, for
// a user whose second factor was switched on or off. One that was revoked meanwhile
// is not replaced.
func renew(ctx context.Context, c *core.Ctx, current *core.SessionData, u *core.User) (*core.Session, error) {
	store := c.Auth().Store()
	if _, err := store.FindSession(ctx, current.Session.Token); core.IsNotFound(err) {
		return nil, core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
	} else if err != nil {
		return nil, err
	}
	row, err := store.CreateSession(ctx, core.NewSession{UserID: u.ID, Forget: c.Forgets(), Extra: current.Session.Extra})
	if err != nil {
		return nil, err
	}
	if err := store.MarkReplaced(ctx, current.Session.Token); err != nil {
		return nil, err
	}
	if err := store.DeleteSession(ctx, current.Session.Token); err != nil {
		return nil, err
	}
	return row, core.AfterCommit(ctx, func(context.Context) error {
		return c.Issue(&core.SessionData{Session: *row, User: *u}, core.IssueOptions{})
	})
}
