package emailpassword_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// newAuth makes the Auth of the other examples. A real application takes the secret
// from its environment and uses a persistent database.
func newAuth() *core.Auth {
	auth, err := core.New(core.Options{
		BaseURL:  "http://localhost:3000",
		Secret:   "kernia-test-secret-0123456789-abcdefghijklmnop",
		Database: memory.New(),
		Plugins:  []core.Plugin{emailpassword.New(emailpassword.Options{})},
	})
	if err != nil {
		log.Fatal(err)
	}
	return auth
}

// Sign a user up from Go. The answer's Set-Cookie lines are captured, and with
// them as a request's cookies the session can be read.
func Example() {
	auth := newAuth()
	ctx := context.Background()
	plugin, _ := emailpassword.From(auth)

	var res core.Response
	up, err := plugin.SignUp.Call(ctx, &emailpassword.SignUpInput{
		Name: "Ada", Email: "Ada@Example.com", Password: "correct horse battery",
	}, core.Capture(&res))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed up:", up.User.Email)

	cookie, _, _ := strings.Cut(core.Fields(res.Header).Get("Set-Cookie"), ";")
	session, err := auth.GetSession(ctx, core.Fields{{Name: "Cookie", Value: cookie}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in:", session.User.Name)
	// Output:
	// signed up: ada@example.com
	// signed in: Ada
}

// Errors of a call are *core.Error, with the status and code that a client sees.
func ExamplePlugin_signIn() {
	plugin, _ := emailpassword.From(newAuth())
	_, err := plugin.SignIn.Call(context.Background(), &emailpassword.SignInInput{
		Email: "ada@example.com", Password: "wrong horse",
	})
	var e *core.Error
	if errors.As(err, &e) {
		fmt.Println(e.Status, e.Code)
	}
	// Output: 401 INVALID_CREDENTIALS
}

// Answer a request that did not come from net/http.
func ExamplePlugin_serve() {
	auth := newAuth()
	var res core.Response
	auth.Serve(context.Background(), &core.Request{
		Method: "POST",
		Path:   "/api/auth/sign-up/email",
		Header: core.Fields{{Name: "Content-Type", Value: "application/json"}, {Name: "Origin", Value: "http://localhost:3000"}},
		Body:   []byte(`{"name":"Ada","email":"ada@example.com","password":"short"}`),
	}, &res)
	fmt.Println(res.Status, string(res.Body))
	// Output: 400 {"message":"Password too short","code":"PASSWORD_TOO_SHORT"}
}

// Serve the auth routes and protect a handler with net/http.
func Example_netHTTP() {
	auth := newAuth()
	mux := http.NewServeMux()
	mux.Handle("GET /me", nethttp.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, _ := nethttp.Session(r)
		fmt.Fprintf(w, "hello %s", session.User.Name)
	})))
	handler := nethttp.Middleware(auth)(mux)

	get := func(cookies []*http.Cookie) {
		r := httptest.NewRequest("GET", "/me", nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body)
	}
	get(nil)

	r := httptest.NewRequest("POST", "/api/auth/sign-up/email",
		strings.NewReader(`{"name":"Ada","email":"ada@example.com","password":"correct horse battery"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	get(w.Result().Cookies())
	// Output:
	// 401 {"message":"Unauthorized","code":"UNAUTHORIZED"}
	// 200 hello Ada
}
