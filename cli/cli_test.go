package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/cli"
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/password"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
)

// secretOfTests is what no command may print.
const secretOfTests = "Zq8#vT2!mK5^wR9&pL3*xN7@jH4$bG6%"

func options(o core.Options) core.Options {
	o.BaseURL, o.Secret = "http://localhost:3000", secretOfTests
	if o.Database == nil {
		o.Database = memory.New()
	}
	if o.Plugins == nil {
		o.Plugins = []core.Plugin{emailpassword.New(emailpassword.Options{}), admin.New(admin.Options{})}
	}
	o.Logger = slog.New(slog.DiscardHandler)
	o.Password.Argon2 = password.Argon2Params{Memory: 64, Time: 1, Threads: 1}
	return o
}

func newAuth(t *testing.T, o core.Options) *core.Auth {
	t.Helper()
	a, err := core.New(options(o))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// result is what a command did.
type result struct {
	code     int
	out, err string
}

// kernia runs a command of an application. A nil in is an empty standard input.
func kernia(t *testing.T, a *core.Auth, in io.Reader, args ...string) result {
	t.Helper()
	return within(t.Context(), a, in, args...)
}

func within(ctx context.Context, a *core.Auth, in io.Reader, args ...string) result {
	var out, said bytes.Buffer
	c := cli.Command(a)
	if in == nil {
		in = strings.NewReader("")
	}
	c.SetIn(in)
	c.SetOut(&out)
	c.SetErr(&said)
	c.SetArgs(args)
	err := c.ExecuteContext(ctx)
	if err != nil && err.Error() != "" {
		said.WriteString(err.Error() + "\n")
	}
	return result{cli.ExitCode(err), out.String(), said.String()}
}

func (r result) want(t *testing.T, code int, out, said string) {
	t.Helper()
	if r.code != code || !strings.Contains(r.out, out) || !strings.Contains(r.err, said) {
		t.Errorf("exit code %d, want %d\noutput: %s\nwant: %s\nerrors: %s\nwant: %s", r.code, code, r.out, out, r.err, said)
	}
	if strings.Contains(r.out+r.err, secretOfTests) {
		t.Errorf("the secret was printed: %s %s", r.out, r.err)
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	a := newAuth(t, core.Options{})
	first, second := kernia(t, a, nil, "secret"), kernia(t, a, nil, "secret")
	first.want(t, 0, "", "")
	if !regexp.MustCompile(`^[A-Za-z0-9+/]{43}=\n$`).MatchString(first.out) || first.out == second.out {
		t.Errorf("%q, then %q", first.out, second.out)
	}
	o := options(core.Options{})
	o.Secret = strings.TrimSpace(first.out)
	if _, err := core.New(o); err != nil {
		t.Error(err)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	a := newAuth(t, core.Options{})
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"help":                 {[]string{"--help"}, 0, ""},
		"nothing":              {nil, 0, ""},
		"an unknown command":   {[]string{"migrat"}, 2, `there is no command "kernia migrat": did you mean "migrate"?`},
		"an unknown flag":      {[]string{"migrate", "--dry"}, 2, `unknown flag: --dry: "kernia migrate --help" lists the flags`},
		"an argument":          {[]string{"info", "all"}, 2, `"kernia info" takes no argument "all"`},
		"no child":             {[]string{"user"}, 2, `"kernia user --help" lists it`},
		"an unknown child":     {[]string{"user", "delete"}, 2, `there is no command "kernia user delete"`},
		"no time":              {[]string{"migrate", "--wait", "0s"}, 2, "--wait 0s is no time to wait"},
		"both":                 {[]string{"migrate", "--check", "--dry-run"}, 2, "--check or --dry-run, not both"},
		"no role":              {[]string{"user", "set-role", "ada@example.com"}, 2, "a role is missing"},
		"one too many":         {[]string{"user", "reset-password", "a@example.com", "b"}, 2, `"b" is one argument too many`},
		"a password as a flag": {[]string{"user", "create", "--password", "x"}, 2, "unknown flag: --password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kernia(t, a, nil, tc.args...).want(t, tc.code, "", tc.says)
		})
	}
}

// database is a database that lacks two tables until it is migrated.
type database struct {
	adapter.Database
	plan    []adapter.Change
	planned error // of Plan
	migrate func(ctx context.Context) error
}

type migrator struct {
	adapter.Adapter
	of *database
}

func (d *database) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := d.Database.Open(s)
	return migrator{a, d}, err
}

func (m migrator) Plan(context.Context) ([]adapter.Change, error) { return m.of.plan, m.of.planned }
func (m migrator) Migrate(ctx context.Context) error              { return m.of.migrate(ctx) }

