package core

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/origin"
)

// baseURL is a public address with what follows from it.
type baseURL struct {
	scheme, host, hostname string
	origin                 string
	path                   string // base path
	url                    string // origin + path
	cookies                *cookieNames
	origins                *origin.Set
}

func parseBaseURL(raw, basePath string) (*baseURL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf(`core: BaseURL %q must be a scheme and host such as "https://app.example.com"`, raw)
	}
	o, ok := origin.Of(raw)
	if !ok {
		return nil, fmt.Errorf("core: BaseURL %q has a host that browsers read differently", raw)
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	if path == "" {
		path = basePath
	}
	if path == "/" {
		path = ""
	}
	if path != "" && path[0] != '/' || strings.Contains(path, "//") || strings.ContainsAny(path, "?#% ") {
		return nil, fmt.Errorf(`core: BasePath %q must look like "/api/auth"`, path)
	}
	host := strings.TrimPrefix(strings.TrimPrefix(o, "https://"), "http://")
	return &baseURL{scheme: u.Scheme, host: host, hostname: u.Hostname(), origin: o, path: path, url: o + path}, nil
}

// complete adds cookies and trusted origins.
func (a *Auth) complete(b *baseURL) error {
	patterns := append([]string{b.origin}, a.staticOrigins...)
	set, err := origin.Compile(patterns)
	if err != nil {
		return fmt.Errorf("core: TrustedOrigins: %w", err)
	}
	b.origins = set
	b.cookies = a.newCookieNames(b)
	if d := strings.TrimPrefix(b.cookies.domain, "."); d != "" && a.opts.DynamicBaseURL == nil &&
		!strings.HasSuffix("."+strings.ToLower(b.hostname), "."+strings.ToLower(d)) {
		return fmt.Errorf("core: Options.Cookies.Domain %q is no domain of %s: browsers would refuse every cookie", d, b.hostname)
	}
	names := map[string]bool{}
	for _, k := range []Cookie{b.cookies.SessionToken, b.cookies.SessionData, b.cookies.Forget} {
		if names[k.Name] {
			return fmt.Errorf("core: Options.Cookies gives two cookies the name %q", k.Name)
		}
		names[k.Name] = true
		k.Attributes.MaxAge = 0 // a longer life than browsers keep is cut, not refused
		if err := cookie.Validate(k.Name, k.Attributes); err != nil {
			return fmt.Errorf("core: Options.Cookies: %w", err)
		}
	}
	return nil
}

// dynamicBase derives the base URL of one request. Nothing of it outlives the
// request.
func (a *Auth) dynamicBase(req *Request) (*baseURL, error) {
	o := a.opts.DynamicBaseURL
	header := func(name string) string {
		if req.Header == nil {
			return ""
		}
		return strings.TrimSpace(req.Header.Get(name))
	}
	host, scheme := req.Host, req.Scheme
	if o.TrustForwarded {
		if h := header("X-Forwarded-Host"); h != "" && origin.ValidHost(h) {
			host = h
		}
		if p := header("X-Forwarded-Proto"); p == "http" || p == "https" {
			scheme = p
		}
	}
	if o.Protocol != "" {
		scheme = o.Protocol
	}
	if scheme == "" {
		scheme = "https"
		if name, _, err := net.SplitHostPort(host); err == nil && name == "localhost" || host == "localhost" {
			scheme = "http"
		}
	}
	if host != "" && origin.ValidHost(host) {
		for _, p := range o.AllowedHosts {
			if origin.MatchHost(host, p) {
				b, err := parseBaseURL(scheme+"://"+host, a.basePath)
				if err != nil {
					return nil, err
				}
				return b, a.complete(b)
			}
		}
	}
	if a.fallback != nil {
		return a.fallback, nil
	}
	return nil, Fail(http.StatusBadRequest, CodeInvalidHost)
}

// hostOrigins are the origins of the allowed hosts of a dynamic base URL.
func (o *DynamicBaseURL) hostOrigins() []string {
	var out []string
	for _, h := range o.AllowedHosts {
		switch {
		case strings.Contains(h, "://"):
			out = append(out, h)
		case h == "*":
		default:
			out = append(out, "https://"+h)
			name, _, _ := strings.Cut(h, ":")
			if name == "localhost" || strings.HasPrefix(name, "127.") {
				out = append(out, "http://"+h)
			}
		}
	}
	return out
}
