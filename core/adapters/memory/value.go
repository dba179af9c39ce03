package memory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// fit converts a value that is not nil to the form that its field stores. It copies
// nothing; see copyIn.
func fit(f *schema.Field, v any) (any, error) {
	switch f.Type {
	case schema.String:
		if s, ok := v.(string); ok && text(s) {
			return v, nil
		}
	case schema.Number:
		if n, ok := number(v, f.BigInt); ok {
			return n, nil
		}
	case schema.Boolean:
		if _, ok := v.(bool); ok {
			return v, nil
		}
	case schema.Date:
		if t, ok := v.(time.Time); ok && t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 {
			return time.UnixMilli(t.UnixMilli()).UTC(), nil
		}
	case schema.JSON:
		if raw, ok := v.(json.RawMessage); ok && json.Valid(raw) {
			return v, nil
		}
	case schema.StringArray:
		if list, ok := v.([]string); ok && !slices.ContainsFunc(list, func(s string) bool { return !text(s) }) {
			return v, nil
		}
	case schema.NumberArray:
		if list, ok := v.([]float64); ok && !slices.ContainsFunc(list, func(n float64) bool { return !finite(n) }) {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%w: %s is a %s", adapter.ErrBadValue, f.Name, f.Type)
}

// text refuses what PostgreSQL would refuse, so that tests against memory see it.
func text(s string) bool { return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) }

func finite(n float64) bool { return !math.IsNaN(n) && !math.IsInf(n, 0) }

// number returns an int64 for integral values and a float64 for all others.
func number(v any, integral bool) (any, bool) {
	switch n := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(n), true
	case int32:
		return int64(n), true
	case uint32:
		return int64(n), true
	case uint64:
		return int64(n), n <= math.MaxInt64
	case float64:
		if !finite(n) {
			return nil, false
		}
		// 2^63 itself is the first float64 beyond the range of int64.
		if n == math.Trunc(n) && n >= math.MinInt64 && n < math.MaxInt64 {
			return int64(n), true
		}
		return v, !integral
	}
	return nil, false
}

// copyIn makes a fitted value independent of the caller, strings included: some
// servers reuse the memory below the strings of a request.
func copyIn(v any) any {
	switch v := v.(type) {
	case string:
		return strings.Clone(v)
	case []string:
		list := make([]string, len(v))
		for i, s := range v {
			list[i] = strings.Clone(s)
		}
		return list
	case []float64:
		return append([]float64{}, v...)
	case json.RawMessage:
		return json.RawMessage(bytes.Clone(v))
	}
	return v
}

// copyOut makes a stored value independent of the database.
func copyOut(v any) any {
	switch v := v.(type) {
	case []string:
		return slices.Clone(v)
	case []float64:
		return slices.Clone(v)
	case json.RawMessage:
		return json.RawMessage(bytes.Clone(v))
	}
	return v
}
