package outbound

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Resolver finds the addresses of a host. *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Options configures a guarded client. The zero value reaches only public hosts
// and only by https.
type Options struct {
	// Allow lists exceptions that are not on the public internet, such as an identity
	// provider on your own network: a host ("idp.corp.example"), all hosts below a
	// domain ("*.corp.example"), an address ("10.1.2.3") or a network
	// ("10.1.0.0/16"). A host entry allows all private and loopback addresses that
	// its name resolves to. Link-local addresses need an address or a network here.
	// Multicast, unspecified and cloud-metadata addresses are always refused.
	Allow []string
	// AllowHTTP permits http beside https.
	AllowHTTP bool
	// Ports are the allowed ports. Default: 80, 443 and all from 1024 up, which
	// excludes mail servers and similar services.
	Ports []int
	// MaxRedirects is how many redirects a GET or HEAD request follows. Default 3;
	// negative: none. Other methods follow none.
	MaxRedirects int
	// Timeout bounds the whole exchange with all redirects and the reading of the
	// body. Default 10 seconds.
	Timeout time.Duration
	// MaxHeader bounds the head of an answer, in bytes. Default 64 KiB.
	MaxHeader int64
	// MaxBody bounds the body of an answer, in bytes, both as sent and after
	// decompression: reading on is an error. Default 1 MiB.
	MaxBody int64
	// RootCAs are the trusted certificate authorities, for example the system's and
	// that of your own network. Default: the system's.
	RootCAs *x509.CertPool
	// Resolver finds addresses. Default net.DefaultResolver.
	Resolver Resolver
}

// The defaults of Options.
const (
	DefaultTimeout      = 10 * time.Second
	DefaultMaxRedirects = 3
	DefaultMaxHeader    = 64 << 10
	DefaultMaxBody      = 1 << 20
)

func (o *Options) defaults() error {
	for _, n := range []struct {
		name  string
		value int64
	}{{"Timeout", int64(o.Timeout)}, {"MaxHeader", o.MaxHeader}, {"MaxBody", o.MaxBody}} {
		if n.value < 0 {
			return fmt.Errorf("outbound: %s is negative: leave it out for the default", n.name)
		}
	}
	for _, p := range o.Ports {
		if p < 1 || p > 65535 {
			return fmt.Errorf("outbound: Ports has %d, which is no port: give numbers from 1 to 65535", p)
		}
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxRedirects == 0 {
		o.MaxRedirects = DefaultMaxRedirects
	}
	if o.MaxHeader == 0 {
		o.MaxHeader = DefaultMaxHeader
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	return nil
}

// allowed is Options.Allow, read.
type allowed struct {
	hosts    map[string]bool
	domains  []string // ".corp.example"
	networks []netip.Prefix
}

func readAllowed(list []string) (allowed, error) {
	a := allowed{hosts: map[string]bool{}}
	for _, entry := range list {
		if p, err := netip.ParsePrefix(entry); err == nil {
			if p.Bits() == 0 {
				return a, fmt.Errorf("outbound: Allow has the network %q, which is every address: name the networks of your hosts", entry)
			}
			if p.Addr().Is4In6() {
				return a, fmt.Errorf("outbound: Allow has the network %q: write it as IPv4", entry)
			}
			a.networks = append(a.networks, p.Masked())
			continue
		}
		if ip, err := netip.ParseAddr(entry); err == nil {
			ip = ip.Unmap().WithZone("")
			a.networks = append(a.networks, netip.PrefixFrom(ip, ip.BitLen()))
			continue
		}
		host, wild := strings.CutPrefix(canonicalHost(entry), "*.")
		if !isName(host) || wild && !strings.Contains(host, ".") {
			return a, fmt.Errorf(`outbound: Allow has %q: write a host without scheme and port, "*." and a domain, an address, or a network such as "10.1.0.0/16"`, entry)
		}
		if wild {
			a.domains = append(a.domains, "."+host)
		} else {
			a.hosts[host] = true
		}
	}
	return a, nil
}

func (a *allowed) host(name string) bool {
	if a.hosts[name] {
		return true
	}
	for _, d := range a.domains {
		if strings.HasSuffix(name, d) {
			return true
		}
	}
	return false
}

// address decides about an address that a host, by name or literally, stands for.
func (a *allowed) address(host string, ip netip.Addr) bool {
	if isPublic(ip) {
		return true
	}
	if ip.Zone() != "" {
		return false
	}
	ip = plain(ip)
	switch {
	case !ip.IsValid(), within(metadata, ip), within(never, ip):
		return false
	case within(a.networks, ip):
		return true
	default:
		return a.host(host) && !within(linkLocal, ip)
	}
}
