package gormadapter

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/suites/adopttest"
)

func plan(t testing.TB, a adapter.Adapter) []adapter.Change {
	t.Helper()
	plan, err := a.(adapter.Migrator).Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestMigrateFromEarlierShapes(t *testing.T) {
	t.Parallel()
	everyDatabase(t, func(t *testing.T, db *gorm.DB) {
		tables := adopttest.Tables()
		// Shape by shape: two tables, then their columns one after the other,
		// then all tables and a composite key.
		for n := 1; n <= len(tables[0].Fields); n++ {
			earlier := []schema.Table{{Model: "user", Fields: tables[0].Fields[:n]}}
			a := migrated(t, db, must(schema.New("", earlier, nil)))
			if p := plan(t, a); len(p) != 0 {
				t.Fatalf("with %d columns: %v", n, p)
			}
			if n == 2 {
				if _, err := a.Create(t.Context(), "user", adapter.Record{"id": "old", "name": "Old", "email": "old@example.com"}); err != nil {
					t.Fatal(err)
				}
			}
		}
		extra := []schema.Table{{Model: "account", Unique: [][]string{{"userId", "scope"}}, Fields: []schema.Field{
			{Name: "note", Type: schema.String, Unique: true, Index: true, Default: schema.Value("x")},
		}}}
		a := migrated(t, db, must(schema.New("", tables, extra)))
		if p := plan(t, a); len(p) != 0 {
			t.Fatal(p)
		}
		if advice, err := a.(adapter.Advisor).Advice(t.Context()); err != nil || len(advice) != 0 {
			t.Fatal(advice, err)
		}
		// The old row has the constant default of a column added later.
		rec, err := a.FindOne(t.Context(), adapter.Find{Model: "user", Where: adapter.By("id", "old")})
		if err != nil || rec["emailVerified"] != false || rec["serial"] != nil {
			t.Fatal(rec, err)
		}
		if _, err := a.Create(t.Context(), "user", adapter.Record{"id": "new", "name": "N", "email": "new", "emailVerified": true,
			"createdAt": noon, "updatedAt": noon, "serial": int64(7)}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Update(t.Context(), "user", adapter.By("id", "old"), adapter.Record{"serial": int64(7)}); !errors.Is(err, adapter.ErrUnique) {
			t.Errorf("a unique column that was added: %v", err)
		}
	})
}

func must(s *schema.Schema, err error) *schema.Schema {
	if err != nil {
		panic(err)
	}
	return s
}

func TestPlanIsRunnable(t *testing.T) {
	t.Parallel()
	for _, ids := range []schema.IDKind{schema.IDString, schema.IDSerial, schema.IDUUID} {
		everyDatabase(t, func(t *testing.T, db *gorm.DB) {
			a := open(t, db, authSchema(t, ids))
			for _, c := range plan(t, a) {
				run(t, db, c.SQL)
			}
			if p := plan(t, a); len(p) != 0 {
				t.Fatal(p)
			}
		})
	}
}

// TestPrintedWithoutADatabase runs what an application may keep in a file.
func TestPrintedWithoutADatabase(t *testing.T) {
	t.Parallel()
	for name, s := range modelSchemas {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everyDatabase(t, func(t *testing.T, db *gorm.DB) {
				a := open(t, db, s)
				for _, c := range a.(*store).migration.Create("") {
					run(t, db, c.SQL)
				}
				if p := plan(t, a); len(p) != 0 {
					t.Fatal(p)
				}
			})
		})
	}
}

func TestMigrateTwiceAtOnce(t *testing.T) {
	t.Parallel()
	everyDatabase(t, func(t *testing.T, db *gorm.DB) {
		var wg sync.WaitGroup
		for range 4 {
			a := open(t, db, authSchema(t, ""))
			wg.Go(func() {
				if err := a.(adapter.Migrator).Migrate(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	t.Parallel()
	db := file(t)
	run(t, db, `CREATE TABLE "x" ("id" text); CREATE INDEX "session_userId_idx" ON "x" ("id")`)
	a := open(t, db, authSchema(t, ""))
	if err := a.(adapter.Migrator).Migrate(t.Context()); err == nil {
		t.Fatal("an index of the same name was there")
	}
	if p := plan(t, a); len(p) < 5 {
		t.Fatal(p)
	}
	run(t, db, `DROP TABLE "x"`)
	if err := a.(adapter.Migrator).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestRenamedTablesAndColumns(t *testing.T) {
	t.Parallel()
	everyDatabase(t, func(t *testing.T, db *gorm.DB) {
		tables := adopttest.Tables()[:2]
		tables[0].Name, tables[1].Name = "order", "auth_session"
		for i := range tables {
			for j := range tables[i].Fields {
				f := &tables[i].Fields[j]
				f.Column = "col_" + strings.ToLower(f.Name)
			}
		}
		a := migrated(t, db, must(schema.New("", tables, nil)))
		addUser(t, a, "u1")
		addSession(t, a, "s1", "u1")
		rec, err := a.FindOne(t.Context(), bySession("token-s1"))
		if err != nil || rec["user"].(adapter.Record)["email"] != "u1@example.com" {
			t.Fatal(rec, err)
		}
	})
}
