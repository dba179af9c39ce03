package wire

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

type base struct {
	ID      string    `json:"id"`
	Created time.Time `json:"createdAt"`
}

type byValue struct{ n int }

func (b byValue) AppendJSON(dst []byte) []byte { return append(dst, '<', byte('0'+b.n), '>') }

type byPointer struct{ n int }

func (b *byPointer) AppendJSON(dst []byte) []byte { return append(dst, '(', byte('0'+b.n), ')') }

type left struct{ X int }

type right struct{ X int }

type tree struct {
	Name     string  `json:"name"`
	Children []*tree `json:"children,omitempty"`
}

type everything struct {
	Zulu string `json:"zulu"`
	base
	Alpha    bool             `json:"alpha"`
	Int      int8             `json:"int"`
	Big      uint64           `json:"big"`
	Float    float64          `json:"float"`
	Nil      *string          `json:"nil"`
	Gone     *string          `json:"gone,omitempty"`
	Empty    []string         `json:"empty"`
	GoneList []string         `json:"goneList,omitempty"`
	Kept     []string         `json:"kept,omitempty"`
	At       time.Time        `json:"at,omitempty"`
	Undef    Value            `json:"undef"`
	Any      Value            `json:"any"`
	Raw      json.RawMessage  `json:"raw"`
	RawNil   json.RawMessage  `json:"rawNil"`
	Map      map[string]Value `json:"map"`
	NilMap   map[string]int   `json:"nilMap"`
	V        byValue          `json:"v"`
	P        byPointer        `json:"p"`
	PV       *byValue         `json:"pv"`
	PP       []*byPointer     `json:"pp"`
	I        Appender         `json:"i"`
	INil     Appender         `json:"iNil"`
	Tree     tree             `json:"tree"`
	Fixed    [2]int           `json:"fixed"`
	Skipped  func()           `json:"-"`
	hidden   int
}

func TestEncoder(t *testing.T) {
	t.Parallel()
	e, err := EncoderFor(reflect.TypeFor[everything]())
	if err != nil {
		t.Fatal(err)
	}
	v := everything{
		Zulu: "<z>\u2028", base: base{"1", time.UnixMilli(1767225600000)}, Int: -3, Big: math.MaxUint64, Float: 1e21,
		Kept: []string{}, Any: ObjectOf(NewObject(Member{"b", Int(1)}, Member{"a", Value{}})),
		Raw: json.RawMessage(`{"z":1, "a":2}`), Map: map[string]Value{"b": Int(2), "a": Null(), "c": {}},
		V: byValue{1}, P: byPointer{2}, PP: []*byPointer{{3}, nil}, I: byValue{4},
		Tree: tree{"r", []*tree{{Name: "l"}, nil}}, hidden: 1,
	}
	const want = "{\"zulu\":\"<z>\u2028\",\"id\":\"1\",\"createdAt\":\"2026-01-01T00:00:00.000Z\",\"alpha\":false,\"int\":-3,\"big\":18446744073709551615," +
		`"float":1e+21,"nil":null,"empty":[],"kept":[],"any":{"b":1},"raw":{"z":1, "a":2},"rawNil":null,` +
		`"map":{"a":null,"b":2},"nilMap":{},"v":<1>,"p":(2),"pv":null,"pp":[(3),null],"i":<4>,"iNil":null,` +
		`"tree":{"name":"r","children":[{"name":"l"},null]},"fixed":[0,0]}`
	if got := string(e.Append(nil, &v)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(e.Append([]byte("x"), v)); got != "x"+want {
		t.Errorf("by value: got %s", got)
	}
	if got := string(e.Append(nil, (*everything)(nil))); got != "null" {
		t.Errorf("nil: got %s", got)
	}
}

func TestEncoderKinds(t *testing.T) {
	t.Parallel()
	type embedsPointer struct {
		*base
		Name string
	}
	type hides struct {
		base
		ID int `json:"id"`
	}
	tests := []struct {
		v    any
		want string
	}{
		{embedsPointer{nil, "x"}, `{"Name":"x"}`},
		{embedsPointer{&base{ID: "1"}, "x"}, `{"id":"1","createdAt":"0001-01-01T00:00:00.000Z","Name":"x"}`},
		{hides{base{ID: "1"}, 2}, `{"createdAt":"0001-01-01T00:00:00.000Z","id":2}`},
		{[]base{}, "[]"}, {[]string(nil), "[]"}, {map[string]int{"b": 1, "a": 2}, `{"a":2,"b":1}`},
		{"x", `"x"`}, {true, "true"}, {time.UnixMilli(0), `"1970-01-01T00:00:00.000Z"`},
		{Value{}, "null"}, {struct{}{}, "{}"}, {(*int)(nil), "null"}, {&Object{}, "{}"}, {math.NaN(), "null"},
	}
	for _, tt := range tests {
		e, err := EncoderFor(reflect.TypeOf(tt.v))
		if err != nil {
			t.Errorf("%T: %v", tt.v, err)
			continue
		}
		if got := string(e.Append(nil, tt.v)); got != tt.want {
			t.Errorf("%T: got %s, want %s", tt.v, got, tt.want)
		}
	}
}

func TestEncoderRefuses(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]any{
		"no JSON form": struct{ F func() }{}, "keys must be strings": map[int]int{}, "AppendJSON": struct{ A any }{},
		"encode the bytes": struct{ B []byte }{}, "two fields named": struct {
			left
			right
		}{}, "option": struct {
			A int `json:"a,string"`
		}{},
	} {
		if _, err := EncoderFor(reflect.TypeOf(v)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%T: got %v, want %q", v, err, name)
		}
	}
	if _, err := EncoderFor(nil); err == nil {
		t.Error("nil has an encoder")
	}
}

