package adminconfig_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/additionalfields"
	"github.com/advantch/kernia-go/core/plugins/adminconfig"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/plugins/username"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/storage"
)

const password = "correct horse"

type object = map[string]any

// world is a server with some methods, and what it has sent.
type world struct {
	*authtest.Env
	sent *[]string
}

var anybody = adminconfig.Options{AllowAnyAuthenticated: true}

func open(t testing.TB, o adminconfig.Options, change ...func(*authtest.Env, *core.Options)) world {
	t.Helper()
	w := world{sent: &[]string{}}
	note := func(what string) { *w.sent = append(*w.sent, what) }
	w.Env = authtest.New(t, func(e *authtest.Env, c *core.Options) {
		for _, f := range change {
			f(e, c)
		}
	},
		emailpassword.New(emailpassword.Options{SendResetPassword: func(context.Context, core.Mail) error { note("reset"); return nil }}),
		username.New(username.Options{}),
		magiclink.New(magiclink.Options{Send: func(_ context.Context, m magiclink.Message) error { note(m.Token); return nil }}),
		emailotp.New(emailotp.Options{Send: func(_ context.Context, m emailotp.Message) error { note(string(m.Type)); return nil }}),
		phonenumber.New(phonenumber.Options{
			SendOTP:              func(context.Context, phonenumber.Message) error { note("sms"); return nil },
			SendPasswordResetOTP: func(context.Context, phonenumber.Message) error { note("sms reset"); return nil },
		}),
		anonymous.New(anonymous.Options{}),
		adminconfig.New(o),
	)
	return w
}

// join signs somebody up in a new browser.
func (w world) join(t testing.TB, name string) *authtest.Client {
	t.Helper()
	c := w.Client()
	c.Post("/sign-up/email", object{"name": name, "email": name + "@example.com", "password": password}).Want(t, 200, "")
	return c
}

const (
	methods = "/admin/config/auth-methods"
	emails  = "/admin/config/email-clients"
	stripe  = "/admin/config/stripe"
	public  = "/admin/config/public-auth"
)

// turn is the body that switches methods on or off.
func turn(on bool, names ...string) object {
	value := object{}
	for _, name := range names {
		value[name] = object{"enabled": on}
	}
	return object{"value": value}
}

func plugin(t testing.TB, a *core.Auth) *adminconfig.Plugin {
	t.Helper()
	p, ok := adminconfig.From(a)
	if !ok {
		t.Fatal("not installed")
	}
	return p
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	w := open(t, anybody)
	c := w.join(t, "ada")
	if a := c.Get(methods).Want(t, 200, ""); a.JSON("updatedAt") != "null" || a.JSON("methods", "sign-up", "partOf") != "email" {
		t.Errorf("%s", a.Body)
	}
	a := c.Post(methods, object{"value": object{"magic-link": object{"enabled": false}, "email-otp": object{"label": "Code"}}, "secretFields": []string{}}).Want(t, 200, "")
	if a.JSON("methods", "magic-link", "enabled") != "false" || a.JSON("methods", "email-otp", "label") != "Code" || a.JSON("updatedAt") != "2026-01-01T00:00:00.000Z" {
		t.Errorf("%s", a.Body)
	}
	want := `{"methods":{"anonymous":{"enabled":true,"label":"Anonymous visit"},"email":{"enabled":true,"label":"E-mail and password"},` +
		`"email-otp":{"enabled":true,"label":"Code"},"magic-link":{"enabled":false,"label":"Magic link"},"phone-number":{"enabled":true,"label":"Phone number"},` +
		`"sign-up":{"enabled":true,"label":"Sign-up with e-mail and password"},"username":{"enabled":true,"label":"User name and password"}}}`
	if a := w.Client().Get(public).Want(t, 200, ""); a.Body != want {
		t.Errorf("%s", a.Body)
	}
	w.Client().Post("/sign-in/magic-link", object{"email": "ada@example.com"}).Want(t, 403, "AUTH_METHOD_DISABLED")
	c.Post(methods, turn(true, "magic-link")).Want(t, 200, "")
	w.Client().Post("/sign-in/magic-link", object{"email": "ada@example.com"}).Want(t, 200, "")

	// A method that is off signs nobody in or up, and sessions stay.
	c.Post(methods, turn(false, "email")).Want(t, 400, "ADMIN_CONFIG_LAST_METHOD")
	w.verify(t, "ada")
	c.Post(methods, turn(false, "email")).Want(t, 200, "")
	w.Client().Post("/sign-in/email", object{"email": "ada@example.com", "password": password}).Want(t, 403, "AUTH_METHOD_DISABLED")
	w.Client().Post("/sign-up/email", object{"name": "B", "email": "b@example.com", "password": password}).Want(t, 403, "AUTH_METHOD_DISABLED")
	if a := c.Get("/get-session"); a.JSON("user", "name") != "ada" {
		t.Errorf("the session is gone: %s", a.Body)
	}
	if a := w.Client().Get(public); a.JSON("methods", "sign-up", "enabled") != "false" {
		t.Errorf("a part is on without the whole: %s", a.Body)
	}
	if a := c.Get(methods); a.JSON("methods", "sign-up", "enabled") != "true" {
		t.Errorf("the switch of a part has moved: %s", a.Body)
	}
	c.Post(methods, turn(true, "email")).Want(t, 200, "")
	c.Post(methods, turn(false, "sign-up")).Want(t, 200, "")
	w.Client().Post("/sign-up/email", object{"name": "B", "email": "b@example.com", "password": password}).Want(t, 403, "AUTH_METHOD_DISABLED")
	w.Client().Post("/sign-in/email", object{"email": "ada@example.com", "password": password}).Want(t, 200, "")
	var details []string
	for _, e := range w.Events() {
		if e.Type == adminconfig.EventAuthMethods {
			details = append(details, e.Detail)
			if e.UserID == "" || e.SessionID == "" {
				t.Errorf("nobody did it: %+v", e)
			}
		}
	}
	if got := strings.Join(details, ", "); got != "-magic-link, +magic-link, -email, +email, -sign-up" {
		t.Errorf("events: %s", got)
	}
}

