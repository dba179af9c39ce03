package kernia_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	kernia "github.com/advantch/kernia-go/echov5"
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

	e := echo.New()
	e.Use(middleware.Recover(), kernia.Echo(auth))
	e.GET("/hello", func(c *echo.Context) error {
		if s, ok := kernia.Session(c); ok {
			return c.String(http.StatusOK, "Hello "+s.User.Name+".")
		}
		return c.String(http.StatusOK, "Who are you?")
	})
	e.GET("/me", func(c *echo.Context) error {
		s, _ := kernia.Session(c)
		return c.JSON(http.StatusOK, map[string]string{"email": s.User.Email})
	}, kernia.RequireSession())

	cookie := ""
	call := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", "http://localhost:3000")
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return w
	}
	show := func(w *httptest.ResponseRecorder) { fmt.Println(w.Code, strings.TrimSpace(w.Body.String())) }

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
