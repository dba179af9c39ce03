package paritytest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
)

// exchange is a request, written byte for byte.
type exchange struct {
	method, target string
	proto          string      // default HTTP/1.1
	host           string      // Host line; default the server's address; "-" for none
	header         core.Fields // further lines, in order
	body           string
	chunked        bool // in two chunks, without Content-Length
}

// limit is for an exchange with a server in the same process; only a server that
// hangs reaches it.
const limit = 20 * time.Second

func (x exchange) raw(server string) string {
	var b strings.Builder
	proto, host := x.proto, x.host
	if proto == "" {
		proto = "HTTP/1.1"
	}
	if host == "" {
		host = server
	}
	fmt.Fprintf(&b, "%s %s %s\r\n", x.method, x.target, proto)
	if host != "-" {
		fmt.Fprintf(&b, "Host: %s\r\n", host)
	}
	for _, f := range x.header {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	switch {
	case x.chunked:
		half := len(x.body) / 2
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		for _, piece := range []string{x.body[:half], x.body[half:]} {
			if piece != "" {
				fmt.Fprintf(&b, "%x\r\n%s\r\n", len(piece), piece)
			}
		}
		b.WriteString("0\r\n\r\n")
	case x.body != "" || x.method == http.MethodPost:
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(x.body), x.body)
	default:
		b.WriteString("\r\n")
	}
	return b.String()
}

// request is the result that a translator must have for the exchange, read from the
// bytes without an HTTP library.
func (x exchange) request(server string, maxBody int64) *core.Request {
	host, target := x.host, x.target
	if host == "" {
		host = server
	}
	if host == "-" {
		host = ""
	}
	// The authority of an absolute target counts, not the Host line (RFC 9112 §3.2.2).
	if rest, ok := strings.CutPrefix(target, "http://"); ok {
		slash := strings.IndexByte(rest, '/')
		host, target = rest[:slash], rest[slash:]
	}
	path, query, _ := strings.Cut(target, "?")
	remote, _, _ := net.SplitHostPort(server)
	req := &core.Request{
		Method: x.method, Path: path, RawQuery: query, Scheme: "http", Host: host,
		Remote: netip.AddrPortFrom(netip.MustParseAddr(remote), 40000), Header: x.header,
	}
	if req.Header == nil {
		req.Header = core.Fields(nil)
	}
	if int64(len(x.body)) > maxBody {
		req.TooLarge = true
	} else {
		req.Body = []byte(x.body)
	}
	return req
}

// answer is a response as it came over the wire.
type answer struct {
	status int
	header http.Header
	body   string
}

// connection is a raw connection to the server.
type connection struct {
	net.Conn
	in *bufio.Reader
}

func dial(server string) (*connection, error) {
	c, err := (&net.Dialer{Timeout: limit}).Dial("tcp", server)
	if err != nil {
		return nil, err
	}
	if err := c.SetDeadline(time.Now().Add(limit)); err != nil { //nolint:forbidigo // a socket has no other clock
		return nil, err
	}
	return &connection{c, bufio.NewReader(c)}, nil
}

// read reads one response and skips interim ones (1xx).
func (c *connection) read(method string) (answer, error) {
	for {
		res, err := http.ReadResponse(c.in, &http.Request{Method: method})
		if err != nil {
			return answer{}, err
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			return answer{}, err
		}
		if res.StatusCode >= 200 {
			return answer{res.StatusCode, res.Header, string(body)}, nil
		}
	}
}

// send sends the exchange on a connection of its own.
func (p *parity) send(x exchange) (answer, error) {
	c, err := dial(p.server)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, x.raw(p.server)); err != nil {
		return answer{}, fmt.Errorf("write: %w", err)
	}
	got, err := c.read(x.method)
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", x.method, x.target, err)
	}
	return got, nil
}

func (p *parity) mustSend(t *testing.T, x exchange) answer {
	t.Helper()
	got, err := p.send(x)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// reference is the answer of Auth.Serve to the exchange.
func (p *parity) reference(t testing.TB, x exchange) *core.Response {
	t.Helper()
	var res core.Response
	p.auth.Serve(t.Context(), x.request(p.server, p.auth.MaxBody()), &res)
	if x.method == http.MethodHead {
		res.Body = nil
	}
	return &res
}

// differ describes how an answer differs from the reference, or returns "".
func differ(got answer, want *core.Response) string {
	var b strings.Builder
	if got.status != want.Status {
		fmt.Fprintf(&b, "status %d, want %d\n", got.status, want.Status)
	}
	if got.body != string(want.Body) {
		fmt.Fprintf(&b, "body %s\nwant %s\n", strconv.Quote(got.body), strconv.Quote(string(want.Body)))
	}
	names := []string{"Set-Cookie", "Location"}
	for _, f := range want.Header {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, f.Name) }) {
			names = append(names, f.Name)
		}
	}
	for _, name := range names {
		if a, b2 := got.header.Values(name), want.Values(name); !slices.Equal(a, b2) {
			fmt.Fprintf(&b, "%s: %q, want %q\n", name, a, b2)
		}
	}
	return b.String()
}
