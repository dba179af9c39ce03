package validate

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/wire"
)

// node decodes one value into a place of one Go type.
type node struct {
	shape  *Shape
	decode func(dst reflect.Value, v wire.Value, issues *Issues)
}

var (
	restType    = reflect.TypeFor[Rest]()
	recordType  = reflect.TypeFor[Record]()
	valueType   = reflect.TypeFor[wire.Value]()
	objectType  = reflect.TypeFor[wire.Object]()
	timeType    = reflect.TypeFor[time.Time]()
	schemerType = reflect.TypeFor[Schemer]()
	refinerType = reflect.TypeFor[Refiner]()
	fieldsType  = reflect.TypeFor[Fields]()
	andType     = reflect.TypeFor[Intersection]()
)

// Compile reads the tags of a struct type.
//
// Each field has one of the tags json:"name" (a member of the body),
// query:"name" or path:"name" (a string), or json:"-" to be ignored. Names are
// matched exactly. The types are
//
//   - string, bool, float64, int and int64 (z.int()), time.Time (z.date()),
//   - []T, map[string]T and structs of these with json tags,
//   - wire.Value (z.any()), Record, and types that implement Schemer,
//   - *T for a field that may be absent, which is then nil.
//
// An embedded Rest takes the members no field names; without it they are dropped.
// An embedded Fields, tagged fields:"name", takes members that only the program
// knows; see CompileWith. An embedded Record, or a field tagged validate:"body", is the whole body. A
// field "_ struct{}" tagged validate:"optional" lets the whole body be absent,
// validate:"strict" refuses unknown members. Fields tagged validate:"and" are left to
// the Intersection. Fields of other embedded structs
// count as the outer struct's. A query whose fields are all optional may be
// absent.
//
// The tag zod:"…" lists rules, in zod's order of evaluation:
//
//	optional           the field may be absent and keeps its zero value; so say
//	                   omitempty and omitzero in a json tag
//	required           a pointer may not be absent
//	nullable, nullish  null is accepted and read as nil or zero; nullish is also optional
//	default=x          the value of an absent field, JSON unless it is a string, without a comma
//	coerce             z.coerce: other types are converted as JavaScript does
//	email, regex       formats; the tag pattern:"/^a/i" is the regular expression
//	min=n, max=n, length=n, nonempty   lengths of strings and arrays, bounds of numbers
//	gt=n, lt=n, positive, nonnegative, int   bounds and form of numbers
//	trim, lowercase    change the string for the rules that follow
//	enum=a|b           one of these strings
//	union=a|b          for a wire.Value: one of string, number, boolean, null and
//	                   object (a record), each also as a list: string[]
//	each               the rules that follow are for the items
//
// doc:"…" is the description, message:"…" replaces the messages of the rules. A
// type or struct that implements Refiner is called after its fields are
// decoded. The error names the field and what is wrong with it.
func Compile(t reflect.Type) (*Input, error) { return CompileWith(t, nil) }

// CompileWith is Compile for types with an embedded Fields: members returns the
// members for the name in its tag.
func CompileWith(t reflect.Type, members func(name string) ([]Member, error)) (*Input, error) {
	if t == nil || t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("validate: %v is not a struct type", t)
	}
	c := compiler{members: members}
	in := &Input{typ: t, refine: reflect.PointerTo(t).Implements(refinerType), and: reflect.PointerTo(t).Implements(andType)}
	s, err := c.collect(t, true)
	if err != nil {
		return nil, err
	}
	in.path = s.path
	if len(s.query) > 0 {
		q := object{fields: s.query, shape: &Shape{Type: "object"}}
		q.shape.Optional = true
		for _, f := range s.query {
			q.shape.Optional = q.shape.Optional && f.node.shape.Optional
		}
		in.query = wrap(q.node(), settings{optional: q.shape.Optional})
		in.noQuery = !in.refine && !in.and && q.shape.Optional && in.leavesZero()
	}
	if s.whole != nil {
		if len(s.body) > 0 || s.rest != nil {
			return nil, fmt.Errorf("validate: %s has a field for the whole body and others for parts of it", t)
		}
		whole := *s.whole
		in.body = &node{whole.node.shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
			whole.node.decode(dst.FieldByIndex(whole.index), v, issues)
		}}
	} else if len(s.body) > 0 || s.rest != nil {
		in.body = s.object().node()
	}
	if in.body == nil && (s.optional || s.strict) {
		return nil, fmt.Errorf("validate: %s has a rule for the body but no body", t)
	}
	if in.body != nil && s.optional {
		in.body.shape.Optional = true
		in.body = wrap(in.body, settings{optional: true})
	}
	return in, nil
}

// leavesZero reports whether an empty query is valid and leaves the struct zero.
func (in *Input) leavesZero() bool {
	v, issues := reflect.New(in.typ).Elem(), Issues{section: "query"}
	in.query.decode(v, wire.ObjectOf(&wire.Object{}), &issues)
	return issues.Len() == 0 && v.IsZero()
}

