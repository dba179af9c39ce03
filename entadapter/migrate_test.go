package entadapter

import (
	"sync"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/sqltest"
)

// TestMigrateTwiceAtOnce has drivers that show their pool and drivers that do not.
func TestMigrateTwiceAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, openDriver func(t testing.TB) *entsql.Driver) {
		plain := openDriver(t)
		var wg sync.WaitGroup
		for _, drv := range []dialect.Driver{plain, plain, &recorder{Driver: plain}, &recorder{Driver: plain}} {
			a := open(t, drv, sqltest.Schema(t))
			wg.Go(func() {
				if err := a.(adapter.Migrator).Migrate(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestPlanIsRunnable(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, openDriver func(t testing.TB) *entsql.Driver) {
		drv := openDriver(t)
		m := open(t, drv, sqltest.Schema(t)).(adapter.Migrator)
		plan, err := m.Plan(t.Context())
		if err != nil || len(plan) < 4 {
			t.Fatal(plan, err)
		}
		for _, c := range plan {
			run(t, drv.DB(), c.SQL)
		}
		if plan, err = m.Plan(t.Context()); err != nil || len(plan) != 0 {
			t.Fatal(plan, err)
		}
	})
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(drv *entsql.Driver) dialect.Driver{
		"pool": func(drv *entsql.Driver) dialect.Driver { return drv },
		"tx":   func(drv *entsql.Driver) dialect.Driver { return &recorder{Driver: drv} },
	} {
		drv := file(t)
		run(t, drv.DB(), `CREATE TABLE "x" ("id" text); CREATE INDEX "session_userId_idx" ON "x" ("id")`)
		m := open(t, wrap(drv), sqltest.Schema(t)).(adapter.Migrator)
		if err := m.Migrate(t.Context()); err == nil {
			t.Fatalf("%s: an index of the same name was there", name)
		}
		if plan, err := m.Plan(t.Context()); err != nil || len(plan) != 4 {
			t.Fatal(name, plan, err)
		}
		run(t, drv.DB(), `DROP TABLE "x"`)
		if err := m.Migrate(t.Context()); err != nil {
			t.Fatal(name, err)
		}
	}
}

func TestAddsColumnsAndGivesAdvice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, openDriver func(t testing.TB) *entsql.Driver) {
		drv := openDriver(t)
		earlier, err := schema.New(schema.IDString, []schema.Table{{Model: "verification", Fields: []schema.Field{
			{Name: "expiresAt", Type: schema.Date},
		}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if name := drv.Dialect(); name == dialect.SQLite {
			run(t, drv.DB(), "CREATE TABLE verification (id text PRIMARY KEY, \"expiresAt\" date)")
		} else {
			run(t, drv.DB(), "CREATE TABLE verification (id varchar(36) PRIMARY KEY, "+entsql.Dialect(name).String(func(b *entsql.Builder) { b.Ident("expiresAt") })+" timestamp)")
		}
		advice, err := migrated(t, drv, earlier).(adapter.Advisor).Advice(t.Context())
		if err != nil || len(advice) != 1 {
			t.Fatal(advice, err)
		}
		later, err := schema.New(schema.IDString, []schema.Table{{Model: "verification", Fields: []schema.Field{
			{Name: "expiresAt", Type: schema.Date}, {Name: "value", Type: schema.String, Index: true, Default: schema.Value("x")},
		}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		a := migrated(t, drv, later)
		add(t, a, "verification", adapter.Record{"id": "1", "expiresAt": noon, "value": "v"})
		if rec, err := a.FindOne(t.Context(), adapter.Find{Model: "verification", Where: adapter.By("value", "v")}); err != nil || rec["expiresAt"].(interface{ IsZero() bool }).IsZero() {
			t.Error(rec, err)
		}
	})
}
