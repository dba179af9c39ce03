package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/semver"
)

// git runs git in a folder.
type git struct{ dir string }

func (g git) run(args ...string) (string, error) { return g.with(nil, args...) }

func (g git) with(env []string, args ...string) (string, error) {
	c := exec.Command("git", args...)
	c.Dir, c.Env = g.dir, append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return strings.TrimSpace(string(out)), nil
}

// clean refuses a working tree with changes, which the tags would not have.
func (g git) clean() error {
	out, err := g.run("status", "--porcelain")
	if err == nil && out != "" {
		err = errors.New("the working tree has changes: commit them first")
	}
	return err
}

// last returns the last release, by the tags of core, or "".
func (g git) last() (string, error) {
	out, err := g.run("tag", "--list", "core/v*")
	if err != nil {
		return "", err
	}
	last := ""
	for name := range strings.FieldsSeq(out) {
		if v := strings.TrimPrefix(name, "core/"); semver.IsValid(v) && (last == "" || semver.Compare(v, last) > 0) {
			last = v
		}
	}
	return last, nil
}

// commitTree makes a commit of a folder's files on top of the current one, without moving
// a branch.
func (g git) commitTree(dir, message string) (string, error) {
	folder, err := g.run("rev-parse", "--absolute-git-dir")
	if err != nil {
		return "", err
	}
	index, err := os.MkdirTemp("", "release-index-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(index)
	env := []string{"GIT_DIR=" + folder, "GIT_WORK_TREE=" + dir, "GIT_INDEX_FILE=" + filepath.Join(index, "index")}
	there := git{dir}
	if _, err := there.with(env, "read-tree", "HEAD"); err != nil {
		return "", err
	}
	// The files of dir are the tracked ones, so ignored names are meant too.
	if _, err := there.with(env, "add", "--all", "--force"); err != nil {
		return "", err
	}
	tree, err := there.with(env, "write-tree")
	if err != nil {
		return "", err
	}
	return g.run("commit-tree", tree, "-p", "HEAD", "-m", message)
}
