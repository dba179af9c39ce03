package scaffold

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
)

// repository is the checkout that the tests run in.
const repository = "../../.."

// limit bounds steps that take a second; only a program that hangs reaches it.
const limit = time.Minute

// half are the plugins of one of two sets; together the sets have all of them.
func half(rest int) []string {
	var ids []string
	for i, id := range pluginIDs() {
		if i%2 == rest {
			ids = append(ids, id)
		}
	}
	return ids
}

// table are the programs of the test: every framework, every adapter, and every pair of
// database, set of plugins and page.
func table() []Choices {
	sets := [][]string{nil, half(0), half(1)}
	pages := []string{"none", "plain", "react", "vue", "svelte"}
	databases := []string{"sqlite", "postgres", "mysql"}
	frameworks := keys(frameworks)
	var rows []Choices
	for f, page := range pages {
		for s, set := range sets {
			i := len(rows)
			rows = append(rows, Choices{
				Framework: frameworks[i%len(frameworks)], Adapter: []string{"gorm", "ent"}[(f+i/6)%2], Database: databases[(f+s)%3],
				Plugins: set, Frontend: page,
			})
		}
	}
	rows = append(rows,
		Choices{Framework: "nethttp", Adapter: "mongo", Plugins: half(0), Frontend: "none"},
		Choices{Framework: "chi", Adapter: "memory", Plugins: half(1), Frontend: "none"},
	)
	for i := range rows {
		rows[i].Folder = fmt.Sprintf("p%02d", i)
	}
	return rows
}

// few are the rows of table that are played where the time is short: another framework and
// another adapter each, without a database server.
func few(rows []Choices) []Choices {
	var some []Choices
	seen := map[string]bool{}
	for _, c := range slices.Backward(rows) {
		if seen[c.Adapter] || seen[c.Framework] || c.Database == "postgres" || c.Database == "mysql" {
			continue
		}
		seen[c.Adapter], seen[c.Framework] = true, true
		some = append(some, c)
	}
	return some
}

// TestTable: the rows have every framework, every adapter, and every pair of the rest.
func TestTable(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range table() {
		set := fmt.Sprint(c.Plugins)
		for _, what := range []string{
			c.Framework, c.Adapter, c.Adapter + "+" + c.Database, c.Database + "+" + set, c.Database + "+" + c.Frontend, set + "+" + c.Frontend,
		} {
			seen[what] = true
		}
		for _, id := range c.Plugins {
			seen[id] = true
		}
	}
	want := slices.Concat(keys(frameworks), keys(adapters), pluginIDs())
	for _, adapter := range keys(adapters) {
		for _, database := range adapters[adapter].databases {
			want = append(want, adapter+"+"+database)
		}
	}
	for _, set := range [][]string{nil, half(0), half(1)} {
		for _, database := range keys(databases) {
			want = append(want, database+"+"+fmt.Sprint(set))
		}
		for _, page := range keys(frontends) {
			want = append(want, fmt.Sprint(set)+"+"+page)
		}
	}
	for _, database := range keys(databases) {
		for _, page := range keys(frontends) {
			want = append(want, database+"+"+page)
		}
	}
	for _, what := range want {
		if !seen[what] {
			t.Errorf("no program has %s", what)
		}
	}
	if len(few(table())) < 4 {
		t.Errorf("few has %d programs", len(few(table())))
	}
}

// TestPrograms writes programs, builds them as one workspace, starts each with nothing but
// its own .env and a database, and drives it with the official client.
func TestPrograms(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("no program was built: left out with -short")
	}
	rows := table()
	if os.Getenv("CI") == "" && os.Getenv("KERNIA_SOAK") == "" {
		rows = few(rows)
		t.Logf("%d of %d programs are built: all with CI or KERNIA_SOAK set", len(rows), len(table()))
	}
	folder := t.TempDir()
	var built []Choices
	for _, c := range rows {
		name := c.Folder
		c.Folder = filepath.Join(folder, name)
		initialize(t, c)
		built = append(built, c)
	}
	binaries := build(t, folder, built)
	file, missing := driver(t)
	for _, c := range built {
		t.Run(strings.Join([]string{c.Framework, c.Adapter, c.Database, c.Frontend}, " "), func(t *testing.T) {
			t.Parallel()
			binary := filepath.Join(binaries, filepath.Base(c.Folder))
			if runtime.GOOS == "windows" {
				binary += ".exe"
			}
			r := start(t, c, binary, databaseURL(t, c, binaries))
			if missing != "" {
				t.Skip("was built and started, and the official client was not tried: ", missing)
			}
			drive(t, c, r, file)
		})
	}
}

