package outbound

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Client is a guarded client for hosts that users supply; see New. It is safe for
// concurrent use. The embedded *http.Client may be given to libraries; changing
// it removes the guard.
type Client struct {
	*http.Client
	guard *guard
}

// guard is the policy and the transport that enforces it.
type guard struct {
	Options
	allow     allowed
	transport http.RoundTripper
	// dial connects to an address that was looked up.
	dial func(ctx context.Context, a netip.AddrPort) (net.Conn, error)
}

// New makes a client for hosts that users supply. It
//
//   - connects only to public addresses and to those of Options.Allow. A name is
//     looked up once for each connection and refused when any of its addresses is;
//     the address is checked again when the socket is about to be connected, so
//     that no second answer of the DNS is ever used;
//   - speaks https only, unless Options.AllowHTTP, to the ports of Options.Ports;
//   - follows few redirects, of GET and HEAD, never from https to http. A redirect
//     to another origin carries no header of the request except Accept,
//     Accept-Language and User-Agent;
//   - fails when the time, the header or the body exceeds its limit;
//   - uses no proxy of the environment and keeps no cookies.
//
// Errors of its requests are, or wrap, an *Error. An error of New says which
// option to change.
func New(o Options) (*Client, error) {
	g, err := newGuard(o)
	if err != nil {
		return nil, err
	}
	return g.client(), nil
}

func newGuard(o Options) (*guard, error) {
	if err := o.defaults(); err != nil {
		return nil, err
	}
	allow, err := readAllowed(o.Allow)
	if err != nil {
		return nil, err
	}
	g := &guard{Options: o, allow: allow}
	g.dial = g.dialAddress
	g.transport = &http.Transport{
		DialContext:            g.dialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    o.Timeout,
		MaxResponseHeaderBytes: o.MaxHeader,
		MaxIdleConns:           32,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        30 * time.Second,
		DisableCompression:     true, // the guard does it, to count both sizes
	}
	return g, nil
}

func (g *guard) client() *Client {
	return &Client{
		Client: &http.Client{Transport: g, CheckRedirect: g.checkRedirect, Timeout: g.Timeout},
		guard:  g,
	}
}

// RoundTrip is one exchange. Redirects come here again, each as a request of its own.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := g.checkURL(req.URL); err != nil {
		closeBody(req)
		return nil, err
	}
	out := req.Clone(req.Context())
	out.Header.Set("Accept-Encoding", "gzip")
	res, err := g.transport.RoundTrip(out)
	if err != nil {
		return nil, classify(err)
	}
	return g.bound(req, res), nil
}

// CloseIdleConnections closes connections that are kept for further requests.
func (g *guard) CloseIdleConnections() {
	if t, ok := g.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// RoundTrip has to close the body, also when it sends nothing.
func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close() // nothing was read from it
	}
}

// dialContext looks a host up once, refuses it when any of its addresses is
// refused, and connects to the first that answers.
func (g *guard) dialContext(ctx context.Context, _, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fail(ReasonInvalidURL, "no host and port")
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fail(ReasonInvalidURL, "no port")
	}
	if err := g.checkHost(host); err != nil {
		return nil, err
	}
	addresses, err := g.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	name := canonicalHost(host)
	for _, a := range addresses {
		if !g.allow.address(name, a) {
			return nil, fail(ReasonPrivateHost, name+" resolves to "+a.String())
		}
	}
	ctx = context.WithValue(ctx, dialled{}, name)
	var first error
	for i, a := range addresses {
		c, err := g.attempt(ctx, netip.AddrPortFrom(a, uint16(port)), len(addresses)-i)
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, classify(first)
}

func (g *guard) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	list, err := g.Resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, classify(err)
	}
	if len(list) == 0 {
		return nil, fail(ReasonUnreachable, "the name has no address")
	}
	return list, nil
}

// attempt gives one of several addresses its share of the time that is left.
func (g *guard) attempt(ctx context.Context, a netip.AddrPort, left int) (net.Conn, error) {
	share := g.Timeout
	if deadline, ok := ctx.Deadline(); ok {
		share = min(share, time.Until(deadline))
	}
	ctx, cancel := context.WithTimeout(ctx, share/time.Duration(left))
	defer cancel()
	return g.dial(ctx, a)
}

// dialled is the context key of the host whose address is dialled.
type dialled struct{}

func (g *guard) dialAddress(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{ControlContext: g.control}
	return d.DialContext(ctx, "tcp", netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).String())
}

// control gets the address that a socket is about to connect to.
func (g *guard) control(ctx context.Context, network, address string, _ syscall.RawConn) error {
	host, _ := ctx.Value(dialled{}).(string)
	a, err := netip.ParseAddrPort(address)
	if err != nil || !strings.HasPrefix(network, "tcp") || !g.allow.address(host, a.Addr()) {
		return fail(ReasonPrivateHost, "about to dial "+address)
	}
	return nil
}

// Default makes a client for hosts that the application configures: 15 seconds
// for the whole exchange, TLS 1.2 or later, at most 100 idle connections and 10 to
// one host, the proxy of the environment, no cookies.
func Default() *http.Client {
	return &http.Client{
		Timeout: 15 * time.Second,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    5 * time.Second,
			ResponseHeaderTimeout:  10 * time.Second,
			MaxResponseHeaderBytes: 256 << 10,
			MaxIdleConns:           100,
			MaxIdleConnsPerHost:    10,
			IdleConnTimeout:        90 * time.Second,
		},
	}
}
