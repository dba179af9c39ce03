package core

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
)

// Guard decides whether a request to one of the application's own routes may
// continue. ctx is the request's context as Attach made it, so SessionFrom
// works. A nil error lets the request through. An *Error is sent instead of the
// handler's answer. Any other error is logged and answered with the generic
// 500. Guards do not depend on a framework: plugins make them, and the Require
// function of each framework's module applies them.
type Guard func(ctx context.Context) error

// SessionGuard answers 401 {"message":"Unauthorized","code":"UNAUTHORIZED"} to
// requests without a session, 401 CREDENTIALS_DISAGREE to those with credentials of
// different users, and 503 when the session could not be read. A session from the cookie
// cache is accepted.
func SessionGuard(ctx context.Context) error {
	data, err := ReadSession(ctx)
	if err == nil && data == nil {
		return ctx.Value(attachedKey{}).(*attached).c.unauthorized()
	}
	return err
}

// ReadSession is SessionFrom with an error that tells an outage from a sign-out: nil
// and no error mean that the request has no session. When the session could not be
// read, the failure is logged and the error is an *Error with status 503, code
// SESSION_UNAVAILABLE and a Retry-After in seconds. The error is a plain one when
// the request did not pass through Attach, which the middleware of each framework
// calls.
func ReadSession(ctx context.Context) (*SessionData, error) {
	at, ok := ctx.Value(attachedKey{}).(*attached)
	if !ok {
		return nil, errNotAttached
	}
	at.once.Do(at.load)
	if at.err != nil && asError(at.err).Status >= http.StatusInternalServerError {
		e := Fail(http.StatusServiceUnavailable, CodeSessionUnavailable)
		e.Header = []HeaderField{{"Retry-After", "5"}}
		return nil, e
	}
	return at.data, nil
}

// errNotAttached names the missing middleware.
var errNotAttached = errors.New("core: Kernia's middleware has not seen this request: put router.Use(kernia.Gin(auth)), " +
	"e.Use(kernia.Echo(auth)), app.Use(kernia.Fiber(auth)) or nethttp.Middleware(auth) before RequireSession and Require. " +
	"In Fiber 3, the context of a request is c.Context() and not c")

// Check asks the guards in order and returns the answer of the first that refuses,
// or nil. A nil guard, or one that panics, refuses with the generic 500. A request
// that did not pass through Attach is also refused with 500, before any guard is
// asked, and this mistake in the program is logged. A 401 becomes 503 when the
// session could not be read, because an outage is not a sign-out. Framework modules
// call Check.
func Check(ctx context.Context, guards ...Guard) (refusal *Error) {
	at, attached := ctx.Value(attachedKey{}).(*attached)
	if !attached && len(guards) > 0 {
		// Without Attach there is no Auth and so no logger of its own.
		slog.Default().ErrorContext(ctx, "a guard cannot be asked", "error", errNotAttached.Error())
		return Fail(http.StatusInternalServerError, CodeInternal)
	}
	defer func() {
		if r := recover(); r != nil {
			at.c.auth.logPanic(ctx, "guard", r)
			refusal = Fail(http.StatusInternalServerError, CodeInternal)
		}
	}()
	for _, g := range guards {
		err := g(ctx)
		if err == nil {
			continue
		}
		e := asError(err)
		if e.Status == http.StatusUnauthorized {
			if _, outage := ReadSession(ctx); outage != nil {
				return asError(outage)
			}
		}
		if e.Status >= 500 && e.Code != CodeSessionUnavailable.Code && e.Code != CodeNotReady.Code { // which have been logged
			at.c.auth.logError(ctx, "a guard failed", err)
		}
		return e
	}
	return nil
}
