package sqlcodec

import (
	"strconv"
	"strings"

	"github.com/advantch/kernia-go/core/schema"
)

// maxPacked bounds the columns of a packed row. SQLite allows functions 127 arguments
// in its older versions.
const maxPacked = 100

// Packable reports whether SQLite can give the row as one text, made by json_array.
// Every column of a result costs the driver calls into SQLite for its name, declared
// type, type, text and length, each under a mutex, and copies of its own.
func (r *Row) Packable() bool { return len(r.Cells) <= maxPacked }

// Unpack puts the values of a packed row into the cells. It reports false for values
// that json_array does not pass on as they are: numbers with a fraction, which lose
// digits, and binary ones, for which it fails. The row must then be read by its columns,
// which also explains a value that does not fit. A binary value in SQLite's own JSONB
// format is read as that JSON; Kernia writes no binary values.
func (r *Row) Unpack(text string) bool {
	rest, ok := strings.CutPrefix(text, "[")
	for i := range r.Cells {
		if i > 0 && ok {
			rest, ok = strings.CutPrefix(rest, ",")
		}
		if !ok {
			return false
		}
		rest, ok = r.Cells[i].unpack(rest)
	}
	return ok && rest == "]"
}

// unpack reads the value at the beginning of rest and returns what follows it.
func (c *Cell) unpack(rest string) (after string, ok bool) {
	if after, ok = strings.CutPrefix(rest, "null"); ok {
		c.Value = nil
		return after, true
	}
	text, ok := strings.CutPrefix(rest, `"`)
	if !ok {
		n, after, ok := integer(rest)
		if ok {
			c.Value, ok = decode(c.Col, n)
		}
		return after, ok
	}
	if text, after, ok = unquote(text); !ok {
		return after, false
	}
	if c.Col.Type == schema.Date && c.Col.ID == NotID {
		if at, ok := parseISO(text); ok { // without making an interface of the text
			c.Value = at
			return after, true
		}
	}
	c.Value, ok = decode(c.Col, text)
	return after, ok
}

// integer reads an integer that another value or the end of the array follows.
func integer(rest string) (n int64, after string, ok bool) {
	end := strings.IndexAny(rest, ",]")
	if end < 0 {
		return 0, rest, false
	}
	n, err := strconv.ParseInt(rest[:end], 10, 64)
	return n, rest[end:], err == nil
}

// unquote reads a string, whose opening quote has been read, and returns what follows
// the closing one. SQLite escapes quotes, backslashes and control characters.
func unquote(rest string) (text, after string, ok bool) {
	end := strings.IndexByte(rest, '"')
	if end < 0 {
		return "", rest, false
	}
	if strings.IndexByte(rest[:end], '\\') < 0 {
		return rest[:end], rest[end+1:], true
	}
	var b strings.Builder
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; c {
		case '"':
			return b.String(), rest[i+1:], true
		case '\\':
			plain, length := unescape(rest[i:])
			if length == 0 {
				return "", rest, false
			}
			b.WriteByte(plain)
			i += length - 1
		default:
			b.WriteByte(c)
		}
	}
	return "", rest, false
}

// unescape reads an escape sequence of one character below 0x80. Its length is 0 for any
// other.
func unescape(s string) (plain byte, length int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch s[1] {
	case '"', '\\', '/':
		return s[1], 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		if len(s) < 6 {
			return 0, 0
		}
		n, err := strconv.ParseUint(s[2:6], 16, 7)
		if err != nil {
			return 0, 0
		}
		return byte(n), 6
	}
	return 0, 0
}
