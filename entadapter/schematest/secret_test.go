package schematest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"entgo.io/ent/entc/gen"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/entadapter"
)

// printProgram fills the hidden fields of entities and prints them as programs do that
// log an entity of ent's client. Entities are pointers there.
const printProgram = `package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"reflect"

	ent "PACKAGE"
)

func main() {
	for _, entity := range []any{&ent.User{}, &ent.Session{}, &ent.Account{}, &ent.Verification{}, &ent.TwoFactor{}} {
		v := reflect.ValueOf(entity).Elem()
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
			if f.Kind() == reflect.String && f.CanSet() {
				f.SetString("s3cr3t-m4rk3r")
				hidden++
			}
		}
		fmt.Println("entity", v.Type().Name(), hidden)
		for _, one := range []any{entity, []any{entity}, struct{ X any }{entity}} {
			for _, verb := range []string{"%v", "%+v", "%q", "%s", "%x"} {
				fmt.Printf(verb+"\n", one)
			}
			slog.New(slog.NewTextHandler(os.Stdout, nil)).Info("x", "entity", one)
			slog.New(slog.NewJSONHandler(os.Stdout, nil)).Info("x", "entity", one)
			_ = json.NewEncoder(os.Stdout).Encode(one)
		}
	}
}
`

func TestEntitiesPrintNoSecrets(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("ent's generator was not run: there is no go command")
	}
	auth, err := core.New(core.Options{
		BaseURL: "http://localhost:3000", Secret: "Zk3vQ9x!Tf7pLw2mRb8nYc5dHs4gJe6u", Database: memory.New(),
		Plugins: []core.Plugin{emailpassword.New(emailpassword.Options{}), organization.New(organization.Options{}), twofactor.New(twofactor.Options{})},
	})
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.MkdirTemp(".", "printed")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	files := filepath.Join(root, "ent", "schema")
	if err := entadapter.Schema(files, auth.DatabaseSchema()); err != nil {
		t.Fatal(err)
	}
	pkg := module + "/" + filepath.Base(root) + "/ent"
	runEnt(t, files, &gen.Config{Target: filepath.Join(root, "ent"), Package: pkg})
	main := strings.ReplaceAll(printProgram, "PACKAGE", pkg)
	if err := os.WriteFile(filepath.Join(root, "main.go"), []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	said := run(t, "go", "run", "./"+root)
	for _, entity := range []string{"Session 1", "Account 4", "Verification 2", "TwoFactor 3"} {
		if !strings.Contains(said, "entity "+entity+"\n") {
			t.Errorf("not filled: %s", entity)
		}
	}
	for line := range strings.Lines(said) {
		if strings.Contains(line, "s3cr3t-m4rk3r") || strings.Contains(line, fmt.Sprintf("%x", "s3cr3t-m4rk3r")) {
			t.Errorf("LOG-05 %s", line)
		}
	}
}
