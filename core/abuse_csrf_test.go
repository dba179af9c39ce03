package core_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/nethttp"
)

// mutating lists every routed operation that is not read with GET alone, as method
// and a path that fits it.
func mutating(a *core.Auth) [][2]string {
	var out [][2]string
	for _, op := range a.Operations() {
		for _, m := range op.Methods {
			if op.Path != "" && m != http.MethodGet {
				out = append(out, [2]string{m, strings.ReplaceAll(op.Path, ":token", "x")})
			}
		}
	}
	return out
}

// everything enables all routes that would otherwise answer "disabled".
func everything(e *authtest.Env, o *core.Options) {
	o.Session.DeferRefresh = true
	o.User.ChangeEmail.Enabled, o.User.DeleteUser.Enabled = true, true
}

func TestOriginOfMutatingRoutes(t *testing.T) {
	t.Parallel()
	e := open(t, everything)
	signed := join(t, e, ada)
	before := fmt.Sprint(row(t, e, core.ModelUser), row(t, e, core.ModelSession), row(t, e, core.ModelAccount))
	routes := mutating(e.Auth)
	if len(routes) < 17 {
		t.Fatalf("only %d routes: %v", len(routes), routes)
	}
	body := `{"email":"ada@example.com","password":"correct horse battery","newPassword":"a new passphrase","currentPassword":"correct horse battery",` +
		`"name":"Eve","newEmail":"eve@example.com","token":"` + tokenOf(signed) + `","providerId":"credential"}`
	for _, r := range routes {
		for _, tc := range []struct {
			id, code string
			header   []core.HeaderField
		}{
			{"CSRF-01", "INVALID_ORIGIN", []core.HeaderField{header("Origin", "https://evil.example")}},
			{"CSRF-01", "INVALID_ORIGIN", []core.HeaderField{header("Origin", ""), header("Referer", "https://evil.example/page?"+authtest.BaseURL)}},
			{"CSRF-01", "INVALID_ORIGIN", []core.HeaderField{header("Origin", "https://evil.example"), header("Referer", authtest.BaseURL)}},
			{"CSRF-02", "MISSING_OR_NULL_ORIGIN", []core.HeaderField{header("Origin", "")}},
			{"CSRF-02", "MISSING_OR_NULL_ORIGIN", []core.HeaderField{header("Origin", "null")}},
			{"CSRF-02", "MISSING_OR_NULL_ORIGIN", []core.HeaderField{header("Origin", "null"), header("Referer", authtest.BaseURL)}},
			{"CSRF-02", "MISSING_OR_NULL_ORIGIN", []core.HeaderField{header("Origin", ""), header("Sec-Fetch-Site", "same-origin")}},
		} {
			a := signed.Copy().Do(r[0], r[1], body, tc.header...)
			if a.Status != 403 || a.Code() != tc.code {
				t.Errorf("%s %s %s with %v: %d %s", tc.id, r[0], r[1], tc.header, a.Status, clip(a.Body))
			}
			if len(a.Header.Values("Set-Cookie")) > 0 {
				t.Errorf("%s %s sets cookies", tc.id, r[1])
			}
		}
		// Without a body, and with any cookie at all.
		a := bearing(e, "x=y").Do(r[0], r[1], "", header("Origin", "https://evil.example"))
		if a.Status != 403 || a.Code() != "INVALID_ORIGIN" {
			t.Errorf("CSRF-01 %s without a body: %d %s", r[1], a.Status, clip(a.Body))
		}
	}
	if after := fmt.Sprint(row(t, e, core.ModelUser), row(t, e, core.ModelSession), row(t, e, core.ModelAccount)); after != before {
		t.Errorf("something was changed:\n%s\n%s", before, after)
	}
	for _, ev := range e.Events() {
		if ev.Type == core.EventOriginRefused {
			return
		}
	}
	t.Error("no event tells of a refused origin")
}

