package origin

import (
	"net/netip"
	"strings"
)

// ValidHost reports whether the value of a Host or X-Forwarded-Host header is a
// plain host: a name of letters, digits and inner hyphens, an IPv4 address or a
// bracketed IPv6 address, each with or without a port up to 65535. The rule is
// that of Better Auth's validateProxyHeader, which also accepts ports and IPv6
// addresses that do not exist, and refuses names that merely end in "data".
func ValidHost(header string) bool {
	if len(header) > 260 {
		return false
	}
	host, port, ok := splitPort(header)
	if !ok || strings.Trim(port, "0123456789") != "" || len(port) > 5 || len(port) == 5 && port > "65535" {
		return false
	}
	if strings.HasPrefix(host, "[") {
		addr, err := netip.ParseAddr(host[1 : len(host)-1])
		return err == nil && addr.Is6() && strings.Trim(host, "[]:0123456789abcdefABCDEF") == ""
	}
	if port != "" && (strings.EqualFold(host, "javascript") || strings.EqualFold(host, "file") || strings.EqualFold(host, "data")) {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := 0; i < len(label); i++ {
			if c := label[i]; !alnum(c) && c != '-' {
				return false
			}
		}
	}
	return true
}

// MatchHost reports whether the host of a request, with its port if it has one,
// matches a pattern of a dynamic base URL's allowedHosts: "app.example.com",
// "*.vercel.app", "preview-?.example.com", "localhost:*". Letter case does not
// count; a scheme in front of the pattern and a path behind it are ignored, as
// Better Auth does. A host that is not a ValidHost never matches, and '*' never
// stands for a port unless it is the whole pattern.
func MatchHost(host, pattern string) bool {
	if !ValidHost(host) {
		return false
	}
	if rest, ok := strings.CutPrefix(pattern, "https://"); ok {
		pattern = rest
	} else {
		pattern = strings.TrimPrefix(pattern, "http://")
	}
	pattern, _, _ = strings.Cut(pattern, "/")
	if !strings.ContainsAny(pattern, "*?") {
		return strings.EqualFold(host, pattern)
	}
	g, ok := parseGlob(pattern)
	if !ok {
		return false
	}
	name, port, _ := splitPort(strings.ToLower(host))
	return g.match(name, port)
}
