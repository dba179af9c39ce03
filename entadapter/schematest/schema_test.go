package schematest

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/entc"
	"entgo.io/ent/entc/gen"
	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/entadapter"
)

const module = "github.com/advantch/kernia-go/entadapter/schematest"

var noon = time.Date(2026, 1, 1, 12, 0, 0, 123e6, time.UTC)

// tables have every kind of field and relation.
func tables() []schema.Table {
	user := &schema.Reference{Model: "user"}
	return []schema.Table{
		{Model: "user", Fields: []schema.Field{
			{Name: "name", Type: schema.String, Sortable: true},
			{Name: "email", Type: schema.String, Unique: true, Sortable: true},
			{Name: "emailVerified", Type: schema.Boolean, Default: schema.Value(false)},
			{Name: "image", Type: schema.String, Optional: true},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
			{Name: "updatedAt", Type: schema.Date, Default: schema.Now, OnUpdate: schema.Now},
			{Name: "banned", Type: schema.Boolean, Optional: true},
			{Name: "banExpires", Type: schema.Date, Optional: true},
			{Name: "tags", Type: schema.StringArray, Optional: true},
			{Name: "scores", Type: schema.NumberArray, Optional: true},
			{Name: "prefs", Type: schema.JSON, Optional: true, Hidden: true},
			{Name: "height", Type: schema.Number, Optional: true},
			{Name: "serial", Type: schema.Number, BigInt: true, Optional: true, Unique: true},
			{Name: "plan", Type: schema.String, Default: schema.Value("free")},
			{Name: "credits", Type: schema.Number, Default: schema.Value(10)},
			{Name: "rate", Type: schema.Number, Default: schema.Value(0.5)},
			{Name: "secret", Type: schema.String, Optional: true, Hidden: true},
			{Name: "type", Type: schema.String, Optional: true},
			{Name: "edges", Type: schema.String, Optional: true},
			{Name: "user_id", Type: schema.String, Optional: true},
			{Name: "userId", Type: schema.String, Optional: true},
		}},
		{Model: "session", Fields: []schema.Field{
			{Name: "expiresAt", Type: schema.Date},
			{Name: "token", Type: schema.String, Unique: true},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
			{Name: "updatedAt", Type: schema.Date, OnUpdate: schema.Now},
			{Name: "ipAddress", Type: schema.String, Optional: true},
			{Name: "userId", Type: schema.String, Index: true, References: user},
		}},
		{Model: "account", Fields: []schema.Field{
			{Name: "accountId", Type: schema.String},
			{Name: "providerId", Type: schema.String},
			{Name: "userId", Type: schema.String, Index: true, References: user},
			{Name: "password", Type: schema.String, Optional: true, Hidden: true},
		}},
		{Model: "verification", Fields: []schema.Field{
			{Name: "identifier", Type: schema.String, Index: true},
			{Name: "value", Type: schema.String},
			{Name: "expiresAt", Type: schema.Date},
		}},
		{Model: "rateLimit", Fields: []schema.Field{
			{Name: "key", Type: schema.String, Unique: true},
			{Name: "count", Type: schema.Number},
			{Name: "lastRequest", Type: schema.Number, BigInt: true},
		}},
		{Model: "team", Fields: []schema.Field{
			{Name: "name", Type: schema.String},
			{Name: "parentId", Type: schema.String, Optional: true, References: &schema.Reference{Model: "team", OnDelete: "set null"}},
			{Name: "ownerId", Type: schema.String, Unique: true, References: &schema.Reference{Model: "user", OnDelete: "restrict"}},
			{Name: "createdBy", Type: schema.String, Optional: true, Index: true, References: &schema.Reference{Model: "user", OnDelete: "no action"}},
			{Name: "contact", Type: schema.String, Optional: true, References: &schema.Reference{Model: "user", Field: "email"}},
		}, Unique: [][]string{{"ownerId", "name"}}},
		{Model: "query"}, // a name of ent's
	}
}

