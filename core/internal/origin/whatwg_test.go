package origin

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// whatwgCase is the result of a WHATWG URL parser for an input.
type whatwgCase struct {
	Input    string
	Protocol string // with the colon; "" when the input alone is no URL
	Host     string
	Origin   string // of http and https URLs
	Resolved string // against https://base.example.com/: the origin, or the protocol of another scheme
}

func loadWHATWG(t *testing.T) []whatwgCase {
	t.Helper()
	b, err := os.ReadFile("testdata/whatwg.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []whatwgCase
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 2000 {
		t.Fatalf("only %d cases", len(cases))
	}
	return cases
}

func mustCompile(t testing.TB, patterns ...string) *Set {
	t.Helper()
	s, err := Compile(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWHATWG compares with a browser's URL parser, over ordinary and hostile URLs: the
// browser must read every accepted URL in the same way.
func TestWHATWG(t *testing.T) {
	t.Parallel()
	set := mustCompile(t, "https://app.example.com", "https://*.example.com:8443", "http://localhost:*", "*.bcher.example", "myapp://callback", "exp://192.168.*.*:*/**")
	trusted := regexp.MustCompile(`^(https://app\.example\.com|https://[a-z0-9.-]+\.example\.com:8443|http://localhost:[0-9]+|myapp://callback|exp://192\.168\.[0-9]+\.[0-9]+:[0-9]+)$`)
	var origins, urls, relative int
	for _, c := range loadWHATWG(t) {
		if got, ok := Of(c.Input); ok {
			origins++
			// A browser may refuse a malformed xn-- label.
			if got != c.Origin && (c.Origin != "" || !strings.Contains(got, "xn--")) {
				t.Errorf("Of(%q) = %q, a browser says %q", c.Input, got, c.Origin)
			}
			if host, ok := Host(c.Input); !ok || c.Origin != "" && host != c.Host {
				t.Errorf("Host(%q) = %q, %v, a browser says %q", c.Input, host, ok, c.Host)
			}
		} else if host, ok := Host(c.Input); ok {
			t.Errorf("Host(%q) = %q but Of refuses", c.Input, host)
		}
		at := c.Origin
		if at == "" {
			at = c.Protocol + "//" + c.Host
		}
		if set.MatchOrigin(c.Input) && !trusted.MatchString(at) {
			t.Errorf("MatchOrigin(%q): a browser says %q", c.Input, at)
		}
		if !set.MatchURL(c.Input) {
			continue
		}
		if strings.HasPrefix(c.Input, "/") {
			relative++
			if c.Resolved != "https://base.example.com" {
				t.Errorf("MatchURL(%q): a browser goes to %q", c.Input, c.Resolved)
			}
			continue
		}
		urls++
		if !trusted.MatchString(at) || c.Origin != "" && c.Resolved != c.Origin {
			t.Errorf("MatchURL(%q): a browser goes to %q", c.Input, at)
		}
	}
	if origins < 100 || urls < 20 || relative < 10 {
		t.Errorf("the corpus proves little: %d origins, %d trusted URLs, %d paths", origins, urls, relative)
	}
}
