package gormadapter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	gormmysql "gorm.io/driver/mysql"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/suites/adopttest"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// modelTables have every kind of field and relation.
func modelTables() []schema.Table {
	tables := adopttest.Tables()
	user := &tables[0]
	user.Fields = append(user.Fields,
		schema.Field{Name: "plan", Type: schema.String, Default: schema.Value("free")},
		schema.Field{Name: "motto", Type: schema.String, Default: schema.Value("a (b); c")},
		schema.Field{Name: "credits", Type: schema.Number, Default: schema.Value(10)},
		schema.Field{Name: "locale", Type: schema.String, Sortable: true, Default: schema.Value("null")},
		schema.Field{Name: "secret", Type: schema.String, Optional: true, Hidden: true},
		schema.Field{Name: "tableName", Type: schema.String, Optional: true},
		schema.Field{Name: "user_id", Type: schema.String, Optional: true},
		schema.Field{Name: "userId", Type: schema.String, Optional: true},
	)
	tables = append(tables,
		schema.Table{Model: "team", Fields: []schema.Field{
			{Name: "name", Type: schema.String},
			{Name: "parentId", Type: schema.String, Optional: true, References: &schema.Reference{Model: "team", OnDelete: "set null"}},
			{Name: "ownerId", Type: schema.String, Unique: true, References: &schema.Reference{Model: "user", OnDelete: "restrict"}},
			{Name: "createdBy", Type: schema.String, Optional: true, Index: true, References: &schema.Reference{Model: "user", OnDelete: "no action"}},
			{Name: "contact", Type: schema.String, Optional: true, References: &schema.Reference{Model: "user", Field: "email"}},
		}, Unique: [][]string{{"ownerId", "name"}}},
		schema.Table{Model: "tables"},
	)
	return tables
}

// renamed gives every table and column another name.
func renamed(tables []schema.Table) []schema.Table {
	for i := range tables {
		t := &tables[i]
		t.Name = "auth_" + strings.ToLower(t.Model)
		for j := range t.Fields {
			t.Fields[j].Column = fmt.Sprintf("c%d_%s", j, strings.ToLower(t.Fields[j].Name))
		}
	}
	return tables
}

var modelSchemas = map[string]*schema.Schema{
	"strings":  must(schema.New(schema.IDString, modelTables(), nil)),
	"serials":  must(schema.New(schema.IDSerial, modelTables(), nil)),
	"uuids":    must(schema.New(schema.IDUUID, modelTables(), nil)),
	"renamed":  must(schema.New(schema.IDString, renamed(modelTables()), nil)),
	"renumber": must(schema.New(schema.IDSerial, renamed(modelTables()), nil)),
}

// modelsProgram migrates a database with the models of one package and prints a
// session with its user as it reads them.
const modelsProgram = `package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"gorm.io/driver/mysql"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/advantch/kernia-go/gormadapter"
IMPORTS
)

var tables = map[string]func() []any{TABLES}
var rows = map[string]func(db *gorm.DB) (any, any, error){ROWS}

// recorder keeps the statements that change tables.
type recorder struct {
	logger.Interface
	list []string
}

func (r *recorder) Trace(_ context.Context, _ time.Time, fc func() (string, int64), _ error) {
	if text, _ := fc(); strings.HasPrefix(text, "ALTER") || strings.HasPrefix(text, "CREATE") {
		r.list = append(r.list, text)
	}
}

func main() {
	step, dialect, name, dsn := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	seen := &recorder{Interface: logger.Discard}
	db, err := open(dialect, dsn)
	if err != nil {
		log.Fatal(err)
	}
	db.Logger = seen
	name = dialect + "_" + name
	if step == "read" {
		session, user, err := rows[name](db)
		if err != nil {
			log.Fatal(err)
		}
		if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"session": session, "user": user}); err != nil {
			log.Fatal(err)
		}
		return
	}
	if dialect == "mysql" {
		db = db.Set("gorm:table_options", " collate utf8mb4_bin")
	}
	if err := db.AutoMigrate(tables[name]()...); err != nil {
		log.Fatal(err)
	}
	made := len(seen.list)
	if err := db.AutoMigrate(tables[name]()...); err != nil {
		log.Fatal("again: ", err)
	}
	fmt.Println(strings.Join(seen.list[made:], "\n"))
}

func open(dialect, dsn string) (*gorm.DB, error) {
	switch dialect {
	case "postgres":
		return gorm.Open(postgres.Open(dsn), &gorm.Config{})
	case "mysql":
		return gorm.Open(mysql.Open(dsn), &gorm.Config{})
	}
	return gormadapter.SQLite(dsn)
}
`

// buildModels writes the models of every schema and dialect and builds the
// program with them. They reach the compiler by an overlay, so that no file is
// made in the module.
func buildModels(t *testing.T) (binary string) {
	t.Helper()
	dir := t.TempDir()
	module, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	overlay := map[string]string{}
	put := func(path string, content []byte) {
		file := filepath.Join(dir, fmt.Sprintf("%d.go", len(overlay)))
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		overlay[filepath.Join(module, "testdata", "models", path)] = file
	}
	var imports, tables, rows strings.Builder
	for _, dialect := range []schema.Dialect{schema.SQLite, schema.Postgres, schema.MySQL} {
		for name, s := range modelSchemas {
			pkg := string(dialect) + "_" + name
			var file bytes.Buffer
			if err := Models(&file, dialect, s, pkg); err != nil {
				t.Fatal(err)
			}
			put(filepath.Join(pkg, "models.go"), file.Bytes())
			fmt.Fprintf(&imports, "\t%q\n", "github.com/advantch/kernia-go/gormadapter/testdata/models/"+pkg)
			fmt.Fprintf(&tables, "\t%q: %s.Tables,\n", pkg, pkg)
			fmt.Fprintf(&rows, "\t%q: func(db *gorm.DB) (any, any, error) {\n\t\tvar s %s.Session\n"+
				"\t\terr := db.Preload(\"User\").First(&s).Error\n\t\treturn s, s.User, err\n\t},\n", pkg, pkg)
		}
	}
	main := strings.NewReplacer("IMPORTS", imports.String(), "{TABLES}", "{\n"+tables.String()+"}", "{ROWS}", "{\n"+rows.String()+"}").Replace(modelsProgram)
	put("main.go", []byte(main))
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), list, 0o600); err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(dir, "models.exe")
	tool(t, "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, "./testdata/models")
	return binary
}

// tool runs a command and returns what it prints.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := osexec.CommandContext(t.Context(), name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), args[0], err, stderr.Bytes())
	}
	return string(out)
}

func TestModels(t *testing.T) {
	t.Parallel()
	if _, err := osexec.LookPath("go"); err != nil {
		t.Skip("the generated models were not compiled: there is no go command")
	}
	binary := buildModels(t)
	for name, s := range modelSchemas {
		everyFileOrServer(t, name+"/AutoMigrate", func(t *testing.T, db *gorm.DB) {
			dialect, dsn := address(t, db)
			for again := range strings.Lines(tool(t, binary, "migrate", dialect, name, dsn)) {
				if again = strings.TrimSpace(again); again != "" && !harmless(again) {
					t.Errorf("a second AutoMigrate changes what the first made: %s", again)
				}
			}
			a := open(t, db, s)
			if p := plan(t, a); len(p) != 0 {
				t.Errorf("what AutoMigrate made is not complete: %v", p)
			}
			if advice, err := a.(adapter.Advisor).Advice(t.Context()); err != nil || len(advice) != 0 {
				t.Error(advice, err)
			}
			readByModels(t, a, s, func() string { return tool(t, binary, "read", dialect, name, dsn) })
			references(t, a)
		})
		everyFileOrServer(t, name+"/Migrate", func(t *testing.T, db *gorm.DB) {
			dialect, dsn := address(t, db)
			a := migrated(t, db, s)
			readByModels(t, a, s, func() string { return tool(t, binary, "read", dialect, name, dsn) })
		})
	}
}

// harmless reports statements that GORM sends at every start: it does not recognise
// JSON columns of MariaDB and defaults that are expressions, and sets them again.
func harmless(text string) bool {
	return strings.HasPrefix(text, "ALTER TABLE") && (strings.HasSuffix(text, " json") || strings.Contains(text, " DEFAULT ('"))
}

func everyFileOrServer(t *testing.T, name string, test func(t *testing.T, db *gorm.DB)) {
	t.Run(name+"/sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, file(t))
	})
	for _, s := range servers {
		t.Run(name+"/"+s.name, func(t *testing.T) {
			t.Parallel()
			test(t, s.open(t, s.dsn(t)))
		})
	}
}

// address is how another process opens the database.
func address(t *testing.T, db *gorm.DB) (dialect, dsn string) {
	t.Helper()
	switch d := db.Dialector.(type) {
	case *gormpostgres.Dialector:
		return d.Name(), d.DSN
	case *gormmysql.Dialector:
		return d.Name(), d.DSN + "&parseTime=true"
	}
	var path string
	if err := db.Raw("SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path).Error; err != nil {
		t.Fatal(err)
	}
	return "sqlite", path
}

// readByModels writes a user and a session and compares what the models read.
func readByModels(t *testing.T, a adapter.Adapter, s *schema.Schema, read func() string) {
	t.Helper()
	ids := map[schema.IDKind][2]string{
		schema.IDString: {"u1", "s1"}, schema.IDSerial: {"1", "1"},
		schema.IDUUID: {"6f3c1f0a-1d8e-4b3a-9c55-0a1b2c3d4e5f", "0b9f7c52-63cf-4f55-8a6b-5e4d3c2b1a00"},
	}[s.IDs]
	create := func(model string, rec adapter.Record, id string) {
		t.Helper()
		if s.IDs != schema.IDSerial {
			rec["id"] = id
		}
		if got, err := a.Create(t.Context(), model, rec); err != nil || got["id"] != id {
			t.Fatal(model, got, err)
		}
	}
	create("user", adapter.Record{
		"name": "Zoë", "email": "z@example.com", "emailVerified": true, "createdAt": noon, "updatedAt": noon,
		"tags": []string{"a", "ü"}, "scores": []float64{1, 2.5}, "prefs": json.RawMessage(`{"a":[1,null]}`), "height": 1.5,
		"serial": int64(1 << 40), "plan": "pro", "motto": "", "credits": int64(0), "locale": "de", "secret": "hidden",
	}, ids[0])
	create("session", adapter.Record{
		"token": "t", "expiresAt": noon, "createdAt": noon, "updatedAt": noon, "ipAddress": "::1", "userId": ids[0],
	}, ids[1])
	var got, want struct{ Session, User map[string]any }
	decode := func(text string, into any) {
		t.Helper()
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(into); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	decode(read(), &got)
	id := func(i int) string {
		if s.IDs == schema.IDSerial {
			return ids[i]
		}
		return `"` + ids[i] + `"`
	}
	at := noon.Format(`"2006-01-02T15:04:05.999Z07:00"`)
	decode(`{"session":{"id":`+id(1)+`,"expiresAt":`+at+`,"token":"t","createdAt":`+at+`,"updatedAt":`+at+
		`,"ipAddress":"::1","userAgent":null,"userId":`+id(0)+`,"impersonatedBy":null},
		"user":{"id":`+id(0)+`,"name":"Zoë","email":"z@example.com","emailVerified":true,"image":null,"createdAt":`+at+
		`,"updatedAt":`+at+`,"role":null,"banned":null,"banReason":null,"banExpires":null,"tags":["a","ü"],"scores":[1,2.5],
		"prefs":{"a":[1,null]},"height":1.5,"serial":1099511627776,"plan":"pro","motto":"","credits":0,"locale":"de",
		"tableName":null,"user_id":null,"userId":null}}`, &want)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%v\nwant\n%v", got, want)
	}
}

// references checks foreign keys, and keys of several columns.
func references(t *testing.T, a adapter.Adapter) {
	t.Helper()
	users, err := a.FindMany(t.Context(), adapter.Find{Model: "user"})
	if err != nil || len(users) != 1 {
		t.Fatal(users, err)
	}
	team := adapter.Record{"name": "A", "ownerId": users[0]["id"]}
	if a, ok := a.(*store); !ok || a.schema.IDs != schema.IDSerial {
		team["id"] = users[0]["id"]
	}
	first, err := a.Create(t.Context(), "team", team)
	if err != nil {
		t.Fatal(err)
	}
	where := adapter.By("id", users[0]["id"])
	if err := a.Delete(t.Context(), "user", where); !errors.Is(err, sqlcodec.ErrForeignKey) {
		t.Errorf("on delete restrict: %v", err)
	}
	if _, err := a.Update(t.Context(), "team", adapter.By("id", first["id"]), adapter.Record{"parentId": first["id"]}); err != nil {
		t.Fatal(err)
	}
	if err := a.Delete(t.Context(), "team", adapter.By("id", first["id"])); err != nil {
		t.Fatal(err)
	}
	if err := a.Delete(t.Context(), "user", where); err != nil {
		t.Fatal(err)
	}
	if n, err := a.Count(t.Context(), "session", nil); err != nil || n != 0 {
		t.Errorf("on delete cascade: %d, %v", n, err)
	}
}

func TestModelsRefuse(t *testing.T) {
	t.Parallel()
	s := modelSchemas["strings"]
	if err := Models(io.Discard, schema.SQLite, s, "my-models"); err == nil {
		t.Error("a package name that is none")
	}
	if err := Models(io.Discard, "oracle", s, "models"); !errors.Is(err, ErrDialect) {
		t.Errorf("another dialect: %v", err)
	}
}
