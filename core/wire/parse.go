package wire

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// The errors of Parse. A server answers all of them with 400.
var (
	ErrSyntax = errors.New("wire: the text is not JSON")
	ErrText   = errors.New("wire: a string is not valid Unicode or contains NUL")
	ErrLimit  = errors.New("wire: the JSON is nested too deeply or has too many members")
	ErrNumber = errors.New("wire: a number is out of range")
)

// The limits that apply when Limits has none.
const (
	DefaultDepth   = 32
	DefaultMembers = 10_000
)

// Limits bounds what Parse accepts.
type Limits struct {
	Depth   int // nested arrays and objects; default DefaultDepth
	Members int // members and items altogether; default DefaultMembers
}

// Parse reads one JSON value (RFC 8259) as JSON.parse does: the last value of a
// repeated name counts, at the place of the first. One byte order mark at the
// start is skipped, as in Request.json. Unlike JSON.parse it refuses values that
// databases cannot hold: invalid UTF-8, unpaired surrogates and NUL (ErrText),
// and numbers that overflow (ErrNumber). It takes time linear in len(data).
func Parse(data []byte, limits Limits) (Value, error) {
	p := parser{data: bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")), depth: limits.Depth, members: limits.Members}
	if p.depth <= 0 {
		p.depth = DefaultDepth
	}
	if p.members <= 0 {
		p.members = DefaultMembers
	}
	p.space()
	v, err := p.value()
	if err != nil {
		return Value{}, err
	}
	if p.space(); p.pos < len(p.data) {
		return Value{}, ErrSyntax
	}
	return v, nil
}

type parser struct {
	data    []byte
	pos     int
	depth   int // levels left
	members int // members and items left
	scratch []byte
}

func (p *parser) space() { p.pos = skipSpace(p.data, p.pos) }

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\n' || data[i] == '\r' || data[i] == '\t') {
		i++
	}
	return i
}

// take skips c and the white space after it if c is next.
func (p *parser) take(c byte) bool {
	if p.pos >= len(p.data) || p.data[p.pos] != c {
		return false
	}
	p.pos++
	p.space()
	return true
}

func (p *parser) value() (Value, error) {
	if p.pos >= len(p.data) {
		return Value{}, ErrSyntax
	}
	switch c := p.data[p.pos]; c {
	case '{':
		return p.object()
	case '[':
		return p.array()
	case '"':
		s, err := p.string()
		return String(s), err
	case 't':
		return Bool(true), p.word("true")
	case 'f':
		return Bool(false), p.word("false")
	case 'n':
		return Null(), p.word("null")
	default:
		return p.number()
	}
}

func (p *parser) word(w string) error {
	if !bytes.HasPrefix(p.data[p.pos:], []byte(w)) {
		return ErrSyntax
	}
	p.pos += len(w)
	return nil
}

func (p *parser) object() (Value, error) {
	if p.depth--; p.depth < 0 {
		return Value{}, ErrLimit
	}
	o := &Object{}
	p.take('{')
	for !p.take('}') {
		if len(o.members) > 0 && !p.take(',') || p.pos >= len(p.data) || p.data[p.pos] != '"' {
			return Value{}, ErrSyntax
		}
		if p.members--; p.members < 0 {
			return Value{}, ErrLimit
		}
		name, err := p.string()
		if err != nil {
			return Value{}, err
		}
		if p.space(); !p.take(':') {
			return Value{}, ErrSyntax
		}
		v, err := p.value()
		if err != nil {
			return Value{}, err
		}
		o.add(name, v)
		p.space()
	}
	p.depth++
	// take skipped white space after the brace, which is harmless.
	o.arrange()
	return ObjectOf(o), nil
}

func (p *parser) array() (Value, error) {
	if p.depth--; p.depth < 0 {
		return Value{}, ErrLimit
	}
	items := []Value{}
	p.take('[')
	for !p.take(']') {
		if len(items) > 0 && !p.take(',') {
			return Value{}, ErrSyntax
		}
		if p.members--; p.members < 0 {
			return Value{}, ErrLimit
		}
		v, err := p.value()
		if err != nil {
			return Value{}, err
		}
		items = append(items, v)
		p.space()
	}
	p.depth++
	return Array(items...), nil
}

