// Package onfasthttp translates between fasthttp and core, for the modules of Fiber 2
// and Fiber 3. It knows neither of them.
package onfasthttp

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/advantch/kernia-go/core"
)

// Request translates all but headers and body. Strings are copies: fasthttp reuses its
// buffers, and what core stores (agents, addresses) must not change under it.
func Request(c *fasthttp.RequestCtx) core.Request {
	h := &c.Request.Header
	host, path, query := target(string(h.RequestURI()))
	if host == "" {
		host = string(h.Host())
	}
	req := core.Request{
		Method: method(h.Method()), Path: path, RawQuery: query, Scheme: "http", Host: host,
	}
	if c.IsTLS() {
		req.Scheme = "https"
	}
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		remote := a.AddrPort()
		req.Remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	}
	return req
}

// method returns the usual methods without a copy.
func method(b []byte) string {
	switch string(b) {
	case http.MethodGet:
		return http.MethodGet
	case http.MethodPost:
		return http.MethodPost
	}
	return string(b)
}

// target splits a request target (RFC 9112 §3.2) without decoding or cleaning: the
// URI that fasthttp parses has done both. Of the absolute form, its authority
// counts and not the Host header.
func target(uri string) (host, path, query string) {
	path, query, _ = strings.Cut(uri, "?")
	if _, rest, absolute := strings.Cut(path, "://"); absolute && !strings.HasPrefix(path, "/") {
		slash := strings.IndexByte(rest, '/')
		if slash < 0 {
			return rest, "/", query
		}
		return rest[:slash], rest[slash:], query
	}
	return "", path, query
}

// exchange holds the values of one call of Serve in one allocation.
type exchange struct {
	head   Header
	req    core.Request
	res    core.Response
	fields [6]core.HeaderField // as many as a sign-in sets; more move elsewhere
}

// Serve answers a request below the base path. r is what Request returned.
func Serve(ctx context.Context, a *core.Auth, c *fasthttp.RequestCtx, r core.Request) {
	x := exchange{req: r}
	x.head.in = &c.Request.Header
	x.req.Header, x.res.Header = &x.head, x.fields[:0]
	req, res := &x.req, &x.res
	defer x.head.End(false) // background work may hold the request
	var err error
	if req.Body, req.TooLarge, err = body(c, a.MaxBody()); err != nil {
		// The start of the next request is unknown.
		c.Response.SetConnectionClose()
		Write(c, core.FailText(http.StatusBadRequest, "Request body could not be read").Response())
		return
	}
	a.Serve(ctx, req, res)
	Write(c, res)
}

// Write adds or replaces each line as core.Response.Adds says.
func Write(c *fasthttp.RequestCtx, res *core.Response) {
	h := &c.Response.Header
	h.SetNoDefaultContentType(true)
	for i, f := range res.Header {
		if res.Adds(i) {
			h.Add(f.Name, f.Value)
		} else {
			h.Set(f.Name, f.Value)
		}
	}
	c.Response.SetStatusCode(res.Status)
	c.Response.SetBodyRaw(res.Body)
}

// body returns a copy of the body as it was sent: Fiber's Ctx.Body would unpack
// Content-Encoding without a bound. With StreamRequestBody, Fiber's own BodyLimit does
// not apply and nothing skips the unread rest.
func body(c *fasthttp.RequestCtx, limit int64) (data []byte, tooLarge bool, err error) {
	r := &c.Request
	stream := r.IsBodyStream()
	switch {
	case int64(r.Header.ContentLength()) > limit:
		tooLarge = true
	case stream:
		data, err = io.ReadAll(io.LimitReader(r.BodyStream(), limit+1))
	default:
		data = r.Body()
	}
	if tooLarge = tooLarge || int64(len(data)) > limit; tooLarge {
		if stream {
			c.Response.SetConnectionClose()
		}
		return nil, true, nil
	}
	if !stream {
		data = bytes.Clone(data)
	}
	return data, false, err
}
