package flowtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
)

// bounded adds a field of each kind that has a bound.
func bounded(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.User.Fields = []schema.Field{
		{Name: "handle", Type: schema.String, Optional: true, Unique: true},
		{Name: "city", Type: schema.String, Optional: true, Index: true},
		{Name: "points", Type: schema.Number, Optional: true, BigInt: true},
		{Name: "born", Type: schema.Date, Optional: true},
	}
}

// outOfBounds are values that some database cannot keep. No database may answer them
// with a 5xx, or keep a different value.
var outOfBounds = map[string][]any{
	"name":   {strings.Repeat("n", 256), strings.Repeat("é", 256), random(10_000)},
	"handle": {strings.Repeat("h", 256), random(10_000)},
	"city":   {strings.Repeat("c", 256), random(10_000)},
	"points": {1.5, json.Number("9223372036854775808"), json.Number("1e300"), json.Number("-1e19")},
	"born":   {"+010000-01-01T00:00:00.000Z", "-000001-01-01T00:00:00.000Z", "0000-12-31T23:59:59.999Z"},
}

// inBounds are the outermost values that all of them keep.
var inBounds = map[string][]any{
	"name":   {strings.Repeat("n", 255), strings.Repeat("😀", 255)},
	"handle": {strings.Repeat("h", 255)},
	"city":   {strings.Repeat("é", 255), random(255)},
	"points": {json.Number("9007199254740991"), json.Number("-9007199254740991"), 0},
	"born":   {"0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"},
}

// random is text that an index cannot compress.
func random(n int) string {
	var b strings.Builder
	for x := uint32(1); b.Len() < n; {
		x = x*1664525 + 1013904223
		b.WriteByte("abcdefghijklmnopqrstuvwxyzABCDEF"[x>>27])
	}
	return b.String()
}

// bounds sends values beyond what a column holds to every route that takes them.
func bounds(s *T) {
	e := s.Start(bounded)
	c := SignUp(s, e, Email)
	n := 0
	for field, values := range outOfBounds {
		for _, v := range values {
			n++
			in := Body{"name": "Eve", "email": fmt.Sprintf("eve%d@example.com", n), "password": Password, field: v}
			e.Client().Post("/sign-up/email", in).Want(s, 400, "VALIDATION_ERROR")
			c.Post("/update-user", Body{field: v}).Want(s, 400, "VALIDATION_ERROR")
		}
	}
	WantRows(s, e, core.ModelUser, 1)
	for field, values := range inBounds {
		for _, v := range values {
			c.Post("/update-user", Body{field: v}).Want(s, 200, "")
			if got := c.Get("/get-session").Want(s, 200, "").JSON("user", field); got != fmt.Sprint(v) {
				s.Errorf("%s is %.300s, want %.300v", field, got, v)
			}
		}
	}
	// Writes of hooks and of the application have the same bounds.
	user := WantRows(s, e, core.ModelUser, 1)[0]
	for field, values := range map[string]any{"name": strings.Repeat("n", 256), "points": 1.5} {
		_, err := e.Auth.Store().UpdateUser(s.Context(), user["id"].(string), adapter.Record{field: values})
		if !errors.Is(err, adapter.ErrBadValue) {
			s.Errorf("%s: %v", field, err)
		}
	}
}

// quietBounds checks that a used address is answered like a free one.
func quietBounds(s *T) {
	e := s.Start(func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
		bounded(e, o, p)
		p.RequireEmailVerification = true
	})
	try := func(address, field string, v any) *authtest.Answer {
		return e.Client().Post("/sign-up/email", Body{"name": "Eve", "email": address, "password": Password, field: v})
	}
	try(Email, "city", "here").Want(s, 200, "")
	for field, values := range outOfBounds {
		for _, v := range values {
			used, free := try(Email, field, v), try(newEmail, field, v).Want(s, 400, "VALIDATION_ERROR")
			if used.Status != free.Status || used.Body != free.Body {
				s.Errorf("%s: a used address answers %d %s\nand a free one %d %s", field, used.Status, used.Body, free.Status, free.Body)
			}
		}
	}
	WantRows(s, e, core.ModelUser, 1)
}
