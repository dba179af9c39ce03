package document

import (
	"encoding/json"
	"strings"
)

// The limits of a filter.
const (
	MaxFilter  = 4096 // bytes
	maxDepth   = 16   // brackets within brackets
	maxCompare = 64   // comparisons
)

// Op is a comparison of RFC 7644 §3.4.2.2.
type Op string

// The comparisons.
const (
	Eq Op = "eq"
	Ne Op = "ne"
	Co Op = "co"
	Sw Op = "sw"
	Ew Op = "ew"
	Gt Op = "gt"
	Ge Op = "ge"
	Lt Op = "lt"
	Le Op = "le"
	Pr Op = "pr" // present
)

// Node is a part of a filter: *And, *Or, *Not or *Compare.
type Node interface{ node() }

// And holds when both parts do.
type And struct{ Left, Right Node }

// Or holds when one of the parts does.
type Or struct{ Left, Right Node }

// Not holds when its part does not.
type Not struct{ Of Node }

// Compare holds when a value of the attribute meets the comparison.
type Compare struct {
	Path  *Path
	Op    Op
	Value any // string, float64, bool or nil; nothing with Pr
}

func (*And) node()     {}
func (*Or) node()      {}
func (*Not) node()     {}
func (*Compare) node() {}

// ParseFilter reads a filter over resources of a kind. A mistake is an *Error of the type
// invalidFilter. The time is linear in the length.
func ParseFilter(k *Kind, filter string) (Node, error) {
	if len(filter) > MaxFilter {
		return nil, fail(InvalidFilter, "The filter is too long")
	}
	p := &parser{kind: k, text: filter}
	n, err := p.or(nil)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(p.text) {
		return nil, p.wrong("an unexpected " + quote(p.text[p.at:p.at+1]))
	}
	return n, nil
}

type parser struct {
	kind     *Kind
	text     string
	at       int
	depth    int
	compares int
}

func (p *parser) wrong(what string) error { return fail(InvalidFilter, "Invalid filter: "+what) }

func (p *parser) space() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
}

