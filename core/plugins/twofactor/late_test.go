package twofactor_test

import (
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
)

// Switching the second factor on or off replaces the session. A late answer to an
// earlier request must not remove the new cookie.
func TestALateAnswerLeavesTheCookieOfTheRenewedSession(t *testing.T) {
	t.Parallel()
	w := open(t, func(_ *world, _ *core.Options, f *twofactor.Options) { f.SkipVerificationOnEnable = true })
	c := w.signUp(t, "ada@example.com")
	for _, path := range []string{"/two-factor/enable", "/two-factor/disable"} {
		late := c.Copy()
		c.Post(path, body{"password": password}).Want(t, 200, "")
		a := late.Get("/get-session").Want(t, 200, "")
		if lines := a.Header.Values("Set-Cookie"); a.Body != "null" || len(lines) > 0 {
			t.Errorf("late, around %s: %s, %q", path, a.Body, lines)
		}
		if c.Get("/get-session").Want(t, 200, "").Body == "null" {
			t.Errorf("signed out by %s", path)
		}
	}
}
