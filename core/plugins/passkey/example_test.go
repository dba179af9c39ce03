package passkey_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/passkey"
	"github.com/advantch/kernia-go/core/plugins/passkey/passkeytest"
)

// A user signs up with a password, registers a passkey, and signs in with it in
// another browser. The authenticator is one for tests.
func Example() {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	auth, err := core.New(core.Options{
		BaseURL:  server.URL,
		Secret:   "kernia-test-secret-0123456789-abcdefghijklmnop",
		Database: memory.New(),
		Plugins: []core.Plugin{
			emailpassword.New(emailpassword.Options{}),
			passkey.New(passkey.Options{RPID: "127.0.0.1", RPName: "An example"}),
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("/api/auth/", nethttp.Handler(auth))

	// call is what a browser does.
	call := func(browser *http.Client, method, path string, body any) []byte {
		data, err := json.Marshal(body)
		if err != nil {
			log.Fatal(err)
		}
		r, err := http.NewRequestWithContext(context.Background(), method, server.URL+"/api/auth"+path, bytes.NewReader(data))
		if err != nil {
			log.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", server.URL)
		res, err := browser.Do(r)
		if err != nil {
			log.Fatal(err)
		}
		defer res.Body.Close()
		var answer bytes.Buffer
		if _, err := answer.ReadFrom(res.Body); err != nil {
			log.Fatal(err)
		}
		return answer.Bytes()
	}
	browser := func() *http.Client {
		jar, err := cookiejar.New(nil)
		if err != nil {
			log.Fatal(err)
		}
		return &http.Client{Jar: jar}
	}

	laptop, key := browser(), passkeytest.New(server.URL)
	call(laptop, "POST", "/sign-up/email", map[string]string{"name": "Ada", "email": "ada@example.com", "password": "correct horse battery"})
	options := call(laptop, "GET", "/passkey/generate-register-options", nil)
	var made passkey.Passkey
	answer := call(laptop, "POST", "/passkey/verify-registration", map[string]any{
		"response": key.Create(string(options), passkeytest.Forgery{}), "name": "Laptop",
	})
	if err := json.Unmarshal(answer, &made); err != nil {
		log.Fatal(err)
	}
	fmt.Println("registered:", *made.Name, made.DeviceType)

	phone := browser()
	options = call(phone, "GET", "/passkey/generate-authenticate-options", nil)
	var in struct{ User struct{ Name string } }
	answer = call(phone, "POST", "/passkey/verify-authentication", map[string]any{"response": key.Get(string(options), passkeytest.Forgery{})})
	if err := json.Unmarshal(answer, &in); err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in:", in.User.Name)
	// Output:
	// registered: Laptop singleDevice
	// signed in: Ada
}
