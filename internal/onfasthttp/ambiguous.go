package onfasthttp

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// Ambiguous reports requests that fasthttp lets through and net/http refuses, because
// the next server may read them differently: several Host lines (RFC 9112 §3.2), a
// coding other than chunked (§6.1), and versions that are not HTTP/1.
func Ambiguous(h *fasthttp.RequestHeader) bool {
	if !bytes.HasPrefix(h.Protocol(), []byte("HTTP/1.")) {
		return true
	}
	hosts := 0
	for line := range bytes.Lines(h.RawHeaders()) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte(fasthttp.HeaderHost)):
			hosts++
		case bytes.EqualFold(name, []byte(fasthttp.HeaderTransferEncoding)) && !bytes.EqualFold(bytes.TrimSpace(value), []byte("chunked")):
			return true
		}
	}
	return hosts > 1
}
