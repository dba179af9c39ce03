package document

import (
	"strings"
	"time"
)

// Matches reports whether a resource meets a filter. A nil filter matches everything.
func Matches(n Node, resource Object) bool {
	switch n := n.(type) {
	case nil:
		return true
	case *And:
		return Matches(n.Left, resource) && Matches(n.Right, resource)
	case *Or:
		return Matches(n.Left, resource) || Matches(n.Right, resource)
	case *Not:
		return !Matches(n.Of, resource)
	case *Compare:
		return n.matches(resource)
	}
	return false
}

// values lists the values that a path names in a resource.
func (p *Path) values(resource Object) []any {
	if p.schema != nil {
		resource, _ = resource[p.schema.URN].(Object)
	}
	v := resource[p.attr.Name]
	items, isList := v.([]any)
	if !isList && v != nil {
		items = []any{v}
	}
	var out []any
	for _, item := range items {
		o, isObject := item.(Object)
		if p.filter != nil && (!isObject || !Matches(p.filter, o)) {
			continue
		}
		part := p.target()
		if part == p.attr || part == nil {
			out = append(out, item)
		} else if inner, ok := o[part.Name]; ok {
			out = append(out, inner)
		}
	}
	return out
}

func present(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case Object:
		return len(v) > 0
	}
	return true
}

func (c *Compare) matches(resource Object) bool {
	if c.Op == Pr && c.Path.sub == nil && c.Path.attr.Type == Complex {
		// Some element is there, whatever its parts.
		whole := *c.Path
		for _, item := range whole.elements(resource) {
			if present(item) {
				return true
			}
		}
		return false
	}
	values := c.Path.values(resource)
	some := false
	for _, v := range values {
		if !present(v) {
			continue
		}
		some = true
		if c.Op == Pr || c.Value != nil && c.compare(v) {
			return true
		}
	}
	switch {
	case c.Op == Pr:
		return false
	case c.Value == nil:
		return some == (c.Op == Ne) // eq null: there is no value
	case c.Op == Ne:
		return !some // what is absent is not equal
	}
	return false
}

// elements are the whole values of the attribute that the path selects.
func (p *Path) elements(resource Object) []any {
	if p.schema != nil {
		resource, _ = resource[p.schema.URN].(Object)
	}
	items, isList := resource[p.attr.Name].([]any)
	if !isList {
		items = []any{resource[p.attr.Name]}
	}
	var out []any
	for _, item := range items {
		if o, ok := item.(Object); p.filter == nil || ok && Matches(p.filter, o) {
			out = append(out, item)
		}
	}
	return out
}

func (c *Compare) compare(v any) bool {
	a := c.Path.target()
	switch v := v.(type) {
	case bool:
		want, ok := c.Value.(bool)
		return (ok && v == want) == (c.Op == Eq)
	case string:
		want, ok := c.Value.(string)
		if !ok {
			return c.Op == Ne
		}
		if a.Type == DateTime {
			x, isTime := instant(v)
			if y, ok := instant(want); ok && isTime {
				return ordered(c.Op, x.Compare(y))
			}
		}
		if !a.CaseExact {
			v, want = Fold(v), Fold(want)
		}
		switch c.Op {
		case Co:
			return strings.Contains(v, want)
		case Sw:
			return strings.HasPrefix(v, want)
		case Ew:
			return strings.HasSuffix(v, want)
		}
		return ordered(c.Op, strings.Compare(v, want))
	}
	return false
}

func ordered(op Op, sign int) bool {
	switch op {
	case Eq:
		return sign == 0
	case Ne:
		return sign != 0
	case Gt:
		return sign > 0
	case Ge:
		return sign >= 0
	case Lt:
		return sign < 0
	case Le:
		return sign <= 0
	}
	return false
}

func instant(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}

// truth reads a boolean that a client has sent as a text.
func truth(s string) (value, ok bool) {
	switch Fold(s) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// Equalities lists the values with which a filter compares attributes by eq, for a look into an
// index: a resource that the filter matches has one of them. It returns the first comparison of
// the listed attributes that every match has to meet.
func Equalities(n Node, names ...string) (name, value string, ok bool) {
	switch n := n.(type) {
	case *And:
		if name, value, ok := Equalities(n.Left, names...); ok {
			return name, value, ok
		}
		return Equalities(n.Right, names...)
	case *Compare:
		text, isText := n.Value.(string)
		if n.Op != Eq || !isText {
			return "", "", false
		}
		for _, name := range names {
			if n.Path.Selects(name) {
				return name, text, true
			}
		}
	}
	return "", "", false
}

// Names reports whether a filter compares an attribute of the core schema, or a part of it.
func Names(n Node, attribute string) bool {
	switch n := n.(type) {
	case *And:
		return Names(n.Left, attribute) || Names(n.Right, attribute)
	case *Or:
		return Names(n.Left, attribute) || Names(n.Right, attribute)
	case *Not:
		return Names(n.Of, attribute)
	case *Compare:
		return n.Path.schema == nil && n.Path.attr.Name == attribute
	}
	return false
}
