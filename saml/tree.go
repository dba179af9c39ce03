package saml

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"
)

// parse scans a document and returns its root.
func parse(doc []byte, limit int, comments bool) (*etree.Element, error) {
	if len(doc) > limit {
		return nil, fmt.Errorf("the document is larger than %d bytes", limit)
	}
	doc = bytes.TrimPrefix(doc, []byte("\xEF\xBB\xBF"))
	if err := scan(doc, comments); err != nil {
		return nil, err
	}
	tree := etree.NewDocument()
	if err := tree.ReadFromBytes(doc); err != nil {
		return nil, errors.New("the document is not well-formed")
	}
	root := tree.Root()
	if root == nil || len(tree.ChildElements()) != 1 {
		return nil, errors.New("the document has no root element")
	}
	return root, nil
}

func is(el *etree.Element, namespace, name string) bool {
	return el.Tag == name && el.NamespaceURI() == namespace
}

// children are the child elements of a name.
func children(el *etree.Element, namespace, name string) []*etree.Element {
	var found []*etree.Element
	for _, c := range el.ChildElements() {
		if is(c, namespace, name) {
			found = append(found, c)
		}
	}
	return found
}

// child is the only child element of a name, or nil for none.
func child(el *etree.Element, namespace, name string) (*etree.Element, error) {
	found := children(el, namespace, name)
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	default:
		return nil, fmt.Errorf("%s has more than one %s", el.Tag, name)
	}
}

// need is like child, for one that has to be there.
func need(el *etree.Element, namespace, name string) (*etree.Element, error) {
	found, err := child(el, namespace, name)
	if err == nil && found == nil {
		err = fmt.Errorf("%s has no %s", el.Tag, name)
	}
	return found, err
}

// sequence returns the child elements if they are exactly those names of one namespace. A name
// that ends in "?" may be missing; nil stands for it then.
func sequence(el *etree.Element, namespace string, names ...string) ([]*etree.Element, error) {
	rest, out := el.ChildElements(), make([]*etree.Element, len(names))
	for i, name := range names {
		name, optional := strings.CutSuffix(name, "?")
		switch {
		case len(rest) > 0 && is(rest[0], namespace, name):
			out[i], rest = rest[0], rest[1:]
		case !optional:
			return nil, fmt.Errorf("%s does not have %s where it belongs", el.Tag, name)
		}
	}
	if len(rest) != 0 {
		return nil, fmt.Errorf("%s has an element that does not belong there", el.Tag)
	}
	return out, nil
}

// text is all the text of an element that has nothing but text.
func text(el *etree.Element) (string, error) {
	var b strings.Builder
	for _, c := range el.Child {
		data, ok := c.(*etree.CharData)
		if !ok {
			return "", fmt.Errorf("%s has something else than text", el.Tag)
		}
		b.WriteString(data.Data)
	}
	return b.String(), nil
}

// token is text without the white space around it, for values like URIs.
func token(el *etree.Element) (string, error) {
	s, err := text(el)
	return strings.Trim(s, " \t\r\n"), err
}

// attr is an attribute without a prefix, or "".
func attr(el *etree.Element, name string) string {
	value, _ := lookup(el, name)
	return value
}

func lookup(el *etree.Element, name string) (string, bool) {
	for _, a := range el.Attr {
		if a.Space == "" && a.Key == name {
			return a.Value, true
		}
	}
	return "", false
}

// walk calls f for an element and all below it.
func walk(el *etree.Element, f func(*etree.Element) error) error {
	if err := f(el); err != nil {
		return err
	}
	for _, c := range el.ChildElements() {
		if err := walk(c, f); err != nil {
			return err
		}
	}
	return nil
}

// uniqueIDs refuses a document in which two elements could be meant by one reference,
// whichever attribute a reader takes for the ID.
func uniqueIDs(root *etree.Element) error {
	seen := map[string]bool{}
	return walk(root, func(el *etree.Element) error {
		for _, a := range el.Attr {
			if a.Space != "" && a.Space != "xml" || !strings.EqualFold(a.Key, "id") {
				continue
			}
			if seen[a.Value] {
				return errors.New("two elements have the same ID")
			}
			seen[a.Value] = true
		}
		return nil
	})
}
