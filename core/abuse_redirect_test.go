package core_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// badTargets are redirect targets that lead, or may lead, somewhere else.
var badTargets = map[string][]string{
	"RED-01": {"https://evil.example", "https://evil.example/path?x=" + authtest.BaseURL, "http://localhost:3001", "https://localhost:3000", "HTTPS://EVIL.EXAMPLE"},
	"RED-02": {"//evil.example", "///evil.example", "/\\evil.example", "\\/evil.example", "\\\\evil.example", "/%2fevil.example", "/%2Fevil.example", "/%5Cevil.example", "/%5cevil",
		"/\t/evil.example", "/%09/evil.example", "http:evil.example", "https:/evil.example", "http:/evil", "/.//evil.example", "/x/..//evil.example", "evil.example", "./x", "../x", "?x", "#x", " /x", "/ok#//evil"},
	"RED-03": {"javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "\x01javascript:alert(1)", "java\nscript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x",
		"blob:http://localhost:3000/x", "file:///etc/passwd", "view-source:http://localhost:3000", "about:blank", "mailto:a@b.co"},
	"RED-04": {"http://localhost:3000@evil.example", "http://localhost:3000\\@evil.example", "http://localhost:3000%2eevil.example", "http://localhost:3000.evil.example", "http://localhost.evil.example:3000",
		"https://[::1]evil.example", "http://localhost:3000:80", "http://localhost:03000@evil", "http://evil.example#@localhost:3000", "http://evil.example?@localhost:3000", "http://evil.example\\@localhost:3000", "http://user:pw@localhost:3000/", "http://localhost:3000%00.evil.example", "http:///localhost:3000"},
	"RED-06": {"/x\r\nSet-Cookie: a=b", "/x\nLocation: https://evil.example", "/x%0d%0aSet-Cookie:%20a=b", "/x\x7f", "http://localhost:3000/\r\nX: y", "http://localhost:3000\r\n.evil.example", "/\u2028x", "/x y"},
}

func TestRedirectTargets(t *testing.T) {
	t.Parallel()
	e := open(t, everything)
	c := join(t, e, ada)
	codes := map[string]string{
		"callbackURL": "INVALID_CALLBACK_URL", "redirectTo": "INVALID_REDIRECT_URL",
		"errorCallbackURL": "INVALID_ERROR_CALLBACK_URL", "newUserCallbackURL": "INVALID_NEW_USER_CALLBACK_URL",
	}
	for id, targets := range badTargets {
		t.Run(id, func(t *testing.T) {
			for _, target := range targets {
				// In the body of every mutating route, under each name.
				for _, r := range mutating(e.Auth) {
					for name, code := range codes {
						body := object{"email": ada, "password": passphrase, "name": "x", "newPassword": passphrase, name: target}
						a := c.Copy().Post(r[1], body)
						if a.Status != 403 || a.Code() != code || a.Header.Get("Location") != "" {
							t.Errorf("%s with %s %q: %d %s", r[1], name, target, a.Status, clip(a.Body))
						}
					}
				}
				// In the query, of mutating routes and of the GET routes that redirect.
				q := url.Values{"callbackURL": {target}}.Encode()
				a := c.Copy().Do("POST", "/sign-out?"+q, "{}")
				if a.Status != 403 || a.Code() != "INVALID_CALLBACK_URL" {
					t.Errorf("sign-out with %q in the query: %d %s", target, a.Status, clip(a.Body))
				}
				for _, path := range []string{"/verify-email?token=x&", "/reset-password/x?", "/delete-user/callback?token=x&"} {
					a := c.Copy().Get(path + q)
					if a.Status != 403 || a.Code() != "INVALID_CALLBACK_URL" || a.Header.Get("Location") != "" {
						t.Errorf("%s%s: %d %s %s", path, q, a.Status, clip(a.Body), a.Header.Get("Location"))
					}
				}
			}
		})
	}
	t.Run("RED-01 values that are no strings, or come twice", func(t *testing.T) {
		for _, v := range []any{5, true, []string{"/ok"}, object{"x": "/ok"}} {
			c.Copy().Post("/sign-in/email", object{"email": ada, "password": passphrase, "callbackURL": v}).Want(t, 403, "INVALID_CALLBACK_URL")
		}
		for _, q := range []string{"callbackURL=/ok&callbackURL=https://evil.example", "callbackURL=https://evil.example&callbackURL=/ok"} {
			c.Copy().Get("/verify-email?token=x&"+q).Want(t, 400, "VALIDATION_ERROR")
			c.Copy().Do("POST", "/sign-out?"+q, "{}").Want(t, 403, "INVALID_CALLBACK_URL")
		}
	})
	t.Run("RED-01 trusted targets pass", func(t *testing.T) {
		for _, target := range []string{"/", "/ok", "/ok?x=1&y=2", authtest.BaseURL, authtest.BaseURL + "/x?y=1#z", "HTTP://LOCALHOST:3000/x"} {
			a := c.Copy().Get("/verify-email?token=x&" + url.Values{"callbackURL": {target}}.Encode())
			if a.Status != 302 {
				t.Errorf("%s: %d %s", target, a.Status, a.Body)
			}
		}
	})
	t.Run("RED-07 further fields have no say", func(t *testing.T) {
		a := c.Copy().Post("/sign-in/email", object{"email": ada, "password": passphrase, "callbackURL": "/ok",
			"additionalData": object{"callbackURL": "https://evil.example", "errorURL": "https://evil.example"}, "url": "https://evil.example", "redirect": "https://evil.example"}).Want(t, 200, "")
		if a.Header.Get("Location") != "/ok" || a.JSON("url") != "/ok" {
			t.Errorf("leads to %s and %s", a.Header.Get("Location"), a.JSON("url"))
		}
	})
}

