package oauthserver

import (
	"net/url"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/wire"
)

// A URI that may be registered is one that browsers read as it stands: no script, no other
// host behind a user name, no fragment.
func FuzzRedirectURI(f *testing.F) {
	for _, seed := range []string{"https://rp.example/cb", "http://127.0.0.1:1/cb", "javascript:alert(1)", "com.x:/cb", "https://a@b/", "http://localhost", "https://*.example/", "https:\\\\x"} {
		f.Add(seed, "http://localhost:8085/cb")
	}
	f.Fuzz(func(t *testing.T, text, registered string) {
		if CheckRedirectURI(text) == nil {
			u, err := url.Parse(text)
			if err != nil || u.User != nil || strings.ContainsAny(text, "#\\\r\n\t ") || u.Scheme == "javascript" || u.Scheme == "data" || u.Scheme == "http" && !loopbackHost(u.Hostname()) {
				t.Errorf("%q may be registered", text)
			}
		}
		if matchesRedirect([]string{registered}, text) && text != registered {
			a, _ := url.Parse(text)
			b, _ := url.Parse(registered)
			if a == nil || b == nil || a.Scheme != "http" || a.Hostname() != b.Hostname() || a.Path != b.Path || a.RawQuery != b.RawQuery {
				t.Errorf("%q matches %q", text, registered)
			}
		}
	})
}

func FuzzBasic(f *testing.F) {
	for _, seed := range []string{"YTpi", "YTo6Og==", "%%%", "", "YSUzQTpi"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if k, ok := parseBasic(text); ok && (k.ID == "" || !k.Basic) {
			t.Errorf("%q: %q", text, k.ID)
		}
	})
}

func FuzzCode(f *testing.F) {
	f.Add(`{"type":"authorization_code","query":{"client_id":"c","redirect_uri":"https://rp.example/","scope":"openid","resource":["https://a","https://b"]},"userId":"u","sessionId":"s","authTime":1}`)
	f.Add(`{"type":"authorization_code","query":[]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if c, ok := parseCode("id", text); ok && (c.clientID == "" || c.userID == "" || c.sessionID == "") {
			t.Errorf("%q is a code", text)
		}
	})
}

func FuzzAuthorizeQuery(f *testing.F) {
	f.Add("client_id=a&state=b&state=c&sig=x&exp=1&ba_ct=y&resource=1&resource=2")
	f.Fuzz(func(t *testing.T, text string) {
		clean, repeated := Clean(wire.ParseQuery(text))
		seen := map[string]bool{}
		for _, p := range clean {
			if reserved(p.Name) || p.Value == "" || seen[p.Name] && p.Name != "resource" {
				t.Errorf("%q keeps %q", text, p.Name)
			}
			seen[p.Name] = true
		}
		if repeated != "" && !seen[repeated] {
			t.Errorf("%q repeats %q, which is not there", text, repeated)
		}
	})
}

func FuzzResource(f *testing.F) {
	for _, seed := range []string{"https://API.example/", "https://api.example", "urn:x", "x", "https://a#b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once, ok := normalResource(text)
		if !ok {
			return
		}
		if twice, ok := normalResource(once); !ok || twice != once {
			t.Errorf("%q becomes %q and then %q", text, once, twice)
		}
	})
}
