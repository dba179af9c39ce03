package outbound

import (
	"fmt"
	"net/http"
	"net/url"
)

// carried are the headers that a redirect to another origin may take along.
var carried = []string{"Accept", "Accept-Language", "User-Agent"}

// checkRedirect runs before each further request; RoundTrip checks its URL. A header of
// the application's own, such as an API key, is a credential like Authorization. A
// subdomain is another host.
func (g *guard) checkRedirect(req *http.Request, via []*http.Request) error {
	first, last := via[0], via[len(via)-1]
	switch {
	case first.Method != http.MethodGet && first.Method != http.MethodHead:
		return fail(ReasonRedirect, "a redirect of "+first.Method)
	case len(via) > g.MaxRedirects:
		return fail(ReasonRedirect, fmt.Sprintf("more than %d redirects", max(g.MaxRedirects, 0)))
	case last.URL.Scheme == "https" && req.URL.Scheme != "https":
		return fail(ReasonRedirect, "a redirect from https to "+req.URL.Scheme)
	}
	req.Header.Del("Referer") // the path may hold a secret
	for _, r := range append(via[1:len(via):len(via)], req) {
		if !sameOrigin(first.URL, r.URL) {
			strip(req.Header)
			req.Host = ""
			break
		}
	}
	return nil
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && canonicalHost(a.Hostname()) == canonicalHost(b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "http" {
		return "80"
	}
	return "443"
}

func strip(h http.Header) {
	kept := http.Header{}
	for _, name := range carried {
		if v := h.Values(name); len(v) > 0 {
			kept[name] = v
		}
	}
	clear(h)
	for name, v := range kept {
		h[name] = v
	}
}

// WithoutRedirects returns a copy of a client that follows no redirects and
// returns the redirect itself as the answer. Use it for requests that carry a
// secret.
func WithoutRedirects(c *http.Client) *http.Client {
	own := *c
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}
