package origin

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// narrower lists, by pattern, the values that Better Auth 1.6.11 trusts and this
// package does not.
var narrower = map[string][]string{
	// Without a scheme in the pattern only https counts, and http on this machine.
	"*.example.com": {"http://app.example.com"},
	"*": {
		"http://app.example.com", "http://192.168.1.9:3000", "http://192.168.1.9:3001", "http://192.168.1.evil.test:3000",
		"myapp://callback", "myapp://callback?x=1", "myapp://callback/x", "myapp://callback.attacker.test",
		"exp://192.168.1.2:8081", "exp://192.168.1.2:8081/", "exp://192.168.1.2:8081/--/x", "exp://10.0.0.1:8081/--/x",
		"exp://192.168.1.2.evil.test:8081/x", "chrome-extension://abcdef", "chrome-extension://abcdefg", "otherapp://x",
		"https://app.example.com@evil.test",
	},
	// User information.
	"https://*": {"https://app.example.com@evil.test"},
	// A custom scheme's authority is compared whole (CSRF-08).
	"myapp://callback":          {"myapp://callback.attacker.test"},
	"chrome-extension://abcdef": {"chrome-extension://abcdefg"},
	// An address pattern matches addresses.
	"exp://192.168.*.*:*/**":  {"exp://192.168.1.2.evil.test:8081/x"},
	"http://192.168.*.*:3000": {"http://192.168.1.evil.test:3000"},
}

// TestReference compares with the answers of Better Auth 1.6.11 for the same patterns.
// Every difference is listed, with its reason.
func TestReference(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref struct {
		Patterns, URLs []string
		Trusted        [][2]string
		HostPatterns   []string
		Hosts          []string
		Allowed        [][2]string
		Headers        []string
		ValidHeaders   []string
	}
	if err := json.Unmarshal(b, &ref); err != nil {
		t.Fatal(err)
	}
	if len(ref.Trusted) < 50 || len(ref.Allowed) < 10 || len(ref.ValidHeaders) < 10 {
		t.Fatal("testdata/reference.json is incomplete")
	}
	for _, pattern := range ref.Patterns {
		set := mustCompile(t, pattern)
		for _, u := range ref.URLs {
			got, want := set.MatchURL(u), slices.Contains(ref.Trusted, [2]string{pattern, u})
			if slices.Contains(narrower[pattern], u) {
				if got || !want {
					t.Errorf("%s and %q: no longer a difference", pattern, u)
				}
			} else if got != want {
				t.Errorf("%s trusts %q: %v, Better Auth says %v", pattern, u, got, want)
			}
		}
	}
	for _, pattern := range ref.HostPatterns {
		for _, host := range ref.Hosts {
			want := slices.Contains(ref.Allowed, [2]string{pattern, host})
			if pattern == "192.168.*.*" && host == "192.168.evil.test" {
				want = false // an address pattern matches addresses
			}
			if got := MatchHost(host, pattern); got != want {
				t.Errorf("MatchHost(%q, %q) = %v, want %v", host, pattern, got, want)
			}
		}
	}
	for _, header := range ref.Headers {
		want := slices.Contains(ref.ValidHeaders, header)
		switch header {
		case "a:65536", "[:::]": // do not exist
			want = false
		case "mydata:80": // only the name "data" itself could be meant as a scheme
			want = true
		}
		if got := ValidHost(header); got != want {
			t.Errorf("ValidHost(%q) = %v, want %v", header, got, want)
		}
	}
}
