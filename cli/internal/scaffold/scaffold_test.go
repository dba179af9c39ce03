package scaffold

import (
	"context"
	"errors"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"

	"github.com/advantch/kernia-go/cli/internal/exit"
)

// Every choice that cannot be is refused by a sentence that says what to pass.
func TestChoices(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"framework", []string{"--framework", "rails"}, "pass one of chi, echo, echov5, fiber, fiberv3, gin, nethttp"},
		{"adapter", []string{"--adapter", "prisma"}, "pass one of ent, gorm, memory, mongo"},
		{"database", []string{"--database", "oracle"}, "pass one of sqlite, postgres, mysql"},
		{"a database of an adapter without", []string{"--adapter", "mongo", "--database", "mysql"}, "leave --database out"},
		{"plugin", []string{"--plugins", "username,stripe"}, `no plugin "stripe"`},
		{"frontend", []string{"--frontend", "angular"}, "pass one of none, plain, react, svelte, vue"},
		{"name", []string{"--name", "<script>"}, "pass --name"},
		{"a name with lines", []string{"--name", "a\nb"}, "pass --name"},
		{"module", []string{"--module", "../up"}, "pass --module"},
		{"a program called web", []string{"--module", "example.com/web"}, "pass --module with another last element"},
		{"checkout", []string{"--replace", "testdata"}, "pass --replace with the folder of a checkout"},
		{"two folders", []string{"another"}, "\"another\" is one argument too many"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "app")
			_, err := run(t.Context(), append([]string{folder, "--yes", "--skip-tidy", "--kernia-version", "v0.1.0"}, test.args...)...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one that has %q", err, test.want)
			}
			if code := exit.Code(err); code != exit.Usage {
				t.Errorf("the exit code is %d", code)
			}
			if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the folder is there: %v", err)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c := Choices{Folder: filepath.Join(t.TempDir(), "My Shop"), Plugins: []string{"jwt", "username"}}
	if err := c.complete(); err != nil {
		t.Fatal(err)
	}
	if c.Framework != "gin" || c.Adapter != "gorm" || c.Database != "sqlite" || c.Frontend != "plain" {
		t.Errorf("defaults are %+v", c)
	}
	if c.Name != "My Shop" || c.Module != "example.com/my-shop" || !slices.Equal(c.Plugins, []string{"username", "jwt"}) {
		t.Errorf("name, module and plugins are %q, %q, %q", c.Name, c.Module, c.Plugins)
	}
}

