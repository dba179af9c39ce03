package main

import (
	"errors"
	"log"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

var codeCompanyOnly = core.ErrorCode{Code: "COMPANY_ONLY", Message: "Sign up with your company address"}

func main() {
	auth, err := core.New(core.Options{
		BaseURL:  "http://localhost:3000",
		Secret:   "replace-me-with-32-random-characters-0123456789",
		Database: memory.New(),
		Plugins:  []core.Plugin{emailpassword.New(emailpassword.Options{})},
		Before: func(c *core.Ctx) error {
			if c.Path() != "/sign-up/email" {
				return nil
			}
			email, _ := c.Body().Get("email").Str()
			if !strings.HasSuffix(strings.ToLower(email), "@example.com") {
				return core.Fail(http.StatusForbidden, codeCompanyOnly)
			}
			return nil
		},
		After: func(c *core.Ctx) error {
			var failed *core.Error
			if _, err := c.Returned(); errors.As(err, &failed) {
				log.Printf("%s answered %d %s", c.OperationID(), failed.Status, failed.Code)
			}
			if c.Issued() != nil {
				c.SetHeader("X-Signed-In", "true")
			}
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	log.Println("serving below", auth.BasePath())
}
