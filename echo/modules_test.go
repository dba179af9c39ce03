package kernia_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/advantch/kernia-go/"

// goList runs `go list` in this module, without the workspace: as a program sees it
// that requires this module.
func goList(t *testing.T, args ...string) []string {
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

// A program with Echo and the e-mail and password plugin links what it uses and no
// more: no other framework, no database, no WebAuthn.
func TestLinkedPackages(t *testing.T) {
	t.Parallel()
	linked := goList(t, "-deps", module+"echo", module+"core/plugins/emailpassword")
	for _, foreign := range []string{
		"github.com/gin-gonic/", "github.com/gofiber/", "github.com/valyala/fasthttp", "entgo.io/", "gorm.io/",
		"github.com/jackc/", "github.com/go-sql-driver/", "modernc.org/", "database/sql", "go.mongodb.org/",
		"github.com/redis/", "github.com/go-webauthn/", "github.com/stripe/", "testing", "net/http/httptest",
	} {
		for _, p := range linked {
			if p == foreign || strings.HasSuffix(foreign, "/") && strings.HasPrefix(p, foreign) || strings.HasPrefix(p, foreign+"/") {
				t.Errorf("a program with Echo links %s", p)
			}
		}
	}
	if !slices.Contains(linked, module+"core") || !slices.Contains(linked, "github.com/labstack/echo/v4") {
		t.Error("go list did not list what it should")
	}
}

// The modules that such a program downloads are those of Echo and three of core's.
func TestRequiredModules(t *testing.T) {
	t.Parallel()
	for name, allowed := range map[string][]string{
		"echo": {module + "core", "github.com/labstack/echo/v4"},
		"core": {"golang.org/x/crypto", "golang.org/x/text", "github.com/go-jose/go-jose/v4"},
	} {
		direct := directRequirements(t, "../"+name+"/go.mod")
		for _, m := range direct {
			if !slices.Contains(allowed, m) {
				t.Errorf("%s requires %s; its allow-list is %v", name, m, allowed)
			}
		}
		if len(direct) == 0 {
			t.Errorf("%s seems to require nothing", name)
		}
	}
	all := goList(t, "-m", "-f", "{{.Path}}", "all")
	for _, foreign := range []string{"gin-gonic/", "gofiber/", "entgo.io/", "go-webauthn/", "gorm.io/", "stripe/", "mongodb.org/"} {
		for _, m := range all {
			if strings.Contains(m, foreign) {
				t.Errorf("the module graph of a program with Echo holds %s", m)
			}
		}
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
