package sqlcodec

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/advantch/kernia-go/core/schema"
)

func packedRow() *Row {
	return &Row{Cells: []Cell{
		{Col: &Column{Name: "id", ID: SerialID}}, {Col: &Column{Name: "name", Type: schema.String}},
		{Col: &Column{Name: "ok", Type: schema.Boolean}}, {Col: &Column{Name: "at", Type: schema.Date}},
		{Col: &Column{Name: "n", Type: schema.Number}}, {Col: &Column{Name: "tags", Type: schema.StringArray}},
	}}
}

func TestUnpack(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	for text, want := range map[string][]any{
		`[7,"Ada",1,"2026-01-02T03:04:05.006Z",-3,"[\"a\"]"]`: {"7", "Ada", true, at, int64(-3), []string{"a"}},
		`[null,null,null,null,null,null]`:                     {nil, nil, nil, nil, nil, nil},
		`[7,"",0,1767323045006,9223372036854775807,"x"]`:      {"7", "", false, at, int64(9223372036854775807), []string(nil)},
		`[7,"\"\\\b\f\n\r\t\u0001/,]é",0,"2026-01-02",0,null]`: {"7", "\"\\\b\f\n\r\t\x01/,]é", false,
			time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), int64(0), nil},
		`[7,5,"0",null,"12",null]`: {"7", "5", false, nil, int64(12), nil}, // as SQLite keeps what does not fit
	} {
		r := packedRow()
		if !r.Unpack(text) {
			t.Errorf("%s was refused", text)
			continue
		}
		for i := range r.Cells {
			got := r.Cells[i].Value
			if list, ok := want[i].([]string); ok && list == nil {
				want[i] = nil
			}
			if !reflect.DeepEqual(got, want[i]) {
				t.Errorf("%s: %s is %#v, want %#v", text, r.Cells[i].Col.Name, got, want[i])
			}
		}
	}
}

// What json_array changes, and what the schema does not admit, is read by columns.
func TestUnpackRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, `[`, `]`, `null`, `[]`, `[7,"a",1,null,1]`, `[7,"a",1,null,1,null`, `[7,"a",1,null,1,null,null]`, `[7,"a",1,null,1,null]x`,
		`[7,"a",1,null,1.5,null]`, `[7,"a",1,null,1e3,null]`, `[7,"a",1,null,9e999,null]`, `[7,"a",1,null,9223372036854775808,null]`,
		`[7,"a",true,null,1,null]`, `[7,[1],1,null,1,null]`, `[7,{},1,null,1,null]`,
		`[7,"a`, `[7,"a\`, `[7,"a\"`, `[7,"\x",1,null,1,null]`, `[7,"\u00",1,null,1,null]`, `[7,"\u00e9",1,null,1,null]`,
		`[7,"a","maybe",null,1,null]`, `[7,"a",1,"soon",1,null]`,
	} {
		if packedRow().Unpack(text) {
			t.Errorf("%s was taken", text)
		}
	}
}

// FuzzUnpack compares texts of valid JSON with encoding/json.
func FuzzUnpack(f *testing.F) {
	for _, s := range []string{`[1,"a\u0001",null]`, `["1","\\\"",2]`, `[1.5,"",""]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := &Row{Cells: []Cell{{Col: &Column{Type: schema.Number}}, {Col: &Column{Type: schema.String}}, {Col: &Column{Type: schema.String}}}}
		taken := r.Unpack(text)
		var want []any
		if json.Unmarshal([]byte(text), &want) != nil || !utf8.ValidString(text) || !taken {
			return
		}
		if len(want) != len(r.Cells) {
			t.Fatalf("%s has %d values", text, len(want))
		}
		for i, v := range want[1:] {
			if s, ok := v.(string); ok && r.Cells[i+1].Value != s {
				t.Errorf("%s: %q, want %q", text, r.Cells[i+1].Value, s)
			}
		}
	})
}
