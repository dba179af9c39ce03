package paritytest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
)

// testCase is one exchange. Targets and Host lines may hold {base}, which stands
// for the base path.
type testCase struct {
	name string
	in   string // the setting
	exchange
	// session sends the session's cookies: "token" or "cached".
	session string
	// status is the status that both must answer, so that they do not agree on a
	// mistake. With app it may be 0: anything but a success.
	status int
	// holds must be in the body of both.
	holds string
	// app: the request is the application's, and no header of the kernel is in the answer.
	app bool
	// refused: the framework's own HTTP parser may answer. The test requires only the
	// status, or a closed connection, and that the kernel saw nothing.
	refused bool
}

func line(name, value string) core.HeaderField { return core.HeaderField{Name: name, Value: value} }

var (
	jsonType = line("Content-Type", "application/json")
	site     = line("Origin", "http://localhost:3000")
)

func get(target string, header ...core.HeaderField) exchange {
	return exchange{method: http.MethodGet, target: target, header: header}
}

func post(target, body string, header ...core.HeaderField) exchange {
	if len(header) == 0 {
		header = core.Fields{jsonType, site}
	}
	return exchange{method: http.MethodPost, target: target, header: header, body: body}
}

func with(x exchange, change func(*exchange)) exchange {
	change(&x)
	return x
}

func chunked(x *exchange) { x.chunked = true }

func method(name string) func(*exchange) { return func(x *exchange) { x.method = name } }

var echoed = strings.Repeat("x", maxBody-2)

