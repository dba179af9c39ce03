package scaffold

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPages checks the types of each page, with the client's plugins for all plugins of
// the server, and builds it. The packages come from KERNIA_TEST_WEB_MODULES, a
// node_modules folder with those of all pages. Without it the packages of wirecheck
// suffice for the types of the plain page.
func TestPages(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("no page was built: left out with -short")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no page was built: there is no node")
	}
	all := os.Getenv("KERNIA_TEST_WEB_MODULES")
	for _, frontend := range keys(frontends) {
		if frontend == "none" {
			continue
		}
		t.Run(frontend, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			initialize(t, Choices{Folder: folder, Framework: "nethttp", Adapter: "memory", Frontend: frontend, Plugins: pluginIDs()}, "--name", "Pages")
			web := filepath.Join(folder, "web")
			if all != "" {
				link(t, all, web)
				command(t, web, "npm", "run", "--silent", "check")
				command(t, web, "npm", "run", "--silent", "build")
				if _, err := os.Stat(filepath.Join(web, "dist", "index.html")); err != nil {
					t.Error(err)
				}
				return
			}
			own, err := filepath.Abs(filepath.Join(repository, "wirecheck", "node_modules"))
			if err != nil {
				t.Fatal(err)
			}
			compiler := filepath.Join(own, "typescript", "bin", "tsc")
			if _, err := os.Stat(compiler); err != nil || frontend != "plain" {
				t.Skip("the page was written, neither checked nor built: KERNIA_TEST_WEB_MODULES names no folder with its packages")
			}
			link(t, own, web)
			command(t, web, node, compiler, "--noEmit", "--types", "null", "-p", ".")
			t.Log("the types were checked, and nothing was built: KERNIA_TEST_WEB_MODULES names no folder with vite")
		})
	}
}

func link(t *testing.T, modules, web string) {
	t.Helper()
	if err := os.Symlink(modules, filepath.Join(web, "node_modules")); err != nil {
		t.Skip("the page was written, neither checked nor built: this file system has no symbolic links: ", err)
	}
}

func command(t *testing.T, folder, name string, args ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...) //nolint:gosec // of this test
	c.Dir = folder
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
}

// TestPorts: Vite's ports follow the settings of the program, .env or the environment. Vite
// itself is stood in for, by the two functions that the configuration calls.
func TestPorts(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("the configuration of Vite was not read: there is no node")
	}
	folder := t.TempDir()
	_, files := rendered(t, Choices{Folder: "app"})
	for name, text := range map[string]string{
		"vite.config.mjs":                string(files["web/vite.config.ts"]),
		"node_modules/vite/package.json": `{"type":"module","exports":"./index.js"}`,
		"node_modules/vite/index.js": "export const defineConfig = (f) => f;\n" +
			"export const loadEnv = (mode, dir, names) => dir === '..' && names.length === 2 ? JSON.parse(process.env.SETTINGS) : {};\n",
		"show.mjs": "import config from './vite.config.mjs';\nconst { port, proxy } = config({ mode: 'development' }).server;\nconsole.log(port, proxy['/api'], proxy['/me']);\n",
	} {
		if err := writeFile(filepath.Join(folder, filepath.FromSlash(name)), []byte(text), false); err != nil {
			t.Fatal(err)
		}
	}
	for settings, want := range map[string]string{
		`{}`: "5173 http://localhost:3000 http://localhost:3000",
		`{"PORT":"8080","TRUSTED_ORIGINS":"http://localhost:4000 https://app.example.com"}`: "4000 http://localhost:8080 http://localhost:8080",
		`{"PORT":"8080","TRUSTED_ORIGINS":"https://app.example.com"}`:                       "5173 http://localhost:8080 http://localhost:8080",
	} {
		show := exec.CommandContext(t.Context(), node, "show.mjs") //nolint:gosec // of this test
		show.Dir, show.Env = folder, append(os.Environ(), "SETTINGS="+settings)
		if out, err := show.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s: %v: %s", settings, err, out)
		}
	}
}

// The client is the release whose HTTP surface Kernia has, and every package is pinned.
func TestPackages(t *testing.T) {
	t.Parallel()
	for _, frontend := range keys(frontends) {
		if frontend == "none" {
			continue
		}
		_, files := rendered(t, Choices{Folder: "app", Frontend: frontend, Plugins: pluginIDs()})
		var manifest struct{ Dependencies, DevDependencies map[string]string }
		if err := json.Unmarshal(files["web/package.json"], &manifest); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"better-auth", "@better-auth/passkey", "@better-auth/api-key", "@better-auth/core"} {
			if manifest.Dependencies[name] != "1.6.11" {
				t.Errorf("%s: %s is %q", frontend, name, manifest.Dependencies[name])
			}
		}
		for _, packages := range []map[string]string{manifest.Dependencies, manifest.DevDependencies} {
			for name, version := range packages {
				if version == "" || version[0] < '0' || version[0] > '9' {
					t.Errorf("%s: %s is not pinned: %q", frontend, name, version)
				}
			}
		}
	}
	_, files := rendered(t, Choices{Folder: "app", Frontend: "none", Plugins: pluginIDs()})
	for name := range files {
		if strings.HasPrefix(name, "web/") || name == "page.go" {
			t.Errorf("a program without a page has %s", name)
		}
	}
}
