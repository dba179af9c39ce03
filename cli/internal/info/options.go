package info

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
)

// elsewhere are options that the report shows elsewhere, or not at all.
var elsewhere = []string{
	"AppName", "BaseURL", "BasePath", "Secret", "Secrets", "Database", "SecondaryStorage", "Plugins", "Compat", "Comparison",
	"Clock", "Rand", "Logger", // New fills them in
}

// options lists the options that have a value. Of functions, clients and other values with
// an inside of their own it says only that they are there.
func options(o core.Options) []Option {
	out := []Option{}
	v := reflect.ValueOf(o)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if !slices.Contains(elsewhere, name) {
			list(&out, name, v.Field(i))
		}
	}
	return out
}

func list(out *[]Option, name string, v reflect.Value) {
	if v.IsZero() {
		return
	}
	if v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]() && !isText(v) {
		for i := range v.NumField() {
			f := v.Type().Field(i)
			switch {
			case f.Anonymous:
				list(out, name, v.Field(i))
			case f.IsExported():
				list(out, name+"."+f.Name, v.Field(i))
			}
		}
		return
	}
	if v.Kind() == reflect.Pointer && v.Type() == reflect.TypeFor[*core.DynamicBaseURL]() {
		list(out, name, v.Elem())
		return
	}
	*out = append(*out, Option{name, shown(v)})
}

// isText reports whether a value says itself what it is, such as a network.
func isText(v reflect.Value) bool {
	_, ok := v.Interface().(fmt.Stringer)
	return ok
}

func shown(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return plain(v.String())
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Float64:
		return fmt.Sprint(v.Interface())
	case reflect.Pointer:
		switch v.Elem().Kind() {
		case reflect.Bool, reflect.Int, reflect.String:
			return shown(v.Elem())
		}
	case reflect.Slice:
		return elements(v)
	case reflect.Map:
		if v.Type().Elem().Kind() == reflect.String && v.Type().Key().Kind() == reflect.String {
			var pairs []string
			for _, k := range v.MapKeys() {
				pairs = append(pairs, k.String()+": "+plain(v.MapIndex(k).String()))
			}
			slices.Sort(pairs)
			return strings.Join(pairs, ", ")
		}
	case reflect.Struct:
		if s, ok := v.Interface().(fmt.Stringer); ok {
			return s.String()
		}
	case reflect.Interface:
		return fmt.Sprintf("%T", v.Interface())
	}
	return "set"
}

func elements(v reflect.Value) string {
	if fields, ok := v.Interface().([]schema.Field); ok {
		names := make([]string, len(fields))
		for i, f := range fields {
			names[i] = f.Name
		}
		return strings.Join(names, ", ")
	}
	var out []string
	for i := range v.Len() {
		e := v.Index(i)
		if e.Kind() != reflect.String && !isText(e) {
			return fmt.Sprintf("%d", v.Len())
		}
		out = append(out, shown(e))
	}
	return strings.Join(out, ", ")
}

// plain is a text without the password of an address.
func plain(text string) string {
	if u, err := url.Parse(text); err == nil && u.User != nil {
		return u.Redacted()
	}
	return text
}
