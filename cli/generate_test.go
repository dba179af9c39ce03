package cli_test

import (
	"encoding/json"
	"flag"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/additionalfields"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/expo"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/multisession"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/plugins/username"
	"github.com/advantch/kernia-go/core/schema"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s is different: look at it, and run the test with -update\n%s", file, text)
	}
}

func rich(t *testing.T) *core.Auth {
	t.Helper()
	return newAuth(t, core.Options{
		Plugins: []core.Plugin{
			emailpassword.New(emailpassword.Options{}), admin.New(admin.Options{}), anonymous.New(anonymous.Options{}), apikey.New(apikey.Options{}),
			bearer.New(bearer.Options{}), expo.New(expo.Options{}), jwt.New(jwt.Options{}), multisession.New(multisession.Options{}),
			organization.New(organization.Options{Teams: organization.Teams{Enabled: true}}), twofactor.New(twofactor.Options{}), username.New(username.Options{}),
			additionalfields.New(additionalfields.Options{User: []schema.Field{{Name: "plan", Type: schema.String, Default: schema.Value("free"), NoInput: true}}}),
		},
		User: core.UserOptions{TableOptions: core.TableOptions{Fields: []schema.Field{
			{Name: "locale", Type: schema.String, Optional: true}, {Name: "note", Type: schema.String, Optional: true, Hidden: true},
		}}},
	})
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	small := newAuth(t, core.Options{Plugins: []core.Plugin{emailpassword.New(emailpassword.Options{})}})
	for file, args := range map[string][]string{
		"postgres.sql":  {"sql", "postgres"},
		"mysql.sql":     {"sql", "mysql"},
		"sqlite.sql":    {"sql", "sqlite"},
		"models.go.txt": {"gorm", "sqlite"},
		"client.ts":     {"client"},
	} {
		r := kernia(t, small, nil, append([]string{"generate"}, args...)...)
		r.want(t, 0, "", "")
		golden(t, file, r.out)
		if args[0] == "gorm" {
			if formatted, err := format.Source([]byte(r.out)); err != nil || string(formatted) != r.out {
				t.Error("the models are not formatted: ", err)
			}
		}
	}
	r := kernia(t, rich(t), nil, "generate", "client", "--framework", "react")
	r.want(t, 0, "", "")
	golden(t, "client-react.ts", r.out)
	r = kernia(t, small, nil, "generate", "openapi")
	r.want(t, 0, "", "")
	if !json.Valid([]byte(r.out)) || !strings.Contains(r.out, `"/sign-in/email": {`) {
		t.Error(r.out)
	}
}

func TestGenerateAddress(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*core.Options){
		"  baseURL: \"http://localhost:3000\",\n});":                             func(*core.Options) {},
		"  baseURL: \"http://localhost:3000\",\n  basePath: \"/auth\",\n});":     func(o *core.Options) { o.BasePath = "/auth" },
		"  baseURL: \"http://localhost:3000\",\n  basePath: \"/svc/auth\",\n});": func(o *core.Options) { o.PublicPath = "/svc/auth" },
		"createAuthClient({\n});": func(o *core.Options) {
			o.BaseURL, o.DynamicBaseURL = "", &core.DynamicBaseURL{AllowedHosts: []string{"*.example.com"}}
		},
	} {
		o := options(core.Options{Plugins: []core.Plugin{emailpassword.New(emailpassword.Options{})}})
		spoil(&o)
		a, err := core.New(o)
		if err != nil {
			t.Fatal(err)
		}
		kernia(t, a, nil, "generate", "client").want(t, 0, want, "")
	}
}

