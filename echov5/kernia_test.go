package kernia_test

import (
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/suites/paritytest"
	kernia "github.com/advantch/kernia-go/echov5"
)

func TestParity(t *testing.T) {
	t.Parallel()
	paritytest.Run(t, start)
}

// start serves an application with Echo's own logger and recovery around Kernia.
func start(t *testing.T, a *core.Auth, app paritytest.App) string {
	e := echo.New()
	e.Logger = slog.New(slog.DiscardHandler)
	e.Use(
		func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c *echo.Context) error {
				answered := app.Outer(c.Request().Method, c.Request().URL.RequestURI())
				c.Response().Header().Set(paritytest.Mark, "yes")
				if err := next(c); err != nil {
					c.Echo().HTTPErrorHandler(c, err)
				}
				_, status := echo.ResolveResponseStatus(c.Response(), nil)
				answered(status)
				return nil
			}
		},
		middleware.RequestLogger(), middleware.Recover(),
		kernia.Echo(a),
		func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c *echo.Context) error {
				app.Inner(c.Request().Method, c.Request().URL.RequestURI())
				return next(c)
			}
		},
	)
	for _, r := range app.Routes {
		handler := func(c *echo.Context) error {
			body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, int64(app.MaxBody)))
			if err != nil {
				return echo.ErrBadRequest
			}
			status, text := r.Handle(paritytest.Call{
				Session: func() (*core.SessionData, bool) { return kernia.Session(c) },
				Body:    body,
			})
			return c.Blob(status, "text/plain; charset=utf-8", []byte(text))
		}
		var before []echo.MiddlewareFunc
		if r.RequireSession {
			before = append(before, kernia.RequireSession())
		}
		if len(r.Guards) > 0 {
			before = append(before, kernia.Require(r.Guards...))
		}
		e.Add(r.Method, r.Path, handler, before...)
	}
	return paritytest.Serve(t, app, e)
}
