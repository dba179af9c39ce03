package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/wire"
)

// storedLimits bound what is read back from a storage of our own: a list of many
// sessions must not count as corrupt.
var storedLimits = wire.Limits{Depth: 32, Members: 1 << 20}

// memberOrder lists the members of a row's JSON: those that come first, the other
// fields in schema order, the id last unless it came before. 1.6.11 answers a row
// of the database in schema order, and one that it keeps only in a secondary
// storage as it was put together.
func memberOrder(t *schema.Table, first ...string) []string {
	order := append(make([]string, 0, len(t.Fields)+1), first...)
	for i := range t.Fields {
		if name := t.Fields[i].Name; !slices.Contains(first, name) {
			order = append(order, name)
		}
	}
	if !slices.Contains(first, "id") {
		order = append(order, "id")
	}
	return order
}

var (
	secondarySession      = []string{"id", "ipAddress", "userAgent", "expiresAt", "userId", "token", "createdAt", "updatedAt"}
	secondaryVerification = []string{"createdAt", "updatedAt", "value", "identifier", "expiresAt"}
)

// appendRecord appends a whole row as JSON, hidden fields included, for storages
// that clients never see. A verification value that lives in the secondary storage
// only has no id, and no such member.
func appendRecord(dst []byte, order []string, rec adapter.Record) []byte {
	dst = append(dst, '{')
	first := true
	for _, name := range order {
		v, ok := rec[name]
		if !ok && name == "id" {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = wire.AppendString(dst, name)
		dst = append(dst, ':')
		dst = appendAny(dst, v)
	}
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
