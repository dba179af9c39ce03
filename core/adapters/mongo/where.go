package mongo

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// maxPattern bounds a regular expression in bytes: MongoDB refuses patterns over
// 16 kB since 6.1, and over 32 kB before.
const maxPattern = 16000

// filter writes a predicate; an empty one matches everything.
func (t *table) filter(w adapter.Where) (bson.D, error) {
	if err := adapter.CheckWhere(t.def, w); err != nil {
		return nil, err
	}
	var and, or bson.A
	for i := range w {
		cond, err := t.condition(&w[i])
		if err != nil {
			return nil, err
		}
		if w[i].Or {
			or = append(or, cond)
		} else {
			and = append(and, cond)
		}
	}
	if len(or) > 0 {
		and = append(and, bson.D{{Key: "$or", Value: or}})
	}
	switch len(and) {
	case 0:
		return bson.D{}, nil
	case 1:
		only, _ := and[0].(bson.D)
		return only, nil
	}
	return bson.D{{Key: "$and", Value: and}}, nil
}

// is wraps every value in an operator, so that no value is read as an operator.
func is(c *column, op string, v any) bson.D {
	return bson.D{{Key: c.key, Value: bson.D{{Key: op, Value: v}}}}
}

func (t *table) condition(cond *adapter.Cond) (bson.D, error) {
	c := t.byName[cond.Field]
	op := cond.Op
	if op == "" {
		op = adapter.Eq
	}
	if cond.Fold && c.typ != schema.String {
		return nil, t.bad(c, "has no letter case")
	}
	if cond.Value == nil && op == adapter.Eq {
		return is(c, "$eq", nil), nil // also matches what is absent
	}
	if cond.Value == nil && op == adapter.Ne {
		return is(c, "$ne", nil), nil
	}
	switch c.typ {
	case schema.JSON, schema.StringArray, schema.NumberArray:
		return nil, t.bad(c, "can only be compared with null")
	}
	fold := cond.Fold && c.ids == noID // ids are exact, as in Better Auth
	switch op {
	case adapter.In, adapter.NotIn:
		return t.list(c, cond, fold)
	case adapter.Contains, adapter.StartsWith, adapter.EndsWith:
		if c.ids == serialID || c.ids == uuidID {
			return nil, t.bad(c, "is an id without a text to search")
		}
		re, err := t.operand(c, op, cond.Value, true, fold)
		return is(c, "$regex", re), err
	case adapter.Eq, adapter.Ne:
		v, err := t.operand(c, adapter.Eq, cond.Value, fold, fold)
		if errors.Is(err, errNoSuchID) {
			return t.noSuchID(c, op == adapter.Ne), nil
		}
		if err != nil {
			return nil, err
		}
		if op == adapter.Eq && !fold {
			return is(c, "$eq", v), nil
		}
		if op == adapter.Eq {
			return is(c, "$regex", v), nil
		}
		return is(c, "$nin", bson.A{v, nil}), nil // SQL's view: null is not unequal
	}
	v, err := t.encode(c, cond.Value)
	return is(c, comparison[op], v), err
}

var comparison = map[adapter.Op]string{
	adapter.Lt: "$lt", adapter.Lte: "$lte", adapter.Gt: "$gt", adapter.Gte: "$gte",
}

// noSuchID matches nothing, or everything that is not null.
func (t *table) noSuchID(c *column, not bool) bson.D {
	if not {
		return is(c, "$ne", nil)
	}
	return is(c, "$in", bson.A{})
}

// operand encodes a value, if wanted as a regular expression for op.
func (t *table) operand(c *column, op adapter.Op, v any, regex, fold bool) (any, error) {
	stored, err := t.encode(c, v)
	if err != nil || !regex {
		return stored, err
	}
	// As in Better Auth's adapter, an id that is text can match in parts and an
	// ObjectId cannot.
	s, _ := v.(string)
	p := pattern(op, s, fold)
	if len(p) > maxPattern {
		return nil, t.bad(c, "is compared with a pattern that is too long")
	}
	return bson.Regex{Pattern: p}, nil
}

// pattern matches text literally. Letters are folded one by one, ASCII only: the option
// "i" would also take the Kelvin sign for a k, so that two addresses would be equal.
// The end is \z because $ also matches before a last line break.
func pattern(op adapter.Op, text string, fold bool) string {
	var b strings.Builder
	if op == adapter.Eq || op == adapter.StartsWith {
		b.WriteByte('^')
	}
	quoted := regexp.QuoteMeta(text)
	if !fold {
		b.WriteString(quoted)
	} else {
		for i := range len(quoted) {
			upper, lower := quoted[i]&^0x20, quoted[i]|0x20
			if upper < 'A' || upper > 'Z' {
				b.WriteByte(quoted[i])
				continue
			}
			b.Write([]byte{'[', upper, lower, ']'})
		}
	}
	if op == adapter.Eq || op == adapter.EndsWith {
		b.WriteString(`\z`)
	}
	return b.String()
}

func (t *table) list(c *column, cond *adapter.Cond, fold bool) (bson.D, error) {
	values, ok := cond.List()
	if !ok {
		return nil, fmt.Errorf("%w: %s of %s.%s needs a list", adapter.ErrBadValue, cond.Op, t.model, c.name)
	}
	out := make(bson.A, 0, len(values)+1)
	for _, v := range values {
		stored, err := t.operand(c, adapter.Eq, v, fold, fold)
		if errors.Is(err, errNoSuchID) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, stored)
	}
	if cond.Op == adapter.In {
		return is(c, "$in", out), nil
	}
	if len(values) > 0 {
		out = append(out, nil)
	}
	return is(c, "$nin", out), nil
}
