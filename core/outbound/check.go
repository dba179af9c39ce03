package outbound

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// CheckURL parses a URL that a user supplied and checks, before anything is
// fetched, whether a request to it can be allowed. The URL must be absolute, have
// an allowed scheme and port and no user name, and its host must be a plain name
// or a public address. The addresses of a name are checked later, when it is
// dialled. The error is an *Error with ReasonInvalidURL or ReasonPrivateHost.
func (c *Client) CheckURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fail(ReasonInvalidURL, "it does not parse")
	}
	if err := c.guard.checkURL(u); err != nil {
		return nil, err
	}
	return u, nil
}

func (g *guard) checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !g.AllowHTTP):
		return fail(ReasonInvalidURL, "its scheme is not allowed")
	case u.User != nil:
		return fail(ReasonInvalidURL, "it holds a user name")
	case u.Opaque != "":
		return fail(ReasonInvalidURL, "it has no host")
	}
	port := 443
	if u.Scheme == "http" {
		port = 80
	}
	if text := u.Port(); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return fail(ReasonInvalidURL, "its port is no number")
		}
		port = n
	}
	if !g.port(port) {
		return fail(ReasonInvalidURL, "its port is not allowed")
	}
	return g.checkHost(u.Hostname())
}

func (g *guard) port(n int) bool {
	if len(g.Ports) > 0 {
		return slices.Contains(g.Ports, n)
	}
	return n == 80 || n == 443 || n >= 1024 && n <= 65535
}

// checkHost refuses hosts that can be refused without a lookup.
func (g *guard) checkHost(host string) error {
	if ip, err := netip.ParseAddr(host); err == nil {
		if !g.allow.address(host, ip) {
			return fail(ReasonPrivateHost, "the address "+host)
		}
		return nil
	}
	host = canonicalHost(host)
	if !isName(host) {
		return fail(ReasonInvalidURL, "its host is neither a name nor an address")
	}
	if isLocalName(host) && !g.allow.host(host) {
		return fail(ReasonPrivateHost, "the name "+host)
	}
	return nil
}

// canonicalHost returns a name in lower case without a trailing dot.
func canonicalHost(host string) string {
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// isLocalName reports whether a name always means the machine itself or its cloud.
func isLocalName(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "localhost.localdomain" ||
		host == "metadata" || host == "metadata.google.internal" || host == "metadata.goog"
}

// isName accepts names of ASCII letters, digits, hyphens and underscores. A name whose
// last label is a number, decimal, octal or hexadecimal, is refused: C resolvers read
// "2130706433", "0x7f.1" and "0177.0.0.1" as addresses. Names in other scripts are
// written in their xn-- form.
func isName(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	label := ""
	for label = range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	if strings.Trim(label, "0123456789") == "" {
		return false
	}
	digits, hex := strings.CutPrefix(strings.ToLower(label), "0x")
	return !hex || strings.Trim(digits, "0123456789abcdef") != ""
}
