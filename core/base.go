package core

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"

	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/internal/origin"
)

// baseURL is a public address with its cookies and trusted origins.
type baseURL struct {
	scheme, host, hostname string
	origin                 string
	path                   string // public path
	url                    string // origin + path
	cookies                *cookieNames
	origins                *origin.Set
}

// parseBaseURL reads an address. A path in it replaces path.
func parseBaseURL(raw, path string) (*baseURL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf(`core: BaseURL %q must be a scheme and host such as "https://app.example.com"`, raw)
	}
	o, ok := origin.Of(raw)
	if !ok {
		return nil, fmt.Errorf("core: BaseURL %q has a host that browsers read differently", raw)
	}
	if own := strings.TrimRight(u.EscapedPath(), "/"); own != "" {
		path = own
	}
	if path, err = cleanPath("BasePath", path); err != nil {
		return nil, err
	}
	host := strings.TrimPrefix(strings.TrimPrefix(o, "https://"), "http://")
	return &baseURL{scheme: u.Scheme, host: host, hostname: u.Hostname(), origin: o, path: path, url: o + path}, nil
}

// cleanPath checks the path of an option. The root is "".
func cleanPath(option, path string) (string, error) {
	if path == "/" {
		return "", nil
	}
	if path != "" && path[0] != '/' || strings.Contains(path, "//") || strings.ContainsAny(path, "?#% ;\\") || strings.Contains(path+"/", "/../") || strings.Contains(path+"/", "/./") {
		return "", fmt.Errorf(`core: %s %q must look like "/api/auth"`, option, path)
	}
	return path, nil
}

// firstBase reads the address of an option, and settles where the routes live and where
// clients see them.
func (a *Auth) firstBase(option, raw string) (*baseURL, error) {
	o := &a.opts
	path := o.BasePath
	if o.PublicPath != "" {
		u, err := url.Parse(raw)
		if err == nil && strings.Trim(u.Path, "/") != "" {
			return nil, fmt.Errorf("core: Options.%s %q has a path although there is Options.PublicPath: leave only scheme and host in it", option, raw)
		}
		if a.basePath, err = cleanPath("BasePath", strings.TrimRight(o.BasePath, "/")); err != nil {
			return nil, err
		}
		if path, err = cleanPath("PublicPath", strings.TrimRight(o.PublicPath, "/")); err != nil {
			return nil, err
		}
	}
	b, err := parseBaseURL(raw, path)
	if err != nil {
		return nil, err
	}
	a.publicPath = b.path
	if o.PublicPath == "" {
		a.basePath = b.path
	}
	return b, a.complete(b)
}

// publicRoot is the path at which clients see what AtRoot routes at the root: the part
// of the public path that a proxy strips.
func (a *Auth) publicRoot() string {
	root, strips := strings.CutSuffix(a.publicPath, a.basePath)
	if !strips {
		return ""
	}
	return root
}

// paths are where the routes live and where clients see them, for manifests.
func (o *Options) paths() (base, public string, err error) {
	if o.PublicPath != "" {
		if base, err = cleanPath("BasePath", strings.TrimRight(o.BasePath, "/")); err == nil {
			public, err = cleanPath("PublicPath", strings.TrimRight(o.PublicPath, "/"))
		}
		return base, public, err
	}
	raw := o.BaseURL
	if d := o.DynamicBaseURL; d != nil {
		raw = cmp.Or(d.Fallback, "https://localhost")
	}
	b, err := parseBaseURL(raw, o.BasePath)
	if err != nil {
		return "", "", err
	}
	return b.path, b.path, nil
}

