package file

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "below", "made.txt")
	ours := func(old []byte) bool { return bytes.HasPrefix(old, []byte("ours")) }
	for i, step := range []struct {
		text  string
		force bool
		err   error
		want  string
	}{
		{"ours 1", false, nil, "ours 1"},
		{"of somebody", false, nil, "of somebody"},
		{"ours 2", false, fs.ErrExist, "of somebody"},
		{"ours 3", true, nil, "ours 3"},
	} {
		err := Write(name, []byte(step.text), step.force, ours)
		got, read := os.ReadFile(name)
		if !errors.Is(err, step.err) || string(got) != step.want || read != nil {
			t.Errorf("step %d: %v, %q, %v", i, err, got, read)
		}
	}
	if err := Write(filepath.Dir(name), nil, true, ours); err == nil {
		t.Error("a directory was replaced")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(name), ".kernia-*")); len(left) > 0 {
		t.Error(left)
	}
}
