package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// What Better Auth's own tests need of a control server, when they are played over the
// protocol.

// world answers callbacks of an instance and keeps what they were called with.
type world struct {
	url string
	mu  sync.Mutex
	got map[string][]json.RawMessage // arguments of the latest call, by name
}

// play starts a world. answer may be nil; what it returns is a tagged value.
func play(t *testing.T, answer func(name string, args []json.RawMessage) string) *world {
	t.Helper()
	w := &world{got: map[string][]json.RawMessage{}}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		var call struct {
			Name string
			Args []json.RawMessage
		}
		if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
			t.Error(err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.got[call.Name] = call.Args
		result := ""
		if answer != nil {
			result = answer(call.Name, call.Args)
		}
		if result == "" {
			result = `{"$undefined":1}`
		}
		fmt.Fprintf(out, `{"result":%s}`, result)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// arg is one argument of the latest call of a callback.
func (w *world) arg(name string, n int) json.RawMessage {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.got[name]) <= n {
		return nil
	}
	return w.got[name][n]
}

func (h *harness) request(method, path, body string, header ...string) (int, http.Header, string) {
	h.t.Helper()
	return h.send(method, "/", body, append([]string{"Content-Type", "application/json", "Origin", "http://localhost:3000", "X-BA-Instance", "i", "X-BA-Original-URL", "http://localhost:3000/api/auth" + path}, header...)...)
}

const signUpBody = `{"name":"A","email":"a@example.com","password":"password123"}`

func TestHeadersOfServerSideCalls(t *testing.T) {
	t.Parallel()
	w := play(t, nil)
	h := start(t, "nethttp", "memory")
	h.want(http.StatusOK, "/__instances", `{"id":"i","callbackURL":"`+w.url+`","options":{"baseURL":"http://localhost:3000","hooks":{"before":{"$callback":"before","middleware":true}}}}`, `"id"`)
	for _, tt := range []struct{ name, input, want string }{
		{"none", `null`, `{"$undefined":1}`},
		{"null", `{"headers":null}`, `{"$undefined":1}`},
		{"a list", `{"headers":{"$headers":[["x-a","b"]]}}`, `{"$headers":[["x-a","b"]]}`},
		{"an object", `{"headers":{"X-A":"b"}}`, `{"$headers":[["x-a","b"]]}`},
		{"of a request", `{"request":{"$request":{"method":"GET","url":"http://localhost:3000/api/auth/ok","headers":[["x-r","1"]]}}}`, `{"$headers":[["x-r","1"]]}`},
	} {
		h.want(http.StatusOK, "/__instances/i/api/ok", `{"input":`+tt.input+`}`, `\"ok\":true`)
		var ctx struct {
			Ctx struct{ Headers json.RawMessage } `json:"$ctx"`
		}
		if err := json.Unmarshal(w.arg("before", 0), &ctx); err != nil || string(ctx.Ctx.Headers) != tt.want {
			t.Errorf("headers %s: %s (%v), want %s", tt.name, ctx.Ctx.Headers, err, tt.want)
		}
	}
}

// TestStoresThatParse plays a sign-in and what follows it with secondary storages that
// return what they parsed instead of the text they were given.
func TestStoresThatParse(t *testing.T) {
	t.Parallel()
	for name, parse := range map[string]func(text string) string{"JSON": asParsed, "JSON with dates": revived} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kept := map[string]string{}
			w := play(t, func(name string, args []json.RawMessage) string {
				var key, value string
				_ = json.Unmarshal(args[0], &key)
				switch name {
				case "set":
					_ = json.Unmarshal(args[1], &value)
					kept[key] = value
				case "delete":
					delete(kept, key)
				case "get":
					text, ok := kept[key]
					if !ok {
						return "null"
					}
					return parse(text)
				}
				return ""
			})
			h := start(t, "nethttp", "memory")
			h.want(http.StatusOK, "/__instances", `{"id":"i","callbackURL":"`+w.url+`","options":{"baseURL":"http://localhost:3000","emailAndPassword":{"enabled":true},"rateLimit":{"enabled":true},
				"session":{"additionalFields":{"theme":{"type":"string","required":false}}},
				"secondaryStorage":{"get":{"$callback":"get"},"set":{"$callback":"set"},"delete":{"$callback":"delete"}}}}`, `"id"`)
			_, header, _ := h.request("POST", "/sign-up/email", signUpBody)
			cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
			for _, step := range []struct{ method, path, body, want string }{
				{"GET", "/get-session", "", `"email":"a@example.com"`},
				{"POST", "/update-session", `{"theme":"dark"}`, `"theme":"dark"`},
				{"POST", "/update-user", `{"name":"Z"}`, `"status":true`},
				{"GET", "/get-session", "", `"name":"Z"`},
				{"GET", "/list-sessions", "", `"theme":"dark"`},
				{"POST", "/revoke-other-sessions", `{}`, `"status":true`},
				{"POST", "/sign-out", `{}`, `"success":true`},
				{"GET", "/get-session", "", `null`},
			} {
				if status, _, body := h.request(step.method, step.path, step.body, "Cookie", cookie); status != 200 || !strings.Contains(body, step.want) {
					t.Errorf("%s %s: %d %s, want %s", step.method, step.path, status, body, step.want)
				}
			}
		})
	}
}

