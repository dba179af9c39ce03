package validate

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
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

// ruleNames says of each rule whether it takes a value.
var ruleNames = map[string]bool{
	"optional": false, "required": false, "nullable": false, "nullish": false, "coerce": false,
	"email": false, "regex": false, "nonempty": false, "trim": false, "lowercase": false,
	"positive": false, "nonnegative": false, "int": false, "each": false,
	"default": true, "min": true, "max": true, "length": true, "gt": true, "lt": true,
	"multipleOf": true, "enum": true, "union": true,
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

// UTF16Len returns the length JavaScript gives a string: characters beyond the
// Basic Multilingual Plane count twice.
func UTF16Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// jsPattern compiles a JavaScript regular expression literal that RE2 knows too.
func jsPattern(literal string) (*regexp.Regexp, error) {
	end := strings.LastIndexByte(literal, '/')
	if len(literal) < 3 || literal[0] != '/' || end < 2 {
		return nil, fmt.Errorf("validate: the rule regex needs a tag such as pattern:\"/^a/\"")
	}
	source := literal[1:end]
	switch literal[end+1:] {
	case "i":
		source = "(?i)" + source
	case "":
	default:
		return nil, fmt.Errorf("validate: the flags of %s are not supported", literal)
	}
	re, err := regexp.Compile(source)
	if err != nil {
		return nil, fmt.Errorf("validate: the pattern %s: %w", literal, err)
	}
	return re, nil
}

// stringCheck changes or checks a string.
type stringCheck func(s string, issues *Issues) string

func stringNode(rules []rule, st settings) (*node, error) {
	shape := &Shape{Type: "string"}
	var checks []stringCheck
	var lengths []length
	usesPattern := false
	for _, r := range rules {
		switch r.name {
		case "coerce":
			shape.Coerce = true
		case "email":
			shape.Format = "email"
			checks = append(checks, must(Email, orElse(st.message, "Invalid email address")))
		case "regex":
			re, err := jsPattern(st.pattern)
			if err != nil {
				return nil, err
			}
			usesPattern = true
			shape.Pattern = st.pattern
			checks = append(checks, must(re.MatchString, orElse(st.message, "Invalid string: must match pattern "+st.pattern)))
		case "min", "max", "length", "nonempty":
			l, err := lengthRule(r, shape, st.message)
			if err != nil {
				return nil, err
			}
			lengths = append(lengths, l)
			checks = append(checks, func(s string, issues *Issues) string {
				l.check("string", UTF16Len(s), issues)
				return s
			})
		case "trim":
			checks = append(checks, func(s string, _ *Issues) string { return trimSpace(s) })
		case "lowercase":
			checks = append(checks, func(s string, _ *Issues) string { return strings.ToLower(s) })
		case "enum":
			if len(rules) > 1 {
				return nil, fmt.Errorf("validate: enum is the only rule of a string that has it")
			}
			return enumNode(strings.Split(r.arg, "|"), st.message), nil
		default:
			return nil, r.notFor("string")
		}
	}
	if st.pattern != "" && !usesPattern {
		return nil, fmt.Errorf("validate: the tag pattern needs the rule regex")
	}
	return &node{shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
		s, ok := v.Str()
		if !ok && shape.Coerce {
			s, ok = toString(v), true
		}
		if !ok {
			issues.Type("string", v)
			for _, l := range lengths {
				l.checkAny(v, issues)
			}
			return
		}
		for _, check := range checks {
			s = check(s, issues)
		}
		dst.SetString(s)
	}}, nil
}

func must(ok func(string) bool, message string) stringCheck {
	return func(s string, issues *Issues) string {
		if !ok(s) {
			issues.Add(message)
		}
		return s
	}
}

// trimSpace trims what String.prototype.trim does (ECMA-262 sections 12.2, 12.3).
func trimSpace(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		switch r {
		case '\t', '\n', '\v', '\f', '\r', ' ', 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF:
			return true
		}
		return r >= 0x2000 && r <= 0x200A
	})
}

func enumNode(values []string, message string) *node {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = `"` + v + `"`
	}
	if message == "" {
		message = "Invalid option: expected one of " + strings.Join(quoted, "|")
		if len(values) == 1 {
			message = "Invalid input: expected " + quoted[0]
		}
	}
	return &node{&Shape{Type: "string", Enum: values}, func(dst reflect.Value, v wire.Value, issues *Issues) {
		s, ok := v.Str()
		for _, value := range values {
			if ok && s == value {
				dst.SetString(s)
				return
			}
		}
		issues.Fatal(message)
	}}
}

func boolNode(rules []rule) (*node, error) {
	shape := &Shape{Type: "boolean"}
	for _, r := range rules {
		if r.name != "coerce" {
			return nil, r.notFor("boolean")
		}
		shape.Coerce = true
	}
	return &node{shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
		if shape.Coerce {
			dst.SetBool(v.Truthy())
			return
		}
		b, ok := v.Bool()
		if !ok {
			issues.Type("boolean", v)
			return
		}
		dst.SetBool(b)
	}}, nil
}

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
		case "multipleOf":
			if n == 0 {
				return nil, fmt.Errorf("validate: multipleOf=0 has no multiples")
			}
			bound("Invalid number: must be a multiple of ", n, func(f, n float64) bool { return math.Mod(f, n) != 0 })
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

