package sqlmigrate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// fake is a database that answers the queries of a plan from lists, and keeps
// what it is told to run.
type fake struct {
	columns, indexes [][]string
	elsewhere        [][]string
	ran              []string
	broken           string // a statement that fails
	taken            bool   // another process migrates
	repeated         []string
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
	one := func(row ...string) (sqlcodec.Rows, error) { return &rows{list: [][]string{row}}, nil }
	switch {
	case strings.Contains(text, "IS_USED_LOCK"):
		return one("42")
	case strings.Contains(text, "GET_LOCK"), strings.Contains(text, "pg_advisory"):
		f.ran = append(f.ran, text)
		if f.taken {
			return one("0")
		}
		return one("1")
	case strings.Contains(text, "lock_wait_timeout"), strings.Contains(text, "current_setting"):
		return one("77")
	case strings.HasPrefix(text, "select count(*)"):
		if f.repeated != nil {
			return one(f.repeated...)
		}
		return one("0", "0")
	case strings.Contains(text, "as k"):
		return &rows{list: [][]string{{"Google", "2"}, {"credential", "1"}}}, nil
	case strings.Contains(text, "current_schemas"):
		return &rows{list: f.elsewhere}, nil
	case strings.Contains(text, "current_schema()::text"):
		return one("ada")
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
		*d.(*string) = ""
		if row := r.list[r.at-1]; i < len(row) {
			*d.(*string) = row[i]
		}
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
		}},
		{sqlcodec.Postgres, schema.IDUUID, []string{
			`create table "user" ("id" uuid default pg_catalog.gen_random_uuid() not null primary key, "email" text not null unique, "ok" boolean not null, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "tags" jsonb, "serial" bigint)`,
			`create table "auth" ("id" uuid default pg_catalog.gen_random_uuid() not null primary key, "provider" text not null, "accountId" text not null, "userId" uuid not null references "user" ("id") on delete restrict, "size" double precision not null)`,
			`create index "auth_userId_idx" on "auth" ("userId")`,
			`create unique index "auth_userId_provider_uidx" on "auth" ("userId", "provider")`,
		}},
		{sqlcodec.MySQL, schema.IDSerial, []string{
			"create table `user` (`id` integer not null primary key auto_increment, `email` varchar(255) not null unique, `ok` boolean not null, `createdAt` datetime(3) default CURRENT_TIMESTAMP(3) not null, `tags` json, `serial` bigint) collate utf8mb4_0900_bin",
			"create table `auth` (`id` integer not null primary key auto_increment, `provider` mediumtext not null, `accountId` mediumtext not null, `userId` integer not null, `size` double not null, foreign key (`userId`) references `user` (`id`) on delete restrict) collate utf8mb4_0900_bin",
			"create index `auth_userId_idx` on `auth` (`userId`)",
			"create unique index `auth_userId_provider_uidx` on `auth` (`userId`, `provider`(255))",
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
			{"USER", "id", "latin1_bin"}, {"USER", "email", "latin1_bin", "65535"}, {"USER", "createdat", "latin1_bin"}, {"USER", "tags", "latin1_bin"}, {"USER", "serial", "latin1_bin"},
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
			`create unique index "user_email_uidx" on "user" ("email")`,
			`create index "auth_userId_idx" on "auth" ("userId")`,
			`create unique index "auth_userId_provider_uidx" on "auth" ("userId", "provider")`,
		},
		sqlcodec.MySQL: {
			"alter table `user` add column `ok` boolean default false not null",
			"alter table `auth` add column `userId` varchar(36), add foreign key (`userId`) references `user` (`id`) on delete restrict",
			"create unique index `user_email_uidx` on `user` (`email`(255))",
			"create index `auth_userId_idx` on `auth` (`userId`)",
			"create unique index `auth_userId_provider_uidx` on `auth` (`userId`, `provider`(255))",
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
	f.indexes = [][]string{{"user", "email", "email", "unique"}, {"auth", "key", "provider", "unique"}}
	plan, advice, err := New(sqlcodec.Postgres, tables(t, "")).Plan(t.Context(), f)
	if want := `create index "auth_userId_idx" on "auth" ("userId")`; err != nil || len(plan) != 0 || !slices.Equal(statements(advice), []string{want}) {
		t.Errorf("%v, %v, %v", plan, advice, err)
	}
}

// TestOnlyAUniqueIndexServesAUniqueKey is about a table that is there already.
func TestOnlyAUniqueIndexServesAUniqueKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		indexes [][]string
		planned bool
	}{
		"none":                      {nil, true},
		"of these columns":          {[][]string{{"auth", "x", "userid", "unique"}, {"auth", "x", "provider", "unique"}}, false},
		"in another order":          {[][]string{{"auth", "x", "Provider", "unique"}, {"auth", "x", "userId", "unique"}}, false},
		"of one of them":            {[][]string{{"auth", "x", "provider", "unique"}}, false},
		"not unique":                {[][]string{{"auth", "x", "userId", ""}, {"auth", "x", "provider", ""}}, true},
		"of one column more":        {[][]string{{"auth", "x", "userId", "unique"}, {"auth", "x", "provider", "unique"}, {"auth", "x", "size", "unique"}}, true},
		"of an expression":          {[][]string{{"auth", "x", "", "unique"}, {"auth", "x", "provider", "unique"}}, true},
		"each column in one of two": {[][]string{{"auth", "x", "userId", ""}, {"auth", "y", "provider", ""}}, true},
	} {
		f := earlier()
		f.columns = append(f.columns, []string{"user", "ok", ""}, []string{"auth", "userId", ""})
		f.indexes = append(c.indexes, []string{"user", "email", "email", "unique"})
		plan, _, err := New(sqlcodec.SQLite, tables(t, "")).Plan(t.Context(), f)
		if err != nil || (len(plan) == 1) != c.planned || len(plan) > 1 {
			t.Errorf("%s: %v, %v", name, plan, err)
		}
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	const number = "SELECT '1' FROM pg_advisory_xact_lock(5497002186734 + hashtext(coalesce(current_schema(), '')))"
	for dialect, around := range map[sqlcodec.Dialect][2][]string{
		sqlcodec.SQLite:   {},
		sqlcodec.Postgres: {{"SET LOCAL lock_timeout = '1s'", number, "SET LOCAL lock_timeout = '400ms'"}, {"SET LOCAL lock_timeout = '77'"}},
		sqlcodec.MySQL: {
			{"SELECT coalesce(GET_LOCK(concat('kernia_migration_', md5(database())), 59), 0)", "SET SESSION lock_wait_timeout = 1"},
			{"DO RELEASE_LOCK(concat('kernia_migration_', md5(database())))", "SET SESSION lock_wait_timeout = 77"},
		},
	} {
		for _, broken := range []string{"", "create unique index"} {
			f := &fake{broken: broken}
			err := New(dialect, tables(t, "")).Apply(t.Context(), f)
			if (err == nil) != (broken == "") || err != nil && !errors.Is(err, errBroken) {
				t.Errorf("%s: %v", dialect, err)
			}
			before, after := around[0], around[1]
			if broken != "" && dialect == sqlcodec.Postgres {
				after = nil // its transaction takes no more statements
			}
			if len(f.ran) < 4 || !slices.Equal(f.ran[:len(before)], before) || !slices.Equal(f.ran[len(f.ran)-len(after):], after) {
				t.Errorf("%s: %q", dialect, f.ran)
			}
		}
	}
}

