package additionalfields_test

import (
	"context"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/additionalfields"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
)

var (
	locale = core.Field[string]{Name: "locale"}
	plan   = core.Field[string]{Name: "plan"}
	theme  = core.Field[string]{Name: "theme"}
)

func TestFields(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, nil, emailpassword.New(emailpassword.Options{}), additionalfields.New(additionalfields.Options{
		User: []schema.Field{
			{Name: locale.Name, Type: schema.String, Optional: true},
			{Name: plan.Name, Type: schema.String, Default: schema.Value("free"), NoInput: true},
			{Name: "note", Type: schema.String, Optional: true, Hidden: true},
		},
		Session: []schema.Field{{Name: theme.Name, Type: schema.String, Optional: true}},
	}))
	c := e.Client()
	a := c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse", "locale": "fr", "note": "x"}).Want(t, 200, "")
	if a.JSON("user", "locale") != "fr" || a.JSON("user", "plan") != "free" || strings.Contains(a.Body, "note") {
		t.Errorf("%s", a.Body)
	}
	c.Post("/update-user", map[string]any{"plan": "team"}).Want(t, 400, "FIELD_NOT_ALLOWED")
	c.Post("/update-user", map[string]any{"locale": "de"}).Want(t, 200, "")
	c.Post("/update-session", map[string]any{"theme": "dark"}).Want(t, 200, "")
	data, err := e.Auth.GetSession(t.Context(), core.Fields{{Name: "Cookie", Value: c.CookieHeader()}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	own, _ := locale.Of(data.User.Extra)
	of, _ := theme.Of(data.Session.Extra)
	if own != "de" || of != "dark" {
		t.Errorf("locale %q, theme %q", own, of)
	}
}

func TestRefusedOptions(t *testing.T) {
	t.Parallel()
	text := func(name string) []schema.Field {
		return []schema.Field{{Name: name, Type: schema.String, Optional: true}}
	}
	for want, o := range map[string]additionalfields.Options{
		"list at least one": {},
		"has no name":       {Session: text("")},
		`user.email is declared twice, by the core and by the plugin "additional-fields"`: {User: text("email")},
		`session.at, of the plugin "additional-fields", has the unknown type "time": use string, number, boolean, date, json, string[] or number[]`: {
			Session: []schema.Field{{Name: "at", Type: "time"}}},
		`no user could be made: its field "plan" must have a value, and clients may not give one: give it a Default`: {
			User: []schema.Field{{Name: "plan", Type: schema.String, NoInput: true}}},
	} {
		if _, err := core.New(authtest.NewEnv(t).Options(additionalfields.New(o))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

// A store hook may give a field its value.
func TestFieldFilledByAHook(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Store.User.BeforeCreate = func(_ context.Context, u *core.User) error { plan.Set(&u.Extra, "trial"); return nil }
	}, emailpassword.New(emailpassword.Options{}), additionalfields.New(additionalfields.Options{
		User: []schema.Field{{Name: plan.Name, Type: schema.String, NoInput: true}},
	}))
	a := e.Client().Post("/sign-up/email", map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
	if a.JSON("user", "plan") != "trial" {
		t.Errorf("%s", a.Body)
	}
}
