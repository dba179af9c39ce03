package core_test

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/schema"
)

// FuzzServe sends any bytes: the answer is never a panic and never a 5xx.
func FuzzServe(f *testing.F) {
	var mu sync.Mutex
	var failures []error
	e := open(f, func(e *authtest.Env, o *core.Options) {
		everything(e, o)
		withGuarded(e, o)
		o.MaxBody = 64 << 10
		o.OnError = func(_ context.Context, err error) {
			mu.Lock()
			defer mu.Unlock()
			failures = append(failures, err)
		}
		o.User.Fields = append(o.User.Fields, schema.Field{Name: "meta", Type: schema.JSON, Optional: true})
	})
	c := join(f, e, ada)
	cookies := c.CookieHeader()
	for _, op := range e.Auth.Operations() {
		for _, m := range op.Methods {
			f.Add(m, "/api/auth"+op.Path, "token=x&callbackURL=/x", "application/json", authtest.BaseURL, cookies,
				`{"email":"ada@example.com","password":"correct horse battery","name":"A","newPassword":"a new passphrase","currentPassword":"x","token":"x","callbackURL":"/x","rememberMe":false}`)
		}
	}
	f.Add("POST", "/api/auth/sign-in/email", "", "application/x-www-form-urlencoded; charset=utf-8", "", "", "email=ada%40example.com&password=%00")
	f.Add("GET", "/api/auth/get-session", "disableCookieCache=tru\xffe", "", "null", "better-auth.session_data.0=x; better-auth.session_data.1=y;=;;a", "")
	f.Add("POST", "/api/auth/update-user", "", "application/json", "http://localhost:3000", cookies, `{"name":"x","credits":1e999,"groups":["\ud800"],"meta":{"a":[{}]}}`)
	f.Add("get", "\x00", "%", ";", "://", "\"", "\xef\xbb\xbf{")
	f.Fuzz(func(t *testing.T, method, path, query, contentType, origin, cookie, body string) {
		var res core.Response
		req := &core.Request{
			Method: method, Path: path, RawQuery: query, Scheme: "http", Host: "localhost:3000", Remote: netip.MustParseAddrPort("203.0.113.7:4000"),
			Header: core.Fields{header("Content-Type", contentType), header("Origin", origin), header("Cookie", cookie), header("User-Agent", cookie), header("Sec-Fetch-Site", method), header("X-Forwarded-For", origin)},
			Body:   []byte(body), TooLarge: len(body) > 64<<10,
		}
		e.Auth.Serve(context.Background(), req, &res)
		if res.Status < 200 || res.Status >= 500 {
			mu.Lock()
			defer mu.Unlock()
			t.Fatalf("%d %s\n%v", res.Status, res.Body, failures)
		}
		for _, h := range res.Header {
			if strings.ContainsAny(h.Value, "\r\n\x00") {
				t.Errorf("%s: %q", h.Name, h.Value)
			}
		}
		if res.Get("Content-Type") == "application/json" && len(res.Body) > 0 && !json.Valid(res.Body) {
			t.Errorf("not JSON: %q", res.Body)
		}
		if res.Get("Cache-Control") != "no-store" {
			t.Error("the answer may be cached")
		}
	})
}

// FuzzCookieCache changes the session_data cookie: get-session always answers with the
// store's session.
func FuzzCookieCache(f *testing.F) {
	type server struct {
		auth          *core.Auth
		token, stored string
	}
	var servers []server
	for _, s := range []core.CacheStrategy{core.CacheCompact, core.CacheJWT, core.CacheJWE} {
		e := open(f, withCache(s))
		c := join(f, e, ada)
		servers = append(servers, server{e.Auth, c.Cookie(tokenCookie), c.Get("/get-session?disableCookieCache=true").Body})
		data := c.Cookie(dataCookie)
		other := join(f, e, bob).Cookie(dataCookie)
		for _, v := range []string{data, other, data[:len(data)/2] + "; " + dataCookie + ".1=" + data[len(data)/2:], data + "=", data + ".", "%" + data, flip(data), "\"" + data + "\"", strings.Repeat("A", 5000), ""} {
			f.Add(v)
		}
	}
	f.Fuzz(func(t *testing.T, data string) {
		for _, s := range servers {
			for _, line := range []string{
				tokenCookie + "=" + s.token + "; " + dataCookie + "=" + data,
				dataCookie + ".0=" + data + "; " + tokenCookie + "=" + s.token,
			} {
				var res core.Response
				s.auth.Serve(context.Background(), &core.Request{Method: "GET", Path: "/api/auth/get-session", Header: core.Fields{header("Cookie", line)}}, &res)
				// The mutated line may hold a second session_token; only the true one opens anything.
				if res.Status != 200 || string(res.Body) != s.stored && string(res.Body) != "null" {
					t.Fatalf("%d %s\nfor %q", res.Status, res.Body, line)
				}
				if string(res.Body) == "null" && !strings.Contains(data, "session_token") {
					t.Fatalf("the session was lost for %q", line)
				}
			}
		}
	})
}
