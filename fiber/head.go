package kernia

import (
	"bytes"
	"iter"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// ambiguous reports requests that fasthttp lets through and net/http refuses, because
// the next server may read them differently: several Host lines (RFC 9112 §3.2), a
// coding other than chunked (§6.1), and versions that are not HTTP/1.
func ambiguous(h *fasthttp.RequestHeader) bool {
	if !bytes.HasPrefix(h.Protocol(), []byte("HTTP/1.")) {
		return true
	}
	hosts := 0
	for line := range bytes.Lines(h.RawHeaders()) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte(fiber.HeaderHost)):
			hosts++
		case bytes.EqualFold(name, []byte(fiber.HeaderTransferEncoding)) && !bytes.EqualFold(bytes.TrimSpace(value), []byte("chunked")):
			return true
		}
	}
	return hosts > 1
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