func TestRedirectValuesRoundTrip(t *testing.T) {
	t.Parallel()
	for _, callback := range []string{"/p", "/p?a=1&b=2", "/p?next=%2Fq%3Fx%3D1%26y", "/p?error=&token=mine", authtest.BaseURL + "/p?a=1#frag", "/p?a=%25"} {
		t.Run("RED-05 "+callback, func(t *testing.T) {
			t.Parallel()
			e := open(t, nil)
			join(t, e, ada)
			c := e.Client()
			c.Post("/request-password-reset", object{"email": ada, "redirectTo": callback}).Want(t, 200, "")
			mail := e.LastMail()
			link, err := url.Parse(mail.URL)
			if err != nil {
				t.Fatal(err)
			}
			q := link.Query()
			if got := q["callbackURL"]; len(q) != 1 || len(got) != 1 || got[0] != callback {
				t.Fatalf("the link holds %v", q)
			}
			_, query := c.Get(strings.TrimPrefix(mail.URL, authtest.BaseURL+"/api/auth")).Want(t, 302, "").Location()
			if got := query["token"]; len(got) != 1 || got[0] != mail.Token {
				t.Errorf("redirected with token %v", got)
			}

			c.Post("/send-verification-email", object{"email": ada, "callbackURL": callback}).Want(t, 200, "")
			link, err = url.Parse(e.LastMail().URL)
			if err != nil {
				t.Fatal(err)
			}
			q = link.Query()
			if got := q["callbackURL"]; len(q) != 2 || len(got) != 1 || got[0] != callback {
				t.Fatalf("the verification link holds %v", q)
			}
			if target, _ := c.Get("/verify-email?"+link.RawQuery).Want(t, 302, "").Location(); target != callback {
				t.Errorf("verification leads to %s", target)
			}
		})
	}
	t.Run("RED-06 no header is ever split", func(t *testing.T) {
		t.Parallel()
		var res core.Response
		for _, v := range []string{"a\r\nb: c", "a\nb", "a\rb", "a\x00b"} {
			res.Add("Location", v)
			res.Set("X", v)
		}
		if len(res.Header) != 0 {
			t.Errorf("kept %v", res.Header)
		}
	})
}

