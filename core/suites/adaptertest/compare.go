package adaptertest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// same compares values by the Go types of schema.Type, strictly: int64 is not
// float64, and a time must be in UTC.
func same(got, want any) bool {
	switch want := want.(type) {
	case nil:
		return got == nil
	case time.Time:
		t, ok := got.(time.Time)
		return ok && t.Equal(want) && t.Location() == time.UTC
	case json.RawMessage:
		raw, ok := got.(json.RawMessage)
		return ok && canonical(raw) == canonical(want)
	case []string:
		list, ok := got.([]string)
		return ok && slices.Equal(list, want)
	case []float64:
		list, ok := got.([]float64)
		return ok && slices.Equal(list, want)
	case string, bool, int64, float64:
		switch got.(type) {
		case string, bool, int64, float64:
			return got == want
		}
	}
	return false
}

// canonical returns a JSON text without spaces and with sorted keys: databases with a
// JSON type keep neither spaces nor order.
func canonical(raw json.RawMessage) string {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return "invalid: " + string(raw)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return "invalid: " + string(raw)
	}
	return string(out)
}

// show prints a value with its type, shortened.
func show(v any) string {
	s := fmt.Sprintf("%T(%+q)", v, fmt.Sprint(v))
	if len(s) > 200 {
		return fmt.Sprintf("%s… (%d bytes)", s[:200], len(s))
	}
	return s
}
