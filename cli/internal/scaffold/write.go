package scaffold

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// private are the files that only their owner may read.
func private(name string) bool { return name == ".env" }

// write puts files into folder: all of them, or none if anything fails or ctx ends. They
// are written into a temporary folder beside, where prepare may add more, and moved when
// they are complete. Existing files are replaced with force, and only those.
func write(ctx context.Context, folder string, files map[string][]byte, force bool, prepare func(ctx context.Context, stage string) error) (err error) {
	folder, err = filepath.Abs(folder)
	if err != nil {
		return err
	}
	if !force {
		if err := refuseExisting(folder, files); err != nil {
			return err
		}
	}
	beside, err := existingParent(folder)
	if err != nil {
		return err
	}
	stage, err := os.MkdirTemp(beside, ".kernia-init-*")
	if err != nil {
		return fmt.Errorf("nothing was written, because %s cannot be: choose another folder (%w)", folder, err)
	}
	defer func() {
		if e := os.RemoveAll(stage); e != nil {
			err = errors.Join(err, fmt.Errorf("remove %s yourself: %w", stage, e))
		}
	}()

	made := filepath.Join(stage, "new")
	for name, content := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(made, filepath.FromSlash(name)), content, private(name)); err != nil {
			return fmt.Errorf("nothing was written: %w", err)
		}
	}
	if prepare != nil {
		if err := prepare(ctx, made); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err // the last moment to stop: what follows takes an instant and is undone as a whole
	}
	return place(made, folder, filepath.Join(stage, "old"), force)
}

func writeFile(file string, content []byte, private bool) error {
	mode := os.FileMode(0o644)
	if private {
		mode = 0o600
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // sources are for everybody who may enter the folder
		return err
	}
	return os.WriteFile(file, content, mode)
}

// refuseExisting names the files that would be overwritten.
func refuseExisting(folder string, files map[string][]byte) error {
	if info, err := os.Stat(folder); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is a file: choose another folder", folder)
	}
	var there []string
	for name := range files {
		if _, err := os.Lstat(filepath.Join(folder, filepath.FromSlash(name))); err == nil {
			there = append(there, name)
		}
	}
	if len(there) == 0 {
		return nil
	}
	slices.Sort(there)
	return fmt.Errorf("%s has %s already: choose another folder, or pass --force to overwrite %s and nothing else",
		folder, strings.Join(there, ", "), map[bool]string{true: "this file", false: "these files"}[len(there) == 1])
}

// existingParent is the nearest folder above that exists. The temporary folder is there,
// on the same file system, so that moving is renaming.
func existingParent(folder string) (string, error) {
	for parent := filepath.Dir(folder); ; parent = filepath.Dir(parent) {
		info, err := os.Stat(parent)
		switch {
		case err == nil && info.IsDir():
			return parent, nil
		case err == nil:
			return "", fmt.Errorf("%s is a file: choose another folder", parent)
		case !errors.Is(err, fs.ErrNotExist) || parent == filepath.Dir(parent):
			return "", fmt.Errorf("the folder cannot be made: %w", err)
		}
	}
}

// place moves the files of made into folder. If one cannot be moved, those before it go
// back, and the files they have replaced, kept in old meanwhile, return.
func place(made, folder, old string, force bool) (err error) {
	var undo []func() error
	defer func() {
		if err == nil {
			return
		}
		for _, step := range slices.Backward(undo) {
			err = errors.Join(err, step())
		}
		err = fmt.Errorf("nothing was written: %w", err)
	}()
	mkdir := func(dir string) error {
		var missing []string
		for d := dir; ; d = filepath.Dir(d) {
			if _, err := os.Stat(d); err == nil {
				break
			}
			missing = append(missing, d)
		}
		for _, d := range slices.Backward(missing) {
			if err := os.Mkdir(d, 0o755); err != nil { //nolint:gosec // as in writeFile
				return err
			}
			undo = append(undo, func() error { return os.Remove(d) })
		}
		return nil
	}
	move := func(from, to string) error {
		if err := os.Rename(from, to); err != nil {
			return err
		}
		undo = append(undo, func() error { return os.Rename(to, from) })
		return nil
	}
	return filepath.WalkDir(made, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(made, file)
		if err != nil {
			return err
		}
		target := filepath.Join(folder, name)
		if err := mkdir(filepath.Dir(target)); err != nil {
			return err
		}
		if info, err := os.Lstat(target); err == nil {
			switch {
			case info.IsDir():
				return fmt.Errorf("%s is a folder: move it away", target)
			case !force:
				return fmt.Errorf("%s has appeared meanwhile: start again", target)
			}
			kept := filepath.Join(old, name)
			if err := os.MkdirAll(filepath.Dir(kept), 0o700); err != nil {
				return err
			}
			if err := move(target, kept); err != nil {
				return err
			}
		}
		return move(file, target)
	})
}
