package mongo

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// encode turns a record's value, which is not nil, into the stored one. The
// result is a scalar or an array of scalars and never a document: nothing that a
// client sends can become an operator.
func (t *table) encode(c *column, v any) (any, error) {
	if c.ids != noID {
		id, ok := v.(string)
		if !ok || !text(id) {
			return nil, t.bad(c, "is an id")
		}
		out, err := encodeID(c.ids, id)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t.model, c.name, err)
		}
		return out, nil
	}
	switch c.typ {
	case schema.String:
		if s, ok := v.(string); ok && text(s) {
			return s, nil
		}
	case schema.Number:
		n, ok := number(v)
		if _, fraction := n.(float64); ok && !(fraction && c.whole) {
			return n, nil
		}
	case schema.Boolean:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case schema.Date:
		if at, ok := v.(time.Time); ok && at.UTC().Year() >= 1 && at.UTC().Year() <= 9999 {
			return bson.DateTime(at.UnixMilli()), nil
		}
	case schema.JSON:
		if raw, ok := v.(json.RawMessage); ok && json.Valid(raw) && text(string(raw)) {
			return string(raw), nil
		}
	case schema.StringArray:
		if list, ok := v.([]string); ok && !slices.ContainsFunc(list, func(s string) bool { return !text(s) }) {
			return append(make([]string, 0, len(list)), list...), nil
		}
	case schema.NumberArray:
		if list, ok := v.([]float64); ok {
			return numbers(t, c, list)
		}
	}
	return nil, t.bad(c, "is a "+string(c.typ))
}

func (t *table) bad(c *column, what string) error {
	return fmt.Errorf("%w: %s.%s %s", adapter.ErrBadValue, t.model, c.name, what)
}

// text refuses what none of the databases takes: NUL, and bytes that are not UTF-8.
func text(s string) bool { return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) }

// number returns the BSON type that Node's driver would choose: int32, int64 for larger
// integers, and double for fractions.
func number(v any) (any, bool) {
	switch n := v.(type) {
	case int64:
		return integer(n), true
	case int:
		return integer(int64(n)), true
	case int32:
		return n, true
	case uint32:
		return integer(int64(n)), true
	case uint64:
		return integer(int64(n)), n <= math.MaxInt64
	case float64:
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return nil, false
		}
		if i, ok := whole(n); ok {
			return integer(i), true
		}
		return n, true
	}
	return nil, false
}

func integer(n int64) any {
	if n >= math.MinInt32 && n <= math.MaxInt32 {
		return int32(n)
	}
	return n
}

// whole returns the int64 of an integral float. 2^63 is the first float out of range.
func whole(f float64) (int64, bool) {
	if f == math.Trunc(f) && f >= math.MinInt64 && f < math.MaxInt64 {
		return int64(f), true
	}
	return 0, false
}

func numbers(t *table, c *column, list []float64) (any, error) {
	out := make([]any, len(list))
	for i, f := range list {
		n, ok := number(f)
		if !ok {
			return nil, t.bad(c, "is a "+string(c.typ))
		}
		out[i] = n
	}
	return out, nil
}

// value encodes the value of a column; nil is null.
func (t *table) value(c *column, v any) (any, error) {
	if v == nil {
		if !c.optional {
			return nil, t.bad(c, "cannot be null")
		}
		return nil, nil
	}
	return t.encode(c, v)
}

// assign encodes the changes of an update in the order of the schema, so that
// equal updates are equal commands.
func (t *table) assign(set adapter.Record) (bson.D, error) {
	for name := range set {
		if _, err := t.column(name); err != nil {
			return nil, err
		}
	}
	if _, ok := set["id"]; ok {
		return nil, t.bad(t.columns[0], "of a row is fixed")
	}
	out := make(bson.D, 0, len(set))
	for _, c := range t.columns[1:] {
		v, ok := set[c.name]
		if !ok {
			continue
		}
		stored, err := t.value(c, v)
		if err != nil {
			return nil, err
		}
		out = append(out, bson.E{Key: c.key, Value: stored})
	}
	return out, nil
}