func lacking() *database {
	return &database{Database: memory.New(), plan: []adapter.Change{
		{Table: "user", Kind: "create table", SQL: `CREATE TABLE "user" ()`},
		{Table: "session", Kind: "create table", SQL: `CREATE TABLE "session" ();`},
	}}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	type step = adapter.MigrationProgress
	cause := errors.New("connection refused")
	for name, tc := range map[string]struct {
		spoil     func(*database)
		migrate   func(ctx context.Context, d *database) error
		args      []string
		code      int
		out, says string
	}{
		"applies and tells": {migrate: func(ctx context.Context, d *database) error {
			tell := adapter.MigrationOf(ctx).Progress
			tell(step{Waiting: "another process migrates this database"})
			tell(step{Waiting: "another process migrates this database"})
			tell(step{Change: d.plan[0], Total: 2})
			tell(step{Change: d.plan[1], Done: 1, Total: 2})
			return nil
		}, out: "Done: 2 changes.\n", says: "Waiting: another process migrates this database.\n[1/2] create table on user\n[2/2] create table on session\n"},
		"waits as told": {args: []string{"--wait", "3m"}, migrate: func(ctx context.Context, _ *database) error {
			if wait := adapter.MigrationOf(ctx).Wait; wait.Minutes() != 3 {
				return errors.New(wait.String())
			}
			return nil
		}, out: "Done"},
		"dry run":         {args: []string{"--dry-run"}, out: "CREATE TABLE \"user\" ();\nCREATE TABLE \"session\" ();\n", says: "2 changes, and nothing was done."},
		"check":           {args: []string{"--check"}, code: 3, out: `2 changes missing: run "kernia migrate".`},
		"nothing missing": {spoil: func(d *database) { d.plan = nil }, out: "Nothing is missing."},
		"check, nothing":  {spoil: func(d *database) { d.plan = nil }, args: []string{"--check"}, out: "Nothing is missing."},
		"no database":     {spoil: func(d *database) { d.planned = cause }, code: 1, says: "connection refused: check that the database of the adapter memory runs"},
		"busy":            {migrate: func(context.Context, *database) error { return adapter.ErrBusy }, code: 1, says: "(waited for 1m0s: --wait waits longer)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := lacking()
			if tc.spoil != nil {
				tc.spoil(d)
			}
			d.migrate = func(ctx context.Context) error {
				if tc.migrate == nil {
					t.Error("something was done")
					return nil
				}
				return tc.migrate(ctx, d)
			}
			a := newAuth(t, core.Options{Database: d})
			kernia(t, a, nil, append([]string{"migrate"}, tc.args...)...).want(t, tc.code, tc.out, tc.says)
		})
	}
}

func TestMigrateStopped(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	d := lacking()
	d.migrate = func(ctx context.Context) error {
		stop()
		<-ctx.Done()
		return ctx.Err()
	}
	within(ctx, newAuth(t, core.Options{Database: d}), nil, "migrate").want(t, 130, "", "what was made stays, and the next one goes on from there")
}

func TestInfo(t *testing.T) {
	t.Parallel()
	o := core.Options{
		ErrorURL: "https://admin:hunter2@example.com/error", TrustedOrigins: []string{"https://app.example.com"},
		EmailVerification: core.EmailVerificationOptions{Send: func(context.Context, core.Mail) error { return nil }},
		User:              core.UserOptions{TableOptions: core.TableOptions{Fields: []schema.Field{{Name: "locale", Type: schema.String, Optional: true}}}},
	}
	a := newAuth(t, o)
	r := kernia(t, a, nil, "info")
	for _, part := range []string{
		"http://localhost:3000", "/api/auth", "memory", "email-password, admin", "strong enough",
		"TrustedOrigins", "https://app.example.com", "User.Fields", "locale", "EmailVerification.Send", "set",
	} {
		r.want(t, 0, part, "")
	}
	if strings.Contains(r.out, "hunter2") {
		t.Error(r.out)
	}
	r = kernia(t, a, nil, "info", "--json")
	r.want(t, 0, `"plugins": [
    "email-password",
    "admin"
  ]`, "")
	if strings.Contains(r.out, "hunter2") || !strings.Contains(r.out, "\"name\": \"ErrorURL\",\n      \"value\": \"set\"") {
		t.Error(r.out)
	}
}

