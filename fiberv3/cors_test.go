package kernia_test

import (
	"net/http/httptest"
	"testing"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/cors"

	"github.com/advantch/kernia-go/core/authtest"
	kernia "github.com/advantch/kernia-go/fiberv3"
)

// The cors middleware before Kernia answers preflights itself and adds its headers
// to the answers of the auth routes.
func TestCORS(t *testing.T) {
	t.Parallel()
	const page = "https://app.example.com"
	app := fiber.New()
	app.Use(cors.New(cors.Config{AllowOrigins: []string{page}, AllowCredentials: true}), kernia.Fiber(authtest.New(t, nil).Auth))

	preflight := httptest.NewRequest("OPTIONS", "/api/auth/sign-out", nil)
	preflight.Header.Set("Origin", page)
	preflight.Header.Set("Access-Control-Request-Method", "POST")
	if got := send(t, app, preflight); got.status != 204 || got.header.Get("Access-Control-Allow-Origin") != page || got.body != "" {
		t.Errorf("preflight: %d %v %s", got.status, got.header, got.body)
	}

	request := httptest.NewRequest("GET", "/api/auth/ok", nil)
	request.Header.Set("Origin", page)
	got := send(t, app, request)
	if got.status != 200 || got.header.Get("Access-Control-Allow-Origin") != page || got.header.Get("Access-Control-Allow-Credentials") != "true" ||
		got.header.Get("Vary") != "Origin" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("request: %d %v", got.status, got.header)
	}
}
