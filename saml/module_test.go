package saml

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/suites/redacttest"
)

// TestLinked: a program with this package has neither the library that the tests play against
// nor what only tests need.
func TestLinked(t *testing.T) {
	t.Parallel()
	list := exec.Command("go", "list", "-deps", ".")
	list.Env = append(list.Environ(), "GOWORK=off", "GOFLAGS=")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, p := range strings.Fields(string(out)) {
		if strings.HasPrefix(p, "github.com/crewjam/") || p == "testing" || p == "net/http/httptest" {
			t.Errorf("a program with saml links %s", p)
		}
	}
	if !strings.Contains(string(out), "github.com/russellhaering/goxmldsig\n") {
		t.Error("go list did not list what it should")
	}
}

// TestModuleGraph: a program without SAML has no library for XML signatures in its module graph.
func TestModuleGraph(t *testing.T) {
	t.Parallel()
	for _, module := range []string{"core", "core/plugins/passkey", "gin", "echo", "echov5", "fiber", "fiberv3", "gormadapter", "entadapter"} {
		t.Run(module, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join("..", filepath.FromSlash(module))
			// A copy, so that no sum of a module that is only looked at is written down.
			copied := filepath.Join(t.TempDir(), "go.mod")
			for from, to := range map[string]string{"go.mod": copied, "go.sum": filepath.Join(filepath.Dir(copied), "go.sum")} {
				data, err := os.ReadFile(filepath.Join(dir, from))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(to, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			list := exec.Command("go", "list", "-m", "-mod=mod", "-modfile="+copied, "all")
			list.Dir = dir
			list.Env = append(list.Environ(), "GOWORK=off", "GOFLAGS=")
			out, err := list.Output()
			if err != nil {
				t.Fatalf("go list: %v", err)
			}
			if strings.Contains(string(out), "goxmldsig") || strings.Contains(string(out), "crewjam") {
				t.Errorf("the module graph of %s has libraries for XML signatures", module)
			}
		})
	}
}

func TestRedacted(t *testing.T) {
	t.Parallel()
	redacttest.Run(t, ".", nil)
}
