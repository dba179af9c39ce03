package twofactor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
)

// Send codes, switch the second factor on by the first one, and sign in with another.
func Example() {
	var code string // what a user would read on the phone
	auth, err := core.New(core.Options{
		BaseURL:  "http://localhost:3000",
		Secret:   "kernia-test-secret-0123456789-abcdefghijklmnop",
		Database: memory.New(),
		Plugins: []core.Plugin{
			emailpassword.New(emailpassword.Options{}),
			twofactor.New(twofactor.Options{
				Issuer: "Example",
				OTP: twofactor.OTPOptions{Send: func(_ context.Context, m twofactor.Message) error {
					code = m.Code
					return nil
				}},
			}),
		},
		Background: func(task func()) { task() },
	})
	if err != nil {
		log.Fatal(err)
	}
	handler := nethttp.Middleware(auth)(http.NotFoundHandler())
	jar := map[string]string{}
	post := func(path, body string) map[string]any {
		r := httptest.NewRequest("POST", "/api/auth"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", "http://localhost:3000")
		for name, value := range jar {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			jar[c.Name] = c.Value
		}
		answer := map[string]any{}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			log.Fatal(err)
		}
		return answer
	}

	post("/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery"}`)
	post("/two-factor/send-otp", `{}`)
	post("/two-factor/verify-otp", `{"code":"`+code+`"}`)
	post("/sign-out", `{}`)

	first := post("/sign-in/email", `{"email":"ada@example.com","password":"correct horse battery"}`)
	fmt.Println("redirect:", first["twoFactorRedirect"], "by", first["twoFactorMethods"])
	fmt.Println("session:", jar["better-auth.session_token"] != "")
	post("/two-factor/send-otp", `{}`)
	second := post("/two-factor/verify-otp", `{"code":"`+code+`"}`)
	fmt.Println("signed in:", second["user"].(map[string]any)["name"])
	// Output:
	// redirect: true by [otp]
	// session: false
	// signed in: Ada
}
