package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"
)

// Token errors.
var (
	// ErrToken says that a signed or encrypted token is invalid: damaged, too
	// long, under another key or algorithm, or not valid yet.
	ErrToken = errors.New("secret: invalid token")
	// ErrTokenExpired says that a token is genuine but has expired.
	ErrTokenExpired = errors.New("secret: the token has expired")
)

var errClaims = errors.New("secret: claims are not a JSON object")

// maxToken bounds a token, in bytes, before anything is computed from it.
const maxToken = 64 << 10

// claim is a member that the server sets, its value in JSON.
type claim struct{ name, value string }

// member is one top-level member of a JSON object: the key as text and both
// parts as they were written.
type member struct {
	name       string
	key, value json.RawMessage
}

// members reads a JSON object without interpreting the values.
func members(object []byte) ([]member, error) {
	if !utf8.Valid(object) || !json.Valid(object) {
		return nil, errClaims
	}
	dec := json.NewDecoder(bytes.NewReader(object))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, errClaims
	}
	var out []member
	for dec.More() {
		var m member
		before := dec.InputOffset()
		token, err := dec.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, errClaims
		}
		m.name = name
		m.key = bytes.TrimLeft(object[before:dec.InputOffset()], ", \t\r\n")
		if err := dec.Decode(&m.value); err != nil {
			return nil, errClaims
		}
		out = append(out, m)
	}
	return out, nil
}

// stamp sets claims in a JSON object as an assignment in JavaScript would: in
// place when the object has them, else at its end. All other bytes stay.
func stamp(object []byte, set ...claim) ([]byte, error) {
	have, err := members(object)
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, len(object)+128), '{')
	put := func(key []byte, value []byte) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	done := make([]bool, len(set))
	for _, m := range have {
		value := []byte(m.value)
		for i, c := range set {
			if c.name == m.name {
				value, done[i] = []byte(c.value), true
			}
		}
		put(m.key, value)
	}
	for i, c := range set {
		if !done[i] {
			put([]byte(`"`+c.name+`"`), []byte(c.value))
		}
	}
	return append(out, '}'), nil
}

// checkTimes checks exp, nbf and iat as the jose library of Better Auth does
// (RFC 7519 section 4.1): each is a number when present, a token is expired from
// the second of exp on, and not valid before that of nbf.
func checkTimes(payload []byte, now time.Time, tolerance time.Duration) error {
	claims, err := members(payload)
	if err != nil {
		return ErrToken
	}
	second, slack := float64(now.Unix()), tolerance.Seconds()
	expired := false
	for _, m := range claims {
		if m.name != "exp" && m.name != "nbf" && m.name != "iat" {
			continue
		}
		var at float64
		if c := m.value[0]; c != '-' && (c < '0' || c > '9') || json.Unmarshal(m.value, &at) != nil {
			return ErrToken
		}
		switch m.name {
		case "nbf":
			if at > second+slack {
				return ErrToken
			}
		case "exp":
			expired = expired || at <= second-slack
		}
	}
	if expired {
		return ErrTokenExpired
	}
	return nil
}
