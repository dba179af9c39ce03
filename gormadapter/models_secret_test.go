package gormadapter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/schema"
)

// realModels are the models of an Auth with the plugins that keep secrets.
func realModels(t *testing.T, pkg string) *bytes.Buffer {
	t.Helper()
	auth, err := core.New(core.Options{
		BaseURL: "http://localhost:3000", Secret: "Zk3vQ9x!Tf7pLw2mRb8nYc5dHs4gJe6u", Database: memory.New(),
		Plugins: []core.Plugin{emailpassword.New(emailpassword.Options{}), organization.New(organization.Options{}), twofactor.New(twofactor.Options{})},
	})
	if err != nil {
		t.Fatal(err)
	}
	var source bytes.Buffer
	if err := Models(&source, schema.SQLite, auth.DatabaseSchema(), pkg); err != nil {
		t.Fatal(err)
	}
	return &source
}

// A row that an application writes into an answer or a log must not hold what
// signs somebody in.
func TestModelsHideSecrets(t *testing.T) {
	t.Parallel()
	source := realModels(t, "models")
	for _, field := range []string{"Token", "AccessToken", "RefreshToken", "IDToken", "IdToken", "Password", "Identifier", "Value"} {
		for _, line := range regexp.MustCompile(`(?m)^\s*`+field+`\s.*$`).FindAllString(source.String(), -1) {
			if !regexp.MustCompile(`json:"-"`).MatchString(line) {
				t.Errorf("LOG-05 %s", line)
			}
		}
	}
	if n := len(regexp.MustCompile(`json:"-"`).FindAllString(source.String(), -1)); n < 7 {
		t.Errorf("%d fields are hidden:\n%s", n, source.String())
	}
}

// printProgram fills the hidden fields of every model and prints it in every way.
const printProgram = `package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"reflect"

	"github.com/advantch/kernia-go/gormadapter/testdata/printed/rows"
)

func main() {
	for _, table := range rows.Tables() {
		v := reflect.ValueOf(table).Elem()
		hidden := 0
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" {
				continue
			}
			f := v.Field(i)
			if f.Kind() == reflect.Pointer {
				f.Set(reflect.New(f.Type().Elem()))
				f = f.Elem()
			}
			if f.Kind() == reflect.String {
				f.SetString("s3cr3t-m4rk3r")
				hidden++
			}
		}
		fmt.Println("model", v.Type().Name(), hidden)
		for _, one := range []any{table, v.Interface(), []any{v.Interface()}, struct{ X any }{table}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%x", "%d"} {
				fmt.Printf(verb+"\n", one)
			}
			slog.New(slog.NewTextHandler(os.Stdout, nil)).Info("x", "row", one)
			slog.New(slog.NewJSONHandler(os.Stdout, nil)).Info("x", "row", one)
			_ = json.NewEncoder(os.Stdout).Encode(one)
		}
	}
}
`

func TestModelsPrintNoSecrets(t *testing.T) {
	t.Parallel()
	if _, err := osexec.LookPath("go"); err != nil {
		t.Skip("the generated models were not compiled: there is no go command")
	}
	dir := t.TempDir()
	module, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	overlay := map[string]string{}
	for path, content := range map[string][]byte{"rows/rows.go": realModels(t, "rows").Bytes(), "main.go": []byte(printProgram)} {
		file := filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		overlay[filepath.Join(module, "testdata", "printed", filepath.FromSlash(path))] = file
	}
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), list, 0o600); err != nil {
		t.Fatal(err)
	}
	said := tool(t, "go", "run", "-overlay", filepath.Join(dir, "overlay.json"), "./testdata/printed")
	for _, model := range []string{"Session 1", "Account 4", "Verification 2", "TwoFactor 3"} {
		if !strings.Contains(said, "model "+model+"\n") {
			t.Errorf("not filled: %s in %q", model, regexp.MustCompile(`model .*`).FindAllString(said, -1))
		}
	}
	for line := range strings.Lines(said) {
		if strings.Contains(line, "s3cr3t-m4rk3r") || strings.Contains(line, fmt.Sprintf("%x", "s3cr3t-m4rk3r")) {
			t.Errorf("LOG-05 %s", line)
		}
	}
}
