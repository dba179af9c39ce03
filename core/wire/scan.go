package wire

import "unicode/utf8"

// ScanObject walks the members of the JSON object that data is, without
// allocating. visit is given parts of data: the name between its quotes, escapes
// as they stand, and the value as it stands. When visit returns false the walk
// ends without looking at the rest. All members of a repeated name are visited,
// in order. The error is ErrSyntax, ErrText for strings that are not UTF-8, or
// ErrLimit for values nested deeper than DefaultDepth; members before the
// mistake have then been visited. Escapes are not checked, so ScanObject accepts
// some that Parse refuses.
func ScanObject(data []byte, visit func(name, value []byte) bool) error {
	i := skipSpace(data, 0)
	if i >= len(data) || data[i] != '{' {
		return ErrSyntax
	}
	i = skipSpace(data, i+1)
	if i < len(data) && data[i] == '}' {
		return atEnd(data, i+1)
	}
	for {
		end, err := scanString(data, i)
		if err != nil {
			return err
		}
		name := data[i+1 : end-1]
		if i = skipSpace(data, end); i >= len(data) || data[i] != ':' {
			return ErrSyntax
		}
		i = skipSpace(data, i+1)
		if end, err = scanValue(data, i, DefaultDepth-1); err != nil {
			return err
		}
		if !visit(name, data[i:end:end]) {
			return nil
		}
		if i = skipSpace(data, end); i >= len(data) {
			return ErrSyntax
		}
		switch data[i] {
		case ',':
			i = skipSpace(data, i+1)
		case '}':
			return atEnd(data, i+1)
		default:
			return ErrSyntax
		}
	}
}

func atEnd(data []byte, i int) error {
	if skipSpace(data, i) < len(data) {
		return ErrSyntax
	}
	return nil
}

// scanValue returns the end of the value at i.
func scanValue(data []byte, i, depth int) (int, error) {
	if i >= len(data) {
		return 0, ErrSyntax
	}
	switch data[i] {
	case '"':
		return scanString(data, i)
	case '{':
		return scanList(data, i, depth, '}')
	case '[':
		return scanList(data, i, depth, ']')
	case 't':
		return scanWord(data, i, "true")
	case 'f':
		return scanWord(data, i, "false")
	case 'n':
		return scanWord(data, i, "null")
	}
	end, _ := scanNumber(data, i)
	if end < 0 {
		return 0, ErrSyntax
	}
	return end, nil
}

// scanList returns the end of the array or object at i.
func scanList(data []byte, i, depth int, closing byte) (int, error) {
	if depth == 0 {
		return 0, ErrLimit
	}
	i = skipSpace(data, i+1)
	if i < len(data) && data[i] == closing {
		return i + 1, nil
	}
	for {
		var err error
		if closing == '}' {
			if i, err = scanString(data, i); err != nil {
				return 0, err
			}
			if i = skipSpace(data, i); i >= len(data) || data[i] != ':' {
				return 0, ErrSyntax
			}
			i = skipSpace(data, i+1)
		}
		if i, err = scanValue(data, i, depth-1); err != nil {
			return 0, err
		}
		if i = skipSpace(data, i); i >= len(data) {
			return 0, ErrSyntax
		}
		switch data[i] {
		case ',':
			i = skipSpace(data, i+1)
		case closing:
			return i + 1, nil
		default:
			return 0, ErrSyntax
		}
	}
}

func scanWord(data []byte, i int, word string) (int, error) {
	if len(data)-i < len(word) || string(data[i:i+len(word)]) != word {
		return 0, ErrSyntax
	}
	return i + len(word), nil
}

// scanString returns the end of the string at i, after its quote.
func scanString(data []byte, i int) (int, error) {
	if i >= len(data) || data[i] != '"' {
		return 0, ErrSyntax
	}
	start, ascii := i+1, true
	for i = start; i < len(data); i++ {
		c := data[i]
		if plain[c] {
			continue
		}
		switch {
		case c == '"':
			if !ascii && !utf8.Valid(data[start:i]) {
				return 0, ErrText
			}
			return i + 1, nil
		case c >= utf8.RuneSelf:
			ascii = false
		case c < ' ':
			return 0, ErrSyntax
		case c == '\\':
			if i++; i >= len(data) {
				return 0, ErrSyntax
			}
			switch data[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if _, ok := hex4(data, i+1); !ok {
					return 0, ErrSyntax
				}
				i += 4
			default:
				return 0, ErrSyntax
			}
		}
	}
	return 0, ErrSyntax
}

// plain are the ASCII bytes of a string that need no decoding: nearly all bytes of a
// session.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()
