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

// storedLimits bound values read back from our own storage: a list of many sessions
// must not count as corrupt.
var storedLimits = wire.Limits{Depth: 32, Members: 1 << 20}

// listLimits are for the list of a user's sessions, whose length is not bounded.
var listLimits = wire.Limits{Depth: 4, Members: math.MaxInt32}

// memberOrder lists the members of a row's JSON: those that come first, the other
// fields in schema order, the id last unless it came before. Better Auth 1.6 answers a
// row of the database in schema order, and a row that is in the secondary storage only
// in the order of its creation.
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
// that clients never see. A verification value that is in the secondary storage only
// has no id and no such member.
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
	if value, ok := valueOfType(f.Type, v); ok {
		return value, nil
	}
	return nil, fmt.Errorf("%w: %s is not a %s", adapter.ErrBadValue, f.Name, f.Type)
}

func valueOfType(t schema.Type, v wire.Value) (any, bool) {
	switch t {
	case schema.String:
		return boxed(v.Str())
	case schema.Boolean:
		return boxed(v.Bool())
	case schema.Number:
		n, ok := v.Num()
		return numberValue(n), ok
	case schema.Date:
		if s, ok := v.Str(); ok {
			return boxed(wire.ParseTime(s))
		}
		n, ok := v.Num()
		return time.UnixMilli(int64(n)).UTC(), ok && math.Abs(n) < 8.64e15
	case schema.JSON:
		return json.RawMessage(v.AppendJSON(nil)), true
	case schema.StringArray:
		return listOf(v, wire.Value.Str)
	case schema.NumberArray:
		return listOf(v, wire.Value.Num)
	}
	return nil, false
}

func boxed[T any](v T, ok bool) (any, bool) { return v, ok }

func listOf[T any](v wire.Value, of func(wire.Value) (T, bool)) (any, bool) {
	items, ok := v.Items()
	if !ok {
		return nil, false
	}
	out := make([]T, len(items))
	for i, item := range items {
		if out[i], ok = of(item); !ok {
			return nil, false
		}
	}
	return out, true
}

func numberValue(n float64) any {
	if n == math.Trunc(n) && math.Abs(n) <= 1<<53 {
		return int64(n)
	}
	return n
}
