package sqlcodec

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestValuesComeBack(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 2, 28, 23, 59, 59, 999e6, time.UTC)
	for _, d := range []Dialect{SQLite, Postgres, MySQL} {
		tab := compiled(t, "")["user"]
		for field, values := range map[string][]any{
			"id": {"x"}, "name": {"", "ä\n'\"\\"}, "ok": {true, false}, "count": {int64(0), int64(-1), int64(math.MaxInt64), 1.5, int64(1 << 53)},
			"at": {at, time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)}, "prefs": {json.RawMessage(`{"a":1}`), json.RawMessage("null")},
			"tags": {[]string{}, []string{"a", "<b>", ""}}, "scores": {[]float64{}, []float64{1, 2.5}},
		} {
			col, err := tab.Column(field)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range append(values, nil) {
				arg, err := d.Encode(tab, col, v)
				if err != nil {
					t.Errorf("%s %s %v: %v", d, field, v, err)
					continue
				}
				sources := []any{arg}
				if text, ok := arg.(string); ok {
					sources = append(sources, []byte(text)) // as MySQL's driver hands it over
				}
				for _, src := range sources {
					cell := Cell{Col: col}
					if err := cell.Scan(src); err != nil || !reflect.DeepEqual(cell.Value, v) {
						t.Errorf("%s %s: %#v came back as %#v, %v", d, field, v, cell.Value, err)
					}
				}
			}
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	tab := compiled(t, "")["user"]
	for field, values := range map[string][]any{
		"name": {1, true, "\x00"}, "ok": {1, "true"}, "count": {"1", math.NaN(), math.Inf(1), uint64(1)},
		"at":    {"2026", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)},
		"prefs": {"{}", json.RawMessage("{"), json.RawMessage("\"\xff\"")}, "tags": {[]any{"a"}, []string{"\x00"}}, "scores": {[]int{1}, []float64{math.NaN()}},
	} {
		col, _ := tab.Column(field)
		for _, v := range values {
			if arg, err := SQLite.Encode(tab, col, v); err == nil {
				t.Errorf("%s: %#v became %#v", field, v, arg)
			}
		}
	}
}

func TestScanKeepsTheValueOutOfItsError(t *testing.T) {
	t.Parallel()
	tab := compiled(t, "")["user"]
	for _, field := range []string{"ok", "count", "at"} {
		col, _ := tab.Column(field)
		cell := Cell{Col: col}
		err := cell.Scan("canary")
		if err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}
