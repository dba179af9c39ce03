package core

import "context"

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
// reads the session cookie.
func (c *Ctx) whoCalls() (Credential, error) {
	if c.callerKnown {
		return c.caller, c.callerErr
	}
	c.callerKnown = true // a plugin that asks for the session here finds none
	for _, ask := range c.auth.authenticate {
		who, err := ask(c)
		if err != nil || who != (Credential{}) {
			c.caller, c.callerErr = who, err
			return who, err
		}
	}
	var room [maxSessionTokens]string
	if tokens := c.sessionTokens(room[:0]); len(tokens) > 0 {
		c.caller.Token = tokens[0]
		c.otherTokens = append(c.otherTokens, tokens[1:]...)
	}
	return c.caller, nil
}

// callerToken is the token of the session that the request came with, "" without one.
func (c *Ctx) callerToken() (string, error) {
	who, err := c.whoCalls()
	if who.Session != nil || err != nil && asError(err).Status < 500 {
		return "", nil
	}
	return who.Token, err
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
