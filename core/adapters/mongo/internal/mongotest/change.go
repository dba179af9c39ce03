package mongotest

import (
	"bytes"
	"math"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// change applies an update to a document; created is set for an upsert's new one.
func change(doc, update bson.Raw, created bool) (bson.Raw, error) {
	var fields bson.D
	if err := bson.Unmarshal(doc, &fields); err != nil {
		return nil, err
	}
	ops, err := update.Elements()
	if err != nil {
		return nil, err
	}
	if len(ops) == 0 || !strings.HasPrefix(ops[0].Key(), "$") {
		return nil, fail(codeParse, "replacing a document is not supported")
	}
	seen := map[string]bool{}
	for _, op := range ops {
		args, ok := op.Value().DocumentOK()
		if !ok {
			return nil, fail(codeParse, op.Key()+" needs a document")
		}
		elements, err := args.Elements()
		if err != nil {
			return nil, err
		}
		for _, e := range elements {
			if err := plain(e.Key()); err != nil {
				return nil, err
			}
			if seen[e.Key()] {
				return nil, fail(40, "updating the path "+e.Key()+" would create a conflict")
			}
			seen[e.Key()] = true
			if op.Key() == "$setOnInsert" && !created {
				continue
			}
			if fields, err = assign(fields, op.Key(), e); err != nil {
				return nil, err
			}
		}
	}
	out, err := bson.Marshal(fields)
	if err == nil && !created && !bytes.Equal(doc.Lookup("_id").Value, bson.Raw(out).Lookup("_id").Value) {
		err = fail(66, "_id is immutable")
	}
	return out, err
}

func assign(fields bson.D, op string, e bson.RawElement) (bson.D, error) {
	at := -1
	for i := range fields {
		if fields[i].Key == e.Key() {
			at = i
		}
	}
	var value any
	if err := e.Value().Unmarshal(&value); err != nil {
		return nil, err
	}
	switch op {
	case "$unset":
		if at >= 0 {
			fields = append(fields[:at:at], fields[at+1:]...)
		}
		return fields, nil
	case "$set", "$setOnInsert":
	case "$inc", "$max":
		if at < 0 {
			break
		}
		var err error
		if value, err = combine(op, fields[at].Value, value); err != nil {
			return nil, err
		}
	default:
		return nil, fail(codeParse, "unknown modifier "+op)
	}
	if at < 0 {
		return append(fields, bson.E{Key: e.Key(), Value: value}), nil
	}
	fields[at].Value = value
	return fields, nil
}

// combine adds numbers as the server does: int32 grows to int64, int64 does not
// overflow, and one double makes the sum a double.
func combine(op string, old, by any) (any, error) {
	x, xInt, ok := numeric(old)
	y, yInt, isNumber := numeric(by)
	if !ok || !isNumber {
		return nil, fail(14, op+" to a value that is no number")
	}
	if op == "$max" {
		if y > x {
			return by, nil
		}
		return old, nil
	}
	if xInt == nil || yInt == nil {
		return x + y, nil
	}
	a, b := *xInt, *yInt
	if (b > 0 && a > math.MaxInt64-b) || (b < 0 && a < math.MinInt64-b) {
		return nil, fail(codeBadValue, "Failed to apply $inc")
	}
	_, small := old.(int32)
	_, also := by.(int32)
	if sum := a + b; small && also && sum == int64(int32(sum)) {
		return int32(sum), nil
	}
	return a + b, nil
}

func numeric(v any) (float64, *int64, bool) {
	switch n := v.(type) {
	case int32:
		i := int64(n)
		return float64(n), &i, true
	case int64:
		return float64(n), &n, true
	case float64:
		return n, nil, true
	}
	return 0, nil, false
}
