// Package clientip finds the network address of a request's client, and writes
// addresses in the spelling that rate-limit keys and sessions use.
package clientip

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// DefaultIPv6Subnet is the prefix length that stands for one IPv6 client. A
// subscriber usually gets a /64, so all addresses of one count as one client.
const DefaultIPv6Subnet = 64

// ErrOptions is wrapped by every error that New returns.
var ErrOptions = errors.New("clientip: bad option")

// Options say which sources of the client's address to trust. The zero value
// trusts no header: the client is the peer of the connection.
type Options struct {
	// Headers are the header names to read, in order. With TrustedProxies the
	// first one that is present is used. Without TrustedProxies, set Headers only
	// if the platform itself sets or appends to each of these headers. Empty:
	// X-Forwarded-For, and only when TrustedProxies is set.
	Headers []string
	// TrustedProxies are the networks of the operator's own proxies. When set,
	// headers count only on connections that come from one of them.
	TrustedProxies []netip.Prefix
	// IPv6Subnet is the prefix length, 1 to 128, that IPv6 addresses are cut to.
	// 0 means DefaultIPv6Subnet.
	IPv6Subnet int
	// Disabled turns address tracking off: Resolve never returns an address.
	Disabled bool
}

// Resolver finds the client address of requests. It is immutable and safe for
// concurrent use.
type Resolver struct {
	headers  []string
	trusted  []netip.Prefix
	subnet   int
	disabled bool
}

// New checks the options. It refuses header names that are not HTTP tokens, the
// header Forwarded (its RFC 7239 syntax is not read), invalid prefixes, prefixes
// of length 0 (they would let every client choose its own address) and subnets
// outside 0 to 128. All errors wrap ErrOptions.
func New(o Options) (*Resolver, error) {
	r := &Resolver{subnet: o.IPv6Subnet, disabled: o.Disabled}
	if r.subnet < 0 || r.subnet > 128 {
		return nil, fmt.Errorf("%w: IPv6Subnet %d is not in 1 to 128", ErrOptions, o.IPv6Subnet)
	}
	if r.subnet == 0 {
		r.subnet = DefaultIPv6Subnet
	}
	for _, name := range o.Headers {
		if !isToken(name) {
			return nil, fmt.Errorf("%w: %q is not a header name", ErrOptions, name)
		}
		if strings.EqualFold(name, "Forwarded") {
			return nil, fmt.Errorf("%w: the Forwarded header is not supported; use one that holds plain addresses", ErrOptions)
		}
		r.headers = append(r.headers, name)
	}
	for _, p := range o.TrustedProxies {
		q, err := plainPrefix(p)
		if err != nil {
			return nil, err
		}
		r.trusted = append(r.trusted, q)
	}
	return r, nil
}

// plainPrefix masks a prefix and turns an IPv4-mapped one into IPv4, so that it
// compares with unmapped addresses.
func plainPrefix(p netip.Prefix) (netip.Prefix, error) {
	if !p.IsValid() {
		return p, fmt.Errorf("%w: a trusted proxy prefix is invalid", ErrOptions)
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	if p.Bits() == 0 {
		return p, fmt.Errorf("%w: trusted proxy prefix %s covers every address", ErrOptions, p)
	}
	return p.Masked(), nil
}

func (r *Resolver) isTrusted(a netip.Addr) bool {
	for _, p := range r.trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}
