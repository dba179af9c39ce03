package validate

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

// UTF16Len returns the length of a string in JavaScript: characters beyond the
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