func (w world) verify(t testing.TB, name string) {
	t.Helper()
	if _, err := w.Auth.Store().UpdateUserByEmail(t.Context(), name+"@example.com", adapter.Record{"emailVerified": true}); err != nil {
		t.Fatal(err)
	}
}

// A code or link of a method that is off is not sent, to nobody at all, and one that was
// sent before is worth nothing.
func TestNothingIsSent(t *testing.T) {
	t.Parallel()
	w := open(t, anybody)
	c := w.join(t, "ada")
	w.verify(t, "ada")
	w.Client().Post("/sign-in/magic-link", object{"email": "ada@example.com"}).Want(t, 200, "")
	link := (*w.sent)[0]
	c.Post(methods, turn(false, "magic-link", "email-otp", "phone-number")).Want(t, 200, "")
	*w.sent = nil
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		w.Client().Post("/sign-in/magic-link", object{"email": email}).Want(t, 403, "AUTH_METHOD_DISABLED")
		w.Client().Post("/email-otp/send-verification-otp", object{"email": email, "type": "sign-in"}).Want(t, 403, "AUTH_METHOD_DISABLED")
	}
	w.Client().Post("/phone-number/send-otp", object{"phoneNumber": "+15555550100"}).Want(t, 403, "AUTH_METHOD_DISABLED")
	if len(*w.sent) > 0 {
		t.Errorf("sent %v", *w.sent)
	}
	w.Client().Get("/magic-link/verify?token="+link).Want(t, 403, "AUTH_METHOD_DISABLED")
	if to, q := w.Client().Get("/magic-link/verify?callbackURL=/home&errorCallbackURL=/oops&token=" + link).Location(); !strings.HasSuffix(to, "") || q.Get("error") != "AUTH_METHOD_DISABLED" {
		t.Errorf("sent to %s, %v", to, q)
	}
	// What is no sign-in goes on: a verified address, and the number of somebody who is there.
	c.Post("/phone-number/send-otp", object{"phoneNumber": "+15555550100"}).Want(t, 200, "")
	w.Client().Post("/email-otp/send-verification-otp", object{"email": "ada@example.com", "type": "email-verification"}).Want(t, 200, "")
	// A password can be reset while a method takes it.
	w.Client().Post("/request-password-reset", object{"email": "ada@example.com"}).Want(t, 200, "")
	c.Post(methods, turn(true, "magic-link")).Want(t, 200, "")
	w.Client().Get("/magic-link/verify?token="+link).Want(t, 200, "")
	c.Post(methods, turn(false, "email", "username")).Want(t, 200, "")
	for path, body := range map[string]object{
		"/request-password-reset":              {"email": "ada@example.com"},
		"/email-otp/request-password-reset":    {"email": "ada@example.com"},
		"/phone-number/request-password-reset": {"phoneNumber": "+15555550100"},
	} {
		w.Client().Post(path, body).Want(t, 403, "AUTH_METHOD_DISABLED")
	}
	if got := strings.Join(*w.sent, " "); got != "sms email-verification reset" {
		t.Errorf("sent %s", got)
	}
}