// The release that the command was built from is what programs require; a build of a
// checkout has none.
func TestReleased(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, version, sum, want string
	}{
		{"go install", "v0.3.1", "h1:x", "v0.3.1"},
		{"go install of a commit", "v0.0.0-20261130120000-0123456789ab", "h1:x", "v0.0.0-20261130120000-0123456789ab"},
		{"a checkout at a tag", "v0.3.1", "", ""},
		{"a changed checkout", "v0.3.1+dirty", "", ""},
		{"a checkout", "(devel)", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := released(&debug.BuildInfo{Main: debug.Module{Path: kernia + "/cli", Version: test.version, Sum: test.sum}})
			if got != test.want || (err == nil) != (test.want != "") {
				t.Errorf("the version is %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

// rendered are the files of a program.
func rendered(t *testing.T, c Choices) (*program, map[string][]byte) {
	t.Helper()
	if err := c.complete(); err != nil {
		t.Fatal(err)
	}
	p := newProgram(c)
	p.Requires = requirements(c, "v0.1.0")
	files, err := render(p)
	if err != nil {
		t.Fatal(err)
	}
	return p, files
}

// Every combination of framework, adapter and database, with and without a page and
// plugins, is Go whose imports go.mod has, each once, and nothing it does not need.
func TestRequirements(t *testing.T) {
	t.Parallel()
	for _, framework := range keys(frameworks) {
		for _, adapter := range keys(adapters) {
			for _, database := range append(slices.Clone(adapters[adapter].databases), "") {
				if (database == "") != (adapters[adapter].databases == nil) {
					continue
				}
				for _, frontend := range keys(frontends) {
					for _, set := range [][]string{nil, pluginIDs()} {
						_, files := rendered(t, Choices{
							Folder: "app", Framework: framework, Adapter: adapter, Database: database, Frontend: frontend, Plugins: set,
						})
						checkRequirements(t, strings.Join([]string{framework, adapter, database, frontend}, " "), files)
					}
				}
			}
		}
	}
}

func checkRequirements(t *testing.T, name string, files map[string][]byte) {
	t.Helper()
	mod, err := modfile.Parse("go.mod", files["go.mod"], nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	used := map[string]bool{}
	for file, content := range files {
		if !strings.HasSuffix(file, ".go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, content, parser.ImportsOnly)
		if err != nil {
			t.Fatalf("%s: %s: %v", name, file, err)
		}
		for _, spec := range tree.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			first, _, _ := strings.Cut(path, "/")
			if !strings.Contains(first, ".") {
				continue // the standard library
			}
			best := ""
			for _, r := range mod.Require {
				if (path == r.Mod.Path || strings.HasPrefix(path, r.Mod.Path+"/")) && len(r.Mod.Path) > len(best) {
					best = r.Mod.Path
				}
			}
			if best == "" {
				t.Errorf("%s: %s imports %s, which go.mod does not have", name, file, path)
			}
			used[best] = true
		}
	}
	for _, r := range mod.Require {
		if !used[r.Mod.Path] {
			t.Errorf("%s: go.mod requires %s, which nothing imports", name, r.Mod.Path)
		}
	}
}

// The versions of other modules are those that Kernia's own tests run with.
func TestVersions(t *testing.T) {
	t.Parallel()
	tested := map[string]string{}
	for _, folder := range []string{"gin", "echo", "echov5", "fiber", "fiberv3", "examples", "gormadapter", "entadapter", "core/adapters/mongo"} {
		file := filepath.Join(repository, folder, "go.mod")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		mod, err := modfile.ParseLax(file, data, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range mod.Require {
			if semver.Compare(r.Mod.Version, tested[r.Mod.Path]) > 0 {
				tested[r.Mod.Path] = r.Mod.Version
			}
		}
	}
	check := func(requires map[string]string) {
		for path, version := range requires {
			if tested[path] != version {
				t.Errorf("programs require %s %s, and the tests run with %q: change catalog.go", path, version, tested[path])
			}
		}
	}
	for _, f := range frameworks {
		check(f.requires)
	}
	for _, a := range adapters {
		for _, requires := range a.requires {
			check(requires)
		}
	}
}

// No program has a secret of another, and a secret is in .env alone.
func TestSecrets(t *testing.T) {
	t.Parallel()
	var all []string
	for range 3 {
		for _, database := range keys(databases) {
			_, files := rendered(t, Choices{Folder: "app", Database: database, Plugins: pluginIDs()})
			var own []string
			for _, name := range []string{"KERNIA_SECRET", "DATABASE_PASSWORD"} {
				found := regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindSubmatch(files[".env"])
				if found != nil {
					own = append(own, string(found[1]))
				}
			}
			if want := map[string]int{"sqlite": 1, "postgres": 2, "mysql": 2}[database]; len(own) != want {
				t.Fatalf("%s: .env has %d secrets, want %d", database, len(own), want)
			}
			for _, secret := range own {
				if len(secret) < 26 {
					t.Errorf("%s: a secret has %d characters", database, len(secret))
				}
				for name, content := range files {
					if name != ".env" && strings.Contains(string(content), secret) {
						t.Errorf("%s: %s has a secret", database, name)
					}
				}
			}
			all = append(all, own...)
		}
	}
	slices.Sort(all)
	if len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Error("two programs have the same secret")
	}
	// What is left when secrets are taken out is the same in all: nothing else is random.
	first, files := rendered(t, Choices{Folder: "app", Database: "postgres"})
	second, others := rendered(t, Choices{Folder: "app", Database: "postgres"})
	for name := range files {
		blank := func(p *program, content []byte) string {
			return strings.NewReplacer(p.Secret, "secret", p.DatabasePassword, "password").Replace(string(content))
		}
		if blank(first, files[name]) != blank(second, others[name]) {
			t.Errorf("%s differs between two programs by more than their secrets", name)
		}
	}
}

// tree are the files of a folder, with their content and mode.
func tree(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(folder, file)
		if d.IsDir() {
			files[name+"/"] = ""
			return nil
		}
		content, err := os.ReadFile(file)
		files[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s is new", what, name)
		} else if got[name] != want[name] {
			t.Errorf("%s: %s has changed", what, name)
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("%s: %s is gone", what, name)
		}
	}
}

// A command that fails or is stopped leaves everything as it was.
func TestNothingHalfWritten(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{"a.go": []byte("new"), "b/c.go": []byte("new"), "b/d/e.go": []byte("new"), "go.mod": []byte("new"), "z.go": []byte("new"), ".env": []byte("new")}
	failed := errors.New("a failure")
	for _, test := range []struct {
		name    string
		before  map[string]string
		force   bool
		stop    bool
		prepare func(cancel func()) error
		want    string
	}{
		{name: "a file in the way", before: map[string]string{"app/z.go": "mine"}, want: "app has z.go already"},
		{name: "go.sum in the way", before: map[string]string{"app/go.sum": "mine"}, want: "app has go.sum already"},
		{name: "half of the files moved", before: map[string]string{"app/go.mod": "mine", "app/go.sum": "mine", "app/.env": "mine", "app/z.go/mine": "mine"}, force: true, want: "z.go is a folder"},
		{name: "no modules for a program that is there", before: map[string]string{"app/go.mod": "mine", "app/go.sum": "mine"}, force: true,
			prepare: func(func()) error { return failed }, want: "a failure"},
		{name: "stopped while modules are fetched", before: map[string]string{"app/go.mod": "mine", "app/go.sum": "mine"}, force: true,
			prepare: func(cancel func()) error { cancel(); return context.Canceled }, want: context.Canceled.Error()},
		{name: "a folder in the way of a file", before: map[string]string{"app/z.go/mine": "mine", "app/a.go": "mine"}, force: true, want: "z.go is a folder"},
		{name: "a file in the way of a folder", before: map[string]string{"app/b/d": "mine", "app/a.go": "mine"}, force: true, want: "nothing was written"},
		{name: "a file in the way of the folder", before: map[string]string{"app": "mine"}, force: true, want: "nothing was written"},
		{name: "no modules", prepare: func(func()) error { return failed }, want: "a failure"},
		{name: "stopped at the start", stop: true, want: context.Canceled.Error()},
		{name: "stopped before the move", prepare: func(cancel func()) error { cancel(); return nil }, want: context.Canceled.Error()},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			for name, content := range test.before {
				if err := writeFile(filepath.Join(root, name), []byte(content), false); err != nil {
					t.Fatal(err)
				}
			}
			before := tree(t, root)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if test.stop {
				cancel()
			}
			prepare := func(_ context.Context, stage string) error {
				if err := writeFile(filepath.Join(stage, "go.sum"), []byte("new"), false); err != nil || test.prepare == nil {
					return err
				}
				return test.prepare(cancel)
			}
			err := writing{
				folder: filepath.Join(root, "app"), files: files, made: []string{"go.sum"}, force: test.force, prepare: prepare, rename: os.Rename,
			}.run(ctx)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one that has %q", err, test.want)
			}
			same(t, "after it", tree(t, root), before)
		})
	}
}

// A file that appears while modules are fetched is not overwritten either.
func TestAppeared(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "app")
	err := writing{folder: folder, files: map[string][]byte{"a": []byte("new"), "b": []byte("new")}, rename: os.Rename, prepare: func(context.Context, string) error {
		return writeFile(filepath.Join(folder, "b"), []byte("mine"), false)
	}}.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "start again") {
		t.Errorf("the error is %v", err)
	}
	same(t, "after it", tree(t, folder), map[string]string{"./": "", "b": "mine"})
}

