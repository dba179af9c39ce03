package entadapter

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
)

// An entity that an application writes into an answer or a log must not hold what
// signs somebody in.
func TestSchemaHidesSecrets(t *testing.T) {
	t.Parallel()
	auth, err := core.New(core.Options{BaseURL: "http://localhost:3000", Secret: "Zk3vQ9x!Tf7pLw2mRb8nYc5dHs4gJe6u", Database: memory.New()})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "ent", "schema")
	if err := Schema(dir, auth.DatabaseSchema()); err != nil {
		t.Fatal(err)
	}
	for file, fields := range map[string][]string{
		"session.go": {"token"}, "account.go": {"access_token", "refresh_token", "id_token", "password"}, "verification.go": {"identifier", "value"},
	} {
		source, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range fields {
			if !regexp.MustCompile(`field\.(String|Text)\("` + field + `"\)[^\n]*\.Sensitive\(\)`).Match(source) {
				t.Errorf("LOG-05 %s shows %s:\n%s", file, field, source)
			}
		}
	}
}
