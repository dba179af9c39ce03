package wire

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestScanObject(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want string
		err            error
	}{
		{"members as they stand", ` {"a" : {"x":[1, 2]} ,"b\u0041":"q\"}","c":-1.5e3,"c":null} `, `a={"x":[1, 2]};b\u0041="q\"}";c=-1.5e3;c=null;`, nil},
		{"empty", "{ }", "", nil},
		{"array", "[]", "", ErrSyntax},
		{"nothing", "", "", ErrSyntax},
		{"cut off", `{"a":1,"b":`, "a=1;", ErrSyntax},
		{"trailing comma", `{"a":1,}`, "a=1;", ErrSyntax},
		{"trailing data", `{"a":1}x`, "a=1;", ErrSyntax},
		{"bad value", `{"a":01}`, "a=0;", ErrSyntax},
		{"bad escape", `{"a":"\x"}`, "", ErrSyntax},
		{"bad UTF-8", "{\"a\":\"\xff\"}", "", ErrText},
		{"mismatched", `{"a":[1}}`, "", ErrSyntax},
		{"cut escape", `{"a":"\`, "", ErrSyntax},
		{"bad unicode escape", `{"a":"\u12g4"}`, "", ErrSyntax},
		{"control character", "{\"a\":\"\n\"}", "", ErrSyntax},
		{"bad words", `{"a":true,"b":nul}`, "a=true;", ErrSyntax},
		{"false", `{"a":false,"b":fals`, "a=false;", ErrSyntax},
		{"bad inner object", `{"a":{"b" 1}}`, "", ErrSyntax},
		{"cut inner object", `{"a":{"b":1`, "", ErrSyntax},
		{"no colon", `{"a" 1}`, "", ErrSyntax},
		{"no comma", `{"a":1 "b":2}`, "a=1;", ErrSyntax},
		{"only spaces left", `{"a":1  `, "a=1;", ErrSyntax},
		{"name is no string", `{a:1}`, "", ErrSyntax},
		{"DOS-02 depth", `{"a":` + strings.Repeat("[", 1e6), "", ErrLimit},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []byte
			err := ScanObject([]byte(tt.in), func(name, value []byte) bool {
				got = append(append(append(append(got, name...), '='), value...), ';')
				return true
			})
			if string(got) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %s, %v, want %s, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestScanObjectStops(t *testing.T) {
	t.Parallel()
	n := 0
	if err := ScanObject([]byte(`{"a":1,"b":2,garbage`), func(_, _ []byte) bool { n++; return n < 2 }); err != nil || n != 2 {
		t.Errorf("got %v after %d", err, n)
	}
}

var cachePayload = []byte(`{"session":{"session":{"id":"s","token":"t","expiresAt":"2026-01-01T00:00:00.000Z"},"user":{"id":"u","name":"Ü \"x\"","image":null},"updatedAt":1767225600000,"version":"1"},"expiresAt":1767225600000,"signature":"abc"}`)

func TestScanObjectDoesNotAllocate(t *testing.T) {
	var session []byte
	allocs := testing.AllocsPerRun(100, func() {
		_ = ScanObject(cachePayload, func(name, value []byte) bool {
			if string(name) == "session" {
				session = value
			}
			return true
		})
	})
	if allocs != 0 || !bytes.HasPrefix(session, []byte(`{"session":`)) {
		t.Errorf("%v allocations, session %s", allocs, session)
	}
}

func FuzzScanObject(f *testing.F) {
	f.Add(cachePayload)
	f.Add([]byte(`{"a":[{}],"b":"\ud800"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var names [][]byte
		err := ScanObject(data, func(name, value []byte) bool {
			names = append(names, name)
			if _, err := Parse(value, Limits{Members: 1 << 30}); err == ErrSyntax || err == ErrLimit {
				t.Fatalf("value %q of %q is %v", value, data, err)
			}
			return true
		})
		v, parseErr := Parse(data, Limits{Members: 1 << 30})
		if parseErr == nil && v.Kind() == KindObject && err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		if err == nil && (parseErr == ErrSyntax || parseErr == ErrLimit) && !bytes.HasPrefix(data, []byte("\xEF\xBB\xBF")) {
			t.Fatalf("%q: accepted, but Parse says %v", data, parseErr)
		}
	})
}

func BenchmarkScanObject(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = ScanObject(cachePayload, func(_, _ []byte) bool { return true })
	}
}
