package paritytest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// lifeScenarios are about connections: broken, slow, many.
var lifeScenarios = []scenario{
	{"a connection survives a panic", survivesPanic},
	{"client gone in the middle of its body", clientGone},
	{"body that ends too early", func(t *testing.T, p *parity) {
		brokenBody(t, p, "ends-early", "Content-Length: 100\r\n\r\n"+`{"a":1}`)
	}},
	{"chunks that are malformed", func(t *testing.T, p *parity) {
		brokenBody(t, p, "malformed-chunks", "Transfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\nzz\r\n\r\n")
	}},
	{"chunks that end too early", func(t *testing.T, p *parity) {
		brokenBody(t, p, "chunks-end-early", "Transfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n")
	}},
	{"Content-Length that nobody can mean", func(t *testing.T, p *parity) {
		c, err := dial(p.server)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if _, err := io.WriteString(c, p.head("huge")+"Content-Length: 1099511627776\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if got, err := c.read(http.MethodPost); err != nil || got.status != http.StatusRequestEntityTooLarge {
			t.Errorf("got %d %s, %v, want 413", got.status, got.body, err)
		}
	}},
	{"slow body", slowBody},
	{"pipelined requests", pipelined},
	{"100 parallel requests", parallel},
}

func survivesPanic(t *testing.T, p *parity) {
	c, err := dial(p.server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for _, x := range []exchange{post("/api/auth/parity/panic", "{}"), get("/api/auth/parity/panic-late"), get("/api/auth/parity/echo")} {
		if _, err := io.WriteString(c, x.raw(p.server)); err != nil {
			t.Fatal(err)
		}
		got, err := c.read(x.method)
		if err != nil {
			t.Fatalf("%s: %v", x.target, err)
		}
		if d := differ(got, p.reference(t, x)); d != "" {
			t.Errorf("%s: %s", x.target, d)
		}
	}
}

// head is a request up to the headers of its body.
func (p *parity) head(query string) string {
	return "POST /api/auth/parity/echo?" + query + " HTTP/1.1\r\nHost: " + p.server +
		"\r\nOrigin: http://localhost:3000\r\nContent-Type: application/json\r\n"
}

func clientGone(t *testing.T, p *parity) {
	for range 5 {
		c, err := dial(p.server)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, p.head("client-gone")+"Content-Length: 100\r\n\r\n"+`{"a":1}`); err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
	}
	x := get("/api/auth/ok")
	if d := differ(p.mustSend(t, x), p.reference(t, x)); d != "" {
		t.Error(d)
	}
	t.Cleanup(func() {
		if n := p.probe.count("client-gone"); n > 0 {
			t.Errorf("%d requests without a whole body reached the kernel", n)
		}
	})
}

// brokenBody sends a body that cannot be read to its end and waits for the answer.
// It must be a refusal or the end of the connection, never a success.
func brokenBody(t *testing.T, p *parity, query, rest string) {
	c, err := dial(p.server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, p.head(query)+rest); err != nil {
		t.Fatal(err)
	}
	if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := c.read(http.MethodPost); err == nil && got.status != http.StatusBadRequest {
		t.Errorf("got %d %s, want 400 or a closed connection", got.status, got.body)
	}
	if n := p.probe.count(query); n > 0 {
		t.Error("a request without a whole body reached the kernel")
	}
}

// slowBody sends half a body, lets another request through, and sends the rest.
func slowBody(t *testing.T, p *parity) {
	for _, slow := range []exchange{post("/api/auth/parity/echo?slow", `{"slow":"body"}`), with(post("/api/auth/parity/echo?slow", `{"slow":"body"}`), chunked)} {
		raw := slow.raw(p.server)
		cut := strings.Index(raw, `"slow"`) + 3
		c, err := dial(p.server)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if _, err := io.WriteString(c, raw[:cut]); err != nil {
			t.Fatal(err)
		}
		other := get("/api/auth/ok")
		if d := differ(p.mustSend(t, other), p.reference(t, other)); d != "" {
			t.Errorf("while another body was on its way: %s", d)
		}
		if _, err := io.WriteString(c, raw[cut:]); err != nil {
			t.Fatal(err)
		}
		got, err := c.read(slow.method)
		if err != nil {
			t.Fatal(err)
		}
		if d := differ(got, p.reference(t, slow)); d != "" {
			t.Error(d)
		}
	}
}

// pipelined sends several requests at once; a body that was not read to its end
// would be taken for the next request.
func pipelined(t *testing.T, p *parity) {
	list := []exchange{
		post("/api/auth/parity/echo", `{"n":1}`),
		post("/api/auth/nowhere", `{"n":2}`),
		with(post("/api/auth/parity/echo", `{"n":3}`), chunked),
		post("/api/auth/parity/strict", "GET /app/panic HTTP/1.1\r\n\r\n", line("Content-Type", "text/plain"), site),
		get("/api/auth/ok"),
	}
	c, err := dial(p.server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	var all strings.Builder
	for _, x := range list {
		all.WriteString(x.raw(p.server))
	}
	if _, err := io.WriteString(c, all.String()); err != nil {
		t.Fatal(err)
	}
	for i, x := range list {
		got, err := c.read(x.method)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		if d := differ(got, p.reference(t, x)); d != "" {
			t.Errorf("answer %d: %s", i, d)
		}
	}
}

// parallel sends 100 requests at once, each with its own values. Afterwards it checks
// that the kernel's strings have not changed: some frameworks reuse their buffers.
func parallel(t *testing.T, p *parity) {
	const n = 100
	p.probe.mu.Lock()
	for i := range n {
		p.probe.keep[fmt.Sprintf("parallel=%d", i)] = true
	}
	p.probe.mu.Unlock()

	var wg sync.WaitGroup
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			x := parallelExchange(i)
			got, err := p.send(x)
			if err != nil {
				t.Error(err)
				return
			}
			if want := fmt.Sprintf(`"rawQuery":"parallel=%d"`, i); !strings.Contains(got.body, want) {
				t.Errorf("request %d was answered with %s", i, got.body)
			}
			if i%4 == 0 {
				who := exchange{method: http.MethodGet, target: "/app/who", header: p.withSession(nil, "cached")}
				if got, err := p.send(who); err != nil || got.body != email {
					t.Errorf("the application answered %+v, %v", got, err)
				}
			}
		}()
	}
	wg.Wait()

	p.probe.mu.Lock()
	all := append([]kept(nil), p.probe.kept...)
	p.probe.keep = map[string]bool{} // the reference must not be kept
	p.probe.mu.Unlock()
	if len(all) != n {
		t.Fatalf("%d requests were kept, want %d", len(all), n)
	}
	for _, k := range all {
		i := -1
		if _, err := fmt.Sscanf(k.query, "parallel=%d", &i); err != nil {
			t.Fatalf("a kept query has become %q", k.query)
		}
		x := parallelExchange(i)
		if want := keep(x.request(p.server, maxBody)); k != want {
			t.Errorf("a kept request has become %+v, want %+v", k, want)
		}
	}
	for i := range n {
		x := parallelExchange(i)
		if d := differ(p.mustSend(t, x), p.reference(t, x)); d != "" {
			t.Errorf("request %d: %s", i, d)
		}
	}
}

func parallelExchange(i int) exchange {
	return post(fmt.Sprintf("/api/auth/parity/echo?parallel=%d", i), fmt.Sprintf(`{"n":%d}`, i), jsonType, site,
		line("Cookie", fmt.Sprintf("sample=value-%d", i)), line("X-Note", fmt.Sprintf("note %d", i)))
}
