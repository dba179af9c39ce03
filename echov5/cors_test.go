package kernia_test

import (
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/advantch/kernia-go/core/authtest"
	kernia "github.com/advantch/kernia-go/echov5"
)

// CORS before Kernia answers preflights itself and adds its headers to the answers
// of the auth routes.
func TestCORS(t *testing.T) {
	t.Parallel()
	const page = "https://app.example.com"
	e := echo.New()
	e.Use(middleware.CORSWithConfig(middleware.CORSConfig{AllowOrigins: []string{page}, AllowCredentials: true}),
		kernia.Echo(authtest.New(t, nil).Auth))

	preflight := httptest.NewRequest("OPTIONS", "/api/auth/sign-out", nil)
	preflight.Header.Set("Origin", page)
	preflight.Header.Set("Access-Control-Request-Method", "POST")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, preflight)
	if w.Code != 204 || w.Header().Get("Access-Control-Allow-Origin") != page || w.Body.Len() > 0 {
		t.Errorf("preflight: %d %v %s", w.Code, w.Header(), w.Body)
	}

	request := httptest.NewRequest("GET", "/api/auth/ok", nil)
	request.Header.Set("Origin", page)
	w = httptest.NewRecorder()
	e.ServeHTTP(w, request)
	h := w.Header()
	if w.Code != 200 || h.Get("Access-Control-Allow-Origin") != page || h.Get("Access-Control-Allow-Credentials") != "true" ||
		h.Get("Vary") != "Origin" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("request: %d %v", w.Code, h)
	}
}
