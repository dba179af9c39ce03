// Package kernia serves Kernia through Fiber 3, directly on fasthttp and without
// net/http.
//
//	app := fiber.New()
//	app.Use(kernia.Fiber(auth))
//	app.Get("/me", kernia.RequireSession(), func(c fiber.Ctx) error {
//		s, _ := kernia.Session(c)
//		return c.JSON(s.User)
//	})
package kernia

import (
	"errors"
	"net/http"

	"github.com/gofiber/fiber/v3"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/internal/onfasthttp"
)

// Fiber serves the auth routes below the base path and attaches a lazy session to
// every other request. Use it on the app itself. A *core.Error that a handler returns has
// its status in Fiber's ErrorHandler too; see ErrorHandler for its body.
func Fiber(a *core.Auth) fiber.Handler {
	marks := newMarks()
	return func(c fiber.Ctx) error {
		if marks.unread(c) {
			return c.Next() // to middleware that marks every answer; no session is attached
		}
		served, err := serve(a, c)
		if served {
			return err
		}
		req := onfasthttp.Request(c.RequestCtx())
		head := onfasthttp.NewHeader(c.RequestCtx())
		req.Header = head
		c.SetContext(a.Attach(c.Context(), req, head.Send))
		failed := true // until Next returns without an error
		defer func() { head.End(failed) }()
		err = c.Next()
		failed = err != nil
		return fiberError(c, err)
	}
}

// App returns a sub-app with only the auth routes. Use it at the base path:
// app.Use("/api/auth", kernia.App(auth)). It attaches no sessions.
func App(a *core.Auth) *fiber.App {
	app, marks := fiber.New(), newMarks()
	app.Use(func(c fiber.Ctx) error {
		if !marks.unread(c) {
			if served, err := serve(a, c); served {
				return err
			}
		}
		return c.Next()
	})
	return app
}

// serve answers requests below the base path, and those that nobody may answer.
func serve(a *core.Auth, c fiber.Ctx) (served bool, err error) {
	if onfasthttp.Ambiguous(&c.Request().Header) {
		c.Response().SetConnectionClose()
		return true, c.SendStatus(http.StatusBadRequest)
	}
	req := onfasthttp.Request(c.RequestCtx())
	if !a.Handles(req.Path) {
		return false, nil
	}
	onfasthttp.Serve(c.Context(), a, c.RequestCtx(), req)
	return true, nil
}

// Session returns the session of a request that went through Fiber. The first
// call reads the cookie cache or the store. A refreshed cookie is added to the
// answer, unless the first call comes from the application's ErrorHandler. In
// services, core.SessionFrom(c.Context()) does the same; c itself has no session, although
// Fiber's Ctx is a context.Context. A first call after the handlers have returned finds no
// session.
func Session(c fiber.Ctx) (*core.SessionData, bool) { return core.SessionFrom(c.Context()) }

// RequireSession answers 401 {"message":"Unauthorized","code":"UNAUTHORIZED"} to
// requests without a session and stops the chain.
func RequireSession() fiber.Handler { return Require(core.SessionGuard) }

// Require lets a request through if all guards do, asked in order. Otherwise it
// sends the answer of the guard that refused and stops the chain.
func Require(guards ...core.Guard) fiber.Handler {
	marks := newMarks()
	return func(c fiber.Ctx) error {
		if marks.unread(c) {
			return nil // Fiber answers it; handlers behind the guard do not see it
		}
		if refusal := core.Check(c.Context(), guards...); refusal != nil {
			return fail(c, refusal)
		}
		return c.Next()
	}
}

// ErrorHandler answers a *core.Error that a handler returns, such as that of core.Check,
// with its status, code and message, as the auth routes do. It answers every other error
// as Fiber does:
//
//	app := fiber.New(fiber.Config{ErrorHandler: kernia.ErrorHandler})
func ErrorHandler(c fiber.Ctx, err error) error {
	var e *core.Error
	if errors.As(err, &e) {
		return fail(c, e)
	}
	return fiber.DefaultErrorHandler(c, err)
}

// fiberError gives an error handler that does not know a *core.Error its status. The text
// stays, and errors.As finds both.
func fiberError(c fiber.Ctx, err error) error {
	if err == nil {
		return nil // before e has cost an allocation
	}
	var e *core.Error
	if !errors.As(err, &e) || e.Status < http.StatusBadRequest {
		return err
	}
	var known *fiber.Error
	if errors.As(err, &known) {
		return err // the application has made its own of it
	}
	for _, h := range e.Header {
		c.Response().Header.Add(h.Name, h.Value)
	}
	return &answer{err, fiber.NewError(e.Status, e.Message)}
}

type answer struct {
	error
	status *fiber.Error
}

func (a *answer) Unwrap() []error { return []error{a.error, a.status} }

func fail(c fiber.Ctx, e *core.Error) error {
	onfasthttp.Write(c.RequestCtx(), e.Response())
	return nil
}
