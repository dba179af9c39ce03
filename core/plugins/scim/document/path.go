package document

import "strings"

// Path names an attribute of a resource, elements of it, or a part of them.
type Path struct {
	schema *Schema // an extension; nil for the core schema
	attr   *Attribute
	filter Node // selects elements of attr
	sub    *Attribute
}

// target is the attribute whose values are compared: that of a multi-valued complex attribute
// is its value. It is nil for another complex attribute.
func (p *Path) target() *Attribute {
	switch {
	case p.sub != nil:
		return p.sub
	case p.attr.Type != Complex:
		return p.attr
	case p.attr.Multi:
		return p.attr.sub("value")
	}
	return nil
}

// Is reports whether the path is that of an attribute of the core schema, such as "userName"
// or "emails.value", for elements of any kind. The part "value" may be left out.
func (p *Path) Is(name string) bool {
	if p.schema != nil || p.filter != nil {
		return false
	}
	return p.name() == name
}

// Selects is Is for a path with or without a filter of elements.
func (p *Path) Selects(name string) bool { return p.schema == nil && p.name() == name }

func (p *Path) name() string {
	own := p.attr.Name
	if t := p.target(); t != nil && t != p.attr {
		own += "." + t.Name
	}
	return own
}

// resolve finds the attribute that a filter names. Within the brackets of an attribute only
// its parts have names.
func (k *Kind) resolve(name string, within *Attribute) (*Path, error) {
	unknown := fail(InvalidFilter, "The attribute "+quote(name)+" is not supported")
	if within != nil {
		a := within.sub(name)
		if a == nil {
			return nil, unknown
		}
		return &Path{attr: a}, nil
	}
	p, ok := k.named(name)
	if !ok || p.attr == nil || p.attr.Mutability == WriteOnly {
		return nil, unknown
	}
	return p, nil
}

// named finds an attribute by a name with dots, below the URN of its schema or without it.
// attr is nil for a schema itself.
func (k *Kind) named(name string) (*Path, bool) {
	s, rest, ok := k.splitURN(name)
	if !ok {
		return nil, false
	}
	list, p := k.Core.Attributes, &Path{}
	if s != nil && s != k.Core {
		list, p.schema = s.Attributes, s
	}
	if rest == "" {
		return p, s != nil
	}
	first, part, parts := strings.Cut(rest, ".")
	if p.attr = find(list, first); p.attr == nil {
		return nil, false
	}
	if parts {
		if p.sub = p.attr.sub(part); p.sub == nil {
			return nil, false
		}
	}
	return p, true
}

// ParsePath reads the path of an operation (RFC 7644 §3.5.2). A mistake is an *Error of the
// type invalidPath. The form "/name/givenName" means name.givenName, as in Better Auth 1.6.
func ParsePath(k *Kind, path string) (*Path, error) {
	if len(path) > MaxFilter {
		return nil, fail(InvalidPath, "The path is too long")
	}
	if strings.HasPrefix(path, "/") {
		path = strings.ReplaceAll(path[1:], "/", ".")
	}
	path = strings.TrimSpace(path)
	open := strings.IndexByte(path, '[')
	head := path
	if open >= 0 {
		head = path[:open]
	}
	p, ok := k.named(head)
	if !ok {
		return nil, fail(InvalidPath, "The attribute "+quote(head)+" is not supported")
	}
	if open < 0 {
		return p, nil
	}
	if p.attr == nil || !p.attr.Multi || p.sub != nil {
		return nil, fail(InvalidPath, quote(head)+" takes no brackets")
	}
	in := &parser{kind: k, text: path, at: open + 1, depth: 1}
	n, err := in.or(p.attr)
	if err == nil && !in.take(']') {
		err = fail(InvalidPath, "a bracket is not closed")
	}
	if err != nil {
		detail := "Invalid path"
		if e, ok := err.(*Error); ok {
			detail = strings.Replace(e.Detail, "Invalid filter", "Invalid path", 1)
		}
		return nil, fail(InvalidPath, detail)
	}
	p.filter = n
	rest := path[in.at:]
	if rest == "" {
		return p, nil
	}
	if rest[0] == '.' {
		p.sub = p.attr.sub(rest[1:])
	}
	if p.sub == nil {
		return nil, fail(InvalidPath, "The attribute "+quote(head+rest)+" is not supported")
	}
	return p, nil
}
