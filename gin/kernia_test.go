package kernia_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/suites/paritytest"
	kernia "github.com/advantch/kernia-go/gin"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	m.Run()
}

func TestParity(t *testing.T) {
	t.Parallel()
	paritytest.Run(t, start)
}

// start serves an application with Gin's own logger and recovery around Kernia.
func start(t *testing.T, a *core.Auth, app paritytest.App) string {
	router := gin.New()
	router.Use(
		func(c *gin.Context) {
			answered := app.Outer(c.Request.Method, c.Request.URL.RequestURI())
			c.Header(paritytest.Mark, "yes")
			c.Next()
			answered(c.Writer.Status())
		},
		gin.LoggerWithWriter(io.Discard), gin.RecoveryWithWriter(io.Discard),
		kernia.Gin(a),
		func(c *gin.Context) { app.Inner(c.Request.Method, c.Request.URL.RequestURI()) },
	)
	for _, r := range app.Routes {
		handlers := []gin.HandlerFunc{func(c *gin.Context) {
			body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, int64(app.MaxBody)))
			if err != nil {
				c.AbortWithStatus(http.StatusBadRequest)
				return
			}
			status, text := r.Handle(paritytest.Call{
				Session: func() (*core.SessionData, bool) { return kernia.Session(c) },
				Body:    body,
			})
			c.Data(status, "text/plain; charset=utf-8", []byte(text))
		}}
		if r.RequireSession {
			handlers = append([]gin.HandlerFunc{kernia.RequireSession()}, handlers...)
		}
		if len(r.Guards) > 0 {
			handlers = append([]gin.HandlerFunc{kernia.Require(r.Guards...)}, handlers...)
		}
		router.Handle(r.Method, r.Path, handlers...)
	}
	return paritytest.Serve(t, app, router)
}
