package verify

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v3"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/verify"
)

// Each service accepts a token of a server that runs, and answers others alike.
func TestServices(t *testing.T) {
	t.Parallel()
	gin.SetMode(gin.TestMode)
	server := httptest.NewUnstartedServer(nil)
	url := "http://" + server.Listener.Addr().String()
	tokens := jwt.New(jwt.Options{})
	auth, err := core.New(core.Options{BaseURL: url, Secret: "example-secret-0123456789-abcdefghijklmnopq", Database: memory.New(), Plugins: []core.Plugin{tokens}})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = nethttp.Handler(auth)
	server.Start()
	defer server.Close()
	good, err := tokens.Sign(t.Context(), map[string]any{"sub": "ada"}, jwt.SignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := Tokens(url)
	if err != nil {
		t.Fatal(err)
	}
	app, app3 := Fiber(v), Fiber3(v)
	serve := func(h http.Handler) func(r *http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Result(), nil
		}
	}
	for name, service := range map[string]func(r *http.Request) (*http.Response, error){
		"net/http": serve(NetHTTP(v)), "gin": serve(Gin(v)), "echo": serve(Echo(v)), "echov5": serve(Echo5(v)),
		"fiber":   func(r *http.Request) (*http.Response, error) { return app.Test(r, -1) },
		"fiberv3": func(r *http.Request) (*http.Response, error) { return app3.Test(r, fiber.TestConfig{}) },
	} {
		for authorization, want := range map[string]string{
			"Bearer " + good: "200 orders of ada", "bearer " + good: "200 orders of ada",
			"":                    `401 {"message":"Unauthorized","code":"UNAUTHORIZED"}`,
			"Bearer " + good[:50]: `401 {"message":"Unauthorized","code":"UNAUTHORIZED"}`,
			"Basic YTpi":          `401 {"message":"Unauthorized","code":"UNAUTHORIZED"}`,
		} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/orders", nil)
			if authorization != "" {
				r.Header.Set("Authorization", authorization)
			}
			res, err := service(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if got := res.Status[:3] + " " + string(body); got != want {
				t.Errorf("%s, %.10q: %s, want %s", name, authorization, got, want)
			}
		}
	}
}

// A key is accepted by the endpoint of docs/verifying.md, a cookie by its cache.
func TestKeysAndCookies(t *testing.T) {
	t.Parallel()
	const secret = "example-secret-0123456789-abcdefghijklmnopq"
	mux := http.NewServeMux()
	server := httptest.NewUnstartedServer(nil)
	url := "http://" + server.Listener.Addr().String()
	keys := apikey.New(apikey.Options{})
	auth, err := core.New(core.Options{
		BaseURL: url, Secret: secret, Database: memory.New(),
		Session: core.SessionOptions{CookieCache: core.CookieCacheOptions{Enabled: true}},
		Plugins: []core.Plugin{emailpassword.New(emailpassword.Options{}), keys},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux.HandleFunc("POST /internal/verify", func(w http.ResponseWriter, r *http.Request) {
		var in apikey.VerifyInput
		if r.Header.Get("Authorization") != "Bearer shared" || json.NewDecoder(r.Body).Decode(&in) != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		reply, err := keys.Verify.Call(r.Context(), &in)
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"valid": reply.Valid, "key": reply.Key})
	})
	server.Config.Handler = nethttp.Middleware(auth)(mux)
	server.Start()
	defer server.Close()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/auth/sign-up/email",
		strings.NewReader(`{"name":"Ada","email":"ada@example.com","password":"correct horse"}`))
	r.Header.Set("Content-Type", "application/json")
	signedUp := httptest.NewRecorder()
	server.Config.Handler.ServeHTTP(signedUp, r)
	user, err := auth.Store().FindUserByEmail(t.Context(), "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(v *verify.Verifier, err error, set func(r *http.Request)) string {
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/orders", nil)
		set(r)
		w := httptest.NewRecorder()
		NetHTTP(v).ServeHTTP(w, r)
		return w.Body.String()
	}
	byCookie, err := Cookies(url, secret)
	if got := ask(byCookie, err, func(r *http.Request) {
		for _, c := range signedUp.Result().Cookies() {
			r.AddCookie(c)
		}
	}); got != "orders of "+user.ID {
		t.Errorf("by cookie: %s", got)
	}
	for granted, want := range map[string]string{"read": "orders of " + user.ID, "write": `{"message":"Unauthorized","code":"UNAUTHORIZED"}`} {
		made, err := keys.Create.Call(t.Context(), &apikey.CreateInput{UserID: &user.ID, Permissions: map[string][]string{"orders": {granted}}})
		if err != nil {
			t.Fatal(err)
		}
		byKey, err := APIKeys(url, "shared")
		if got := ask(byKey, err, func(r *http.Request) { r.Header.Set("X-Api-Key", made.Plain) }); got != want {
			t.Errorf("a key that may %s: %s", granted, got)
		}
	}
}