// renamed gives every table and column another name.
func renamed() []schema.Table {
	all := tables()
	for i := range all {
		t := &all[i]
		t.Name = "auth_" + strings.ToLower(t.Model)
		for j := range t.Fields {
			t.Fields[j].Column = fmt.Sprintf("c%d_%s", j, strings.ToLower(t.Fields[j].Name))
		}
	}
	return all
}

var schemas = map[string]*schema.Schema{
	"texts":   must(schema.New(schema.IDString, tables(), nil)),
	"uuids":   must(schema.New(schema.IDUUID, tables(), nil)),
	"renamed": must(schema.New(schema.IDSerial, renamed(), nil)),
}

func must(s *schema.Schema, err error) *schema.Schema {
	if err != nil {
		panic(err)
	}
	return s
}

// program migrates a database by ent, and reads and writes with its client.
const program = `package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/advantch/kernia-go/entadapter"
IMPORTS
)

var ctx = context.Background()

var steps = map[string]func(drv *entsql.Driver, step string) (any, error){
STEPS}

func main() {
	drv, err := open(os.Args[3], os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	out, err := steps[os.Args[2]](drv, os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		log.Fatal(err)
	}
}

func open(name, dsn string) (*entsql.Driver, error) {
	if name == dialect.SQLite {
		return entadapter.SQLite(dsn)
	}
	driver := map[string]string{dialect.Postgres: "pgx", dialect.MySQL: "mysql"}[name]
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, err
	}
	return entsql.OpenDB(name, db), nil
}
`

const step = `	NAME: func(drv *entsql.Driver, step string) (any, error) {
		client := PKG.NewClient(PKG.Driver(drv))
		switch step {
		case "migrate":
			for range 2 {
				if err := client.Schema.Create(ctx); err != nil {
					return nil, err
				}
			}
			return nil, nil
		case "write":
			create := client.User.Create().SetName("Bob").SetEmail("bob@example.com").SetTags([]string{"x"})
			if id := ID; fmt.Sprint(id) != "0" {
				create.SetID(id)
			}
			return create.Save(ctx)
		}
		return client.Session.Query().WithUser().Only(ctx)
	},
`

// generate runs ent's generator for every schema and builds the program.
func generate(t *testing.T) (binary string) {
	t.Helper()
	root, err := os.MkdirTemp(".", "generated")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	var imports, steps strings.Builder
	for name, s := range schemas {
		files := filepath.Join(root, name, "schema")
		for range 2 { // the second writes over its own files
			if err := entadapter.Schema(files, s); err != nil {
				t.Fatal(err)
			}
		}
		pkg := module + "/" + filepath.Base(root) + "/" + name
		config := &gen.Config{Target: filepath.Join(root, name), Package: pkg}
		runEnt(t, files, config)
		fmt.Fprintf(&imports, "\t%s %q\n", name, pkg)
		id := map[schema.IDKind]string{
			schema.IDString: `"u9"`, schema.IDSerial: "int32(0)", schema.IDUUID: `"6f3c1f0a-1d8e-4b3a-9c55-0a1b2c3d4e99"`,
		}[s.IDs]
		steps.WriteString(strings.NewReplacer("NAME", fmt.Sprintf("%q", name), "PKG", name, "ID;", id+";", "WithUser", "WithUser").Replace(step))
	}
	main := strings.NewReplacer("IMPORTS", imports.String(), "STEPS", steps.String()).Replace(program)
	if err := os.WriteFile(filepath.Join(root, "main.go"), []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(t.TempDir(), "ent.exe")
	run(t, "go", "build", "-o", binary, "./"+root)
	return binary
}

// oneGenerator lets one generator run at a time: ent's appends to slices that all its
// runs in a process share, so two at once write functions twice.
var oneGenerator sync.Mutex

func runEnt(t *testing.T, schemas string, config *gen.Config) {
	t.Helper()
	oneGenerator.Lock()
	defer oneGenerator.Unlock()
	if err := entc.Generate("./"+schemas, config); err != nil {
		t.Fatalf("%s: %v", schemas, err)
	}
}

// run runs a command and returns what it prints.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), args[0], err, stderr.Bytes())
	}
	return string(out)
}