// --force overwrites the program's own files, leaves others alone and keeps secrets.
func TestForce(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "deep", "app")
	flags := []string{folder, "--yes", "--skip-tidy", "--kernia-version", "v0.1.0", "--database", "postgres"}
	if _, err := run(t.Context(), flags...); err != nil {
		t.Fatal(err)
	}
	first := tree(t, folder)
	ownersOnly(t, folder)

	own := map[string]string{"models.go": "package main\n", "web/src/mine.ts": "mine"}
	for name, content := range own {
		if err := writeFile(filepath.Join(folder, name), []byte(content), false); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{"auth.go": "changed", ".env": first[".env"] + "\nSTRIPE_KEY=mine\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	changed := tree(t, folder)
	if _, err := run(t.Context(), flags...); err == nil || !strings.Contains(err.Error(), "auth.go") || !strings.Contains(err.Error(), "--force") {
		t.Errorf("the error is %v, want one that names auth.go and --force", err)
	}
	same(t, "refused", tree(t, folder), changed)

	if _, err := run(t.Context(), append(flags, "--force")...); err != nil {
		t.Fatal(err)
	}
	want := first
	for name, content := range own {
		want[name] = content
	}
	want[".env"] = changed[".env"]
	same(t, "forced", tree(t, folder), want)
	ownersOnly(t, folder)

	// Other choices leave files behind, which are named, and settings, which stay.
	out, err := run(t.Context(), folder, "--yes", "--skip-tidy", "--kernia-version", "v0.1.0", "--adapter", "memory", "--frontend", "none", "--force")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"database.go", "page.go", "web/package.json", "web/src/main.ts"} {
		if !strings.Contains(out, filepath.Join(folder, filepath.FromSlash(name))) {
			t.Errorf("%s is not named: %s", name, out)
		}
	}
	if strings.Contains(out, "models.go") || strings.Contains(out, "mine.ts") || strings.Contains(out, "auth.go") {
		t.Errorf("a file is named that no other choice has made: %s", out)
	}
	if now := tree(t, folder)[".env"]; now != changed[".env"] {
		t.Errorf(".env is now %s", now)
	}
}

