package core

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

// secrets are the values of a mail that its sender's error must not repeat.
func (m Mail) secrets() []string {
	out := []string{m.URL, m.Token}
	if m.User != nil {
		out = append(out, m.User.Email)
	}
	return out
}

// struck is an error without the secrets that it quoted. errors.Is works on it as on
// the original, which errors.As does not reach.
type struck struct {
	text string
	is   func(target error) bool
}

func (e *struck) Error() string        { return e.text }
func (e *struck) Is(target error) bool { return e.is(target) }

// strike removes secrets from the text of an error, both plain and URL-escaped. An
// error that quotes none is returned as it is.
func strike(err error, secrets []string) error {
	var forms []string
	for _, s := range secrets {
		if s != "" {
			forms = append(forms, s, url.QueryEscape(s), url.PathEscape(s), wire.EncodeURIComponent(s), (&url.URL{Path: s}).EscapedPath())
		}
	}
	// The longest first, so that a URL with the token is removed as a whole.
	slices.SortFunc(forms, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	whole := err.Error()
	text := whole
	for _, f := range forms {
		text = strings.ReplaceAll(text, f, "[redacted]")
	}
	if text == whole {
		return err
	}
	return &struck{text: text, is: func(target error) bool { return errors.Is(err, target) }}
}
