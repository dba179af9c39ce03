package verify

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core/verify"
)

// Gin is the same service with Gin.
func Gin(v *verify.Verifier) http.Handler {
	r := gin.New()
	r.GET("/orders", ginCaller(v), func(c *gin.Context) {
		caller, _ := verify.From(c.Request.Context())
		c.String(http.StatusOK, "orders of %s", caller.UserID)
	})
	return r
}

func ginCaller(v *verify.Verifier) gin.HandlerFunc {
	return func(c *gin.Context) {
		caller, err := v.Caller(c.Request.Context(), c.Request.Header)
		if err != nil {
			status, body := verify.Answer(err)
			c.Data(status, "application/json", body)
			c.Abort()
			return
		}
		c.Request = c.Request.WithContext(verify.WithCaller(c.Request.Context(), caller))
	}
}
