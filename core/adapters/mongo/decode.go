package mongo

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// record reads a document. An empty selection means all columns; fields that the schema
// does not have are left out.
func (t *table) record(doc bson.Raw, selected []*column, extra int) (adapter.Record, error) {
	if len(selected) == 0 {
		selected = t.columns
	}
	rec := make(adapter.Record, len(selected)+extra)
	for _, c := range selected {
		rec[c.name] = nil
	}
	elements, err := doc.Elements()
	if err != nil {
		return nil, fmt.Errorf("mongo: a document of %s is malformed", t.model)
	}
	for _, e := range elements {
		c, ok := t.byKey[e.Key()]
		if !ok {
			continue
		}
		if _, wanted := rec[c.name]; !wanted {
			continue
		}
		v := e.Value()
		if rec[c.name], ok = decode(c, v); !ok {
			// The value itself is not for logs.
			return nil, fmt.Errorf("mongo: %s.%s holds a %s, which is no %s", t.model, c.name, v.Type, c.typ)
		}
	}
	return rec, nil
}

// decode reads a stored value; null and undefined are nil.
func decode(c *column, v bson.RawValue) (any, bool) {
	if v.Type == bson.TypeNull || v.Type == bson.TypeUndefined {
		return nil, true
	}
	switch c.typ {
	case schema.String:
		return decodeText(c, v)
	case schema.Number:
		return decodeNumber(v)
	case schema.Boolean:
		return v.BooleanOK()
	case schema.Date:
		ms, ok := v.DateTimeOK()
		return time.UnixMilli(ms).UTC(), ok
	case schema.JSON:
		return decodeJSON(v)
	case schema.StringArray:
		return decodeList(v, bson.RawValue.StringValueOK)
	case schema.NumberArray:
		return decodeList(v, bson.RawValue.AsFloat64OK)
	}
	return nil, false
}

// decodeText also reads ids in columns that are no references: other programs
// may have stored them so.
func decodeText(c *column, v bson.RawValue) (any, bool) {
	switch v.Type {
	case bson.TypeString:
		return v.StringValueOK()
	case bson.TypeObjectID:
		id, ok := v.ObjectIDOK()
		return id.Hex(), ok
	case bson.TypeBinary:
		subtype, data, ok := v.BinaryOK()
		if !ok || subtype != uuidSubtype || len(data) != 16 {
			return nil, false
		}
		return formatUUID(data), true
	case bson.TypeInt32, bson.TypeInt64, bson.TypeDouble:
		n, ok := decodeNumber(v)
		i, whole := n.(int64)
		return strconv.FormatInt(i, 10), ok && whole && c.ids == serialID
	}
	return nil, false
}

func decodeNumber(v bson.RawValue) (any, bool) {
	switch v.Type {
	case bson.TypeInt32, bson.TypeInt64:
		return v.AsInt64OK()
	case bson.TypeDouble:
		f, ok := v.DoubleOK()
		if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, false
		}
		if n, integral := whole(f); integral {
			return n, true
		}
		return f, true
	}
	return nil, false
}

// decodeJSON reads the text that Better Auth stores; a value that some other
// program stored as a document is written out as JSON.
func decodeJSON(v bson.RawValue) (any, bool) {
	if s, ok := v.StringValueOK(); ok {
		if raw := json.RawMessage(s); json.Valid(raw) {
			return raw, true
		}
		return nil, false
	}
	wrapped, err := bson.MarshalExtJSON(bson.D{{Key: "v", Value: v}}, false, false)
	if err != nil {
		return nil, false
	}
	var out struct {
		V json.RawMessage `json:"v"`
	}
	if err := json.Unmarshal(wrapped, &out); err != nil {
		return nil, false
	}
	return out.V, true
}

func decodeList[T any](v bson.RawValue, item func(bson.RawValue) (T, bool)) (any, bool) {
	array, ok := v.ArrayOK()
	if !ok {
		return nil, false
	}
	values, err := array.Values()
	if err != nil {
		return nil, false
	}
	out := make([]T, len(values))
	for i, v := range values {
		if out[i], ok = item(v); !ok {
			return nil, false
		}
	}
	return out, true
}
