package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// repository makes a workspace of two published modules and one of tests.
func repository(t *testing.T) git {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.work":                 "go 1.26\n\nuse (\n\t./examples\n\t./gin\n\t./core\n)\n",
		"CHANGELOG.md":            "# Changelog\n\n## [Unreleased]\n\n- The first.\n",
		"core/go.mod":             "module github.com/advantch/kernia-go/core\n\ngo 1.26\n",
		"core/core.go":            "package core\n\n// Name is a name.\nfunc Name() string { return \"\" }\n",
		"core/internal/x/x.go":    "package x\n\n// X is not exported.\nfunc X() {}\n",
		"gin/go.mod":              "module github.com/advantch/kernia-go/gin\n\ngo 1.26\n\nrequire github.com/advantch/kernia-go/core v0.1.0\n\nreplace github.com/advantch/kernia-go/core => ../core\n",
		"gin/gin.go":              "package gin\n\nimport \"github.com/advantch/kernia-go/core\"\n\n// Name is core's.\nfunc Name() string { return core.Name() }\n",
		"examples/go.mod":         "module github.com/advantch/kernia-go/examples\n\ngo 1.26\n\nrequire github.com/advantch/kernia-go/gin v0.1.0\n",
		"examples/main.go":        "package main\n\nfunc main() {}\n",
		"gin/testdata/ignored.db": "a file that a tag must not have\n",
		".gitignore":              "*.db\n",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	g := git{dir}
	for _, args := range [][]string{
		{"init", "--quiet"}, {"config", "user.name", "Ada"}, {"config", "user.email", "ada@example.com"},
		{"add", "--all"}, {"commit", "--quiet", "-m", "Begin"},
	} {
		if out, err := g.run(args...); err != nil {
			t.Skip("no release was made: git does not work here: ", err, out)
		}
	}
	return g
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (g git) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := g.run(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRelease(t *testing.T) {
	t.Setenv("GOWORK", "")
	g := repository(t)
	if err := run(g.dir, "v0.1.0", "", day); err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(g.must(t, "tag")); len(got) != 2 || got[0] != "core/v0.1.0" || got[1] != "gin/v0.1.0" {
		t.Fatal(got)
	}
	if mod := g.must(t, "show", "gin/v0.1.0:gin/go.mod"); strings.Contains(mod, "replace") || !strings.Contains(mod, "kernia-go/core v0.1.0") {
		t.Error(mod)
	}
	if sum := g.must(t, "show", "gin/v0.1.0:gin/go.sum"); strings.Count(sum, "kernia-go/core v0.1.0") != 2 {
		t.Error(sum)
	}
	if files := g.must(t, "ls-tree", "-r", "--name-only", "gin/v0.1.0"); strings.Contains(files, ".db") {
		t.Error(files)
	}
	if log := g.must(t, "show", "HEAD:CHANGELOG.md"); log != "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-03-01\n\n- The first." {
		t.Errorf("%q", log)
	}
	if mod := g.must(t, "show", "HEAD:gin/go.mod"); !strings.Contains(mod, "replace") {
		t.Error("the branch has lost the replacement: ", mod)
	}
	if out := g.must(t, "status", "--porcelain"); out != "" {
		t.Error(out)
	}
	remote := git{t.TempDir()}
	remote.must(t, "init", "--quiet", "--bare")
	g.must(t, "remote", "add", "origin", remote.dir)
	all := pushes([]string{"core/v0.1.0", "gin/v0.1.0"}, "v0.1.0")
	for _, p := range all {
		g.must(t, p...)
	}
	if got := strings.Fields(remote.must(t, "tag")); len(got) != 2 {
		t.Errorf("pushed the tags %v", got)
	}
	if last := all[len(all)-1]; last[len(last)-1] != "core/v0.1.0" || len(last) != 3 {
		t.Errorf("the tag of core is not alone and the last: %v", all)
	}

	refused := func(version, says string) {
		t.Helper()
		head := g.must(t, "rev-parse", "HEAD")
		if err := run(g.dir, version, "", day); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", version, err, says)
		}
		if g.must(t, "rev-parse", "HEAD") != head || len(strings.Fields(g.must(t, "tag"))) != 2 {
			t.Errorf("%s: something is half done", version)
		}
	}
	refused("v0.1.0", "is not after")
	refused("0.2.0", "is no version")
	refused("v2.0.0", "/v2")
	refused("v0.2.0", "[Unreleased]")

	log := filepath.Join(g.dir, changelogFile)
	write(t, log, strings.Replace(g.must(t, "show", "HEAD:CHANGELOG.md"), "## [Unreleased]\n", "## [Unreleased]\n\n- The second.\n", 1))
	write(t, filepath.Join(g.dir, "core", "core.go"), "package core\n\n// Name is a name.\nfunc Name(first bool) string { return \"\" }\n")
	write(t, filepath.Join(g.dir, "gin", "gin.go"), "package gin\n\nimport \"github.com/advantch/kernia-go/core\"\n\n// Name is core's.\nfunc Name() string { return core.Name(true) }\n")
	write(t, filepath.Join(g.dir, "core", "internal", "x", "x.go"), "package x\n")
	refused("v0.1.1", "has changes")
	g.must(t, "commit", "--quiet", "-am", "Break Name")
	refused("v0.1.1", "1 changes break programs that use v0.1.0")
	if err := run(g.dir, "v0.2.0", "", day); err != nil {
		t.Error(err)
	}
	if got := g.must(t, "tag", "--list", "*/v0.2.0"); len(strings.Fields(got)) != 2 {
		t.Error(got)
	}
}

func TestVersionsThatMayBreak(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		last, version string
		may           bool
		next          string
	}{
		{"v0.1.0", "v0.1.1", false, "v0.2.0"}, {"v0.1.0", "v0.2.0", true, "v0.2.0"}, {"v0.9.3", "v1.0.0", true, "v0.10.0"},
		{"v1.0.0", "v1.1.0", false, "a new major version"},
	} {
		if got := mayBreak(tc.last, tc.version); got != tc.may || next(tc.last) != tc.next {
			t.Errorf("%s after %s: %t, next %s", tc.version, tc.last, got, next(tc.last))
		}
	}
}

