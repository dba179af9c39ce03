package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGraph keeps the libraries of commands out of core, and those of adapters and frameworks
// out of the commands.
func TestGraph(t *testing.T) {
	t.Parallel()
	for dir, foreign := range map[string][]string{
		"../core": {"spf13/cobra", "charmbracelet/"},
		".":       {"gorm.io/", "entgo.io/", "gin-gonic/", "labstack/", "gofiber/", "mongo-driver", "modernc.org/"},
	} {
		mod, err := os.ReadFile(filepath.Join(filepath.FromSlash(dir), "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range foreign {
			if strings.Contains(string(mod), f) {
				t.Errorf("%s/go.mod has %s", dir, f)
			}
		}
	}
}

// TestImports keeps what draws forms out of applications: it asks the terminal for its colours
// when a program starts, and waits for seconds where a terminal does not answer.
func TestImports(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if text := string(out); !strings.Contains(text, "spf13/cobra") || strings.Contains(text, "charmbracelet/") {
		t.Errorf("the packages of cli are\n%s", text)
	}
}
