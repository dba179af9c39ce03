package social_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// TestLinkingTables: the tables of docs/account-linking.md are what the server does.
func TestLinkingTables(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/account-linking.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	providers := []struct {
		name              string
		verified, trusted bool
	}{{"verified", true, false}, {"not verified", false, false}, {"not verified, but the provider is trusted", false, true}}
	const email = "ada@example.com"
	person := func(verified bool, address string) idptest.User {
		return idptest.User{ID: "1001", Name: "Ada", Email: address, EmailVerified: verified}
	}
	row := func(t *testing.T, cells ...string) {
		t.Helper()
		if line := "| " + strings.Join(cells, " | ") + " |"; strings.Count(page, line) != 1 {
			t.Errorf("docs/account-linking.md does not have the row\n%s", line)
		}
	}

	signInOptions := []func(*core.LinkingOptions){
		func(*core.LinkingOptions) {}, func(l *core.LinkingOptions) { l.AllowUnverifiedUser = true },
		func(l *core.LinkingOptions) { l.DisableImplicit = true }, func(l *core.LinkingOptions) { l.Disabled = true },
	}
	for _, own := range []string{"verified", "not verified"} {
		for _, p := range providers {
			t.Run(fmt.Sprintf("sign-in, own address %s, the provider's %s", own, p.name), func(t *testing.T) {
				t.Parallel()
				cells := []string{own, p.name}
				for _, change := range signInOptions {
					s := open(t, linking(change, p.trusted), nil)
					signUp(t, s, email)
					if own == "verified" {
						verify(t, s, email)
					}
					s.signIn(t, s.Client(), person(p.verified, email))
					switch got := accounts(t, s, email); got {
					case "credential":
						cells = append(cells, "refused")
					case "credential acme":
						cells = append(cells, "**linked**")
					case "acme":
						cells = append(cells, "**replaced**")
					default:
						t.Fatalf("accounts %q", got)
					}
				}
				row(t, cells...)
			})
		}
	}

	linkOptions := []func(*core.LinkingOptions){
		func(*core.LinkingOptions) {}, func(l *core.LinkingOptions) { l.AllowDifferentEmails = true }, func(l *core.LinkingOptions) { l.Disabled = true },
	}
	for _, other := range []string{email, "lovelace@example.com"} {
		for _, p := range providers {
			name := map[string]string{email: "the user's"}[other]
			if name == "" {
				name = "another one"
			}
			t.Run(fmt.Sprintf("link-social, %s, %s", name, p.name), func(t *testing.T) {
				t.Parallel()
				cells := []string{name, p.name}
				for _, change := range linkOptions {
					s := open(t, linking(change, p.trusted), nil)
					c := signUp(t, s, email)
					_, q := s.callback(c, begin(t, c, "/link-social", map[string]any{"callbackURL": "/settings", "errorCallbackURL": "/sorry"}).Get("state"), person(p.verified, other))
					if code := q.Get("error"); code != "" {
						cells = append(cells, "`"+code+"`")
						continue
					}
					if got := accounts(t, s, email); got != "credential acme" {
						t.Fatalf("accounts %q", got)
					}
					cells = append(cells, "**linked**")
				}
				row(t, cells...)
			})
		}
	}
}

func linking(change func(*core.LinkingOptions), trusted bool) func(*core.Options) {
	return func(o *core.Options) {
		change(&o.Account.Linking)
		if trusted {
			o.Account.Linking.TrustedProviders = []string{"acme"}
		}
	}
}
