package entadapter

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/schema"
)

// The module schematest tests the files with ent itself.

func TestSchemaWritesOnlyItsOwnFiles(t *testing.T) {
	t.Parallel()
	s, err := schema.New(schema.IDString, []schema.Table{{Model: "user"}, {Model: "type"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "ent", "schema")
	for range 2 {
		if err := Schema(dir, s); err != nil {
			t.Fatal(err)
		}
	}
	made, err := os.ReadDir(dir)
	if err != nil || len(made) != 3 {
		t.Fatal(made, err)
	}
	source, err := os.ReadFile(filepath.Join(dir, "type2.go")) // type is a word of Go
	if err != nil || !strings.Contains(string(source), `entsql.Table("type")`) {
		t.Errorf("%s, %v", source, err)
	}

	own := []byte("package schema\n")
	for _, name := range []string{"kernia.go", "type2.go"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "user.go"), own, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Schema(dir, s); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file of the application: %v", err)
	}
	if made, err = os.ReadDir(dir); err != nil || len(made) != 1 {
		t.Error("something was written all the same:", made, err)
	}
	if source, err = os.ReadFile(filepath.Join(dir, "user.go")); err != nil || !bytes.Equal(source, own) {
		t.Errorf("the application's file: %s, %v", source, err)
	}
	if err := Schema(filepath.Join(t.TempDir(), "my-schema"), s); err == nil {
		t.Error("the directory's name is no package")
	}
}
