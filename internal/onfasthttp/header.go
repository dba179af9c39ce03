package onfasthttp

import (
	"bytes"
	"iter"
	"strings"
	"sync"

	"github.com/valyala/fasthttp"
)

// Header reads request headers and adds cookies to the answer while the request
// lives. fasthttp reuses both: a context that outlives them must not touch them.
type Header struct {
	mu  sync.Mutex
	in  *fasthttp.RequestHeader  // nil when the request is over
	out *fasthttp.ResponseHeader // likewise
}

// NewHeader returns the headers of a request.
func NewHeader(c *fasthttp.RequestCtx) *Header {
	return &Header{in: &c.Request.Header, out: &c.Response.Header}
}

// Get implements core.Header.
func (h *Header) Get(name string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.in == nil {
		return ""
	}
	if trailer(h.in, name) {
		for value := range lines(h.in, name) {
			return string(value)
		}
		return ""
	}
	return string(h.in.Peek(name))
}

// Values implements core.Header.
func (h *Header) Values(name string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.in == nil {
		return nil
	}
	if trailer(h.in, name) {
		var out []string
		for value := range lines(h.in, name) {
			out = append(out, string(value))
		}
		return out
	}
	values := h.in.PeekAll(name)
	if len(values) == 0 {
		return nil
	}
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = string(value)
	}
	return out
}

// Send adds a Set-Cookie line to the answer.
func (h *Header) Send(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.out != nil {
		h.out.Add(fasthttp.HeaderSetCookie, line)
	}
}

// End releases the request. After a failure Fiber calls the application's ErrorHandler,
// which may ask for the session, so the headers are copied for it.
func (h *Header) End(failed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var kept *fasthttp.RequestHeader
	if failed {
		kept = &fasthttp.RequestHeader{}
		h.in.CopyTo(kept)
	}
	h.in, h.out = kept, nil
}

// trailer reports whether fasthttp would read a header from the fields after the body,
// which proxies do not check. A client could choose its address that way.
func trailer(h *fasthttp.RequestHeader, name string) bool {
	for key := range h.Trailers() {
		if strings.EqualFold(string(key), name) {
			return true
		}
	}
	return false
}

// lines are the values of a header in front of the body.
func lines(h *fasthttp.RequestHeader, name string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for line := range bytes.Lines(h.RawHeaders()) {
			key, value, ok := bytes.Cut(line, []byte(":"))
			if ok && strings.EqualFold(string(key), name) && !yield(bytes.TrimSpace(value)) {
				return
			}
		}
	}
}
