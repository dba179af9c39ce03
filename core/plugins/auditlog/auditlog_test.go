package auditlog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/auditlog"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/schema"
)

const password = "correct horse"

type object = map[string]any

func open(t testing.TB, o auditlog.Options, change func(*authtest.Env, *core.Options), more ...core.Plugin) *authtest.Env {
	t.Helper()
	return authtest.New(t, func(e *authtest.Env, c *core.Options) {
		c.Plugins = append([]core.Plugin{
			emailpassword.New(emailpassword.Options{SendResetPassword: e.Mail("reset")}), auditlog.New(o),
		}, more...)
		if change != nil {
			change(e, c)
		}
	})
}

func join(t testing.TB, e *authtest.Env, name string) *authtest.Client {
	t.Helper()
	c := e.Client()
	c.Post("/sign-up/email", object{"name": name, "email": name + "@example.com", "password": password}).Want(t, 200, "")
	return c
}

func id(c *authtest.Client) string { return c.Get("/get-session").JSON("user", "id") }

func plugin(t testing.TB, a *core.Auth) *auditlog.Plugin {
	t.Helper()
	p, ok := auditlog.From(a)
	if !ok {
		t.Fatal("not installed")
	}
	return p
}

// at is a member of a record of an answer, as text; "null" for null.
func at(t testing.TB, a *authtest.Answer, i string, path ...string) string {
	t.Helper()
	var body struct{ Records []object }
	if err := json.Unmarshal([]byte(a.Body), &body); err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(i)
	if n >= len(body.Records) {
		t.Fatalf("no record %s: %s", i, a.Body)
	}
	var v any = body.Records[n]
	for _, name := range path {
		o, _ := v.(object)
		v = o[name]
	}
	if v == nil {
		return "null"
	}
	return fmt.Sprint(v)
}