// TestGenerateFiles writes over what was generated and over nothing else.
func TestGenerateFiles(t *testing.T) {
	t.Parallel()
	a := rich(t)
	for _, args := range [][]string{{"sql", "sqlite"}, {"gorm", "mysql"}, {"openapi"}, {"client"}} {
		name := filepath.Join(t.TempDir(), "below", "file")
		run := func(more ...string) result {
			return kernia(t, a, nil, append(append([]string{"generate"}, args...), append(more, "-o", name)...)...)
		}
		run().want(t, 0, "", "Wrote "+name)
		first, err := os.ReadFile(name)
		if err != nil || len(first) == 0 {
			t.Fatal(err)
		}
		run().want(t, 0, "", "Wrote")
		for _, mine := range []string{"mine", "{\n  \"openapi\": \"3.1.1\",\n  \"info\": { \"title\": \"by hand\" }\n}\n"} {
			if err := os.WriteFile(name, []byte(mine), 0o600); err != nil {
				t.Fatal(err)
			}
			run().want(t, 1, "", "was not generated: give another --output, or --force to replace it")
			if now, _ := os.ReadFile(name); string(now) != mine {
				t.Errorf("%v replaced a file", args)
			}
		}
		run("--force").want(t, 0, "", "Wrote")
		if now, _ := os.ReadFile(name); string(now) != string(first) {
			t.Errorf("%v: not replaced", args)
		}
	}
	dir := filepath.Join(t.TempDir(), "ent", "schema")
	kernia(t, a, nil, "generate", "ent", "-o", dir).want(t, 0, "", "Wrote")
	file := filepath.Join(dir, "user.go")
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "package schema") {
		t.Fatal(string(text), err)
	}
	if err := os.WriteFile(file, []byte("package schema"), 0o600); err != nil {
		t.Fatal(err)
	}
	kernia(t, a, nil, "generate", "ent", "-o", dir).want(t, 1, "", "nothing was written")
}

func TestGenerateUsage(t *testing.T) {
	t.Parallel()
	a := newAuth(t, core.Options{Database: memory.New()})
	for says, args := range map[string][]string{
		"the adapter memory has no SQL: say for which database, sqlite, postgres, mysql": {"sql"},
		`the database "oracle" is unknown: use sqlite, postgres, mysql`:                  {"gorm", "oracle"},
		`the framework "jquery" is unknown: use client, react, vue, svelte, solid`:       {"client", "--framework", "jquery"},
		`"mysql" is one argument too many`:                                               {"sql", "sqlite", "mysql"},
		`"kernia generate" needs to know what`:                                           nil,
		`"a-b"`:                                                                          {"gorm", "sqlite", "--package", "a-b"},
	} {
		kernia(t, a, nil, append([]string{"generate"}, args...)...).want(t, 2, "", says)
	}
}

// TestClientTypes has TypeScript check the generated files against the real packages.
func TestClientTypes(t *testing.T) {
	t.Parallel()
	modules, err := filepath.Abs(filepath.Join("..", "wirecheck", "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	compiler := filepath.Join(modules, "typescript", "bin", "tsc")
	if _, err := os.Stat(compiler); err != nil {
		t.Skip("the generated TypeScript was not compiled: wirecheck/node_modules is missing; run make wirecheck once")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("the generated TypeScript was not compiled: there is no node")
	}
	dir := t.TempDir()
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("package.json", `{"type":"module"}`)
	write("use.ts", "import { authClient } from './auth-client.js';\n"+
		"const { data } = await authClient.getSession();\n"+
		"const locale: string | null | undefined = data?.user.locale;\nconst plan: string | null | undefined = data?.user.plan;\n"+
		"await authClient.signIn.username({ username: 'ada', password: 'x' });\nawait authClient.organization.createTeam({ name: 'x' });\n"+
		"await authClient.signUp.email({ name: 'Ada', email: 'a@example.com', password: 'x', locale: 'fr' });\nexport { locale, plan };\n")
	r := kernia(t, rich(t), nil, "generate", "client", "-o", filepath.Join(dir, "auth-client.ts"))
	r.want(t, 0, "", "")
	check := exec.CommandContext(t.Context(), "node", compiler, "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext",
		"--lib", "es2022,dom", "use.ts") //nolint:gosec // of this test
	check.Dir = dir
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