// TestInstall does what the quickstart says, in an empty folder, with a module proxy that
// has this working tree as a version: fetch, build, start, sign up.
func TestInstall(t *testing.T) {
	if testing.Short() {
		t.Skip("the modules were not fetched: left out with -short, and run without it")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	proxy, app := t.TempDir(), t.TempDir()
	// The version is of this run alone, because the module cache never forgets one.
	version := fmt.Sprintf("v0.1.0-test.%d", time.Now().UnixNano())
	if err := run(root, version, proxy, day); err != nil {
		t.Fatal(err)
	}
	cache := output(t, app, nil, "go", "env", "GOMODCACHE")
	t.Cleanup(func() {
		forget(t, filepath.Join(cache, "github.com", "advantch"), filepath.Join(cache, "cache", "download", "github.com", "advantch"), version)
	})
	upstream := output(t, app, nil, "go", "env", "GOPROXY")
	env := []string{
		"GOWORK=off", "GOFLAGS=-modcacherw", "CGO_ENABLED=0", "GONOSUMDB=github.com/advantch/*", "GOPRIVATE=",
		"GOPROXY=file://" + filepath.ToSlash(proxy) + ",file://" + filepath.ToSlash(cache) + "/cache/download," + upstream,
	}
	// The command, into an empty folder.
	bin := t.TempDir()
	output(t, app, append(env, "GOBIN="+bin), "go", "install", "github.com/advantch/kernia-go/cli/kernia@"+version)
	secret := output(t, app, nil, filepath.Join(bin, "kernia"), "secret")
	if len(secret) != 44 {
		t.Errorf("kernia secret printed %q", secret)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "quickstart.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```go\npackage main")
	code, _, _ := strings.Cut(rest, "```")
	address := free(t)
	write(t, filepath.Join(app, "main.go"), strings.ReplaceAll("package main"+code, "localhost:3000", address))
	output(t, app, env, "go", "mod", "init", "example.com/app")
	output(t, app, env, "go", "get", "github.com/advantch/kernia-go/core@"+version, "github.com/advantch/kernia-go/gin@"+version,
		"github.com/advantch/kernia-go/gormadapter@"+version)
	output(t, app, env, "go", "mod", "tidy")
	output(t, app, env, "go", "build", "-o", "server", ".")

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	server := exec.CommandContext(ctx, "./server")
	server.Dir, server.Env = app, append(os.Environ(), "KERNIA_SECRET="+secret)
	var said bytes.Buffer
	server.Stdout, server.Stderr = &said, &said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stop(); _ = server.Wait() }()
	body, _ := json.Marshal(map[string]string{"name": "Ada", "email": "ada@example.com", "password": "correct horse battery"})
	status, err := signUp(ctx, "http://"+address, body)
	if err != nil || status != http.StatusOK {
		stop()
		_ = server.Wait()
		t.Errorf("sign-up: %d, %v: %s", status, err, said.String())
	}
}

// forget removes a version from the module cache.
func forget(t *testing.T, modules, downloads, version string) {
	t.Helper()
	for _, dir := range []string{modules, downloads} {
		err := filepath.WalkDir(dir, func(file string, entry os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if !strings.HasSuffix(file, "@"+version) && !strings.HasPrefix(entry.Name(), version+".") {
				return nil
			}
			if err := os.RemoveAll(file); err != nil || !entry.IsDir() {
				return err
			}
			return filepath.SkipDir
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// signUp asks until the server listens.
func signUp(ctx context.Context, base string, body []byte) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/auth/sign-up/email", bytes.NewReader(body))
		if err != nil {
			return 0, err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Origin", base)
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			return res.StatusCode, res.Body.Close()
		}
		select {
		case <-ctx.Done():
			return 0, errors.Join(ctx.Err(), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func output(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...) //nolint:gosec // of this test
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // of this test
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprintf("localhost:%d", l.Addr().(*net.TCPAddr).Port)
}