func TestLoginCSRF(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	join(t, e, ada)
	bodies := map[string]object{
		"/sign-in/email": {"email": ada, "password": passphrase},
		"/sign-up/email": {"email": bob, "password": passphrase, "name": "B"},
	}
	for path, body := range bodies {
		for _, tc := range []struct {
			name, code string
			header     []core.HeaderField
		}{
			{"CSRF-03 a cross-site form", "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED", []core.HeaderField{
				header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "navigate"), header("Sec-Fetch-Dest", "document"), header("Origin", "https://evil.example")}},
			{"CSRF-03 a cross-site form that names a trusted origin", "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED", []core.HeaderField{
				header("Sec-Fetch-Site", " cross-site "), header("Sec-Fetch-Mode", "navigate")}},
			{"CSRF-04 a foreign origin", "INVALID_ORIGIN", []core.HeaderField{header("Origin", "https://evil.example")}},
			{"CSRF-04 a null origin", "MISSING_OR_NULL_ORIGIN", []core.HeaderField{header("Origin", "null")}},
			{"CSRF-04 fetch metadata without origin", "MISSING_OR_NULL_ORIGIN", []core.HeaderField{header("Origin", ""), header("Sec-Fetch-Mode", "cors")}},
		} {
			t.Run(tc.name+" "+path, func(t *testing.T) {
				c := e.Client()
				a := c.Post(path, body, tc.header...).Want(t, 403, tc.code)
				if len(a.Header.Values("Set-Cookie")) > 0 {
					t.Error("a cookie was set")
				}
				form := append(tc.header[:len(tc.header):len(tc.header)], header("Content-Type", "application/x-www-form-urlencoded"))
				c.Do("POST", path, "email=ada%40example.com&password=correct+horse+battery&name=x", form...).Want(t, 403, tc.code)
			})
		}
	}
	// Another server, unlike a browser, sends neither.
	c := e.Client()
	c.Origin = ""
	c.Post("/sign-in/email", bodies["/sign-in/email"]).Want(t, 200, "")
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	e := open(t, everything)
	signed := join(t, e, ada)
	before := fmt.Sprint(row(t, e, core.ModelUser), row(t, e, core.ModelSession))
	forms := map[string]bool{"/sign-in/email": true, "/sign-up/email": true}
	for _, r := range mutating(e.Auth) {
		for _, ct := range []string{
			"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain; application/json",
			"text/json", "application/jsonx", "application/json-patch+json", "application/json,text/plain", "*/*", ";", "application/problem+json",
		} {
			if forms[r[1]] && ct == "application/x-www-form-urlencoded" {
				continue
			}
			body := `{"name":"Eve","email":"ada@example.com","password":"correct horse battery","newPassword":"a new passphrase","currentPassword":"correct horse battery"}`
			a := signed.Copy().Do(r[0], r[1], body, header("Content-Type", ct))
			if a.Status != 415 || a.Code() != "UNSUPPORTED_MEDIA_TYPE" {
				t.Errorf("CSRF-05 %s as %s: %d %s", r[1], ct, a.Status, clip(a.Body))
			}
		}
	}
	t.Run("CSRF-05 JSON in a form is not JSON", func(t *testing.T) {
		a := e.Client().Do("POST", "/sign-in/email", `{"email":"ada@example.com","password":"correct horse battery","x":"=`+`"}`,
			header("Content-Type", "application/x-www-form-urlencoded"))
		a.Want(t, 400, "VALIDATION_ERROR")
	})
	t.Run("CSRF-05 a body without content type is not read", func(t *testing.T) {
		a := signed.Copy().Do("POST", "/update-user", `{"name":"Eve"}`, header("Content-Type", ""))
		a.Want(t, 400, "VALIDATION_ERROR")
	})
	if after := fmt.Sprint(row(t, e, core.ModelUser), row(t, e, core.ModelSession)); after != before {
		t.Errorf("something was changed:\n%s\n%s", before, after)
	}
}

func TestOriginLookAlikes(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, o *core.Options) {
		o.BaseURL = "https://app.example.com"
		o.TrustedOrigins = []string{"https://*.trusted.example", "myapp://callback", "other://", "https://admin.example.com:8443"}
	})
	status := func(origin string) int {
		return e.Client().Do("POST", "/sign-out", "{}", header("Origin", origin), header("Cookie", "x=y")).Status
	}
	for _, origin := range []string{
		"https://app.example.com.evil", "https://evil-app.example.com", "https://app.example.com:444", "https://app.example.com.",
		"https://user@app.example.com", "https://app.example.com@evil.example", "https://xn--pp-fka.example.com", "https://аpp.example.com",
		"https://app.example.com\\@evil.example", "https://evil.example/https://app.example.com", "https://evil.example#https://app.example.com",
		"https://evil.example?https://app.example.com", "//app.example.com", "app.example.com", "https:app.example.com", "https:///app.example.com",
		"https://app.example.com https://evil.example", "https://app.example.com,https://evil.example", "https://app.example.com%00.evil", "https://app.example.com%2eevil",
		"https://evil-trusted.example", "https://trusted.example", "https://x.trusted.example.evil", "https://x.trusted.example:444", "https://.trusted.example",
		"https://admin.example.com", "https://admin.example.com:8444", "wss://app.example.com", "ftp://app.example.com", "file://", "blob:https://app.example.com", "*",
	} {
		if got := status(origin); got != 403 {
			t.Errorf("CSRF-06 %q: %d", origin, got)
		}
	}
	for _, origin := range []string{"https://app.example.com", "https://APP.example.com", "https://app.example.com:443", "https://x.trusted.example", "https://admin.example.com:8443"} {
		if got := status(origin); got != 200 {
			t.Errorf("CSRF-06 %q is trusted and answers %d", origin, got)
		}
	}
	for _, origin := range []string{"http://app.example.com", "http://app.example.com:443", "http://x.trusted.example", "http://admin.example.com:8443"} {
		if got := status(origin); got != 403 {
			t.Errorf("CSRF-07 %q: %d", origin, got)
		}
	}
	for origin, want := range map[string]int{
		"myapp://callback.attacker.tld": 403, "myapp://callbackx": 403, "myapp://": 403, "myapp://other": 403, "myapp://callback@evil": 403,
		"myapp://callback": 200, "other://anything": 200, "other://": 200, "another://": 403, "otherx://a": 403,
	} {
		if got := status(origin); got != want {
			t.Errorf("CSRF-08 %q: %d, want %d", origin, got, want)
		}
	}
}

