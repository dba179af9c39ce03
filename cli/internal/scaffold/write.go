package scaffold

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// private are the files that only their owner may read.
func private(name string) bool { return name == ".env" }

// writing puts the files of a program into a folder: all of them, or none if anything fails
// or the context ends. They are written into a temporary folder first, where prepare may add
// more, and moved when they are complete. Existing files are replaced with force, and only
// those.
type writing struct {
	folder  string
	files   map[string][]byte // by slash-separated names
	made    []string          // files that prepare adds
	force   bool
	prepare func(ctx context.Context, stage string) error // may be nil
	rename  func(from, to string) error                   // os.Rename
}

func (w writing) run(ctx context.Context) (err error) {
	if w.folder, err = filepath.Abs(w.folder); err != nil {
		return err
	}
	if !w.force {
		if err := w.refuseExisting(); err != nil {
			return err
		}
	}
	near, err := existing(w.folder)
	if err != nil {
		return err
	}
	stage, err := os.MkdirTemp(near, ".kernia-init-*")
	if err != nil {
		return fmt.Errorf("nothing was written, because %s cannot be: choose another folder (%w)", w.folder, err)
	}
	defer func() {
		if e := os.RemoveAll(stage); e != nil {
			err = errors.Join(err, fmt.Errorf("remove %s yourself: %w", stage, e))
		}
	}()

	made := filepath.Join(stage, "new")
	for name, content := range w.files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(made, filepath.FromSlash(name)), content, private(name)); err != nil {
			return fmt.Errorf("nothing was written: %w", err)
		}
	}
	if w.prepare != nil {
		if err := w.prepare(ctx, made); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err // the last moment to stop: what follows takes an instant and is undone as a whole
	}
	return w.place(made, filepath.Join(stage, "old"))
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
func (w writing) refuseExisting() error {
	if info, err := os.Stat(w.folder); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is a file: choose another folder", w.folder)
	}
	var there []string
	for _, name := range slices.Concat(keys(w.files), w.made) {
		if _, err := os.Lstat(filepath.Join(w.folder, filepath.FromSlash(name))); err == nil {
			there = append(there, name)
		}
	}
	if len(there) == 0 {
		return nil
	}
	slices.Sort(there)
	return fmt.Errorf("%s has %s already: choose another folder, or pass --force to overwrite %s and nothing else",
		w.folder, strings.Join(there, ", "), map[bool]string{true: "this file", false: "these files"}[len(there) == 1])
}

// existing is the folder, or the nearest one above that exists. The temporary folder is in
// it, on the same file system as the files to come, so that moving is renaming. A folder
// that exists may be a mount, which another one beside would not be on.
func existing(folder string) (string, error) {
	for at := folder; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		switch {
		case err == nil && info.IsDir():
			return at, nil
		case err == nil:
			return "", fmt.Errorf("nothing was written: %s is a file: choose another folder", at)
		case !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at):
			return "", fmt.Errorf("nothing was written: the folder cannot be made: %w", err)
		}
	}
}

// place moves the files of made into the folder. If one cannot be moved, those before it go
// back, and the files they have replaced, kept in old meanwhile, return.
func (w writing) place(made, old string) (err error) {
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
		if err := w.move(from, to); err != nil {
			return err
		}
		undo = append(undo, func() error { return w.move(to, from) })
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
		target := filepath.Join(w.folder, name)
		if err := mkdir(filepath.Dir(target)); err != nil {
			return err
		}
		if info, err := os.Lstat(target); err == nil {
			switch {
			case info.IsDir():
				return fmt.Errorf("%s is a folder: move it away", target)
			case !w.force:
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

// move renames a file. Onto another file system, which a folder in the target may be on, it
// copies it beside its place, and renames the copy.
func (w writing) move(from, to string) error {
	err := w.rename(from, to)
	if !across(err) {
		return err
	}
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		link, err := os.Readlink(from)
		if err != nil {
			return err
		}
		if err := os.Symlink(link, to); err != nil {
			return err
		}
		return os.Remove(from)
	}
	content, err := os.ReadFile(from) //nolint:gosec // of the program
	if err != nil {
		return err
	}
	copied, err := os.CreateTemp(filepath.Dir(to), ".kernia-init-*")
	if err != nil {
		return err
	}
	_, err = copied.Write(content)
	if err = errors.Join(err, copied.Chmod(info.Mode().Perm()), copied.Close()); err == nil {
		err = w.rename(copied.Name(), to)
	}
	if err != nil {
		return errors.Join(err, os.Remove(copied.Name()))
	}
	return os.Remove(from)
}

// notSameDevice is the error of Windows for EXDEV.
const notSameDevice = syscall.Errno(17)

// across reports whether a file could not be renamed onto another file system.
func across(err error) bool {
	return errors.Is(err, syscall.EXDEV) || runtime.GOOS == "windows" && errors.Is(err, notSameDevice)
}
