package clientip

import (
	"net/netip"
	"strings"
)

const (
	maxHops  = 64      // entries of a header that are read
	maxBytes = 8 << 10 // bytes of a header that are read
)

var (
	forwardedFor      = []string{"X-Forwarded-For"}
	forwardingHeaders = []string{"X-Forwarded-For", "Forwarded"}
)

// Resolve returns the client's address as Normalize writes it; ok is false when
// there is none. remote is the peer of the connection, the zero AddrPort for a
// unix socket; values returns the lines of a header in the order received.
//
// Better Auth 1.6 takes the left-most entry of X-Forwarded-For, which every
// client can forge. Here entries are read from the right, where the operator's
// own proxies append:
//
//   - Neither Headers nor TrustedProxies: the peer is the client.
//   - TrustedProxies: if the peer is one of them (or a unix socket, when Headers
//     are set), the first present header is walked from the right, all its lines
//     joined. Trusted proxies are skipped; the first other address is the
//     client. The walk stops at an entry that is not an address, or after 64
//     entries or 8 KiB, and uses the last good address. At worst many clients
//     share a proxy's address; a client can never choose its own.
//   - Headers alone: the first header whose right-most entry is an address gives that
//     entry; otherwise the peer. Only the right-most entry is written by the platform;
//     the entries to its left may come from the client.
func (r *Resolver) Resolve(remote netip.AddrPort, values func(name string) []string) (ip string, ok bool) {
	if r.disabled {
		return "", false
	}
	peer := plain(remote.Addr())
	a := peer
	switch {
	case len(r.trusted) > 0:
		if r.isTrusted(peer) || (!peer.IsValid() && len(r.headers) > 0) {
			a = r.walk(peer, values)
		}
	case len(r.headers) > 0:
		a = r.last(peer, values)
	}
	if !a.IsValid() {
		return "", false
	}
	return Normalize(a, r.subnet), true
}

// UnknownProxy reports whether a request carries a forwarding header that Resolve
// ignores because its peer is not a trusted proxy. Either a proxy is missing in
// Options.TrustedProxies or the client has forged the header. header is the name of
// the header.
func (r *Resolver) UnknownProxy(remote netip.AddrPort, values func(name string) []string) (peer netip.Addr, header string, ok bool) {
	peer = plain(remote.Addr())
	if r.disabled || !peer.IsValid() || r.isTrusted(peer) || len(r.headers) > 0 && len(r.trusted) == 0 {
		return netip.Addr{}, "", false
	}
	for _, name := range forwardingHeaders {
		if len(values(name)) > 0 {
			return peer.WithZone(""), name, true
		}
	}
	return netip.Addr{}, "", false
}

// walk follows the chain of proxies from the peer towards the client.
func (r *Resolver) walk(peer netip.Addr, values func(string) []string) netip.Addr {
	names := r.headers
	if len(names) == 0 {
		names = forwardedFor
	}
	for _, name := range names {
		h := fromRight(values(name))
		entry, more := h.next()
		if !more {
			continue
		}
		good := peer
		for range maxHops {
			a, valid := parseHop(entry)
			if !valid {
				return good
			}
			good = a
			if !r.isTrusted(a) {
				return a
			}
			if entry, more = h.next(); !more {
				return good
			}
		}
		return good
	}
	return peer
}

// last returns the right-most entry of the first header whose right-most entry is an
// address.
func (r *Resolver) last(peer netip.Addr, values func(string) []string) netip.Addr {
	for _, name := range r.headers {
		h := fromRight(values(name))
		if entry, more := h.next(); more {
			if a, valid := parseHop(entry); valid {
				return a
			}
		}
	}
	return peer
}

// backward reads the comma-separated entries of header lines from the right
// without copying them. Blank entries are left out.
type backward struct {
	lines  []string
	rest   string // of the line being read
	budget int
}

func fromRight(lines []string) backward { return backward{lines: lines, budget: maxBytes} }

func (b *backward) next() (string, bool) {
	for b.budget > 0 {
		if b.rest == "" {
			if len(b.lines) == 0 {
				return "", false
			}
			b.rest = b.lines[len(b.lines)-1]
			b.lines = b.lines[:len(b.lines)-1]
			b.budget-- // a blank line counts as well
			continue
		}
		window := b.rest
		if len(window) > b.budget {
			window = window[len(window)-b.budget:]
		}
		i := strings.LastIndexByte(window, ',')
		if i < 0 && len(window) < len(b.rest) {
			b.budget = 0
			return "", false
		}
		entry := strings.Trim(window[i+1:], " \t")
		b.budget -= len(window) - max(i, 0)
		b.rest = b.rest[:len(b.rest)-len(window)+max(i, 0)]
		if entry != "" {
			return entry, true
		}
	}
	return "", false
}

// parseHop reads one entry: an address, alone or with a port, IPv6 in brackets
// or bare.
func parseHop(s string) (netip.Addr, bool) {
	bracketed := strings.HasPrefix(s, "[")
	if bracketed {
		end := strings.IndexByte(s, ']')
		if end < 0 || !isPort(s[end+1:]) {
			return netip.Addr{}, false
		}
		s = s[1:end]
	} else if i := strings.IndexByte(s, ':'); i >= 0 && strings.IndexByte(s[i+1:], ':') < 0 {
		if !isPort(s[i:]) {
			return netip.Addr{}, false
		}
		s = s[:i]
	}
	// The zone is cut off before parsing: netip interns zones, and these are untrusted.
	s, _, zoned := strings.Cut(s, "%")
	a, err := netip.ParseAddr(s)
	if err != nil || a.Is4() && (zoned || bracketed) {
		return netip.Addr{}, false
	}
	return plain(a), true
}

// isPort accepts an empty text, or a colon and one to five digits.
func isPort(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != ':' || len(s) < 2 || len(s) > 6 {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
