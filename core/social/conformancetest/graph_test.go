package conformancetest

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestModuleGraph: no program with sign-in by providers has this provider's libraries in
// its module graph.
func TestModuleGraph(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..")
	for module, want := range map[string]bool{"core": false, "gin": false, "gormadapter": false, "core/social/conformancetest": true} {
		t.Run(module, func(t *testing.T) {
			t.Parallel()
			list := exec.Command("go", "list", "-m", "-mod=mod", "all")
			list.Dir = filepath.Join(root, module)
			list.Env = append(list.Environ(), "GOWORK=off", "GOFLAGS=")
			out, err := list.Output()
			if err != nil {
				t.Fatalf("go list: %v", err)
			}
			if got := strings.Contains(string(out), "zitadel"); got != want {
				t.Errorf("zitadel is in the module graph of %s: %v", module, got)
			}
		})
	}
}
