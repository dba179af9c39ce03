package kernia_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v5"

	"github.com/advantch/kernia-go/core"
	kernia "github.com/advantch/kernia-go/echov5"
	"github.com/advantch/kernia-go/internal/pairtest"
)

func pair() pairtest.Framework {
	body := []byte(strings.Repeat("x", pairtest.AnswerSize))
	answer := func(c *echo.Context) error { return c.Blob(http.StatusOK, "application/json", body) }
	return pairtest.Framework{
		GetSession: 6, Attached: 6, Read: 20,
		Bare: func(path string) pairtest.Ask {
			e := echo.New()
			e.GET(path, answer)
			return pairtest.Handler(e)
		},
		Around: func(a *core.Auth, read bool) pairtest.Ask {
			e := echo.New()
			e.Use(kernia.Echo(a))
			e.GET("/app", func(c *echo.Context) error {
				if read {
					if _, ok := kernia.Session(c); !ok {
						return echo.ErrUnauthorized
					}
				}
				return answer(c)
			})
			return pairtest.Handler(e)
		},
	}
}

func BenchmarkGetSession(b *testing.B) { pair().BenchmarkGetSession(b) }
func BenchmarkAppRoute(b *testing.B)   { pair().BenchmarkAppRoute(b) }

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	pair().TestAllocations(t)
}
