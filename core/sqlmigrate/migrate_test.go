package sqlmigrate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/sqlcodec"
)

// fake is a database that answers the queries of a plan from lists, and keeps
// what it is told to run.
type fake struct {
	columns, indexes [][]string
	ran              []string
	broken           string // a statement that fails
}

var errBroken = errors.New("broken")

func (f *fake) Exec(_ context.Context, text string) error {
	f.ran = append(f.ran, text)
	if f.broken != "" && strings.HasPrefix(text, f.broken) {
		return errBroken
	}
	return nil
}

func (f *fake) Query(_ context.Context, text string) (sqlcodec.Rows, error) {
	switch {
	case strings.Contains(text, "information_schema.collations"):
		return &rows{list: [][]string{{"utf8mb4_0900_bin"}, {"utf8mb4_bin"}}}, nil
	case strings.Contains(text, "index_list"), strings.Contains(text, "pg_index"), strings.Contains(text, "statistics"):
		return &rows{list: f.indexes}, nil
	}
	return &rows{list: f.columns}, nil
}

type rows struct {
	list [][]string
	at   int
}

func (r *rows) Next() bool   { r.at++; return r.at <= len(r.list) }
func (r *rows) Err() error   { return nil }
func (r *rows) Close() error { return nil }
func (r *rows) Scan(dest ...any) error {
	for i, d := range dest {
		*d.(*string) = r.list[r.at-1][i]
	}
	return nil
}