func TestMethodsOfMutatingRoutes(t *testing.T) {
	t.Parallel()
	e := open(t, everything)
	signed := join(t, e, ada)
	before := fmt.Sprint(row(t, e, core.ModelUser), row(t, e, core.ModelSession))
	gets := map[string]bool{}
	for _, op := range e.Auth.Operations() {
		for _, m := range op.Methods {
			if m == http.MethodGet {
				gets[op.Path] = true
			}
		}
	}
	override := []core.HeaderField{header("X-HTTP-Method-Override", "POST"), header("X-HTTP-Method", "POST"), header("X-Method-Override", "POST")}
	for _, r := range mutating(e.Auth) {
		if gets[r[1]] {
			continue
		}
		for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "post", "Post", "QUERY", ""} {
			a := signed.Copy().Do(method, r[1]+"?_method=POST", `{"name":"Eve","_method":"POST"}`, override...)
			if a.Status != 404 || len(a.Header.Values("Set-Cookie")) > 0 {
				t.Errorf("CSRF-09 %s %s: %d %s", method, r[1], a.Status, clip(a.Body))
			}
		}
	}
	if after := fmt.Sprint(row(t, e, core.ModelUser), row(t, e, core.ModelSession)); after != before {
		t.Errorf("something was changed:\n%s\n%s", before, after)
	}
}

func TestOriginsOfOneRequest(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, o *core.Options) {
		o.TrustedOriginsFunc = func(_ context.Context, r *core.Request) ([]string, error) {
			return []string{r.Header.Get("X-Tenant"), ""}, nil
		}
	})
	t.Run("CSRF-10 a hundred requests at once, each with its own origins", func(t *testing.T) {
		t.Parallel()
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				mine, other := fmt.Sprintf("https://t%d.example", i), fmt.Sprintf("https://t%d.example", (i+1)%100)
				for origin, want := range map[string]int{mine: 200, other: 403} {
					a := e.Client().Do("POST", "/sign-out", "{}", header("Cookie", "x=y"), header("X-Tenant", mine), header("Origin", origin))
					if a.Status != want {
						t.Errorf("%s at tenant %s: %d, want %d", origin, mine, a.Status, want)
					}
				}
			})
		}
		wg.Wait()
		a := e.Client().Do("POST", "/sign-out", "{}", header("Cookie", "x=y"), header("Origin", "https://t1.example"))
		a.Want(t, 403, "INVALID_ORIGIN")
	})
	t.Run("CSRF-10 an error or a bad pattern trusts nobody", func(t *testing.T) {
		t.Parallel()
		for _, f := range []func(context.Context, *core.Request) ([]string, error){
			func(context.Context, *core.Request) ([]string, error) {
				return []string{"https://evil.example"}, errDatabase
			},
			func(context.Context, *core.Request) ([]string, error) {
				return []string{"https://evil.example", "not an origin"}, nil
			},
		} {
			e := open(t, func(_ *authtest.Env, o *core.Options) { o.TrustedOriginsFunc = f })
			e.Client().Do("POST", "/sign-out", "{}", header("Cookie", "x=y"), header("Origin", "https://evil.example")).Want(t, 403, "INVALID_ORIGIN")
			mustContain(t, e.Log.String(), "TrustedOriginsFunc")
		}
	})
}

