package entadapter

import (
	"context"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqltest"
)

// TestCauseIsKept asks databases that cannot be reached or used. The error must give
// the reason and must not contain the password of the DSN.
func TestCauseIsKept(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ driver, dialect, dsn, want string }{
		{"pgx", dialect.Postgres, "postgres://ada:canary@127.0.0.1:1/app?sslmode=disable", "connection refused"},
		{"pgx", dialect.Postgres, "postgres://ada:canary@nowhere.invalid:5432/app?sslmode=disable", "lookup nowhere.invalid"},
		{"mysql", dialect.MySQL, "ada:canary@tcp(127.0.0.1:1)/app", "connection refused"},
		{"mysql", dialect.MySQL, "ada:canary@tcp(nowhere.invalid:3306)/app", "lookup nowhere.invalid"},
	} {
		a := open(t, entsql.OpenDB(c.dialect, connect(t, c.driver, c.dsn)), sqltest.Schema(t))
		_, found := a.FindOne(t.Context(), adapter.Find{Model: "user", Where: adapter.By("id", "x")})
		tx := a.Tx(t.Context(), func(context.Context) error { return nil })
		for _, err := range []error{found, tx} {
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("the error is %v, want %q in it", err, c.want)
			}
		}
	}
	each(t, func(t *testing.T, database func(t testing.TB) *entsql.Driver) {
		_, err := open(t, database(t), sqltest.Schema(t)).FindOne(t.Context(), adapter.Find{Model: "user", Where: adapter.By("id", "x")})
		if err == nil || !strings.Contains(err.Error(), "call auth.Migrate") || !strings.Contains(err.Error(), "user") {
			t.Error(err)
		}
	})
}
