package saml

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of a document's structure, which hold before anything builds a tree of it. Responses
// with 3,000 groups stay below them.
const (
	maxDepth      = 64
	maxElements   = 10_000
	maxAttributes = 64
	maxScope      = 64 // namespace declarations in force at one place
	maxName       = 128
)

// scanner accepts the XML in which parsers cannot disagree: UTF-8, names in ASCII with at most
// one colon, declared prefixes, the five predefined entities and character references, one
// root. It refuses what SAML never needs: document types, processing instructions, CDATA
// sections and, but for metadata, comments.
type scanner struct {
	in       []byte
	pos      int
	comments bool

	open     []string
	scope    []binding
	marks    []int // length of scope before each open element
	elements int
	roots    int
}

type binding struct{ prefix, uri string }

type rawAttr struct{ name, value string }

// scan reports what is wrong with a document.
func scan(doc []byte, comments bool) error {
	if !utf8.Valid(doc) {
		return errors.New("the document is not UTF-8")
	}
	for _, r := range string(doc) {
		if !isChar(r) {
			return errors.New("the document has a character that XML does not allow")
		}
	}
	s := &scanner{in: doc, comments: comments}
	if err := s.declaration(); err != nil {
		return err
	}
	for s.pos < len(s.in) {
		if err := s.next(); err != nil {
			return err
		}
	}
	switch {
	case len(s.open) != 0:
		return errors.New("an element is not closed")
	case s.roots != 1:
		return errors.New("the document has no root element")
	}
	return nil
}

func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// declaration reads `<?xml version="1.0" encoding="UTF-8"?>`.
func (s *scanner) declaration() error {
	rest, ok := bytes.CutPrefix(s.in, []byte("<?xml"))
	if !ok {
		return nil
	}
	end := bytes.Index(rest, []byte("?>"))
	if end < 0 || end > 100 || end == 0 || !isSpace(rest[0]) {
		return errors.New("the XML declaration is not well-formed")
	}
	for i, field := range strings.Fields(string(rest[:end])) {
		name, value, _ := strings.Cut(field, "=")
		if len(value) < 2 || value[0] != value[len(value)-1] || value[0] != '"' && value[0] != '\'' {
			return errors.New("the XML declaration is not well-formed")
		}
		value = value[1 : len(value)-1]
		switch {
		case i == 0 && name == "version" && value == "1.0":
		case i > 0 && name == "encoding" && strings.EqualFold(value, "utf-8"):
		case i > 0 && name == "standalone" && (value == "yes" || value == "no"):
		default:
			return errors.New("the XML declaration asks for something else than XML 1.0 in UTF-8")
		}
	}
	s.pos = len(s.in) - len(rest) + end + 2
	return nil
}

func (s *scanner) next() error {
	rest := s.in[s.pos:]
	switch {
	case rest[0] != '<':
		return s.text()
	case bytes.HasPrefix(rest, []byte("<!--")):
		return s.comment()
	case bytes.HasPrefix(rest, []byte("<!")):
		return errors.New("the document has a document type declaration or a CDATA section")
	case bytes.HasPrefix(rest, []byte("<?")):
		return errors.New("the document has a processing instruction")
	case bytes.HasPrefix(rest, []byte("</")):
		return s.end()
	default:
		return s.start()
	}
}

func (s *scanner) text() error {
	end := bytes.IndexByte(s.in[s.pos:], '<')
	if end < 0 {
		end = len(s.in) - s.pos
	}
	text := s.in[s.pos : s.pos+end]
	s.pos += end
	if len(s.open) == 0 {
		for _, c := range text {
			if !isSpace(c) {
				return errors.New("there is text outside of the root element")
			}
		}
		return nil
	}
	if bytes.Contains(text, []byte("]]>")) {
		return errors.New("a text has ]]>")
	}
	return references(text)
}

// references checks what follows each ampersand.
func references(text []byte) error {
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			return nil
		}
		text = text[i+1:]
		end := bytes.IndexByte(text[:min(len(text), 12)], ';')
		if end < 0 {
			return errors.New("an entity reference is not well-formed")
		}
		if !isReference(string(text[:end])) {
			return errors.New("the document refers to an entity that XML does not predefine")
		}
		text = text[end+1:]
	}
}