// take takes a character after spaces.
func (p *parser) take(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

// word takes the keyword w, followed by the end, a space or a bracket.
func (p *parser) word(w string) bool {
	p.space()
	end := p.at + len(w)
	if end > len(p.text) || !same(p.text[p.at:end], w) {
		return false
	}
	if end < len(p.text) && !strings.ContainsRune(" \t()[]", rune(p.text[end])) {
		return false
	}
	p.at = end
	return true
}

// or reads a whole filter. within is the attribute whose brackets the filter is in.
func (p *parser) or(within *Attribute) (Node, error) {
	left, err := p.and(within)
	for err == nil && p.word("or") {
		var right Node
		if right, err = p.and(within); err == nil {
			left = &Or{left, right}
		}
	}
	return left, err
}

func (p *parser) and(within *Attribute) (Node, error) {
	left, err := p.one(within)
	for err == nil && p.word("and") {
		var right Node
		if right, err = p.one(within); err == nil {
			left = &And{left, right}
		}
	}
	return left, err
}

func (p *parser) one(within *Attribute) (Node, error) {
	not := false
	if start := p.at; p.word("not") {
		if p.space(); p.at < len(p.text) && p.text[p.at] == '(' {
			not = true
		} else {
			p.at = start
		}
	}
	if !p.take('(') {
		return p.compare(within)
	}
	if p.depth++; p.depth > maxDepth {
		return nil, p.wrong("too many brackets within brackets")
	}
	n, err := p.or(within)
	if err != nil {
		return nil, err
	}
	if !p.take(')') {
		return nil, p.wrong("a bracket is not closed")
	}
	p.depth--
	if not {
		n = &Not{n}
	}
	return n, nil
}

func (p *parser) name() string {
	p.space()
	start := p.at
	for p.at < len(p.text) && !strings.ContainsRune(" \t()[]\"", rune(p.text[p.at])) {
		p.at++
	}
	return p.text[start:p.at]
}

func (p *parser) compare(within *Attribute) (Node, error) {
	if p.compares++; p.compares > maxCompare {
		return nil, p.wrong("too many comparisons")
	}
	name := p.name()
	if name == "" {
		return nil, p.wrong("an attribute is missing")
	}
	path, err := p.kind.resolve(name, within)
	if err != nil {
		return nil, err
	}
	if p.at < len(p.text) && p.text[p.at] == '[' {
		if within != nil || !path.attr.Multi && path.attr.Type != Complex || path.sub != nil {
			return nil, p.wrong(quote(name) + " takes no brackets")
		}
		p.at++
		if p.depth++; p.depth > maxDepth {
			return nil, p.wrong("too many brackets within brackets")
		}
		if path.filter, err = p.or(path.attr); err != nil {
			return nil, err
		}
		if !p.take(']') {
			return nil, p.wrong("a bracket is not closed")
		}
		p.depth--
		if p.at >= len(p.text) || p.text[p.at] != '.' {
			return &Compare{Path: path, Op: Pr}, nil // some element matches
		}
		p.at++ // emails[type eq "work"].value, which Entra ID sends
		name := p.name()
		if path.sub = path.attr.sub(name); path.sub == nil {
			return nil, p.wrong("unknown attribute " + quote(name))
		}
	}
	return p.operator(path)
}

func (p *parser) operator(path *Path) (Node, error) {
	name := p.name()
	op := Op(Fold(name))
	switch op {
	case Pr:
		return &Compare{Path: path, Op: Pr}, nil
	case Eq, Ne, Co, Sw, Ew, Gt, Ge, Lt, Le:
	case "":
		return nil, p.wrong("an operator is missing")
	default:
		return nil, p.wrong("unknown operator " + quote(name))
	}
	c := &Compare{Path: path, Op: op}
	var err error
	if c.Value, err = p.value(); err != nil {
		return nil, err
	}
	return c, p.fits(c)
}

// value reads a JSON value. A word without quotes is a text, because an example of Entra ID's
// documentation leaves them out.
func (p *parser) value() (any, error) {
	p.space()
	if p.at >= len(p.text) {
		return nil, p.wrong("a value is missing")
	}
	if p.text[p.at] != '"' {
		switch word := p.name(); Fold(word) {
		case "":
			return nil, p.wrong("a value is missing")
		case "true":
			return true, nil
		case "false":
			return false, nil
		case "null":
			return nil, nil
		default:
			var n float64
			if json.Unmarshal([]byte(word), &n) == nil {
				return n, nil
			}
			return word, nil
		}
	}
	for end := p.at + 1; end < len(p.text); end++ {
		switch p.text[end] {
		case '\\':
			end++
		case '"':
			var s string
			if err := json.Unmarshal([]byte(p.text[p.at:end+1]), &s); err != nil {
				return nil, p.wrong("a value is no JSON string")
			}
			if strings.ContainsRune(s, 0) {
				return nil, p.wrong("a value has a character that is not allowed")
			}
			p.at = end + 1
			if p.at < len(p.text) && !strings.ContainsRune(" \t)]", rune(p.text[p.at])) {
				return nil, p.wrong("an unexpected " + quote(p.text[p.at:p.at+1]))
			}
			return s, nil
		}
	}
	return nil, p.wrong("a string is not closed")
}

// fits refuses operators that the type of the attribute does not have.
func (p *parser) fits(c *Compare) error {
	a := c.Path.target()
	if a == nil {
		return p.wrong(quote(c.Path.attr.Name) + " is compared by one of its parts, such as " + quote(c.Path.attr.Name+"."+c.Path.attr.Sub[0].Name))
	}
	text, isText := c.Value.(string)
	switch {
	case a.Type == Boolean:
		switch {
		case c.Op != Eq && c.Op != Ne:
			return p.wrong("a boolean has no " + string(c.Op))
		case isText: // Entra ID sends "True"
			b, ok := truth(text)
			if !ok {
				return p.wrong(quote(a.Name) + " is true or false")
			}
			c.Value = b
		}
	case a.Type == Binary && c.Op != Eq && c.Op != Ne:
		return p.wrong("a binary has no " + string(c.Op))
	case a.Type == DateTime && isText:
		if _, ok := instant(text); !ok && c.Op != Co && c.Op != Sw && c.Op != Ew {
			return p.wrong(quote(a.Name) + " is compared with a time such as \"2026-01-31T12:00:00Z\"")
		}
	case c.Value == nil && c.Op != Eq && c.Op != Ne:
		return p.wrong("null has no " + string(c.Op))
	}
	return nil
}