func TestNothingIsDoneWithoutTheLock(t *testing.T) {
	t.Parallel()
	f := &fake{taken: true}
	err := New(sqlcodec.MySQL, tables(t, "")).Apply(t.Context(), f)
	const want = "another process migrates this database (connection 42 of the server): wait for it, or end it, and migrate again"
	if err == nil || err.Error() != want || len(f.ran) != 2 {
		t.Errorf("%v, %q", err, f.ran)
	}
}

func TestDuplicatesAreCountedAndNothingIsDone(t *testing.T) {
	t.Parallel()
	s, err := schema.New("", []schema.Table{
		{Model: "user", Fields: []schema.Field{{Name: "email", Type: schema.String, Unique: true}}},
		{Model: "account", Name: "auth", Fields: []schema.Field{
			{Name: "providerId", Column: "provider", Type: schema.String}, {Name: "accountId", Type: schema.String},
		}, Unique: [][]string{{"providerId", "accountId"}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		indexes [][]string
		want    string
	}{
		{[][]string{{"auth", "x", "provider", "unique"}}, "the table \"user\" needs a unique key on (email), but 7 rows share 3 values: " +
			"remove the rows that are wrong and migrate again; this query lists the values: " +
			`select "email", count(*) as n from "user" where "email" is not null group by "email" having count(*) > 1`},
		{[][]string{{"user", "x", "email", "unique"}}, "the table \"auth\" needs a unique key on (provider, accountId), " +
			"but 7 rows share 3 values (of the providers Google 2, credential 1): " +
			"remove the rows that are wrong and migrate again; this query lists the values: " +
			`select "provider", "accountId", count(*) as n from "auth" where "provider" is not null and "accountId" is not null ` +
			`group by "provider", "accountId" having count(*) > 1`},
	} {
		f := &fake{
			columns: [][]string{{"user", "id"}, {"user", "email"}, {"auth", "id"}, {"auth", "provider"}, {"auth", "accountId"}},
			indexes: c.indexes, repeated: []string{"3", "7"},
		}
		err := New(sqlcodec.SQLite, s).Apply(t.Context(), f)
		if err == nil || err.Error() != c.want || !errors.Is(err, adapter.ErrUnique) || len(f.ran) != 0 {
			t.Errorf("%v\nwant %s\n%q", err, c.want, f.ran)
		}
	}
}

func TestTablesElsewhereAreNotHidden(t *testing.T) {
	t.Parallel()
	complete := [][]string{{"public", "user", "id"}, {"public", "auth", "id"}}
	for _, name := range []string{"email", "ok", "createdAt", "tags", "serial"} {
		complete = append(complete, []string{"public", "user", name})
	}
	for _, name := range []string{"provider", "accountId", "userId", "size"} {
		complete = append(complete, []string{"public", "auth", name})
	}
	m := New(sqlcodec.Postgres, tables(t, ""))
	_, _, err := m.Plan(t.Context(), &fake{elsewhere: complete})
	if err == nil || !strings.Contains(err.Error(), `"public"`) || !strings.Contains(err.Error(), `"ada"`) {
		t.Error(err)
	}
	for name, f := range map[string]*fake{
		"another application's user": {elsewhere: complete[:5]},
		"no account":                 {elsewhere: complete[:7]},
		"ours are here":              {elsewhere: complete, columns: [][]string{{"user", "id", ""}}},
	} {
		if plan, _, err := m.Plan(t.Context(), f); err != nil || len(plan) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
