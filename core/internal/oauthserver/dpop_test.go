package oauthserver

import "testing"

func TestOP27AddressesOfProofs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		htu, target string
		same        bool
	}{
		{"https://a.example/token", "https://a.example/token", true},
		{"HTTPS://A.example:443/token?a=b#c", "https://a.example/token", true},
		{"https://a.example", "https://a.example/", true},
		{"https://a.example/other", "https://a.example/token", false},
		{"http://a.example/token", "https://a.example/token", false},
		{"https://u@a.example/token", "https://a.example/token", false},
		{"", "", false}, {"x", "", false}, {"x", "/token", false}, {"ftp://a.example/token", "ftp://a.example/token", false}, {"/token", "/token", false},
	} {
		if sameAddress(c.htu, c.target) != c.same {
			t.Errorf("%q for %q: %v", c.htu, c.target, !c.same)
		}
	}
}
