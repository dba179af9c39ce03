package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

// private are the modules that nobody imports: programs, tools, and tests with
// dependencies that no other module shall have.
func private(dir string) bool {
	switch path.Base(dir) {
	case "examples", "scripts", "wirecheck", "conformancetest", "passkeytest", "whatwgtest", "interoptest", "schematest":
		return true
	}
	return false
}

// member is a module of the workspace.
type member struct {
	dir  string // below the workspace, with slashes
	path string
	file *modfile.File
	zip  []byte
}

// tag is the name of the module's tag of a version.
func (m *member) tag(version string) string {
	if m.dir == "." {
		return version
	}
	return m.dir + "/" + version
}

// workspace is a copy of the tracked files, with the modules of a version.
type workspace struct {
	dir     string
	version string
	modules []*member // each after those that it requires
}

func (w *workspace) remove() { _ = os.RemoveAll(w.dir) }

func (w *workspace) published() []*member {
	return slices.DeleteFunc(slices.Clone(w.modules), func(m *member) bool { return private(m.dir) })
}

// stage copies the tracked files of a workspace and gives its modules the version.
func stage(root, version string) (*workspace, error) {
	dir, err := os.MkdirTemp("", "release-")
	if err != nil {
		return nil, err
	}
	w := &workspace{dir: dir, version: version}
	if err := w.fill(root); err != nil {
		w.remove()
		return nil, err
	}
	return w, nil
}

func (w *workspace) fill(root string) error {
	if err := copyTracked(root, w.dir); err != nil {
		return err
	}
	if err := w.load(); err != nil {
		return err
	}
	sums := map[string]string{} // lines of go.sum by module path
	for _, m := range w.published() {
		if err := w.rewrite(m, sums); err != nil {
			return fmt.Errorf("%s: %w", m.dir, err)
		}
	}
	return nil
}

// copyTracked copies the files that git knows.
func copyTracked(root, to string) error {
	list := exec.Command("git", "-C", root, "ls-files", "-z")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	for name := range bytes.SplitSeq(out, []byte{0}) {
		if len(name) == 0 {
			continue
		}
		file := filepath.FromSlash(string(name))
		info, err := os.Lstat(filepath.Join(root, file))
		if errors.Is(err, os.ErrNotExist) {
			continue // removed, and not committed yet
		}
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return err
		}
		target := filepath.Join(to, file)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil { //nolint:gosec // as git does
			return err
		}
		if err := os.WriteFile(target, data, info.Mode().Perm()); err != nil {
			return err
		}
	}
	return nil
}

// load reads the modules and sorts them.
func (w *workspace) load() error {
	data, err := os.ReadFile(filepath.Join(w.dir, "go.work"))
	if err != nil {
		return err
	}
	work, err := modfile.ParseWork("go.work", data, nil)
	if err != nil {
		return err
	}
	byPath := map[string]*member{}
	for _, use := range work.Use {
		m := &member{dir: path.Clean(use.Path)}
		data, err := os.ReadFile(w.file(m, "go.mod"))
		if err != nil {
			return err
		}
		if m.file, err = modfile.Parse(m.dir+"/go.mod", data, nil); err != nil {
			return err
		}
		m.path = m.file.Module.Mod.Path
		byPath[m.path] = m
	}
	// A zip has its go.sum, with the sums of what the module requires: those are made first.
	state := map[*member]int{}
	var visit func(m *member) error
	visit = func(m *member) error {
		switch state[m] {
		case 1:
			return fmt.Errorf("%s requires itself through other modules", m.path)
		case 2:
			return nil
		}
		state[m] = 1
		for _, r := range m.file.Require {
			other, ok := byPath[r.Mod.Path]
			if !ok {
				continue
			}
			if private(other.dir) && !private(m.dir) {
				return fmt.Errorf("%s is published and requires %s, which is not", m.path, other.path)
			}
			if err := visit(other); err != nil {
				return err
			}
		}
		state[m] = 2
		w.modules = append(w.modules, m)
		return nil
	}
	for _, use := range work.Use {
		for _, m := range byPath {
			if m.dir == path.Clean(use.Path) {
				if err := visit(m); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (w *workspace) file(m *member, name string) string {
	return filepath.Join(w.dir, filepath.FromSlash(m.dir), name)
}

// rewrite makes the go.mod and go.sum of a published module, and its zip.
func (w *workspace) rewrite(m *member, sums map[string]string) error {
	own := map[string]bool{}
	for _, other := range w.modules {
		own[other.path] = true
	}
	for _, r := range slices.Clone(m.file.Replace) {
		if !own[r.Old.Path] {
			return fmt.Errorf("go.mod replaces %s, which is no module of the workspace: `go install` would refuse it", r.Old.Path)
		}
		if err := m.file.DropReplace(r.Old.Path, r.Old.Version); err != nil {
			return err
		}
	}
	var lines []string
	for _, r := range m.file.Require {
		if own[r.Mod.Path] {
			if err := m.file.AddRequire(r.Mod.Path, w.version); err != nil {
				return err
			}
			lines = append(lines, sums[r.Mod.Path])
		}
	}
	m.file.Cleanup()
	mod, err := m.file.Format()
	if err != nil {
		return err
	}
	if err := os.WriteFile(w.file(m, "go.mod"), mod, 0o644); err != nil { //nolint:gosec // as git does
		return err
	}
	if err := w.addSums(m, lines, own); err != nil {
		return err
	}
	v := module.Version{Path: m.path, Version: w.version}
	var buf bytes.Buffer
	if err := zip.CreateFromDir(&buf, v, filepath.Join(w.dir, filepath.FromSlash(m.dir))); err != nil {
		return err
	}
	m.zip = buf.Bytes()
	sums[m.path], err = sumLines(v, m.zip, mod)
	return err
}

// addSums puts the sums of the workspace's modules into a go.sum.
func (w *workspace) addSums(m *member, lines []string, own map[string]bool) error {
	data, err := os.ReadFile(w.file(m, "go.sum"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for line := range strings.Lines(string(data)) {
		if name, _, _ := strings.Cut(line, " "); !own[name] {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	all := strings.SplitAfter(strings.Join(lines, ""), "\n")
	slices.Sort(all)
	return os.WriteFile(w.file(m, "go.sum"), []byte(strings.Join(all, "")), 0o644) //nolint:gosec // as git does
}

// sumLines are the lines of a go.sum for a module.
func sumLines(v module.Version, zipped, mod []byte) (string, error) {
	f, err := os.CreateTemp("", "release-*.zip")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(zipped); err != nil {
		return "", errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	all, err := dirhash.HashZip(f.Name(), dirhash.Hash1)
	if err != nil {
		return "", err
	}
	one, err := dirhash.Hash1([]string{"go.mod"}, opener(mod))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %s %s\n%[1]s %[2]s/go.mod %[4]s\n", v.Path, v.Version, all, one), nil
}

// checkVersion refuses what is no version of this workspace's module paths.
func checkVersion(version string) error {
	switch {
	case semver.Canonical(version) != version || version == "":
		return fmt.Errorf("%q is no version: write, for example, -version v0.2.0", version)
	case semver.Build(version) != "":
		return fmt.Errorf("%s has build metadata, which Go does not allow in a tag", version)
	case semver.Compare(semver.Major(version), "v1") > 0:
		return fmt.Errorf("%s needs module paths that end with /%s", version, semver.Major(version))
	}
	return nil
}

// follows refuses a version that is not after the last one.
func follows(last, version string) error {
	if last != "" && semver.Compare(version, last) <= 0 {
		return fmt.Errorf("%s is not after %s, the last release", version, last)
	}
	return nil
}
