package memory

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// index finds rows by the values of one or several slots. Rows with a null in one of
// them are left out, because nulls never collide in a unique key.
type index struct {
	slots  []int
	unique bool
	rows   map[string][]*row // each by seq
}

func newIndex(unique bool, slots ...int) *index {
	return &index{slots: slots, unique: unique, rows: map[string][]*row{}}
}

func (x *index) key(vals []any) (string, bool) {
	if len(x.slots) == 1 {
		v := at(vals, x.slots[0])
		if v == nil {
			return "", false
		}
		return encode(v), true
	}
	parts := make([]string, len(x.slots))
	for i, slot := range x.slots {
		v := at(vals, slot)
		if v == nil {
			return "", false
		}
		parts[i] = encode(v)
	}
	return joinKey(parts), true
}

// joinKey makes one key of several; lengths keep "a","bc" and "ab","c" apart.
func joinKey(parts []string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(strconv.Itoa(len(p)))
		b.WriteByte(':')
		b.WriteString(p)
	}
	return b.String()
}

func (x *index) add(r *row) {
	if key, ok := x.key(r.vals); ok {
		x.rows[key] = insertRow(x.rows[key], r)
	}
}

func (x *index) remove(r *row) {
	key, ok := x.key(r.vals)
	if !ok {
		return
	}
	if left := removeRow(x.rows[key], r); len(left) > 0 {
		x.rows[key] = left
	} else {
		delete(x.rows, key)
	}
}

// moves reports whether a change of values changes the key.
func (x *index) moves(old, vals []any) bool {
	for _, slot := range x.slots {
		if !same(at(old, slot), at(vals, slot)) {
			return true
		}
	}
	return false
}

// repeats reports whether two rows share a key.
func (x *index) repeats() bool {
	for _, rows := range x.rows {
		if len(rows) > 1 {
			return true
		}
	}
	return false
}

func same(a, b any) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return encode(a) == encode(b)
}

// encode gives a stored value a text. Two values of one column are equal exactly when
// their texts are.
func encode(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return strconv.FormatInt(v.UnixMilli(), 10)
	case json.RawMessage:
		return string(v)
	case []string:
		return joinKey(v)
	case []float64:
		parts := make([]string, len(v))
		for i, f := range v {
			parts[i] = encode(f)
		}
		return joinKey(parts)
	}
	return ""
}
