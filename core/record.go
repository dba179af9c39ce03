package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/wire"
)

// storedLimits bound what is read back from a storage of our own: a list of many
// sessions must not count as corrupt.
var storedLimits = wire.Limits{Depth: 32, Members: 1 << 20}

// appendRecord appends a whole row as JSON, hidden fields included, for storages
// that clients never see. The id comes last, as in 1.6.11's rows.
func appendRecord(dst []byte, t *schema.Table, rec adapter.Record) []byte {
	dst = append(dst, '{')
	for i := range t.Fields {
		dst = wire.AppendString(dst, t.Fields[i].Name)
		dst = append(dst, ':')
		dst = appendAny(dst, rec[t.Fields[i].Name])
		dst = append(dst, ',')
	}
	id, ok := rec["id"]
	if !ok { // a verification value that lives in the secondary storage only has none
		dst[len(dst)-1] = '}'
		return dst
	}
	dst = append(dst, `"id":`...)
	dst = appendAny(dst, id)
	return append(dst, '}')
}

var errNotARow = errors.New("core: stored JSON is not a row")

// recordFromJSON reads a row that this server or a Better Auth server wrote as
// JSON. Unknown members are ignored, absent ones are null.
func recordFromJSON(t *schema.Table, v wire.Value) (adapter.Record, error) {
	o, ok := v.Obj()
	if !ok {
		return nil, errNotARow
	}
	rec := make(adapter.Record, len(t.Fields)+1)
	if id, ok := o.Get("id"); ok && !id.IsNull() {
		s, ok := id.Str()
		if !ok {
			return nil, errNotARow
		}
		rec["id"] = s
	}
	for i := range t.Fields {
		f := &t.Fields[i]
		m, _ := o.Get(f.Name)
		value, err := valueFromJSON(f, m)
		if err != nil {
			return nil, err
		}
		rec[f.Name] = value
	}
	return rec, nil
}

// valueFromJSON converts a JSON value to the record value of a field. The error
// is adapter.ErrBadValue when the types differ.
func valueFromJSON(f *schema.Field, v wire.Value) (any, error) {
	if v.IsUndefined() || v.IsNull() {
		return nil, nil
	}
	bad := fmt.Errorf("%w: %s is not a %s", adapter.ErrBadValue, f.Name, f.Type)
	switch f.Type {
	case schema.String:
		if s, ok := v.Str(); ok {
			return s, nil
		}
	case schema.Boolean:
		if b, ok := v.Bool(); ok {
			return b, nil
		}
	case schema.Number:
		if n, ok := v.Num(); ok {
			return numberValue(n), nil
		}
	case schema.Date:
		if s, ok := v.Str(); ok {
			if t, ok := wire.ParseTime(s); ok {
				return t, nil
			}
		}
		if n, ok := v.Num(); ok && math.Abs(n) < 8.64e15 {
			return time.UnixMilli(int64(n)).UTC(), nil
		}
	case schema.JSON:
		return json.RawMessage(v.AppendJSON(nil)), nil
	case schema.StringArray:
		items, ok := v.Items()
		out := make([]string, len(items))
		for i, item := range items {
			if out[i], ok = item.Str(); !ok {
				return nil, bad
			}
		}
		if ok || len(items) == 0 && v.Kind() == wire.KindArray {
			return out, nil
		}
	case schema.NumberArray:
		items, ok := v.Items()
		out := make([]float64, len(items))
		for i, item := range items {
			if out[i], ok = item.Num(); !ok {
				return nil, bad
			}
		}
		if ok || len(items) == 0 && v.Kind() == wire.KindArray {
			return out, nil
		}
	}
	return nil, bad
}

func numberValue(n float64) any {
	if n == math.Trunc(n) && math.Abs(n) <= 1<<53 {
		return int64(n)
	}
	return n
}
