package core

import (
	"context"
	"net/http"
)

// Guard decides whether a request to one of the application's own routes may go
// on. ctx is the request's, as Attach made it, so that SessionFrom works. nil
// lets the request through; an *Error is the answer in the handler's place; any
// other error is logged and answered with the generic 500. Guards know no
// framework: plugins make them, and the Require of each framework's module
// applies them.
type Guard func(ctx context.Context) error

// SessionGuard answers 401 {"message":"Unauthorized","code":"UNAUTHORIZED"} to
// requests without a session. The cookie cache counts.
func SessionGuard(ctx context.Context) error {
	if _, ok := SessionFrom(ctx); !ok {
		return errUnauthorized
	}
	return nil
}

// Check asks guards in order and returns the answer of the first that refuses, or
// nil. A guard that panics refuses with the generic 500, and so does a nil one.
// Framework modules call it.
func Check(ctx context.Context, guards ...Guard) (refusal *Error) {
	at, attached := ctx.Value(attachedKey{}).(*attached)
	defer func() {
		if r := recover(); r != nil {
			if attached {
				at.c.Auth.logPanic(ctx, "guard", r)
			}
			refusal = Fail(http.StatusInternalServerError, CodeInternal)
		}
	}()
	for _, g := range guards {
		err := g(ctx)
		if err == nil {
			continue
		}
		e := asError(err)
		if e.Status >= 500 && attached {
			at.c.Auth.logError(ctx, "a guard failed", err)
		}
		return e
	}
	return nil
}