// asParsed is the value that a JSON text stands for; other text stands for itself.
func asParsed(text string) string {
	if json.Valid([]byte(text)) {
		return text
	}
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

// revived is parsed by a store that makes dates of texts.
func revived(text string) string {
	var v any
	if json.Unmarshal([]byte(asParsed(text)), &v) != nil {
		return "null"
	}
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				v[name] = walk(inner)
			}
		case []any:
			for n, inner := range v {
				v[n] = walk(inner)
			}
		case string:
			if len(v) == len("2026-01-01T00:00:00.000Z") && strings.HasSuffix(v, "Z") {
				return map[string]any{"$date": v}
			}
		}
		return v
	}
	b, _ := json.Marshal(walk(v))
	return string(b)
}

func TestCallsWithoutBaseURL(t *testing.T) {
	t.Parallel()
	w := play(t, nil)
	h := start(t, "nethttp", "memory")
	h.want(http.StatusOK, "/__instances", `{"id":"i","callbackURL":"`+w.url+`","options":{"emailAndPassword":{"enabled":true,"sendResetPassword":{"$callback":"mail"}}}}`, `"id"`)
	h.want(http.StatusOK, "/__instances/i/api/signUpEmail", `{"input":{"body":`+signUpBody+`}}`, `"status":200`)
	h.want(http.StatusOK, "/__instances/i/api/requestPasswordReset", `{"input":{"body":{"email":"a@example.com"}}}`, `"status":200`)
	if got := string(w.arg("mail", 0)); !strings.Contains(got, `"url":"http://localhost:3000/api/auth/reset-password/`) {
		t.Errorf("mailed %s", got)
	}
	// A request says where it went.
	h.send("POST", "/", `{"email":"a@example.com"}`, "Content-Type", "application/json", "X-BA-Instance", "i", "X-BA-Original-URL", "https://app.example.com/api/auth/request-password-reset")
	if got := string(w.arg("mail", 0)); !strings.Contains(got, `"url":"https://app.example.com/api/auth/reset-password/`) {
		t.Errorf("mailed %s", got)
	}
}

func TestAddressByEnvironment(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ env, want string }{
		{`{"NODE_ENV":"test"}`, "127.0.0.1"},
		{`{"NODE_ENV":"development"}`, "127.0.0.1"},
		{`{"NODE_ENV":"dev"}`, "127.0.0.1"},
		{`{"TEST":"1"}`, "127.0.0.1"},
		{`{"TEST":"false"}`, ""},
		{`{"NODE_ENV":"production"}`, ""},
		{`{}`, ""},
	} {
		t.Run(tt.env, func(t *testing.T) {
			t.Parallel()
			h := start(t, "nethttp", "memory")
			h.want(http.StatusOK, "/__instances", `{"id":"i","options":{"baseURL":"http://localhost:3000","emailAndPassword":{"enabled":true}},"env":`+tt.env+`}`, `"id"`)
			h.request("POST", "/sign-up/email", signUpBody)
			h.want(http.StatusOK, "/__instances/i/db", `{"op":"findOne","model":"session"}`, `"ipAddress":"`+tt.want+`"`)
		})
	}
}