// all lists the records, the oldest first.
func all(t testing.TB, e *authtest.Env) []*auditlog.Record {
	t.Helper()
	out, err := plugin(t, e.Auth).Find(t.Context(), auditlog.Query{Ascending: true, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func names(t testing.TB, e *authtest.Env) string {
	t.Helper()
	count := map[string]int{}
	var out []string
	for _, r := range all(t, e) {
		if count[r.Event]++; count[r.Event] == 1 {
			out = append(out, r.Event)
		}
	}
	return strings.Join(out, " ")
}

func makeAdmin(t testing.TB, e *authtest.Env, name string) {
	t.Helper()
	if _, err := e.Auth.Store().UpdateUserByEmail(t.Context(), name+"@example.com", adapter.Record{"role": "admin"}); err != nil {
		t.Fatal(err)
	}
}

func TestOwnEvents(t *testing.T) {
	t.Parallel()
	e := open(t, auditlog.Options{}, nil)
	ada, bob := join(t, e, "ada"), join(t, e, "bob")
	e.Clock.Add(time.Minute)
	e.Client().Post("/sign-in/email", object{"email": "ada@example.com", "password": "wrong horse"}).Want(t, 401, "INVALID_CREDENTIALS")
	e.Clock.Add(time.Minute)
	ada.Post("/change-password", object{"currentPassword": password, "newPassword": "another horse"}).Want(t, 200, "")
	a := ada.Get("/audit-log/list").Want(t, 200, "")
	var got []string
	for i := range 4 {
		got = append(got, at(t, a, fmt.Sprint(i), "event"))
	}
	if got[0] != "password.changed" || got[1] != "sign-in.failed" || a.JSON("total") != "4" || a.JSON("limit") != "100" || a.JSON("offset") != "0" {
		t.Errorf("%v %s", got, a.Body)
	}
	if at(t, a, "1", "data", "code") == "" || at(t, a, "1", "data", "method") != "email" || at(t, a, "1", "data", "path") != "/sign-in/email" {
		t.Errorf("%s", a.Body)
	}
	if b := ada.Get("/audit-log/list?event=sign-in.failed").Want(t, 200, ""); b.JSON("total") != "1" {
		t.Errorf("%s", b.Body)
	}
	if b := ada.Get("/audit-log/list?event=sign-in.failed&event=sign-up&limit=1&offset=1").Want(t, 200, ""); b.JSON("total") != "2" || at(t, b, "0", "event") != "sign-up" {
		t.Errorf("%s", b.Body)
	}
	if b := ada.Get("/audit-log/list?from=2026-01-01T00:01:00.000Z&to=2026-01-01T00:02:00.000Z").Want(t, 200, ""); b.JSON("total") != "1" {
		t.Errorf("%s", b.Body)
	}
	if b := ada.Get("/audit-log/list?sortDirection=asc&limit=1").Want(t, 200, ""); at(t, b, "0", "event") == "password.changed" {
		t.Errorf("%s", b.Body)
	}
	for _, query := range []string{"from=yesterday", "to=x", "limit=1.5", "sortDirection=up"} {
		ada.Get("/audit-log/list?"+query).Want(t, 400, "VALIDATION_ERROR")
	}
	// IDOR: a member of the query names nobody else.
	if b := bob.Get("/audit-log/list?userId="+id(ada)).Want(t, 200, ""); strings.Contains(b.Body, id(ada)) || b.JSON("total") != "2" {
		t.Errorf("%s", b.Body)
	}
	e.Client().Get("/audit-log/list").Want(t, 401, "UNAUTHORIZED")
}

func TestWhoListsAll(t *testing.T) {
	t.Parallel()
	e := open(t, auditlog.Options{}, nil, admin.New(admin.Options{}), organization.New(organization.Options{}))
	ada, bob := join(t, e, "ada"), join(t, e, "bob")
	e.Client().Get("/audit-log/list-all").Want(t, 401, "UNAUTHORIZED")
	bob.Get("/audit-log/list-all").Want(t, 403, "AUDIT_LOG_FORBIDDEN")
	makeAdmin(t, e, "ada")
	if a := ada.Get("/audit-log/list-all?userId="+id(bob)).Want(t, 200, ""); a.JSON("total") != "2" {
		t.Errorf("%s", a.Body)
	}
	ada.Post("/admin/ban-user", object{"userId": id(bob)}).Want(t, 200, "")
	if a := ada.Get("/audit-log/list-all?actorId="+id(ada)).Want(t, 200, ""); a.JSON("total") != "1" || at(t, a, "0", "event") != "admin.user-banned" {
		t.Errorf("%s", a.Body)
	}
	e.Client().Post("/sign-in/email", object{"email": "bob@example.com", "password": password}).Want(t, 403, "BANNED_USER")
	if a := ada.Get("/audit-log/list-all?event=admin.banned-sign-in").Want(t, 200, ""); a.JSON("total") != "1" {
		t.Errorf("the refusal is not recorded: %s", a.Body)
	}
	reply, err := plugin(t, e.Auth).ListAll.Call(t.Context(), &auditlog.ListAllInput{})
	if err != nil || reply.Total < 6 {
		t.Errorf("%d records, %v", reply.Total, err)
	}
	if log := e.Log.String(); strings.Contains(log, "could not be written") {
		t.Errorf("%s", log)
	}
}

func TestAllow(t *testing.T) {
	t.Parallel()
	e := open(t, auditlog.Options{Allow: func(_ *core.Ctx, u *core.User) (bool, error) { return u.Name == "ada", nil }}, nil)
	join(t, e, "ada").Get("/audit-log/list-all").Want(t, 200, "")
	join(t, e, "bob").Get("/audit-log/list-all").Want(t, 403, "AUDIT_LOG_FORBIDDEN")
	e.Client().Get("/audit-log/list-organization").Want(t, 404, "NOT_FOUND")
}

// An impersonator does not read as the administrator that is impersonated, and the user does
// not learn where an administrator was.
func TestImpersonation(t *testing.T) {
	t.Parallel()
	e := open(t, auditlog.Options{}, nil, admin.New(admin.Options{AllowImpersonatingAdmins: true}))
	ada, bob := join(t, e, "ada"), join(t, e, "bob")
	makeAdmin(t, e, "ada")
	adaID, bobID := id(ada), id(bob)
	ada.Post("/admin/impersonate-user", object{"userId": bobID}).Want(t, 200, "")
	ada.Post("/update-user", object{"name": "Robert"}).Want(t, 200, "")
	makeAdmin(t, e, "bob")
	ada.Get("/audit-log/list-all").Want(t, 403, "NOT_WHILE_IMPERSONATING")
	ada.Post("/admin/stop-impersonating", object{}).Want(t, 200, "")
	a := bob.Get("/audit-log/list?event=user.updated&event=admin.impersonation-started&event=admin.impersonation-ended").Want(t, 200, "")
	if a.JSON("total") != "3" {
		t.Errorf("%s", a.Body)
	}
	for i := range 3 {
		n := fmt.Sprint(i)
		if at(t, a, n, "actorId") != adaID || at(t, a, n, "ipAddress") != "null" || at(t, a, n, "sessionId") != "null" {
			t.Errorf("%s", a.Body)
		}
	}
}

func TestOrganization(t *testing.T) {
	t.Parallel()
	e := open(t, auditlog.Options{}, nil, organization.New(organization.Options{}))
	ada, bob, eve := join(t, e, "ada"), join(t, e, "bob"), join(t, e, "eve")
	org := ada.Post("/organization/create", object{"name": "Acme", "slug": "acme"}).Want(t, 200, "").JSON("id")
	if o, _ := organization.From(e.Auth); o != nil {
		if _, err := o.Add(t.Context(), organization.NewMember{OrganizationID: org, UserID: id(bob), Roles: []string{"member"}}); err != nil {
			t.Fatal(err)
		}
	}
	a := ada.Get("/audit-log/list-organization").Want(t, 200, "") // the active one
	if a.JSON("total") != "2" || at(t, a, "0", "ipAddress") != "null" || at(t, a, "0", "organizationId") != org {
		t.Errorf("%s", a.Body)
	}
	list := "/audit-log/list-organization?organizationId="
	bob.Get(list+org).Want(t, 403, "AUDIT_LOG_FORBIDDEN")
	stranger, nobody := eve.Get(list+org).Want(t, 403, "AUDIT_LOG_FORBIDDEN"), eve.Get(list+"nowhere").Want(t, 403, "AUDIT_LOG_FORBIDDEN")
	if stranger.Body != nobody.Body {
		t.Error("the answer tells which organizations there are")
	}
	eve.Get("/audit-log/list-organization").Want(t, 400, "AUDIT_LOG_NO_ORGANIZATION")
	e.Client().Get(list+org).Want(t, 401, "UNAUTHORIZED")
}

// What is rolled back has no record, and what happens has one, whatever the mode.
func TestRecordsFollowTransactions(t *testing.T) {
	t.Parallel()
	for _, required := range []bool{false, true} {
		t.Run(fmt.Sprint("required ", required), func(t *testing.T) {
			t.Parallel()
			refuse := false
			e := open(t, auditlog.Options{Required: required}, func(_ *authtest.Env, o *core.Options) {
				o.Store.Session.BeforeCreate = func(context.Context, *core.Session) error {
					if refuse {
						return errors.New("no session")
					}
					return nil
				}
			})
			ada := join(t, e, "ada")
			if got := names(t, e); got != "sign-up sign-in" && got != "sign-in sign-up" {
				t.Errorf("%s", got)
			}
			refuse = true
			e.Client().Post("/sign-up/email", object{"name": "B", "email": "b@example.com", "password": password}).Want(t, 500, "INTERNAL_SERVER_ERROR")
			e.Client().Post("/sign-in/email", object{"email": "ada@example.com", "password": password}).Want(t, 500, "INTERNAL_SERVER_ERROR")
			if n := len(all(t, e)); n != 2 {
				t.Errorf("%d records of what was rolled back", n-2)
			}
			ada.Post("/sign-out", object{}).Want(t, 200, "")
			if n := len(all(t, e)); n != 3 {
				t.Errorf("%d records", n)
			}
		})
	}
}

// broken refuses to write audit records.
type broken struct {
	adapter.Database
	on *bool
}

func (b broken) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := b.Database.Open(s)
	return brokenAdapter{a, b.on}, err
}

func TestAWriteThatFails(t *testing.T) {
	t.Parallel()
	for _, required := range []bool{false, true} {
		t.Run(fmt.Sprint("required ", required), func(t *testing.T) {
			t.Parallel()
			on := false
			e := open(t, auditlog.Options{Required: required}, func(_ *authtest.Env, o *core.Options) { o.Database = broken{o.Database, &on} })
			ada := join(t, e, "ada")
			on = true
			sessions := func() int64 {
				n, err := e.Auth.DB().Count(t.Context(), core.ModelSession, nil)
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			before := sessions()
			a := e.Client().Post("/sign-in/email", object{"email": "ada@example.com", "password": password})
			b := e.Client().Post("/sign-in/email", object{"email": "ada@example.com", "password": "wrong horse"})
			c := ada.Post("/revoke-sessions", object{})
			if !required {
				a.Want(t, 200, "")
				b.Want(t, 401, "INVALID_CREDENTIALS")
				c.Want(t, 200, "")
				log := e.Log.String()
				if !strings.Contains(log, "a record could not be written") || !strings.Contains(log, `"event":"sign-in.failed"`) || strings.Contains(log, "horse") {
					t.Errorf("%s", log)
				}
				return
			}
			a.Want(t, 500, "INTERNAL_SERVER_ERROR")
			b.Want(t, 500, "INTERNAL_SERVER_ERROR")
			c.Want(t, 500, "INTERNAL_SERVER_ERROR")
			if sessions() != before || signedIn(a) {
				t.Error("it has happened without a record")
			}
		})
	}
}

func TestRetentionAndDeletion(t *testing.T) {
	t.Parallel()
	e := open(t, auditlog.Options{Retention: 24 * time.Hour}, func(_ *authtest.Env, o *core.Options) { o.User.DeleteUser.Enabled = true })
	p := plugin(t, e.Auth)
	for range 1203 {
		if err := p.Append(t.Context(), auditlog.Entry{Event: "invoice.deleted", Data: object{"id": 7}}); err != nil {
			t.Fatal(err)
		}
	}
	e.Clock.Add(24*time.Hour + time.Millisecond)
	ada := join(t, e, "ada")
	adaID := id(ada)
	if err := p.Append(t.Context(), auditlog.Entry{Event: "invoice.paid", UserID: adaID, IPAddress: "192.0.2.7"}); err != nil {
		t.Fatal(err)
	}
	if err := e.Auth.DeleteExpired(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(all(t, e)); n != 3 {
		t.Errorf("%d records are left", n)
	}
	ada.Post("/delete-user", object{"password": password}).Want(t, 200, "")
	records, err := p.Find(t.Context(), auditlog.Query{UserID: adaID})
	if err != nil || len(records) != 4 {
		t.Fatalf("%d records outlive their user, %v", len(records), err)
	}
	for _, r := range records {
		if r.IPAddress != nil || r.UserAgent != nil {
			t.Errorf("%s keeps the address", r.Event)
		}
	}
}

// LOG-01: what a client sends as text does not become a record of any length, of several
// lines, or with a token in it.
func TestLOG01_RecordsHoldNoSecretsAndAreBounded(t *testing.T) {
	t.Parallel()
	e := open(t, auditlog.Options{}, nil)
	header := func(name, value string) core.HeaderField { return core.HeaderField{Name: name, Value: value} }
	ada := join(t, e, "ada")
	ada.Post("/update-user", object{"name": "Ada L."}, header("User-Agent", strings.Repeat("é", 4000)+"\u202e"), header("X-Request-Id", "r-1"+strings.Repeat("x", 500))).Want(t, 200, "")
	ada.Post("/request-password-reset", object{"email": "ada@example.com"}).Want(t, 200, "")
	token := e.LastMail().Token
	e.Client().Get("/reset-password/" + token + "?callbackURL=/x")
	e.Client().Post("/reset-password", object{"newPassword": "third horse 3", "token": token}).Want(t, 200, "")
	session := ada.Get("/get-session").JSON("session", "token")
	for _, r := range all(t, e) {
		text := r.Event + string(r.Data)
		for _, s := range []*string{r.UserID, r.SessionID, r.IPAddress, r.UserAgent, r.RequestID} {
			if s == nil {
				continue
			}
			text += "\n" + *s
			if len(*s) > 512 || strings.ContainsAny(*s, "\r\n\u202e") {
				t.Errorf("%s: %q", r.Event, *s)
			}
		}
		for _, secret := range []string{token, session, password, "third horse"} {
			if secret != "" && strings.Contains(text, secret) {
				t.Errorf("%s holds a secret", r.Event)
			}
		}
	}
	if got := names(t, e); !strings.Contains(got, "user.updated") || !strings.Contains(got, "password.reset-requested") || !strings.Contains(got, "password.reset") {
		t.Errorf("%s", got)
	}
}

// Whether a user exists makes no difference to the writes of a request for a reset.
func TestENUM_AResetOfNobodyIsRecordedToo(t *testing.T) {
	t.Parallel()
	e := open(t, auditlog.Options{}, nil)
	join(t, e, "ada")
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		before := len(all(t, e))
		e.Client().Post("/request-password-reset", object{"email": email}).Want(t, 200, "")
		if n := len(all(t, e)) - before; n != 1 {
			t.Errorf("%s: %d records", email, n)
		}
	}
}

func TestAppend(t *testing.T) {
	t.Parallel()
	e := open(t, auditlog.Options{OmitIPAddress: true, OmitUserAgent: true}, nil)
	p := plugin(t, e.Auth)
	for name, entry := range map[string]auditlog.Entry{
		"no name": {}, "a space": {Event: "a b"}, "long": {Event: strings.Repeat("a", 129)},
		"big": {Event: "a", Data: object{"x": strings.Repeat("x", 5000)}}, "no JSON": {Event: "a", Data: object{"x": func() {}}},
	} {
		if err := p.Append(t.Context(), entry); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	undo := errors.New("undo")
	err := e.Auth.DB().Tx(t.Context(), func(ctx context.Context) error {
		if err := p.Append(ctx, auditlog.Entry{Event: "a"}); err != nil {
			t.Error(err)
		}
		return undo
	})
	if !errors.Is(err, undo) || len(all(t, e)) != 0 {
		t.Errorf("%d records, %v", len(all(t, e)), err)
	}
	if err := p.Append(t.Context(), auditlog.Entry{Event: "a.b", UserID: "u", IPAddress: "192.0.2.1", UserAgent: "x"}); err != nil {
		t.Fatal(err)
	}
	if r := all(t, e)[0]; r.IPAddress != nil || r.UserAgent != nil || *r.UserID != "u" {
		t.Errorf("%+v", r.Event)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]auditlog.Options{
		"Options.Retention is 1m":       {Retention: time.Minute},
		"Options.RequestIDHeader is \"": {RequestIDHeader: "a b"},
	} {
		_, err := core.New(authtest.NewEnv(t).Options(auditlog.New(o)))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"audit-log"`) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	e := open(t, auditlog.Options{Filter: func(ev core.Event) bool { return ev.Type == core.EventSignUp }}, nil)
	join(t, e, "ada")
	if got := names(t, e); got != "sign-up" {
		t.Errorf("%s", got)
	}
}

// LOG What strangers cause in any number costs no writes.
func TestDefaultFilter(t *testing.T) {
	t.Parallel()
	for _, kind := range []core.EventType{core.EventRateLimited, core.EventOriginRefused, apikey.EventRefused} {
		if auditlog.DefaultFilter(core.Event{Type: kind}) {
			t.Errorf("%s is recorded", kind)
		}
	}
	for _, kind := range []core.EventType{core.EventSignIn, core.EventSignInFailed, apikey.EventCreated} {
		if !auditlog.DefaultFilter(core.Event{Type: kind}) {
			t.Errorf("%s is not recorded", kind)
		}
	}
}

// signedIn reports whether an answer has set a session cookie.
func signedIn(a *authtest.Answer) bool {
	for _, h := range a.Header {
		if strings.EqualFold(h.Name, "Set-Cookie") && strings.Contains(h.Value, "session_token=") && !strings.Contains(h.Value, "Max-Age=0") {
			return true
		}
	}
	return false
}

type brokenAdapter struct {
	adapter.Adapter
	on *bool
}

func (b brokenAdapter) Create(ctx context.Context, model string, rec adapter.Record) (adapter.Record, error) {
	if model == auditlog.Model && *b.on {
		return nil, errors.New("disk full")
	}
	return b.Adapter.Create(ctx, model, rec)
}