func TestSchema(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("ent's generator was not run: there is no go command")
	}
	binary := generate(t)
	for name, s := range schemas {
		everyDatabase(t, name, func(t *testing.T, d database) {
			run(t, binary, "migrate", name, d.dialect, d.dsn)
			a, err := entadapter.New(d.driver).Open(s)
			if err != nil {
				t.Fatal(err)
			}
			if plan, err := a.(adapter.Migrator).Plan(t.Context()); err != nil || len(plan) != 0 {
				t.Fatalf("what ent made is not complete: %v, %v", plan, err)
			}
			if advice, err := a.(adapter.Advisor).Advice(t.Context()); err != nil || len(advice) != 0 {
				t.Error(advice, err)
			}
			readByEnt(t, a, s.IDs, func() string { return run(t, binary, "read", name, d.dialect, d.dsn) })
			run(t, binary, "write", name, d.dialect, d.dsn)
			bob, err := a.FindOne(t.Context(), adapter.Find{Model: "user", Where: adapter.By("email", "bob@example.com")})
			if err != nil || bob["emailVerified"] != false || bob["plan"] != "free" || bob["credits"] != int64(10) || bob["rate"] != 0.5 ||
				!reflect.DeepEqual(bob["tags"], []string{"x"}) || bob["image"] != nil || time.Since(bob["createdAt"].(time.Time)) > time.Hour {
				t.Error(bob, err)
			}
			references(t, a, s.IDs)
		})
	}
}

func ids(kind schema.IDKind) (user, session string) {
	switch kind {
	case schema.IDSerial:
		return "1", "1"
	case schema.IDUUID:
		return "6f3c1f0a-1d8e-4b3a-9c55-0a1b2c3d4e5f", "0b9f7c52-63cf-4f55-8a6b-5e4d3c2b1a00"
	}
	return "u1", "s1"
}

func create(t *testing.T, a adapter.Adapter, kind schema.IDKind, model, id string, rec adapter.Record) {
	t.Helper()
	if kind != schema.IDSerial {
		rec["id"] = id
	}
	if got, err := a.Create(t.Context(), model, rec); err != nil || got["id"] != id {
		t.Fatal(model, got, err)
	}
}

// readByEnt writes a user and a session and compares what ent's client reads.
func readByEnt(t *testing.T, a adapter.Adapter, kind schema.IDKind, read func() string) {
	t.Helper()
	user, session := ids(kind)
	create(t, a, kind, "user", user, adapter.Record{
		"name": "Zoë", "email": "z@example.com", "emailVerified": true, "createdAt": noon, "updatedAt": noon,
		"tags": []string{"a", "ü"}, "scores": []float64{1, 2.5}, "prefs": json.RawMessage(`{"a":1}`), "height": 1.5,
		"serial": int64(1 << 40), "plan": "pro", "credits": int64(3), "rate": 0.25, "secret": "hidden", "type": "x",
	})
	create(t, a, kind, "session", session, adapter.Record{
		"token": "t", "expiresAt": noon, "createdAt": noon, "updatedAt": noon, "ipAddress": "::1", "userId": user,
	})
	var got map[string]any
	if err := json.Unmarshal([]byte(read()), &got); err != nil {
		t.Fatal(err)
	}
	edges, _ := got["edges"].(map[string]any)
	owner, _ := edges["user"].(map[string]any)
	for field, want := range map[string]any{"token": "t", "ip_address": "::1"} {
		if got[field] != want {
			t.Errorf("session.%s is %v", field, got[field])
		}
	}
	for field, want := range map[string]any{
		"name": "Zoë", "email": "z@example.com", "email_verified": true, "image": nil, "banned": nil, "height": 1.5,
		"serial": float64(1 << 40), "plan": "pro", "credits": 3.0, "rate": 0.25, "secret": nil, "type": "x",
	} {
		if owner[field] != want {
			t.Errorf("user.%s is %v", field, owner[field])
		}
	}
	if at, err := time.Parse(time.RFC3339, fmt.Sprint(owner["created_at"])); err != nil || !at.Equal(noon) {
		t.Errorf("user.created_at is %v", owner["created_at"])
	}
	if !reflect.DeepEqual(owner["tags"], []any{"a", "ü"}) || !reflect.DeepEqual(owner["scores"], []any{1.0, 2.5}) {
		t.Errorf("lists are %v and %v", owner["tags"], owner["scores"])
	}
}

