package wire

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"
)

func TestZeroValueIsUndefined(t *testing.T) {
	t.Parallel()
	var v Value
	if !v.IsUndefined() || v.IsNull() || v.Truthy() || v.Kind().String() != "undefined" {
		t.Error("the zero Value is not undefined")
	}
	_, a := v.Str()
	_, b := v.Num()
	_, c := v.Bool()
	_, d := v.Items()
	_, e := v.Obj()
	_, f := v.Int64()
	if a || b || c || d || e || f {
		t.Error("undefined has a type")
	}
	if got := string(v.AppendJSON(nil)); got != "null" {
		t.Errorf("got %s", got)
	}
}

func TestAppendJSON(t *testing.T) {
	t.Parallel()
	tests := []struct {
		v    Value
		want string
	}{
		{ObjectOf(NewObject(Member{"a", Value{}}, Member{"b", Null()}, Member{"c", Value{}}, Member{"d", Bool(true)})), `{"b":null,"d":true}`},
		{Array(Value{}, Number(math.NaN()), Number(math.Inf(1)), Bool(false), Int(-5)), `[null,null,null,false,-5]`},
		{Array(), "[]"},
		{ObjectOf(nil), "null"},
		{Int(math.MaxInt64), "9223372036854775807"},
		{Number(1 << 60), "1152921504606847000"},
		{Time(time.UnixMilli(5)), `"1970-01-01T00:00:00.005Z"`},
		{Time(time.Date(900_000, 1, 1, 0, 0, 0, 0, time.UTC)), "null"},
		{String("\u2028<"), "\"\u2028<\""},
	}
	for _, tt := range tests {
		if got := string(tt.v.AppendJSON(nil)); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestTruthy(t *testing.T) {
	t.Parallel()
	for _, v := range []Value{Bool(true), Int(1), Number(-0.5), Number(math.Inf(1)), String("0"), String("false"), Array(), ObjectOf(&Object{})} {
		if !v.Truthy() {
			t.Errorf("%s is falsy", v.AppendJSON(nil))
		}
	}
	for _, v := range []Value{{}, Null(), Bool(false), Int(0), Number(math.Copysign(0, -1)), Number(math.NaN()), String("")} {
		if v.Truthy() {
			t.Errorf("%s is truthy", v.AppendJSON(nil))
		}
	}
}

func TestInt64(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"9007199254740993": 9007199254740993, "1e3": 1000, "-0": 0, "2.0": 2} {
		v, err := Parse([]byte(in), Limits{})
		if got, ok := v.Int64(); err != nil || !ok || got != want {
			t.Errorf("%s: got %d, %v, %v", in, got, ok, err)
		}
	}
	for _, v := range []Value{Number(1.5), Number(1 << 63), Number(math.NaN()), Number(math.Inf(-1)), String("1")} {
		if n, ok := v.Int64(); ok {
			t.Errorf("%s became %d", v.AppendJSON(nil), n)
		}
	}
}

func TestObject(t *testing.T) {
	t.Parallel()
	for _, extra := range []int{0, 30} { // below and above the size at which look-ups change
		o := &Object{}
		for i := range extra {
			o.Set("x"+strconv.Itoa(i), Int(int64(i)))
		}
		for _, name := range []string{"b", "10", "a", "2", "01", "b", "4294967295"} {
			o.Set(name, String(name))
		}
		names := func() (out []string) {
			for _, m := range o.Members() {
				if m.Name[0] != 'x' {
					out = append(out, m.Name)
				}
			}
			return out
		}
		if got, want := names(), []string{"2", "10", "b", "a", "01", "4294967295"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		o.Delete("2")
		o.Delete("a")
		o.Delete("none")
		o.Set("5", Null())
		o.Set("z", Bool(true))
		if got, want := names(), []string{"5", "10", "b", "01", "4294967295", "z"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		for i, m := range o.Members() {
			if v, ok := o.Get(m.Name); !ok || v != m.Value || o.find(m.Name) != i {
				t.Errorf("%s is not found at %d", m.Name, i)
			}
		}
		if _, ok := o.Get("2"); ok || o.Len() != 6+extra {
			t.Errorf("Delete left %d members", o.Len())
		}
	}
	var none *Object
	if _, ok := none.Get("a"); ok || none.Len() != 0 || len(none.Members()) != 0 {
		t.Error("a nil Object has members")
	}
}

func TestSharedInPlace(t *testing.T) {
	t.Parallel()
	v, err := Parse([]byte(`{"a":{"b":1},"c":[1]}`), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	again := v
	o, _ := again.Get("a").Obj()
	o.Set("b", String("changed"))
	items, _ := again.Get("c").Items()
	items[0] = Null()
	if got := string(v.AppendJSON(nil)); got != `{"a":{"b":"changed"},"c":[null]}` {
		t.Errorf("got %s", got)
	}
	if !v.Get("a").Get("none").IsUndefined() || !v.Get("c").Get("0").IsUndefined() {
		t.Error("Get found what is not there")
	}
}

func TestClone(t *testing.T) {
	t.Parallel()
	const text = `{"2":[{"a":1}],"b":{"c":null},"d":"e","f":3}`
	v, err := Parse([]byte(text), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	clone := v.Clone()
	o, _ := clone.Obj()
	items, _ := clone.Get("2").Items()
	inner, _ := items[0].Obj()
	inner.Set("a", Bool(true))
	items[0] = Null()
	o.Set("1", Null())
	o.Delete("b")
	if got := string(v.AppendJSON(nil)); got != text {
		t.Errorf("the original became %s", got)
	}
	if got := string(clone.AppendJSON(nil)); got != `{"1":null,"2":[null],"d":"e","f":3}` {
		t.Errorf("the clone is %s", got)
	}
}

func TestKindNames(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]Value{
		"undefined": {}, "null": Null(), "boolean": Bool(true), "number": Int(1), "string": String(""), "array": Array(), "object": ObjectOf(&Object{}),
	} {
		if got := v.Kind().String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestValidText(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"": true, "é\n\ufffd": true, "a\x00": false, "\xff": false, "\xed\xa0\x80": false} {
		if ValidText(s) != want {
			t.Errorf("%q: got %v", s, !want)
		}
	}
}
