package conformancetest

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestModuleGraph: a program that does not import the plugin has no WebAuthn
// library in its module graph, whatever else of Kernia it imports.
func TestModuleGraph(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..", "..")
	for module, want := range map[string]bool{
		"core": false, "core/adapters/mongo": false, "core/adapters/redis": false, "gin": false, "echo": false, "echov5": false, "fiber": false, "fiberv3": false,
		"gormadapter": false, "entadapter": false, "saml": false, "core/plugins/passkey": true,
	} {
		t.Run(module, func(t *testing.T) {
			t.Parallel()
			list := exec.Command("go", "list", "-m", "-mod=mod", "all")
			list.Dir = filepath.Join(root, module)
			list.Env = append(list.Environ(), "GOWORK=off", "GOFLAGS=")
			out, err := list.Output()
			if err != nil {
				t.Fatalf("go list: %v", err)
			}
			if got := strings.Contains(string(out), "go-webauthn"); got != want {
				t.Errorf("go-webauthn is in the module graph of %s: %v", module, got)
			}
		})
	}
}
