package examples_test

import (
	"os/exec"
	"strings"
	"testing"
)

// A program without sign-in by providers has none of it in its binary.
func TestNoProviderCodeWithoutThePlugin(t *testing.T) {
	t.Parallel()
	const core = "github.com/advantch/kernia-go/core/"
	deps := func(pkg string) string {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg).CombinedOutput()
		if err != nil {
			t.Fatalf("go list -deps %s: %v\n%s", pkg, err, out)
		}
		return "\n" + string(out)
	}
	with, without := deps(core+"social"), deps("./nethttp")
	for _, pkg := range []string{core + "social", core + "oauth", core + "oauth2", core + "idtoken"} {
		if !strings.Contains(with, "\n"+pkg+"\n") {
			t.Errorf("core/social does not need %s: this test looks for the wrong packages", pkg)
		}
		if strings.Contains(without, "\n"+pkg+"\n") {
			t.Errorf("examples/nethttp has %s", pkg)
		}
	}
}