func references(t *testing.T, a adapter.Adapter, kind schema.IDKind) {
	t.Helper()
	user, id := ids(kind)
	create(t, a, kind, "team", id, adapter.Record{"name": "A", "ownerId": user})
	if err := a.Delete(t.Context(), "user", adapter.By("id", user)); err == nil {
		t.Error("the owner of a team went")
	}
	if _, err := a.Update(t.Context(), "team", adapter.By("id", id), adapter.Record{"parentId": id}); err != nil {
		t.Error(err)
	}
	if err := a.Delete(t.Context(), "team", adapter.By("id", id)); err != nil {
		t.Error(err)
	}
	if err := a.Delete(t.Context(), "user", adapter.By("id", user)); err != nil {
		t.Error(err)
	}
	if n, err := a.Count(t.Context(), "session", nil); err != nil || n != 0 {
		t.Errorf("%d sessions outlived their user, %v", n, err)
	}
}

// database is an empty database, as this process and another open it.
type database struct {
	dialect, dsn string
	driver       *entsql.Driver
}

func everyDatabase(t *testing.T, name string, test func(t *testing.T, d database)) {
	for _, kind := range []struct {
		dialect, env string
		open         func(t *testing.T, dsn string) database
	}{
		{dialect.SQLite, "", file}, {dialect.Postgres, "KERNIA_TEST_POSTGRES_DSN", postgres}, {dialect.MySQL, "KERNIA_TEST_MYSQL_DSN", mysql},
	} {
		t.Run(name+"/"+kind.dialect, func(t *testing.T) {
			t.Parallel()
			dsn := ""
			if kind.env != "" {
				if dsn = os.Getenv(kind.env); dsn == "" {
					t.Skipf("%s was not tested: set %s to a DSN whose account may create schemas or databases", kind.dialect, kind.env)
				}
			}
			test(t, kind.open(t, dsn))
		})
	}
}

func file(t *testing.T, _ string) database {
	path := filepath.Join(t.TempDir(), "auth.db")
	drv, err := entadapter.SQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { drv.Close() })
	return database{dialect.SQLite, path, drv}
}

func postgres(t *testing.T, dsn string) database {
	admin, name := connect(t, "pgx", dsn), scratch()
	execute(t, admin, "CREATE SCHEMA "+name)
	t.Cleanup(func() { execute(t, admin, "DROP SCHEMA "+name+" CASCADE") })
	glue := " search_path="
	switch {
	case strings.Contains(dsn, "?"):
		glue = "&search_path="
	case strings.Contains(dsn, "://"):
		glue = "?search_path="
	}
	dsn += glue + name
	return database{dialect.Postgres, dsn, entsql.OpenDB(dialect.Postgres, connect(t, "pgx", dsn))}
}

func mysql(t *testing.T, dsn string) database {
	admin, name := connect(t, "mysql", dsn), scratch()
	execute(t, admin, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4")
	t.Cleanup(func() { execute(t, admin, "DROP DATABASE "+name) })
	address, rest, _ := strings.Cut(dsn, "/")
	_, query, _ := strings.Cut(rest, "?")
	dsn = address + "/" + name + "?parseTime=true&time_zone=%27%2B00%3A00%27&" + query
	return database{dialect.MySQL, dsn, entsql.OpenDB(dialect.MySQL, connect(t, "mysql", dsn))}
}

func scratch() string { return "kernia_" + strings.ToLower(rand.Text()[:16]) }

func connect(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(2)
	t.Cleanup(func() { db.Close() })
	return db
}

func execute(t *testing.T, db *sql.DB, text string) {
	t.Helper()
	if _, err := db.Exec(text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}
