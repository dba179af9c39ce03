package oauth2

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The codes of errors that no provider sent.
const (
	// CodeBadAnswer: the answer has the status of a failure, or an unknown form.
	CodeBadAnswer = "invalid_response"
	// CodeNoToken: the answer holds no token.
	CodeNoToken = "no_token"
)

// Error is what a provider answered instead of tokens or a profile.
type Error struct {
	// Status is the HTTP status of the answer. It may be 200, because some providers send
	// errors with it. It is 0 when nothing was sent.
	Status int
	// Code is the provider's "error", such as "invalid_grant", in the characters that
	// RFC 6749 allows and at most 64 of them; or one of the codes of this package.
	Code string
	// Description is the provider's text for developers, at most 512 bytes without
	// control characters, with the request's secrets removed. It is untrusted text:
	// encode it where it is shown.
	Description string
	// URI is the provider's page about the error, unchecked.
	URI string
}

// Error tells the code and the status.
func (e *Error) Error() string {
	if e.Status == 0 {
		return "oauth2: " + e.Code
	}
	return fmt.Sprintf("oauth2: %s (status %d)", e.Code, e.Status)
}

// LogValue logs all but the URI.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("status", e.Status), slog.String("code", e.Code), slog.String("description", e.Description))
}

// ParseError reads the error in an answer, as ParseTokens does. It is nil when the
// answer is a success.
func ParseError(a Answer) *Error {
	c, _ := readObject(a)
	return errorOf(a, c)
}

// errorOf finds an error in the forms in which providers send it: RFC 6749's, an
// object in its place (Meta), errcode and errmsg (WeChat), or a status alone.
func errorOf(a Answer, c Claims) *Error {
	e := &Error{Status: a.Status, Description: c.String("error_description"), URI: c.String("error_uri")}
	switch v := c["error"].(type) {
	case string:
		e.Code = v
	case map[string]any:
		o := Claims(v)
		e.Code, e.Description = o.String("type"), o.String("message")
		if e.Code == "" {
			e.Code = o.ID("code")
		}
		if e.Code == "ok" { // TikTok's successes have such an error
			e.Code = ""
		}
	}
	if e.Code == "" {
		if code := c.ID("errcode"); code != "" {
			e.Code, e.Description = code, c.String("errmsg")
		}
	}
	if e.Code == "" {
		if c != nil && a.Status >= 200 && a.Status < 300 {
			return nil
		}
		e.Code = CodeBadAnswer
	}
	_ = strike(e, a.secrets...) // before a part of one is cut off
	e.Code, e.Description, e.URI = code(e.Code), text(e.Description, 512), text(e.URI, 512)
	return e
}

func code(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, s)
	if s == "" {
		return CodeBadAnswer
	}
	return s[:min(len(s), 64)]
}

// text makes a stranger's text fit for a log line.
func text(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	for len(s) > limit {
		_, n := utf8.DecodeLastRuneInString(s[:limit])
		if n == 1 && !utf8.RuneStart(s[limit]) { // within a character
			limit--
			continue
		}
		s = s[:limit]
	}
	return s
}

// strike takes secrets out of an error's text: providers quote what they refuse.
func strike(err error, secrets ...string) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	for _, s := range secrets {
		if len(s) >= 4 { // shorter ones are in every text
			e.Description = strings.ReplaceAll(e.Description, s, "[redacted]")
			e.URI = strings.ReplaceAll(e.URI, s, "[redacted]")
			e.Code = strings.ReplaceAll(e.Code, s, "[redacted]")
		}
	}
	return e
}
