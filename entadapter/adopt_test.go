package entadapter

import (
	"testing"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/suites/adopttest"
)

func TestAdoptsBetterAuth(t *testing.T) {
	t.Parallel()
	for _, server := range databases {
		dialect := server.name
		switch dialect {
		case "memory":
			continue // a file is the same
		case "file":
			dialect = "sqlite"
		}
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			dsn := server.dsn(t)
			adopttest.Run(t, dialect, func(t testing.TB, statements []string) adapter.Database {
				drv := server.open(t, dsn)
				load(t, drv, statements)
				return New(drv)
			})
		})
	}
}

// load runs statements on one connection.
func load(t testing.TB, drv *entsql.Driver, statements []string) {
	t.Helper()
	conn, err := drv.DB().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, text := range statements {
		if _, err := conn.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}
