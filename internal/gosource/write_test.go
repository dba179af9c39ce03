package gosource

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ent", "schema")
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	first := map[string][]byte{"a.go": []byte(Header + "a"), "b.go": []byte(Header + "b")}
	if err := Write(dir, first); err != nil || read("b.go") != Header+"b" {
		t.Fatal(err)
	}
	if err := Write(dir, map[string][]byte{"a.go": []byte(Header + "again")}); err != nil || read("a.go") != Header+"again" {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "b.go"), []byte("package mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, first); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	if read("a.go") != Header+"again" || read("b.go") != "package mine" {
		t.Error("something was written although a file was in the way")
	}
	// A directory where a file has to go: what was written beside it is removed.
	if err := os.MkdirAll(filepath.Join(dir, "c.go", "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	if Write(dir, map[string][]byte{"c.go": []byte(Header)}) == nil {
		t.Error("a directory was replaced")
	}
	left, err := filepath.Glob(filepath.Join(dir, ".kernia-*"))
	if err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}