var cases = []testCase{
	// Bodies.
	{name: "empty body", in: byDefault, exchange: post("{base}/parity/strict", ""), status: 400, holds: "VALIDATION_ERROR"},
	{name: "body", in: byDefault, exchange: post("{base}/parity/echo", `{"a":[1,"ü"]}`), status: 200, holds: `{\"a\":[1,\"ü\"]}`},
	{name: "chunked body", in: byDefault, exchange: with(post("{base}/parity/echo", `{"a":[1,"ü"]}`), chunked), status: 200, holds: `{\"a\":[1,\"ü\"]}`},
	{name: "empty chunked body", in: byDefault, exchange: with(post("{base}/parity/strict", ""), chunked), status: 400, holds: "VALIDATION_ERROR"},
	{name: "form", in: byDefault, exchange: post("{base}/parity/echo", "a=1&b=%E2%82%AC+x", line("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), site), status: 200, holds: `€ x`},
	{name: "body that is not JSON", in: byDefault, exchange: post("{base}/parity/echo", `{"a":`), status: 400, holds: "INVALID_JSON"},
	{name: "wrong content type", in: byDefault, exchange: post("{base}/parity/strict", "hello", line("Content-Type", "text/plain"), site), status: 415, holds: `\"text/plain\" is not allowed`},
	{name: "multipart", in: byDefault, exchange: post("{base}/parity/strict", "--b\r\n\r\n--b--", line("Content-Type", "multipart/form-data; boundary=b"), site), status: 415},
	{name: "no content type", in: byDefault, exchange: post("{base}/parity/strict", `{"email":"a@b.co"}`, site), status: 400, holds: "VALIDATION_ERROR"},
	{name: "body at the limit", in: byDefault, exchange: post("{base}/parity/echo", `"`+echoed+`"`), status: 200, holds: echoed},
	{name: "body over the limit", in: byDefault, exchange: post("{base}/parity/echo", `"`+echoed+`x"`), status: 413, holds: "PAYLOAD_TOO_LARGE"},
	{name: "chunked body at the limit", in: byDefault, exchange: with(post("{base}/parity/echo", `"`+echoed+`"`), chunked), status: 200, holds: echoed},
	{name: "chunked body over the limit", in: byDefault, exchange: with(post("{base}/parity/echo", `"`+echoed+`x"`), chunked), status: 413, holds: "PAYLOAD_TOO_LARGE"},
	{name: "body over the limit at no route", in: byDefault, exchange: post("{base}/nowhere", `"`+echoed+`x"`), status: 404, holds: "NOT_FOUND"},
	{name: "binary body", in: byDefault, exchange: post("{base}/parity/echo", "\"\x00\xff\""), status: 400},
	{name: "Expect: 100-continue", in: byDefault, exchange: post("{base}/parity/echo", `{}`, jsonType, site, line("Expect", "100-continue")), status: 200},
	{name: "outside the base path", in: byDefault, exchange: get("/.well-known/parity"), status: 200, holds: `"/.well-known/parity"`},
	{name: "outside the base path, not below it", in: byDefault, exchange: get("{base}/.well-known/parity"), status: 404, holds: "NOT_FOUND"},
	{name: "other methods", in: byDefault, exchange: with(post("{base}/parity/echo", `{"a":1}`), method("PATCH")), status: 200, holds: `"method":"PATCH"`},
	{name: "DELETE with a body", in: byDefault, exchange: with(post("{base}/parity/echo", `{"a":1}`), method("DELETE")), status: 200, holds: `{\"a\":1}`},

	// Paths.
	{name: "route", in: byDefault, exchange: get("{base}/ok"), status: 200, holds: `{"ok":true}`},
	{name: "trailing slash", in: byDefault, exchange: get("{base}/ok/"), status: 404, holds: "NOT_FOUND"},
	{name: "double slash inside", in: byDefault, exchange: get("{base}//ok"), status: 404, holds: "NOT_FOUND"},
	{name: "double slash at the end", in: byDefault, exchange: get("{base}/ok//"), status: 404, holds: "NOT_FOUND"},
	{name: "double slash in front", in: byDefault, exchange: get("/{base}/ok"), app: true},
	{name: "dot segments", in: byDefault, exchange: get("{base}/parity/../ok"), status: 404, holds: "NOT_FOUND"},
	{name: "dot segment", in: byDefault, exchange: get("{base}/./ok"), status: 404, holds: "NOT_FOUND"},
	{name: "escaped parameter", in: byDefault, exchange: get("{base}/parity/item/a%2Fb%20c%25"), status: 200, holds: `"a%2Fb%20c%25"`},
	{name: "escaped letter", in: byDefault, exchange: get("{base}/%6Fk"), status: 404, holds: "NOT_FOUND"},
	{name: "escaped slash", in: byDefault, exchange: get("{base}%2Fok"), app: true, status: 404},
	{name: "escaped base path", in: byDefault, exchange: get("/%61pi/auth/ok"), app: true, status: 404},
	{name: "upper case", in: byDefault, exchange: get("{base}/OK"), status: 404, holds: "NOT_FOUND"},
	{name: "upper case base path", in: byDefault, exchange: get("/API/AUTH/ok"), app: true, status: 404},
	{name: "base path itself", in: byDefault, exchange: get("{base}"), status: 404, holds: "NOT_FOUND"},
	{name: "base path with slash", in: byDefault, exchange: get("{base}/"), status: 404, holds: "NOT_FOUND"},
	{name: "unmatched below the base path", in: byDefault, exchange: get("{base}/nowhere/at/all"), status: 404, holds: "NOT_FOUND"},
	{name: "unmatched with a body", in: byDefault, exchange: post("{base}/nowhere", `{"a":1}`), status: 404, holds: "NOT_FOUND"},
	{name: "known path, other method", in: byDefault, exchange: with(get("{base}/ok"), method("PUT")), status: 404, holds: "NOT_FOUND"},
	{name: "longer than the base path", in: byDefault, exchange: get("{base}x/ok"), app: true, status: 404},
	{name: "outside of the base path", in: byDefault, exchange: get("/nowhere"), app: true, status: 404},
	{name: "outside of the base path, POST", in: byDefault, exchange: post("/nowhere", `{}`), app: true, status: 404},
	{name: "semicolon", in: byDefault, exchange: get("{base}/ok;v=1"), status: 404, holds: "NOT_FOUND"},

	// Methods.
	{name: "HEAD", in: byDefault, exchange: with(get("{base}/ok"), method("HEAD")), status: 404},
	{name: "OPTIONS", in: byDefault, exchange: with(get("{base}/ok", line("Origin", "http://evil.example"), line("Access-Control-Request-Method", "POST")), method("OPTIONS")), status: 404, holds: "NOT_FOUND"},
	{name: "TRACE", in: byDefault, exchange: with(get("{base}/ok"), method("TRACE")), status: 404},
	{name: "HDR-03 X-HTTP-Method-Override", in: byDefault, exchange: post("{base}/parity/echo", `{}`, jsonType, site, line("X-HTTP-Method-Override", "DELETE"), line("X-Method-Override", "DELETE")), status: 200, holds: `"method":"POST"`},
	{name: "HDR-03 X-HTTP-Method-Override does not reach a route", in: byDefault, exchange: get("{base}/parity/strict", line("X-HTTP-Method-Override", "POST")), status: 404},
	{name: "HDR-03 _method of a form", in: byDefault, exchange: post("{base}/parity/echo", "_method=DELETE", line("Content-Type", "application/x-www-form-urlencoded"), site), status: 200, holds: `"method":"POST"`},
	{name: "HDR-03 X-Original-URL", in: byDefault, exchange: get("{base}/ok", line("X-Original-URL", "/api/auth/parity/echo"), line("X-Rewrite-URL", "/api/auth/parity/echo"), line("X-Forwarded-Uri", "/api/auth/parity/echo")), status: 200, holds: `{"ok":true}`},
	{name: "HDR-03 X-Original-URL outside", in: byDefault, exchange: get("/nowhere", line("X-Original-URL", "/api/auth/ok"), line("X-Rewrite-URL", "/api/auth/ok"), line("X-Forwarded-Prefix", "/api/auth")), app: true, status: 404},

	// Query.
	{name: "query", in: byDefault, exchange: get("{base}/parity/echo?x=%E2%82%AC+a%26b&x=2&%C3%BC=1&empty=&flag&x=3"), status: 200, holds: `€ a&b`},
	{name: "query that is malformed", in: byDefault, exchange: get("{base}/parity/echo?a=%zz&b=1;c=2&=d&&%"), status: 200},
	{name: "query with a question mark and a slash", in: byDefault, exchange: get("{base}/parity/echo?to=/a?b=c//d"), status: 200, holds: "/a?b=c//d"},
	{name: "empty query", in: byDefault, exchange: get("{base}/ok?"), status: 200, holds: `{"ok":true}`},

	// Request headers.
	{name: "several Cookie lines", in: byDefault, exchange: get("{base}/parity/echo", line("Cookie", "a=1; b=2"), line("Cookie", "sample=found")), status: 200, holds: `"cookie":"found"`},
	{name: "repeated header", in: byDefault, exchange: get("{base}/parity/echo", line("X-Many", "one"), line("x-many", "two, three"), line("X-MANY", "")), status: 200, holds: `["one","two, three",""]`},
	{name: "non-ASCII header", in: byDefault, exchange: get("{base}/parity/echo", line("X-Note", "grün €")), status: 200, holds: `grün €`},
	{name: "non-UTF-8 header", in: byDefault, exchange: get("{base}/parity/echo", line("X-Note", "gr\xfcn")), status: 200},
	{name: "forwarded address is not believed", in: byDefault, exchange: get("{base}/parity/echo", line("X-Forwarded-For", "8.8.8.8"), line("X-Real-Ip", "8.8.8.8"), line("Forwarded", "for=8.8.8.8")), status: 200, holds: `"ip":"127.0.0.1"`},
	{name: "forwarded protocol is not believed", in: byDefault, exchange: get("{base}/parity/echo", line("X-Forwarded-Proto", "https"), line("X-Forwarded-Host", "evil.example")), status: 200, holds: `"scheme":"http"`},
	{name: "HTTP/1.0 without Host", in: byDefault, exchange: with(get("{base}/parity/echo"), func(x *exchange) { x.proto, x.host = "HTTP/1.0", "-" }), status: 200, holds: `"host":""`},
	{name: "HDR-02 absolute-form target", in: byDefault, exchange: with(get("http://evil.example{base}/parity/echo?a=1"), func(x *exchange) { x.host = "good.example" }), status: 200, holds: `"host":"evil.example"`},
	{name: "HDR-02 duplicate Host", in: byDefault, exchange: get("{base}/parity/echo?two-hosts", line("Host", "evil.example")), refused: true, status: 400},
	{name: "HDR-02 links do not follow Host", in: byDefault, exchange: with(get("{base}/parity/echo"), func(x *exchange) { x.host = "evil.example:8080" }), status: 200, holds: `"baseURL":"http://localhost:3000/api/auth"`},

	// Answers.
	{name: "several Set-Cookie lines", in: byDefault, exchange: get("{base}/parity/cookies"), status: 200},
	{name: "HDR-01 response headers", in: byDefault, exchange: get("{base}/parity/headers"), status: 418, holds: "{ \"raw\" : true }\n\x00"},
	{name: "redirect", in: byDefault, exchange: get("{base}/parity/moved"), status: 302},
	{name: "empty answer", in: byDefault, exchange: get("{base}/parity/empty"), status: 202},
	{name: "page", in: byDefault, exchange: get("{base}/error?error=%3Cb%3E"), status: 200, holds: "<!DOCTYPE html>"},
	{name: "panic in a before-hook", in: byDefault, exchange: post("{base}/parity/panic", `{}`), status: 500, holds: "INTERNAL_SERVER_ERROR"},
	{name: "panic in an after-hook", in: byDefault, exchange: get("{base}/parity/panic-late"), status: 500, holds: "INTERNAL_SERVER_ERROR"},

	// Sessions.
	{name: "get-session without a cookie", in: byDefault, exchange: get("{base}/get-session"), status: 200, holds: "null"},
	{name: "get-session with a token sets the cookie cache", in: byDefault, exchange: get("{base}/get-session"), session: "token", status: 200, holds: email},
	{name: "get-session from the cookie cache", in: byDefault, exchange: get("{base}/get-session"), session: "cached", status: 200, holds: email},
	{name: "get-session with a forged token removes the cookies", in: byDefault, exchange: get("{base}/get-session", line("Cookie", "better-auth.session_token=x.y")), status: 200, holds: "null"},
	{name: "cookie without origin", in: byDefault, exchange: post("{base}/sign-out", `{}`, jsonType), session: "token", status: 403, holds: "MISSING_OR_NULL_ORIGIN"},
	{name: "foreign origin", in: byDefault, exchange: post("{base}/sign-out", `{}`, jsonType, line("Origin", "http://evil.example")), session: "token", status: 403, holds: "INVALID_ORIGIN"},

	// Other base paths.
	{name: "route", in: custom, exchange: get("{base}/ok"), status: 200, holds: `{"ok":true}`},
	{name: "unmatched", in: custom, exchange: get("{base}/nowhere"), status: 404, holds: "NOT_FOUND"},
	{name: "the default base path is the application's", in: custom, exchange: get("/api/auth/ok"), app: true, status: 404},
	{name: "shorter than the base path", in: custom, exchange: get("/v1"), app: true, status: 404},
	{name: "get-session", in: custom, exchange: get("{base}/get-session"), session: "token", status: 200, holds: email},
	{name: "route", in: root, exchange: get("/ok"), status: 200, holds: `{"ok":true}`},
	{name: "parameter", in: root, exchange: get("/parity/item/a%2Fb"), status: 200, holds: "a%2Fb"},
	{name: "unmatched is the application's", in: root, exchange: get("/nowhere"), app: true, status: 404},
	{name: "known path, other method", in: root, exchange: with(get("/ok"), method("PUT")), status: 404, holds: "NOT_FOUND"},

	// A proxy has taken a prefix off.
	{name: "route", in: stripped, exchange: get("{base}/ok"), status: 200, holds: `{"ok":true}`},
	{name: "the public path is the proxy's", in: stripped, exchange: get("/svc/api/auth/ok"), app: true, status: 404},
	{name: "links have the public path", in: stripped, exchange: get("{base}/parity/echo"), status: 200, holds: `"baseURL":"http://localhost:3000/svc/api/auth"`},
	{name: "RED-08 links do not follow X-Forwarded-Prefix", in: stripped, exchange: get("{base}/parity/echo", line("X-Forwarded-Prefix", "/evil")), status: 200, holds: `"baseURL":"http://localhost:3000/svc/api/auth"`},
	{name: "outside the base path", in: stripped, exchange: get("/.well-known/parity"), status: 200, holds: `"/.well-known/parity"`},
	{name: "unmatched", in: stripped, exchange: get("{base}/nowhere"), status: 404, holds: "NOT_FOUND"},
	{name: "get-session", in: stripped, exchange: get("{base}/get-session"), session: "token", status: 200, holds: email},

	// Empty answers of Better Auth 1.6, to which some frameworks add a text of
	// their own.
	{name: "unmatched", in: betterAuth, exchange: get("{base}/nowhere"), status: 404},
	{name: "unmatched, POST", in: betterAuth, exchange: post("{base}/nowhere", `{}`), status: 404},
	{name: "redirect", in: betterAuth, exchange: get("{base}/verify-email?token=x&callbackURL=/p"), status: 302},

	// Hosts.
	{name: "HDR-02 allowed", in: dynamic, exchange: with(get("{base}/parity/echo"), func(x *exchange) { x.host = "allowed.example" }), status: 200, holds: "http://allowed.example"},
	{name: "HDR-02 allowed by pattern", in: dynamic, exchange: with(get("{base}/parity/echo"), func(x *exchange) { x.host = "a.tenants.example" }), status: 200, holds: "http://a.tenants.example"},
	{name: "HDR-02 not allowed", in: dynamic, exchange: with(get("{base}/parity/echo"), func(x *exchange) { x.host = "evil.example" }), status: 400, holds: "INVALID_HOST"},
	{name: "HDR-02 other port", in: dynamic, exchange: with(get("{base}/parity/echo"), func(x *exchange) { x.host = "allowed.example:81" }), status: 400, holds: "INVALID_HOST"},
	{name: "HDR-02 absolute-form target counts, not Host", in: dynamic, exchange: with(get("http://evil.example{base}/parity/echo"), func(x *exchange) { x.host = "allowed.example" }), status: 400, holds: "INVALID_HOST"},
	{name: "HDR-02 absolute-form target that is allowed", in: dynamic, exchange: with(get("http://allowed.example{base}/parity/echo"), func(x *exchange) { x.host = "evil.example" }), status: 200, holds: "http://allowed.example"},
	{name: "HDR-02 X-Forwarded-Host is not believed", in: dynamic, exchange: with(get("{base}/parity/echo", line("X-Forwarded-Host", "allowed.example")), func(x *exchange) { x.host = "evil.example" }), status: 400, holds: "INVALID_HOST"},

	{name: "remote address", in: ipv6, exchange: get("{base}/parity/echo", line("X-Forwarded-For", "2001:db8::1")), status: 200, holds: `"ip":"0000:0000:0000:0000:0000:0000:0000:0000"`},
	{name: "get-session", in: ipv6, exchange: get("{base}/get-session"), session: "token", status: 200, holds: email},
}

// check runs one case.
func (p *parity) check(t *testing.T, c testCase) {
	x := c.exchange
	x.target = strings.ReplaceAll(x.target, "{base}", p.auth.BasePath())
	x.header = p.withSession(x.header, c.session)
	if c.refused {
		_, query, _ := strings.Cut(x.target, "?")
		if got, err := p.send(x); err == nil && got.status != c.status {
			t.Errorf("status %d, want %d", got.status, c.status)
		}
		if p.probe.count(query) > 0 {
			t.Error("the request reached the kernel")
		}
		return
	}
	got := p.mustSend(t, x)
	if c.app && c.status == 0 && got.status >= 300 {
		c.status = got.status
	}
	if got.status != c.status || !strings.Contains(got.body, c.holds) && x.method != http.MethodHead {
		t.Errorf("got %d %q, want %d with %q", got.status, got.body, c.status, c.holds)
	}
	if c.app {
		if got.header.Get("Cache-Control") == "no-store" || strings.Contains(got.body, "NOT_FOUND") || len(got.header.Values("Set-Cookie")) > 0 {
			t.Errorf("the kernel answered for the application: %v %s", got.header, got.body)
		}
		return
	}
	if d := differ(got, p.reference(t, x)); d != "" {
		t.Error(d)
	}
}

func (p *parity) withSession(header core.Fields, kind string) core.Fields {
	switch kind {
	case "token":
		return append(header[:len(header):len(header)], line("Cookie", p.token))
	case "cached":
		return append(header[:len(header):len(header)], line("Cookie", p.cached))
	}
	return header
}
