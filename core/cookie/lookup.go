package cookie

import (
	"strings"
	"unicode/utf8"
)

// Lookup returns the first cookie called name in a Cookie header, not decoded,
// without the quotes around it if it has any, and whether there is one. Join
// several Cookie headers with "; " first. It does not allocate.
//
// Malformed pieces are skipped, as better-call does: a leading or doubled ';', a
// missing space after one, a piece without '='.
func Lookup(header, name string) (raw string, ok bool) {
	for header != "" {
		var key, val string
		if key, val, header = next(header); key == name && val != absent {
			return unquote(val), true
		}
	}
	return "", false
}

// All calls yield with every cookie called name, in the header's order and in
// the form Lookup returns, until yield returns false. A sibling subdomain can
// plant a second cookie of the same name, so the reader picks the first with a
// valid signature. It does not allocate.
func All(header, name string, yield func(raw string) bool) {
	for header != "" {
		var key, val string
		if key, val, header = next(header); key == name && val != absent && !yield(unquote(val)) {
			return
		}
	}
}

// Each calls yield with every cookie of a header in order, its value as Lookup returns
// it, until yield returns false. It does not allocate.
func Each(header string, yield func(name, raw string) bool) {
	for header != "" {
		var name, raw string
		name, raw, header = next(header)
		if raw != absent && !yield(name, unquote(raw)) {
			return
		}
	}
}

// absent marks a piece without '='. No piece of a header holds a ';'.
const absent = ";"

// next cuts the first piece off a Cookie header. The value is absent when the
// piece has no '='.
func next(header string) (key, val, rest string) {
	piece := header
	if i := strings.IndexByte(header, ';'); i >= 0 {
		piece, rest = header[:i], header[i+1:]
	}
	i := strings.IndexByte(piece, '=')
	if i < 0 {
		return "", absent, rest
	}
	return trim(piece[:i]), trim(piece[i+1:]), rest
}

// trim removes the ASCII white space around s.
func trim(s string) string {
	for s != "" && space(s[0]) {
		s = s[1:]
	}
	for s != "" && space(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func space(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// unquote drops the first and the last byte of a value that starts with a quote. Like
// better-call, it does not check the last one.
func unquote(s string) string {
	if s == "" || s[0] != '"' {
		return s
	}
	if len(s) == 1 {
		return ""
	}
	return s[1 : len(s)-1]
}

// Value percent-decodes a raw cookie as decodeURIComponent does and returns it
// unchanged when that would fail: an escape that is cut short, not hexadecimal
// or not UTF-8. It allocates only when there is an escape to decode.
func Value(raw string) string {
	i := strings.IndexByte(raw, '%')
	if i < 0 {
		return raw
	}
	var out strings.Builder
	out.Grow(len(raw))
	out.WriteString(raw[:i])
	for i < len(raw) {
		if raw[i] != '%' {
			plain := len(raw) - i
			if n := strings.IndexByte(raw[i:], '%'); n >= 0 {
				plain = n
			}
			out.WriteString(raw[i : i+plain])
			i += plain
			continue
		}
		// The bytes of one character must all be escaped.
		var char [utf8.UTFMax]byte
		n, want := 0, 1
		for ; n < want; n++ {
			b, ok := escape(raw[i:])
			if !ok {
				return raw
			}
			i += 3
			char[n] = b
			if n == 0 {
				want = width(b)
			}
		}
		if n > 1 && !utf8.Valid(char[:n]) || n == 1 && char[0] >= utf8.RuneSelf {
			return raw
		}
		out.Write(char[:n])
	}
	return out.String()
}

// width returns how many bytes a character starting with b has in UTF-8, 1 for
// a byte that cannot start one.
func width(b byte) int {
	switch {
	case b >= 0xF0 && b < 0xF8:
		return 4
	case b >= 0xE0 && b < 0xF0:
		return 3
	case b >= 0xC0 && b < 0xE0:
		return 2
	}
	return 1
}

// escape decodes the %XX at the start of s.
func escape(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	hi, ok1 := nibble(s[1])
	lo, ok2 := nibble(s[2])
	return hi<<4 | lo, ok1 && ok2
}

func nibble(c byte) (byte, bool) {
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

// Signature is a SHA-256 HMAC in padded standard base64.
type Signature [44]byte

// SplitSigned decodes the raw value of a signed cookie and cuts it at its last
// dot. ok is false, and value is empty, when the value is empty or the signature
// is not 44 bytes ending in '='. It does not verify anything, and allocates only
// when there is an escape in the value itself.
func SplitSigned(raw string) (value string, signature Signature, ok bool) {
	dot := strings.LastIndexByte(raw, '.')
	if dot < 1 || strings.IndexByte(raw[:dot], '%') >= 0 || !signature.decode(raw[dot+1:]) {
		raw = Value(raw)
		if dot = strings.LastIndexByte(raw, '.'); dot < 1 || len(raw)-dot-1 != len(signature) {
			return "", Signature{}, false
		}
		copy(signature[:], raw[dot+1:])
	}
	if signature[len(signature)-1] != '=' {
		return "", Signature{}, false
	}
	return raw[:dot], signature, true
}

// decode reads a signature whose only escapes are ASCII characters other than the dot,
// as servers write it. It reports false for others.
func (s *Signature) decode(raw string) bool {
	n := 0
	for ; n < len(s) && raw != ""; n++ {
		s[n] = raw[0]
		if raw[0] != '%' {
			raw = raw[1:]
			continue
		}
		b, ok := escape(raw)
		if !ok || b >= utf8.RuneSelf || b == '.' {
			return false
		}
		s[n], raw = b, raw[len("%00"):]
	}
	return n == len(s) && raw == ""
}
