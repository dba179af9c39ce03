package outbound

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"syscall"
)

// Dial connects to an address that was looked up and checked.
type Dial func(ctx context.Context, a netip.AddrPort) (net.Conn, error)

// NewDialling is New with another way to connect: tests connect public addresses to
// their own server on loopback, whose certificate is for serverName unless that is
// empty.
func NewDialling(o Options, serverName string, d Dial) (*Client, error) {
	g, err := newGuard(o)
	if err != nil {
		return nil, err
	}
	g.dial = d
	g.transport.(*http.Transport).TLSClientConfig.ServerName = serverName
	return g.client(), nil
}

// Control is the check of a real connection's socket.
func Control(c *Client, host, network, address string) error {
	return c.guard.control(context.WithValue(context.Background(), dialled{}, host), network, address, syscall.RawConn(nil))
}

// IsPublic is isPublic.
func IsPublic(a netip.Addr) bool { return isPublic(a) }
