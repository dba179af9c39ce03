package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     error
	}{
		{"INJ-08 NUL in a string", `{"a":"x\u0000"}`, ErrText},
		{"INJ-08 NUL in a name", `{"\u0000":1}`, ErrText},
		{"INJ-08 raw NUL", "\"\x00\"", ErrSyntax},
		{"INJ-08 invalid UTF-8", "\"\xff\"", ErrText},
		{"INJ-08 invalid UTF-8 after an escape", "\"\\n\xff\"", ErrText},
		{"INJ-08 surrogate in UTF-8", "\"\xed\xa0\x80\"", ErrText},
		{"INJ-08 lone high surrogate", `"\ud800"`, ErrText},
		{"INJ-08 lone low surrogate", `"\udc00x"`, ErrText},
		{"INJ-08 high surrogate and a letter", `"\ud800\u0041"`, ErrText},
		{"INJ-08 two high surrogates", `"\ud800\ud800\udc00"`, ErrText},
		{"broken escape after a surrogate", `"\ud800\u00zz"`, ErrSyntax},
		{"two byte order marks", "\uFEFF\uFEFF1", ErrSyntax},
		{"DOS-02 giant number", "1e400", ErrNumber},
		{"DOS-02 giant negative number", "[-1e400]", ErrNumber},
		{"DOS-02 too many items", "[" + strings.Repeat("1,", DefaultMembers) + "1]", ErrLimit},
		{"DOS-02 depth", strings.Repeat("[", 33) + strings.Repeat("]", 33), ErrLimit},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if v, err := Parse([]byte(tt.in), Limits{}); !errors.Is(err, tt.want) || !v.IsUndefined() {
				t.Errorf("got %v, %v, want %v", v.Kind(), err, tt.want)
			}
		})
	}
}

func TestParseAccepts(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"one byte order mark", "\uFEFF{}", "{}"},
		{"depth at the limit", strings.Repeat("[", 32) + strings.Repeat("]", 32), strings.Repeat("[", 32) + strings.Repeat("]", 32)},
		{"siblings do not add depth", "[" + strings.Repeat("[],", 100) + "[]]", "[" + strings.Repeat("[],", 100) + "[]]"},
		{"64-bit integers", "[9223372036854775807,-9223372036854775808]", "[9223372036854775807,-9223372036854775808]"},
		{"beyond 64 bits as JavaScript", "9223372036854775808", "9223372036854776000"},
		{"underflow", "1e-400", "0"},
		{"long fraction", "0." + strings.Repeat("3", 5000), "0.3333333333333333"},
		{"MASS-04 of equal names the last counts", `{"email":"a","x":1,"email":"b"}`, `{"email":"b","x":1}`},
		{"MASS-04 equal after decoding", `{"email":"a","\u0065mail":"b"}`, `{"email":"b"}`},
		{"MASS-03 names differ by case", `{"role":1,"Role":2}`, `{"role":1,"Role":2}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, err := Parse([]byte(tt.in), Limits{})
			if got := string(v.AppendJSON(nil)); err != nil || got != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

// DOS-02: hostile input is refused at the limit, and input within large limits is read
// in linear time, with a generous deadline.
func TestDOS02Linear(t *testing.T) {
	t.Parallel()
	keys := func(n int, name func(int) string) []byte {
		b := []byte{'{'}
		for i := range n {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, `"`+name(i)+`":1`...)
		}
		return append(b, '}')
	}
	large := Limits{Depth: 1 << 20, Members: 1 << 21}
	tests := []struct {
		name   string
		in     []byte
		limits Limits
		want   error
	}{
		{"DOS-02 depth 10⁵", bytes.Repeat([]byte{'['}, 1e5), Limits{}, ErrLimit},
		{"DOS-02 depth 10⁵ of objects", bytes.Repeat([]byte(`{"a":`), 1e5), Limits{}, ErrLimit},
		{"DOS-02 10⁶ keys refused", keys(1e6, strconv.Itoa), Limits{}, ErrLimit},
		{"DOS-02 3·10⁵ keys read", keys(3e5, func(i int) string { return "k" + strconv.Itoa(i) }), large, nil},
		{"DOS-02 3·10⁵ descending indices read", keys(3e5, func(i int) string { return strconv.Itoa(300_000 - i) }), large, nil},
		{"DOS-02 3·10⁵ equal keys read", keys(3e5, func(int) string { return "k" }), large, nil},
		{"DOS-02 giant number", append(bytes.Repeat([]byte{'9'}, 1e6), "e5"...), Limits{}, ErrNumber},
		{"DOS-02 giant string of escapes", []byte(`"` + strings.Repeat(`\n`, 1e6) + `"`), Limits{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			if _, err := Parse(tt.in, tt.limits); err != tt.want {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,"\u00e9\ud83d\ude00",null,true]}`, `{"2":1,"1":2,"a":3,"a":4}`, "-0", "[", "\uFEFF1", `"\u0000"`, "[1e400]", "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data, Limits{})
		valid := json.Valid(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")))
		switch {
		case err == nil && !valid:
			t.Fatalf("accepted %q", data)
		case err == ErrSyntax && valid:
			t.Fatalf("refused %q", data)
		case err != nil:
			return
		}
		text := v.AppendJSON(nil)
		again, err := Parse(text, Limits{})
		if err != nil {
			t.Fatalf("%q became %q, which is %v", data, text, err)
		}
		if got := again.AppendJSON(nil); !bytes.Equal(got, text) {
			t.Fatalf("%q became %q and then %q", data, text, got)
		}
	})
}
