package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const changelogFile = "CHANGELOG.md"

// changelog gives the section Unreleased the name of the version, and begins a new one.
func changelog(root, version string, now time.Time) error {
	file := filepath.Join(root, changelogFile)
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	const heading = "## [Unreleased]\n"
	before, rest, ok := strings.Cut(string(data), heading)
	if !ok {
		return errors.New("CHANGELOG.md has no section [Unreleased]")
	}
	section, _, _ := strings.Cut(rest, "\n## [")
	if strings.TrimSpace(section) == "" {
		return errors.New("the section [Unreleased] of CHANGELOG.md is empty: list what has changed")
	}
	text := before + heading + "\n## [" + strings.TrimPrefix(version, "v") + "] - " + now.UTC().Format(time.DateOnly) + "\n" + rest
	return os.WriteFile(file, []byte(text), 0o644) //nolint:gosec // as git does
}
