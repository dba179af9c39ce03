// Package kernia serves Kernia through Echo 5.
//
//	e := echo.New()
//	e.Use(kernia.Echo(auth))
//	e.GET("/me", func(c *echo.Context) error {
//		s, _ := kernia.Session(c)
//		return c.JSON(http.StatusOK, s.User)
//	}, kernia.RequireSession())
package kernia

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/nethttp"
)

// Echo serves the auth routes below the base path and attaches a lazy session to
// every other request. Use it on the Echo itself. On a group it serves only the
// routes below the group's prefix. A *core.Error that a handler returns, such as that of
// core.Check, has its status, code and message in Echo's HTTPErrorHandler.
func Echo(a *core.Auth) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			if nethttp.Serve(a, c.Response(), c.Request()) {
				return nil
			}
			c.SetRequest(nethttp.Attach(a, c.Response(), c.Request()))
			return withStatus(c, next(c))
		}
	}
}

// withStatus gives Echo's HTTPErrorHandler the status and the body of a *core.Error that a
// handler returns. The handler of the application finds the *core.Error with errors.As.
func withStatus(c *echo.Context, err error) error {
	if err == nil {
		return nil // before e has cost an allocation
	}
	var e *core.Error
	if !errors.As(err, &e) || e.Status < http.StatusBadRequest {
		return err
	}
	if echo.StatusCode(err) != 0 {
		return err // the application has made an error with a status of its own of it
	}
	if r, _ := echo.UnwrapResponse(c.Response()); r != nil && r.Committed {
		return err
	}
	for _, h := range e.Header {
		c.Response().Header().Add(h.Name, h.Value)
	}
	return &answer{error: err, of: e, known: echo.NewHTTPError(e.Status, e.Message)}
}

// answer is an error that knows its status and its body, for Echo's own error handler, and
// that error handlers which look for an *echo.HTTPError find as one.
type answer struct {
	error
	of    *core.Error
	known *echo.HTTPError
}

// StatusCode implements echo.HTTPStatusCoder.
func (a *answer) StatusCode() int { return a.of.Status }

// MarshalJSON is the body that an auth route sends.
func (a *answer) MarshalJSON() ([]byte, error) {
	if a.of.Body != nil {
		return a.of.Body.AppendJSON(nil), nil
	}
	return a.of.AppendJSON(nil), nil
}

func (a *answer) Unwrap() []error { return []error{a.error, a.known} }

// Session returns the session of a request that went through Echo. The first call
// reads the cookie cache or the store. A refreshed cookie is added to the answer,
// so call Session before you write the answer.
func Session(c *echo.Context) (*core.SessionData, bool) {
	return core.SessionFrom(c.Request().Context())
}

// RequireSession answers 401 {"message":"Unauthorized","code":"UNAUTHORIZED"} to
// requests without a session and does not call the next handler. To answer
// through your own HTTPErrorHandler, call Session in the handler and return an
// error instead.
func RequireSession() echo.MiddlewareFunc { return Require(core.SessionGuard) }

// Require lets a request through if all guards do, asked in order. Otherwise it
// sends the answer of the guard that refused and does not call the next
// handler. To answer through your own HTTPErrorHandler, call core.Check in the
// handler and return its error.
func Require(guards ...core.Guard) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			if !nethttp.Allow(c.Response(), c.Request(), guards...) {
				return nil
			}
			return next(c)
		}
	}
}
