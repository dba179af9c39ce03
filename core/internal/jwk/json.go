package jwk

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// maxDepth bounds how deep the JSON of a token or key set nests.
const maxDepth = 16

// errObject says that a text is not one JSON object with unique names.
var errObject = errors.New("jwk: this is no JSON object with unique names")

// Object reads one JSON object whose names are unique at every level. Two parsers
// can read a repeated name differently, so that such a token means two things. Numbers
// are json.Number.
func Object(b []byte) (map[string]any, error) {
	if !utf8.Valid(b) || !unambiguous(b) {
		return nil, errObject
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var c map[string]any
	if err := d.Decode(&c); err != nil || c == nil {
		return nil, errObject
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errObject
	}
	return c, nil
}

func unambiguous(b []byte) bool {
	type level struct {
		names map[string]bool // nil in an array
		value bool            // a value comes next, not a name
	}
	var open []level
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return len(open) == 0
		}
		if err != nil {
			return false
		}
		if n := len(open); n > 0 && open[n-1].names != nil && !open[n-1].value {
			if name, ok := t.(string); ok {
				if open[n-1].names[name] {
					return false
				}
				open[n-1].names[name] = true
				open[n-1].value = true
				continue
			}
		} else if n > 0 && t != json.Delim('}') && t != json.Delim(']') {
			open[n-1].value = false
		}
		switch t {
		case json.Delim('{'):
			open = append(open, level{names: map[string]bool{}})
		case json.Delim('['):
			open = append(open, level{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		if len(open) > maxDepth {
			return false
		}
	}
}
