package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The commands and programs of the quickstart work in an empty folder beside a
// checkout, as they stand in the page; README has the same commands.
func TestQuickstart(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the quickstart was not built: left out with -short, and run without it; it downloads modules")
	}
	page, readme := text(t, "../docs/quickstart.md"), text(t, "../README.md")
	checkout := block(t, page, "```sh\ngit clone ")
	if !strings.Contains(readme, checkout) {
		t.Error("README has other commands for a checkout")
	}
	_, commands, _ := strings.Cut(checkout, "\n") // all but git clone
	repository, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Symlink(repository, filepath.Join(folder, "kernia-go")); err != nil {
		t.Skip("the quickstart was not built: this file system has no symbolic links: ", err)
	}
	sh := func(dir, script string) {
		t.Helper()
		c := exec.CommandContext(t.Context(), "sh", "-ec", script) //nolint:gosec // of our own page
		c.Dir, c.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", script, err, out)
		}
	}
	app := filepath.Join(folder, "app")
	sh(folder, commands)
	programs := strings.Split(page, "```go\npackage main")[1:]
	if len(programs) != 2 {
		t.Fatalf("the page has %d programs, want Gin and net/http", len(programs))
	}
	for _, p := range programs {
		code, _, _ := strings.Cut(p, "```")
		if err := os.WriteFile(filepath.Join(app, "main.go"), []byte("package main"+code), 0o600); err != nil {
			t.Fatal(err)
		}
		sh(app, "go mod tidy && go vet . && go build -o server .")
	}
}

func text(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "\r\n", "\n")
}

// block is the code block that begins with start, without its fences.
func block(t *testing.T, page, start string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, start)
	if !ok {
		t.Fatalf("the page has no %q", start)
	}
	code, _, _ := strings.Cut(rest, "```")
	return strings.TrimPrefix(start, "```sh\n") + code
}
