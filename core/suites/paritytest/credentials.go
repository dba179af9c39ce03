package paritytest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/bearer"
)

// credentialed is the setting for callers who name themselves by headers: the module's session
// is theirs on the application's own routes too.
const credentialed = "credentials in headers"

func withCredentials(o *core.Options) {
	o.Plugins = append(o.Plugins, bearer.New(bearer.Options{}), apikey.New(apikey.Options{
		Configs: []apikey.Config{{Sessions: true, RateLimit: apikey.RateLimitOptions{Disabled: true}}}, SessionPaths: []string{"*"},
	}))
}

var credentialScenarios = []scenario{
	{"the session of a header, and credentials that disagree", func(t *testing.T, p *parity) {
		const other = "bob@example.com"
		store := p.auth.Store()
		keys, _ := apikey.From(p.auth)
		tokens, made := map[string]string{}, map[string]string{}
		for _, address := range []string{email, other} {
			u, err := store.FindUserByEmail(t.Context(), address)
			if core.IsNotFound(err) {
				u, err = store.CreateUser(t.Context(), core.User{Email: address, Name: "Bob"})
			}
			if err != nil {
				t.Fatal(err)
			}
			s, err := store.CreateSession(t.Context(), core.NewSession{UserID: u.ID})
			if err != nil {
				t.Fatal(err)
			}
			k, err := keys.Create.Call(t.Context(), &apikey.CreateInput{UserID: &u.ID})
			if err != nil {
				t.Fatal(err)
			}
			tokens[address], made[address] = s.Token, k.Plain
		}
		cookie, _, _ := strings.Cut(strings.TrimPrefix(p.token, "better-auth.session_token="), ".")
		signed := tokens[other] + "." + p.auth.Keys().Sign(tokens[other])
		bear := func(token string) core.HeaderField { return line("Authorization", "Bearer "+token) }
		key := func(address string) core.HeaderField { return line("X-Api-Key", made[address]) }
		own := line("Cookie", p.cached)
		for name, c := range map[string]struct {
			header core.Fields
			who    string // "" where nobody is found, "!" where the credentials disagree
		}{
			"a token":                                {core.Fields{bear(tokens[other])}, other},
			"a token with its signature":             {core.Fields{bear(signed)}, other},
			"a token, in lower case":                 {core.Fields{line("authorization", "bearer "+tokens[other])}, other},
			"a token that names nobody":              {core.Fields{bear(strings.Repeat("x", 32))}, ""},
			"a forged signature":                     {core.Fields{bear(tokens[other] + "." + strings.Repeat("A", 43) + "=")}, ""},
			"a key":                                  {core.Fields{key(other)}, other},
			"a cookie and its own token":             {core.Fields{own, bear(cookie)}, email},
			"another session of the cookie's user":   {core.Fields{own, bear(tokens[email])}, email},
			"a key of the cookie's user":             {core.Fields{own, key(email)}, email},
			"another scheme beside a cookie":         {core.Fields{own, line("Authorization", "Basic "+tokens[other])}, email},
			"a forged signature beside a cookie":     {core.Fields{own, bear(tokens[other] + "." + strings.Repeat("A", 43) + "=")}, email},
			"a token of nobody beside a cookie":      {core.Fields{own, bear(strings.Repeat("x", 32))}, ""},
			"a forged cookie beside a token":         {core.Fields{line("Cookie", p.token+"x"), bear(tokens[other])}, other},
			"a token of another user":                {core.Fields{own, bear(tokens[other])}, "!"},
			"a key of another user":                  {core.Fields{own, key(other)}, "!"},
			"a token and a key of different users":   {core.Fields{bear(tokens[email]), key(other)}, "!"},
			"a token and a key of one user":          {core.Fields{bear(tokens[email]), key(email)}, email},
			"a token and a key beside the cookie":    {core.Fields{own, bear(tokens[email]), key(other)}, "!"},
			"all three of one user":                  {core.Fields{own, bear(tokens[email]), key(email)}, email},
			"two headers, of which the first counts": {core.Fields{bear(tokens[email]), bear(tokens[other])}, email},
		} {
			status, body := http.StatusOK, c.who
			switch c.who {
			case "":
				status, body = http.StatusUnauthorized, `{"message":"Unauthorized","code":"UNAUTHORIZED"}`
			case "!":
				status, body = http.StatusUnauthorized, `{"message":"The credentials of the request are of different users","code":"CREDENTIALS_DISAGREE"}`
			}
			for _, target := range []string{"/app/mine", "/app/guarded"} {
				if got := p.mustSend(t, exchange{method: http.MethodGet, target: target, header: c.header}); got.status != status || got.body != body {
					t.Errorf("%s, %s: %d %s, want %d %s", name, target, got.status, got.body, status, body)
				}
			}
			if status != http.StatusOK {
				body = "nobody"
			}
			if got := p.mustSend(t, exchange{method: http.MethodGet, target: "/app/who", header: c.header}); got.body != body {
				t.Errorf("%s: %s, want %s", name, got.body, body)
			}
			x := get(p.auth.BasePath()+"/get-session", c.header...)
			if d := differ(p.mustSend(t, x), p.reference(t, x)); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
	}},
}
