package paritytest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// withProvider adds sign-in with a provider that is in the process.
func withProvider(o *core.Options) {
	acme := idptest.Local("acme")
	o.HTTPClient = acme.Client()
	o.Plugins = append(o.Plugins, social.New(acme.Config()))
}

const provided = "sign-in with a provider"

var socialScenarios = []scenario{
	{"the JSON answer has the Location of the provider and the state cookie", func(t *testing.T, p *parity) {
		got := p.begin(t)
		if got.status != http.StatusOK || got.header.Get("Location") == "" || !strings.Contains(got.body, `"redirect":true`) {
			t.Fatalf("got %d %q %s", got.status, got.header.Get("Location"), got.body)
		}
		if lines := got.header.Values("Set-Cookie"); len(lines) != 1 || !strings.HasPrefix(lines[0], "better-auth.state=") {
			t.Errorf("Set-Cookie: %q", lines)
		}
		want := `"url":"` + got.header.Get("Location") + `"`
		if !strings.Contains(got.body, want) {
			t.Errorf("the body %s has another address than the Location %s", got.body, got.header.Get("Location"))
		}
		plain := p.mustSend(t, post(p.auth.BasePath()+"/sign-in/social", `{"provider":"acme","disableRedirect":true}`, jsonType, site))
		if plain.status != http.StatusOK || len(plain.header.Values("Location")) > 0 || !strings.Contains(plain.body, `"redirect":false`) {
			t.Errorf("with disableRedirect: %d %q %s", plain.status, plain.header.Values("Location"), plain.body)
		}
	}},
	{"a callback redirects with every cookie", func(t *testing.T, p *parity) {
		back, cookie := p.arrived(t)
		got := p.mustSend(t, get(back, line("Cookie", cookie)))
		if got.status != http.StatusFound || got.header.Get("Location") != "/welcome" {
			t.Fatalf("got %d %q %s", got.status, got.header.Get("Location"), got.body)
		}
		var names []string
		session := ""
		for _, l := range got.header.Values("Set-Cookie") {
			pair, _, _ := strings.Cut(l, ";")
			name, value, _ := strings.Cut(pair, "=")
			names = append(names, name)
			if name == "better-auth.session_token" && value != "" {
				session = pair
			}
		}
		if all := strings.Join(names, " "); all != "better-auth.state better-auth.session_token better-auth.session_data" {
			t.Errorf("cookies: %s", all)
		}
		who := p.mustSend(t, get("/app/who", line("Cookie", session)))
		if who.body != "grace@example.com" {
			t.Errorf("the application sees %q", who.body)
		}
		again := get(back, line("Cookie", cookie))
		if got := p.mustSend(t, again); got.status != http.StatusFound || !strings.HasSuffix(got.header.Get("Location"), "/error?error="+oauth.RefusedState) {
			t.Errorf("a second time: %d %q", got.status, got.header.Get("Location"))
		}
	}},
	{"a callback is a cross-site form without cookies", func(t *testing.T, p *parity) {
		back, cookie := p.arrived(t)
		path, query, _ := strings.Cut(back, "?")
		form := post(path, query, line("Content-Type", "application/x-www-form-urlencoded"), line("Origin", "https://acme.example"),
			line("Referer", "https://acme.example/"), line("Sec-Fetch-Site", "cross-site"), line("Sec-Fetch-Mode", "navigate"), line("Sec-Fetch-Dest", "document"))
		got := p.mustSend(t, form)
		if d := differ(got, p.reference(t, form)); d != "" {
			t.Error(d)
		}
		if got.status != http.StatusFound || got.header.Get("Referrer-Policy") != "no-referrer" || len(got.header.Values("Set-Cookie")) > 0 {
			t.Fatalf("got %d %v %s", got.status, got.header, got.body)
		}
		got = p.mustSend(t, get(target(t, got), line("Cookie", cookie)))
		if got.status != http.StatusFound || strings.Contains(got.header.Get("Location"), "error") || len(got.header.Values("Set-Cookie")) != 3 {
			t.Errorf("then: %d %q %q", got.status, got.header.Get("Location"), got.header.Values("Set-Cookie"))
		}
	}},
	{"refusals are redirects", func(t *testing.T, p *parity) {
		for _, x := range []exchange{
			get(p.auth.BasePath() + "/callback/acme"),
			get(p.auth.BasePath() + "/callback/acme?state=" + strings.Repeat("x", 32) + "&code=%E2%82%AC"),
			get(p.auth.BasePath() + "/callback/nobody?error=access_denied&error_description=gr%C3%BCn"),
			post(p.auth.BasePath()+"/sign-in/social", `{"provider":"nobody"}`, jsonType, site),
			post(p.auth.BasePath()+"/link-social", `{"provider":"acme"}`, jsonType, site),
			post(p.auth.BasePath()+"/refresh-token", `{"providerId":"acme"}`, jsonType, site),
		} {
			if d := differ(p.mustSend(t, x), p.reference(t, x)); d != "" {
				t.Errorf("%s: %s", x.target, d)
			}
		}
	}},
}

// begin begins a sign-in.
func (p *parity) begin(t *testing.T) answer {
	t.Helper()
	body := `{"provider":"acme","callbackURL":"/dashboard","newUserCallbackURL":"/welcome"}`
	return p.mustSend(t, post(p.auth.BasePath()+"/sign-in/social", body, jsonType, site))
}

// arrived comes back from the provider: the target of the callback, and the state cookie.
func (p *parity) arrived(t *testing.T) (target, cookie string) {
	t.Helper()
	begun := p.begin(t)
	cookie, _, _ = strings.Cut(begun.header.Get("Set-Cookie"), ";")
	return p.visit(t, begun.header.Get("Location")), cookie
}