type compiler struct {
	active  []reflect.Type // structs being compiled
	members func(name string) ([]Member, error)
}

// collected are the fields of a struct by their source.
type collected struct {
	body, query []field
	path        []pathField
	rest        []int
	whole       *field
	optional    bool
	strict      bool
}

func (s *collected) object() *object {
	o := &object{fields: s.body, rest: s.rest, strict: s.strict, shape: &Shape{Type: "object", Strict: s.strict}}
	if s.rest != nil {
		o.shape.Additional = &Shape{Type: "any", Optional: true}
	}
	return o
}

func (c *compiler) collect(t reflect.Type, root bool) (*collected, error) {
	if slices.Contains(c.active, t) {
		return nil, fmt.Errorf("validate: %s contains itself; let it implement Schemer", t)
	}
	c.active = append(c.active, t)
	defer func() { c.active = c.active[:len(c.active)-1] }()
	s := &collected{}
	if err := c.addFields(s, t, nil, root); err != nil {
		return nil, err
	}
	s.body = withoutHidden(s.body)
	for _, list := range [][]field{s.body, s.query} {
		seen := map[string]bool{}
		for _, f := range list {
			if seen[f.name] {
				return nil, fmt.Errorf("validate: %s has two fields named %q", t, f.name)
			}
			seen[f.name] = true
		}
	}
	return s, nil
}

func (c *compiler) addFields(s *collected, t reflect.Type, index []int, root bool) error {
	for i := range t.NumField() {
		sf := t.Field(i)
		if err := c.addField(s, sf, append(slices.Clone(index), i), root); err != nil {
			return fmt.Errorf("%w (field %s of %s)", err, sf.Name, t)
		}
	}
	return nil
}

func (c *compiler) addField(s *collected, sf reflect.StructField, index []int, root bool) error {
	if sf.Name == "_" {
		for rule := range strings.SplitSeq(sf.Tag.Get("validate"), ",") {
			switch {
			case rule == "optional" && root:
				s.optional = true
			case rule == "strict":
				s.strict = true
			case rule != "":
				return fmt.Errorf("validate: there is no rule %q for a struct", rule)
			}
		}
		return nil
	}
	jsonName, jsonOptions, _ := strings.Cut(sf.Tag.Get("json"), ",")
	queryName, pathName := sf.Tag.Get("query"), sf.Tag.Get("path")
	whole := sf.Tag.Get("validate") == "body"
	sources := 0
	for _, set := range []bool{jsonName != "" && jsonName != "-", queryName != "", pathName != "", whole} {
		if set {
			sources++
		}
	}
	switch {
	case sources > 1:
		return fmt.Errorf("validate: a value has one source, not several")
	case sources == 1 && !sf.IsExported():
		return fmt.Errorf("validate: the field must be exported")
	case !root && sources == 1 && (jsonName == "" || jsonName == "-"):
		return fmt.Errorf("validate: only the outer struct has query, path and body fields")
	case sources == 0:
		return c.addEmbedded(s, sf, jsonName, index, root)
	}
	if pathName != "" {
		if sf.Type.Kind() != reflect.String {
			return fmt.Errorf("validate: a path parameter is a string")
		}
		s.path = append(s.path, pathField{pathName, index, &Shape{Type: "string", Description: sf.Tag.Get("doc")}})
		return nil
	}
	n, err := c.fieldNode(sf, jsonOptions)
	if err != nil {
		return err
	}
	if sf.Tag.Get("validate") == "and" {
		n.shape.Optional = true
		n = &node{n.shape, func(reflect.Value, wire.Value, *Issues) {}} // left to DecodeAnd
	}
	switch {
	case whole:
		if s.whole != nil {
			return fmt.Errorf("validate: there is already a field for the whole body")
		}
		s.whole = &field{index: index, node: n}
	case queryName != "":
		s.query = append(s.query, field{name: queryName, index: index, node: n})
	default:
		s.body = append(s.body, field{name: jsonName, index: index, node: n})
	}
	return nil
}

func (c *compiler) addEmbedded(s *collected, sf reflect.StructField, jsonName string, index []int, root bool) error {
	switch {
	case jsonName == "-" || !sf.IsExported() && !sf.Anonymous:
		return nil
	case !sf.Anonymous:
		return fmt.Errorf("validate: the field needs a json, query or path tag")
	case sf.Type == restType:
		s.rest = index
		return nil
	case sf.Type == fieldsType:
		return c.addMembers(s, sf, index)
	case sf.Type == recordType && root:
		n, err := c.fieldNode(sf, "")
		s.whole = &field{index: index, node: n}
		return err
	case sf.Type.Kind() != reflect.Struct || reflect.PointerTo(sf.Type).Implements(schemerType):
		return fmt.Errorf("validate: an embedded %s needs a json tag", sf.Type)
	}
	if slices.Contains(c.active, sf.Type) {
		return fmt.Errorf("validate: %s contains itself", sf.Type)
	}
	c.active = append(c.active, sf.Type)
	defer func() { c.active = c.active[:len(c.active)-1] }()
	return c.addFields(s, sf.Type, index, root)
}

