package gosource

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Write writes generated files by their names into a directory, which is made if it is
// missing. It overwrites only files that begin with Header. If another file is in the way,
// the error is fs.ErrExist (wrapped) and nothing is written. No file is ever half written:
// each is written beside its place first, and moved there when all are complete.
func Write(dir string, files map[string][]byte) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // source code, as readable as its neighbours
		return err
	}
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		old, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // the caller's own directory
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case !bytes.HasPrefix(old, []byte(Header)):
			return fmt.Errorf("%s is not a generated file: %w", filepath.Join(dir, name), fs.ErrExist)
		}
	}
	made := map[string]string{} // the place of each new file
	defer func() {
		for _, file := range made {
			_ = os.Remove(file)
		}
	}()
	for _, name := range names {
		file, err := beside(dir, files[name])
		if file != "" {
			made[name] = file
		}
		if err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := os.Rename(made[name], filepath.Join(dir, name)); err != nil {
			return err
		}
		delete(made, name)
	}
	return nil
}

// beside writes a new file, whose name the go command ignores.
func beside(dir string, data []byte) (name string, err error) {
	f, err := os.CreateTemp(dir, ".kernia-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Close()) //nolint:gosec // see Write
	return f.Name(), err
}
