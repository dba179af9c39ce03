package scaffold

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// stores are the choices that compose.yaml and the Dockerfile depend on.
func stores() []Choices {
	var all []Choices
	for _, adapter := range keys(adapters) {
		for _, database := range append(slices.Clone(adapters[adapter].databases), "") {
			if (database == "") != (adapters[adapter].databases == nil) {
				continue
			}
			for _, frontend := range []string{"none", "plain"} {
				all = append(all, Choices{Folder: "app", Adapter: adapter, Database: database, Frontend: frontend})
			}
		}
	}
	return all
}

// service is a service of compose.yaml.
type service struct {
	Image, Build string
	Environment  map[string]string
	EnvFile      any `json:"env_file"`
	Ports        []string
	Volumes      []string
	Healthcheck  struct{ Test []string }
	DependsOn    map[string]struct{ Condition string } `json:"depends_on"`
}

// TestCompose reads each compose.yaml as a reader of YAML does.
func TestCompose(t *testing.T) {
	t.Parallel()
	modules, err := filepath.Abs(filepath.Join(repository, "wirecheck", "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "js-yaml")); err != nil {
		t.Skip("compose.yaml was not read: wirecheck/node_modules has no js-yaml; run make wirecheck once")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("compose.yaml was not read: there is no node")
	}
	var programs []*program
	var texts []string
	for _, c := range stores() {
		p, files := rendered(t, c)
		programs, texts = append(programs, p), append(texts, string(files["compose.yaml"]))
	}
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	read := exec.CommandContext(t.Context(), node, "-e", //nolint:gosec // of this test
		`const yaml = require("js-yaml"); console.log(JSON.stringify(JSON.parse(require("fs").readFileSync(0)).map((text) => yaml.load(text))))`)
	read.Stdin, read.Env = bytes.NewReader(in), append(os.Environ(), "NODE_PATH="+modules)
	out, err := read.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var parsed []struct {
		Services map[string]service
		Volumes  map[string]any
	}
	if err := json.Unmarshal(out, &parsed); err != nil {
		t.Fatal(err)
	}
	for i, p := range programs {
		name := p.Adapter + " " + p.Database + " " + p.Frontend
		app, file := parsed[i].Services["app"], parsed[i]
		database, has := file.Services["database"]
		if app.Build != "." || app.EnvFile != ".env" || app.Environment["HOST"] != "0.0.0.0" || app.Environment["PORT"] != "3000" {
			t.Errorf("%s: the application is %+v", name, app)
		}
		if has != p.Service() || has != (app.DependsOn["database"].Condition == "service_healthy") || has && len(database.Healthcheck.Test) == 0 {
			t.Errorf("%s: the database is %+v, and the application %+v", name, database, app)
		}
		url := app.Environment["DATABASE_URL"]
		switch {
		case !p.HasDatabase():
			if url != "" {
				t.Errorf("%s: DATABASE_URL is %q", name, url)
			}
		case has:
			if !strings.Contains(url, "@database:") && !strings.Contains(url, "@tcp(database:") && !strings.Contains(url, "//database:") || kindOf(url) != p.databaseKind() {
				t.Errorf("%s: DATABASE_URL is %q", name, url)
			}
		case url != "/data/app.db":
			t.Errorf("%s: DATABASE_URL is %q", name, url)
		}
		if p.DatabasePassword != "" && (!strings.Contains(url, "${DATABASE_PASSWORD:?") || !slices.ContainsFunc(slices.Collect(maps.Values(database.Environment)), func(v string) bool {
			return strings.HasPrefix(v, "${DATABASE_PASSWORD:?")
		})) {
			t.Errorf("%s: the password of .env is not the database's", name)
		}
		for _, s := range file.Services {
			for _, port := range s.Ports {
				if !strings.HasPrefix(port, "127.0.0.1:") {
					t.Errorf("%s: other machines reach the port %s", name, port)
				}
			}
			for _, volume := range s.Volumes {
				volume, _, _ = strings.Cut(volume, ":")
				if _, ok := file.Volumes[volume]; !ok {
					t.Errorf("%s: the volume %s is not declared", name, volume)
				}
			}
		}
	}
}

// The image and git get nothing that is this machine's own, and the program listens where
// others reach it only in a container.
func TestIgnored(t *testing.T) {
	t.Parallel()
	for _, c := range stores() {
		p, files := rendered(t, c)
		name := p.Adapter + " " + p.Database + " " + p.Frontend
		want := map[string][]string{".dockerignore": {".env", ".git"}, ".gitignore": {".env"}}
		if p.Database == "sqlite" {
			for file := range want {
				want[file] = append(want[file], "*.db", "*.db-shm", "*.db-wal")
			}
		}
		if p.HasPage() {
			want[".dockerignore"] = append(want[".dockerignore"], "web/dist", "web/node_modules")
			want[".gitignore"] = append(want[".gitignore"], "/web/dist/", "node_modules/")
		}
		for file, patterns := range want {
			lines := strings.Split(string(files[file]), "\n")
			for _, pattern := range patterns {
				if !slices.Contains(lines, pattern) {
					t.Errorf("%s: %s has no %s", name, file, pattern)
				}
			}
		}
		docker := string(files["Dockerfile"])
		if !strings.Contains(docker, "\nENV HOST=0.0.0.0 PORT=3000\n") || !strings.Contains(docker, "FROM gcr.io/distroless/static-debian12:nonroot\n") {
			t.Errorf("%s: the image does not listen on every interface, or runs as root", name)
		}
		if env := string(files[".env"]); strings.Contains(env, "HOST=") || !strings.Contains(string(files["config.go"]), `env("HOST", "localhost")`) {
			t.Errorf("%s: the program listens on every interface of this machine", name)
		}
	}
}

// Only the owner reads .env, and nobody else writes anything.
func TestModes(t *testing.T) {
	t.Parallel()
	if os.PathSeparator != '/' {
		t.Skip("modes were not looked at: this system has none")
	}
	folder := filepath.Join(t.TempDir(), "app")
	if _, err := run(t.Context(), folder, "--yes", "--skip-tidy", "--kernia-version", "v0.1.0"); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm()
		if private := d.Name() == ".env"; private != (mode&0o077 == 0) && mode&0o700 != 0 || mode&0o022 != 0 {
			t.Errorf("%s has the mode %v", file, mode)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Frameworks that would believe every X-Forwarded-For are told not to.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for framework, line := range map[string]string{
		"gin": "\t_ = router.SetTrustedProxies(nil)\n", "echo": "\trouter.IPExtractor = echo.ExtractIPDirect()\n", "echov5": "\trouter.IPExtractor = echo.ExtractIPDirect()\n",
	} {
		_, files := rendered(t, Choices{Folder: "app", Framework: framework})
		if !strings.Contains(string(files["server.go"]), line) {
			t.Errorf("%s: server.go has no %s", framework, line)
		}
	}
	for _, framework := range keys(frameworks) {
		_, files := rendered(t, Choices{Folder: "app", Framework: framework})
		for _, trusting := range []string{"RealIP", "ProxyHeader", "TrustProxy:"} {
			for line := range strings.Lines(string(files["server.go"])) {
				if strings.Contains(line, trusting) && !strings.HasPrefix(strings.TrimSpace(line), "//") {
					t.Errorf("%s: server.go has %s", framework, line)
				}
			}
		}
	}
}