func TestPublicSecret(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, options, env string
		accepted           bool
	}{
		{"in a test", `"secret":"` + publicSecret + `",`, `{"NODE_ENV":"test"}`, true},
		{"in a test, by the environment", ``, `{"TEST":"true","BETTER_AUTH_SECRET":"` + publicSecret + `"}`, true},
		{"in a test, in a rotation", `"secrets":[{"version":1,"value":"` + publicSecret + `"}],`, `{"NODE_ENV":"test"}`, true},
		{"in a test without one", ``, `{"NODE_ENV":"test"}`, true},
		{"elsewhere", `"secret":"` + publicSecret + `",`, `{}`, false},
		{"in production", `"secret":"` + publicSecret + `",`, `{"NODE_ENV":"production"}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := start(t, "nethttp", "memory")
			status, _, text := h.send("POST", "/__instances", `{"id":"i","options":{`+tt.options+`"baseURL":"http://localhost:3000","emailAndPassword":{"enabled":true}},"env":`+tt.env+`}`)
			if (status == 200) != tt.accepted {
				t.Fatalf("%d %s", status, text)
			}
			if !tt.accepted {
				return
			}
			_, header, _ := h.request("POST", "/sign-up/email", signUpBody)
			cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
			_, signed, _ := strings.Cut(cookie, "=")
			if !signedBy(signed, publicSecret) {
				t.Errorf("%s is not signed by the public secret", cookie)
			}
		})
	}
}

// signedBy reports whether the value of a cookie is signed with a secret.
func signedBy(value, key string) bool {
	text, err := url.QueryUnescape(value)
	signed, signature, _ := strings.Cut(text, ".")
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(signed))
	return err == nil && base64.StdEncoding.EncodeToString(mac.Sum(nil)) == signature
}

// rowsOf loads two users, one of them with three sessions.
const rowsOf = `"database":{"kind":"memory","data":{
	"user":[{"id":"u1","name":"U","email":"u1@example.com","emailVerified":true,"createdAt":"2020-01-01","updatedAt":"2020-01-01"},
		{"id":"u2","name":"V","email":"u2@example.com","emailVerified":"false","createdAt":"2020-01-01","updatedAt":{"$date":"2020-01-01T00:00:00.000Z"}}],
	"session":[{"id":"s1","token":"t1","userId":"u1","expiresAt":"2030-01-01","createdAt":"2020-01-01","updatedAt":"2020-01-01"},
		{"id":"s2","token":"t2","userId":"u1","expiresAt":"2030-01-01","createdAt":"2020-01-01","updatedAt":"2020-01-01"},
		{"id":"s3","token":"t3","userId":"u1","expiresAt":"2030-01-01","createdAt":"2020-01-01","updatedAt":"2020-01-01"}]}}`

func TestDatabaseCoerces(t *testing.T) {
	t.Parallel()
	for _, database := range adapterNames() {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			h := start(t, "nethttp", database)
			h.want(http.StatusOK, "/__instances", `{"id":"i","options":{"baseURL":"http://localhost:3000","user":{"additionalFields":{
				"age":{"type":"number","required":false},"vip":{"type":"boolean","required":false},"since":{"type":"date","required":false},
				"tags":{"type":"string[]","required":false},"marks":{"type":"number[]","required":false},"conf":{"type":"json","required":false}}}},`+rowsOf+`}`, `"id"`)
			db := func(body, part string) { t.Helper(); h.want(http.StatusOK, "/__instances/i/db", body, part) }
			update := func(set, part string) {
				t.Helper()
				db(`{"op":"update","model":"user","where":[{"field":"id","value":"u1"}],"update":`+set+`}`, part)
			}
			update(`{"age":"7"}`, `"age":7`)
			update(`{"vip":"true"}`, `"vip":true`)
			update(`{"vip":1}`, `"vip":true`)
			update(`{"since":"2026-02-03"}`, `"since":{"$date":"2026-02-03T00:00:00.000Z"}`)
			update(`{"tags":"[\"b\"]"}`, `"tags":["b"]`)
			update(`{"marks":"[3]"}`, `"marks":[3]`)
			update(`{"conf":"{\"a\":2}"}`, `"conf":{"a":2}`)
			update(`{"name":5}`, `"name":"5"`)
			update(`{"unknown":1,"name":"W"}`, `"name":"W"`)
			count := func(where, n string) {
				t.Helper()
				db(`{"op":"count","model":"user","where":[`+where+`]}`, `{"result":`+n+`}`)
			}
			count(`{"field":"age","value":"7"}`, "1")
			count(`{"field":"age","operator":"in","value":["7","8"]}`, "1")
			count(`{"field":"age","operator":"gt","value":"6"}`, "1")
			count(`{"field":"vip","value":"true"}`, "1")
			count(`{"field":"vip","value":"yes"}`, "0")
			count(`{"field":"createdAt","value":"2020-01-01T00:00:00.000Z"}`, "2")
			count(`{"field":"id","value":5}`, "0")
		})
	}
}

func TestDatabaseJoins(t *testing.T) {
	t.Parallel()
	for _, database := range adapterNames() {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			h := start(t, "nethttp", database)
			h.want(http.StatusOK, "/__instances", `{"id":"i","options":{"baseURL":"http://localhost:3000"},`+rowsOf+`}`, `"id"`)
			for _, tt := range []struct {
				name, query string
				want        map[string]int // names, with how many rows each has
				joined      string         // is part of the answer
			}{
				{"several", `"op":"findOne","model":"user","where":[{"field":"id","value":"u1"}],"select":["name"],"join":{"session":true}`, map[string]int{"session": 3}, `"token":"t3"`},
				{"a limit", `"op":"findOne","model":"user","where":[{"field":"id","value":"u1"}],"select":["name"],"join":{"session":{"limit":2}}`, map[string]int{"session": 2}, `"token":"t`},
				{"none there", `"op":"findOne","model":"user","where":[{"field":"id","value":"u2"}],"join":{"session":true,"account":true}`, map[string]int{"session": 0, "account": 0}, `"session":[]`},
				{"one", `"op":"findOne","model":"session","where":[{"field":"id","value":"s1"}],"select":["id"],"join":{"user":true}`, nil, `"email":"u1@example.com"`},
				{"switched off", `"op":"findOne","model":"session","where":[{"field":"id","value":"s1"}],"select":["id"],"join":{"user":false}`, nil, `{"result":{"id":"s1"}}`},
			} {
				text := h.want(http.StatusOK, "/__instances/i/db", `{`+tt.query+`}`, tt.joined)
				var answer struct{ Result map[string]json.RawMessage }
				if err := json.Unmarshal([]byte(text), &answer); err != nil {
					t.Fatal(err)
				}
				for name, want := range tt.want {
					var rows []json.RawMessage
					if err := json.Unmarshal(answer.Result[name], &rows); err != nil || len(rows) != want {
						t.Errorf("%s: %d rows of %s (%v), want %d: %s", tt.name, len(rows), name, err, want, text)
					}
				}
			}
			text := h.want(http.StatusOK, "/__instances/i/db", `{"op":"findMany","model":"user","where":[{"field":"id","operator":"in","value":["u1","u2"]}],"select":["id"],"sortBy":{"field":"id","direction":"desc"},"join":{"session":{"limit":1}}}`, `"result"`)
			var many struct {
				Result []struct {
					ID      string
					Session []json.RawMessage
				}
			}
			if err := json.Unmarshal([]byte(text), &many); err != nil || len(many.Result) != 2 || len(many.Result[0].Session) != 0 || len(many.Result[1].Session) != 1 {
				t.Errorf("%v %s", err, text)
			}
			h.want(http.StatusOK, "/__instances/i/db", `{"op":"findOne","model":"session","join":{"verification":true}}`, "No foreign key found for model verification and base model session")
		})
	}
}
