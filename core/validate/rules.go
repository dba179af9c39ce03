package validate

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

type rule struct{ name, arg string }

func parseRules(tag string) ([]rule, error) {
	if tag == "" {
		return nil, nil
	}
	var out []rule
	for part := range strings.SplitSeq(tag, ",") {
		name, arg, hasArg := strings.Cut(part, "=")
		takesArg, known := ruleNames[name]
		switch {
		case !known:
			return nil, fmt.Errorf("validate: there is no rule %q", name)
		case takesArg && (!hasArg || arg == "" && name != "default"):
			return nil, fmt.Errorf("validate: the rule %s needs a value, as in %s=1", name, name)
		case !takesArg && hasArg:
			return nil, fmt.Errorf("validate: the rule %s takes no value", name)
		}
		out = append(out, rule{name, arg})
	}
	return out, nil
}

// ruleNames maps each rule to whether it takes a value.
var ruleNames = map[string]bool{
	"optional": false, "required": false, "nullable": false, "nullish": false, "coerce": false,
	"email": false, "regex": false, "nonempty": false, "trim": false, "lowercase": false,
	"positive": false, "nonnegative": false, "int": false, "each": false,
	"default": true, "min": true, "max": true, "length": true, "gt": true, "lt": true,
	"enum": true, "union": true,
}

func (r rule) notFor(what string) error {
	return fmt.Errorf("validate: there is no rule %q for a %s", r.name, what)
}

func (r rule) number() (float64, error) {
	n, err := strconv.ParseFloat(r.arg, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return 0, fmt.Errorf("validate: the value of %s=%s is not a number", r.name, r.arg)
	}
	return n, nil
}

func defaultValue(s *Shape, text string) (wire.Value, error) {
	bad := fmt.Errorf("validate: the default %q is not a %s", text, s.Type)
	switch s.Type {
	case "string":
		return wire.String(text), nil
	case "boolean":
		b, err := strconv.ParseBool(text)
		if err != nil {
			return wire.Value{}, bad
		}
		return wire.Bool(b), nil
	case "number", "integer", "any", "union", "array", "object":
		v, err := wire.Parse([]byte(text), wire.Limits{})
		_, isNumber := v.Num()
		_, isList := v.Items()
		_, isObject := v.Obj()
		if err != nil || !isNumber && (s.Type == "number" || s.Type == "integer") ||
			!isList && s.Type == "array" || !isObject && s.Type == "object" {
			return wire.Value{}, bad
		}
		return v, nil
	}
	return wire.Value{}, bad
}
