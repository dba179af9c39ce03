package verify

import (
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/advantch/kernia-go/core/verify"
)

// Echo5 is the same service with Echo 5.
func Echo5(v *verify.Verifier) http.Handler {
	e := echo.New()
	e.GET("/orders", func(c *echo.Context) error {
		caller, _ := verify.From(c.Request().Context())
		return c.String(http.StatusOK, "orders of "+caller.UserID)
	}, echo5Caller(v))
	return e
}

func echo5Caller(v *verify.Verifier) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			r := c.Request()
			caller, err := v.Caller(r.Context(), r.Header)
			if err != nil {
				status, body := verify.Answer(err)
				return c.Blob(status, "application/json", body)
			}
			c.SetRequest(r.WithContext(verify.WithCaller(r.Context(), caller)))
			return next(c)
		}
	}
}