// initialize runs the command init, with choices as flags.
func initialize(t *testing.T, c Choices, more ...string) string {
	t.Helper()
	args := []string{c.Folder, "--yes", "--skip-tidy", "--replace", repository, "--framework", c.Framework, "--adapter", c.Adapter, "--frontend", c.Frontend}
	if c.Database != "" {
		args = append(args, "--database", c.Database)
	}
	if len(c.Plugins) > 0 {
		args = append(args, "--plugins", strings.Join(c.Plugins, ","))
	}
	out, err := run(t.Context(), append(args, more...)...)
	if err != nil {
		t.Fatalf("init %v: %v", args, err)
	}
	return out
}

// run runs the command init.
func run(ctx context.Context, args ...string) (string, error) {
	var out bytes.Buffer
	command := Command()
	command.SetArgs(args)
	command.SetIn(strings.NewReader(""))
	command.SetOut(&out)
	command.SetErr(&out)
	err := command.ExecuteContext(ctx)
	return out.String(), err
}

// build builds programs in a workspace with this checkout, so that all share what they have
// in common, and go.sum. It returns the folder of the binaries, with a double of MongoDB.
func build(t *testing.T, folder string, programs []Choices) string {
	t.Helper()
	checkout, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	own := goOutput(t, checkout, "list", "-m", "-f", "{{.Dir}}")
	work := "go 1.26.0\n\nuse (\n"
	for _, dir := range strings.Fields(own) {
		work += "\t" + dir + "\n"
	}
	arguments := []string{"build", "-ldflags=-s -w", "-o", filepath.Join(folder, "bin") + string(filepath.Separator)}
	for _, c := range programs {
		work += "\t./" + filepath.Base(c.Folder) + "\n"
		arguments = append(arguments, "./"+filepath.Base(c.Folder))
	}
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.work", []byte(work+")\n"))
	sums, err := os.ReadFile(filepath.Join(checkout, "go.work.sum"))
	if err != nil {
		t.Fatal(err)
	}
	write("go.work.sum", sums)
	if slices.ContainsFunc(programs, func(c Choices) bool { return c.Adapter == "mongo" }) {
		arguments = append(arguments, kernia+"/core/adapters/mongo/internal/mongotest/serve")
	}
	goOutput(t, folder, arguments...)
	return filepath.Join(folder, "bin")
}

