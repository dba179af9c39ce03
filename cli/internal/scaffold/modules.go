package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"

	"github.com/advantch/kernia-go/cli/internal/exit"
)

// kerniaModules are the modules of Kernia that a program imports, as folders below kernia.
func kerniaModules(c Choices) []string {
	modules := []string{"core", "cli"}
	if m := frameworks[c.Framework].module; m != "" {
		modules = append(modules, m)
	}
	if m := adapters[c.Adapter].module; m != "" {
		modules = append(modules, m)
	}
	for _, p := range chosen(c.Plugins) {
		if p.Module {
			modules = append(modules, "core/plugins/"+p.Package)
		}
	}
	slices.Sort(modules)
	return modules
}

// requirements are the lines of go.mod, with one version for all modules of Kernia.
func requirements(c Choices, version string) []string {
	required := maps.Clone(frameworks[c.Framework].requires)
	if required == nil {
		required = map[string]string{}
	}
	maps.Copy(required, adapters[c.Adapter].requires[c.Database])
	if c.Adapter == "gorm" && c.Database == "" {
		panic("scaffold: GORM without a database") // Choices.check refuses it
	}
	for _, m := range kerniaModules(c) {
		required[kernia+"/"+m] = version
	}
	var lines []string
	for _, m := range slices.Sorted(maps.Keys(required)) {
		lines = append(lines, m+" "+required[m])
	}
	return lines
}

// replacements are the lines of go.mod that lead to a checkout: for the modules that a
// program imports, and for those of Kernia that these require.
func replacements(c Choices, checkout string) ([]string, error) {
	checkout, err := filepath.Abs(checkout)
	if err != nil {
		return nil, err
	}
	needed := kerniaModules(c)
	for i := 0; i < len(needed); i++ {
		file := filepath.Join(checkout, filepath.FromSlash(needed[i]), "go.mod")
		data, err := os.ReadFile(file) //nolint:gosec // in the checkout that the caller names
		if errors.Is(err, fs.ErrNotExist) {
			return nil, exit.Misused(fmt.Errorf("%s has no module %s: pass --replace with the folder of a checkout of %s that has it", checkout, needed[i], kernia))
		}
		if err != nil {
			return nil, err
		}
		mod, err := modfile.ParseLax(file, data, nil)
		if err != nil {
			return nil, err
		}
		for _, r := range mod.Require {
			if m, ours := strings.CutPrefix(r.Mod.Path, kernia+"/"); ours && !slices.Contains(needed, m) {
				needed = append(needed, m)
			}
		}
	}
	slices.Sort(needed)
	lines := make([]string, len(needed))
	for i, m := range needed {
		lines[i] = kernia + "/" + m + " => " + modfile.AutoQuote(filepath.Join(checkout, filepath.FromSlash(m)))
	}
	return lines, nil
}

// errNoVersion says what to do with a binary that no release has.
var errNoVersion = exit.Misused(errors.New("this kernia was built from source, so it knows no release that the program could require: " +
	"pass --replace with the folder of the checkout, or --kernia-version with a release such as v0.1.0"))

// ownVersion is the release from which the binary was built, for a program to require.
func ownVersion() (string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", errNoVersion
	}
	return released(info)
}

func released(info *debug.BuildInfo) (string, error) {
	modules := append([]*debug.Module{&info.Main}, info.Deps...)
	for _, m := range modules {
		// A build of a checkout has no version, one of a commit, or one that says +dirty.
		if m.Path == kernia+"/cli" && m.Replace == nil && semver.IsValid(m.Version) && semver.Build(m.Version) == "" && m.Sum != "" {
			return m.Version, nil
		}
	}
	return "", errNoVersion
}
