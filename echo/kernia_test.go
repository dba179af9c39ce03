package kernia_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/suites/paritytest"
	kernia "github.com/advantch/kernia-go/echo"
)

func TestParity(t *testing.T) {
	t.Parallel()
	paritytest.Run(t, start)
}

// start serves an application with Echo's own logger and recovery around Kernia.
func start(t *testing.T, a *core.Auth, app paritytest.App) string {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Logger.SetOutput(io.Discard)
	e.Use(
		func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				answered := app.Outer(c.Request().Method, c.Request().URL.RequestURI())
				c.Response().Header().Set(paritytest.Mark, "yes")
				err := next(c)
				if err != nil {
					c.Error(err)
				}
				answered(c.Response().Status)
				return nil
			}
		},
		middleware.LoggerWithConfig(middleware.LoggerConfig{Output: io.Discard}), middleware.Recover(),
		kernia.Echo(a),
		func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				app.Inner(c.Request().Method, c.Request().URL.RequestURI())
				return next(c)
			}
		},
	)
	for _, r := range app.Routes {
		handler := func(c echo.Context) error {
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
