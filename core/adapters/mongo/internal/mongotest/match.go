package mongotest

import (
	"regexp"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// matches evaluates a filter.
func matches(filter, doc bson.Raw) (bool, error) {
	elements, err := filter.Elements()
	if err != nil {
		return false, fail(codeParse, "malformed filter")
	}
	for _, e := range elements {
		ok, err := clause(e.Key(), e.Value(), doc)
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

func clause(key string, v bson.RawValue, doc bson.Raw) (bool, error) {
	if key == "$and" || key == "$or" {
		return group(key, v, doc)
	}
	if err := plain(key); err != nil {
		return false, err
	}
	stored := doc.Lookup(key)
	if sub, ok := v.DocumentOK(); ok {
		if first, err := sub.IndexErr(0); err == nil && strings.HasPrefix(first.Key(), "$") {
			return operators(sub, stored)
		}
	}
	return operate("$eq", v, stored)
}

// plain refuses operators and paths in place of a field's name.
func plain(key string) error {
	if key == "" || strings.HasPrefix(key, "$") || strings.Contains(key, ".") {
		return fail(codeBadValue, "unknown operator or path "+key)
	}
	return nil
}

func group(key string, v bson.RawValue, doc bson.Raw) (bool, error) {
	array, ok := v.ArrayOK()
	values, err := array.Values()
	if !ok || err != nil || len(values) == 0 {
		return false, fail(codeBadValue, key+" needs a list that is not empty")
	}
	for _, sub := range values {
		filter, ok := sub.DocumentOK()
		if !ok {
			return false, fail(codeBadValue, key+" needs documents")
		}
		hit, err := matches(filter, doc)
		if err != nil {
			return false, err
		}
		if hit != (key == "$and") {
			return hit, nil
		}
	}
	return key == "$and", nil
}

func operators(ops bson.Raw, stored bson.RawValue) (bool, error) {
	elements, err := ops.Elements()
	if err != nil {
		return false, err
	}
	for _, e := range elements {
		ok, err := operate(e.Key(), e.Value(), stored)
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// candidates are the values that a condition compares: the field's, and the items of an
// array.
func candidates(v bson.RawValue) []bson.RawValue {
	out := []bson.RawValue{v}
	if array, ok := v.ArrayOK(); ok {
		items, _ := array.Values()
		out = append(out, items...)
	}
	return out
}

func operate(op string, want, stored bson.RawValue) (bool, error) {
	switch op {
	case "$ne":
		ok, err := operate("$eq", want, stored)
		return !ok, err
	case "$nin":
		ok, err := operate("$in", want, stored)
		return !ok, err
	case "$in":
		array, ok := want.ArrayOK()
		if !ok {
			return false, fail(codeBadValue, "$in needs an array")
		}
		values, err := array.Values()
		if err != nil {
			return false, err
		}
		for _, v := range values {
			one := "$eq"
			if v.Type == bson.TypeRegex {
				one = "$regex"
			}
			if ok, err := operate(one, v, stored); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	case "$exists":
		return (stored.Type != 0) == want.Boolean(), nil
	case "$type":
		return typed(want, stored)
	case "$regex":
		return matchesRegex(want, stored)
	case "$eq", "$gt", "$gte", "$lt", "$lte":
		if want.Type == bson.TypeRegex && op != "$eq" {
			return false, fail(codeBadValue, "a comparison with a regular expression")
		}
		return slices.ContainsFunc(candidates(stored), func(v bson.RawValue) bool { return ordered(op, v, want) }), nil
	}
	return false, fail(codeBadValue, "unknown operator "+op)
}

func ordered(op string, v, want bson.RawValue) bool {
	if rank(v) != rank(want) {
		return false
	}
	n := compare(v, want)
	switch op {
	case "$eq":
		return n == 0
	case "$gt":
		return n > 0
	case "$gte":
		return n >= 0
	case "$lt":
		return n < 0
	}
	return n <= 0
}

func matchesRegex(want, stored bson.RawValue) (bool, error) {
	pattern, flags, ok := want.RegexOK()
	if !ok || flags != "" {
		return false, fail(codeBadValue, "$regex needs a regular expression without options")
	}
	if len(pattern) > 16384 {
		return false, fail(51091, "the regular expression is too large")
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return false, fail(51091, "not a regular expression")
	}
	return slices.ContainsFunc(candidates(stored), func(v bson.RawValue) bool {
		s, ok := v.StringValueOK()
		return ok && re.MatchString(s)
	}), nil
}

func typed(want, stored bson.RawValue) (bool, error) {
	for _, w := range candidates(want) {
		name, ok := w.StringValueOK()
		if !ok {
			if w.Type == bson.TypeArray {
				continue
			}
			return false, fail(codeBadValue, "$type needs names")
		}
		hit := false
		switch name {
		case "string":
			hit = stored.Type == bson.TypeString
		case "number":
			hit = rank(stored) == 2
		case "objectId":
			hit = stored.Type == bson.TypeObjectID
		case "binData":
			hit = stored.Type == bson.TypeBinary
		case "date":
			hit = stored.Type == bson.TypeDateTime
		case "array":
			hit = stored.Type == bson.TypeArray
		default:
			return false, fail(codeBadValue, "unknown type "+name)
		}
		if hit {
			return true, nil
		}
	}
	return false, nil
}