func TestPoisonedHosts(t *testing.T) {
	t.Parallel()
	poison := core.Fields{
		header("X-Forwarded-Host", "evil.example"), header("X-Forwarded-Proto", "https"), header("Forwarded", "host=evil.example;proto=https"),
		header("X-Host", "evil.example"), header("X-Forwarded-Server", "evil.example"), header("X-Original-Host", "evil.example"), header("X-Forwarded-Port", "444"),
	}
	ask := func(e *authtest.Env, host string, h core.Fields) core.Response {
		return send(e.Auth, core.Request{Method: "POST", Path: "/api/auth/request-password-reset", Host: host,
			Header: append(core.Fields{header("Content-Type", "application/json")}, h...), Body: []byte(`{"email":"` + ada + `","redirectTo":"/r"}`)})
	}
	t.Run("RED-08 links are made of the configured base URL only", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		c := join(t, e, ada)
		for _, host := range []string{"evil.example", "localhost:3000@evil.example", "localhost:3000.evil.example", "evil.example:3000", "", "a b"} {
			if res := ask(e, host, poison); res.Status != 200 {
				t.Fatalf("%d %s", res.Status, res.Body)
			}
			if u := e.LastMail().URL; !strings.HasPrefix(u, authtest.BaseURL+"/api/auth/reset-password/") {
				t.Errorf("Host %q gives the link %s", host, u)
			}
		}
		c.Post("/send-verification-email", object{"email": ada}, poison...).Want(t, 200, "")
		if u := e.LastMail().URL; !strings.HasPrefix(u, authtest.BaseURL+"/api/auth/verify-email?") {
			t.Errorf("the verification link is %s", u)
		}
		a := c.Get("/reset-password/x?callbackURL=/p", poison...).Want(t, 302, "")
		if target, _ := a.Location(); target != authtest.BaseURL+"/p?error=INVALID_TOKEN" {
			t.Errorf("redirected to %s", target)
		}
	})
	dynamic := func(t *testing.T, trust bool) *authtest.Env {
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.BaseURL = ""
			o.DynamicBaseURL = &core.DynamicBaseURL{AllowedHosts: []string{"a.example.com", "*.tenants.example", "b.example.com:8443"}, Protocol: "https", TrustForwarded: trust}
		})
		if _, err := e.Auth.Store().CreateUser(t.Context(), core.User{Name: "A", Email: ada}); err != nil {
			t.Fatal(err)
		}
		return e
	}
	t.Run("RED-08 a dynamic base URL allows listed hosts only", func(t *testing.T) {
		t.Parallel()
		e := dynamic(t, false)
		for host, want := range map[string]string{
			"a.example.com": "https://a.example.com", "A.EXAMPLE.COM": "https://a.example.com", "x.tenants.example": "https://x.tenants.example", "b.example.com:8443": "https://b.example.com:8443",
		} {
			if res := ask(e, host, nil); res.Status != 200 {
				t.Fatalf("%s: %d %s", host, res.Status, res.Body)
			}
			if u := e.LastMail().URL; !strings.HasPrefix(u, want+"/api/auth/") {
				t.Errorf("%s gives the link %s", host, u)
			}
		}
		mails := len(e.Mails())
		for _, host := range []string{
			"evil.example", "a.example.com.evil.example", "a.example.com:444", "evil-a.example.com", "b.example.com", "tenants.example", "x.tenants.example.evil", "a.example.com@evil.example",
			"a.example.com/evil", "evil.example#a.example.com", "evil.example?a.example.com", "", " ", "a.example.com evil.example", "a.example.com,evil.example", "[::1]", "a.example.com\x00", "a.example.com:", "a.example.com:x",
		} {
			if res := ask(e, host, nil); res.Status != 400 || !strings.Contains(string(res.Body), "INVALID_HOST") {
				t.Errorf("host %q: %d %s", host, res.Status, res.Body)
			}
		}
		// Forwarded headers are ignored unless they are trusted.
		if res := ask(e, "evil.example", core.Fields{header("X-Forwarded-Host", "a.example.com")}); res.Status != 400 {
			t.Errorf("an untrusted X-Forwarded-Host was believed: %d", res.Status)
		}
		if got := len(e.Mails()); got != mails {
			t.Errorf("%d mails were sent to unknown hosts", got-mails)
		}
	})
	t.Run("RED-08 trusted forwarded headers still meet the list", func(t *testing.T) {
		t.Parallel()
		e := dynamic(t, true)
		if res := ask(e, "internal:8080", core.Fields{header("X-Forwarded-Host", "a.example.com")}); res.Status != 200 {
			t.Fatalf("%d %s", res.Status, res.Body)
		}
		for _, h := range []string{"evil.example", "evil.example, a.example.com", "a.example.com@evil", "a.example.com/x"} {
			if res := ask(e, "internal:8080", core.Fields{header("X-Forwarded-Host", h)}); res.Status != 400 {
				t.Errorf("X-Forwarded-Host %q: %d", h, res.Status)
			}
		}
	})
	t.Run("RED-08 hosts that are not allowed get the fallback", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.BaseURL = ""
			o.DynamicBaseURL = &core.DynamicBaseURL{AllowedHosts: []string{"a.example.com"}, Fallback: "https://main.example.com"}
		})
		if _, err := e.Auth.Store().CreateUser(t.Context(), core.User{Name: "A", Email: ada}); err != nil {
			t.Fatal(err)
		}
		ask(e, "evil.example", nil)
		if u := e.LastMail().URL; !strings.HasPrefix(u, "https://main.example.com/api/auth/") {
			t.Errorf("the link is %s", u)
		}
	})
	t.Run("RED-09 no request shapes the URLs of another", func(t *testing.T) {
		t.Parallel()
		e := dynamic(t, false)
		ask(e, "x0.tenants.example", nil)
		ask(e, "evil.example", nil)
		if u := e.LastMail().URL; !strings.HasPrefix(u, "https://x0.tenants.example/") {
			t.Fatalf("the first link is %s", u)
		}
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				host := fmt.Sprintf("x%d.tenants.example", i)
				res := send(e.Auth, core.Request{Method: "GET", Path: "/api/auth/reset-password/x", RawQuery: "callbackURL=/p", Host: host})
				if got := res.Get("Location"); got != "https://"+host+"/p?error=INVALID_TOKEN" {
					t.Errorf("%s leads to %s", host, got)
				}
			})
		}
		wg.Wait()
	})
}

func TestErrorPage(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, o *core.Options) { o.AppName = `<b>"App"</b>` })
	for _, tc := range [][2]string{
		{"<svg onload=alert(1)>", "<script>alert(1)</script>"}, {`"><img src=x onerror=alert(1)>`, `'"><img src=x>`}, {"a'b", "javascript:alert(1)"},
		{"{description}", "{code}<b>{app}</b>"}, {strings.Repeat("a", 5000), strings.Repeat("<", 5000)}, {"x\x00y", "\xff\xfe<b>"}, {"a&lt;b", "&lt;script&gt;"},
	} {
		t.Run("RED-10 "+clip(tc[0][:min(20, len(tc[0]))]), func(t *testing.T) {
			a := e.Client().Get("/error?" + url.Values{"error": {tc[0]}, "error_description": {tc[1]}}.Encode())
			if a.Status != 200 && a.Status != 400 {
				t.Fatalf("%d %s", a.Status, a.Body)
			}
			if a.Status == 400 {
				return // refused: NUL
			}
			mustNotContain(t, "the page", a.Body, "<svg", "<script", "<img", "<b>", "onerror=alert(1)>", "\xff")
			if got := a.Header.Get("Content-Type"); got != "text/html; charset=utf-8" {
				t.Errorf("Content-Type %q", got)
			}
			if got := a.Header.Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("X-Content-Type-Options %q", got)
			}
			csp := a.Header.Get("Content-Security-Policy")
			mustContain(t, csp, "default-src 'none'", "frame-ancestors 'none'")
			if len(a.Body) > 12_000 {
				t.Errorf("the page has %d bytes", len(a.Body))
			}
		})
	}
	t.Run("RED-10 an error URL gets one parameter each", func(t *testing.T) {
		e := open(t, func(_ *authtest.Env, o *core.Options) { o.ErrorURL = "https://app.example.com/failed?lang=en" })
		target, q := e.Client().Get("/error?"+url.Values{"error": {"a_b"}, "error_description": {"x&error=y\r\nZ: 1"}}.Encode()).Want(t, 302, "").Location()
		if !strings.HasPrefix(target, "https://app.example.com/failed?lang=en&error=a_b&") || len(q["error"]) != 1 || q.Get("error_description") != "x&error=y\r\nZ: 1" {
			t.Errorf("redirected to %s", target)
		}
	})
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	t.Run("HDR-01 control characters never reach a header", func(t *testing.T) {
		t.Parallel()
		e := open(t, withCache(core.CacheCompact))
		c := e.Client()
		nasty := "a\r\nSet-Cookie: evil=1; \tb\u2028\x7f;,=\"\\"
		c.Post("/sign-up/email", object{"name": nasty, "email": ada, "password": passphrase}).Want(t, 400, "VALIDATION_ERROR")
		a := c.Post("/sign-up/email", object{"name": "Ada", "email": ada, "password": passphrase, "image": nasty}).Want(t, 200, "")
		for _, h := range a.Header {
			if strings.ContainsAny(h.Value, "\r\n\x00\x7f") || strings.Contains(h.Value, "evil=1") {
				t.Errorf("%s: %q", h.Name, h.Value)
			}
		}
		if got := c.Get("/get-session").JSON("user", "image"); got != nasty {
			t.Errorf("the image came back as %q", got)
		}
		for _, ua := range []string{"x\r\ny", "x\x00y", "\xff\xfe"} {
			c.Post("/sign-in/email", object{"email": ada, "password": passphrase}, header("User-Agent", ua)).Want(t, 200, "")
		}
	})
	t.Run("HDR-02 host tricks over a real connection", func(t *testing.T) {
		t.Parallel()
		e := openWith(t, func(e *authtest.Env, p *emailpassword.Options) { p.SendResetPassword = e.Mail("reset") }, func(_ *authtest.Env, o *core.Options) {
			o.BaseURL = ""
			o.DynamicBaseURL = &core.DynamicBaseURL{AllowedHosts: []string{"app.example.com"}, Protocol: "https"}
		})
		server := httptest.NewServer(nethttp.Handler(e.Auth))
		defer server.Close()
		raw := func(head string) int {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(conn, "%s\r\nConnection: close\r\n\r\n", head)
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			return res.StatusCode
		}
		for head, want := range map[string]int{
			"GET /api/auth/ok HTTP/1.1\r\nHost: app.example.com":                                           200,
			"GET /api/auth/ok HTTP/1.1\r\nHost: evil.example":                                              400,
			"GET /api/auth/ok HTTP/1.1\r\nHost: app.example.com:444":                                       400,
			"GET /api/auth/ok HTTP/1.1\r\nHost: app.example.com@evil.example":                              400,
			"GET /api/auth/ok HTTP/1.1\r\nHost: app.example.com\r\nHost: evil.example":                     400,
			"GET http://evil.example/api/auth/ok HTTP/1.1\r\nHost: app.example.com":                        400, // RFC 9112 §3.2.2: the target decides
			"GET http://app.example.com/api/auth/ok HTTP/1.1\r\nHost: evil.example":                        200,
			"GET /api/auth/ok HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-Host: evil.example":         200,
			"GET /api/auth/ok HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: app.example.com":         400,
			"GET /api/auth/../auth/ok HTTP/1.1\r\nHost: app.example.com":                                   404,
			"GET //api/auth/ok HTTP/1.1\r\nHost: app.example.com":                                          404,
			"GET /api/auth/%6fk HTTP/1.1\r\nHost: app.example.com":                                         404,
			"GET /api/auth/ok%00 HTTP/1.1\r\nHost: app.example.com":                                        404,
			"GET /api%2fauth/ok HTTP/1.1\r\nHost: app.example.com":                                         404,
			"GET /API/AUTH/ok HTTP/1.1\r\nHost: app.example.com":                                           404,
			"GET /api/authx/ok HTTP/1.1\r\nHost: app.example.com":                                          404,
			"GET /api/auth HTTP/1.1\r\nHost: app.example.com":                                              404,
			"GET /api/auth/ok;x=y HTTP/1.1\r\nHost: app.example.com":                                       404,
			"GET /api/auth/ok?x=;y&%zz HTTP/1.1\r\nHost: app.example.com":                                  200,
			"HEAD /api/auth/ok HTTP/1.1\r\nHost: app.example.com":                                          404,
			"OPTIONS /api/auth/sign-out HTTP/1.1\r\nHost: app.example.com\r\nOrigin: https://evil.example": 404,
		} {
			if got := raw(head); got != want {
				t.Errorf("%q: %d, want %d", head, got, want)
			}
		}
	})
	t.Run("HDR-03 headers that name another method or path are ignored", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		c := join(t, e, ada)
		for _, name := range []string{"X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri", "X-Original-Uri", "X_Original_Url", "X-Forwarded-Prefix"} {
			if a := c.Get("/ok", header(name, "/api/auth/list-sessions")); a.Body != `{"ok":true}` {
				t.Errorf("%s led to %s", name, a.Body)
			}
		}
		for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X_HTTP_Method_Override"} {
			c.Get("/sign-out", header(name, "POST")).Want(t, 404, "NOT_FOUND")
		}
		wantSignedIn(t, c, true)
	})
	t.Run("HDR-04 every answer has its headers and tells nothing of the server", func(t *testing.T) {
		t.Parallel()
		e := open(t, everything)
		c := join(t, e, ada)
		var answers []*authtest.Answer
		for _, op := range e.Auth.Operations() {
			for _, m := range op.Methods {
				answers = append(answers, c.Copy().Do(m, op.Path, ""), c.Copy().Do(m, op.Path, "{}"), c.Copy().Do(m, op.Path, "{"), e.Client().Do(m, op.Path, "{}"))
			}
		}
		answers = append(answers, c.Get("/nope"), c.Get("/get-session"), c.Get("/list-accounts"), c.Get("/verify-email?token=x&callbackURL=/x"))
		for _, a := range answers {
			if got := a.Header.Values("X-Content-Type-Options"); len(got) != 1 || got[0] != "nosniff" {
				t.Errorf("%d %s: X-Content-Type-Options %q", a.Status, clip(a.Body), got)
			}
			if got := a.Header.Values("Cache-Control"); len(got) != 1 || got[0] != "no-store" {
				t.Errorf("%d %s: Cache-Control %q", a.Status, clip(a.Body), got)
			}
			ct := a.Header.Values("Content-Type")
			html := strings.HasPrefix(a.Body, "<!DOCTYPE")
			if len(ct) != 1 || html != (ct[0] == "text/html; charset=utf-8") || !html && ct[0] != "application/json" {
				t.Errorf("%d %s: Content-Type %q", a.Status, clip(a.Body), ct)
			}
			for _, banner := range []string{"Server", "X-Powered-By", "Via", "X-Version"} {
				if a.Header.Get(banner) != "" {
					t.Errorf("%s is sent", banner)
				}
			}
		}
	})
}
