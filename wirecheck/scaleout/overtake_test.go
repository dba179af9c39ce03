package scaleout

import (
	"fmt"
	"strings"
	"testing"
)

// noneOvertakes signs in by the old password, on both, while one process changes
// it and ends the other sessions. A sign-in comes before that, and its session is
// ended, or after it and is refused.
func noneOvertakes(t *testing.T, w *world) {
	const parallel = 16
	for round := range 4 {
		email := fmt.Sprintf("overtake%d@example.com", round)
		owner := w.join(t, w.processes[0], email)
		browsers := make([]*browser, parallel)
		for i := range browsers {
			browsers[i] = w.visitor()
		}
		changer := parallel/2 + round
		answers := w.together(parallel, func(i int, p *process) answer {
			if i == changer {
				return owner.post(t, p, "/change-password", object{
					"currentPassword": password, "newPassword": "another long password", "revokeOtherSessions": true,
				})
			}
			return browsers[i].post(t, p, "/sign-in/email", object{"email": email, "password": password})
		})
		answers[changer].want(t, 200)
		winners(t, answers, 200, 401)
		for _, b := range browsers {
			w.wantName(t, b, "")
		}
		w.wantName(t, owner, "Ada")
		// Nor is a refused one listed.
		list := owner.get(t, w.processes[1], "/list-sessions").want(t, 200).body
		if n := strings.Count(list, `"token":`); n != 1 {
			t.Errorf("%d sessions are listed: %s", n, list)
		}
	}
}
