package kernia_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core"
	kernia "github.com/advantch/kernia-go/gin"
	"github.com/advantch/kernia-go/internal/pairtest"
)

func pair() pairtest.Framework {
	body := []byte(strings.Repeat("x", pairtest.AnswerSize))
	answer := func(c *gin.Context) { c.Data(http.StatusOK, "application/json", body) }
	return pairtest.Framework{
		GetSession: 12, Attached: 8, Read: 70,
		Bare: func(path string) pairtest.Ask {
			router := gin.New()
			router.GET(path, answer)
			return pairtest.Handler(router)
		},
		Around: func(a *core.Auth, read bool) pairtest.Ask {
			router := gin.New()
			router.Use(kernia.Gin(a))
			router.GET("/app", func(c *gin.Context) {
				if read {
					if _, ok := kernia.Session(c); !ok {
						c.Status(http.StatusUnauthorized)
						return
					}
				}
				answer(c)
			})
			return pairtest.Handler(router)
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
