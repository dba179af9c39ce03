package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/wire"
)

// The rows of plugins are structs whose fields are named by row tags; see core.Row.

// rowRecord makes a record of a row, without the fields that are named. Fields that
// hold JSON are text, as they are stored.
func rowRecord(row any, without ...string) adapter.Record {
	v := reflect.ValueOf(row).Elem()
	rec := adapter.Record{}
	for _, sf := range reflect.VisibleFields(v.Type()) {
		tag, ok := sf.Tag.Lookup("row")
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(tag, ",")
		rec[name] = plainValue(v.FieldByIndex(sf.Index))
	}
	extra, _ := v.FieldByName("Extra").Interface().(core.Extra)
	rec = withRest(rec, v.FieldByName("ID").String(), extra)
	for _, name := range without {
		delete(rec, name)
	}
	return rec
}

func encodeRow(row any) wire.Value { return encodeRecord(rowRecord(row)) }

// plainValue takes a field out of its pointer and named type.
func plainValue(v reflect.Value) any {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if raw, ok := v.Interface().(json.RawMessage); ok {
		if len(raw) == 0 {
			return nil
		}
		return string(raw)
	}
	if v.Kind() == reflect.String {
		return v.String()
	}
	return v.Interface()
}

// tableOf is for models that a plugin of the instance has.
func (i *instance) tableOf(model string) *schema.Table {
	t, _ := i.auth.Schema().Table(model)
	return t
}

// setRow sets fields of a row to tagged values. Members that are no fields are left
// out, as Better Auth leaves them out. A row whose table is not known, nil, has no
// fields beside those of its struct.
func setRow(row any, t *schema.Table, data wire.Value) error {
	v := reflect.ValueOf(row).Elem()
	named := map[string]reflect.Value{"id": v.FieldByName("ID")}
	for _, sf := range reflect.VisibleFields(v.Type()) {
		if tag, ok := sf.Tag.Lookup("row"); ok {
			name, _, _ := strings.Cut(tag, ",")
			named[name] = v.FieldByIndex(sf.Index)
		}
	}
	extra, _ := v.FieldByName("Extra").Addr().Interface().(*core.Extra)
	o, _ := data.Obj()
	for _, m := range o.Members() {
		field, own := named[m.Name]
		f, known := (*schema.Field)(nil), false
		if t != nil {
			f, known = t.Field(m.Name)
		}
		switch {
		case isUndefined(m.Value) || !own && !known:
			continue
		case own:
			setField(field, m.Value)
		default:
			value, err := decodeField(f, m.Value)
			if err != nil {
				return err
			}
			setExtra(extra, m.Name, value)
		}
	}
	return nil
}

// setField sets one field of a struct; a value that does not fit changes nothing.
func setField(field reflect.Value, v wire.Value) {
	if v.IsNull() {
		field.SetZero()
		return
	}
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.New(field.Type().Elem()))
		field = field.Elem()
	}
	text, isText := v.Str()
	tag, inner, _ := tagOf(v)
	switch field.Interface().(type) {
	case json.RawMessage:
		if isText {
			field.SetBytes([]byte(text))
		} else {
			field.SetBytes(v.AppendJSON(nil))
		}
	case time.Time:
		if tag == "$date" {
			text, _ = inner.Str()
		}
		if t, ok := wire.ParseTime(text); ok {
			field.Set(reflect.ValueOf(t))
		}
	default:
		if isText && field.Kind() == reflect.String {
			field.SetString(text)
		}
	}
}

// setRecord sets members of a record to tagged values. Objects become JSON text where
// the field is text.
func setRecord(rec adapter.Record, t *schema.Table, data wire.Value) error {
	o, _ := data.Obj()
	for _, m := range o.Members() {
		f, known := t.Field(m.Name)
		if isUndefined(m.Value) || !known {
			continue
		}
		value := m.Value
		if _, isObject := value.Obj(); isObject && f.Type == schema.String {
			value = wire.String(string(value.AppendJSON(nil)))
		}
		decoded, err := decodeField(f, value)
		if err != nil {
			return err
		}
		rec[m.Name] = decoded
	}
	return nil
}

func isUndefined(v wire.Value) bool { return absent(v) && !v.IsNull() }
