package validate

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/wire"
)

func compile(t testing.TB, v any) *Input {
	t.Helper()
	in, err := Compile(reflect.TypeOf(v))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func parse(t testing.TB, s string) wire.Value {
	t.Helper()
	if s == "" {
		return wire.Value{}
	}
	v, err := wire.Parse([]byte(s), wire.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func message(t testing.TB, err error) string {
	t.Helper()
	var e *Error
	if err == nil {
		return ""
	}
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	return e.Message
}

type paging struct {
	Limit  *float64 `query:"limit" zod:"coerce"`
	Active bool     `query:"active" zod:"coerce,optional"`
}

type request struct {
	Email string `json:"email" zod:"email" doc:"The address"`
	Token string `query:"token"`
	paging
	Kind  *string `query:"kind" zod:"enum=a|b"`
	ID    string  `path:"id" doc:"The id"`
	Inner struct {
		N int `json:"n"`
	} `json:"inner" zod:"optional"`
	Ignored func() `json:"-"`
	note    string
}

func TestDecodeSources(t *testing.T) {
	t.Parallel()
	// An embedded struct of the same package may be unexported.
	in := compile(t, request{})
	if !in.HasBody() || !in.HasQuery() || in.Type() != reflect.TypeFor[request]() {
		t.Error("the input has a body and a query")
	}
	tests := []struct{ name, body, query, want string }{
		{"right", `{"email":"a@b.co","inner":{"n":3}}`, "token=t&limit=10&active=x&kind=b", ""},
		{"the query waits for the body", `{"email":"x"}`, "", "[body.email] Invalid email address"},
		{"query", `{"email":"a@b.co"}`, "kind=c&limit=x", `[query.token] Invalid input: expected string, received undefined; [query.limit] Invalid input: expected number, received NaN; [query.kind] Invalid option: expected one of "a"|"b"`},
		{"no body", "", "token=t", "[body] Invalid input: expected object, received undefined"},
		{"INJ-04 repeated key", `{"email":"a@b.co"}`, "token=a&token=b", "[query.token] Invalid input: expected string, received array"},
		{"INJ-04 token[]", `{"email":"a@b.co"}`, "token[]=a", "[query.token] Invalid input: expected string, received undefined"},
		{"INJ-03 operator object", `{"email":{"$ne":null}}`, "token=t", "[body.email] Invalid input: expected string, received object"},
		{"INJ-04 null", `{"email":null}`, "token=t", "[body.email] Invalid input: expected string, received null"},
		{"INJ-08 NUL in the query", `{"email":"a@b.co"}`, "token=a%00", "[query.token] Invalid input: expected text without NUL"},
		{"INJ-08 NUL in a dropped name", `{"email":"a@b.co"}`, "token=a&%00=1", "[query] Invalid input: expected text without NUL"},
		{"MASS-03 names by exact case", `{"Email":"a@b.co","EMAIL":"a@b.co"}`, "token=t", "[body.email] Invalid input: expected string, received undefined"},
		{"MASS-04 the last of equal names", `{"email":"a@b.co","email":"x"}`, "token=t", "[body.email] Invalid email address"},
		{"MASS-05 unknown names are dropped", `{"email":"a@b.co","role":"admin","note":"x","__proto__":{"role":1}}`, "token=t&note=x", ""},
		{"deep path", `{"email":"a@b.co","inner":{"n":1.5}}`, "token=t", "[body.inner.n] Invalid input: expected int, received number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var r request
			err := in.Decode(&r, parse(t, tt.body), wire.ParseQuery(tt.query).Value(), func(name string) string { return name + "%20" })
			if got := message(t, err); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if err == nil && (r.Email != "a@b.co" || r.ID != "id%20" || r.note != "") {
				t.Errorf("got %+v", r)
			}
			if tt.name == "right" && (*r.Limit != 10 || !r.Active || *r.Kind != "b" || r.Inner.N != 3) {
				t.Errorf("got %+v", r)
			}
		})
	}
	t.Run("MASS-02 null and falsy values are not taken for absent", func(t *testing.T) {
		t.Parallel()
		for body, want := range map[string]string{
			`{"email":"a@b.co","inner":null}`:  "[body.inner] Invalid input: expected object, received null",
			`{"email":"a@b.co","inner":false}`: "[body.inner] Invalid input: expected object, received boolean",
			`{"email":"a@b.co","inner":0}`:     "[body.inner] Invalid input: expected object, received number",
			`{"email":""}`:                     "[body.email] Invalid email address",
		} {
			if got := message(t, in.Decode(&request{}, parse(t, body), wire.Value{}, nil)); got != want {
				t.Errorf("%s: got %s", body, got)
			}
		}
	})
	t.Run("INJ-08 invalid UTF-8 made by a hook", func(t *testing.T) {
		t.Parallel()
		body := wire.ObjectOf(wire.NewObject(wire.Member{Name: "email", Value: wire.String("\xff")}))
		if got := message(t, in.Decode(&request{}, body, wire.Value{}, nil)); got != "[body.email] Invalid input: expected text without NUL" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("INJ-08 NUL in the path", func(t *testing.T) {
		t.Parallel()
		err := in.Decode(&request{}, parse(t, `{"email":"a@b.co"}`), parse(t, `{"token":"t"}`), func(string) string { return "\x00" })
		if got := message(t, err); got != "[params.id] Invalid input: expected text without NUL" {
			t.Errorf("got %s", got)
		}
	})
}

func TestDecodeMistakes(t *testing.T) {
	t.Parallel()
	in := compile(t, request{})
	for name, dst := range map[string]any{"nil": nil, "value": request{}, "other": &struct{}{}, "nil pointer": (*request)(nil)} {
		var e *Error
		if err := in.Decode(dst, wire.Value{}, wire.Value{}, nil); err == nil || errors.As(err, &e) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAbsentQuery(t *testing.T) {
	t.Parallel()
	var p struct{ paging }
	if err := compile(t, p).Decode(&p, wire.Value{}, wire.Value{}, nil); err != nil {
		t.Errorf("all optional: %v", err)
	}
	var r struct {
		T string `query:"t"`
	}
	if got := message(t, compile(t, r).Decode(&r, wire.Value{}, wire.Value{}, nil)); got != "[query] Invalid input: expected object, received undefined" {
		t.Errorf("required: got %s", got)
	}
}

func TestRest(t *testing.T) {
	t.Parallel()
	type signUp struct {
		Name string `json:"name"`
		Rest
	}
	in := compile(t, signUp{})
	var s signUp
	if err := in.Decode(&s, parse(t, `{"z":1,"name":"n","a":{"b":2},"Name":"x","__proto__":{"admin":true}}`), wire.Value{}, nil); err != nil {
		t.Fatal(err)
	}
	if got := string(s.Unknown.AppendJSON(nil)); got != `{"z":1,"a":{"b":2},"Name":"x"}` {
		t.Errorf("got %s", got)
	}
	s = signUp{}
	if err := in.Decode(&s, parse(t, `{"name":"n"}`), wire.Value{}, nil); err != nil || s.Unknown == nil || s.Unknown.Len() != 0 {
		t.Errorf("got %v, %v", s.Unknown, err)
	}
}

type roles struct {
	Role OneOrMany `json:"role"`
	More OneOrMany `json:"more,omitempty"`
}

func TestOneOrMany(t *testing.T) {
	t.Parallel()
	in := compile(t, roles{})
	for body, want := range map[string]string{
		`{"role":"a"}`:            "a",
		`{"role":["a","b"]}`:      "a,b",
		`{"role":[]}`:             "",
		`{}`:                      "[body.role] Invalid input",
		`{"role":["a",1]}`:        "[body.role] Invalid input",
		`{"role":{"$ne":"x"}}`:    "[body.role] Invalid input",
		`{"role":"a","more":[1]}`: "[body.more] Invalid input",
	} {
		var r roles
		got := message(t, in.Decode(&r, parse(t, body), wire.Value{}, nil))
		if got == "" {
			got = strings.Join(r.Role, ",")
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
}

type window struct {
	From string `query:"from" zod:"min=2"`
	To   string `query:"to"`
}

func (w *window) Refine(issues *Issues) {
	if w.From > w.To {
		issues.Add("from is after to")
	}
}

func TestRefineQuery(t *testing.T) {
	t.Parallel()
	in := compile(t, window{})
	for query, want := range map[string]string{
		"from=aa&to=b": "",
		"from=c&to=b":  "[query.from] Too small: expected string to have >=2 characters; [query] from is after to",
		"from=cc":      "[query.to] Invalid input: expected string, received undefined",
	} {
		if got := message(t, in.Decode(&window{}, wire.Value{}, wire.ParseQuery(query).Value(), nil)); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
}

func TestRefineSkipsAnAbsentBody(t *testing.T) {
	t.Parallel()
	type optional struct {
		_ struct{} `validate:"optional"`
		refinedInput
	}
	in := compile(t, optional{})
	if err := in.Decode(&optional{}, wire.Value{}, wire.Value{}, nil); err != nil {
		t.Error(err)
	}
	if got := message(t, in.Decode(&optional{}, parse(t, `{"b":"a@b.co"}`), wire.Value{}, nil)); got != "[body.a] a or c is required" {
		t.Errorf("got %s", got)
	}
}

type byID struct {
	ID string `json:"id"`
}

type byEither struct{ id string }

func (b *byEither) DecodeWire(v wire.Value, issues *Issues) {
	in, err := Compile(reflect.TypeFor[byID]())
	var x byID
	if err == nil {
		err = in.Into(&x, v, issues)
	}
	if err != nil {
		issues.Fatal(err.Error())
	}
	b.id = x.ID
}

func (*byEither) Shape() *Shape { return &Shape{Type: "union"} }

func TestInto(t *testing.T) {
	t.Parallel()
	type input struct {
		List []byEither `json:"list"`
	}
	in := compile(t, input{})
	var x input
	if err := in.Decode(&x, parse(t, `{"list":[{"id":"1"}]}`), wire.Value{}, nil); err != nil || x.List[0].id != "1" {
		t.Errorf("got %+v, %v", x, err)
	}
	got := message(t, in.Decode(&x, parse(t, `{"list":[{"id":"1"},{"id":2}]}`), wire.Value{}, nil))
	if got != "[body.list.1.id] Invalid input: expected string, received number" {
		t.Errorf("got %s", got)
	}
	if err := in.Into(&byID{}, wire.Null(), &Issues{}); err == nil {
		t.Error("Into took another type")
	}
}

// DOS-02: thousands of wrong items do not make a large answer.
func TestDOS02IssuesAreBounded(t *testing.T) {
	t.Parallel()
	var x struct {
		List []string `json:"list" zod:"each,email"`
	}
	body := parse(t, `{"list":[`+strings.Repeat("1,", 9000)+`1]}`)
	err := compile(t, x).Decode(&x, body, wire.Value{}, nil)
	if got := message(t, err); len(got) > 16_000 || !strings.HasPrefix(got, "[body.list.0] Invalid input: expected string, received number; [body.list.1] ") {
		t.Errorf("%d bytes: %.100s", len(got), got)
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	type loop struct {
		Next *struct {
			List []loop `json:"list"`
		} `json:"next"`
	}
	tests := []struct {
		want string
		v    any
	}{
		{"is not a struct", 1},
		{"contains itself", loop{}},
		{"needs a json, query or path tag", struct{ A string }{}},
		{"one source", struct {
			A string `json:"a" query:"a"`
		}{}},
		{"path parameter is a string", struct {
			A int `path:"a"`
		}{}},
		{`no rule "emial"`, struct {
			A string `json:"a" zod:"emial"`
		}{}},
		{"needs a value", struct {
			A string `json:"a" zod:"min"`
		}{}},
		{"takes no value", struct {
			A string `json:"a" zod:"email=1"`
		}{}},
		{"not a number", struct {
			A string `json:"a" zod:"min=x"`
		}{}},
		{"not a length", struct {
			A string `json:"a" zod:"min=-1"`
		}{}},
		{`no rule "email" for a number`, struct {
			A int `json:"a" zod:"email"`
		}{}},
		{`no rule "min" for a boolean`, struct {
			A bool `json:"a" zod:"min=1"`
		}{}},
		{"each is for lists", struct {
			A string `json:"a" zod:"each,email"`
		}{}},
		{"takes no rules", struct {
			A OneOrMany `json:"a" zod:"nonempty"`
		}{}},
		{"needs a tag such as pattern", struct {
			A string `json:"a" zod:"regex"`
		}{}},
		{"needs the rule regex", struct {
			A string `json:"a" pattern:"/a/"`
		}{}},
		{"the pattern", struct {
			A string `json:"a" zod:"regex" pattern:"/(?=a)/"`
		}{}},
		{"flags", struct {
			A string `json:"a" zod:"regex" pattern:"/a/g"`
		}{}},
		{"not a boolean", struct {
			A bool `json:"a" zod:"default=maybe"`
		}{}},
		{"breaks a rule", struct {
			A int `json:"a" zod:"default=0,min=1"`
		}{}},
		{"not supported", struct {
			A chan int `json:"a"`
		}{}},
		{"not supported", struct {
			A map[int]string `json:"a"`
		}{}},
		{"not supported", struct {
			A []byte `json:"a"`
		}{}},
		{"use validate.Record", struct {
			A *wire.Object `json:"a"`
		}{}},
		{`no member "date"`, struct {
			A wire.Value `json:"a" zod:"union=string|date"`
		}{}},
		{"must be exported", struct {
			a string `query:"a"`
		}{}},
		{"two fields named", struct {
			A string `query:"a"`
			B string `query:"a"`
		}{}},
		{"whole body", struct {
			Record
			A string `json:"a"`
		}{}},
		{"only the outer struct", struct {
			A struct {
				B string `query:"b"`
			} `json:"a"`
		}{}},
		{"rule for the body but no body", struct {
			_ struct{} `validate:"strict"`
		}{}},
		{"no rule \"loose\" for a struct", struct {
			_ struct{} `validate:"loose"`
		}{}},
		{"needs a json tag", struct{ *byID }{}},
		{"json option", struct {
			A int `json:"a,inline"`
		}{}},
	}
	for _, tt := range tests {
		in, err := Compile(reflect.TypeOf(tt.v))
		if err == nil || in != nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "validate: ") {
			t.Errorf("%T: got %v, want %q", tt.v, err, tt.want)
		}
	}
	if _, err := Compile(nil); err == nil {
		t.Error("nil was compiled")
	}
}

func TestShape(t *testing.T) {
	t.Parallel()
	in := compile(t, request{})
	body, query := in.Body(), in.Query()
	email := body.Properties[0]
	if body.Type != "object" || len(body.Properties) != 2 || email.Name != "email" || email.Shape.Format != "email" ||
		email.Shape.Description != "The address" || email.Shape.Optional || !body.Properties[1].Shape.Optional ||
		body.Properties[1].Shape.Properties[0].Shape.Type != "integer" {
		t.Errorf("body: %+v", body)
	}
	if len(query.Properties) != 4 || query.Optional || query.Properties[1].Name != "limit" || !query.Properties[1].Shape.Coerce ||
		!query.Properties[1].Shape.Optional || !reflect.DeepEqual(query.Properties[3].Shape.Enum, []string{"a", "b"}) {
		t.Errorf("query: %+v", query)
	}
	if path := in.Path(); len(path) != 1 || path[0].Name != "id" || path[0].Shape.Description != "The id" {
		t.Errorf("path: %+v", path)
	}
	bounds := compile(t, struct {
		A string   `json:"a" zod:"nonempty,max=9,default=x"`
		B *int     `json:"b" zod:"positive,nullable"`
		C []string `json:"c" zod:"min=2,each,length=3"`
		D Record   `json:"d"`
		Rest
	}{}).Body()
	a, b, c, d := bounds.Properties[0].Shape, bounds.Properties[1].Shape, bounds.Properties[2].Shape, bounds.Properties[3].Shape
	if s, _ := a.Default.Str(); *a.Min != 1 || *a.Max != 9 || s != "x" || !a.Optional {
		t.Errorf("a: %+v", a)
	}
	if *b.Min != 0 || !b.Exclusive || !b.Nullable || !b.Optional || b.Type != "integer" {
		t.Errorf("b: %+v", b)
	}
	if *c.Min != 2 || c.Max != nil || *c.Items.Min != 3 || *c.Items.Max != 3 {
		t.Errorf("c: %+v", c)
	}
	if d.Type != "object" || d.Additional == nil || bounds.Additional == nil {
		t.Errorf("d: %+v", d)
	}
	if none := compile(t, struct{}{}); none.HasBody() || none.HasQuery() || none.Body() != nil || none.Query() != nil || none.Path() != nil {
		t.Error("an empty struct has input")
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	type input struct {
		S string     `json:"s" zod:"default="`
		P *int       `json:"p" zod:"default=7,max=9"`
		L []string   `json:"l" zod:"default=[\"code\"]"`
		U wire.Value `json:"u" zod:"union=string|number,default=3"`
		D Record     `json:"d" zod:"default={}"`
		F float64    `json:"f" zod:"default=1.5"`
	}
	in := compile(t, input{})
	var x input
	if err := in.Decode(&x, parse(t, `{}`), wire.Value{}, nil); err != nil {
		t.Fatal(err)
	}
	if n, _ := x.U.Num(); x.S != "" || *x.P != 7 || len(x.L) != 1 || x.L[0] != "code" || n != 3 || x.D.Members.Len() != 0 || x.F != 1.5 {
		t.Errorf("got %+v", x)
	}
	if got := message(t, in.Decode(&x, parse(t, `{"p":10}`), wire.Value{}, nil)); got != "[body.p] Too big: expected number to be <=9" {
		t.Errorf("got %s", got)
	}
	for _, bad := range []any{
		struct {
			A float64 `json:"a" zod:"default=x"`
		}{},
		struct {
			A []string `json:"a" zod:"default={}"`
		}{},
		struct {
			A byID `json:"a" zod:"default=1"`
		}{},
	} {
		if _, err := Compile(reflect.TypeOf(bad)); err == nil || !strings.Contains(err.Error(), "is not a") {
			t.Errorf("%T: got %v", bad, err)
		}
	}
}

func TestDefaultsAreNotShared(t *testing.T) {
	t.Parallel()
	type input struct {
		L wire.Value `json:"l" zod:"union=string[],default=[\"a\"]"`
	}
	in := compile(t, input{})
	var first, second input
	if err := in.Decode(&first, parse(t, `{}`), wire.Value{}, nil); err != nil {
		t.Fatal(err)
	}
	items, _ := first.L.Items()
	items[0] = wire.String("changed")
	if err := in.Decode(&second, parse(t, `{}`), wire.Value{}, nil); err != nil {
		t.Fatal(err)
	}
	if got := string(second.L.AppendJSON(nil)); got != `["a"]` {
		t.Errorf("got %s", got)
	}
}

func TestUTF16Len(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{"": 0, "abc": 3, "é": 1, "日本": 2, "😀": 2, "\xff": 1} {
		if got := UTF16Len(s); got != want {
			t.Errorf("%q: got %d, want %d", s, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	var inputs []*Input
	for _, v := range zodInputs {
		inputs = append(inputs, compile(f, v))
	}
	inputs = append(inputs, compile(f, roles{}), compile(f, struct {
		A string `query:"v" zod:"trim,regex" pattern:"/^a/"`
		B []int  `query:"b" zod:"optional"`
	}{}))
	f.Add([]byte(`{"v":[{"a":1}],"name":"n","email":"a@b.co"}`), "v=a&b=1&b=2")
	f.Add([]byte(`{"v":{"a":"x","b":{"list":[{"e":1}]}}}`), "v=%00")
	f.Add([]byte(`{"v":1e300}`), "")
	f.Fuzz(func(t *testing.T, body []byte, query string) {
		v, err := wire.Parse(body, wire.Limits{})
		if err != nil {
			return
		}
		for _, in := range inputs {
			dst := reflect.New(in.Type()).Interface()
			message(t, in.Decode(dst, v, wire.ParseQuery(query).Value(), nil))
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	type signIn struct {
		Email      string  `json:"email" zod:"email"`
		Password   string  `json:"password"`
		RememberMe *bool   `json:"rememberMe"`
		Callback   *string `json:"callbackURL"`
	}
	in := compile(b, signIn{})
	body := parse(b, `{"email":"someone@example.com","password":"correct horse","rememberMe":true}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := in.Decode(&signIn{}, body, wire.Value{}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
