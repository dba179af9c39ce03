package mongo

import (
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		op   adapter.Op
		text string
		fold bool
		want string
		yes  []string
		no   []string
	}{
		{"INJ-05 metacharacters", adapter.Contains, `a.*[b]+(c)?|^$\`, false, `a\.\*\[b\]\+\(c\)\?\|\^\$\\`, []string{`xa.*[b]+(c)?|^$\x`}, []string{"ab"}},
		{"start", adapter.StartsWith, "ab", false, `^ab`, []string{"abc"}, []string{"cab", "c\nab", "ABc"}},
		{"end", adapter.EndsWith, "ab", false, `ab\z`, []string{"cab"}, []string{"abc", "cab\n"}},
		{"fold", adapter.Eq, "a.K1", true, `^[Aa]\.[Kk]1\z`, []string{"A.k1", "a.K1"}, []string{"a.K1\n", "axK1", "a.\u212a1", " a.k1"}},
		{"fold of other letters is none", adapter.Contains, "é", true, "é", []string{"é"}, []string{"É"}},
		{"nothing", adapter.Contains, "", false, "", []string{"", "x"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := pattern(c.op, c.text, c.fold)
			if got != c.want {
				t.Fatalf("pattern %s, want %s", got, c.want)
			}
			re := regexp.MustCompile(got)
			for _, s := range c.yes {
				if !re.MatchString(s) {
					t.Errorf("%q is not found", s)
				}
			}
			for _, s := range c.no {
				if re.MatchString(s) {
					t.Errorf("%q is found", s)
				}
			}
		})
	}
}

func things(t testing.TB) *table {
	t.Helper()
	s, err := schema.New(schema.IDString, []schema.Table{{Model: "thing", Fields: []schema.Field{
		{Name: "title", Type: schema.String}, {Name: "parentId", Type: schema.String, Optional: true, References: &schema.Reference{Model: "thing"}},
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := driver.Connect(options.Client().ApplyURI("mongodb://127.0.0.1:1/"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Disconnect(t.Context()) })
	a, err := New(client.Database("nowhere"), Options{Transactions: Off}).Open(s)
	if err != nil {
		t.Fatal(err)
	}
	return a.(*store).tables["thing"]
}

func TestPartsOfIDs(t *testing.T) {
	t.Parallel()
	const oid = "0123456789abcdef01234567"
	for kind, refused := range map[idKind]bool{byValue: false, textID: false, uuidID: true, serialID: true} {
		table := things(t)
		table.byName["id"].ids = kind
		for _, text := range []string{"carl", oid} {
			got, err := table.filter(adapter.Where{{Field: "id", Op: adapter.EndsWith, Value: text}})
			if refused != errors.Is(err, adapter.ErrBadValue) {
				t.Errorf("kind %d: the error %v, refused: %v", kind, err, refused)
			}
			want := bson.D{{Key: "_id", Value: bson.D{{Key: "$regex", Value: bson.Regex{Pattern: text + `\z`}}}}}
			if !refused && !reflect.DeepEqual(got, want) {
				t.Errorf("kind %d: %v, want %v", kind, got, want)
			}
		}
	}
}

func TestFilterRefuses(t *testing.T) {
	t.Parallel()
	table := things(t)
	long := strings.Repeat("x", maxPattern+1)
	for name, c := range map[string]adapter.Cond{
		"INJ-08 NUL in a part of an id":      {Field: "id", Op: adapter.Contains, Value: "\x00"},
		"a pattern that is too long":         {Field: "title", Op: adapter.Contains, Value: long},
		"folded text that is too long":       {Field: "title", Value: long[:maxPattern/3], Fold: true},
		"a null in a list":                   {Field: "title", Op: adapter.In, Value: []any{"a", nil}},
		"greater than null":                  {Field: "title", Op: adapter.Gt},
		"INJ-03 an operator in a list":       {Field: "id", Op: adapter.In, Value: []any{map[string]any{"$ne": ""}}},
		"INJ-08 NUL in a reference":          {Field: "parentId", Value: "\x00"},
		"INJ-03 an operator for a reference": {Field: "parentId", Value: map[string]any{"$ne": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := table.filter(adapter.Where{c}); !errors.Is(err, adapter.ErrBadValue) {
				t.Errorf("got the error %v, want %v", err, adapter.ErrBadValue)
			}
		})
	}
	if _, err := table.filter(adapter.By("title", long)); err != nil {
		t.Errorf("equality needs no pattern: %v", err)
	}
}

// FuzzPattern compares with the functions of package strings.
func FuzzPattern(f *testing.F) {
	f.Add("a.b", "xa.bx")
	f.Add(`\E$`, "\n")
	f.Fuzz(func(t *testing.T, text, s string) {
		if !texts(text, s) {
			return
		}
		for op, want := range map[adapter.Op]bool{
			adapter.Contains: strings.Contains(s, text), adapter.StartsWith: strings.HasPrefix(s, text),
			adapter.EndsWith: strings.HasSuffix(s, text), adapter.Eq: s == text,
		} {
			if got := regexp.MustCompile(pattern(op, text, false)).MatchString(s); got != want {
				t.Errorf("%s %q in %q: %v", op, text, s, got)
			}
			// Text that matches exactly also matches without letter case.
			if want && !regexp.MustCompile(pattern(op, text, true)).MatchString(s) {
				t.Errorf("folded %s %q in %q is lost", op, text, s)
			}
		}
	})
}

func texts(list ...string) bool {
	for _, s := range list {
		if !text(s) {
			return false
		}
	}
	return true
}

// FuzzID checks that every id comes back as it was given.
func FuzzID(f *testing.F) {
	f.Add("6b04bb4b28186351d0fed8ad")
	f.Add("6B04BB4B28186351D0FED8AD")
	f.Add("0b0e7f3c-58a1-4b0e-9c5e-0a4f6d1f0001")
	f.Add("007")
	table := things(f)
	f.Fuzz(func(t *testing.T, id string) {
		for _, kind := range []idKind{byValue, textID, uuidID, serialID} {
			c := &column{name: "id", key: "_id", typ: schema.String, ids: kind}
			v, err := table.encode(c, id)
			if err != nil {
				if !errors.Is(err, adapter.ErrBadValue) {
					t.Errorf("%q: %v", id, err)
				}
				continue
			}
			raw := marshal(t, c.key, v)
			if got, ok := decode(c, raw.Lookup("_id")); !ok || got != id {
				t.Errorf("%q of kind %d came back as %v", id, kind, got)
			}
		}
	})
}
