package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// throughMemory is an http.Handler for a server of fasthttp: every request goes to it as
// bytes, over a connection of its own that lives in memory.
func throughMemory(serve func(net.Conn) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := newMemoryConn(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var c net.Conn = conn
		if r.TLS != nil {
			c = &secureConn{conn}
		}
		// An error is that of a request which Fiber has answered in its own words.
		_ = serve(c)
		res, err := http.ReadResponse(bufio.NewReader(&conn.out), r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer func() { _ = res.Body.Close() }()
		for name, values := range res.Header {
			w.Header()[name] = values
		}
		// It speaks of the connection in memory.
		w.Header().Del("Connection")
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body)
	})
}

// memoryOf is the connection of a request that came through memory, or nil.
func memoryOf(c net.Conn) *memoryConn {
	switch conn := c.(type) {
	case *memoryConn:
		return conn
	case *secureConn:
		return conn.memoryConn
	}
	return nil
}

// memoryConn holds one request, and takes the answer.
type memoryConn struct {
	ctx    context.Context
	in     bytes.Reader
	out    bytes.Buffer
	remote net.Addr
}

func newMemoryConn(r *http.Request) (*memoryConn, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var remote net.Addr = &net.UnixAddr{Net: "unix"} // a peer without an address
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		remote = net.TCPAddrFromAddrPort(peer)
	}
	var raw bytes.Buffer
	fmt.Fprintf(&raw, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.RequestURI, r.Host)
	header := r.Header.Clone()
	for _, name := range []string{"Connection", "Content-Length", "Transfer-Encoding"} {
		header.Del(name)
	}
	if err := header.Write(&raw); err != nil {
		return nil, err
	}
	if len(body) > 0 {
		fmt.Fprintf(&raw, "Content-Length: %d\r\n", len(body))
	}
	raw.WriteString("Connection: close\r\n\r\n")
	raw.Write(body)
	c := &memoryConn{ctx: r.Context(), remote: remote}
	c.in.Reset(raw.Bytes())
	return c, nil
}

func (c *memoryConn) Read(p []byte) (int, error)       { return c.in.Read(p) }
func (c *memoryConn) Write(p []byte) (int, error)      { return c.out.Write(p) }
func (c *memoryConn) Close() error                     { return nil }
func (c *memoryConn) LocalAddr() net.Addr              { return c.remote }
func (c *memoryConn) RemoteAddr() net.Addr             { return c.remote }
func (c *memoryConn) SetDeadline(time.Time) error      { return nil }
func (c *memoryConn) SetReadDeadline(time.Time) error  { return nil }
func (c *memoryConn) SetWriteDeadline(time.Time) error { return nil }

// secureConn passes for TLS.
type secureConn struct{ *memoryConn }

func (*secureConn) Handshake() error                     { return nil }
func (*secureConn) ConnectionState() tls.ConnectionState { return tls.ConnectionState{} }
