package paritytest

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
)

// malformed is a request that two servers in a row could read differently (RFC 9112
// §11.2). It is refused, or the connection ends with it: what follows on the connection
// must not be answered with success as well.
type malformed struct {
	name string
	// raw is the request; {host} stands for the server's address, and {next} for a
	// request that one of the two readings takes for a body.
	raw string
	// served is for requests that net/http serves by the reading of RFC 9112 and keeps
	// the connection open. It is the number of answers by that reading, the request
	// behind it included. Other servers may refuse or hang up.
	served int
}

const (
	echoHead   = "POST /api/auth/parity/echo?malformed HTTP/1.1\r\nHost: {host}\r\nOrigin: http://localhost:3000\r\nContent-Type: application/json\r\n"
	emptyChunk = "0\r\n\r\n"
)

var malformeds = []malformed{
	{name: "two Content-Lengths", raw: echoHead + "Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}{}"},
	{name: "two Content-Lengths, the last one without a body", raw: echoHead + "Content-Length: {len}\r\nContent-Length: 0\r\n\r\n{next}"},
	{name: "a list of Content-Lengths", raw: echoHead + "Content-Length: 2, 4\r\n\r\n{}{}"},
	{name: "a signed Content-Length", raw: echoHead + "Content-Length: +2\r\n\r\n{}"},
	{name: "a negative Content-Length", raw: echoHead + "Content-Length: -1\r\n\r\n{}"},
	{name: "a hexadecimal Content-Length", raw: echoHead + "Content-Length: 0x2\r\n\r\n{}"},
	{name: "chunked beside Content-Length", raw: echoHead + "Content-Length: {len+5}\r\nTransfer-Encoding: chunked\r\n\r\n" + emptyChunk + "{next}", served: 3},
	{name: "Content-Length beside chunked", raw: echoHead + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + emptyChunk, served: 2},
	{name: "an unknown Transfer-Encoding beside Content-Length", raw: echoHead + "Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n\r\n" + emptyChunk},
	{name: "gzip beside Content-Length", raw: echoHead + "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\n" + emptyChunk},
	{name: "identity beside Content-Length", raw: echoHead + "Content-Length: 5\r\nTransfer-Encoding: identity\r\n\r\n" + emptyChunk},
	{name: "identity and chunked", raw: echoHead + "Content-Length: 5\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n" + emptyChunk},
	{name: "chunked twice", raw: echoHead + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + emptyChunk},
	{name: "chunked and something after it", raw: echoHead + "Transfer-Encoding: chunked, gzip\r\n\r\n" + emptyChunk},
	{name: "Transfer-Encoding with a space before the colon", raw: echoHead + "Content-Length: 5\r\nTransfer-Encoding : chunked\r\n\r\n" + emptyChunk},
	{name: "Transfer-Encoding with a vertical tab", raw: echoHead + "Content-Length: 5\r\nTransfer-Encoding: \x0bchunked\r\n\r\n" + emptyChunk},
	{name: "chunked in HTTP/1.0", raw: "POST /api/auth/parity/echo?malformed HTTP/1.0\r\nHost: {host}\r\nConnection: keep-alive\r\nContent-Type: application/json\r\n" +
		"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + emptyChunk, served: 2},
	{name: "a chunk size with a sign", raw: echoHead + "Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n" + emptyChunk},
	{name: "a chunk longer than its size", raw: echoHead + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}{}\r\n" + emptyChunk},
	{name: "a bare CR in a header", raw: "GET /api/auth/parity/echo?malformed HTTP/1.1\r\nHost: {host}\r\nX-Note: a\rCookie: sample=smuggled\r\n\r\n"},
	{name: "a bare CR at the end of a header", raw: "GET /api/auth/parity/echo?malformed HTTP/1.1\r\nHost: {host}\r\nX-Note: a\r\r\n\r\n"},
	{name: "NUL in a header", raw: "GET /api/auth/parity/echo?malformed HTTP/1.1\r\nHost: {host}\r\nX-Note: a\x00b\r\n\r\n"},
	{name: "NUL in a header's name", raw: "GET /api/auth/parity/echo?malformed HTTP/1.1\r\nHost: {host}\r\nX-No\x00te: a\r\n\r\n"},
	{name: "a space before a colon", raw: "GET /api/auth/parity/echo?malformed HTTP/1.1\r\nHost: {host}\r\nX-Note : a\r\n\r\n"},
	{name: "a header without a colon", raw: "GET /api/auth/parity/echo?malformed HTTP/1.1\r\nHost: {host}\r\nX-Note\r\n\r\n"},
	{name: "a header without a name", raw: "GET /api/auth/parity/echo?malformed HTTP/1.1\r\nHost: {host}\r\n: a\r\n\r\n"},
	{name: "no Host", raw: "GET /api/auth/parity/echo?malformed HTTP/1.1\r\nX-Note: a\r\n\r\n"},
	{name: "two Hosts", raw: "GET /api/auth/parity/echo?malformed HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n"},
	{name: "a Host that is none", raw: "GET /api/auth/parity/echo?malformed HTTP/1.1\r\nHost: a b\r\n\r\n"},
	{name: "an unknown protocol", raw: "GET /api/auth/parity/echo?malformed FOO/1.1\r\nHost: {host}\r\n\r\n"},
	{name: "HTTP/1.2 in lower case", raw: "GET /api/auth/parity/echo?malformed http/1.2\r\nHost: {host}\r\n\r\n"},
	{name: "HTTP/3.0 in text", raw: "GET /api/auth/parity/echo?malformed HTTP/3.0\r\nHost: {host}\r\n\r\n"},
	{name: "no version", raw: "GET /api/auth/parity/echo?malformed\r\nHost: {host}\r\n\r\n"},
	{name: "a space in the target", raw: "GET /api/auth/parity/echo?malformed x HTTP/1.1\r\nHost: {host}\r\n\r\n"},
	{name: "a method that is none", raw: "GE(T /api/auth/parity/echo?malformed HTTP/1.1\r\nHost: {host}\r\n\r\n"},
}

var malformedScenarios = []scenario{
	{"requests that two servers read differently", func(t *testing.T, p *parity) {
		for _, m := range malformeds {
			t.Run(m.name, func(t *testing.T) { p.refuses(t, m) })
		}
	}},
	{"trailers are no headers", trailers},
}

// refuses sends the malformed request, followed by a well-formed one.
func (p *parity) refuses(t *testing.T, m malformed) {
	smuggled := "GET /api/auth/parity/echo?smuggled HTTP/1.1\r\nHost: " + p.server + "\r\n\r\n"
	before := p.probe.count("malformed")
	answers := p.exchangeAll(t, p.fill(m.raw, smuggled)+smuggled)
	var good int
	for _, a := range answers {
		if a.status < 300 {
			good++
		}
	}
	reached := p.probe.count("malformed") - before
	switch {
	case good > 1 && good != m.served:
		t.Errorf("answered %d times with success: %v", good, answers)
	case m.served == 0 && (good > 0 || reached > 0):
		t.Errorf("the request was served: %v", answers)
	case good > 0 && !strings.Contains(answers[0].body, `"rawQuery":"malformed"`):
		t.Errorf("what came behind the request was answered: %v", answers)
	}
}

// fill puts the server's address and the request {next} into raw.
func (p *parity) fill(raw, next string) string {
	return strings.NewReplacer("{host}", p.server, "{next}", next, "{len+5}", strconv.Itoa(len(next)+5), "{len}", strconv.Itoa(len(next))).Replace(raw)
}

// exchangeAll sends bytes and reads answers until the server hangs up.
func (p *parity) exchangeAll(t *testing.T, raw string) []answer {
	t.Helper()
	c, err := dial(p.server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, raw); err != nil {
		return nil // the server has hung up already
	}
	_ = c.Conn.(*net.TCPConn).CloseWrite() // so that a server that continues to read ends
	var answers []answer
	for {
		got, err := c.read(http.MethodPost)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("the connection stays open after %v", answers)
		}
		if err != nil {
			return answers
		}
		answers = append(answers, got)
	}
}

// trailers sends fields after a chunked body: they must not become headers, because a
// proxy checks only the head.
func trailers(t *testing.T, p *parity) {
	for _, field := range []string{
		"X-Note: trailer", "Cookie: sample=trailer", "X-Forwarded-For: 198.51.100.7", "X-Forwarded-Host: evil.example",
		"Origin: http://localhost:3000", "Host: evil.example", "Content-Length: 3", "Transfer-Encoding: chunked", "Many: 1\r\nX-Many: trailer",
	} {
		name, _, _ := strings.Cut(field, ":")
		for _, announced := range []string{"", "Trailer: " + name + "\r\n"} {
			raw := strings.Replace(p.fill(echoHead, ""), "malformed", "trailer", 1) + announced +
				"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n" + field + "\r\n\r\n"
			for _, a := range p.exchangeAll(t, raw) {
				clean := strings.Contains(a.body, `"ip":"127.0.0.1"`) && strings.Contains(a.body, `"cookie":"","many":[],"note":"","body":"{}"`)
				if a.status < 300 && (!clean || strings.Contains(a.body, "evil.example")) {
					t.Errorf("%q (announced: %v) became a header: %s", field, announced != "", a.body)
				}
			}
		}
	}
}
