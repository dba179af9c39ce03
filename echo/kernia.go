// Package kernia serves Kernia through Echo.
//
//	e := echo.New()
//	e.Use(kernia.Echo(auth))
//	e.GET("/me", func(c echo.Context) error {
//		s, _ := kernia.Session(c)
//		return c.JSON(http.StatusOK, s.User)
//	}, kernia.RequireSession())
package kernia

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/nethttp"
)

// Echo serves the auth routes below the base path and attaches a lazy session to
// every other request. Use it on the Echo itself. On a group it serves only the
// routes below the group's prefix. A *core.Error that a handler returns, such as that of
// core.Check, becomes an *echo.HTTPError with its status, code and message.
func Echo(a *core.Auth) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if nethttp.Serve(a, c.Response(), c.Request()) {
				return nil
			}
			c.SetRequest(nethttp.Attach(a, c.Response(), c.Request()))
			return httpError(c, next(c))
		}
	}
}

// httpError gives Echo's HTTPErrorHandler the status and the body of a *core.Error that a
// handler returns. The handler of the application finds the *core.Error with errors.As.
func httpError(c echo.Context, err error) error {
	var e *core.Error
	if !errors.As(err, &e) || e.Status < http.StatusBadRequest || c.Response().Committed {
		return err
	}
	var known *echo.HTTPError
	if errors.As(err, &known) {
		return err // the application has made its own of it
	}
	for _, h := range e.Header {
		c.Response().Header().Add(h.Name, h.Value)
	}
	return &echo.HTTPError{Code: e.Status, Message: body{e}, Internal: err}
}

// body is the JSON of an error, for Echo's own HTTPErrorHandler.
type body struct{ e *core.Error }

// MarshalJSON is the body that an auth route sends.
func (b body) MarshalJSON() ([]byte, error) {
	if b.e.Body != nil {
		return b.e.Body.AppendJSON(nil), nil
	}
	return b.e.AppendJSON(nil), nil
}

// String is the code with its message, for logs.
func (b body) String() string { return b.e.Error() }

// Session returns the session of a request that went through Echo. The first call
// reads the cookie cache or the store. A refreshed cookie is added to the answer,
// so call Session before you write the answer.
func Session(c echo.Context) (*core.SessionData, bool) {
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
		return func(c echo.Context) error {
			if !nethttp.Allow(c.Response(), c.Request(), guards...) {
				return nil
			}
			return next(c)
		}
	}
}
