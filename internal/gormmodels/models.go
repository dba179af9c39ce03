// Package gormmodels generates GORM models of the tables of a schema. It needs no GORM, so that
// the command kernia can generate them too.
package gormmodels

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/gosource"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqlmigrate"
)

// Write writes a Go file of package name with a GORM model for every table of the schema,
// as gormadapter.Models describes it.
func Write(w io.Writer, d sqlcodec.Dialect, s *schema.Schema, name string) error {
	if err := gosource.Package(name); err != nil {
		return err
	}
	m := models{dialect: d, ids: s.IDs, tables: sqlmigrate.New(d, s).Tables(), fields: map[string]map[string]string{}}
	m.name()
	m.write(name)
	source, err := gosource.File(&m.Buffer)
	if err != nil {
		return err
	}
	_, err = w.Write(source)
	return err
}

// models writes the file.
type models struct {
	bytes.Buffer
	dialect sqlcodec.Dialect
	ids     schema.IDKind
	tables  []sqlmigrate.Table
	types   map[string]string            // model -> Go type
	fields  map[string]map[string]string // model -> logical field -> Go field
	scopes  map[string]gosource.Names    // model -> names of its struct
}

// name chooses all names before the first is written, because relations need those of
// other models.
func (m *models) name() {
	m.types, m.scopes = map[string]string{}, map[string]gosource.Names{}
	types := gosource.Names{"Tables": true}
	for _, t := range m.tables {
		m.types[t.Model] = types.Take(gosource.Exported(t.Model))
		scope, fields := gosource.Names{"TableName": true, "Format": true, "LogValue": true}, map[string]string{}
		fields["id"] = scope.Take("ID")
		for _, c := range t.Columns {
			fields[c.Name] = scope.Take(gosource.Exported(c.Name))
		}
		m.scopes[t.Model], m.fields[t.Model] = scope, fields
	}
	for _, t := range m.tables {
		for _, c := range t.Columns {
			if c.References != nil && c.References.Model != t.Model && m.misleads(&c) {
				fields := m.fields[t.Model]
				fields[c.Name] = m.scopes[t.Model].Take(fields[c.Name] + "Ref")
			}
		}
	}
}

// misleads reports whether the other model has a field with the name that a foreign key
// would get: GORM would take that field for the key and reverse the relation.
func (m *models) misleads(c *sqlmigrate.Column) bool {
	name := gosource.Exported(c.Name)
	for _, field := range m.fields[c.References.Model] {
		if field == name {
			return true
		}
	}
	return false
}

func (m *models) write(name string) {
	m.WriteString(gosource.Header)
	fmt.Fprintf(m, "\n// Package %s has the tables of Kernia as GORM models.\npackage %s\n\n", name, name)
	m.imports()
	m.WriteString("// Tables lists the models, each after those it refers to, for AutoMigrate.\n")
	if m.dialect == sqlcodec.MySQL {
		m.WriteString("// Give the tables a binary collation, which tells \"a\" from \"A\":\n//\n" +
			"//\tdb.Set(\"gorm:table_options\", \" collate utf8mb4_bin\").AutoMigrate(Tables()...)\n")
	}
	m.WriteString("func Tables() []any {\n\treturn []any{")
	for i, t := range m.tables {
		if i > 0 {
			m.WriteString(", ")
		}
		m.WriteString("&" + m.types[t.Model] + "{}")
	}
	m.WriteString("}\n}\n")
	for i := range m.tables {
		m.model(&m.tables[i])
	}
}

func (m *models) imports() {
	var times, json, hidden bool
	for i, t := range m.tables {
		hidden = hidden || hides(&m.tables[i])
		for _, c := range t.Columns {
			times, json = times || c.Type == schema.Date, json || c.Type == schema.JSON
		}
	}
	if !times && !json && !hidden {
		return
	}
	m.WriteString("import (\n")
	if json {
		m.WriteString("\"encoding/json\"\n")
	}
	if hidden {
		m.WriteString("\"fmt\"\n\"log/slog\"\n")
	}
	if times {
		m.WriteString("\"time\"\n")
	}
	m.WriteString(")\n\n")
}

func (m *models) model(t *sqlmigrate.Table) {
	name, fields := m.types[t.Model], m.fields[t.Model]
	fmt.Fprintf(m, "\n// %s is a row of the table %q.\ntype %s struct {\n", name, t.Name, name)
	idType, idTag := m.id(t)
	m.field(fields["id"], idType, idTag, "id")
	for i := range t.Columns {
		c := &t.Columns[i]
		json := c.Name
		if c.Hidden || c.Secret {
			json = "-"
		}
		m.field(fields[c.Name], m.goType(c), m.tag(t, c), json)
	}
	for i := range t.Columns {
		if c := &t.Columns[i]; c.References != nil {
			m.relation(t, c)
		}
	}
	fmt.Fprintf(m, "}\n\n// TableName implements GORM's Tabler.\nfunc (%s) TableName() string { return %q }\n", name, t.Name)
	if !hides(t) {
		return
	}
	id := fields["id"]
	fmt.Fprintf(m, "\n// Format prints the id: the row holds secrets.\n"+
		"func (m %s) Format(f fmt.State, _ rune) { fmt.Fprintf(f, \"%s{%s: %%v, [redacted]}\", m.%s) }\n", name, name, id, id)
	fmt.Fprintf(m, "\n// LogValue logs the id: the row holds secrets.\n"+
		"func (m %s) LogValue() slog.Value { return slog.GroupValue(slog.Any(\"id\", m.%s)) }\n", name, id)
}

