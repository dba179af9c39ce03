package kernia_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/recover"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	kernia "github.com/advantch/kernia-go/fiberv3"
)

func newAuth() *core.Auth {
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
	return auth
}

func Example() {
	app := fiber.New()
	app.Use(recover.New(), kernia.Fiber(newAuth()))
	app.Get("/hello", func(c fiber.Ctx) error {
		if s, ok := kernia.Session(c); ok {
			return c.SendString("Hello " + s.User.Name + ".")
		}
		return c.SendString("Who are you?")
	})
	app.Get("/me", kernia.RequireSession(), func(c fiber.Ctx) error {
		s, _ := kernia.Session(c)
		return c.JSON(fiber.Map{"email": s.User.Email})
	})

	browser := &browser{app: app}
	browser.show("GET", "/hello", "")
	browser.show("GET", "/me", "")
	browser.call("POST", "/api/auth/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`)
	browser.show("GET", "/hello", "")
	browser.show("GET", "/me", "")
	// Output:
	// 200 Who are you?
	// 401 {"message":"Unauthorized","code":"UNAUTHORIZED"}
	// 200 Hello Ada.
	// 200 {"email":"ada@example.com"}
}

// App is the auth routes alone, for an app that has its sessions elsewhere.
func ExampleApp() {
	app := fiber.New()
	app.Use("/api/auth", kernia.App(newAuth()))

	browser := &browser{app: app}
	browser.show("GET", "/api/auth/ok", "")
	browser.show("GET", "/api/auth/get-session", "")
	browser.show("GET", "/elsewhere", "")
	// Output:
	// 200 {"ok":true}
	// 200 null
	// 404 Not Found
}

// browser keeps the cookie of a session.
type browser struct {
	app    *fiber.App
	cookie string
}

func (b *browser) call(method, path, body string) (status int, text string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "http://localhost:3000")
	r.Header.Set("Cookie", b.cookie)
	res, err := b.app.Test(r, fiber.TestConfig{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		log.Fatal(err)
	}
	if lines := res.Header.Values("Set-Cookie"); res.StatusCode == http.StatusOK && len(lines) > 0 {
		b.cookie, _, _ = strings.Cut(lines[0], ";")
	}
	return res.StatusCode, string(data)
}

func (b *browser) show(method, path, body string) { fmt.Println(b.call(method, path, body)) }
