package flowtest

import (
	"regexp"
	"strconv"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
)

// quiet makes sign-up answer alike for a used and a free address.
func quiet(ids schema.IDKind) options {
	return func(_ *authtest.Env, o *core.Options, p *emailpassword.Options) {
		p.DisableAutoSignIn = true
		o.IDs.Kind = ids
		o.User.Fields = []schema.Field{{Name: "nickname", Type: schema.String, Optional: true, Unique: true}}
	}
}

// quietSerialIDs watches the numbers that a stranger sees who signs up with one
// address after the other, of which some are used.
func quietSerialIDs(s *suite) {
	e := s.start(quiet(schema.IDSerial))
	var last int64
	for i, address := range []string{"a@example.com", "b@example.com", "a@example.com", "A@Example.com", "c@example.com", "b@example.com", "d@example.com"} {
		a := e.Client().Post("/sign-up/email", body{"name": "Eve", "email": address, "password": oldPass, "nickname": "eve" + strconv.Itoa(i)}).Want(s, 200, "")
		id, err := strconv.ParseInt(a.JSON("user", "id"), 10, 64)
		if err != nil || i > 0 && id != last+1 {
			s.Fatalf("sign-up %d with %s has the id %s after %d", i, address, a.JSON("user", "id"), last)
		}
		last = id
	}
	// Those of accounts, which their owners see in /list-accounts, leave the same gaps.
	wantRows(s, e, core.ModelUser, 4)
	for _, account := range wantRows(s, e, core.ModelAccount, 4) {
		if account["id"] != account["userId"] {
			s.Errorf("user %v has the account %v", account["userId"], account["id"])
		}
	}
}

// quietConflicts signs up with a value that is taken in a field that is unique.
func quietConflicts(s *suite) {
	for _, ids := range []schema.IDKind{schema.IDString, schema.IDSerial} {
		e := s.start(quiet(ids))
		try := func(address, nickname string) *authtest.Answer {
			return e.Client().Post("/sign-up/email", body{"name": "Eve", "email": address, "password": oldPass, "nickname": nickname})
		}
		free := try(adaEmail, "ada").Want(s, 200, "")
		used := try(adaEmail, "eve").Want(s, 200, "")
		volatile := regexp.MustCompile(`"id":"[A-Za-z0-9]+"|"nickname":"[a-z]+"`)
		if f, u := volatile.ReplaceAllString(free.Body, ""), volatile.ReplaceAllString(used.Body, ""); f != u {
			s.Errorf("a free address answers\n%s\nand a used one\n%s", f, u)
		}
		for _, address := range []string{newEmail, adaEmail} {
			try(address, "ada").Want(s, 422, "FAILED_TO_CREATE_USER")
		}
		try(newEmail, "eve").Want(s, 200, "")
		wantRows(s, e, core.ModelUser, 2)
	}
}