func goOutput(t *testing.T, folder string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", args...) //nolint:gosec // arguments of this test
	command.Dir = folder
	command.Env = append(os.Environ(), "GOWORK=", "GOFLAGS=")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go %s: %v: %s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// databaseURL is a database of its own for a program, or "" for what .env says.
func databaseURL(t *testing.T, c Choices, binaries string) string {
	t.Helper()
	name := fmt.Sprintf("kernia_init_%d_%s", os.Getpid(), filepath.Base(c.Folder))
	switch {
	case c.Adapter == "mongo":
		t.Log("MongoDB is the double of the adapter's tests")
		return double(t, filepath.Join(binaries, "serve"))
	case c.Database == "postgres":
		dsn := os.Getenv("KERNIA_TEST_POSTGRES_DSN")
		if dsn == "" {
			t.Skip("was built and not started: KERNIA_TEST_POSTGRES_DSN names no server")
		}
		scratch(t, "pgx", dsn, name, ` WITH (FORCE)`)
		before, query, _ := strings.Cut(dsn, "?")
		return before[:strings.LastIndex(before, "/")+1] + name + "?" + query
	case c.Database == "mysql":
		dsn := os.Getenv("KERNIA_TEST_MYSQL_DSN")
		if dsn == "" {
			t.Skip("was built and not started: KERNIA_TEST_MYSQL_DSN names no server")
		}
		scratch(t, "mysql", dsn, name, "")
		config, err := mysqldriver.ParseDSN(dsn)
		if err != nil {
			t.Fatal("KERNIA_TEST_MYSQL_DSN is no DSN")
		}
		config.DBName = name
		return config.FormatDSN()
	}
	return ""
}

// scratch makes a database and drops it at the end.
func scratch(t *testing.T, driver, dsn, name, drop string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.ExecContext(context.Background(), "DROP DATABASE "+name+drop); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

// running is a program under test.
type running struct {
	base string // http://localhost:port
	log  string // the file of its log
}

// start runs a program in its folder until the test ends, and then ends it in order.
func start(t *testing.T, c Choices, binary, database string) running {
	t.Helper()
	port := freePort(t)
	r := running{base: "http://localhost:" + port, log: filepath.Join(t.TempDir(), "log")}
	out, err := os.Create(r.log)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(binary) //nolint:gosec // built by this test
	command.Dir = c.Folder
	// Only what the system needs: the rest is in .env.
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"), "PORT=" + port, "BASE_URL=" + r.base}
	everywhere := c.Frontend == "none" // as in a container
	if everywhere {
		command.Env = append(command.Env, "HOST=0.0.0.0")
	}
	offline(t, c, binary, command.Env)
	if database != "" {
		command.Env = append(command.Env, "DATABASE_URL="+database)
	}
	command.Stdout, command.Stderr = out, out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		defer func() { _ = out.Close() }()
		if runtime.GOOS == "windows" {
			_ = command.Process.Kill()
			<-ended
			return
		}
		_ = command.Process.Signal(os.Interrupt)
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the program ended with %v", err)
			}
		case <-time.After(limit):
			_ = command.Process.Kill()
			t.Error("the program does not end")
		}
		if t.Failed() {
			text, _ := os.ReadFile(r.log)
			t.Logf("%s", text)
		}
	})
	for deadline := time.Now().Add(limit); ; {
		answer, err := http.Get(r.base + "/api/auth/ok")
		if err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
			text, _ := os.ReadFile(r.log)
			if local := bytes.Contains(text, []byte("listening on 127.0.0.1:")) || bytes.Contains(text, []byte("listening on [::1]:")); local == everywhere {
				t.Errorf("the program listens elsewhere: %s", text)
			}
			return r
		}
		select {
		case err := <-ended:
			text, _ := os.ReadFile(r.log)
			ended <- nil
			t.Fatalf("the program ended: %v: %s", err, text)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal("the program does not listen")
		}
	}
}

// offline runs commands that need no database, while there is none.
func offline(t *testing.T, c Choices, binary string, env []string) {
	t.Helper()
	nobody := map[string]string{
		"postgres": "postgres://app:x@127.0.0.1:1/app", "mysql": "app:x@tcp(127.0.0.1:1)/app?parseTime=true", "mongo": "mongodb://127.0.0.1:1/",
	}[cmp.Or(c.Database, c.Adapter)]
	if nobody != "" {
		env = append(slices.Clone(env), "DATABASE_URL="+nobody)
	}
	for want, args := range map[string][]string{
		"Ways to sign in": {"info"}, `"x-generated-by"`: {"generate", "openapi"}, "=\n": {"secret"}, "create table": {"generate", "sql", "postgres"},
	} {
		command := exec.CommandContext(t.Context(), binary, append([]string{"kernia"}, args...)...) //nolint:gosec // built by this test
		command.Dir, command.Env = c.Folder, env
		if text, err := command.CombinedOutput(); err != nil || !bytes.Contains(text, []byte(want)) {
			t.Fatalf("kernia %v without a database: %v: %s", args, err, text)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// driver returns the file of the program that uses the official client, in a folder with a
// link to the packages of wirecheck; or why there is none.
func driver(t *testing.T) (file, missing string) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		return "", "there is no node"
	}
	modules, err := filepath.Abs(filepath.Join(repository, "wirecheck", "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "better-auth")); err != nil {
		return "", "wirecheck has no packages: run npm ci there"
	}
	source, err := os.ReadFile("testdata/drive.mjs")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Symlink(modules, filepath.Join(folder, "node_modules")); err != nil {
		return "", "this file system has no symbolic links"
	}
	file = filepath.Join(folder, "drive.mjs")
	if err := os.WriteFile(file, source, 0o600); err != nil {
		t.Fatal(err)
	}
	return file, ""
}

// drive uses a program as a page would, with the official client in Node.
func drive(t *testing.T, c Choices, r running, file string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "node", file, r.base, r.log, strings.Join(c.Plugins, ",")) //nolint:gosec // of this test
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("the official client: %v: %s", err, out)
	}
}

// double starts the double of MongoDB.
func double(t *testing.T, binary string) string {
	t.Helper()
	command := exec.Command(binary) //nolint:gosec // built by this test
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // which ends it
		_ = command.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, uri, _ := strings.Cut(strings.TrimSpace(line), " ")
	return uri
}
