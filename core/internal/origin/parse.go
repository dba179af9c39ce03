package origin

import (
	"net/netip"
	"strconv"
	"strings"
)

// maxURL is the longest URL that is read, in bytes.
const maxURL = 8192

// Of returns the WHATWG origin of an absolute http or https URL, for example
// "https://app.example.com": lower-case scheme and host, the port only when it
// is not the scheme's own. ok is false for every other URL, for one longer than 8 KiB
// and for one whose host the package refuses. It allocates only when the URL spells the
// origin differently.
func Of(rawURL string) (origin string, ok bool) {
	u, ok := parse(rawURL)
	if !ok || !u.web() {
		return "", false
	}
	// Most URLs begin with their origin.
	if end := len(u.scheme) + len("://") + len(u.host); strings.HasPrefix(rawURL, u.scheme) && strings.HasPrefix(rawURL[end-len(u.host):], u.host) {
		if u.port != "" {
			end += len(":") + len(u.port)
		}
		return rawURL[:end], true
	}
	return u.scheme + "://" + u.address(), true
}

// Host returns the host of an http or https URL, with the port unless it is the
// scheme's own: what URL.host is in JavaScript. ok is false where Of's is.
func Host(rawURL string) (host string, ok bool) {
	u, ok := parse(rawURL)
	if !ok || !u.web() {
		return "", false
	}
	return u.address(), true
}

// target is an absolute URL with "//" after its scheme, split.
type target struct {
	scheme string // lower-case
	host   string // web: normalised; custom scheme: the authority as it is written, which may be empty
	port   string // web: "" when it is the scheme's own; custom scheme: ""
	rest   string // path, query and fragment, as they are written
}

func (t target) web() bool { return t.scheme == "https" || t.scheme == "http" }

// address joins the host and the port.
func (t target) address() string {
	if t.port == "" {
		return t.host
	}
	return t.host + ":" + t.port
}

// parse splits an absolute URL. Everything a browser would strip or turn into
// something else before it splits is refused.
func parse(s string) (target, bool) {
	if !clean(s) {
		return target{}, false
	}
	colon := strings.IndexByte(s, ':')
	if colon < 0 || !strings.HasPrefix(s[colon:], "://") || !validScheme(s[:colon]) {
		return target{}, false
	}
	t := target{scheme: strings.ToLower(s[:colon])}
	authority := s[colon+len("://"):]
	if i := strings.IndexAny(authority, "/?#"); i >= 0 {
		authority, t.rest = authority[:i], authority[i:]
	}
	if dangerous(t.scheme) {
		return target{}, false
	}
	if !t.web() {
		t.host = authority
		return t, validCustomAuthority(authority)
	}
	var ok bool
	if t.host, t.port, ok = parseAuthority(authority); !ok {
		return target{}, false
	}
	if t.port == defaultPort(t.scheme) {
		t.port = ""
	}
	return t, true
}

// clean reports whether a URL is at most maxURL long and holds nothing that browsers
// strip or turn into a slash.
func clean(s string) bool {
	if len(s) > maxURL || s == "" || s[len(s)-1] == ' ' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == 0x7f || c == '\\' {
			return false
		}
	}
	return true
}

func defaultPort(scheme string) string {
	if scheme == "http" {
		return "80"
	}
	return "443"
}

// validScheme follows RFC 3986 section 3.1.
func validScheme(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if letter := c|0x20 >= 'a' && c|0x20 <= 'z'; !letter && (i == 0 || !digit(c) && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// dangerous reports schemes that run scripts, read local data, or are read by browsers
// like http without being it. Nothing trusts them.
func dangerous(scheme string) bool {
	switch scheme {
	case "javascript", "data", "vbscript", "blob", "file", "filesystem", "about", "view-source", "ftp", "ws", "wss":
		return true
	}
	return false
}

// parseAuthority splits and normalises the host and port of a web URL.
func parseAuthority(s string) (host, port string, ok bool) {
	host, port, ok = splitPort(s)
	if !ok {
		return "", "", false
	}
	if port != "" && !validPort(port) {
		return "", "", false
	}
	host, ok = normalHost(host)
	return host, port, ok
}

// splitPort cuts the port off an authority. A colon with nothing behind it is
// refused.
func splitPort(s string) (host, port string, ok bool) {
	end := 0
	if strings.HasPrefix(s, "[") {
		if end = strings.IndexByte(s, ']'); end < 0 {
			return "", "", false
		}
		end++
	} else if end = strings.IndexByte(s, ':'); end < 0 {
		end = len(s)
	}
	if end == len(s) {
		return s, "", true
	}
	if s[end] != ':' || end+1 == len(s) {
		return "", "", false
	}
	return s[:end], s[end+1:], true
}

// validPort accepts 1 to 65535 without leading zeros.
func validPort(s string) bool {
	if s == "" || len(s) > 5 || s[0] == '0' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !digit(s[i]) {
			return false
		}
	}
	n, err := strconv.Atoi(s)
	return err == nil && n <= 65535
}

// normalHost lower-cases a domain name or puts an IP address into its canonical
// form.
func normalHost(s string) (string, bool) {
	if strings.HasPrefix(s, "[") {
		if !strings.HasSuffix(s, "]") {
			return "", false
		}
		addr, err := netip.ParseAddr(s[1 : len(s)-1])
		// netip and WHATWG write an IPv4-mapped address differently.
		if err != nil || !addr.Is6() || addr.Is4In6() || addr.Zone() != "" {
			return "", false
		}
		return "[" + addr.String() + "]", true
	}
	if len(s) > 253 {
		return "", false
	}
	label := 0 // where the label starts
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == '.' {
			if n := i - label; n == 0 || n > 63 || strings.EqualFold(s[label:i], "xn--") {
				return "", false
			}
			if i < len(s) {
				label = i + 1
			}
			continue
		}
		if c := s[i]; !alnum(c) && c != '-' && c != '_' {
			return "", false
		}
	}
	s = strings.ToLower(s)
	if numeric(s[label:]) && !isIPv4(s) {
		return "", false
	}
	return s, true
}

// numeric reports whether a host with this last label is read as an IPv4 address
// (WHATWG URL, "ends in a number checker").
func numeric(label string) bool {
	if strings.HasPrefix(label, "0x") {
		return true
	}
	for i := 0; i < len(label); i++ {
		if !digit(label[i]) {
			return false
		}
	}
	return true
}

// isIPv4 reports whether s is four decimal numbers without leading zeros.
func isIPv4(s string) bool {
	addr, err := netip.ParseAddr(s)
	return err == nil && addr.Is4()
}

// validCustomAuthority checks what follows "//" in a URL with a custom scheme.
// It may be empty; it is compared as it is written.
func validCustomAuthority(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !alnum(c) && strings.IndexByte("-._~:[]!$&'()*+,;=%", c) < 0 {
			return false
		}
	}
	return true
}

// loopback reports whether a normalised host is this machine.
func loopback(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "[::1]" ||
		strings.HasPrefix(host, "127.") && isIPv4(host)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func alnum(c byte) bool { return digit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }
