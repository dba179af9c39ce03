// Package entschema generates the ent schema of the tables of a schema. It needs no ent, so that
// the command kernia can generate it too.
package entschema

import (
	"bytes"
	"fmt"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/gosource"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqlmigrate"
)

// Write writes the ent schema of a schema's tables into a directory, as entadapter.Schema
// describes it.
func Write(dir string, s *schema.Schema) error {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	files, err := schemaFiles(filepath.Base(absolute), s)
	if err != nil {
		return err
	}
	return gosource.Write(dir, files)
}

// schemaFiles makes the files of a package by their names.
func schemaFiles(pkg string, s *schema.Schema) (map[string][]byte, error) {
	if err := gosource.Package(pkg); err != nil {
		return nil, err
	}
	g := newGenerator(pkg, s)
	files := map[string][]byte{}
	add := func(name string) (err error) {
		files[name], err = gosource.File(&g.Buffer)
		g.Reset()
		return err
	}
	g.shared()
	if err := add("kernia.go"); err != nil {
		return nil, err
	}
	for i := range g.tables {
		t := &g.tables[i]
		g.table(t)
		if err := add(strings.ToLower(g.types[t.Model]) + ".go"); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// The dialects in the order in which a generated file gives their types.
var dialects = [...]sqlcodec.Dialect{sqlcodec.SQLite, sqlcodec.Postgres, sqlcodec.MySQL}

// generator writes one file after the other.
type generator struct {
	bytes.Buffer
	pkg    string
	ids    schema.IDKind
	tables []sqlmigrate.Table                   // as the first dialect has them
	in     [len(dialects)]map[string]columnList // model -> columns, by dialect
	types  map[string]string                    // model -> ent type
	fields map[string]map[string]string         // model -> logical field -> ent field
	edges  map[string][]edge                    // model -> edges, in order
}

type columnList struct {
	id      string
	columns []sqlmigrate.Column
	indexes []sqlmigrate.Index
}

// edge is one side of a foreign key.
type edge struct {
	name, to string // ent names
	inverse  string // the name of the other side
	column   *sqlmigrate.Column
	field    string // of the key; on the other side ""
}

// reserved are names of types that ent or Go keep for themselves. ent compares
// them in small letters too, as names of packages.
var reserved = strings.Fields(`AggregateFunc As Asc Client Config Count Debug Desc Driver Hook Interceptor Log MutateFunc
	Mutation Mutator Op Option OrderFunc Max Mean Min Schema Sum Policy Query Tx Value
	Any Bool Byte Comparable Complex64 Complex128 Error Float32 Float64 Int Int8 Int16 Int32 Int64 Rune String Uint Uint8
	Uint16 Uint32 Uint64 Uintptr True False Iota Nil Append Cap Clear Close Complex Copy Delete Imag Len Make New Panic
	Print Println Real Recover Kernia Ent Hooks Privacy Predicate Migrate Runtime Enttest Internal`)

func newGenerator(pkg string, s *schema.Schema) *generator {
	g := &generator{
		pkg: pkg, ids: s.IDs, types: map[string]string{}, fields: map[string]map[string]string{}, edges: map[string][]edge{},
	}
	for i, d := range dialects {
		tables := sqlmigrate.New(d, s).Tables()
		if i == 0 {
			g.tables = tables
		}
		g.in[i] = map[string]columnList{}
		for _, t := range tables {
			g.in[i][t.Model] = columnList{t.IDType, t.Columns, t.Indexes}
		}
	}
	types, scopes := gosource.Names{}, map[string]gosource.Names{}
	for _, name := range reserved {
		types[name] = true
	}
	for _, t := range g.tables {
		name := gosource.Exported(t.Model)
		if token.IsKeyword(strings.ToLower(name)) {
			types[name] = true
		}
		g.types[t.Model] = types.Take(name)
		scope, fields := gosource.Names{"id": true, "edges": true}, map[string]string{"id": "id"}
		for _, c := range t.Columns {
			fields[c.Name] = scope.Take(gosource.Snake(c.Name))
		}
		scopes[t.Model], g.fields[t.Model] = scope, fields
	}
	for _, t := range g.tables {
		for i := range t.Columns {
			if c := &t.Columns[i]; refersToID(c.Field) {
				g.connect(t.Model, c, scopes)
			}
		}
	}
	return g
}

func refersToID(f *schema.Field) bool { return f.References != nil && f.References.Field == "id" }

// connect names the two edges of a foreign key: "user" and "sessions", or
// "created_by_user" and "created_by_teams" where the key is not named after what
// it refers to.
func (g *generator) connect(model string, c *sqlmigrate.Column, scopes map[string]gosource.Names) {
	to, key := c.References.Model, g.fields[model][c.Name]
	one, named := strings.CutSuffix(key, "_id")
	if !named {
		one = key + "_" + gosource.Snake(to)
	}
	many := gosource.Snake(model) + "s"
	if one != gosource.Snake(to) {
		many = strings.TrimSuffix(key, "_id") + "_" + many
	}
	one, many = scopes[model].Take(one), scopes[to].Take(many)
	g.edges[to] = append(g.edges[to], edge{name: many, to: g.types[model], inverse: one, column: c})
	g.edges[model] = append(g.edges[model], edge{name: one, to: g.types[to], inverse: many, column: c, field: key})
}

func (g *generator) head(imports ...string) {
	fmt.Fprintf(g, "%s\npackage %s\n\nimport (\n", gosource.Header, g.pkg)
	for i, path := range imports {
		if i > 0 && strings.Contains(path, ".") && !strings.Contains(imports[i-1], ".") {
			g.WriteByte('\n')
		}
		fmt.Fprintf(g, "%q\n", path)
	}
	g.WriteString(")\n\n")
}

// shared writes what every file uses.
func (g *generator) shared() {
	g.head("entgo.io/ent/dialect", "entgo.io/ent/dialect/entsql")
	g.WriteString(`// columnTypes are the types of a column, as Kernia's own migration has them.
func columnTypes(sqlite, postgres, mysql string) map[string]string {
	return map[string]string{dialect.SQLite: sqlite, dialect.Postgres: postgres, dialect.MySQL: mysql}
}

// columnDefault is the default of a column, in SQL; SQLite has none.
func columnDefault(postgres, mysql string) *entsql.Annotation {
	return entsql.DefaultExprs(map[string]string{dialect.Postgres: postgres, dialect.MySQL: mysql})
}
`)
}

func (g *generator) table(t *sqlmigrate.Table) {
	g.head(g.imports(t)...)
	name := g.types[t.Model]
	fmt.Fprintf(g, "// %s is the table %q.\ntype %s struct{ ent.Schema }\n\n", name, t.Name, name)
	fmt.Fprintf(g, "// Annotations of the table.\nfunc (%s) Annotations() []schema.Annotation {\n"+
		"return []schema.Annotation{entsql.Table(%q)}\n}\n\n", name, t.Name)
	fmt.Fprintf(g, "// Fields of the table.\nfunc (%s) Fields() []ent.Field {\nreturn []ent.Field{\n", name)
	g.id(t)
	for i := range t.Columns {
		g.field(t, i)
	}
	g.WriteString("}\n}\n")
	if edges := g.edges[t.Model]; len(edges) > 0 {
		fmt.Fprintf(g, "\n// Edges of the table.\nfunc (%s) Edges() []ent.Edge {\nreturn []ent.Edge{\n", name)
		for i := range edges {
			g.edge(&edges[i])
		}
		g.WriteString("}\n}\n")
	}
	if len(t.Indexes) > 0 {
		fmt.Fprintf(g, "\n// Indexes of the table.\nfunc (%s) Indexes() []ent.Index {\nreturn []ent.Index{\n", name)
		for i := range t.Indexes {
			g.index(t, i)
		}
		g.WriteString("}\n}\n")
	}
}

func (g *generator) imports(t *sqlmigrate.Table) []string {
	var std []string
	var json, times bool
	for _, c := range t.Columns {
		json = json || c.Type == schema.JSON
		times = times || c.Type == schema.Date && (c.Default != nil || c.OnUpdate != nil)
	}
	if json {
		std = append(std, "encoding/json")
	}
	if times {
		std = append(std, "time")
	}
	std = append(std, "entgo.io/ent", "entgo.io/ent/dialect/entsql", "entgo.io/ent/schema")
	if len(g.edges[t.Model]) > 0 {
		std = append(std, "entgo.io/ent/schema/edge")
	}
	std = append(std, "entgo.io/ent/schema/field")
	if len(t.Indexes) > 0 {
		std = append(std, "entgo.io/ent/schema/index")
	}
	return std
}

// columnTypes writes the types of a column in each database.
func (g *generator) columnTypes(of func(columnList) string, model string) {
	var types [len(dialects)]string
	for i := range dialects {
		types[i] = of(g.in[i][model])
	}
	fmt.Fprintf(g, ".SchemaType(columnTypes(%q, %q, %q))", types[0], types[1], types[2])
}

func (g *generator) id(t *sqlmigrate.Table) {
	switch g.ids {
	case schema.IDSerial:
		g.WriteString(`field.Int32("id")`)
	default:
		g.WriteString(`field.String("id")`)
		g.columnTypes(func(l columnList) string { return l.id }, t.Model)
	}
	g.WriteString(",\n")
}

func (g *generator) field(t *sqlmigrate.Table, i int) {
	c := &t.Columns[i]
	name := g.fields[t.Model][c.Name]
	text := false
	switch c.Type {
	case schema.JSON:
		fmt.Fprintf(g, "field.JSON(%q, json.RawMessage{})", name)
	case schema.StringArray:
		fmt.Fprintf(g, "field.Strings(%q)", name)
	case schema.NumberArray:
		fmt.Fprintf(g, "field.Floats(%q)", name)
	case schema.Boolean:
		fmt.Fprintf(g, "field.Bool(%q)", name)
	case schema.Date:
		fmt.Fprintf(g, "field.Time(%q)", name)
	case schema.Number:
		kind := "Float"
		if c.BigInt {
			kind = "Int64"
		}
		fmt.Fprintf(g, "field.%s(%q)", kind, name)
	default:
		kind := "String"
		if g.ids == schema.IDSerial && refersToID(c.Field) {
			kind = "Int32"
		}
		text = kind == "String"
		fmt.Fprintf(g, "field.%s(%q)", kind, name)
	}
	if c.Column != name {
		fmt.Fprintf(g, ".StorageKey(%q)", c.Column)
	}
	if c.Type != schema.Boolean && (g.ids != schema.IDSerial || !refersToID(c.Field)) { // ent's own types of these fit
		g.columnTypes(func(l columnList) string { return l.columns[i].SQLType }, t.Model)
	}
	list := c.Type == schema.JSON || c.Type == schema.StringArray || c.Type == schema.NumberArray
	if c.Optional {
		g.WriteString(".Optional()")
		if !list {
			g.WriteString(".Nillable()")
		}
	}
	if c.Unique && !list && c.Type != schema.Boolean {
		g.WriteString(".Unique()")
	}
	if (c.Hidden || c.Secret) && text {
		g.WriteString(".Sensitive()")
	}
	g.defaults(t, i)
	g.WriteString(",\n")
}

// defaults writes the default of a field: the time, or a constant.
func (g *generator) defaults(t *sqlmigrate.Table, i int) {
	c := &t.Columns[i]
	if c.Type == schema.Date {
		if c.Default != nil || c.OnUpdate != nil {
			g.WriteString(".Default(time.Now)")
		}
		if c.OnUpdate != nil {
			g.WriteString(".UpdateDefault(time.Now)")
		}
		postgres, mysql := g.in[1][t.Model].columns[i], g.in[2][t.Model].columns[i]
		if postgres.SQLDefault != "" {
			fmt.Fprintf(g, ".Annotations(columnDefault(%q, %q))", postgres.SQLDefault, mysql.SQLDefault)
		}
		return
	}
	if c.SQLConstant == "" || c.Optional || c.Unique {
		return
	}
	switch v := c.Default(time.Unix(0, 0).UTC()).(type) {
	case string:
		fmt.Fprintf(g, ".Default(%q)", v)
	case bool:
		fmt.Fprintf(g, ".Default(%t)", v)
	case float64:
		fmt.Fprintf(g, ".Default(%s)", strconv.FormatFloat(v, 'f', -1, 64))
	default:
		fmt.Fprintf(g, ".Default(%d)", v)
	}
}

var onDelete = map[string]string{
	"cascade": "Cascade", "restrict": "Restrict", "set null": "SetNull", "set default": "SetDefault", "no action": "NoAction",
}

func (g *generator) edge(e *edge) {
	if e.field == "" {
		fmt.Fprintf(g, "edge.To(%q, %s.Type)", e.name, e.to)
		if e.column.Unique {
			g.WriteString(".Unique()")
		}
		fmt.Fprintf(g, ".Annotations(entsql.OnDelete(entsql.%s)),\n", onDelete[e.column.References.OnDelete])
		return
	}
	fmt.Fprintf(g, "edge.From(%q, %s.Type).Ref(%q).Field(%q).Unique()", e.name, e.to, e.inverse, e.field)
	if !e.column.Optional {
		g.WriteString(".Required()")
	}
	g.WriteString(",\n")
}

func (g *generator) index(t *sqlmigrate.Table, i int) {
	x := &t.Indexes[i]
	names := make([]string, len(x.Columns))
	for n, c := range x.Columns {
		names[n] = strconv.Quote(g.fields[t.Model][c.Name])
	}
	fmt.Fprintf(g, "index.Fields(%s).StorageKey(%q)", strings.Join(names, ", "), x.Name)
	if x.Unique {
		g.WriteString(".Unique()")
	}
	var prefixes []string // MySQL's, which the other databases ignore
	for _, c := range g.in[len(dialects)-1][t.Model].indexes[i].Columns {
		if c.Prefix > 0 {
			prefixes = append(prefixes, fmt.Sprintf("entsql.PrefixColumn(%q, %d)", c.Column, c.Prefix))
		}
	}
	if len(prefixes) > 0 {
		fmt.Fprintf(g, ".Annotations(%s)", strings.Join(prefixes, ", "))
	}
	g.WriteString(",\n")
}
