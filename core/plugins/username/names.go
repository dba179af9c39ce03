package username

import (
	"context"
	"net/http"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/validate"
)

// validateName checks the length and the characters of a name. The error has the status.
func (p *Plugin) validateName(ctx context.Context, name string, status int) error {
	switch n := validate.UTF16Len(name); {
	case n < p.opts.MinLength:
		return core.Fail(status, CodeUsernameTooShort)
	case n > p.opts.MaxLength:
		return core.Fail(status, CodeUsernameTooLong)
	}
	ok, err := p.opts.Validate(ctx, name)
	if err == nil && !ok {
		err = core.Fail(status, CodeInvalidUsername)
	}
	return err
}

// validateDisplay checks a display name.
func (p *Plugin) validateDisplay(ctx context.Context, name string) error {
	if p.opts.ValidateDisplay == nil {
		return nil
	}
	if p.opts.DisplayOrder == PostNormalization {
		name = p.opts.NormalizeDisplay(name)
	}
	ok, err := p.opts.ValidateDisplay(ctx, name)
	if err == nil && !ok {
		err = core.Fail(http.StatusBadRequest, CodeInvalidDisplayUsername)
	}
	return err
}

// chosen is the form of a new name that is validated.
func (p *Plugin) chosen(name string) string {
	if p.opts.Order == PostNormalization {
		return p.opts.Normalize(name)
	}
	return name
}

// plain reports whether a name has nothing but ASCII letters, digits, "_" and ".": no two
// such names look alike, but for their letter case.
func plain(_ context.Context, name string) (bool, error) {
	for i := range len(name) {
		switch b := name[i]; {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '_', b == '.':
		default:
			return false, nil
		}
	}
	return name != "", nil
}

func asIs(name string) string { return name }

// lower is JavaScript's toLowerCase: unlike strings.ToLower it knows mappings to several
// characters, and those that depend on the place in the word.
func lower(name string) string {
	for i := range len(name) {
		if name[i] >= 0x80 {
			return cases.Lower(language.Und).String(name)
		}
	}
	return strings.ToLower(name)
}
