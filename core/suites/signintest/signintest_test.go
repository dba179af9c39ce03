package signintest_test

import (
	"testing"

	"github.com/advantch/kernia-go/core/suites/signintest"
)

func TestWays(t *testing.T) {
	t.Parallel()
	const own = "the caller's own session, after a change of it or its user"
	signintest.Run(t, signintest.Scope{Dir: "../..", Path: "github.com/advantch/kernia-go/core", Elsewhere: map[string]string{
		".changeEmailAtOnce": own,
		".updateSession":     own,
		".updateUser":        own,
		"/plugins/admin.(*Plugin).impersonateUser":        "an administrator in the place of a user, who has permission: docs/plugins/admin.md",
		"/plugins/admin.(*Plugin).stopImpersonating":      "the administrator's own session, which has passed the gates",
		"/plugins/emailotp.(*Plugin).changeEmail":         own,
		"/plugins/emailpassword.(*Plugin).changePassword": "a new session in place of the caller's own: docs/hooks.md#signingate",
		"/plugins/multisession.(*Plugin).revoke":          "another session of the browser, which has passed the gates",
		"/plugins/multisession.(*Plugin).setActive":       "another session of the browser, which has passed the gates",
		"/plugins/onetimetoken.(*Plugin).verify":          "a session that has passed the gates: the way \"one-time token\"",
		"/plugins/organization.(*Plugin).activate":        own,
		"/plugins/phonenumber.(*Plugin).update":           own,
		"/plugins/twofactor.renew":                        "a new session in place of the caller's own, when the second factor is switched on or off",
	}}, signintest.Ways())
}

// The other modules of the repository have tests of their own.
func TestModules(t *testing.T) {
	t.Parallel()
	signintest.Modules(t, "../../..", "examples", "wirecheck", "scripts", "internal")
}
