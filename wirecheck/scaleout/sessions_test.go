package scaleout

import (
	"net/url"
	"strings"
	"testing"
)

const sessionCookie = "better-auth.session_token"

// token is the session's token, without the signature.
func (b *browser) token(t *testing.T) string {
	t.Helper()
	value, err := url.QueryUnescape(b.cookies[sessionCookie])
	if err != nil {
		t.Fatal(err)
	}
	token, _, signed := strings.Cut(value, ".")
	if !signed {
		t.Fatalf("the session cookie is %q", value)
	}
	return token
}

func sessionsAreShared(t *testing.T, w *world) {
	const email = "shared@example.com"
	one, two := w.processes[0], w.processes[1]
	first := w.join(t, one, email)
	w.wantName(t, first, "Ada")
	second := w.login(t, two, email, password)
	w.wantName(t, second, "Ada")
	for _, p := range w.processes {
		list := first.get(t, p, "/list-sessions").want(t, 200).body
		for _, b := range []*browser{first, second} {
			if !strings.Contains(list, b.token(t)) {
				t.Errorf("process %s lists %s, which lacks %s", p.name, list, b.token(t))
			}
		}
	}
	// A value that was used up on one process stays used up on the other.
	stranger := w.visitor()
	for _, p := range w.processes {
		stranger.post(t, p, "/sign-in/email", object{"email": email, "password": "wrong password"}).want(t, 401)
		stranger.get(t, p, "/list-sessions").want(t, 401)
	}
	w.wantName(t, stranger, "")
}

func updatesAreShared(t *testing.T, w *world) {
	const email = "update@example.com"
	one, two := w.processes[0], w.processes[1]
	first := w.join(t, one, email)
	second := w.login(t, two, email, password)
	first.post(t, one, "/update-user", object{"name": "Ada Lovelace"}).want(t, 200)
	for _, b := range []*browser{first, second} {
		w.wantName(t, b, "Ada Lovelace")
	}
	second.post(t, two, "/update-user", object{"name": "Countess"}).want(t, 200)
	for _, b := range []*browser{first, second} {
		w.wantName(t, b, "Countess")
	}
}

func revocationsAreShared(t *testing.T, w *world) {
	const email = "revoke@example.com"
	one, two := w.processes[0], w.processes[1]
	w.join(t, one, email)
	// ended is a session that both processes have seen alive.
	ended := func(p *process) *browser {
		t.Helper()
		b := w.login(t, p, email, password)
		w.wantName(t, b, "Ada")
		return b
	}
	dead := func(what string, b *browser) {
		t.Helper()
		w.wantName(t, b, "")
		for _, p := range w.processes {
			if a := b.clone().post(t, p, "/update-user", object{"name": "Mallory"}); a.status != 401 {
				t.Errorf("after %s process %s answered %d %s", what, p.name, a.status, a.body)
			}
		}
	}

	gone := ended(one)
	kept := gone.clone()
	gone.post(t, one, "/sign-out", object{}).want(t, 200)
	dead("sign-out", kept)

	keeper := ended(two)
	gone = ended(one)
	keeper.post(t, two, "/revoke-session", object{"token": gone.token(t)}).want(t, 200)
	dead("revoke-session", gone)
	w.wantName(t, keeper, "Ada")

	others := []*browser{ended(one), ended(two)}
	keeper.post(t, one, "/revoke-other-sessions", object{}).want(t, 200)
	for _, b := range others {
		dead("revoke-other-sessions", b)
	}
	w.wantName(t, keeper, "Ada")

	gone = ended(one)
	keeper.post(t, two, "/change-password", object{
		"currentPassword": password, "newPassword": "another long password", "revokeOtherSessions": true,
	}).want(t, 200)
	dead("change-password", gone)
	w.wantName(t, keeper, "Ada")
	stranger := w.visitor()
	for _, p := range w.processes {
		stranger.post(t, p, "/sign-in/email", object{"email": email, "password": password}).want(t, 401)
	}

	keeper.post(t, one, "/revoke-sessions", object{}).want(t, 200)
	dead("revoke-sessions", keeper)
}