func TestUser(t *testing.T) {
	t.Parallel()
	a := newAuth(t, core.Options{})
	const password = "correct horse battery"
	in := func(text string) io.Reader { return strings.NewReader(text) }
	create := []string{"user", "create", "--email", "Ada@example.com", "--role", "admin"}
	kernia(t, a, in(password+"\n"), create...).want(t, 0, "made: ada@example.com (id ", "")
	signIn := func(password string) error {
		p, _ := emailpassword.From(a)
		_, err := p.SignIn.Call(t.Context(), &emailpassword.SignInInput{Email: "ada@example.com", Password: password})
		return err
	}
	if err := signIn(password); err != nil {
		t.Error(err)
	}
	u, err := a.Store().FindUserByEmail(t.Context(), "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if role := u.Extra[admin.Role.Name]; role != "admin" || u.Name != "Ada" {
		t.Errorf("%v has the role %q", u, role)
	}
	kernia(t, a, in(password), create...).want(t, 1, "", `"kernia user set-role" gives the user a role`)
	kernia(t, a, in("short\n"), "user", "create", "--email", "bob@example.com").want(t, 1, "", "PASSWORD_TOO_SHORT")
	kernia(t, a, nil, "user", "create", "--email", "bob@example.com").want(t, 2, "", "no password came")
	kernia(t, a, nil, "user", "create").want(t, 2, "", "--email is missing")
	kernia(t, a, nil, "user", "create", "--email", "nobody", "--no-password").want(t, 1, "", "INVALID_EMAIL")
	kernia(t, a, nil, "user", "create", "--email", "bob@example.com", "--no-password", "--verified", "--name", "Bob").want(t, 0, "role user", "")
	bob, err := a.Store().FindUserByEmail(t.Context(), "bob@example.com")
	if err != nil || !bob.EmailVerified || bob.Name != "Bob" {
		t.Fatal(bob, err)
	}
	kernia(t, a, nil, "user", "set-role", "BOB@example.com", "user,admin").want(t, 0, "role user,admin", "")
	kernia(t, a, nil, "user", "set-role", bob.ID, "user").want(t, 0, "role user)", "")
	kernia(t, a, nil, "user", "set-role", "eve@example.com", "admin").want(t, 1, "", `there is no user with the address "eve@example.com": "kernia user create" makes one`)

	sessions := func() int {
		list, err := a.Store().ListSessions(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	kernia(t, a, in("another fine password\r\n"), "user", "reset-password", u.ID, "--keep-sessions").want(t, 0, "has a new password: ada@example.com", "")
	if signIn("another fine password") != nil || sessions() == 0 {
		t.Error("the password is not set, or sessions have ended")
	}
	kernia(t, a, in("a third fine password"), "user", "reset-password", "ada@example.com").want(t, 0, "", "")
	if n := sessions(); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	for _, r := range []result{kernia(t, a, in(strings.Repeat("x", 5000)), "user", "reset-password", u.ID)} {
		r.want(t, 2, "", "longer than 4096 bytes")
	}
}

func TestUserWithoutThePlugin(t *testing.T) {
	t.Parallel()
	a := newAuth(t, core.Options{Plugins: []core.Plugin{emailpassword.New(emailpassword.Options{})}})
	for _, args := range [][]string{{"create"}, {"set-role", "a", "b"}, {"reset-password", "a"}} {
		kernia(t, a, nil, append([]string{"user"}, args...)...).want(t, 1, "", "the plugin admin is not installed: add admin.New(admin.Options{})")
	}
}

func TestUserWithoutTables(t *testing.T) {
	t.Parallel()
	a := newAuth(t, core.Options{Database: broken{lacking()}})
	kernia(t, a, nil, "user", "set-role", "ada@example.com", "admin").want(t, 1, "", `run "kernia migrate"`)
}

// broken is a database whose tables are not there.
type broken struct{ *database }

func (b broken) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := b.database.Open(s)
	return noTables{a.(migrator)}, err
}

type noTables struct{ migrator }

func (noTables) FindOne(context.Context, adapter.Find) (adapter.Record, error) {
	return nil, errors.New("no such table: user")
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	send := func(context.Context, core.Mail) error { return nil }
	a := newAuth(t, core.Options{
		EmailVerification: core.EmailVerificationOptions{Send: send},
		Plugins:           []core.Plugin{emailpassword.New(emailpassword.Options{SendResetPassword: send})},
	})
	kernia(t, a, nil, "doctor", "--dir", t.TempDir()).want(t, 0, "WARN  database  the rows are in memory", "")
	kernia(t, a, nil, "doctor", "--dir", t.TempDir(), "--strict").want(t, 3, "OK    secret    strong enough", "")
	kernia(t, a, nil, "doctor", "--dir", t.TempDir(), "--page", "https://app.example.com/").want(t, 3,
		`→ add "https://app.example.com" to core.Options.TrustedOrigins`, "")
	kernia(t, a, nil, "doctor", "--json", "--dir", t.TempDir()).want(t, 0, `"check": "base-url",
    "text": "http://localhost:3000, for development"`, "")
	kernia(t, a, nil, "doctor", "--url", "localhost:3000").want(t, 2, "", `"localhost:3000" is no scheme and host`)
	kernia(t, newAuth(t, core.Options{Database: lacking()}), nil, "doctor").want(t, 3, `→ run "kernia migrate"`, "")
}
