package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	fiber2 "github.com/gofiber/fiber/v2"
	fiber3 "github.com/gofiber/fiber/v3"
	echo4 "github.com/labstack/echo/v4"
	echo5 "github.com/labstack/echo/v5"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/mcp"
	kerniaecho4 "github.com/advantch/kernia-go/echo"
	kerniaecho5 "github.com/advantch/kernia-go/echov5"
	kerniafiber2 "github.com/advantch/kernia-go/fiber"
	kerniafiber3 "github.com/advantch/kernia-go/fiberv3"
	kerniagin "github.com/advantch/kernia-go/gin"
)

// who is the answer of the guarded route.
func who(token *mcp.Token, ok bool) string {
	if !ok {
		return "nobody"
	}
	return token.User.Email + " " + strings.Join(token.Scopes, " ")
}

// The guard answers alike in each framework, and the handler finds the token.
func TestGuardInFrameworks(t *testing.T) {
	t.Parallel()
	gin.SetMode(gin.TestMode)
	auth, err := core.New(core.Options{
		BaseURL: "http://localhost:3000", Secret: "example-secret-0123456789-abcdefghijklmnopq", Database: memory.New(),
		Plugins: []core.Plugin{mcp.New(mcp.Options{LoginPage: "/login", Scopes: []string{scopeRead}})},
	})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	create := func(model string, row adapter.Record) string {
		out, err := auth.DB().Create(t.Context(), model, row)
		if err != nil {
			t.Fatal(err)
		}
		id, _ := out["id"].(string)
		return id
	}
	user := create(core.ModelUser, adapter.Record{"name": "Ada", "email": "ada@example.com", "emailVerified": true, "createdAt": now, "updatedAt": now})
	create("oauthApplication", adapter.Record{"name": "Assistant", "clientId": "c1", "redirectUrls": "https://rp.example/cb", "type": "public", "createdAt": now, "updatedAt": now})
	const token = "abcdefghijklmnopqrstuvwxyzABCDEF" // as Better Auth has stored it
	create("oauthAccessToken", adapter.Record{
		"accessToken": token, "refreshToken": "ABCDEFabcdefghijklmnopqrstuvwxyz", "accessTokenExpiresAt": now.Add(time.Hour), "refreshTokenExpiresAt": now.Add(time.Hour), "clientId": "c1",
		"userId": user, "scopes": "openid " + scopeRead, "createdAt": now, "updatedAt": now,
	})

	guard := mcp.Require(scopeRead)
	mux := http.NewServeMux()
	mux.Handle("/mcp", nethttp.Require(guard)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, who(mcp.TokenFrom(r.Context())))
	})))
	onGin := gin.New()
	onGin.Use(kerniagin.Gin(auth))
	onGin.POST("/mcp", kerniagin.Require(guard), func(c *gin.Context) { c.String(200, "%s", who(mcp.TokenFrom(c.Request.Context()))) })
	onEcho4 := echo4.New()
	onEcho4.Use(kerniaecho4.Echo(auth))
	onEcho4.POST("/mcp", func(c echo4.Context) error { return c.String(200, who(mcp.TokenFrom(c.Request().Context()))) }, kerniaecho4.Require(guard))
	onEcho5 := echo5.New()
	onEcho5.Use(kerniaecho5.Echo(auth))
	onEcho5.POST("/mcp", func(c *echo5.Context) error { return c.String(200, who(mcp.TokenFrom(c.Request().Context()))) }, kerniaecho5.Require(guard))
	onFiber2 := fiber2.New()
	onFiber2.Use(kerniafiber2.Fiber(auth))
	onFiber2.Post("/mcp", kerniafiber2.Require(guard), func(c *fiber2.Ctx) error { return c.SendString(who(mcp.TokenFrom(c.UserContext()))) })
	onFiber3 := fiber3.New()
	onFiber3.Use(kerniafiber3.Fiber(auth))
	onFiber3.Post("/mcp", kerniafiber3.Require(guard), func(c fiber3.Ctx) error { return c.SendString(who(mcp.TokenFrom(c.Context()))) })

	handler := func(h http.Handler) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Result(), nil
		}
	}
	for name, do := range map[string]func(*http.Request) (*http.Response, error){
		"net/http": handler(nethttp.Middleware(auth)(mux)), "Gin": handler(onGin), "Echo 4": handler(onEcho4), "Echo 5": handler(onEcho5),
		"Fiber 2": func(r *http.Request) (*http.Response, error) { return onFiber2.Test(r, -1) },
		"Fiber 3": func(r *http.Request) (*http.Response, error) { return onFiber3.Test(r, fiber3.TestConfig{}) },
	} {
		for _, c := range []struct {
			authorization, method, path string
			status                      int
			body, challenge             string
		}{
			{"Bearer " + token, "POST", "/mcp", 200, "ada@example.com openid " + scopeRead, ""},
			{"", "POST", "/mcp", 401, `"jsonrpc":"2.0"`, `Bearer resource_metadata="http://localhost:3000/.well-known/oauth-protected-resource"`},
			{"Bearer x", "POST", "/mcp", 401, `"jsonrpc":"2.0"`, `Bearer error="invalid_token"`},
			{"", "GET", "/.well-known/oauth-protected-resource", 200, `"resource":"http://localhost:3000"`, ""},
			{"", "GET", "/.well-known/oauth-authorization-server", 200, `"issuer":"http://localhost:3000"`, ""},
		} {
			r := httptest.NewRequest(c.method, c.path, nil)
			r.Host = "localhost:3000"
			if c.authorization != "" {
				r.Header.Set("Authorization", c.authorization)
			}
			res, err := do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != c.status || !strings.Contains(string(body), c.body) || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), c.challenge) {
				t.Errorf("%s, %s %s %q: %d %s %q", name, c.method, c.path, c.authorization, res.StatusCode, body, res.Header.Get("WWW-Authenticate"))
			}
		}
	}
}
