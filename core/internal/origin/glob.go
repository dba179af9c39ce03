package origin

import "strings"

// glob is a pattern for one host and its port. In each part '*' stands for any
// run of characters and '?' for one, never for the colon between them.
type glob struct {
	host string // lower-case; "*" or "**" is any host
	port string // "" is no port
	any  bool   // every port, because the pattern is just "*"
	ipv4 bool   // the pattern spells an IPv4 address, so names do not match
}

// parseGlob compiles a pattern that holds no scheme and no path.
func parseGlob(pattern string) (glob, bool) {
	host, port, ok := splitPort(strings.ToLower(pattern))
	if !ok || host == "" {
		return glob{}, false
	}
	if !strings.HasPrefix(host, "[") {
		for i := 0; i < len(host); i++ {
			if c := host[i]; !alnum(c) && strings.IndexByte("-_.*?", c) < 0 {
				return glob{}, false
			}
		}
		if host[0] == '.' || host[len(host)-1] == '.' || strings.Contains(host, "..") {
			return glob{}, false
		}
	} else if host, ok = normalHost(host); !ok {
		return glob{}, false
	}
	for i := 0; i < len(port); i++ {
		if c := port[i]; !digit(c) && c != '*' && c != '?' {
			return glob{}, false
		}
	}
	return glob{
		host: host,
		port: port,
		any:  strings.Trim(host, "*") == "" && port == "",
		ipv4: strings.ContainsAny(host, "0123456789") && strings.Trim(host, "0123456789.*?") == "",
	}, true
}

// match compares a lower-case host and port.
func (g glob) match(host, port string) bool {
	if g.ipv4 && !isIPv4(host) {
		return false
	}
	return wildcard(g.host, host) && (g.any || (port != "" || g.port == "") && wildcard(g.port, port))
}

// wildcard reports whether s matches pattern. It takes time proportional to
// the product of their lengths at worst.
func wildcard(pattern, s string) bool {
	p, i := 0, 0
	star, from := -1, 0 // the last '*' and where its run may end next
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