// maxCookieHead bounds the name and attributes of a cookie, in bytes.
const maxCookieHead = 2048

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
		if p := strings.TrimRight(k.Attributes.Path, "/"); p != "" && !strings.HasPrefix(b.path+"/", p+"/") {
			return fmt.Errorf("core: Options.Cookies gives %q the path %q: browsers would not send it to the routes at %q", k.Name, k.Attributes.Path, b.path)
		}
		k.Attributes.MaxAge = 0 // browsers cut longer lifetimes, so a long one is no error
		if err := cookie.Validate(k.Name, k.Attributes); err != nil {
			return fmt.Errorf("core: Options.Cookies: %w", err)
		}
		if n := len(cookie.Serialize(k.Name, "", k.Attributes)); n > maxCookieHead {
			return fmt.Errorf("core: Options.Cookies: the name and attributes of %.40q take %d bytes: make them shorter than %d, for browsers keep 4096 with the value",
				k.Name, n, maxCookieHead)
		}
	}
	return nil
}

// TrustsOrigin reports whether an origin, such as "https://app.example.com", is that of
// BaseURL, one of TrustedOrigins or of an allowed host. It is true where TrustedOriginsFunc
// decides for each request. Plugins ask it in Init, about their options.
func (a *Auth) TrustsOrigin(value string) bool {
	patterns := a.staticOrigins
	if a.base != nil {
		patterns = append([]string{a.base.origin}, patterns...)
	}
	set, err := origin.Compile(patterns)
	return a.opts.TrustedOriginsFunc != nil || err == nil && set.MatchOrigin(value)
}

// dynamicBase derives the base URL of one request.
func (a *Auth) dynamicBase(req *Request) (*baseURL, error) {
	o := a.opts.DynamicBaseURL
	// Proxies in a row make lists: "https,http". The first element is the client's.
	header := func(name string) string {
		if req.Header == nil {
			return ""
		}
		first, _, _ := strings.Cut(req.Header.Get(name), ",")
		return strings.ToLower(strings.TrimSpace(first))
	}
	host, scheme := req.Host, req.Scheme
	forwarded := header("X-Forwarded-Proto")
	if o.TrustForwarded {
		if h := header("X-Forwarded-Host"); h != "" && origin.ValidHost(h) {
			host = h
		}
	}
	switch {
	case o.Protocol != "":
		scheme = o.Protocol
	case forwarded == "http" && o.TrustForwarded:
		scheme = "http"
	case forwarded == "http", forwarded == "":
	default:
		// Anybody may send it: a client that claims https loses at most its own
		// cookies. A value that is no scheme must not remove Secure from everyone's
		// cookies.
		scheme = "https"
	}
	if scheme == "" {
		scheme = "https"
		if loopback(host) {
			scheme = "http"
		}
	}
	if scheme == "http" && o.Protocol == "" && !loopback(host) && a.warned.plain.CompareAndSwap(false, true) {
		a.log.Warn("requests come without encryption, so cookies are not Secure: if a proxy in front ends TLS, set DynamicBaseURL.Protocol to \"https\"",
			"host", host)
	}
	if host != "" && origin.ValidHost(host) {
		for _, p := range o.AllowedHosts {
			if origin.MatchHost(host, p) {
				return a.baseFor(scheme + "://" + host)
			}
		}
	}
	if a.fallback != nil {
		return a.fallback, nil
	}
	return nil, Fail(http.StatusBadRequest, CodeInvalidHost)
}

// baseFor returns the base URL of another address, with the base path.
func (a *Auth) baseFor(address string) (*baseURL, error) {
	if b := a.bases.get(address); b != nil {
		return b, nil
	}
	b, err := parseBaseURL(address, a.publicPath)
	if err != nil {
		return nil, err
	}
	if b.path != a.publicPath {
		return nil, fmt.Errorf("core: the address %q has a path", address)
	}
	if err := a.complete(b); err != nil {
		return nil, err
	}
	a.bases.put(address, b)
	return b, nil
}

// bases keeps the compiled base URLs of the addresses in use. A pattern may allow any
// number of hosts, so bases forgets all of them when there are too many.
type bases struct {
	mu sync.RWMutex
	by map[string]*baseURL
}

const maxBases = 256

func (k *bases) get(address string) *baseURL {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.by[address]
}

func (k *bases) put(address string, b *baseURL) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.by == nil || len(k.by) >= maxBases {
		k.by = map[string]*baseURL{}
	}
	k.by[address] = b
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

// loopback reports whether a host, with or without port, is this machine.
func loopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && ip.IsLoopback()
}
