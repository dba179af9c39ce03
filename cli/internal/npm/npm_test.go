package npm

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// modules are the packages with which Kernia is compared.
const modules = "../../../wirecheck/node_modules"

// Each part is exported by its package, in the version of the table, and asks for nothing
// that the pins refuse.
func TestParts(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(filepath.Join(modules, Main)); err != nil {
		t.Skip("the parts were not looked up: wirecheck/node_modules is missing; run make wirecheck once")
	}
	for id, p := range parts {
		if p.Note != "" {
			continue
		}
		name := p.Package
		if name == "" {
			name = Main
		}
		data, err := os.ReadFile(filepath.Join(modules, filepath.FromSlash(name), "package.json"))
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		var manifest struct {
			Version string
			Exports map[string]any
			Peers   map[string]string `json:"peerDependencies"`
		}
		if err := json.Unmarshal(data, &manifest); err != nil || manifest.Version != Version {
			t.Errorf("%s: %s has version %q, %v", id, name, manifest.Version, err)
		}
		entry := strings.Replace(p.From(), name, ".", 1)
		if manifest.Exports[entry] == nil {
			t.Errorf("%s: %s exports no %s", id, name, entry)
		}
		file := map[string]string{"./client": "dist/client.mjs", "./client/plugins": "dist/client/plugins/index.mjs"}[entry]
		text, err := os.ReadFile(filepath.Join(modules, filepath.FromSlash(name), file))
		if err != nil || !regexp.MustCompile(`export \{[^}]*\b`+p.Name+`\b`).Match(text) {
			t.Errorf("%s: %s does not export %s: %v", id, p.From(), p.Name, err)
		}
		for peer, wanted := range manifest.Peers {
			if pin := Pins[peer]; pin != "" && strings.TrimPrefix(wanted, "^") != pin {
				t.Errorf("%s: %s asks for %s %s, and the pin is %s", id, name, peer, wanted, pin)
			}
		}
	}
}

func TestInstall(t *testing.T) {
	t.Parallel()
	for want, ids := range map[string][]string{
		"npm install better-auth@1.6.11": {"username", "bearer", "electron"},
		"npm install better-auth@1.6.11 @better-auth/passkey@1.6.11 @better-auth/core@1.6.11 @better-auth/utils@0.4.0 better-call@1.3.5": {"passkey", "admin"},
	} {
		if got := Install(Packages(ids...)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
