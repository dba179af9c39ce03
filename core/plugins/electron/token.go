package electron

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// TokenInput is the body of /electron/token.
type TokenInput struct {
	Token        string `json:"token" zod:"nonempty" doc:"The code"`
	State        string `json:"state" zod:"nonempty" doc:"State of the application"`
	CodeVerifier string `json:"code_verifier" zod:"nonempty" doc:"What the challenge was made from"`
}

// TokenReply is {"token":…,"user":…}. Under core.CompatKernia the session follows.
type TokenReply struct {
	Token   string        `json:"token"`
	User    *core.User    `json:"user"`
	Session *core.Session `json:"session,omitempty"`
}

// handedOver is what a code stands for.
type handedOver struct {
	user, challenge, method, state, client, session string
}

// token exchanges a code for a session of the application. A code works once: also a
// request that does not fit uses it up.
func (p *Plugin) token(c *core.Ctx, in *TokenInput) (TokenReply, error) {
	store := c.Auth().Store()
	v, err := store.FindVerification(c, codePrefix+in.Token)
	if core.IsNotFound(err) || err == nil && !v.ExpiresAt.After(c.Now()) {
		return TokenReply{}, errInvalidToken
	}
	if err != nil {
		return TokenReply{}, err
	}
	of, err := p.check(v.Value, in)
	if err != nil {
		return TokenReply{}, p.spend(c, in.Token, err)
	}
	data, _, err := c.SignInOrUp(core.Arrival{
		// The session that hands over has passed the gates, a second factor included.
		SignIn: core.SignIn{Method: ID, MultiFactor: true, KeepForget: true},
		Made:   v.CreatedAt,
		Use: func(ctx context.Context) error {
			_, err := store.ConsumeVerification(ctx, codePrefix+in.Token)
			if core.IsNotFound(err) {
				return errInvalidToken
			}
			return err
		},
		Find:  func(ctx context.Context) (*core.User, error) { return store.FindUser(ctx, of.user) },
		Known: func(ctx context.Context, u *core.User) (*core.User, error) { return u, of.alive(ctx, c) },
	})
	switch {
	case errors.Is(err, core.ErrEnded), core.IsNotFound(err):
		return TokenReply{}, p.spend(c, in.Token, errInvalidToken)
	case errors.Is(err, core.ErrSessionNotMade):
		return TokenReply{}, p.spend(c, in.Token, core.Fail(http.StatusUnauthorized, core.CodeFailedToCreateSession))
	case err != nil:
		return TokenReply{}, p.spend(c, in.Token, err)
	}
	reply := TokenReply{Token: data.Session.Token, User: &data.User}
	if c.Auth().Compat() == core.CompatKernia {
		reply.Session = &data.Session
	}
	return reply, nil
}

var errInvalidToken = core.Fail(http.StatusNotFound, CodeInvalidToken)

// check compares a request with the code's state, client and challenge.
func (p *Plugin) check(value string, in *TokenInput) (handedOver, error) {
	v, err := wire.Parse([]byte(value), wire.Limits{})
	if err != nil {
		return handedOver{}, errInvalidToken
	}
	text := func(name string) string { s, _ := v.Get(name).Str(); return s }
	of := handedOver{text(memberUser), text(memberChallenge), text(memberMethod), text(memberState), text(memberClient), text(memberSession)}
	switch {
	case of.user == "" || of.client != "" && of.client != p.opts.ClientID: // Better Auth names no client
		return of, errInvalidToken
	case subtle.ConstantTimeCompare([]byte(of.state), []byte(in.State)) != 1:
		return of, core.Fail(http.StatusBadRequest, CodeStateMismatch)
	case of.challenge == "":
		return of, core.Fail(http.StatusBadRequest, CodeChallengeMissing)
	case !isS256(of.method):
		return of, core.Fail(http.StatusBadRequest, CodePKCEMethod)
	case !verifies(of.challenge, in.CodeVerifier):
		return of, core.Fail(http.StatusBadRequest, CodeVerifier)
	}
	return of, nil
}

// verifies compares a challenge, with the padding of the client of 1.6 or without it as in
// 1.7, with the SHA-256 of a verifier.
func verifies(challenge, verifier string) bool {
	want, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(challenge, "="))
	got := sha256.Sum256([]byte(verifier))
	return err == nil && subtle.ConstantTimeCompare(want, got[:]) == 1
}

// alive reports with errInvalidToken that the session which has handed the user over has
// ended. A code of Better Auth names none.
func (of handedOver) alive(ctx context.Context, c *core.Ctx) error {
	if of.session == "" {
		return nil
	}
	data, err := c.Auth().Store().FindSession(ctx, of.session)
	if core.IsNotFound(err) || err == nil && (data.Session.UserID != of.user || !data.Session.ExpiresAt.After(c.Now())) {
		return errInvalidToken
	}
	return err
}

// spend uses a code up that has led to a refusal for good, and returns that refusal. After
// an outage the code is still there.
func (p *Plugin) spend(c *core.Ctx, code string, refusal error) error {
	e, ok := errors.AsType[*core.Error](refusal)
	if !ok || e.Status >= 500 || e.Status == http.StatusTooManyRequests {
		return refusal
	}
	if err := c.Auth().Store().DeleteVerification(c, codePrefix+code); err != nil {
		return err
	}
	return refusal
}