func (p *parser) number() (Value, error) {
	end, integer := scanNumber(p.data, p.pos)
	if end < 0 {
		return Value{}, ErrSyntax
	}
	literal := string(p.data[p.pos:end])
	p.pos = end
	if integer && len(literal) <= 20 {
		if n, err := strconv.ParseInt(literal, 10, 64); err == nil {
			if n == 0 {
				return Number(float64(n)), nil // -0 is written as 0
			}
			return Value{kind: KindNumber, num: float64(n), str: literal}, nil
		}
	}
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil || math.IsInf(f, 0) {
		return Value{}, ErrNumber
	}
	return Number(f), nil
}

// scanNumber returns the end of the number at i, or -1, and whether it has
// neither fraction nor exponent.
func scanNumber(data []byte, i int) (end int, integer bool) {
	digits := func() bool {
		start := i
		for i < len(data) && data[i] >= '0' && data[i] <= '9' {
			i++
		}
		return i > start
	}
	if i < len(data) && data[i] == '-' {
		i++
	}
	if i < len(data) && data[i] == '0' {
		i++
	} else if !digits() {
		return -1, false
	}
	integer = true
	if i < len(data) && data[i] == '.' {
		i++
		integer = false
		if !digits() {
			return -1, false
		}
	}
	if i < len(data) && (data[i] == 'e' || data[i] == 'E') {
		i++
		integer = false
		if i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		if !digits() {
			return -1, false
		}
	}
	return i, integer
}

// string reads the string whose quote is next. A syntax error anywhere in the
// string is reported before a text error.
func (p *parser) string() (string, error) {
	start := p.pos + 1
	for i := start; i < len(p.data); i++ {
		switch c := p.data[i]; {
		case c == '"':
			p.pos = i + 1
			s := p.data[start:i]
			if !utf8.Valid(s) {
				return "", ErrText
			}
			return string(s), nil
		case c == '\\':
			return p.escaped(start, i)
		case c < ' ':
			return "", ErrSyntax
		}
	}
	return "", ErrSyntax
}

// escaped reads a string from its first backslash at i.
func (p *parser) escaped(start, i int) (string, error) {
	buf := append(p.scratch[:0], p.data[start:i]...)
	defer func() { p.scratch = buf }()
	bad := false
	for i < len(p.data) {
		c := p.data[i]
		i++
		if c == '"' {
			p.pos = i
			if bad || !utf8.Valid(buf) {
				return "", ErrText
			}
			return string(buf), nil
		}
		if c < ' ' {
			return "", ErrSyntax
		}
		if c != '\\' {
			buf = append(buf, c)
			continue
		}
		if i >= len(p.data) {
			return "", ErrSyntax
		}
		c = p.data[i]
		i++
		switch c {
		case '"', '\\', '/':
			buf = append(buf, c)
		case 'b':
			buf = append(buf, '\b')
		case 'f':
			buf = append(buf, '\f')
		case 'n':
			buf = append(buf, '\n')
		case 'r':
			buf = append(buf, '\r')
		case 't':
			buf = append(buf, '\t')
		case 'u':
			r, ok := hex4(p.data, i)
			if !ok {
				return "", ErrSyntax
			}
			i += 4
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if i+1 < len(p.data) && p.data[i] == '\\' && p.data[i+1] == 'u' {
					if low, ok = hex4(p.data, i+2); !ok {
						return "", ErrSyntax
					}
				}
				if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
					bad = true
					continue
				}
				i += 6
			}
			bad = bad || r == 0
			buf = utf8.AppendRune(buf, r)
		default:
			return "", ErrSyntax
		}
	}
	return "", ErrSyntax
}

func hex4(data []byte, i int) (rune, bool) {
	if i+4 > len(data) {
		return 0, false
	}
	var r rune
	for _, c := range data[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
