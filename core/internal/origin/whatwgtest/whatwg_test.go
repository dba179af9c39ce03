package whatwgtest

import (
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/internal/origin"
	"github.com/nlnwa/whatwg-url/url"
)

const base = "https://base.example.com"

// site returns the scheme and host of a URL, an origin for http and https.
func site(u *url.Url) string { return u.Protocol() + "//" + u.Host() }

// FuzzAgainstWHATWG checks that every URL that package origin accepts leads a browser
// to the origin that the package returns, or nowhere.
func FuzzAgainstWHATWG(f *testing.F) {
	for _, v := range []string{
		"https://app.example.com", "HTTP://APP.Example.com:80/x?y#z", "https://a.example.com:8443/", "http://localhost:3000", "http://[2001:db8::1]:8080/",
		"http://127.0.0.1", "https://app.example.com@evil.test", "https://app.example.com\\@evil.test", "https://0x7f.1", "https://xn--bcher-kva.example",
		"/dashboard?x=1", "//evil.test", "/\\evil.test", "/%5cevil.test", "/.//evil.test", "myapp://callback/x", "exp://192.168.1.2:8081/--/x", "\thttps://app.example.com",
	} {
		f.Add(v)
	}
	set, err := origin.Compile([]string{"https://app.example.com", "https://*.example.com:8443", "http://localhost:*", "myapp://callback", "exp://192.168.*.*:*/**"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, v string) {
		want := ""
		if u, err := url.Parse(v); err == nil {
			want = site(u)
		}
		if got, ok := origin.Of(v); ok && got != want && want != "" {
			t.Fatalf("Of(%q) = %q, WHATWG %q", v, got, want)
		}
		if !set.MatchURL(v) {
			return
		}
		u, err := url.ParseRef(base, v)
		if err != nil {
			return // a browser goes nowhere
		}
		if strings.HasPrefix(v, "/") {
			if got := site(u); got != base {
				t.Fatalf("the path %q leads to %q", v, got)
			}
			return
		}
		if got := site(u); got != want || !trusted(got) {
			t.Fatalf("MatchURL(%q) leads to %q", v, got)
		}
	})
}

// trusted spells the fuzz target's patterns a second time.
func trusted(site string) bool {
	switch host, isHTTPS := strings.CutPrefix(site, "https://"); {
	case isHTTPS:
		return host == "app.example.com" || strings.HasSuffix(host, ".example.com:8443") && strings.Count(host, ":") == 1
	case strings.HasPrefix(site, "exp://192.168."):
		return strings.Trim(strings.TrimPrefix(site, "exp://"), "0123456789.:") == ""
	}
	return site == "myapp://callback" || strings.HasPrefix(site, "http://localhost:")
}
