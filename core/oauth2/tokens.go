package oauth2

import (
	"bytes"
	"encoding/json"
	"math"
	"mime"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/wire"
)

// Tokens are the tokens of a token endpoint's answer.
type Tokens struct {
	// TokenType is as the provider wrote it, usually "Bearer".
	TokenType                          string
	AccessToken, RefreshToken, IDToken string
	// The times at which the tokens expire; zero when the provider did not say.
	AccessTokenExpiresAt, RefreshTokenExpiresAt time.Time
	// Scopes are the granted scopes. Empty when the provider did not say.
	Scopes []string
	// Raw is the answer's JSON object, with fields of the provider's own.
	Raw json.RawMessage
}

// Answer is a token endpoint's answer.
type Answer struct {
	Status      int    // of the HTTP response
	ContentType string // the header, as it was sent
	Body        []byte // at most 1 MiB
	// Now is the time from which a life in seconds counts.
	Now time.Time

	secrets []string // of the request, which an error must not repeat
}

// ParseTokens reads the answer of a token endpoint: JSON, also as text/plain or
// text/javascript, or a form. An error is an *Error, also when a provider sends one
// with status 200. expires_in may be a number or a string, scope a list or a string
// with spaces or commas. An answer with neither access_token nor id_token is an
// error.
func ParseTokens(a Answer) (*Tokens, error) {
	c, raw := readObject(a)
	if e := errorOf(a, c); e != nil {
		return nil, e
	}
	t := &Tokens{
		TokenType: c.String("token_type"), AccessToken: c.String("access_token"), RefreshToken: c.String("refresh_token"), IDToken: c.String("id_token"),
		AccessTokenExpiresAt: expiry(a.Now, c["expires_in"]), RefreshTokenExpiresAt: expiry(a.Now, c["refresh_token_expires_in"]),
		Scopes: scopeList(c["scope"]), Raw: raw,
	}
	if t.AccessToken == "" && t.IDToken == "" {
		return nil, &Error{Status: a.Status, Code: CodeNoToken}
	}
	return t, nil
}

// readObject is nil for what is neither a JSON object nor a form.
func readObject(a Answer) (Claims, json.RawMessage) {
	kind, _, err := mime.ParseMediaType(a.ContentType)
	if err != nil && a.ContentType != "" {
		return nil, nil
	}
	switch {
	case kind == "application/json", kind == "text/plain", kind == "text/javascript", kind == "", strings.HasSuffix(kind, "+json"):
		if c, err := ParseClaims(a.Body); err == nil {
			return c, bytes.Clone(a.Body)
		}
		if kind != "text/plain" {
			return nil, nil
		}
		fallthrough // old providers send forms as text
	case kind == "application/x-www-form-urlencoded":
		c := Claims{}
		for _, p := range wire.ParseQuery(strings.TrimSpace(string(a.Body))) {
			c[p.Name] = p.Value
		}
		raw, err := json.Marshal(c)
		if err != nil {
			return nil, nil
		}
		return c, raw
	}
	return nil, nil
}

// longest is the longest life that is believed. A longer one counts as unlimited.
const longest = 100 * 365 * 24 * time.Hour

// expiry reads a life in seconds, which providers send as a number or a string.
// Nothing, 0 and what is no number mean that the provider did not say.
func expiry(now time.Time, v any) time.Time {
	var text string
	switch x := v.(type) {
	case json.Number:
		text = x.String()
	case string:
		text = strings.TrimSpace(x)
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(seconds) || seconds == 0 || math.Abs(seconds) > longest.Seconds() {
		return time.Time{}
	}
	return now.Add(time.Duration(seconds * float64(time.Second)))
}

func scopeList(v any) []string {
	var out []string
	switch x := v.(type) {
	case string:
		out = strings.FieldsFunc(x, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' || r == '\r' })
	case []any:
		for _, s := range x {
			if s, ok := s.(string); ok && s != "" {
				out = append(out, s)
			}
		}
	}
	return out
}