func TestWhoManages(t *testing.T) {
	t.Parallel()
	roles := func(input bool) func(*authtest.Env, *core.Options) {
		return func(_ *authtest.Env, o *core.Options) {
			o.User.Fields = append(o.User.Fields, schema.Field{Name: "role", Type: schema.String, Optional: true, NoInput: !input})
		}
	}
	setRole := func(t *testing.T, w world, role any) {
		if _, err := w.Auth.Store().UpdateUserByEmail(t.Context(), "ada@example.com", adapter.Record{"role": role}); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("nobody", func(t *testing.T) {
		t.Parallel()
		w := open(t, adminconfig.Options{})
		c := w.join(t, "ada")
		for _, path := range []string{methods, emails, stripe} {
			w.Client().Get(path).Want(t, 401, "UNAUTHORIZED")
			c.Get(path).Want(t, 403, "ADMIN_CONFIG_FORBIDDEN")
			w.Client().Post(path, object{"value": object{}}).Want(t, 401, "UNAUTHORIZED")
			c.Post(path, object{"value": object{}}).Want(t, 403, "ADMIN_CONFIG_FORBIDDEN")
		}
		w.Client().Get(public).Want(t, 200, "")
		if n, err := w.Auth.DB().Count(t.Context(), adminconfig.Model, nil); err != nil || n > 0 {
			t.Errorf("%d rows, %v", n, err)
		}
	})
	t.Run("role", func(t *testing.T) {
		t.Parallel()
		w := open(t, adminconfig.Options{}, roles(false))
		c := w.join(t, "ada")
		for role, ok := range map[any]bool{nil: false, "user": false, "administrator": false, "user, owner": true, "admin": true, "Admin": false, "": false} {
			setRole(t, w, role)
			if got := c.Get(methods).Status == 200; got != ok {
				t.Errorf("role %v: %v", role, got)
			}
		}
	})
	t.Run("other roles", func(t *testing.T) {
		t.Parallel()
		w := open(t, adminconfig.Options{AdminRoles: []string{"operator"}}, roles(false))
		c := w.join(t, "ada")
		setRole(t, w, "admin")
		c.Get(methods).Want(t, 403, "ADMIN_CONFIG_FORBIDDEN")
		setRole(t, w, "operator")
		c.Get(methods).Want(t, 200, "")
	})
	t.Run("a role that users set", func(t *testing.T) {
		t.Parallel()
		w := open(t, adminconfig.Options{AdminRoles: []string{}}, roles(true))
		c := w.join(t, "ada")
		c.Post("/update-user", object{"role": "admin"}).Want(t, 200, "")
		c.Get(methods).Want(t, 403, "ADMIN_CONFIG_FORBIDDEN")
	})
	t.Run("id", func(t *testing.T) {
		t.Parallel()
		o := adminconfig.Options{AdminUserIDs: []string{"x", ""}}
		w := open(t, adminconfig.Options{Allow: func(_ *core.Ctx, u *core.User) (bool, error) { return u.ID == o.AdminUserIDs[1], nil }})
		ada, bob := w.join(t, "ada"), w.join(t, "bob")
		o.AdminUserIDs[1] = ada.Get("/get-session").JSON("user", "id")
		ada.Get(methods).Want(t, 200, "")
		bob.Get(methods).Want(t, 403, "ADMIN_CONFIG_FORBIDDEN")

		made := &core.User{ID: "the-only-admin-of-this-server-00", Name: "Root", Email: "root@example.com"}
		by := open(t, adminconfig.Options{AdminUserIDs: []string{made.ID}}, func(_ *authtest.Env, o *core.Options) {
			o.Store.User.BeforeCreate = func(_ context.Context, u *core.User) error {
				if u.Email == made.Email {
					u.ID = made.ID
				}
				return nil
			}
		})
		by.join(t, "root").Get(methods).Want(t, 200, "")
		by.join(t, "bob").Get(methods).Want(t, 403, "ADMIN_CONFIG_FORBIDDEN")
	})
	t.Run("the plugin admin", func(t *testing.T) {
		t.Parallel()
		for _, o := range []adminconfig.Options{{}, {AdminRoles: []string{}}} {
			w := open(t, o, func(_ *authtest.Env, o *core.Options) { o.Plugins = append(o.Plugins, admins{}) })
			ada, bob := w.join(t, "ada"), w.join(t, "bob")
			if got, want := ada.Get(methods).Status == 200, o.AdminRoles == nil; got != want {
				t.Errorf("%v: %v", o.AdminRoles, got)
			}
			bob.Get(methods).Want(t, 403, "ADMIN_CONFIG_FORBIDDEN")
		}
	})
	t.Run("Allow fails", func(t *testing.T) {
		t.Parallel()
		w := open(t, adminconfig.Options{Allow: func(*core.Ctx, *core.User) (bool, error) { return true, errors.New("no directory") }})
		w.join(t, "ada").Get(methods).Want(t, 500, "INTERNAL_SERVER_ERROR")
	})
	t.Run("an ended session", func(t *testing.T) {
		t.Parallel()
		w := open(t, anybody, func(_ *authtest.Env, o *core.Options) { o.Session.CookieCache.Enabled = true })
		c := w.join(t, "ada")
		if err := w.Auth.Store().DeleteSessions(t.Context(), c.Get("/get-session").JSON("user", "id")); err != nil {
			t.Fatal(err)
		}
		c.Get(methods).Want(t, 401, "UNAUTHORIZED")
	})
}

// admins is a plugin that knows administrators, as the plugin admin does.
type admins struct{}

func (admins) ID() string                               { return "admins" }
func (admins) Manifest(core.Env) (core.Manifest, error) { return core.Manifest{}, nil }
func (admins) IsAdmin(u *core.User) bool                { return u.Name == "ada" }

func TestOptions(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]adminconfig.Options{
		"AdminUserIDs":                   {AdminUserIDs: []string{""}},
		`the role "a,b"`:                 {AdminRoles: []string{"a,b"}},
		"needs the user's field role":    {AdminRoles: []string{"admin"}},
		"MaxAge is 2h":                   {MaxAge: 2 * time.Hour},
		"MaxAge is -1ns":                 {MaxAge: -1},
		`AlwaysAllow names "passkey"`:    {AlwaysAllow: []string{"passkey"}},
		`DefaultAuthMethods names "x"`:   {DefaultAuthMethods: map[string]adminconfig.AuthMethod{"x": {}}},
		`the label of "email" is one li`: {DefaultAuthMethods: map[string]adminconfig.AuthMethod{"email": {Label: "a\nb"}}},
	} {
		_, err := core.New(authtest.NewEnv(t).Options(emailpassword.New(emailpassword.Options{}), adminconfig.New(o)))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"admin-config"`) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	role := additionalfields.New(additionalfields.Options{User: []schema.Field{{Name: "role", Type: schema.String, Optional: true}}})
	if _, err := core.New(authtest.NewEnv(t).Options(role, adminconfig.New(adminconfig.Options{}))); err == nil || !strings.Contains(err.Error(), "add NoInput") {
		t.Errorf("a role that everybody can give themselves: %v", err)
	}
}

func TestDefaultsAndAlways(t *testing.T) {
	t.Parallel()
	w := open(t, adminconfig.Options{
		AllowAnyAuthenticated: true, AlwaysAllow: []string{"sign-up", "username"},
		DefaultAuthMethods: map[string]adminconfig.AuthMethod{"anonymous": {Label: "Look around"}, "email": {Enabled: true, Label: "Password"}},
	})
	w.Client().Post("/sign-in/anonymous", object{}).Want(t, 403, "AUTH_METHOD_DISABLED")
	if a := w.Client().Get(public); a.JSON("methods", "anonymous", "label") != "Look around" || a.JSON("methods", "email", "label") != "Password" {
		t.Errorf("%s", a.Body)
	}
	c := w.join(t, "ada")
	w.verify(t, "ada")
	c.Post(methods, turn(false, "username")).Want(t, 400, "ADMIN_CONFIG_METHOD_REQUIRED")
	c.Post(methods, turn(true, "anonymous")).Want(t, 200, "")
	c.Post(methods, object{"value": object{"anonymous": object{"label": ""}}}).Want(t, 200, "")
	w.Client().Post("/sign-in/anonymous", object{}).Want(t, 200, "")
	// A part that is always allowed does not need the whole.
	c.Post(methods, turn(false, "email")).Want(t, 200, "")
	w.join(t, "bob")
	if a := c.Get(methods); a.JSON("methods", "sign-up", "always") != "true" {
		t.Errorf("%s", a.Body)
	}
}

// What was switched off before the option was set is on after a restart.
func TestRecovery(t *testing.T) {
	t.Parallel()
	var o core.Options
	w := open(t, anybody, func(_ *authtest.Env, all *core.Options) { o = *all })
	w.join(t, "ada")
	// From Go everything can be switched off.
	_, err := plugin(t, w.Auth).SetAuthMethods.Call(t.Context(), &adminconfig.SetAuthMethodsInput{Value: map[string]adminconfig.MethodChange{
		"email": {Enabled: new(false)}, "magic-link": {Enabled: new(false)}, "email-otp": {Enabled: new(false)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	in := object{"email": "ada@example.com", "password": password}
	w.Client().Post("/sign-in/email", in).Want(t, 403, "AUTH_METHOD_DISABLED")
	again := authtest.NewEnv(t)
	o.Plugins = []core.Plugin{
		emailpassword.New(emailpassword.Options{}), username.New(username.Options{}), phonenumber.New(phonenumber.Options{}), anonymous.New(anonymous.Options{}),
		adminconfig.New(adminconfig.Options{AllowAnyAuthenticated: true, AlwaysAllow: []string{"email"}}),
	}
	again.Reopen(o)
	c := again.Client()
	c.Post("/sign-in/email", in).Want(t, 200, "")
	// Methods of plugins that are not installed now stay in the table.
	c.Post(methods, turn(false, "anonymous")).Want(t, 200, "")
	_, err = plugin(t, w.Auth).SetAuthMethods.Call(t.Context(), &adminconfig.SetAuthMethodsInput{Value: map[string]adminconfig.MethodChange{"email": {Enabled: new(true)}}})
	if err != nil {
		t.Fatal(err)
	}
	w.Client().Post("/sign-in/magic-link", object{"email": "ada@example.com"}).Want(t, 403, "AUTH_METHOD_DISABLED")
	if ok, err := plugin(t, w.Auth).Enabled(t.Context(), "telepathy"); ok || err != nil {
		t.Errorf("a method that no plugin has: %v, %v", ok, err)
	}
	if ok, err := plugin(t, w.Auth).Enabled(t.Context(), "anonymous"); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}

// The author of a change keeps a method, by the rows of the transaction.
func TestLastMethod(t *testing.T) {
	t.Parallel()
	w := open(t, anybody)
	c := w.join(t, "ada")
	set := func(rec adapter.Record) {
		if _, err := w.Auth.Store().UpdateUserByEmail(t.Context(), "ada@example.com", rec); err != nil {
			t.Fatal(err)
		}
	}
	refuse := func(names ...string) {
		t.Helper()
		c.Post(methods, turn(false, names...)).Want(t, 400, "ADMIN_CONFIG_LAST_METHOD")
	}
	// Mails reach nobody whose address is not verified, and she has no name and no number.
	refuse("email")
	set(adapter.Record{"username": "ada"})
	c.Post(methods, turn(false, "email")).Want(t, 200, "")
	refuse("username")
	set(adapter.Record{"phoneNumber": "+15555550100", "phoneNumberVerified": true})
	c.Post(methods, turn(false, "username")).Want(t, 200, "")
	refuse("phone-number")
	set(adapter.Record{"emailVerified": true})
	c.Post(methods, turn(false, "phone-number", "magic-link")).Want(t, 200, "")
	// An anonymous visit makes somebody else.
	refuse("email-otp")
	set(adapter.Record{"email": "x@phone-number.placeholder.invalid"})
	if _, err := w.Auth.Store().UpdateUser(t.Context(), c.Get("/get-session").JSON("user", "id"), adapter.Record{"email": "ada@example.com"}); err != nil {
		t.Fatal(err)
	}
	// One change both ways is judged by its end.
	c.Post(methods, object{"value": object{"email-otp": object{"enabled": false}, "username": object{"enabled": true}}}).Want(t, 200, "")
	// Who has no way in can still switch one on.
	if _, err := w.Auth.DB().DeleteMany(t.Context(), core.ModelAccount, adapter.By("providerId", core.ProviderCredential)); err != nil {
		t.Fatal(err)
	}
	c.Post(methods, turn(true, "email")).Want(t, 200, "")
	refuse("email")
}

func TestBodies(t *testing.T) {
	t.Parallel()
	w := open(t, anybody)
	c := w.join(t, "ada")
	long := strings.Repeat("x", 9<<10)
	deep := object{}
	for range 20 {
		deep = object{"a": deep}
	}
	clients := func(list ...any) object { return object{"value": object{"clients": list}} }
	many := make([]any, 51)
	for i := range many {
		many[i] = object{"id": strings.Repeat("i", i+1), "kind": "smtp"}
	}
	names := make([]string, 60)
	for i := range names {
		names[i] = strings.Repeat("n", i+1)
	}
	for _, bad := range []struct {
		path string
		body any
	}{
		{methods, object{}},
		{methods, object{"value": 1}},
		{methods, object{"value": object{"email": true}}},
		{methods, object{"value": object{"email": object{"enabled": "no"}}}},
		{methods, object{"value": object{"email": object{"enabledd": false}}}},
		{methods, object{"value": object{"email": object{}}}},
		{methods, turn(false, "telepathy")},
		{methods, turn(false, "two-factor")},
		{methods, object{"value": object{"email": object{"label": strings.Repeat("x", 101)}}}},
		{methods, object{"value": object{"email": object{"label": "a\nb"}}}},
		{methods, object{"value": object{}, "updatedAt": "yesterday"}},
		{emails, object{}},
		{emails, object{"value": []any{}}},
		{emails, object{"value": object{"clients": object{}}}},
		{emails, clients("x")},
		{emails, clients(object{"kind": "smtp"})},
		{emails, clients(object{"id": "a", "kind": "pigeon"})},
		{emails, clients(object{"id": "a", "kind": "smtp"}, object{"id": "a", "kind": "smtp"})},
		{emails, clients(object{"id": "a", "kind": "smtp", "enabled": "yes"})},
		{emails, clients(object{"id": "a", "kind": "smtp", "fromEmail": 1})},
		{emails, clients(object{"id": "a", "kind": "smtp", "name": "a\r\nBcc: b"})},
		{emails, clients(object{"id": "a", "kind": "smtp", "config": "x"})},
		{emails, clients(object{"id": "a", "kind": "smtp", "password": 1})},
		{emails, clients(object{"id": "a", "kind": "smtp", "password": "********"})},
		{emails, clients(object{"id": "a", "kind": "smtp", "password": long})},
		{emails, clients(many...)},
		{emails, object{"value": object{"clients": []any{}}, "secretFields": []string{"id"}}},
		{emails, object{"value": object{"clients": []any{}}, "secretFields": names}},
		{emails, object{"value": object{"clients": []any{}}, "secretFields": "apiKey"}},
		{stripe, object{"value": object{"mode": "live!"}}},
		{stripe, object{"value": object{"a": strings.Repeat("x", 65<<10)}}},
		{stripe, object{"value": deep}},
	} {
		c.Post(bad.path, bad.body).Want(t, 400, "VALIDATION_ERROR")
	}
	if n, err := w.Auth.DB().Count(t.Context(), adminconfig.Model, nil); err != nil || n > 0 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestEmailClients(t *testing.T) {
	t.Parallel()
	w := open(t, anybody)
	c := w.join(t, "ada")
	if a := c.Get(emails).Want(t, 200, ""); a.Body != `{"clients":[],"updatedAt":null}` {
		t.Errorf("%s", a.Body)
	}
	main := object{"id": "main", "kind": "postmark", "from": "support@example.com", "apiKey": "pm-canary"}
	smtp := object{"id": "smtp", "kind": "smtp", "name": "Own", "enabled": false, "fromEmail": "auth@example.com",
		"config": object{"host": "mail.example.com", "port": 587, "password": "smtp-canary", "dkimKey": "dkim-canary"}}
	a := c.Post(emails, object{"value": object{"clients": []any{main, smtp}}, "secretFields": []string{"dkimKey"}}).Want(t, 200, "")
	masked := `"clients":[{"id":"main","kind":"postmark","from":"support@example.com","apiKey":"********"},{"id":"smtp","kind":"smtp","name":"Own","enabled":false,` +
		`"fromEmail":"auth@example.com","config":{"host":"mail.example.com","port":587,"password":"********","dkimKey":"********"}}]`
	// Members are in the order in which encoding/json of the test writes maps.
	for _, body := range []string{a.Body, c.Get(emails).Want(t, 200, "").Body} {
		if !sameJSON(t, body, `{`+masked+`,"updatedAt":"2026-01-01T00:00:00.000Z"}`) {
			t.Errorf("%s", body)
		}
	}
	row, err := w.Auth.DB().FindOne(t.Context(), adapter.Find{Model: adminconfig.Model, Where: adapter.By("key", "email-clients")})
	if err != nil {
		t.Fatal(err)
	}
	stored := string(row["value"].(json.RawMessage))
	if strings.Contains(stored, "canary") || !strings.Contains(stored, "mail.example.com") {
		t.Errorf("stored: %s", stored)
	}
	read := func() []adminconfig.EmailClient {
		t.Helper()
		list, err := plugin(t, w.Auth).EmailClients(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	list := read()
	if one := list[0]; len(list) != 2 || one.ID != "main" || one.Kind != "postmark" || !one.Enabled || one.FromEmail != "support@example.com" || one.Secrets["apiKey"].Reveal() != "pm-canary" || len(one.Config) > 0 {
		t.Errorf("%+v %v", one.Config, one.ID)
	}
	if two := list[1]; two.Enabled || two.Name != "Own" || two.FromEmail != "auth@example.com" || two.Config["host"] != "mail.example.com" || two.Config["port"] != 587.0 ||
		two.Secrets["password"].Reveal() != "smtp-canary" || two.Secrets["dkimKey"].Reveal() != "dkim-canary" || len(two.Config) != 2 {
		t.Errorf("%v", two.Config)
	}

	// The mask keeps a secret, by the id of the client and not by its place.
	version := func() string { return c.Get(emails).JSON("updatedAt") }
	smtp["config"] = object{"host": "mail.example.com", "port": 587, "password": "********"}
	main["apiKey"] = "pm-second"
	w.Clock.Add(time.Second)
	c.Post(emails, object{"value": object{"clients": []any{smtp, main}}, "updatedAt": version()}).Want(t, 200, "")
	list = read()
	if list[0].ID != "smtp" || list[0].Secrets["password"].Reveal() != "smtp-canary" || list[1].Secrets["apiKey"].Reveal() != "pm-second" || list[0].Secrets["dkimKey"] != "" {
		t.Error("the wrong secrets were kept")
	}
	// It does not keep one that would go elsewhere.
	for _, moved := range []object{
		{"id": "smtp", "kind": "smtp", "config": object{"host": "evil.example", "port": 587, "password": "********"}},
		{"id": "smtp", "kind": "smtp", "config": object{"host": "mail.example.com", "password": "********"}},
		{"id": "smtp", "kind": "resend", "config": object{"host": "mail.example.com", "port": 587, "password": "********"}},
		{"id": "other", "kind": "smtp", "config": object{"host": "mail.example.com", "port": 587, "password": "********"}},
	} {
		c.Post(emails, object{"value": object{"clients": []any{moved}}, "updatedAt": version()}).Want(t, 400, "VALIDATION_ERROR")
	}
	// A name that was secret once stays so.
	c.Post(emails, object{"value": object{"clients": []any{object{"id": "a", "kind": "smtp", "dkimKey": "again-canary"}}}, "updatedAt": version()}).Want(t, 200, "")
	if a := c.Get(emails); strings.Contains(a.Body, "canary") {
		t.Errorf("%s", a.Body)
	}
	// What nobody can decrypt is an error, in Go alone.
	if _, err := w.Auth.DB().UpdateMany(t.Context(), adminconfig.Model, adapter.By("key", "email-clients"), adapter.Record{
		"value": json.RawMessage(`{"clients":[{"id":"a","kind":"smtp","password":"$ba$nonsense"}]}`),
	}); err != nil {
		t.Fatal(err)
	}
	w.Clock.Add(time.Minute)
	if _, err := plugin(t, w.Auth).EmailClients(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be decrypted") {
		t.Errorf("%v", err)
	}
	c.Get(emails).Want(t, 200, "")
	all := w.Log.String()
	for _, e := range w.Events() {
		all += e.Detail + e.Code
	}
	if strings.Contains(all, "canary") {
		t.Error("a secret is in the log or an event")
	}
}

// A secret that was encrypted for something else is not opened.
func TestEnvelopesHaveAPurpose(t *testing.T) {
	t.Parallel()
	w := open(t, anybody)
	foreign, err := w.Auth.Keys().Encrypt("a token of somebody")
	if err != nil {
		t.Fatal(err)
	}
	value, err := json.Marshal(object{"apiKey": foreign})
	if err == nil {
		_, err = w.Auth.DB().Create(t.Context(), adminconfig.Model, adapter.Record{
			"key": "stripe", "value": json.RawMessage(value), "secretFields": json.RawMessage(`["apiKey"]`),
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plugin(t, w.Auth).Stripe(t.Context()); err == nil || !strings.Contains(err.Error(), "something else") || strings.Contains(err.Error(), "somebody") {
		t.Errorf("%v", err)
	}
}

func TestStripe(t *testing.T) {
	t.Parallel()
	w := open(t, anybody)
	c := w.join(t, "ada")
	p := plugin(t, w.Auth)
	if _, err := p.Stripe(t.Context()); !core.HasCode(err, adminconfig.CodeNotFound) {
		t.Errorf("%v", err)
	}
	if a := c.Get(stripe).Want(t, 200, ""); a.Body != `{"stripe":{},"updatedAt":null}` {
		t.Errorf("%s", a.Body)
	}
	a := c.Post(stripe, object{"value": object{"mode": "test", "apiKey": "sk_canary", "webhookSecret": "whsec_canary", "publishableKey": "pk", "taxKey": "tax_canary"}, "secretFields": []string{"taxKey"}}).Want(t, 200, "")
	if !sameJSON(t, a.Body, `{"stripe":{"mode":"test","apiKey":"********","webhookSecret":"********","publishableKey":"pk","taxKey":"********"},"updatedAt":"2026-01-01T00:00:00.000Z"}`) {
		t.Errorf("%s", a.Body)
	}
	s, err := p.Stripe(t.Context())
	if err != nil || s.Mode != "test" || s.APIKey.Reveal() != "sk_canary" || s.WebhookSecret.Reveal() != "whsec_canary" || s.Config["publishableKey"] != "pk" ||
		s.Secrets["taxKey"].Reveal() != "tax_canary" || len(s.Config) != 1 || len(s.Secrets) != 1 {
		t.Errorf("%v, %v, %v", s.Config, s.Mode, err)
	}
	// An empty text takes a secret away.
	c.Post(stripe, object{"value": object{"apiKey": "", "webhookSecret": nil}, "updatedAt": a.JSON("updatedAt")}).Want(t, 200, "")
	if s, err = p.Stripe(t.Context()); err != nil || s.APIKey != "" || s.WebhookSecret != "" {
		t.Errorf("%v", err)
	}
	if strings.Contains(w.Log.String(), "canary") {
		t.Error("a secret is in the log")
	}
}

// Of two administrators who change what both have read, one has to read again.
func TestConflicts(t *testing.T) {
	t.Parallel()
	w := open(t, anybody)
	c := w.join(t, "ada")
	one, two := object{"value": object{"mode": "test"}}, object{"value": object{"mode": "live"}}
	a := c.Post(stripe, one).Want(t, 200, "")
	c.Post(stripe, two).Want(t, 409, "ADMIN_CONFIG_CONFLICT")
	// The clock stands still, and every change has a time of its own.
	one["updatedAt"] = a.JSON("updatedAt")
	b := c.Post(stripe, one).Want(t, 200, "")
	c.Post(stripe, one).Want(t, 409, "ADMIN_CONFIG_CONFLICT")
	if b.JSON("updatedAt") == a.JSON("updatedAt") {
		t.Errorf("%s", b.Body)
	}
	// Switches are merged; a version is checked if one is sent.
	first := c.Post(methods, turn(false, "anonymous")).Want(t, 200, "").JSON("updatedAt")
	c.Post(methods, turn(false, "magic-link")).Want(t, 200, "")
	body := turn(true, "anonymous")
	body["updatedAt"] = first
	c.Post(methods, body).Want(t, 409, "ADMIN_CONFIG_CONFLICT")
	if a := c.Get(methods); a.JSON("methods", "anonymous", "enabled") != "false" || a.JSON("methods", "magic-link", "enabled") != "false" {
		t.Errorf("%s", a.Body)
	}
}

// counted is a database that counts what is read of the plugin's table, and may fail.
type counted struct {
	adapter.Database
	reads *int
	fail  *error
}

func (d counted) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := d.Database.Open(s)
	return countedAdapter{a, d}, err
}

type countedAdapter struct {
	adapter.Adapter
	d counted
}

func (a countedAdapter) FindMany(ctx context.Context, q adapter.Find) ([]adapter.Record, error) {
	if q.Model == adminconfig.Model {
		if *a.d.reads++; *a.d.fail != nil {
			return nil, *a.d.fail
		}
	}
	return a.Adapter.FindMany(ctx, q)
}

func TestCache(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]bool{"database": false, "secondary storage": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reads, fail := 0, error(nil)
			var o core.Options
			w := open(t, anybody, func(e *authtest.Env, all *core.Options) {
				all.Database = counted{all.Database, &reads, &fail}
				if second {
					all.SecondaryStorage = storage.NewMemory(e.Clock.Now)
				}
				o = *all
			})
			c := w.join(t, "ada")
			w.verify(t, "ada")
			in := object{"email": "ada@example.com", "password": password}
			start := reads
			for range 20 {
				w.Client().Post("/sign-in/email", in).Want(t, 200, "")
				w.Client().Get(public).Want(t, 200, "")
			}
			if reads != start || start != 1 {
				t.Errorf("%d statements, and %d for twenty sign-ins", start, reads-start)
			}
			// Another process of the same rows sees a change within the age, and its own at once.
			other := authtest.NewEnv(t)
			o.Plugins = []core.Plugin{emailpassword.New(emailpassword.Options{}), username.New(username.Options{}), phonenumber.New(phonenumber.Options{}), anonymous.New(anonymous.Options{}), adminconfig.New(anybody)}
			other.Reopen(o)
			other.Client().Post("/sign-in/email", in).Want(t, 200, "")
			c.Post(methods, turn(false, "email")).Want(t, 200, "")
			w.Client().Post("/sign-in/email", in).Want(t, 403, "AUTH_METHOD_DISABLED")
			other.Client().Post("/sign-in/email", in).Want(t, 200, "")
			w.Clock.Add(10*time.Second - time.Millisecond)
			before := reads
			other.Client().Post("/sign-in/email", in).Want(t, 403, "AUTH_METHOD_DISABLED") // from half the age on
			if reads != before+1 {
				t.Errorf("%d statements", reads-before)
			}
			// A database that does not answer lets nobody in by what is too old.
			c.Post(methods, turn(true, "email")).Want(t, 200, "")
			fail = errors.New("the database is down")
			w.Clock.Add(time.Second)
			other.Client().Post("/sign-in/email", in).Want(t, 403, "AUTH_METHOD_DISABLED")
			w.Clock.Add(10 * time.Second)
			other.Client().Post("/sign-in/email", in).Want(t, 500, "INTERNAL_SERVER_ERROR")
			fail = nil
			other.Client().Post("/sign-in/email", in).Want(t, 200, "")
		})
	}
}

// A change that a transaction of the application takes back is not kept in memory.
func TestRolledBack(t *testing.T) {
	t.Parallel()
	w := open(t, anybody)
	w.join(t, "ada")
	p := plugin(t, w.Auth)
	err := w.Auth.Store().Tx(t.Context(), func(ctx context.Context) error {
		_, err := p.SetAuthMethods.Call(ctx, &adminconfig.SetAuthMethodsInput{Value: map[string]adminconfig.MethodChange{"email": {Enabled: new(false)}}})
		if err != nil {
			return err
		}
		return errors.New("never mind")
	})
	if err == nil || err.Error() != "never mind" {
		t.Fatal(err)
	}
	w.Client().Post("/sign-in/email", object{"email": "ada@example.com", "password": password}).Want(t, 200, "")
	if slices.ContainsFunc(w.Events(), func(e core.Event) bool { return e.Type == adminconfig.EventAuthMethods }) {
		t.Error("it was reported")
	}
}

func TestCallsFromGo(t *testing.T) {
	t.Parallel()
	w := open(t, adminconfig.Options{})
	p := plugin(t, w.Auth)
	if _, err := p.SetStripe.Call(t.Context(), &adminconfig.SetInput{}); err == nil {
		t.Error("a call without a value succeeded")
	}
	c := w.join(t, "ada")
	_, err := p.GetAuthMethods.Call(t.Context(), nil, core.WithHeader(http.Header{"Cookie": {c.CookieHeader()}}))
	if !core.HasCode(err, adminconfig.CodeForbidden) {
		t.Errorf("a call for somebody who is no administrator: %v", err)
	}
	all, err := p.GetAuthMethods.Call(t.Context(), nil)
	if err != nil || !all.Methods["email"].Enabled || all.UpdatedAt != nil {
		t.Errorf("%+v, %v", all, err)
	}
}

func sameJSON(t testing.TB, a, b string) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal([]byte(a), &x), json.Unmarshal([]byte(b), &y)); err != nil {
		t.Fatal(err)
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string
			RequestBody struct {
				Content map[string]struct{ Schema json.RawMessage }
			}
			Responses map[string]struct {
				Content map[string]struct{ Schema json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal(open(t, anybody).Auth.OpenAPI(), &document); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{public, methods, emails, stripe} {
		for method, op := range document.Paths[path] {
			answer := string(op.Responses["200"].Content["application/json"].Schema)
			if !strings.HasPrefix(op.OperationID, "adminConfig") || len(answer) < 50 {
				t.Errorf("%s %s: %s %s", method, path, op.OperationID, answer)
			}
			if body := string(op.RequestBody.Content["application/json"].Schema); method == "post" && (!strings.Contains(body, `"value"`) || !strings.Contains(body, `"updatedAt"`)) {
				t.Errorf("%s: %s", path, body)
			}
		}
		if len(document.Paths[path]) == 0 {
			t.Errorf("%s is not described", path)
		}
	}
}

// An administrator cannot read a secret, and so must not have it sent to a server of their
// own: the mask keeps none when anything in the same settings says that it goes elsewhere.
func TestMaskKeepsNoSecretThatGoesElsewhere(t *testing.T) {
	t.Parallel()
	const hidden = "********"
	for name, k := range map[string]struct {
		before, after object
		secretFields  []string
		keeps         bool
	}{
		"the host is below, the secret above": {before: object{"password": "canary", "config": object{"host": "a"}}, after: object{"password": hidden, "config": object{"host": "b"}}},
		"a second host":                       {before: object{"password": "canary", "host": "a"}, after: object{"password": hidden, "host": "a", "config": object{"host": "b"}}},
		"the host is gone":                    {before: object{"password": "canary", "host": "a"}, after: object{"password": hidden}},
		"the host is beside the secret's":     {before: object{"config": object{"password": "canary", "smtp": object{"host": "a"}}}, after: object{"config": object{"password": hidden, "smtp": object{"host": "b"}}}},
		"in other letters":                    {before: object{"password": "canary", "HOST": "a"}, after: object{"password": hidden, "HOST": "b"}},
		"with more in its name":               {before: object{"password": "canary", "smtpHost": "a"}, after: object{"password": hidden, "smtpHost": "b"}},
		"an object":                           {before: object{"password": "canary", "server": object{"name": "a"}}, after: object{"password": hidden, "server": object{"name": "b"}}},
		"of a list":                           {before: object{"password": "canary", "hosts": []any{"a"}}, after: object{"password": hidden, "hosts": []any{"b"}}},
		"of items with one id":                {before: object{"password": "canary", "relays": []any{object{"id": 1, "to": "a"}}}, after: object{"password": hidden, "relays": []any{object{"id": 1, "to": "b"}, object{"id": 1, "to": "a"}}}},
		"no encryption on the way":            {before: object{"password": "canary", "config": object{"secure": true}}, after: object{"password": hidden, "config": object{"secure": false}}},
		"the host becomes a secret":           {before: object{"password": "canary", "host": "a"}, after: object{"password": hidden, "host": "b"}, secretFields: []string{"host"}},
		"a secret host":                       {before: object{"password": "canary", "url": "smtp://a"}, after: object{"password": hidden, "url": "smtp://b"}, secretFields: []string{"url"}},

		"a name":                    {before: object{"password": "canary", "host": "a"}, after: object{"password": hidden, "host": "a", "name": "Own", "enabled": false, "from": "a@example.com"}, keeps: true},
		"another secret":            {before: object{"password": "canary", "serverToken": "old"}, after: object{"password": hidden, "serverToken": "new"}, keeps: true},
		"nothing":                   {before: object{"password": "canary", "server": object{"host": "a", "token": "t"}}, after: object{"password": hidden, "server": object{"host": "a", "token": hidden}}, keeps: true},
		"nothing of a secret host":  {before: object{"password": "canary", "url": "smtp://a"}, after: object{"password": hidden, "url": hidden, "name": "Own"}, secretFields: []string{"url"}, keeps: true},
		"the order of what has ids": {before: object{"password": "canary", "hosts": []any{object{"id": "1", "to": "a"}, object{"id": "2", "to": "b"}}}, after: object{"password": hidden, "hosts": []any{object{"id": "2", "to": "b"}, object{"id": "1", "to": "a"}}}, keeps: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, anybody)
			c := w.join(t, "ada")
			status, code, names := 400, "VALIDATION_ERROR", append([]string{}, k.secretFields...)
			if k.keeps {
				status, code = 200, ""
			}
			change := func(path string, value func(object) object) {
				t.Helper()
				first := c.Post(path, object{"value": value(k.before), "secretFields": names}).Want(t, 200, "")
				c.Post(path, object{"value": value(k.after), "secretFields": names, "updatedAt": first.JSON("updatedAt")}).Want(t, status, code)
			}
			change(emails, func(o object) object {
				o["id"], o["kind"] = "main", "smtp"
				return object{"clients": []any{o, object{"id": "other", "kind": "smtp", "host": "c"}}}
			})
			list, err := plugin(t, w.Auth).EmailClients(t.Context())
			if err != nil || list[0].Secrets["password"].Reveal() != "canary" {
				t.Errorf("the secret has changed: %v", err)
			}
			change(stripe, func(o object) object { return o })
		})
	}
	// Services have settings of their own.
	w := open(t, anybody)
	c := w.join(t, "ada")
	service := func(id, host, password string) object {
		return object{"id": id, "kind": "smtp", "config": object{"host": host, "password": password}}
	}
	first := c.Post(emails, object{"value": object{"clients": []any{service("a", "a", "canary"), service("b", "b", "canary")}}}).Want(t, 200, "")
	c.Post(emails, object{"value": object{"clients": []any{service("b", "c", "new"), service("a", "a", hidden)}}, "updatedAt": first.JSON("updatedAt")}).Want(t, 200, "")
}

// Routes that refuse everybody are told of at the start, unless that was asked for.
func TestNobodyIsAnAdministrator(t *testing.T) {
	t.Parallel()
	role := additionalfields.New(additionalfields.Options{User: []schema.Field{{Name: "role", Type: schema.String, Optional: true, NoInput: true}}})
	for name, c := range map[string]struct {
		o      adminconfig.Options
		others []core.Plugin
		warns  bool
	}{
		"no option":        {warns: true},
		"ids":              {o: adminconfig.Options{AdminUserIDs: []string{"a"}}},
		"a function":       {o: adminconfig.Options{Allow: func(*core.Ctx, *core.User) (bool, error) { return false, nil }}},
		"everybody":        {o: adminconfig.Options{AllowAnyAuthenticated: true}},
		"on purpose":       {o: adminconfig.Options{AdminRoles: []string{}}},
		"another plugin":   {others: []core.Plugin{admins{}}},
		"a field of roles": {others: []core.Plugin{role}},
	} {
		e := authtest.New(t, nil, append(c.others, emailpassword.New(emailpassword.Options{}), adminconfig.New(c.o))...)
		if got := strings.Contains(e.Log.String(), "nobody is an administrator"); got != c.warns {
			t.Errorf("%s: a warning: %v", name, got)
		}
	}
}