// hides reports whether a row of a table has what must not be logged.
func hides(t *sqlmigrate.Table) bool {
	return slices.ContainsFunc(t.Columns, func(c sqlmigrate.Column) bool { return c.Hidden || c.Secret })
}

func (m *models) field(name, goType string, tag []string, json string) {
	fmt.Fprintf(m, "%s %s `gorm:%q json:%q`\n", name, goType, strings.Join(tag, ";"), json)
}

func (m *models) id(t *sqlmigrate.Table) (goType string, tag []string) {
	tag = []string{"column:id", "primaryKey"}
	switch {
	case m.ids == schema.IDSerial:
		return "int64", append(tag, "autoIncrement", "size:32")
	case m.ids == schema.IDUUID && m.dialect == sqlcodec.Postgres:
		return "string", append(tag, "type:"+t.IDType, "default:gen_random_uuid()")
	}
	return "string", append(tag, "type:"+t.IDType)
}

// goType is the type of a field. Numbers may have a fraction.
func (m *models) goType(c *sqlmigrate.Column) string {
	var typ string
	switch c.Type {
	case schema.JSON:
		return "json.RawMessage" // nil is null
	case schema.StringArray:
		return "[]string"
	case schema.NumberArray:
		return "[]float64"
	case schema.Boolean:
		typ = "bool"
	case schema.Date:
		typ = "time.Time"
	case schema.Number:
		if typ = "float64"; c.BigInt {
			typ = "int64"
		}
	default:
		if typ = "string"; m.ids == schema.IDSerial && refersToID(c.Field) {
			typ = "int64"
		}
	}
	if c.Optional {
		return "*" + typ
	}
	return typ
}

func refersToID(f *schema.Field) bool { return f.References != nil && f.References.Field == "id" }

func (m *models) tag(t *sqlmigrate.Table, c *sqlmigrate.Column) []string {
	tag := []string{"column:" + c.Column, "type:" + c.SQLType}
	if m.ids == schema.IDSerial && refersToID(c.Field) {
		tag[1] = "size:32" // as the key that it refers to; else GORM uses its Go type
	}
	if !c.Optional {
		tag = append(tag, "not null")
	}
	if c.Unique {
		tag = append(tag, "unique")
	}
	if text := m.defaultOf(c); text != "" {
		tag = append(tag, "default:"+text)
	}
	switch {
	case c.Type == schema.Date && c.OnUpdate != nil:
		tag = append(tag, "autoUpdateTime")
	case c.Type == schema.Date && c.Field.Default != nil:
		tag = append(tag, "autoCreateTime")
	case c.Type == schema.JSON, c.Type == schema.StringArray, c.Type == schema.NumberArray:
		tag = append(tag, "serializer:json")
	}
	for _, x := range t.Indexes {
		for at, part := range x.Columns {
			if part.Name == c.Name {
				tag = append(tag, indexTag(&x, at))
			}
		}
	}
	return tag
}

var plainText = regexp.MustCompile(`^[A-Za-z0-9_./@ -]+$`)

// defaultOf is the default as GORM takes it: a plain text without its quotes,
// anything else as SQL in brackets.
func (m *models) defaultOf(c *sqlmigrate.Column) string {
	text := c.SQLConstant
	switch {
	case c.SQLDefault != "":
		return c.SQLDefault
	case c.Optional || strings.ContainsAny(text, "`;\""):
		return ""
	case strings.HasPrefix(text, "'"):
		if inner := strings.Trim(text, "'"); plainText.MatchString(inner) && !strings.EqualFold(inner, "null") {
			return inner
		}
		return "(" + text + ")"
	}
	return text
}

func indexTag(x *sqlmigrate.Index, at int) string {
	var b strings.Builder
	b.WriteString("index:" + x.Name)
	if x.Unique {
		b.WriteString(",unique")
	}
	if n := x.Columns[at].Prefix; n > 0 {
		fmt.Fprintf(&b, ",length:%d", n)
	}
	if len(x.Columns) > 1 {
		fmt.Fprintf(&b, ",priority:%d", at+1)
	}
	return b.String()
}

// relation writes the field by which GORM knows a foreign key: the row that is
// referred to, for Preload and Joins.
func (m *models) relation(t *sqlmigrate.Table, c *sqlmigrate.Column) {
	to, key := m.types[c.References.Model], m.fields[t.Model][c.Name]
	name, ok := strings.CutSuffix(strings.TrimSuffix(key, "Ref"), "ID")
	if !ok || name == "" {
		name = key + to
	}
	tag := []string{
		"foreignKey:" + key, "references:" + m.fields[c.References.Model][c.References.Field],
		"constraint:OnDelete:" + strings.ToUpper(c.References.OnDelete),
	}
	m.field(m.scopes[t.Model].Take(name), "*"+to, tag, "-")
}