func dateNode(rules []rule) (*node, error) {
	shape := &Shape{Type: "date"}
	for _, r := range rules {
		if r.name != "coerce" {
			return nil, r.notFor("date")
		}
		shape.Coerce = true
	}
	return &node{shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
		if !shape.Coerce {
			issues.Type("date", v)
			return
		}
		t, ok := toDate(v)
		if !ok {
			issues.Fatal("Invalid input: expected date, received Date")
			return
		}
		dst.Set(reflect.ValueOf(t))
	}}, nil
}

func recordNode(rules []rule) (*node, error) {
	if len(rules) > 0 {
		return nil, rules[0].notFor("record")
	}
	shape := &Shape{Type: "object", Additional: &Shape{Type: "any", Optional: true}}
	return &node{shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
		if _, ok := v.Obj(); !ok {
			issues.Type("record", v)
			return
		}
		dst.Addr().Interface().(*Record).Members = copyRecord(v, nil)
	}}, nil
}

func anyNode(rules []rule) (*node, error) {
	shape := &Shape{Type: "any", Optional: true}
	var tests []func(wire.Value) bool
	for _, r := range rules {
		if r.name != "union" {
			return nil, r.notFor("wire.Value")
		}
		shape.Type, shape.Optional = "union", false
		for name := range strings.SplitSeq(r.arg, "|") {
			test, s, err := unionMember(name)
			if err != nil {
				return nil, err
			}
			tests = append(tests, test)
			if name == "null" {
				shape.Nullable = true
			}
			shape.AnyOf = append(shape.AnyOf, s)
		}
	}
	return &node{shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
		ok := len(tests) == 0
		for _, test := range tests {
			ok = ok || test(v)
		}
		if !ok {
			issues.Fatal("Invalid input")
			return
		}
		*dst.Addr().Interface().(*wire.Value) = v
	}}, nil
}

func unionMember(name string) (func(wire.Value) bool, *Shape, error) {
	kinds := map[string]wire.Kind{
		"string": wire.KindString, "number": wire.KindNumber, "boolean": wire.KindBool,
		"null": wire.KindNull, "object": wire.KindObject,
	}
	item, isList := strings.CutSuffix(name, "[]")
	kind, ok := kinds[item]
	if !ok {
		return nil, nil, fmt.Errorf("validate: there is no member %q for a union", name)
	}
	shape := &Shape{Type: item}
	if item == "object" {
		shape.Additional = &Shape{Type: "any", Optional: true}
	}
	is := func(v wire.Value) bool { return v.Kind() == kind }
	if !isList {
		return is, shape, nil
	}
	return func(v wire.Value) bool {
		items, ok := v.Items()
		for _, i := range items {
			ok = ok && is(i)
		}
		return ok
	}, &Shape{Type: "array", Items: shape}, nil
}

func (c *compiler) list(t reflect.Type, rules, each []rule, st settings) (*node, error) {
	shape := &Shape{Type: "array"}
	var lengths []length
	for _, r := range rules {
		switch r.name {
		case "min", "max", "length", "nonempty":
			l, err := lengthRule(r, shape, st.message)
			if err != nil {
				return nil, err
			}
			lengths = append(lengths, l)
		default:
			return nil, r.notFor("list")
		}
	}
	if t.Elem().Kind() == reflect.Uint8 {
		return nil, fmt.Errorf("validate: the type %s is not supported", t)
	}
	item, err := c.value(t.Elem(), each, settings{message: st.message, pattern: st.pattern})
	if err != nil {
		return nil, err
	}
	shape.Items = item.shape
	return &node{shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
		items, ok := v.Items()
		if !ok {
			issues.Type("array", v)
		} else {
			out := reflect.MakeSlice(t, len(items), len(items))
			for i := range items {
				issues.Enter(itemName(i))
				item.decode(out.Index(i), items[i], issues)
				issues.Leave()
			}
			dst.Set(out)
		}
		for _, l := range lengths {
			l.checkAny(v, issues)
		}
	}}, nil
}

func (c *compiler) mapping(t reflect.Type, rules, each []rule) (*node, error) {
	if t.Key().Kind() != reflect.String {
		return nil, fmt.Errorf("validate: the type %s is not supported: the keys must be strings", t)
	}
	if len(rules) > 0 {
		return nil, rules[0].notFor("record")
	}
	item, err := c.value(t.Elem(), each, settings{})
	if err != nil {
		return nil, err
	}
	return &node{&Shape{Type: "object", Additional: item.shape}, func(dst reflect.Value, v wire.Value, issues *Issues) {
		o, ok := v.Obj()
		if !ok {
			issues.Type("record", v)
			return
		}
		out := reflect.MakeMapWithSize(t, o.Len())
		for _, m := range o.Members() {
			if m.Name == protoName {
				continue
			}
			value := reflect.New(t.Elem()).Elem()
			issues.Enter(m.Name)
			item.decode(value, m.Value, issues)
			issues.Leave()
			out.SetMapIndex(reflect.ValueOf(m.Name).Convert(t.Key()), value)
		}
		dst.Set(out)
	}}, nil
}
