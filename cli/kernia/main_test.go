package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const secretOfApp = "Zq8#vT2!mK5^wR9&pL3*xN7@jH4$bG6%"

// bench is the built command, and a module with the application of testdata.
type bench struct{ binary, module string }

func setUp(t *testing.T) bench {
	t.Helper()
	if testing.Short() {
		t.Skip("the command was not built and run: left out with -short, and run without it")
	}
	b := bench{filepath.Join(t.TempDir(), "kernia.exe"), t.TempDir()}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", b.binary, ".").CombinedOutput(); err != nil { //nolint:gosec // of this test
		t.Fatalf("%v: %s", err, out)
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	mod := read(t, filepath.Join("..", "go.mod"))
	mod = strings.Replace(mod, "module github.com/advantch/kernia-go/cli", "module example.com/app", 1)
	mod = strings.ReplaceAll(mod, "=> ../", "=> "+filepath.ToSlash(root)+"/")
	mod += "\nrequire github.com/advantch/kernia-go/cli v0.1.0\n\nreplace github.com/advantch/kernia-go/cli => " + filepath.ToSlash(root) + "/cli\n"
	b.write(t, "go.mod", mod)
	b.write(t, "go.sum", read(t, filepath.Join("..", "go.sum")))
	b.write(t, "cmd/server/main.go", read(t, filepath.Join("testdata", "app.go.txt")))
	b.write(t, "cmd/other/main.go", "package main\n\nfunc main() {}\n")
	b.write(t, "web/README", "the front end")
	return b
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file) //nolint:gosec // of this test
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (b bench) write(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(b.module, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (b bench) command(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), b.binary, args...) //nolint:gosec // of this test
	c.Dir = filepath.Join(b.module, dir)
	c.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "CGO_ENABLED=0", "APP_SECRET="+secretOfApp)
	return c
}

// run runs the command in a folder and compares the exit code, the output and the errors.
func (b bench) run(t *testing.T, dir, in string, code int, wantOut, wantErr string, args ...string) {
	t.Helper()
	var out, said bytes.Buffer
	c := b.command(t, dir, args...)
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(in), &out, &said
	err := c.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if got := c.ProcessState.ExitCode(); got != code || !strings.Contains(out.String(), wantOut) || !strings.Contains(said.String(), wantErr) {
		t.Errorf("kernia %v: exit code %d, want %d\noutput: %s\nwant: %s\nerrors: %s\nwant: %s", args, got, code, out.String(), wantOut, said.String(), wantErr)
	}
	if strings.Contains(out.String()+said.String(), secretOfApp) {
		t.Errorf("kernia %v prints the secret", args)
	}
}

// TestStandalone runs the built command against an application.
func TestStandalone(t *testing.T) {
	t.Parallel()
	b := setUp(t)

	b.run(t, ".", "", 0, "=\n", "", "secret")
	b.run(t, ".", "", 0, "generate", "", "--help")
	b.run(t, ".", "", 0, "complete", "", "completion", "bash")
	b.run(t, ".", "", 2, "", "unknown flag: --dry", "migrate", "--dry") // found without building

	b.run(t, ".", "", 2, "", `"two" is one argument too many`, "init", "one", "two")
	b.run(t, ".", "", 2, "", "unknown flag: --frame", "init", "--frame=gin")
	b.run(t, ".", "", 2, "", "pass one of", "init", "one", "--yes", "--framework=rails")

	b.run(t, "web", "", 0, `"basePath": "/api/auth"`, "", "info", "--json")
	b.run(t, "web", "correct horse battery\n", 0, "made: ada@example.com", "", "user", "create", "--email=ada@example.com", "--role", "admin,user")
	b.run(t, ".", "", 1, "", `there is no user with the id "-x"`, "user", "set-role", "--", "-x", "admin")
	b.run(t, ".", "", 1, "", "--app ./cmd/other does not call cli.Main", "migrate", "--app", "./cmd/other")
	b.run(t, ".", "", 1, "", "--app ./cmd/nothing: ", "migrate", "--app", "./cmd/nothing")

	// Paths are meant from the working directory, although the program runs elsewhere.
	b.run(t, "web", "", 0, "", "Wrote "+filepath.Join(b.module, "web", "src", "auth.ts"), "generate", "client", "-o", "src/auth.ts")
	read(t, filepath.Join(b.module, "web", "src", "auth.ts"))

	t.Run("signals", func(t *testing.T) {
		var said bytes.Buffer
		c := b.command(t, ".", "migrate")
		c.Env, c.Stderr = append(c.Env, "APP_WAITS=1"), &said
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "waiting\n" {
			t.Errorf("%q, %v", line, err)
		}
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait()
		if c.ProcessState.ExitCode() != 130 || strings.Count(said.String(), "kernia: ") != 1 {
			t.Errorf("%v: %s", c.ProcessState, said.String())
		}
	})
	t.Run("terminal", func(t *testing.T) { inTerminal(t, b) })
	t.Run("several", func(t *testing.T) {
		b.write(t, "cmd/worker/main.go", read(t, filepath.Join("testdata", "app.go.txt")))
		b.run(t, ".", "", 1, "", "several programs call cli.Main: say which one: --app ./cmd/server, --app ./cmd/worker", "migrate")
		b.run(t, "web", "", 1, "", "--app ../cmd/server", "migrate")
		b.run(t, "cmd/worker", "", 0, "Nothing is missing.", "", "migrate")
		b.run(t, ".", "", 0, "Nothing is missing.", "", "migrate", "--app=example.com/app/cmd/server")
		b.write(t, "cmd/worker/main.go", "package main\n\nfunc main() {}\n")
	})
	t.Run("broken", func(t *testing.T) {
		b.write(t, "cmd/server/main.go", strings.Replace(read(t, filepath.Join("testdata", "app.go.txt")), "cli.Main(auth)", "cli.Main(author)", 1))
		b.run(t, ".", "", 1, "", "cannot be built: correct it and run the command again", "migrate")
	})
	t.Run("none", func(t *testing.T) {
		b.write(t, "cmd/server/main.go", "package main\n\nfunc main() {}\n")
		b.run(t, ".", "", 1, "", "calls cli.Main: add the line cli.Main(auth) after core.New", "migrate")
		if err := os.Remove(filepath.Join(b.module, "go.mod")); err != nil {
			t.Fatal(err)
		}
		b.run(t, ".", "", 1, "", `is in no Go module: change to the folder of your application, or make one with "kernia init"`, "migrate")
		c := b.command(t, ".", "migrate")
		c.Env = append(c.Env, "PATH=")
		if out, err := c.CombinedOutput(); err == nil || !strings.Contains(string(out), "install Go") {
			t.Errorf("%v: %s", err, out)
		}
	})
}