func isReference(name string) bool {
	switch name {
	case "amp", "lt", "gt", "apos", "quot":
		return true
	}
	digits, ok := strings.CutPrefix(name, "#")
	base := 10
	if strings.HasPrefix(digits, "x") {
		digits, base = digits[1:], 16
	}
	if !ok || digits == "" || digits[0] == '+' || digits[0] == '-' {
		return false
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return err == nil && n <= utf8.MaxRune && isChar(rune(n)) //nolint:gosec // bounded on the left
}

func (s *scanner) comment() error {
	if !s.comments {
		return errors.New("the document has a comment")
	}
	body := s.in[s.pos+4:]
	end := bytes.Index(body, []byte("--"))
	if end < 0 || !bytes.HasPrefix(body[end:], []byte("-->")) {
		return errors.New("a comment is not well-formed")
	}
	s.pos += 4 + end + 3
	return nil
}

// name reads prefix:local or local.
func (s *scanner) name() (string, error) {
	from, colons := s.pos, 0
	for first := true; s.pos < len(s.in); s.pos++ {
		c := s.in[s.pos]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		switch {
		case letter:
			first = false
		case !first && (c >= '0' && c <= '9' || c == '-' || c == '.'):
		case !first && c == ':' && colons == 0:
			colons, first = 1, true // the local part begins like a name as well
		default:
			if first {
				return "", errors.New("a name is not well-formed")
			}
			if s.pos-from > maxName {
				return "", errors.New("a name is too long")
			}
			return string(s.in[from:s.pos]), nil
		}
	}
	return "", errors.New("the document ends within a tag")
}

func (s *scanner) spaces() bool {
	from := s.pos
	for s.pos < len(s.in) && isSpace(s.in[s.pos]) {
		s.pos++
	}
	return s.pos > from
}

// take reads one character that has to be there.
func (s *scanner) take(c byte) bool {
	if s.pos >= len(s.in) || s.in[s.pos] != c {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) end() error {
	s.pos += 2
	name, err := s.name()
	if err != nil {
		return err
	}
	s.spaces()
	if !s.take('>') {
		return errors.New("an end tag is not well-formed")
	}
	if len(s.open) == 0 || s.open[len(s.open)-1] != name {
		return errors.New("an end tag closes another element than the open one")
	}
	s.leave()
	return nil
}

func (s *scanner) leave() {
	last := len(s.open) - 1
	s.scope = s.scope[:s.marks[last]]
	s.open, s.marks = s.open[:last], s.marks[:last]
}

func (s *scanner) start() error {
	s.pos++
	name, err := s.name()
	if err != nil {
		return err
	}
	if len(s.open) == 0 {
		if s.roots++; s.roots > 1 {
			return errors.New("the document has more than one root element")
		}
	}
	if s.elements++; s.elements > maxElements {
		return fmt.Errorf("the document has more than %d elements", maxElements)
	}
	if len(s.open) == maxDepth {
		return fmt.Errorf("the document is more than %d elements deep", maxDepth)
	}
	attrs, empty, err := s.attributes()
	if err != nil {
		return err
	}
	s.open, s.marks = append(s.open, name), append(s.marks, len(s.scope))
	if err := s.namespaces(name, attrs); err != nil {
		return err
	}
	if empty {
		s.leave()
	}
	return nil
}

func (s *scanner) attributes() (attrs []rawAttr, empty bool, err error) {
	for {
		spaced := s.spaces()
		if s.take('>') {
			return attrs, false, nil
		}
		if s.take('/') {
			if !s.take('>') {
				return nil, false, errors.New("a tag is not well-formed")
			}
			return attrs, true, nil
		}
		if !spaced {
			return nil, false, errors.New("a tag is not well-formed")
		}
		a, err := s.attribute()
		if err != nil {
			return nil, false, err
		}
		for _, other := range attrs {
			if other.name == a.name {
				return nil, false, errors.New("an element has an attribute twice")
			}
		}
		if attrs = append(attrs, a); len(attrs) > maxAttributes {
			return nil, false, fmt.Errorf("an element has more than %d attributes", maxAttributes)
		}
	}
}

func (s *scanner) attribute() (rawAttr, error) {
	name, err := s.name()
	if err != nil {
		return rawAttr{}, err
	}
	s.spaces()
	if !s.take('=') {
		return rawAttr{}, errors.New("an attribute has no value")
	}
	s.spaces()
	quote := byte('"')
	if !s.take(quote) {
		if quote = '\''; !s.take(quote) {
			return rawAttr{}, errors.New("the value of an attribute is not in quotes")
		}
	}
	end := bytes.IndexByte(s.in[s.pos:], quote)
	if end < 0 {
		return rawAttr{}, errors.New("the document ends within a tag")
	}
	value := s.in[s.pos : s.pos+end]
	s.pos += end + 1
	if bytes.IndexByte(value, '<') >= 0 {
		return rawAttr{}, errors.New("the value of an attribute has <")
	}
	return rawAttr{name, string(value)}, references(value)
}

// namespaces declares what an element declares, and checks that its names have a namespace.
func (s *scanner) namespaces(name string, attrs []rawAttr) error {
	for _, a := range attrs {
		prefix, is := strings.CutPrefix(a.name, "xmlns:")
		if !is && a.name != "xmlns" {
			continue
		}
		if !is {
			prefix = ""
		}
		switch {
		case is && a.value == "":
			return errors.New("a namespace prefix is declared empty")
		case prefix == "xml" || prefix == "xmlns" || a.value == nsXML || a.value == nsXMLNS:
			return errors.New("a reserved namespace is declared")
		// Canonicalizers disagree about relative URIs, and some give nothing at all.
		case a.value != "" && !strings.Contains(a.value, ":") || strings.ContainsAny(a.value, "& \t\r\n"):
			return errors.New("a namespace is no absolute URI")
		}
		if s.scope = append(s.scope, binding{prefix, a.value}); len(s.scope) > maxScope {
			return fmt.Errorf("more than %d namespaces are declared at one place", maxScope)
		}
	}
	if _, err := s.resolve(name, true); err != nil {
		return err
	}
	for i, a := range attrs {
		prefix, local, prefixed := strings.Cut(a.name, ":")
		if !prefixed || prefix == "xmlns" {
			continue
		}
		uri, err := s.resolve(a.name, false)
		if err != nil {
			return err
		}
		for _, other := range attrs[:i] {
			p, l, ok := strings.Cut(other.name, ":")
			if !ok || p == "xmlns" || l != local {
				continue
			}
			if same, _ := s.resolve(other.name, false); same == uri {
				return errors.New("an element has an attribute twice")
			}
		}
	}
	return nil
}

func (s *scanner) resolve(name string, element bool) (string, error) {
	prefix, _, prefixed := strings.Cut(name, ":")
	if !prefixed {
		prefix = ""
	}
	switch {
	case prefix == "xmlns", name == "xmlns", element && prefix == "xml":
		return "", errors.New("a reserved prefix is used")
	case prefix == "xml":
		return nsXML, nil
	}
	for i := len(s.scope) - 1; i >= 0; i-- {
		if s.scope[i].prefix == prefix {
			return s.scope[i].uri, nil
		}
	}
	if prefixed {
		return "", errors.New("a namespace prefix is not declared")
	}
	return "", nil
}
