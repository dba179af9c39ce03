package magiclink_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
)

// A link leads to a page with a button, so that a mail scanner does not use it up.
func Example() {
	var link string
	auth, err := core.New(core.Options{
		BaseURL:  "http://localhost:3000",
		Secret:   "example-secret-0123456789-abcdefghijklmnopq",
		Database: memory.New(),
		// A real server leaves this out: mails are sent after the answer.
		Background: func(task func()) { task() },
		Plugins: []core.Plugin{magiclink.New(magiclink.Options{
			Send:    func(_ context.Context, m magiclink.Message) error { link = m.URL; return nil },
			Confirm: true,
		})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := nethttp.Handler(auth)

	ask := httptest.NewRequest("POST", "/api/auth/sign-in/magic-link", strings.NewReader(`{"email":"ada@example.com","callbackURL":"/home"}`))
	ask.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, ask)
	fmt.Println(answer.Body)

	u, _ := url.Parse(link)
	fmt.Println("the link leads to", u.Path)
	for _, path := range []string{u.Path, "/api/auth/magic-link/verify"} {
		answer = httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest("GET", path+"?"+u.RawQuery, nil))
		fmt.Println(answer.Code, answer.Header().Get("Location"), len(answer.Result().Cookies()) > 0)
	}
	// Output:
	// {"status":true}
	// the link leads to /api/auth/magic-link/confirm
	// 200  false
	// 302 http://localhost:3000/home true
}
