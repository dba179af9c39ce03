package wire

import (
	"errors"
	"strings"
	"unicode/utf8"
)

const upperHex = "0123456789ABCDEF"

// Pair is a name and its value in a query.
type Pair struct{ Name, Value string }

// Query is a query string or form, in order, where names may repeat.
type Query []Pair

// ParseQuery reads application/x-www-form-urlencoded as URLSearchParams does
// (URL Standard section 5.1): a leading "?" is not expected, '+' is a space,
// escapes that are not well-formed stay as they are and bytes that are not UTF-8
// become U+FFFD. It never fails; what it returns may contain NUL, see ValidText.
func ParseQuery(raw string) Query {
	var q Query
	for raw != "" {
		var part string
		part, raw, _ = strings.Cut(raw, "&")
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		q = append(q, Pair{decodeForm(name), decodeForm(value)})
	}
	return q
}

func decodeForm(s string) string {
	if strings.IndexByte(s, '+') >= 0 {
		s = strings.ReplaceAll(s, "+", " ")
	}
	return toValid(percentDecode(s))
}

// percentDecode decodes the well-formed escapes of s.
func percentDecode(s string) string {
	i := strings.IndexByte(s, '%')
	if i < 0 {
		return s
	}
	buf := append(make([]byte, 0, len(s)), s[:i]...)
	for ; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, ok := unhex(s[i+1])
			low, ok2 := unhex(s[i+2])
			if ok && ok2 {
				buf = append(buf, high<<4|low)
				i += 2
				continue
			}
		}
		buf = append(buf, s[i])
	}
	return string(buf)
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// Get returns the first value of a name.
func (q Query) Get(name string) (string, bool) {
	for i := range q {
		if q[i].Name == name {
			return q[i].Value, true
		}
	}
	return "", false
}

// Set gives the first pair of that name a new value and removes the others, or
// appends a pair, as URLSearchParams.set does. It returns the changed query and
// may reuse q.
func (q Query) Set(name, value string) Query {
	found := false
	out := q[:0]
	for _, p := range q {
		if p.Name == name {
			if found {
				continue
			}
			found = true
			p.Value = value
		}
		out = append(out, p)
	}
	if !found {
		out = append(out, Pair{name, value})
	}
	return out
}

// Value returns the query as the object Better Auth's router makes of it: a name
// that occurs once has a string, a name that repeats has an array of strings.
func (q Query) Value() Value {
	o := &Object{members: make([]Member, 0, len(q))}
	for _, p := range q {
		i := o.find(p.Name)
		switch {
		case i < 0:
			o.add(p.Name, String(p.Value))
		case o.members[i].Value.kind == KindArray:
			items := o.members[i].Value.items
			*items = append(*items, String(p.Value))
		default:
			o.members[i].Value = Array(o.members[i].Value, String(p.Value))
		}
	}
	o.arrange()
	return ObjectOf(o)
}

// Encode writes the query as URLSearchParams.toString does.
func (q Query) Encode() string {
	var b []byte
	for i, p := range q {
		if i > 0 {
			b = append(b, '&')
		}
		b = appendForm(b, p.Name)
		b = append(b, '=')
		b = appendForm(b, p.Value)
	}
	return string(b)
}

func appendForm(dst []byte, s string) []byte {
	s = toValid(s)
	for i := range len(s) {
		c := s[i]
		switch {
		case isAlphanumeric(c) || strings.IndexByte("*-._", c) >= 0:
			dst = append(dst, c)
		case c == ' ':
			dst = append(dst, '+')
		default:
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// EncodeURIComponent escapes s as JavaScript's encodeURIComponent does. Where
// JavaScript would throw, for text that is not Unicode, U+FFFD is escaped.
func EncodeURIComponent(s string) string {
	s = toValid(s)
	var b []byte
	for i := range len(s) {
		c := s[i]
		if isAlphanumeric(c) || strings.IndexByte("-_.!~*'()", c) >= 0 {
			if b != nil {
				b = append(b, c)
			}
			continue
		}
		if b == nil {
			b = append(make([]byte, 0, len(s)+16), s[:i]...)
		}
		b = append(b, '%', upperHex[c>>4], upperHex[c&15])
	}
	if b == nil {
		return s
	}
	return string(b)
}

// ErrURI is JavaScript's URIError: an escape is not well-formed or not UTF-8.
var ErrURI = errors.New("wire: malformed URI component")

// DecodeURIComponent decodes s as JavaScript's decodeURIComponent does. The error
// is ErrURI.
func DecodeURIComponent(s string) (string, error) {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			continue
		}
		if i+2 >= len(s) {
			return "", ErrURI
		}
		if _, ok := unhex(s[i+1]); !ok {
			return "", ErrURI
		}
		if _, ok := unhex(s[i+2]); !ok {
			return "", ErrURI
		}
		i += 2
	}
	s = percentDecode(s)
	if !utf8.ValidString(s) {
		return "", ErrURI
	}
	return s, nil
}
