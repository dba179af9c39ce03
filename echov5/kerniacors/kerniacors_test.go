package kerniacors_test

import (
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/suites/corstest"
	kernia "github.com/advantch/kernia-go/echov5"
	"github.com/advantch/kernia-go/echov5/kerniacors"
)

func TestCORS(t *testing.T) {
	t.Parallel()
	corstest.Run(t, func(_ *testing.T, a *core.Auth) corstest.Send {
		e := echo.New()
		e.Use(middleware.CORSWithConfig(kerniacors.Config(a)), kernia.Echo(a))
		return corstest.Handler(e)
	})
}
