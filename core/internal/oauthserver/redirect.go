package oauthserver

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// The errors of CheckRedirectURI, in Better Auth's words where it has some.
var (
	errNoURL     = errors.New("Invalid URL")
	errDangerous = errors.New("URL cannot use javascript:, data:, or vbscript: scheme")
	errPlain     = errors.New("Redirect URI must use HTTPS (HTTP allowed only for loopback hosts)")
	errFragment  = errors.New("Redirect URI must not have a fragment, a user name or control characters")
)

// maxURI bounds a redirect URI, in bytes.
const maxURI = 2048

// CheckRedirectURI checks a URI that a client registers (RFC 6749 3.1.2, RFC 8252): https, http
// on this machine, or a scheme of an application such as "com.example.app:/callback".
func CheckRedirectURI(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || len(text) > maxURI {
		return errNoURL
	}
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c == '\\' || c >= 0x7f || c == '"' || c == '<' || c == '>' {
			return errFragment
		}
	}
	if strings.Contains(text, "#") || u.User != nil {
		return errFragment
	}
	switch u.Scheme {
	case "javascript", "data", "vbscript", "file", "blob", "about", "view-source", "filesystem", "ftp", "ws", "wss":
		return errDangerous
	case "https":
		if u.Host == "" || u.Hostname() == "" {
			return errNoURL
		}
	case "http":
		if !loopbackHost(u.Hostname()) {
			return errPlain
		}
	default:
		// A scheme of an application has something after the colon.
		if u.Host == "" && u.Path == "" && u.Opaque == "" {
			return errNoURL
		}
	}
	if strings.Contains(u.Host, "*") {
		return errNoURL
	}
	return nil
}

// loopbackHost reports whether a host is this machine: 127.0.0.0/8, [::1] and localhost with
// its subdomains (RFC 6761).
func loopbackHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return loopbackIP(host) || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func loopbackIP(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// matchesRedirect reports whether a client has registered the URI of a request. URIs are
// compared byte by byte. Those of native applications on this machine match on any port
// (RFC 8252 7.3), also by the name localhost, which clients of MCP use.
func matchesRedirect(registered []string, requested string) bool {
	for _, one := range registered {
		if one == requested {
			return true
		}
	}
	r, ok := native(requested)
	if !ok {
		return false
	}
	for _, one := range registered {
		if o, ok := native(one); ok && o == r {
			return true
		}
	}
	return false
}

// native returns a URI of http on this machine without its port.
func native(text string) (string, bool) {
	if CheckRedirectURI(text) != nil {
		return "", false
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || !loopbackIP(u.Hostname()) && u.Hostname() != "localhost" {
		return "", false
	}
	rest := strings.TrimPrefix(text, "http://"+u.Host)
	if rest == text { // spelled in another way
		return "", false
	}
	return u.Hostname() + " " + rest, true
}