func TestNoCORS(t *testing.T) {
	t.Parallel()
	t.Run("CSRF-11 no Access-Control headers are ever sent", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options) { o.TrustedOrigins = []string{"https://trusted.example"} })
		c := join(t, e, ada)
		for _, origin := range []string{"https://evil.example", "https://trusted.example", authtest.BaseURL, "null"} {
			for _, op := range e.Auth.Operations() {
				for _, method := range []string{"GET", "POST", "OPTIONS", "HEAD"} {
					a := c.Copy().Do(method, op.Path, "", header("Origin", origin), header("Access-Control-Request-Method", "POST"), header("Access-Control-Request-Headers", "content-type"))
					for _, h := range a.Header {
						if strings.HasPrefix(strings.ToLower(h.Name), "access-control-") {
							t.Errorf("%s %s sends %s", method, op.Path, h.Name)
						}
					}
				}
			}
		}
	})
}

func TestChecksThroughNetHTTP(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	server := httptest.NewServer(nethttp.Handler(e.Auth))
	defer server.Close()
	post := func(path, body string, h map[string]string) *http.Response {
		t.Helper()
		req, err := http.NewRequest("POST", server.URL+"/api/auth"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		for k, v := range h {
			req.Header.Set(k, v)
		}
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	for name, tc := range map[string]struct {
		want   int
		path   string
		body   string
		header map[string]string
	}{
		"CSRF-12 foreign origin with cookie":   {403, "/sign-out", "{}", map[string]string{"Origin": "https://evil.example", "Cookie": "x=y"}},
		"CSRF-12 the host of the connection":   {403, "/sign-out", "{}", map[string]string{"Origin": server.URL, "Cookie": "x=y"}},
		"CSRF-12 no origin with cookie":        {403, "/sign-out", "{}", map[string]string{"Cookie": "x=y"}},
		"CSRF-12 foreign referer with cookie":  {403, "/sign-out", "{}", map[string]string{"Referer": "https://evil.example/", "Cookie": "x=y"}},
		"CSRF-12 foreign origin on sign-in":    {403, "/sign-in/email", `{"email":"a@b.co","password":"12345678"}`, map[string]string{"Origin": "https://evil.example"}},
		"CSRF-12 foreign redirect":             {403, "/request-password-reset", `{"email":"a@b.co","redirectTo":"https://evil.example"}`, nil},
		"CSRF-12 the trusted origin passes":    {200, "/sign-out", "{}", map[string]string{"Origin": authtest.BaseURL, "Cookie": "x=y"}},
		"CSRF-12 a server without any of them": {401, "/sign-in/email", `{"email":"a@b.co","password":"12345678"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := post(tc.path, tc.body, tc.header).StatusCode; got != tc.want {
				t.Errorf("answered %d, want %d", got, tc.want)
			}
		})
	}
}

func TestSkipOriginCheck(t *testing.T) {
	t.Parallel()
	evil := []core.HeaderField{header("Cookie", "x=y"), header("Origin", "https://evil.example")}
	t.Run("CSRF-13 paths are compared as a whole", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.SkipOriginCheck = []string{"/sign", "/sign-out/", "/sign-in"}
		})
		e.Client().Do("POST", "/sign-out", "{}", evil...).Want(t, 200, "")
		for _, path := range []string{"/sign-in/email", "/sign-up/email", "/update-user"} {
			e.Client().Do("POST", path, `{"name":"x"}`, evil...).Want(t, 403, "INVALID_ORIGIN")
		}
		// The same holds for redirect parameters, which are checked for every origin.
		foreign := object{"email": ada, "password": passphrase, "callbackURL": "https://evil.example"}
		e.Client().Post("/sign-in/email", foreign).Want(t, 403, "INVALID_CALLBACK_URL")
		e.Client().Post("/sign-out", foreign).Want(t, 200, "")
		for _, path := range []string{"/sign-out/../update-user", "/sign-out/%2e%2e/update-user", "/sign-out//update-user", "//sign-out", "/sign-out%2f", "/SIGN-OUT", "/sign-out;x"} {
			if a := e.Client().Do("POST", path, "{}", evil...); a.Status != 404 {
				t.Errorf("%s: %d", path, a.Status)
			}
		}
	})
	t.Run("CSRF-13 the star covers redirect parameters only", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options) { o.SkipOriginCheck = []string{"*"} })
		e.Client().Do("POST", "/sign-out", "{}", evil...).Want(t, 403, "INVALID_ORIGIN")
		e.Client().Post("/request-password-reset", object{"email": ada, "redirectTo": "https://evil.example"}).Want(t, 200, "")
	})
	t.Run("CSRF-13 DisableCSRFCheck leaves redirect parameters checked", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options) { o.DisableCSRFCheck = true })
		e.Client().Do("POST", "/sign-out", "{}", evil...).Want(t, 200, "")
		e.Client().Post("/request-password-reset", object{"email": ada, "redirectTo": "https://evil.example"}).Want(t, 403, "INVALID_REDIRECT_URL")
	})
}
