package validate

import (
	"math"
	"reflect"

	"github.com/advantch/kernia-go/core/wire"
)

// The largest integer zod's int accepts, Number.MAX_SAFE_INTEGER.
const maxSafe = 1<<53 - 1

// numberCheck checks a number and returns false to end the checks.
type numberCheck func(f float64, issues *Issues) bool

func numberNode(t reflect.Type, rules []rule, st settings) (*node, error) {
	shape := &Shape{Type: "number"}
	var checks []numberCheck
	if t.Kind() != reflect.Float64 {
		shape.Type = "integer"
		checks = append(checks, checkInt)
	}
	bound := func(message string, n float64, broken func(f, n float64) bool) {
		message = orElse(st.message, message+string(wire.AppendNumber(nil, n)))
		checks = append(checks, func(f float64, issues *Issues) bool {
			if broken(f, n) {
				issues.Add(message)
			}
			return true
		})
	}
	for _, r := range rules {
		var n float64
		if ruleNames[r.name] && r.name != "enum" && r.name != "union" {
			var err error
			if n, err = r.number(); err != nil {
				return nil, err
			}
		}
		switch r.name {
		case "coerce":
			shape.Coerce = true
		case "int":
			if shape.Type == "number" {
				shape.Type = "integer"
				checks = append(checks, checkInt)
			}
		case "min", "nonnegative":
			shape.Min = &n
			bound("Too small: expected number to be >=", n, func(f, n float64) bool { return f < n })
		case "gt", "positive":
			shape.Min, shape.Exclusive = &n, true
			bound("Too small: expected number to be >", n, func(f, n float64) bool { return f <= n })
		case "max":
			shape.Max = &n
			bound("Too big: expected number to be <=", n, func(f, n float64) bool { return f > n })
		case "lt":
			bound("Too big: expected number to be <", n, func(f, n float64) bool { return f >= n })
		default:
			return nil, r.notFor("number")
		}
	}
	return &node{shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
		f, ok := v.Num()
		if shape.Coerce {
			f, ok = toNumber(v), true
			v = wire.Number(f)
		}
		switch {
		case !ok:
			issues.Type("number", v)
			return
		case math.IsNaN(f):
			issues.Fatal("Invalid input: expected number, received NaN")
			return
		case math.IsInf(f, 0):
			issues.Fatal("Invalid input: expected number, received number")
			return
		}
		for _, check := range checks {
			if !check(f, issues) {
				return
			}
		}
		if t.Kind() == reflect.Float64 {
			dst.SetFloat(f)
		} else if math.Abs(f) <= maxSafe {
			dst.SetInt(int64(f))
		}
	}}, nil
}

func checkInt(f float64, issues *Issues) bool {
	switch {
	case f != math.Trunc(f):
		issues.Fatal("Invalid input: expected int, received number")
		return false
	case f > maxSafe:
		issues.Add("Too big: expected int to be <=9007199254740991")
	case f < -maxSafe:
		issues.Add("Too small: expected int to be >=-9007199254740991")
	}
	return true
}
