package kernia_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	kernia "github.com/advantch/kernia-go/gin"
)

func Example() {
	auth, err := core.New(core.Options{
		BaseURL:  "http://localhost:3000",
		Secret:   "an example's secret, at least 32 characters: 8f3b1c",
		Database: memory.New(),
		Plugins:  []core.Plugin{emailpassword.New(emailpassword.Options{})},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := auth.Migrate(context.Background()); err != nil {
		log.Fatal(err)
	}

	router := gin.New()
	router.Use(gin.Recovery(), kernia.Gin(auth))
	router.GET("/hello", func(c *gin.Context) {
		if s, ok := kernia.Session(c); ok {
			c.String(http.StatusOK, "Hello %s.", s.User.Name)
			return
		}
		c.String(http.StatusOK, "Who are you?")
	})
	router.GET("/me", kernia.RequireSession(), func(c *gin.Context) {
		s, _ := kernia.Session(c)
		c.JSON(http.StatusOK, gin.H{"email": s.User.Email})
	})

	cookie := ""
	call := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", "http://localhost:3000")
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		router.ServeHTTP(w, r)
		return w
	}
	show := func(w *httptest.ResponseRecorder) { fmt.Println(w.Code, w.Body) }

	show(call("GET", "/hello", ""))
	show(call("GET", "/me", ""))
	w := call("POST", "/api/auth/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`)
	cookie, _, _ = strings.Cut(w.Header().Get("Set-Cookie"), ";")
	show(call("GET", "/hello", ""))
	show(call("GET", "/me", ""))
	// Output:
	// 200 Who are you?
	// 401 {"message":"Unauthorized","code":"UNAUTHORIZED"}
	// 200 Hello Ada.
	// 200 {"email":"ada@example.com"}
}
