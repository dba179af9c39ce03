package schema_test

import (
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/schema"
)

func table(model string, fields ...schema.Field) schema.Table {
	return schema.Table{Model: model, Fields: fields}
}

func TestNewMergesInReferenceOrder(t *testing.T) {
	t.Parallel()
	s, err := schema.New(schema.IDString,
		[]schema.Table{
			table("session", schema.Field{Name: "userId", Type: schema.String, References: &schema.Reference{Model: "user"}}),
			table("user", schema.Field{Name: "email", Type: schema.String, Column: "mail"}),
		},
		[]schema.Table{table("user", schema.Field{Name: "role", Type: schema.String, Default: schema.Value("member")})},
	)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, tb := range s.Tables() {
		order = append(order, tb.Model)
	}
	if strings.Join(order, " ") != "user session" {
		t.Errorf("tables come in the order %v; a referenced one must come first", order)
	}
	user, ok := s.Table("user")
	if !ok {
		t.Fatal("user is missing")
	}
	for field, column := range map[string]string{"id": "id", "email": "mail", "role": "role"} {
		if got, ok := user.Column(field); !ok || got != column {
			t.Errorf("column of %s is %q, %t; want %q", field, got, ok, column)
		}
	}
	if _, ok := user.Field("mail"); ok {
		t.Error("INJ-02 a column name is not a field name")
	}
	session, _ := s.Table("session")
	f, _ := session.Field("userId")
	if r := f.References; r.Field != "id" || r.OnDelete != "cascade" {
		t.Errorf("reference defaults are %+v", r)
	}
	role, _ := user.Field("role")
	if v := role.Default(time.Time{}); v != "member" {
		t.Errorf("default of role is %v", v)
	}
	sub := s.Subset(func(m string) bool { return m == "user" })
	if _, ok := sub.Table("session"); ok || len(sub.Tables()) != 1 {
		t.Error("Subset kept a table it was told to drop")
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	ok := schema.Field{Name: "a", Type: schema.String}
	for name, c := range map[string]struct {
		tables, extend []schema.Table
		want           string
	}{
		"twice the same table":         {[]schema.Table{table("x", ok), table("x", ok)}, nil, "declared twice"},
		"two tables of one name":       {[]schema.Table{table("x", ok), {Model: "y", Name: "x"}}, nil, "share the name"},
		"fields of unknown table":      {nil, []schema.Table{table("ghost", ok)}, "which nothing declares"},
		"twice the same field":         {[]schema.Table{table("x", ok)}, []schema.Table{table("x", ok)}, "declared twice"},
		"twice the same column":        {[]schema.Table{table("x", ok, schema.Field{Name: "b", Column: "a", Type: schema.String})}, nil, "uses the column"},
		"one column in two cases":      {[]schema.Table{table("x", ok, schema.Field{Name: "b", Column: "A", Type: schema.String})}, nil, "uses the column"},
		"MASS-03 a field like another": {[]schema.Table{table("x", ok, schema.Field{Name: "A", Type: schema.String})}, nil, "uses the column"},
		"the column ID":                {[]schema.Table{table("x", schema.Field{Name: "b", Column: "ID", Type: schema.String})}, nil, "uses the column"},
		"two tables in two cases":      {[]schema.Table{table("x", ok), {Model: "y", Name: "X"}}, nil, "share the name"},
		"a field id":                   {[]schema.Table{table("x", schema.Field{Name: "id", Type: schema.String})}, nil, "by itself"},
		"INJ-02 hostile field name":    {[]schema.Table{table("x", schema.Field{Name: "a; DROP TABLE x", Type: schema.String})}, nil, "not an identifier"},
		"INJ-02 hostile column":        {[]schema.Table{table("x", schema.Field{Name: "a", Column: `a"--`, Type: schema.String})}, nil, "not an identifier"},
		"INJ-02 hostile table name":    {[]schema.Table{{Model: "x", Name: "x y"}}, nil, "not an identifier"},
		"unknown type":                 {[]schema.Table{table("x", schema.Field{Name: "a", Type: "money"})}, nil, "unknown type"},
		"reference to no table":        {[]schema.Table{table("x", schema.Field{Name: "a", Type: schema.String, References: &schema.Reference{Model: "ghost"}})}, nil, "which nothing declares"},
		"reference to no field":        {[]schema.Table{table("y", ok), table("x", schema.Field{Name: "a", Type: schema.String, References: &schema.Reference{Model: "y", Field: "z"}})}, nil, "does not exist"},
		"INJ-02 hostile OnDelete":      {[]schema.Table{table("x", schema.Field{Name: "a", Type: schema.String, References: &schema.Reference{Model: "x", OnDelete: "cascade); drop table victim; create table zz (a int"}})}, nil, "use cascade, restrict"},
		"two actions in OnDelete":      {[]schema.Table{table("x", schema.Field{Name: "a", Type: schema.String, References: &schema.Reference{Model: "x", OnDelete: "cascade deferrable"}})}, nil, "use cascade, restrict"},
		"a break in OnDelete":          {[]schema.Table{table("x", schema.Field{Name: "a", Type: schema.String, References: &schema.Reference{Model: "x", OnDelete: "set\nnull"}})}, nil, "use cascade, restrict"},
		"unique key of no field":       {[]schema.Table{{Model: "x", Fields: []schema.Field{ok}, Unique: [][]string{{"a", "z"}}}}, nil, "unknown field"},
		"a Default of another type":    {[]schema.Table{table("x", schema.Field{Name: "a", Type: schema.Number, Default: schema.Value("free")})}, nil, "field x.a: its Default gives a string, and its type number takes int64 or float64"},
		"a Default of a named type":    {[]schema.Table{table("x", schema.Field{Name: "a", Type: schema.String, Default: schema.Value(schema.JSON)})}, nil, "its Default gives a schema.Type"},
		"a Default that is no JSON":    {[]schema.Table{table("x", schema.Field{Name: "a", Type: schema.JSON, Default: schema.Value(map[string]any{})})}, nil, "takes json.RawMessage"},
		"an OnUpdate of another":       {[]schema.Table{table("x", schema.Field{Name: "a", Type: schema.String, OnUpdate: schema.Now})}, nil, "its OnUpdate gives a time.Time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := schema.New(schema.IDString, c.tables, c.extend)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v; want one with %q", err, c.want)
			}
		})
	}
}

func TestOnDeleteTakesFiveWordsInAnyCase(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"": "cascade", "CASCADE": "cascade", "Restrict": "restrict", "SET NULL": "set null", "Set Default": "set default", "no action": "no action",
	} {
		s, err := schema.New(schema.IDString, []schema.Table{table("x",
			schema.Field{Name: "a", Type: schema.String, References: &schema.Reference{Model: "x", OnDelete: given}})}, nil)
		if err != nil {
			t.Errorf("%q: %v", given, err)
			continue
		}
		x, _ := s.Table("x")
		if f, _ := x.Field("a"); f.References.OnDelete != want {
			t.Errorf("%q became %q, want %q", given, f.References.OnDelete, want)
		}
	}
}