func tables(t *testing.T, ids schema.IDKind) *schema.Schema {
	t.Helper()
	s, err := schema.New(ids, []schema.Table{
		{Model: "user", Fields: []schema.Field{
			{Name: "email", Type: schema.String, Unique: true},
			{Name: "ok", Type: schema.Boolean, Default: schema.Value(false)},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
			{Name: "tags", Type: schema.StringArray, Optional: true},
			{Name: "serial", Type: schema.Number, BigInt: true, Optional: true},
		}},
		{Model: "account", Name: "auth", Fields: []schema.Field{
			{Name: "providerId", Column: "provider", Type: schema.String},
			{Name: "accountId", Type: schema.String},
			{Name: "userId", Type: schema.String, Index: true, References: &schema.Reference{Model: "user", OnDelete: "restrict"}},
			{Name: "size", Type: schema.Number},
		}, Unique: [][]string{{"userId", "providerId"}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func statements(changes []adapter.Change) []string {
	out := make([]string, len(changes))
	for i, c := range changes {
		out[i] = c.SQL
	}
	return out
}

func TestPlanOfAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		dialect sqlcodec.Dialect
		ids     schema.IDKind
		want    []string
	}{
		{sqlcodec.SQLite, schema.IDString, []string{
			`create table "user" ("id" text not null primary key, "email" text not null unique, "ok" integer not null, "createdAt" date not null, "tags" text, "serial" bigint)`,
			`create table "auth" ("id" text not null primary key, "provider" text not null, "accountId" text not null, "userId" text not null references "user" ("id") on delete restrict, "size" integer not null)`,
			`create index "auth_userId_idx" on "auth" ("userId")`,
			`create unique index "auth_userId_provider_uidx" on "auth" ("userId", "provider")`,
			`create index "auth_provider_accountId_idx" on "auth" ("provider", "accountId")`,
		}},
		{sqlcodec.Postgres, schema.IDUUID, []string{
			`create table "user" ("id" uuid default pg_catalog.gen_random_uuid() not null primary key, "email" text not null unique, "ok" boolean not null, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "tags" jsonb, "serial" bigint)`,
			`create table "auth" ("id" uuid default pg_catalog.gen_random_uuid() not null primary key, "provider" text not null, "accountId" text not null, "userId" uuid not null references "user" ("id") on delete restrict, "size" double precision not null)`,
			`create index "auth_userId_idx" on "auth" ("userId")`,
			`create unique index "auth_userId_provider_uidx" on "auth" ("userId", "provider")`,
			`create index "auth_provider_accountId_idx" on "auth" ("provider", "accountId")`,
		}},
		{sqlcodec.MySQL, schema.IDSerial, []string{
			"create table `user` (`id` integer not null primary key auto_increment, `email` varchar(255) not null unique, `ok` boolean not null, `createdAt` datetime(3) default CURRENT_TIMESTAMP(3) not null, `tags` json, `serial` bigint) collate utf8mb4_0900_bin",
			"create table `auth` (`id` integer not null primary key auto_increment, `provider` mediumtext not null, `accountId` mediumtext not null, `userId` integer not null, `size` double not null, foreign key (`userId`) references `user` (`id`) on delete restrict) collate utf8mb4_0900_bin",
			"create index `auth_userId_idx` on `auth` (`userId`)",
			"create unique index `auth_userId_provider_uidx` on `auth` (`userId`, `provider`(191))",
			"create index `auth_provider_accountId_idx` on `auth` (`provider`(191), `accountId`(191))",
		}},
	} {
		plan, advice, err := New(c.dialect, tables(t, c.ids)).Plan(t.Context(), &fake{})
		if err != nil || len(advice) != 0 || !slices.Equal(statements(plan), c.want) {
			t.Errorf("%s: %v, %v\n%s", c.dialect, err, advice, strings.Join(statements(plan), "\n"))
		}
		if made := New(c.dialect, tables(t, c.ids)).Create("utf8mb4_0900_bin"); !slices.Equal(statements(made), c.want) {
			t.Errorf("%s without a database:\n%s", c.dialect, strings.Join(statements(made), "\n"))
		}
	}
	if text := New(sqlcodec.MySQL, tables(t, "")).Create("")[0].SQL; !strings.HasSuffix(text, " collate utf8mb4_bin") {
		t.Errorf("MySQL without a collation: %s", text)
	}
}

// earlier is a database of Better Auth's with two columns less. Names differ by case.
func earlier() *fake {
	return &fake{
		columns: [][]string{
			{"USER", "id", "latin1_bin"}, {"USER", "email", "latin1_bin"}, {"USER", "createdat", "latin1_bin"}, {"USER", "tags", "latin1_bin"}, {"USER", "serial", "latin1_bin"},
			{"auth", "id", ""}, {"auth", "provider", ""}, {"auth", "accountId", ""}, {"auth", "size", ""},
		},
		indexes: [][]string{{"auth", "mine", "provider"}, {"auth", "mine", "accountId"}, {"auth", "mine", "size"}},
	}
}

func TestPlanAddsWhatIsMissing(t *testing.T) {
	t.Parallel()
	for dialect, want := range map[sqlcodec.Dialect][]string{
		sqlcodec.SQLite: {
			`alter table "user" add column "ok" integer default 0 not null`,
			`alter table "auth" add column "userId" text references "user" ("id") on delete restrict`,
			`create index "auth_userId_idx" on "auth" ("userId")`,
			`create unique index "auth_userId_provider_uidx" on "auth" ("userId", "provider")`,
		},
		sqlcodec.MySQL: {
			"alter table `user` add column `ok` boolean default false not null",
			"alter table `auth` add column `userId` varchar(36), add foreign key (`userId`) references `user` (`id`) on delete restrict",
			"create index `auth_userId_idx` on `auth` (`userId`)",
			"create unique index `auth_userId_provider_uidx` on `auth` (`userId`, `provider`(191))",
		},
	} {
		plan, advice, err := New(dialect, tables(t, "")).Plan(t.Context(), earlier())
		if err != nil || len(advice) != 0 || !slices.Equal(statements(plan), want) {
			t.Errorf("%s: %v, %v\n%s", dialect, err, advice, strings.Join(statements(plan), "\n"))
		}
	}
}

func TestAdvice(t *testing.T) {
	t.Parallel()
	f := earlier()
	f.columns = append(f.columns, []string{"user", "ok", ""}, []string{"auth", "userId", ""})
	f.indexes = f.indexes[1:] // no longer begins with the right column
	plan, advice, err := New(sqlcodec.Postgres, tables(t, "")).Plan(t.Context(), f)
	if err != nil || len(plan) != 0 || len(advice) != 3 {
		t.Errorf("%v, %v, %v", plan, advice, err)
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	for dialect, lock := range map[sqlcodec.Dialect][2]string{
		sqlcodec.SQLite:   {},
		sqlcodec.Postgres: {"SELECT pg_advisory_xact_lock(5497002186734)"},
		sqlcodec.MySQL:    {"DO GET_LOCK(concat('kernia_migration_', md5(database())), 60)", "DO RELEASE_LOCK(concat('kernia_migration_', md5(database())))"},
	} {
		for _, broken := range []string{"", "create unique index"} {
			f := &fake{broken: broken}
			err := New(dialect, tables(t, "")).Apply(t.Context(), f)
			if (err == nil) != (broken == "") || err != nil && !errors.Is(err, errBroken) {
				t.Errorf("%s: %v", dialect, err)
			}
			if lock[0] != "" && f.ran[0] != lock[0] || lock[1] != "" && f.ran[len(f.ran)-1] != lock[1] {
				t.Errorf("%s: %q", dialect, f.ran)
			}
		}
	}
}
