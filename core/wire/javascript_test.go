package wire

import (
	"encoding/json"
	"math"
	"os"
	"testing"
	"time"
)

// vectors holds the results of Node.js for the same inputs, see
// testdata/javascript.mjs.
type vectors struct {
	Numbers    [][3]json.RawMessage `json:"numbers"`
	Strings    [][3]string          `json:"strings"`
	Times      [][2]json.RawMessage `json:"times"`
	Dates      [][2]json.RawMessage `json:"dates"`
	JSON       [][2]*string         `json:"json"`
	Components [][2]*string         `json:"components"`
	Queries    [][3]string          `json:"queries"`
	URLs       [][2]string          `json:"urls"`
}

func loadVectors(t *testing.T) vectors {
	t.Helper()
	data, err := os.ReadFile("testdata/javascript.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func decode[T any](t *testing.T, data json.RawMessage) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAppendNumber(t *testing.T) {
	t.Parallel()
	for _, c := range loadVectors(t).Numbers {
		f, want := decode[float64](t, c[0]), decode[string](t, c[2])
		if got := string(AppendNumber(nil, f)); got != want {
			t.Errorf("%s: got %s, want %s", c[0], got, want)
		}
	}
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got := string(AppendNumber(nil, f)); got != "null" {
			t.Errorf("%v: got %s, want null", f, got)
		}
	}
	if got := string(AppendNumber([]byte("x"), math.Copysign(0, -1))); got != "x0" {
		t.Errorf("-0: got %s", got)
	}
}

func TestAppendString(t *testing.T) {
	t.Parallel()
	for _, c := range loadVectors(t).Strings {
		if got := string(AppendString(nil, c[0])); got != c[1] {
			t.Errorf("got %s, want %s", got, c[1])
		}
		if got := EncodeURIComponent(c[0]); got != c[2] {
			t.Errorf("component: got %s, want %s", got, c[2])
		}
		if got, err := DecodeURIComponent(c[2]); err != nil || got != c[0] {
			t.Errorf("component %s: got %q, %v", c[2], got, err)
		}
	}
	for in, want := range map[string]string{
		"a\xffb": `"a` + "\uFFFD" + `b"`, "\xe2\x82": `"` + "\uFFFD" + `"`,
		"\xed\xa0\x80": `"` + "\uFFFD\uFFFD\uFFFD" + `"`, "\uFFFD": `"` + "\uFFFD" + `"`,
	} {
		if got := string(AppendString(nil, in)); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
	if got := EncodeURIComponent("\xff"); got != "%EF%BF%BD" {
		t.Errorf("not UTF-8: got %s", got)
	}
}

func TestDecodeURIComponent(t *testing.T) {
	t.Parallel()
	for _, c := range loadVectors(t).Components {
		got, err := DecodeURIComponent(*c[0])
		if (err == nil) != (c[1] != nil) || err == nil && got != *c[1] {
			t.Errorf("%s: got %q, %v", *c[0], got, err)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	v := loadVectors(t)
	for _, c := range v.Times {
		at := time.UnixMilli(decode[int64](t, c[0])).In(time.FixedZone("x", 5400))
		if got := string(AppendTime(nil, at)); got != string(c[1]) {
			t.Errorf("%s: got %s, want %s", c[0], got, c[1])
		}
	}
	for _, c := range v.Dates {
		s, want := decode[string](t, c[0]), decode[*int64](t, c[1])
		got, ok := ParseTime(s)
		if ok != (want != nil) || ok && (got.UnixMilli() != *want || got.Location() != time.UTC) {
			t.Errorf("%s: got %v, %v, want %s", s, got, ok, c[1])
		}
	}
	if got := string(AppendTime(nil, time.Date(300_000, 1, 1, 0, 0, 0, 0, time.UTC))); got != "null" {
		t.Errorf("year 300000: got %s", got)
	}
	if got := string(AppendTime(nil, time.UnixMicro(1767225600999999))); got != `"2026-01-01T00:00:00.999Z"` {
		t.Errorf("microseconds: got %s", got)
	}
	if got, ok := ParseTime("2026-01-01 02:03:04"); !ok || got.Unix() != 1767232984 {
		t.Errorf("with a space: got %v, %v", got, ok)
	}
}

func TestParseAsJavaScript(t *testing.T) {
	t.Parallel()
	for _, c := range loadVectors(t).JSON {
		v, err := Parse([]byte(*c[0]), Limits{})
		if c[1] == nil {
			if err != ErrSyntax {
				t.Errorf("%q: got %v, want ErrSyntax", *c[0], err)
			}
			continue
		}
		if got := string(v.AppendJSON(nil)); err != nil || got != *c[1] {
			t.Errorf("%q: got %s, %v, want %s", *c[0], got, err, *c[1])
		}
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()
	for _, c := range loadVectors(t).Queries {
		q := ParseQuery(c[0])
		if got := string(q.Value().AppendJSON(nil)); got != c[1] {
			t.Errorf("%q: got %s, want %s", c[0], got, c[1])
		}
		if got := q.Encode(); got != c[2] {
			t.Errorf("%q: got %s, want %s", c[0], got, c[2])
		}
	}
	q := ParseQuery("a=1&b=2&a=3")
	if s, ok := q.Get("a"); s != "1" || !ok {
		t.Errorf("Get: got %q, %v", s, ok)
	}
	if _, ok := q.Get("A"); ok {
		t.Error("Get found a name in another case")
	}
	if got := q.Set("a", "9").Set("c", "&").Encode(); got != "a=9&b=2&c=%26" {
		t.Errorf("Set: got %s", got)
	}
}

func TestSetSearchParams(t *testing.T) {
	t.Parallel()
	for _, c := range loadVectors(t).URLs {
		got := SetSearchParams(c[0], [2]string{"error", "a b/ü&'~*"}, [2]string{"code", "X-1_.2"})
		if got != c[1] {
			t.Errorf("%s: got %s, want %s", c[0], got, c[1])
		}
	}
	for in, want := range map[string]string{
		"/x?a=1#f": "/x?a=1&k=v#f", "": "?k=v", "x": "x?k=v", "http:x": "http:x?k=v", "/a b:c": "/a%20b:c?k=v", "app:x y": "app:x y?k=v", `\\evil.example`: "//evil.example?k=v",
	} {
		if got := SetSearchParams(in, [2]string{"k", "v"}); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
	if got := SetSearchParams("https://a.example?x=%20 y&'z'#f"); got != "https://a.example/?x=%20%20y&%27z%27#f" {
		t.Errorf("no pairs: got %s", got)
	}
}
