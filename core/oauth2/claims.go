package oauth2

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// Claims is a JSON object of a provider: a profile, the payload of an id_token.
// Numbers are json.Number, so that no long id loses digits.
type Claims map[string]any

// ParseClaims reads one JSON object.
func ParseClaims(b []byte) (Claims, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var c Claims
	if err := d.Decode(&c); err != nil {
		return nil, errors.New("oauth2: this is no JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || c == nil {
		return nil, errors.New("oauth2: this is no JSON object")
	}
	return c, nil
}

// At returns the object at a path of names, or nil, which has no members, when there
// is none.
func (c Claims) At(path ...string) Claims {
	for _, name := range path {
		m, _ := c[name].(map[string]any)
		c = m
	}
	return c
}

// String returns a member's text, or "" when the member is missing or not a
// string.
func (c Claims) String(name string) string {
	s, _ := c[name].(string)
	return s
}

// ID returns an identifier, from a string or from a whole number, which is read
// without loss. It returns "" for what JavaScript makes of a missing identifier
// ("undefined", "null", "NaN"), for an empty one and for 0.
func (c Claims) ID(name string) string {
	switch x := c[name].(type) {
	case string:
		switch strings.TrimSpace(x) {
		case "", "0", "undefined", "null", "NaN", "[object Object]":
			return ""
		}
		return x
	case json.Number:
		if s := x.String(); s != "0" && strings.Trim(s, "0123456789") == "" {
			return s
		}
	}
	return ""
}

// Bool is true for true and for the string "true", which some providers send.
// Everything else is false, also the string "false".
func (c Claims) Bool(name string) bool {
	return c[name] == true || c[name] == "true"
}

// AppendJSON appends the object, its members sorted by name.
func (c Claims) AppendJSON(dst []byte) []byte {
	out := bytes.NewBuffer(dst)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if c == nil || e.Encode(map[string]any(c)) != nil {
		return append(dst, "{}"...)
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}