// ownersOnly says whether somebody else can read .env.
func ownersOnly(t *testing.T, folder string) {
	t.Helper()
	info, err := os.Stat(filepath.Join(folder, ".env"))
	if err != nil || os.PathSeparator == '/' && info.Mode().Perm() != 0o600 {
		t.Errorf(".env has the mode %v: %v", info.Mode(), err)
	}
}

// TestSettings: a program that is written again keeps what its .env says.
func TestSettings(t *testing.T) {
	t.Parallel()
	fresh := "# Read at the start.\n\n# The mode.\nAPP_ENV=development\n\nBASE_URL=http://localhost:3000\nPORT=3000\n\n# Pages.\nTRUSTED_ORIGINS=http://localhost:5173\n\n" +
		"# Signs.\nKERNIA_SECRET=fresh\n\nDATABASE_PASSWORD=fresh\nDATABASE_URL=\"postgres://app:fresh@localhost/app\"\n"
	production := "BASE_URL=https://app.example.com\nKERNIA_SECRET='in use=='\nDATABASE_PASSWORD=old\nDATABASE_URL=postgres://db.example.com/app\n"
	for name, tc := range map[string]struct{ old, kind, want string }{
		"production": {production, "postgres", production},
		"own lines and comments": {"# mine\nSTRIPE_KEY=mine\nexport OTHER=1\n\n" + production, "postgres",
			"# mine\nSTRIPE_KEY=mine\nexport OTHER=1\n\n" + production},
		"no secret yet": {strings.Replace(production, "'in use=='", "", 1), "postgres", strings.Replace(production, "'in use=='", "fresh", 1)},
		"another database": {production, "mysql",
			strings.Replace(production, "DATABASE_URL", "# Of another database: DATABASE_URL", 1) + "\nDATABASE_URL=\"postgres://app:fresh@localhost/app\"\n"},
		"no database":  {production, "", production},
		"a first page": {"APP_ENV=development\n" + production, "postgres", "APP_ENV=development\n" + production + "\n# Pages.\nTRUSTED_ORIGINS=http://localhost:5173\n"},
		"nothing":      {"\n", "postgres", "\n\nBASE_URL=http://localhost:3000\n\n# Signs.\nKERNIA_SECRET=fresh\n\nDATABASE_PASSWORD=fresh\n\nDATABASE_URL=\"postgres://app:fresh@localhost/app\"\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, ".env"), []byte(tc.old), 0o600); err != nil {
				t.Fatal(err)
			}
			old, err := readSettings(folder)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(old.with([]byte(fresh), tc.kind)); got != tc.want {
				t.Errorf("the settings are\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
	for url, want := range map[string]string{
		"postgres://app@db/app": "postgres", "host=db dbname=app": "postgres", "app:pw@tcp(db:3306)/app?parseTime=true": "mysql",
		"app@unix(/run/mysqld/mysqld.sock)/app": "mysql", "mongodb+srv://x.example.com/": "mongo", "app.db": "sqlite", "/data/app.db": "sqlite",
	} {
		if got := kindOf(url); got != want {
			t.Errorf("%s is for %s, want %s", url, got, want)
		}
	}
}

// Files are moved from within the target, which may be a mount, and copied to where a folder
// of it is on another file system.
func TestFileSystems(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "mount")
	for name, content := range map[string]string{"web/index.html": "mine", ".env": "mine"} {
		if err := writeFile(filepath.Join(folder, name), []byte(content), true); err != nil {
			t.Fatal(err)
		}
	}
	device := func(file string) string { // the target is one, and its folder web another
		switch rel, _ := filepath.Rel(folder, file); {
		case strings.HasPrefix(rel, ".."):
			return "outside"
		case strings.HasPrefix(filepath.ToSlash(rel), "web/"):
			return "web"
		}
		return "target"
	}
	copied := 0
	rename := func(from, to string) error {
		if device(from) != device(to) {
			copied++
			return &os.LinkError{Op: "rename", Old: from, New: to, Err: syscall.EXDEV}
		}
		return os.Rename(from, to)
	}
	w := writing{
		folder: folder, force: true, rename: rename,
		files: map[string][]byte{"web/index.html": []byte("new"), "web/src/main.ts": []byte("new"), ".env": []byte("new"), "z": []byte("new")},
	}
	want := map[string]string{"./": "", "web/": "", "web/src/": "", "web/index.html": "new", "web/src/main.ts": "new", ".env": "new", "z": "new"}
	if err := w.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	same(t, "moved", tree(t, folder), want)
	ownersOnly(t, folder)
	if copied != 3 {
		t.Errorf("%d files were copied, want those of web, and the one that they replace", copied)
	}

	// What fails later is undone over there too.
	before := tree(t, folder)
	w.files = map[string][]byte{"web/index.html": []byte("newer"), "zz": nil, "z/y": nil}
	if err := w.run(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing was written") {
		t.Errorf("the error is %v", err)
	}
	same(t, "after a failure", tree(t, folder), before)
}

// In an empty folder that is there, the program is written into it, and the folder stays
// the same one.
func TestHere(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	before, err := os.Stat(folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run(t.Context(), folder, "--yes", "--skip-tidy", "--kernia-version", "v0.1.0", "--name", "Here", "--module", "github.com/me/here"); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(folder)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) {
		t.Error("the folder is another one")
	}
}

// The form is asked as lines of text, for what no flag says.
func TestAsk(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	c := Choices{Framework: "chi"}
	has := func(flag string) bool { return flag == "framework" || flag == "plugins" }
	// Folder, the second adapter, the second database, the third page.
	if err := answer(t.Context(), &c, has, form{iotest.OneByteReader(strings.NewReader("shop\n2\n2\n3\n")), &out, true}); err != nil {
		t.Fatal(err)
	}
	if c.Folder != "shop" || c.Framework != "chi" || c.Adapter != "ent" || c.Database != "postgres" || c.Frontend != "vue" {
		t.Errorf("the choices are %+v; asked was %s", c, out.String())
	}
	for _, title := range []string{"Folder", "Adapter", "Database", "Page"} {
		if !strings.Contains(out.String(), title) {
			t.Errorf("nobody asked for %s", title)
		}
	}
	if strings.Contains(out.String(), "Framework") || strings.Contains(out.String(), "Plugins") {
		t.Errorf("asked was for what was given: %s", out.String())
	}
}

// What is printed at the end can be pasted.
func TestNextSteps(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "it's mine")
	out, err := run(t.Context(), folder, "--yes", "--skip-tidy", "--kernia-version", "v0.1.0", "--name", "mine", "--database", "mysql", "--frontend", "none")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`it'\''s mine' && go mod tidy`, "docker compose up -d --wait database && go run ."} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
}
