package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go/types"

	"golang.org/x/exp/apidiff"
	"golang.org/x/mod/semver"
	"golang.org/x/tools/go/packages"
)

// compare compares the API of each module with that of the last release, prints what has
// changed, and refuses a version that promises more than that.
func compare(g git, last, version string) error {
	old, err := os.MkdirTemp("", "release-old-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(old)
	// The commit before the one of the tag has the workspace with its replacements.
	if _, err := g.run("worktree", "add", "--quiet", "--detach", old, "core/"+last+"^"); err != nil {
		return err
	}
	defer func() { _, _ = g.run("worktree", "remove", "--force", old) }()
	var before, after workspace
	before.dir, after.dir = old, g.dir
	if err := errors.Join(before.load(), after.load()); err != nil {
		return err
	}
	broken := 0
	for _, m := range before.published() {
		then, err := api(filepath.Join(old, filepath.FromSlash(m.dir)), m.path)
		if err != nil {
			return err
		}
		now, err := api(filepath.Join(g.dir, filepath.FromSlash(m.dir)), m.path)
		if err != nil {
			return fmt.Errorf("%s: a module that was published is gone or does not compile: %w", m.path, err)
		}
		report := apidiff.ModuleChanges(then, now)
		for _, c := range report.Changes {
			if !c.Compatible {
				broken++
				fmt.Printf("%s: %s\n", m.path, c.Message)
			}
		}
	}
	if broken > 0 && !mayBreak(last, version) {
		return fmt.Errorf("%d changes break programs that use %s: %s promises that there are none; take %s", broken, last, version, next(last))
	}
	return nil
}

// mayBreak reports whether a version may break programs that use the last one.
func mayBreak(last, version string) bool {
	if semver.Major(last) == "v0" {
		return semver.MajorMinor(last) != semver.MajorMinor(version)
	}
	return semver.Major(last) != semver.Major(version)
}

// next is the next version that may break programs.
func next(last string) string {
	major, minor, _ := strings.Cut(strings.TrimPrefix(semver.MajorMinor(last), "v"), ".")
	if major == "0" {
		var n int
		_, _ = fmt.Sscan(minor, &n)
		return fmt.Sprintf("v0.%d.0", n+1)
	}
	return "a new major version"
}

// api loads the exported packages of a module.
func api(dir, path string) (*apidiff.Module, error) {
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps | packages.NeedSyntax | packages.NeedTypesInfo,
		Dir:  dir,
	}, "./...")
	if err != nil {
		return nil, err
	}
	out := &apidiff.Module{Path: path}
	var failed error
	for _, p := range loaded {
		for _, e := range p.Errors {
			failed = errors.Join(failed, e)
		}
		if p.Name != "main" && !internal(p.PkgPath) {
			out.Packages = append(out.Packages, (*types.Package)(p.Types))
		}
	}
	return out, failed
}

// internal reports whether others may not import a package.
func internal(path string) bool {
	return strings.Contains("/"+path+"/", "/internal/")
}
