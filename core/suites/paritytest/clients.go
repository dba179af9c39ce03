package paritytest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
)

// clients is the setting for what real clients and deployments do: native applications,
// a proxy that nobody configured, a front end that asks for the session while it signs in.
const clients = "real clients"

// nativeOrigins are those that native applications and their documentation use.
var nativeOrigins = []string{"tauri://localhost", "capacitor://localhost", "chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai", "com.example.app:/", "file://"}

func forClients(o *core.Options) {
	o.TrustedOrigins = nativeOrigins
	o.RateLimit = core.RateLimitOptions{}
}

var clientScenarios = []scenario{
	{"origins of native applications", func(t *testing.T, p *parity) {
		for origin, want := range map[string]int{
			"tauri://localhost": 200, "capacitor://localhost": 200, "chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai": 200, "com.example.app:/": 200, "file://": 200,
			"tauri://evil": 403, "chrome-extension://other": 403, "com.example.apps:/": 403, "null": 403,
		} {
			got := p.mustSend(t, post(p.auth.BasePath()+"/update-user", `{"name":"Ada L."}`, jsonType, line("Origin", origin), line("Cookie", p.token)))
			if got.status != want {
				t.Errorf("%s: %d %s, want %d", origin, got.status, got.body, want)
			}
		}
	}},
	{"a proxy that is not configured is named once, with the line to add", func(t *testing.T, p *parity) {
		for _, visitor := range []string{"203.0.113.1", "203.0.113.2", "203.0.113.3"} {
			p.mustSend(t, get(p.auth.BasePath()+"/get-session", line("X-Forwarded-For", visitor)))
		}
		if n := strings.Count(p.log.String(), `netip.MustParsePrefix(\"127.0.0.1/32\")`); n != 1 {
			t.Errorf("named %d times", n)
		}
	}},
	{"a late answer about a replaced session leaves the cookies alone", func(t *testing.T, p *parity) {
		old := line("Cookie", p.token)
		again := p.mustSend(t, post(p.auth.BasePath()+"/parity/sign-in", "{}", jsonType, site, old))
		if again.status != http.StatusOK || len(again.header.Values("Set-Cookie")) == 0 {
			t.Fatalf("sign-in: %d %s", again.status, again.body)
		}
		late := p.mustSend(t, get(p.auth.BasePath()+"/get-session", old))
		if late.body != "null" || len(late.header.Values("Set-Cookie")) > 0 {
			t.Errorf("got %s, %q", late.body, late.header.Values("Set-Cookie"))
		}
		p.signIn(t)
	}},
	{"an intruder's session is revoked by one that is no longer fresh", func(t *testing.T, p *parity) {
		own := p.token
		p.signIn(t)
		token, _, _ := strings.Cut(strings.TrimPrefix(p.token, "better-auth.session_token="), ".")
		p.clock.Add(25 * time.Hour)
		got := p.mustSend(t, post(p.auth.BasePath()+"/revoke-session", `{"token":"`+token+`"}`, jsonType, site, line("Cookie", own)))
		if got.status != http.StatusOK {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		if left := p.mustSend(t, get(p.auth.BasePath()+"/get-session", line("Cookie", p.token))); left.body != "null" {
			t.Errorf("the intruder is still there: %s", left.body)
		}
	}},
}
