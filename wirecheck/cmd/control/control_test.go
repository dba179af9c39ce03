package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// harness is a control server under test.
type harness struct {
	t      *testing.T
	server *httptest.Server
}

func start(t *testing.T, framework, database string) *harness {
	t.Helper()
	h := &harness{t: t}
	h.server = httptest.NewUnstartedServer(nil)
	rows, err := adapters[database]()
	if err != nil {
		t.Skipf("%s was not tested: %v", database, err)
	}
	instances := newServer("http://"+h.server.Listener.Addr().String(), frameworks[framework], rows)
	h.server.Config.Handler = instances
	h.server.Start()
	t.Cleanup(func() {
		h.server.Close()
		if err := instances.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return h
}

func (h *harness) send(method, path, body string, header ...string) (int, http.Header, string) {
	h.t.Helper()
	req, err := http.NewRequest(method, h.server.URL+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(res.Body); err != nil {
		h.t.Fatal(err)
	}
	return res.StatusCode, res.Header, text.String()
}

// want sends a control call and expects an answer.
func (h *harness) want(status int, path, body, part string) string {
	h.t.Helper()
	got, _, text := h.send(http.MethodPost, path, body)
	if got != status || !strings.Contains(text, part) {
		h.t.Fatalf("POST %s %s: %d %s, want %d with %s", path, body, got, text, status, part)
	}
	return text
}

func TestWhatIsNotMappedIsRefused(t *testing.T) {
	t.Parallel()
	h := start(t, "nethttp", "memory")
	for _, tt := range []struct{ spec, part string }{
		{`{"options":{"nonsense":1}}`, "nonsense"},
		{`{"options":{"session":{"cookieCache":{"speed":"high"}}}}`, "session.cookieCache.speed"},
		{`{"options":{"user":{"additionalFields":{"x":{"type":"string","transform":{"input":{"$callback":"f"}}}}}}}`, "user.additionalFields.x.transform"},
		{`{"options":{"socialProviders":{"telepathy":{"clientId":"x"}}}}`, "socialProviders.telepathy"},
		{`{"options":{"appName":5}}`, "appName"},
		{`{"options":{"emailAndPassword":{"enabled":"yes"}}}`, "emailAndPassword.enabled"},
		{`{"plugins":[{"factory":"telepathy"}]}`, "telepathy"},
		{`{"plugins":[{"factory":"organization","options":{"telepathy":true}}]}`, "plugin organization.telepathy"},
		{`{"plugins":[{"factory":"organization","options":{"organizationHooks":{"beforeLunch":{"$callback":"f"}}}}]}`, "organizationHooks.beforeLunch"},
		{`{"plugins":[{"factory":"organization","options":{"roles":{"clerk":{"$ac":{"team":["create"]}}}}}]}`, "roles.clerk"},
		{`{"plugins":[{"factory":"organization","options":{"ac":{"$ac":{"team":["create",5]}}}}]}`, "ac.team"},
		{`{"database":{"kind":"clay tablets"}}`, "clay tablets"},
	} {
		h.want(http.StatusNotImplemented, "/__instances", tt.spec, tt.part)
	}
	h.want(http.StatusOK, "/__instances", `{"options":{"appName":null,"session":{"$undefined":1},"telemetry":{"enabled":false}}}`, `"id":`)
}

func TestPluginsAreListed(t *testing.T) {
	t.Parallel()
	status, _, text := start(t, "nethttp", "memory").send(http.MethodGet, "/__plugins", "")
	for name := range factories {
		if status != http.StatusOK || !strings.Contains(text, `"`+name+`"`) {
			t.Errorf("%d %s lacks %s", status, text, name)
		}
	}
}

func TestProtocol(t *testing.T) {
	t.Parallel()
	for n, framework := range frameworkNames() {
		for m, database := range adapterNames() {
			if n > 0 && (n+m)%4 != 0 {
				continue // every framework and every adapter, but not all pairs
			}
			t.Run(framework+" "+database, func(t *testing.T) {
				t.Parallel()
				h := start(t, framework, database)
				h.want(http.StatusOK, "/__instances", `{"id":"i","options":{"baseURL":"https://app.example.com","emailAndPassword":{"enabled":true}},"now":1767225600000,
					"database":{"kind":"memory","data":{"user":[{"id":"u1","name":"U","email":"u@example.com","emailVerified":true,"createdAt":{"$date":"2020-01-01T00:00:00.000Z"},"updatedAt":{"$date":"2020-01-01T00:00:00.000Z"}}]}}}`, `"id":"i"`)
				h.want(http.StatusConflict, "/__instances", `{"id":"i"}`, "exists")

				db := func(body, part string) { t.Helper(); h.want(http.StatusOK, "/__instances/i/db", body, part) }
				db(`{"op":"findOne","model":"user","where":[{"field":"email","value":"u@example.com"}]}`, `"$date":"2020-01-01T00:00:00.000Z"`)
				db(`{"op":"update","model":"user","where":[{"field":"id","value":"u1"}],"update":{"name":"V"}}`, `"name":"V"`)
				db(`{"op":"count","model":"user"}`, `{"result":1}`)
				db(`{"op":"findOne","model":"user","where":[{"field":"shoe","value":1}]}`, `"error"`)
				db(`{"op":"replaceAll","data":{}}`, `{"result":null}`)
				db(`{"op":"findMany","model":"user"}`, `{"result":[]}`)
				h.want(http.StatusNotImplemented, "/__instances/i/db", `{"op":"explode","model":"user"}`, "explode")

				h.want(http.StatusOK, "/__instances/i/api/ok", `{"input":null}`, `"body":"{\"ok\":true}"`)
				h.want(http.StatusNotImplemented, "/__instances/i/api/fly", `{"input":null}`, "fly")

				h.want(http.StatusOK, "/__instances/i/clock", `{"now":1767312000000}`, `{}`)
				status, header, body := h.send(http.MethodPost, "/anything", `{"name":"A","email":"a@example.com","password":"password123"}`,
					"Content-Type", "application/json", "X-BA-Instance", "i", "X-BA-Original-URL", "https://app.example.com/api/auth/sign-up/email")
				if status != 200 || !strings.Contains(body, `"createdAt":"2026-01-02T00:00:00.000Z"`) {
					t.Errorf("sign-up: %d %s", status, body)
				}
				if !strings.HasPrefix(header.Get("Set-Cookie"), "__Secure-better-auth.session_token=") {
					t.Errorf("cookie %q", header.Get("Set-Cookie"))
				}

				if status, _, _ := h.send(http.MethodDelete, "/__instances/i", ""); status != 200 {
					t.Errorf("DELETE: %d", status)
				}
				h.want(http.StatusNotFound, "/__instances/i/clock", `{}`, "no instance")
			})
		}
	}
}

func TestCallbacks(t *testing.T) {
	t.Parallel()
	calls := make(chan string, 8)
	world := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var call struct {
			Instance, Name string
			Args           []json.RawMessage
		}
		if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
			t.Error(err)
		}
		calls <- call.Name + " " + string(call.Args[0])
		w.Write([]byte(`{"error":{"$error":{"name":"APIError","status":"FORBIDDEN","body":{"message":"Not you","code":"NOT_YOU"}}}}`))
	}))
	t.Cleanup(world.Close)
	h := start(t, "nethttp", "memory")
	h.want(http.StatusOK, "/__instances", `{"id":"i","callbackURL":"`+world.URL+`","options":{"baseURL":"http://localhost:3000","emailAndPassword":{"enabled":true},
		"databaseHooks":{"user":{"create":{"before":{"$callback":"ask"}}}}}}`, `"id":"i"`)
	status, _, body := h.send(http.MethodPost, "/", `{"name":"A","email":"a@example.com","password":"password123"}`,
		"Content-Type", "application/json", "X-BA-Instance", "i", "X-BA-Original-URL", "http://localhost:3000/api/auth/sign-up/email")
	if status != 403 || body != `{"message":"Not you","code":"NOT_YOU"}` {
		t.Errorf("%d %s", status, body)
	}
	if call := <-calls; !strings.HasPrefix(call, "ask {") || !strings.Contains(call, `"email":"a@example.com"`) {
		t.Errorf("called %s", call)
	}
}
