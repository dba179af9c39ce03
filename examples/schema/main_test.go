package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "schema")
	for _, c := range []struct {
		args []string
		want string // in the output; "" for an error
	}{
		{[]string{"sql", "postgres"}, `create table "organization" (`},
		{[]string{"sql", "sqlite"}, `"locale" text`},
		{[]string{"sql", "mysql"}, "collate utf8mb4_bin;"},
		{[]string{"gorm", "mysql"}, "type Member struct {"},
		{[]string{"sql", "oracle"}, ""},
		{[]string{"other", "mysql"}, ""},
		{[]string{"sql"}, ""},
	} {
		var out strings.Builder
		err := run(&out, c.args)
		if (err == nil) != (c.want != "") || !strings.Contains(out.String(), c.want) {
			t.Errorf("%v: %v\n%s", c.args, err, out.String())
		}
	}
	if err := run(nil, []string{"ent", dir}); err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(dir, "user.go"))
	if err != nil || !strings.Contains(string(source), `field.String("locale")`) {
		t.Errorf("%s, %v", source, err)
	}
}
