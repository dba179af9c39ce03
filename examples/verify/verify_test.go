package verify

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/jwt"
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
	app := Fiber(v)
	serve := func(h http.Handler) func(r *http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Result(), nil
		}
	}
	for name, service := range map[string]func(r *http.Request) (*http.Response, error){
		"net/http": serve(NetHTTP(v)), "gin": serve(Gin(v)), "echo": serve(Echo(v)),
		"fiber": func(r *http.Request) (*http.Response, error) { return app.Test(r, -1) },
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
