package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// The tagged encoding of the control protocol: values that plain JSON cannot
// carry are objects with one "$…" member.

// object makes an object of alternating names and values.
func object(pairs ...any) wire.Value {
	o := &wire.Object{}
	for i := 0; i < len(pairs); i += 2 {
		o.Set(pairs[i].(string), encode(pairs[i+1]))
	}
	return wire.ObjectOf(o)
}

var undefined = object("$undefined", 1)

// encode makes a tagged value of a Go value.
func encode(v any) wire.Value {
	switch v := v.(type) {
	case nil:
		return wire.Null()
	case wire.Value:
		return v
	case string:
		return wire.String(v)
	case *string:
		if v == nil {
			return wire.Null()
		}
		return wire.String(*v)
	case bool:
		return wire.Bool(v)
	case int:
		return wire.Int(int64(v))
	case int64:
		return wire.Int(v)
	case float64:
		return wire.Number(v)
	case time.Time:
		return object("$date", wire.Time(v))
	case json.RawMessage:
		if parsed, err := wire.Parse(v, limits); err == nil {
			return parsed
		}
		return wire.String(string(v))
	case []string:
		items := make([]wire.Value, len(v))
		for i, s := range v {
			items[i] = wire.String(s)
		}
		return wire.Array(items...)
	case []float64:
		items := make([]wire.Value, len(v))
		for i, n := range v {
			items[i] = wire.Number(n)
		}
		return wire.Array(items...)
	}
	panic(fmt.Sprintf("control: a %T has no tagged form", v))
}

// tagOf returns the tag of a value and what it holds.
func tagOf(v wire.Value) (tag string, inner wire.Value, ok bool) {
	o, isObject := v.Obj()
	if !isObject || o.Len() == 0 {
		return "", wire.Value{}, false
	}
	first := o.Members()[0]
	return first.Name, first.Value, strings.HasPrefix(first.Name, "$")
}

// plain removes the tags that plain JSON has a form for: dates become text,
// undefined members go.
func plain(v wire.Value) (wire.Value, error) {
	if tag, inner, ok := tagOf(v); ok {
		switch tag {
		case "$undefined":
			return wire.Value{}, nil
		case "$date", "$url", "$bigint":
			return inner, nil
		case "$number":
			return wire.Null(), nil // JSON has no infinity
		}
		return wire.Value{}, unsupported("the value %s cannot be used here", tag)
	}
	if o, ok := v.Obj(); ok {
		out := &wire.Object{}
		for _, m := range o.Members() {
			inner, err := plain(m.Value)
			if err != nil {
				return wire.Value{}, err
			}
			if !inner.IsUndefined() {
				out.Set(m.Name, inner)
			}
		}
		return wire.ObjectOf(out), nil
	}
	if items, ok := v.Items(); ok {
		out := make([]wire.Value, len(items))
		for i, item := range items {
			inner, err := plain(item)
			if err != nil {
				return wire.Value{}, err
			}
			out[i] = inner
		}
		return wire.Array(out...), nil
	}
	return v, nil
}

// absent reports undefined in either of its forms, and null.
func absent(v wire.Value) bool {
	tag, _, ok := tagOf(v)
	return v.IsUndefined() || v.IsNull() || ok && tag == "$undefined"
}

// pairs reads [[name, value], …], or an object of names and values.
func pairs(v wire.Value) []core.HeaderField {
	if tag, inner, ok := tagOf(v); ok && tag == "$headers" {
		v = inner
	}
	var out []core.HeaderField
	if items, ok := v.Items(); ok {
		for _, item := range items {
			if pair, _ := item.Items(); len(pair) == 2 {
				name, _ := pair[0].Str()
				value, _ := pair[1].Str()
				out = append(out, core.HeaderField{Name: name, Value: value})
			}
		}
		return out
	}
	if o, ok := v.Obj(); ok {
		for _, m := range o.Members() {
			value, _ := m.Value.Str()
			out = append(out, core.HeaderField{Name: m.Name, Value: value})
		}
	}
	return out
}

func encodePairs(fields []core.HeaderField) wire.Value {
	items := make([]wire.Value, len(fields))
	for i, f := range fields {
		items[i] = wire.Array(wire.String(strings.ToLower(f.Name)), wire.String(f.Value))
	}
	return wire.Array(items...)
}

func encodeHeader(h http.Header) wire.Value {
	var fields []core.HeaderField
	for name, values := range h {
		for _, value := range values {
			fields = append(fields, core.HeaderField{Name: strings.ToLower(name), Value: value})
		}
	}
	slices.SortStableFunc(fields, func(a, b core.HeaderField) int { return strings.Compare(a.Name, b.Name) })
	return object("$headers", encodePairs(fields))
}

// encodeError makes a $error.
func encodeError(err error) wire.Value {
	inner := object("name", "Error", "message", err.Error())
	var e *core.Error
	if errors.As(err, &e) {
		inner = object("name", "APIError", "message", e.Message, "status", statusName(e.Status), "statusCode", e.Status)
		o, _ := inner.Obj()
		if body, parseErr := wire.Parse(e.AppendJSON(nil), limits); parseErr == nil && !e.NoBody {
			o.Set("body", body)
		}
		if len(e.Header) > 0 {
			o.Set("headers", encodePairs(e.Header))
		}
	}
	return object("$error", inner)
}

// statusName is the name better-call gives a status: "BAD_REQUEST".
func statusName(status int) string {
	return strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_", "'", "").Replace(http.StatusText(status)))
}

// statusOf reads the status of a $error: a number, or a name.
func statusOf(e wire.Value) (int, bool) {
	if n, ok := e.Get("statusCode").Int64(); ok {
		return int(n), true
	}
	if n, ok := e.Get("status").Int64(); ok {
		return int(n), true
	}
	if name, ok := e.Get("status").Str(); ok {
		for status := 100; status < 600; status++ {
			if http.StatusText(status) != "" && statusName(status) == name {
				return status, true
			}
		}
	}
	return 0, false
}

// decodeError makes an error of a $error: an HTTP answer if it has a status.
func decodeError(v wire.Value) error {
	if tag, inner, ok := tagOf(v); ok && tag == "$error" {
		v = inner
	}
	message, _ := v.Get("message").Str()
	status, ok := statusOf(v)
	if !ok {
		return errors.New(message)
	}
	e := &core.Error{Status: status, Message: message}
	if text, ok := v.Get("body").Get("message").Str(); ok {
		e.Message = text
	}
	e.Code = core.FailText(status, e.Message).Code
	if o, ok := v.Get("body").Obj(); ok {
		for _, m := range o.Members() {
			switch m.Name {
			case "message":
			case "code":
				e.Code, _ = m.Value.Str()
			default:
				e.Details = append(e.Details, core.Detail{Name: m.Name, Value: m.Value})
			}
		}
	}
	e.Header = pairs(v.Get("headers"))
	return e
}