func (c *compiler) fieldNode(sf reflect.StructField, jsonOptions string) (*node, error) {
	rules, err := parseRules(sf.Tag.Get("zod"))
	if err != nil {
		return nil, err
	}
	st := settings{message: sf.Tag.Get("message"), pattern: sf.Tag.Get("pattern")}
	for option := range strings.SplitSeq(jsonOptions, ",") {
		switch option {
		case "omitempty", "omitzero":
			st.optional = true
		case "":
		default:
			return nil, fmt.Errorf("validate: there is no json option %q", option)
		}
	}
	n, err := c.value(sf.Type, rules, st)
	if err != nil {
		return nil, err
	}
	n.shape.Description = sf.Tag.Get("doc")
	return n, nil
}

// settings are the rules for when a value is not checked.
type settings struct {
	optional, required, nullable bool
	hasDefault                   bool
	defaultText                  string
	message, pattern             string
}

// value compiles a type with its rules and alternatives, such as absent or null.
func (c *compiler) value(t reflect.Type, rules []rule, st settings) (*node, error) {
	var own, each []rule
	for i, r := range rules {
		if r.name == "each" {
			each = rules[i+1:]
			if t.Kind() != reflect.Slice && t.Kind() != reflect.Map || reflect.PointerTo(t).Implements(schemerType) {
				return nil, fmt.Errorf("validate: each is for lists, not for %s", t)
			}
			break
		}
		switch r.name {
		case "optional":
			st.optional = true
		case "required":
			st.required = true
		case "nullable":
			st.nullable = true
		case "nullish":
			st.nullable, st.optional = true, true
		case "default":
			st.hasDefault, st.defaultText = true, r.arg
		default:
			own = append(own, r)
		}
	}
	if t.Kind() == reflect.Pointer {
		st.optional = !st.required && !st.hasDefault
		elem, err := c.bare(t.Elem(), own, each, st)
		if err != nil {
			return nil, err
		}
		n := &node{elem.shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
			p := reflect.New(t.Elem())
			elem.decode(p.Elem(), v, issues)
			dst.Set(p)
		}}
		return finish(t, n, st)
	}
	n, err := c.bare(t, own, each, st)
	if err != nil {
		return nil, err
	}
	return finish(t, n, st)
}

// finish describes the settings in the shape and applies them.
func finish(t reflect.Type, n *node, st settings) (*node, error) {
	n.shape.Optional = n.shape.Optional || st.optional || st.hasDefault
	n.shape.Nullable = n.shape.Nullable || st.nullable
	if st.hasDefault {
		d, err := defaultValue(n.shape, st.defaultText)
		if err != nil {
			return nil, err
		}
		n.shape.Default = d
		issues := Issues{section: "default"}
		if n.decode(reflect.New(t).Elem(), d, &issues); issues.Len() > 0 {
			return nil, fmt.Errorf("validate: the default %q breaks a rule: %w", st.defaultText, issues.err())
		}
	}
	return wrap(n, st), nil
}

// wrap puts zod's optional, default and nullable around a node.
func wrap(n *node, st settings) *node {
	if !st.optional && !st.nullable && !st.hasDefault {
		return n
	}
	return &node{n.shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
		switch {
		case v.IsUndefined() && st.hasDefault:
			n.decode(dst, n.shape.Default.Clone(), issues)
		case v.IsUndefined() && st.optional, v.IsNull() && st.nullable:
		default:
			n.decode(dst, v, issues)
		}
	}}
}

// bare compiles a type that is present.
func (c *compiler) bare(t reflect.Type, rules, each []rule, st settings) (*node, error) {
	switch {
	case reflect.PointerTo(t).Implements(schemerType):
		if len(rules) > 0 {
			return nil, fmt.Errorf("validate: %s decodes itself and takes no rules", t)
		}
		return schemerNode(t)
	case t == valueType:
		return anyNode(rules)
	case t == recordType:
		return recordNode(rules)
	case t == timeType:
		return dateNode(rules)
	case t == objectType:
		return nil, fmt.Errorf("validate: use validate.Record instead of wire.Object")
	}
	switch t.Kind() {
	case reflect.String:
		return stringNode(rules, st)
	case reflect.Bool:
		return boolNode(rules)
	case reflect.Float64, reflect.Int, reflect.Int64:
		return numberNode(t, rules, st)
	case reflect.Slice:
		return c.list(t, rules, each, st)
	case reflect.Map:
		return c.mapping(t, rules, each)
	case reflect.Struct:
		if len(rules) > 0 {
			return nil, fmt.Errorf("validate: there is no rule %q for a struct", rules[0].name)
		}
		s, err := c.collect(t, false)
		if err != nil {
			return nil, err
		}
		o := s.object()
		o.refine = reflect.PointerTo(t).Implements(refinerType)
		return o.node(), nil
	}
	return nil, fmt.Errorf("validate: the type %s is not supported", t)
}
