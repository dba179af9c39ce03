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
func quiet(ids schema.IDKind) Options {
	return func(_ *authtest.Env, o *core.Options, p *emailpassword.Options) {
		p.DisableAutoSignIn = true
		o.IDs.Kind = ids
		o.User.Fields = []schema.Field{{Name: "nickname", Type: schema.String, Optional: true, Unique: true}}
	}
}

// quietSerialIDs checks the ids that a stranger sees when signing up with free and used
// addresses in turn.
func quietSerialIDs(s *T) {
	e := s.Start(quiet(schema.IDSerial))
	var last int64
	for i, address := range []string{"a@example.com", "b@example.com", "a@example.com", "A@Example.com", "c@example.com", "b@example.com", "d@example.com"} {
		a := e.Client().Post("/sign-up/email", Body{"name": "Eve", "email": address, "password": Password, "nickname": "eve" + strconv.Itoa(i)}).Want(s, 200, "")
		id, err := strconv.ParseInt(a.JSON("user", "id"), 10, 64)
		if err != nil || i > 0 && id != last+1 {
			s.Fatalf("sign-up %d with %s has the id %s after %d", i, address, a.JSON("user", "id"), last)
		}
		last = id
	}
	// Those of accounts, which their owners see in /list-accounts, leave the same gaps.
	WantRows(s, e, core.ModelUser, 4)
	for _, account := range WantRows(s, e, core.ModelAccount, 4) {
		if account["id"] != account["userId"] {
			s.Errorf("user %v has the account %v", account["userId"], account["id"])
		}
	}
}

// quietConflicts signs up with a taken value in a unique field.
func quietConflicts(s *T) {
	for _, ids := range []schema.IDKind{schema.IDString, schema.IDSerial} {
		e := s.Start(quiet(ids))
		try := func(address, nickname string) *authtest.Answer {
			return e.Client().Post("/sign-up/email", Body{"name": "Eve", "email": address, "password": Password, "nickname": nickname})
		}
		free := try(Email, "ada").Want(s, 200, "")
		used := try(Email, "eve").Want(s, 200, "")
		volatile := regexp.MustCompile(`"id":"[A-Za-z0-9]+"|"nickname":"[a-z]+"`)
		if f, u := volatile.ReplaceAllString(free.Body, ""), volatile.ReplaceAllString(used.Body, ""); f != u {
			s.Errorf("a free address answers\n%s\nand a used one\n%s", f, u)
		}
		for _, address := range []string{newEmail, Email} {
			try(address, "ada").Want(s, 422, "FAILED_TO_CREATE_USER")
		}
		try(newEmail, "eve").Want(s, 200, "")
		WantRows(s, e, core.ModelUser, 2)
	}
}
