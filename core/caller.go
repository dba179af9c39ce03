package core

import (
	"context"
	"errors"
	"slices"
)

// Credential is a plugin's answer to the question of who is calling
// (Manifest.Authenticate).
type Credential struct {
	// Token is the token of a session. The session is read, refreshed and ended as if
	// the session cookie had named it.
	Token string
	// Session is a session that the plugin itself vouches for, for example that of an
	// API key. It is not looked up in the store, sets no cookie, and cannot be ended by
	// sign-out or revocation. Token is ignored when Session is set.
	Session *SessionData
}

// whoCalls identifies the caller, once per call: it asks the plugins in order, then
// reads the session cookie. The first credential counts, and the others must agree.
func (c *Ctx) whoCalls() (Credential, error) {
	if c.callerKnown {
		return c.caller, c.callerErr
	}
	c.callerKnown = true // a plugin that asks for the session here finds none
	var who Credential
	var beside []Credential
	for _, ask := range c.auth.authenticate {
		got, err := ask(c)
		switch {
		case err != nil:
			c.callerErr = err
			return Credential{}, err
		case got == Credential{} || got == who:
		case who == Credential{}:
			who = got
		default:
			beside = append(beside, got)
		}
	}
	var room [maxSessionTokens]string
	tokens := c.sessionTokens(room[:0])
	switch {
	case who != Credential{}:
		c.cookieBeside = len(tokens) > 0 && !slices.Contains(tokens, who.Token)
		if c.callerErr = c.agree(who, beside, tokens); c.callerErr != nil {
			return Credential{}, c.callerErr
		}
		c.caller = who
	case len(tokens) > 0:
		c.caller.Token = tokens[0]
		c.otherTokens = append(c.otherTokens, tokens[1:]...)
	}
	return c.caller, nil
}

// agree fails when a further credential of the request is of another user: a session
// cookie that the browser adds to a header that its page has set, or a second header.
// Whoever has set the one need not know of the other, so neither can say for whom the
// request acts. The first of several session cookies with a live session counts. What
// names no live session names nobody, and disagrees with nobody.
func (c *Ctx) agree(who Credential, beside []Credential, cookies []string) error {
	if len(beside) == 0 && !c.cookieBeside {
		return nil // one credential, or one session twice
	}
	user, err := c.userOf(who)
	if err != nil || user == "" {
		return err
	}
	for _, other := range beside {
		switch named, err := c.userOf(other); {
		case err != nil:
			return err
		case named != "" && named != user:
			return errCredentialsDisagree
		}
	}
	for _, token := range cookies {
		named, err := c.userOf(Credential{Token: token})
		switch {
		case err != nil:
			return err
		case named != "" && named != user:
			return errCredentialsDisagree
		case named != "":
			return nil
		}
	}
	return nil
}

// userOf is the id of the user for whom a credential stands, "" when its session does not
// live.
func (c *Ctx) userOf(k Credential) (string, error) {
	if k.Session != nil {
		return k.Session.User.ID, nil
	}
	data, err := c.auth.store.FindSession(c, k.Token)
	switch {
	case isNotFound(err):
		return "", nil
	case err != nil:
		return "", err
	case !data.Session.ExpiresAt.After(c.auth.Now()):
		return "", nil
	}
	return data.User.ID, nil
}

// disagreement is the error of a call whose credentials are of different users, nil for
// others, once it is known who calls.
func (c *Ctx) disagreement() error {
	if errors.Is(c.callerErr, errCredentialsDisagree) {
		return c.callerErr
	}
	return nil
}

// unauthorized is the answer to a caller for whom no session was found.
func (c *Ctx) unauthorized() error {
	if err := c.disagreement(); err != nil {
		return err
	}
	return errUnauthorized
}

// callerToken is the token of the session that the request came with, "" without one.
func (c *Ctx) callerToken() (string, error) {
	who, err := c.whoCalls()
	if who.Session != nil || err != nil && asError(err).Status < 500 {
		return "", nil
	}
	return who.Token, err
}

// Vouched reports whether the caller's session is one that a plugin vouches for, such as
// that of an API key (Credential.Session). What lives on after such a credential, or may do
// more than it, must not be given to it in passing.
func (c *Ctx) Vouched() bool {
	who, err := c.whoCalls()
	return err == nil && who.Session != nil
}

// Attached returns the call that stands for a request to the application's own routes,
// for a Guard: its Req has the headers, and a Local of a plugin keeps what the guard has
// found for the handler. It has no route, and nothing that it does to Res is sent. It
// reports false when the request did not pass through Attach. Use the call before the
// handler runs, as guards do: it is not safe for concurrent use.
func Attached(ctx context.Context) (*Ctx, bool) {
	at, ok := ctx.Value(attachedKey{}).(*attached)
	if !ok {
		return nil, false
	}
	if at.c.base == nil {
		b, err := at.c.auth.dynamicBase(at.c.Req)
		if err != nil {
			return nil, false
		}
		at.c.base = b
	}
	return &at.c, true
}
