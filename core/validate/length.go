package validate

import (
	"fmt"
	"math"
	"strconv"

	"github.com/advantch/kernia-go/core/wire"
)

// length is a bound on the length of a string or array. zod checks it on every
// value that has a length, even on one of the wrong type.
type length struct {
	min, max int // -1: no bound
	message  string
}

func lengthRule(r rule, shape *Shape, message string) (length, error) {
	n := 1.0
	if r.name != "nonempty" {
		var err error
		if n, err = r.number(); err != nil {
			return length{}, err
		}
		if n < 0 || n != math.Trunc(n) || n > 1<<31 {
			return length{}, fmt.Errorf("validate: %s=%s is not a length", r.name, r.arg)
		}
	}
	l := length{-1, -1, message}
	if r.name != "max" {
		l.min, shape.Min = int(n), &n
	}
	if r.name == "max" || r.name == "length" {
		l.max, shape.Max = int(n), &n
	}
	return l, nil
}

func (l length) check(origin string, n int, issues *Issues) {
	unit := " characters"
	if origin == "array" {
		unit = " items"
	}
	message := ""
	switch {
	case n < l.min:
		message = "Too small: expected " + origin + " to have >=" + strconv.Itoa(l.min) + unit
	case l.max >= 0 && n > l.max:
		message = "Too big: expected " + origin + " to have <=" + strconv.Itoa(l.max) + unit
	default:
		return
	}
	issues.Add(orElse(l.message, message))
}

// checkAny checks a value of the wrong type if it has a length.
func (l length) checkAny(v wire.Value, issues *Issues) {
	if s, ok := v.Str(); ok {
		l.check("string", UTF16Len(s), issues)
	} else if items, ok := v.Items(); ok {
		l.check("array", len(items), issues)
	}
}

func orElse(message, standard string) string {
	if message != "" {
		return message
	}
	return standard
}
