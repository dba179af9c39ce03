package sqlcodec

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

func compiled(t testing.TB, ids schema.IDKind) Tables {
	t.Helper()
	s, err := schema.New(ids, []schema.Table{
		{Model: "user", Name: "users", Fields: []schema.Field{
			{Name: "email", Column: "mail", Type: schema.String, Unique: true},
			{Name: "name", Type: schema.String},
			{Name: "ok", Type: schema.Boolean},
			{Name: "count", Type: schema.Number},
			{Name: "at", Type: schema.Date},
			{Name: "prefs", Type: schema.JSON, Optional: true},
			{Name: "tags", Type: schema.StringArray, Optional: true},
			{Name: "scores", Type: schema.NumberArray, Optional: true},
		}},
		{Model: "session", Fields: []schema.Field{
			{Name: "userId", Type: schema.String, Index: true, References: &schema.Reference{Model: "user"}},
			{Name: "note", Type: schema.String},
		}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return CompileAll(s, func(name string) string { return "<" + name + ">" })
}

func TestTerms(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 1, 13, 0, 0, 123456789, time.FixedZone("", 3600))
	iso := "2026-01-01T12:00:00.123Z"
	for name, c := range map[string]struct {
		dialect Dialect
		cond    adapter.Cond
		want    Term
	}{
		"equality":      {Postgres, adapter.Cond{Field: "email", Value: "A"}, Term{Shape: Compare, Op: adapter.Eq, Arg: "A"}},
		"exact":         {MySQL, adapter.Cond{Field: "email", Value: "A"}, Term{Shape: Compare, Op: adapter.Eq, Arg: "A", Exact: true}},
		"order":         {MySQL, adapter.Cond{Field: "email", Op: adapter.Lt, Value: "A"}, Term{Shape: Compare, Op: adapter.Lt, Arg: "A"}},
		"fold":          {SQLite, adapter.Cond{Field: "email", Value: "AÄ", Fold: true}, Term{Shape: Compare, Op: adapter.Eq, Arg: "aÄ", Fold: true}},
		"fold of a set": {SQLite, adapter.Cond{Field: "email", Op: adapter.In, Value: []string{"A"}, Fold: true}, Term{Shape: List, Op: adapter.In, Args: []any{"a"}, Fold: true}},
		"null":          {SQLite, adapter.Cond{Field: "prefs"}, Term{Shape: Null, Op: adapter.Eq}},
		"not null":      {SQLite, adapter.Cond{Field: "prefs", Op: adapter.Ne}, Term{Shape: NotNull, Op: adapter.Ne}},
		"less than":     {SQLite, adapter.Cond{Field: "count", Op: adapter.Lt}, Term{Shape: Never, Op: adapter.Lt}},
		"empty in":      {SQLite, adapter.Cond{Field: "count", Op: adapter.In, Value: []int64{}}, Term{Shape: Never, Op: adapter.In, Args: []any{}}},
		"empty not in":  {SQLite, adapter.Cond{Field: "count", Op: adapter.NotIn, Value: []any{}}, Term{Shape: Always, Op: adapter.NotIn, Args: []any{}}},
		"boolean":       {SQLite, adapter.Cond{Field: "ok", Value: true}, Term{Shape: Compare, Op: adapter.Eq, Arg: int64(1)}},
		"number":        {Postgres, adapter.Cond{Field: "count", Value: 1.5}, Term{Shape: Compare, Op: adapter.Eq, Arg: "1.5"}},
		"date":          {SQLite, adapter.Cond{Field: "at", Op: adapter.Gte, Value: at}, Term{Shape: Compare, Op: adapter.Gte, Arg: iso}},
		"date in MySQL": {MySQL, adapter.Cond{Field: "at", Value: at}, Term{Shape: Compare, Op: adapter.Eq, Arg: "2026-01-01 12:00:00.123"}},
		"glob":          {SQLite, adapter.Cond{Field: "name", Op: adapter.Contains, Value: "a*[?%_"}, Term{Shape: Match, Op: adapter.Contains, Arg: "*a[*][[][?]%_*"}},
		"like":          {Postgres, adapter.Cond{Field: "name", Op: adapter.StartsWith, Value: `!%_\`}, Term{Shape: Match, Op: adapter.StartsWith, Arg: `!!!%!_\%`}},
		"like and fold": {SQLite, adapter.Cond{Field: "name", Op: adapter.EndsWith, Value: "A%", Fold: true}, Term{Shape: Match, Op: adapter.EndsWith, Arg: "%a!%", Fold: true}},
	} {
		var got []Term
		tab := compiled(t, "")["user"]
		if err := c.dialect.Where(tab, adapter.Where{c.cond}, func(term Term, or bool) { got = append(got, term) }); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c.want.Column, _ = tab.Column(c.cond.Field)
		if len(got) != 1 || !reflect.DeepEqual(got[0], c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestWhereGivesTheOrGroupLast(t *testing.T) {
	t.Parallel()
	w := adapter.Where{{Field: "name", Value: "1", Or: true}, {Field: "name", Value: "2"}, {Field: "name", Value: "3", Or: true}}
	var got []any
	err := SQLite.Where(compiled(t, "")["user"], w, func(term Term, or bool) { got = append(got, term.Arg, or) })
	if want := []any{"2", false, "1", true, "3", true}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestWhereRefuses(t *testing.T) {
	t.Parallel()
	long := make([]string, maxList+1)
	for name, c := range map[string]struct {
		cond adapter.Cond
		want error
	}{
		"unknown field":   {adapter.Cond{Field: "x; DROP TABLE user"}, adapter.ErrUnknownField},
		"unknown op":      {adapter.Cond{Field: "name", Op: "= 1 OR"}, adapter.ErrBadValue},
		"another type":    {adapter.Cond{Field: "name", Value: []string{"canary"}}, adapter.ErrBadValue},
		"no list":         {adapter.Cond{Field: "name", Op: adapter.In, Value: "canary"}, adapter.ErrBadValue},
		"null in a list":  {adapter.Cond{Field: "name", Op: adapter.In, Value: []any{nil}}, adapter.ErrBadValue},
		"long list":       {adapter.Cond{Field: "name", Op: adapter.In, Value: long}, adapter.ErrBadValue},
		"long pattern":    {adapter.Cond{Field: "name", Op: adapter.Contains, Value: strings.Repeat("canary", MaxPattern)}, adapter.ErrBadValue},
		"NUL":             {adapter.Cond{Field: "name", Value: "canary\x00"}, adapter.ErrBadValue},
		"NUL pattern":     {adapter.Cond{Field: "name", Op: adapter.Contains, Value: "canary\x00"}, adapter.ErrBadValue},
		"not UTF-8":       {adapter.Cond{Field: "name", Value: "canary\xff"}, adapter.ErrBadValue},
		"fold of numbers": {adapter.Cond{Field: "count", Value: int64(1), Fold: true}, adapter.ErrBadValue},
		"JSON":            {adapter.Cond{Field: "tags", Value: []string{"canary"}}, adapter.ErrBadValue},
	} {
		err := MySQL.Where(compiled(t, "")["user"], adapter.Where{c.cond}, func(Term, bool) { t.Errorf("%s was taken", name) })
		if !errors.Is(err, c.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	uuid := "0189ABCD-0000-4000-8000-00000000000f"
	for _, c := range []struct {
		kind    schema.IDKind
		dialect Dialect
		id      string
		want    any // nil: no row has it
	}{
		{schema.IDSerial, SQLite, "12", int64(12)}, {schema.IDSerial, SQLite, "012", nil}, {schema.IDSerial, SQLite, "+1", nil},
		{schema.IDSerial, SQLite, "-1", nil}, {schema.IDSerial, SQLite, "1 OR 1=1", nil}, {schema.IDSerial, SQLite, "9223372036854775808", nil},
		{schema.IDSerial, SQLite, "2147483648", int64(2147483648)}, {schema.IDSerial, Postgres, "2147483648", nil},
		{schema.IDUUID, Postgres, uuid, strings.ToLower(uuid)}, {schema.IDUUID, Postgres, uuid[1:], nil}, {schema.IDUUID, Postgres, "{" + uuid[1:35] + "}", nil},
		{schema.IDString, Postgres, "anything", "anything"},
	} {
		ts := compiled(t, c.kind)
		for model, field := range map[string]string{"user": "id", "session": "userId"} {
			for _, op := range []adapter.Op{adapter.Eq, adapter.Ne, adapter.In, adapter.NotIn} {
				var value any = c.id
				if op == adapter.In || op == adapter.NotIn {
					value = []any{c.id}
				}
				err := c.dialect.Where(ts[model], adapter.Where{{Field: field, Op: op, Value: value}}, func(term Term, _ bool) {
					switch {
					case c.want == nil && (op == adapter.Eq || op == adapter.In):
						if term.Shape != Never {
							t.Errorf("%s %q: %+v", op, c.id, term)
						}
					case c.want == nil:
						if term.Shape != Always {
							t.Errorf("%s %q: %+v", op, c.id, term)
						}
					case term.Arg != c.want && (len(term.Args) != 1 || term.Args[0] != c.want):
						t.Errorf("%s %q: %+v", op, c.id, term)
					}
				})
				if err != nil {
					t.Error(err)
				}
			}
			col, _ := ts[model].Column(field)
			if _, err := c.dialect.Encode(ts[model], col, c.id); (err == nil) != (c.want != nil) || err != nil && !errors.Is(err, adapter.ErrBadValue) {
				t.Errorf("a write of %q: %v", c.id, err)
			}
		}
	}
}
