// Package moduletest is the exported suite for the dependencies of a framework's
// module: a program with it links and downloads nothing that it does not use.
package moduletest

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const ours = "github.com/advantch/kernia-go/"

// foreign are packages that a program with one framework, and the e-mail and password
// plugin, does not need: other frameworks, databases, WebAuthn, payments, tests.
var foreign = []string{
	"github.com/gin-gonic/", "github.com/labstack/", "github.com/gofiber/", "github.com/valyala/fasthttp",
	"entgo.io/", "gorm.io/", "github.com/jackc/", "github.com/go-sql-driver/", "modernc.org/", "database/sql",
	"go.mongodb.org/", "github.com/redis/", "github.com/go-webauthn/", "github.com/stripe/", "github.com/decred/", "github.com/beevik/", "github.com/russellhaering/", "github.com/crewjam/", "testing", "net/http/httptest",
}

// coreRequires are the requirements of core: each is small, has no requirement of its
// own that a program links, and only the packages that use it bring it into a binary
// (secp256k1 is siwe's alone, see docs/decisions/0335).
var coreRequires = []string{
	"golang.org/x/crypto", "golang.org/x/text",
	"github.com/go-jose/go-jose/v4", "github.com/decred/dcrd/dcrec/secp256k1/v4",
}

// Module is a module of this workspace that serves one framework.
type Module struct {
	Name      string   // its folder, and the end of its path, such as "gin"
	Framework string   // the package that it serves
	Direct    []string // requirements of go.mod besides core and the framework
	// Brings are parts of module paths that the framework itself has in its graph.
	Brings []string
}

// Run runs the suite in the folder of the module, without the workspace, as a program
// that requires the module sees it.
func Run(t *testing.T, m Module) {
	t.Run("linked packages", func(t *testing.T) {
		t.Parallel()
		linked := list(t, "-deps", ours+m.Name, ours+"core/plugins/emailpassword")
		theirs := list(t, "-deps", m.Framework)
		for _, p := range linked {
			if !slices.Contains(theirs, p) && slices.ContainsFunc(foreign, func(f string) bool { return within(p, f) }) {
				t.Errorf("a program with %s links %s", m.Name, p)
			}
		}
		if slices.ContainsFunc(linked, func(p string) bool { return within(p, ours+"internal") && !slices.Contains(m.Direct, p) }) {
			t.Errorf("a program with %s links what only tests need", m.Name)
		}
		if !slices.Contains(linked, ours+"core") || !slices.Contains(linked, m.Framework) {
			t.Error("go list did not list what it should")
		}
	})
	t.Run("requirements", func(t *testing.T) {
		t.Parallel()
		// Its tests use suites of ours+"internal", which requires core alone.
		onlyRequires(t, m.Name, append(m.Direct, ours+"core", ours+"internal", m.Framework))
		onlyRequires(t, "internal", []string{ours + "core"})
		onlyRequires(t, "core", coreRequires)
	})
	t.Run("module graph", func(t *testing.T) {
		t.Parallel()
		all := list(t, "-m", "-f", "{{.Path}}", "all")
		for _, f := range []string{"gin-gonic/", "gofiber/", "labstack/", "entgo.io/", "go-webauthn/", "gorm.io/", "stripe/", "mongodb.org/"} {
			if strings.Contains(m.Framework, f) || slices.Contains(m.Brings, f) {
				continue
			}
			for _, path := range all {
				if strings.Contains(path, f) {
					t.Errorf("the module graph of a program with %s holds %s", m.Name, path)
				}
			}
		}
	})
}

// within reports whether a package is the one of a name, or below it.
func within(p, name string) bool {
	return p == name || strings.HasPrefix(p, strings.TrimSuffix(name, "/")+"/")
}

// list runs `go list` in the module.
func list(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Env = append(cmd.Environ(), "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v\n%s", args, err, &stderr)
	}
	return strings.Fields(string(out))
}

func onlyRequires(t *testing.T, name string, allowed []string) {
	t.Helper()
	direct := directRequirements(t, "../"+name+"/go.mod")
	for _, path := range direct {
		if !slices.Contains(allowed, path) {
			t.Errorf("%s requires %s; its allow-list is %v", name, path, allowed)
		}
	}
	if len(direct) == 0 {
		t.Errorf("%s seems to require nothing", name)
	}
}

// directRequirements reads a go.mod.
func directRequirements(t *testing.T, file string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-print", file).Output()
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var direct []string
	inside := false
	for _, line := range strings.Split(string(out), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "require (":
			inside = true
			continue
		case line == ")":
			inside = false
		case strings.HasPrefix(line, "require "):
			line = strings.TrimPrefix(line, "require ")
		case !inside:
			continue
		}
		if fields := strings.Fields(line); len(fields) > 1 && !strings.Contains(line, "// indirect") {
			direct = append(direct, fields[0])
		}
	}
	return direct
}