type promotes struct {
	*byPointer
	Role string
}

type promotesValue struct {
	byValue
	Role string
}

type ownByValue struct {
	*byPointer
	Role string
}

func (o ownByValue) AppendJSON(dst []byte) []byte { return AppendString(dst, o.Role) }

type ownByPointer struct {
	byValue
	Role string
}

func (o *ownByPointer) AppendJSON(dst []byte) []byte { return AppendString(dst, o.Role) }

func TestEncoderRefusesPromotedMethods(t *testing.T) {
	t.Parallel()
	for _, v := range []any{promotes{}, &promotes{}, []promotesValue{}} {
		if _, err := EncoderFor(reflect.TypeOf(v)); err == nil || !strings.Contains(err.Error(), "embedded wire.by") && !strings.Contains(err.Error(), "embedded *wire.by") {
			t.Errorf("%T: got %v", v, err)
		}
	}
	for _, v := range []any{ownByValue{Role: "x"}, &ownByValue{Role: "x"}, ownByPointer{Role: "x"}, &ownByPointer{Role: "x"}} {
		e, err := EncoderFor(reflect.TypeOf(v))
		if err != nil {
			t.Errorf("%T: %v", v, err)
		} else if got := string(e.Append(nil, v)); got != `"x"` {
			t.Errorf("%T: got %s", v, got)
		}
	}
}

func TestAppendValue(t *testing.T) {
	t.Parallel()
	appender, err := EncoderFor(reflect.TypeFor[Appender]())
	if err != nil || appender.Type() != reflect.TypeFor[Appender]() {
		t.Fatal(err)
	}
	if got := string(appender.Append(nil, byValue{1})); got != "<1>" {
		t.Errorf("got %s", got)
	}
	if got := string(appender.Append(nil, nil)); got != "null" {
		t.Errorf("nil: got %s", got)
	}
	number, err := EncoderFor(reflect.TypeFor[int]())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{nil, "x"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v was written as a number", v)
				}
			}()
			number.Append(nil, v)
		}()
	}
}

func TestEncoderDoesNotAllocate(t *testing.T) {
	e, err := EncoderFor(reflect.TypeFor[everything]())
	if err != nil {
		t.Fatal(err)
	}
	v := everything{I: &byPointer{1}, PP: []*byPointer{{3}}, Tree: tree{Name: "r"}}
	buf := make([]byte, 0, 2048)
	if n := testing.AllocsPerRun(100, func() { buf = e.Append(buf[:0], &v) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
