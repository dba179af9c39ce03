// Package file writes whole files or none.
package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write writes a file. It is written beside its place first and moved there when it is
// complete, so that a reader never sees half of it. Without force a file that is there
// already is overwritten only if ours says that it was generated.
func Write(name string, data []byte, force bool, ours func(old []byte) bool) error {
	mode := fs.FileMode(0o644)
	old, err := os.ReadFile(name) //nolint:gosec // the caller's own file
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !force && !ours(old):
		return fmt.Errorf("%s is there and was not generated: give another --output, or --force to replace it: %w", name, fs.ErrExist)
	default:
		if info, err := os.Stat(name); err == nil {
			mode = info.Mode().Perm()
		}
	}
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // as readable as its neighbours
		return err
	}
	f, err := os.CreateTemp(dir, ".kernia-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
