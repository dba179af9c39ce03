package scaleout

import (
	"strings"
	"testing"
)

func limitsAreShared(t *testing.T, w *world) {
	const email = "limited@example.com"
	owner := w.join(t, w.processes[0], email)
	at := w.visitor().address
	browsers := make([]*browser, 200)
	for i := range browsers {
		browsers[i] = newBrowser(at)
	}
	answers := w.together(len(browsers), func(i int, p *process) answer {
		return browsers[i].post(t, p, "/sign-in/email", object{"email": email, "password": password})
	})
	admitted := winners(t, answers, 200, 429)
	if len(admitted) != signIns {
		t.Errorf("%d sign-ins of %d were admitted, want %d", len(admitted), len(answers), signIns)
	}
	for _, p := range w.processes {
		newBrowser(at).post(t, p, "/sign-in/email", object{"email": email, "password": password}).want(t, 429)
		// Somebody else is not kept out.
		w.login(t, p, email, password)
	}
	// Sessions that were made at the same time, on both, are all there.
	list := owner.get(t, w.processes[1], "/list-sessions").want(t, 200).body
	for _, i := range admitted {
		w.wantName(t, browsers[i], "Ada")
		if !strings.Contains(list, browsers[i].token(t)) {
			t.Errorf("the list of sessions lacks that of sign-in %d on process %s", i, answers[i].process)
		}
	}
	owner.post(t, w.processes[0], "/revoke-sessions", object{}).want(t, 200)
	for _, i := range admitted {
		w.wantName(t, browsers[i], "")
	}
}
