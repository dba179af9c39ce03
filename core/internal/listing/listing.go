// Package listing reads the queries of lists that clients page, sort and filter: numbers of
// pages, and conditions on fields that they may see.
package listing

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/wire"
)

// BadQuery is the answer to a member of a query that has a value of the wrong kind.
func BadQuery(name, problem string) error {
	return &core.Error{Status: http.StatusBadRequest, Code: core.CodeValidationError.Code, Message: "[query." + name + "] Invalid input: " + problem}
}

// Number reads a limit or an offset. A value that is no number counts as absent, as
// in Better Auth 1.6; a fraction fails there in the database.
func Number(name string, v wire.Value, fallback int) (int, error) {
	n, ok := v.Num()
	if text, isText := v.Str(); isText {
		var err error
		n, err = strconv.ParseFloat(strings.TrimSpace(text), 64)
		ok = err == nil
	}
	switch {
	case !ok || math.IsNaN(n) || n <= 0:
		return fallback, nil
	case n != math.Trunc(n):
		return 0, BadQuery(name, "expected int, received number")
	}
	return int(min(n, 1<<31-1)), nil
}

// Field finds a field that clients may see. Sorting and filtering by a hidden
// one would give its values away.
func Field(t *schema.Table, name, field string) (*schema.Field, error) {
	f, ok := t.Field(field)
	if !ok || f.Hidden || f.Secret {
		return nil, BadQuery(name, "expected a field of the "+t.Model)
	}
	return f, nil
}

// Filter is a condition as clients ask for it, with the members of a query that name its
// parts.
type Filter struct {
	Field    string
	Operator *string // one of adapter.Op; eq by default
	Value    wire.Value
}

// Cond makes the condition, or answers 400 to one that the field has no sense for.
func (in Filter) Cond(t *schema.Table) (adapter.Cond, error) {
	f, err := Field(t, "filterField", in.Field)
	if err != nil {
		return adapter.Cond{}, err
	}
	cond := adapter.Cond{Field: f.Name}
	if in.Operator != nil {
		cond.Op = adapter.Op(*in.Operator)
	}
	switch cond.Op {
	case adapter.In, adapter.NotIn:
		items, ok := in.Value.Items()
		if !ok {
			items = []wire.Value{in.Value} // a list of one looks so in a query
		}
		list := make([]any, len(items))
		for i := range items {
			if list[i], ok = filterValue(f, items[i]); !ok || list[i] == nil {
				return cond, BadQuery("filterValue", "expected "+string(f.Type))
			}
		}
		cond.Value = list
		return cond, nil
	case adapter.Contains, adapter.StartsWith, adapter.EndsWith:
		if f.Type != schema.String {
			return cond, BadQuery("filterOperator", "expected a comparison for a "+string(f.Type))
		}
	}
	var ok bool
	if cond.Value, ok = filterValue(f, in.Value); !ok {
		return cond, BadQuery("filterValue", "expected "+string(f.Type))
	}
	if cond.Value == nil && cond.Op != "" && cond.Op != adapter.Eq && cond.Op != adapter.Ne {
		return cond, BadQuery("filterValue", "expected "+string(f.Type)+", received undefined")
	}
	return cond, nil
}

// filterValue turns the text of a query into a value of a field.
func filterValue(f *schema.Field, v wire.Value) (any, bool) {
	if v.IsUndefined() {
		return nil, true
	}
	text, isText := v.Str()
	n, isNumber := v.Num()
	b, isBool := v.Bool()
	switch f.Type {
	case schema.String:
		switch {
		case isText:
			return text, true
		case isNumber:
			return string(wire.AppendNumber(nil, n)), true
		}
	case schema.Boolean:
		if isText {
			return text == "true", true
		}
		return b, isBool
	case schema.Number:
		if isText {
			var err error
			n, err = strconv.ParseFloat(strings.TrimSpace(text), 64)
			isNumber = err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
		}
		if n == math.Trunc(n) && math.Abs(n) <= 1<<53 {
			return int64(n), isNumber
		}
		return n, isNumber
	case schema.Date:
		if isText {
			return wire.ParseTime(text)
		}
		return time.UnixMilli(int64(n)).UTC(), isNumber && math.Abs(n) < 8.64e15
	}
	return nil, false
}

// Order sorts by a field that clients may see, and then by id, so that pages do not overlap.
func Order(t *schema.Table, field, direction string) ([]adapter.Sort, error) {
	f, err := Field(t, "sortBy", field)
	if err != nil {
		return nil, err
	}
	switch f.Type {
	case schema.JSON, schema.StringArray, schema.NumberArray:
		return nil, BadQuery("sortBy", "a "+string(f.Type)+" has no order")
	}
	sort := []adapter.Sort{{Field: f.Name, Desc: direction == "desc"}}
	if f.Name != "id" {
		sort = append(sort, adapter.Sort{Field: "id"})
	}
	return sort, nil
}
