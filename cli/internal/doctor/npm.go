package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/cli/internal/npm"
)

// How far package.json files are looked for.
const (
	maxUp   = 3
	maxDown = 3
)

// notLooked are folders without packages of the application's own.
var notLooked = []string{"node_modules", "vendor", "dist", "build", "testdata"}

// manifest is a package.json.
type manifest struct {
	file, shown string
	Version     string            `json:"version"`
	Deps        map[string]string `json:"dependencies"`
	Dev         map[string]string `json:"devDependencies"`
}

// wants are the packages that it asks for, with their versions.
func (m *manifest) wants() map[string]string {
	all := maps.Clone(m.Dev)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, m.Deps)
	return all
}

func readManifest(file string) (*manifest, bool) {
	data, err := os.ReadFile(file) //nolint:gosec // of the application
	if err != nil {
		return nil, false
	}
	m := &manifest{file: file, shown: file}
	return m, json.Unmarshal(data, m) == nil
}

// manifests finds the package.json files around the folder that ask for better-auth.
func (e *examination) manifests() []*manifest {
	files := map[string]bool{}
	dir := e.Dir
	for range maxUp {
		files[filepath.Join(dir, "package.json")] = true
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil || filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	_ = filepath.WalkDir(e.Dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return fs.SkipDir
		}
		if !d.IsDir() {
			if d.Name() == "package.json" {
				files[file] = true
			}
			return nil
		}
		rel, _ := filepath.Rel(e.Dir, file)
		depth := strings.Count(filepath.ToSlash(rel), "/") + 1
		if file != e.Dir && (strings.HasPrefix(d.Name(), ".") || slices.Contains(notLooked, d.Name()) || depth > maxDown) {
			return fs.SkipDir
		}
		return nil
	})
	var out []*manifest
	for _, file := range slices.Sorted(maps.Keys(files)) {
		m, ok := readManifest(file)
		if !ok {
			continue
		}
		if rel, err := filepath.Rel(e.Dir, file); err == nil {
			m.shown = filepath.ToSlash(rel)
		}
		for name := range m.wants() {
			if ours(name) {
				out = append(out, m)
				break
			}
		}
	}
	return out
}

func ours(name string) bool { return name == "better-auth" || strings.HasPrefix(name, "@better-auth/") }

// installed is the version of a package in the nearest node_modules, or "".
func installed(from, name string) string {
	for dir := filepath.Dir(from); ; dir = filepath.Dir(dir) {
		if m, ok := readManifest(filepath.Join(dir, "node_modules", filepath.FromSlash(name), "package.json")); ok {
			return m.Version
		}
		if filepath.Dir(dir) == dir {
			return ""
		}
	}
}

var exact = regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)$`)

// npm compares the client's packages with what Kernia answers.
func (e *examination) npm(_ context.Context, r *reporter) {
	all := e.manifests()
	if len(all) == 0 {
		r.skip("no package.json nearby asks for better-auth", "run doctor near the front end, or give its folder: --dir")
		return
	}
	var names []string
	for _, m := range all {
		e.manifest(r, m)
		names = append(names, m.shown)
	}
	r.ok("better-auth %s in %s", npm.Version, strings.Join(names, ", "))
}

func (e *examination) manifest(r *reporter, m *manifest) {
	wants := m.wants()
	version := func(name string) (v string, ranged bool) {
		if v := installed(m.file, name); v != "" {
			return v, false
		}
		spec := wants[name]
		return strings.TrimLeft(spec, "^~>=v "), !exact.MatchString(spec)
	}
	own, ranged := version("better-auth")
	install := "npm install better-auth@" + npm.Version
	switch parts := exact.FindStringSubmatch(own); {
	case wants["better-auth"] == "":
		r.warn(m.shown+" asks for plugins of better-auth and not for better-auth itself", install)
		return
	case parts == nil:
		r.warn(fmt.Sprintf("%s asks for better-auth %q, which may become any version", m.shown, wants["better-auth"]), install)
		return
	case parts[1]+"."+parts[2] == "1.7":
		r.warn(m.shown+" has better-auth "+own+"; Kernia answers as "+npm.Version, "\"Clients of Better Auth 1.7\" in docs/compatibility.md says what differs; or "+install)
	case parts[1]+"."+parts[2] != "1.6":
		r.fail(m.shown+" has better-auth "+own+", whose client calls other routes; Kernia answers as "+npm.Version, install)
	case ranged:
		r.warn(fmt.Sprintf("%s asks for better-auth %q, with which npm installs later versions too", m.shown, wants["better-auth"]), install)
	case own != npm.Version:
		r.warn(m.shown+" has better-auth "+own+"; Kernia is compared with "+npm.Version, install)
	}
	for _, name := range slices.Sorted(maps.Keys(wants)) {
		if name == "better-auth" || npm.Pins[name] != "" || !ours(name) {
			continue
		}
		if v, _ := version(name); v != own {
			r.fail(fmt.Sprintf("%s has %s %s beside better-auth %s: the plugins are made for one version", m.shown, name, v, own), "npm install "+name+"@"+own)
		}
	}
	if wants["@better-auth/passkey"] != "" && own == npm.Version {
		m.pins(r)
	}
	for _, id := range []string{"passkey", "api-key"} { // what nobody uses without the package
		if p, _ := npm.PartOf(id); e.auth.HasPlugin(id) && wants[p.Package] == "" {
			r.warn("the server has the plugin "+id+", and "+m.shown+" does not ask for "+p.Package, "npm install "+p.Package+"@"+own+", if its pages use it")
		}
	}
}

// pins looks for what @better-auth/passkey needs in exact versions.
func (m *manifest) pins(r *reporter) {
	var wrong, install []string
	for _, name := range slices.Sorted(maps.Keys(npm.Pins)) {
		v := installed(m.file, name)
		if v == "" {
			v = m.wants()[name]
		}
		if v != npm.Pins[name] {
			wrong, install = append(wrong, strings.TrimSpace(name+" "+v)), append(install, name+"@"+npm.Pins[name])
		}
	}
	if len(wrong) > 0 {
		r.fail(m.shown+" has @better-auth/passkey, which needs exact versions of what is different or missing: "+strings.Join(wrong, ", "), "npm install "+strings.Join(install, " "))
	}
}
