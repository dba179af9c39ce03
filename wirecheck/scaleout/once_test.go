package scaleout

import (
	"fmt"
	"testing"
)

// contenders is how many calls compete for a value that one gets.
const contenders = 50

func resetsOnce(t *testing.T, w *world) {
	const email = "reset@example.com"
	one, two := w.processes[0], w.processes[1]
	w.join(t, one, email)
	b := w.visitor()
	b.post(t, one, "/request-password-reset", object{"email": email, "redirectTo": "/reset"}).want(t, 200)
	token := one.token(t, "reset-password", email)
	choice := func(i int) string { return fmt.Sprintf("password of contender %d", i) }
	answers := w.together(contenders, func(i int, p *process) answer {
		return newBrowser(b.address).post(t, p, "/reset-password", object{"token": token, "newPassword": choice(i)})
	})
	won := winners(t, answers, 200, 400)
	if len(won) != 1 {
		t.Fatalf("%d resets have succeeded, want one", len(won))
	}
	for i, a := range answers {
		if i != won[0] && a.member("code") != "INVALID_TOKEN" {
			t.Errorf("reset %d was answered %s", i, a.body)
		}
	}
	// Only the winner's password is valid, on both.
	for _, p := range w.processes {
		w.login(t, p, email, choice(won[0]))
		newBrowser(b.address).post(t, p, "/reset-password", object{"token": token, "newPassword": password}).want(t, 400)
		for _, wrong := range []string{password, choice((won[0] + 1) % contenders), choice((won[0] + 2) % contenders)} {
			w.visitor().post(t, p, "/sign-in/email", object{"email": email, "password": wrong}).want(t, 401)
		}
	}
	// A link that was mailed by the second process works on the first.
	b.post(t, two, "/request-password-reset", object{"email": email}).want(t, 200)
	b.post(t, one, "/reset-password", object{"token": two.token(t, "reset-password", email), "newPassword": password}).want(t, 200)
	w.login(t, two, email, password)
}

func deletesOnce(t *testing.T, w *world) {
	const email = "delete@example.com"
	one, two := w.processes[0], w.processes[1]
	owner := w.join(t, one, email)
	other := w.login(t, two, email, password)
	id, _ := owner.get(t, two, "/get-session").want(t, 200).member("user", "id").(string)
	if id == "" || w.rows(t, "account", `"userId" = ?`, id) != 1 {
		t.Fatalf("user %q has no account", id)
	}
	owner.post(t, two, "/delete-user", object{}).want(t, 200)
	token := two.token(t, "delete-user", email)
	// Later callers find no session, or no token.
	answers := w.together(contenders, func(_ int, p *process) answer {
		return owner.clone().get(t, p, "/delete-user/callback?token="+token)
	})
	if won := winners(t, answers, 200, 401, 404); len(won) != 1 {
		t.Errorf("%d deletions have succeeded, want one", len(won))
	}
	for _, b := range []*browser{owner, other} {
		w.wantName(t, b, "")
	}
	for _, p := range w.processes {
		w.visitor().post(t, p, "/sign-in/email", object{"email": email, "password": password}).want(t, 401)
	}
	for table, column := range map[string]string{"user": "id", "account": "userId", "session": "userId", "verification": "value"} {
		if w.sessions == "redis" && (table == "session" || table == "verification") {
			continue // there is no such table
		}
		if n := w.rows(t, table, `"`+column+`" = ?`, id); n != 0 {
			t.Errorf("%d rows of the user are left in %s", n, table)
		}
	}
}

func signsUpOnce(t *testing.T, w *world) {
	const email = "twice@example.com"
	at := w.visitor().address
	browsers := make([]*browser, contenders)
	for i := range browsers {
		browsers[i] = newBrowser(at)
	}
	secret := func(i int) string { return fmt.Sprintf("password of sign-up %d", i) }
	answers := w.together(contenders, func(i int, p *process) answer {
		return browsers[i].post(t, p, "/sign-up/email", object{"name": "Ada", "email": email, "password": secret(i)})
	})
	won := winners(t, answers, 200, 409)
	if len(won) != 1 {
		t.Fatalf("%d sign-ups have succeeded, want one", len(won))
	}
	if n := w.rows(t, "user", "email = ?", email); n != 1 {
		t.Errorf("%d users have the address", n)
	}
	id, _ := answers[won[0]].member("user", "id").(string)
	if n := w.rows(t, "account", `"userId" = ?`, id); n != 1 {
		t.Errorf("the user has %d accounts", n)
	}
	w.wantName(t, browsers[won[0]], "Ada")
	for _, p := range w.processes {
		w.login(t, p, email, secret(won[0]))
		w.visitor().post(t, p, "/sign-in/email", object{"email": email, "password": secret((won[0] + 1) % contenders)}).want(t, 401)
		w.visitor().post(t, p, "/sign-up/email", object{"name": "Ada", "email": email, "password": password}).want(t, 409)
	}
}
