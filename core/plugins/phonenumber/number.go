package phonenumber

import (
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
)

// maxNumber is the most bytes that a number may have, with separators.
const maxNumber = 32

// E164 returns the canonical form of an international phone number: "+", the country
// code, and the number, 7 to 15 ASCII digits altogether (ITU-T E.164). Spaces and the
// separators "-", ".", "(" and ")" (RFC 3966, section 5.1.1) are left out. It reports
// false for everything else, such as a number without a country code, one with a
// dialling prefix ("00", "011") in place of "+", digits of other scripts, and the
// optional zero of "+44 (0) 20": what they mean depends on the country. It does not know
// which numbers are assigned.
func E164(phoneNumber string) (string, bool) {
	if len(phoneNumber) > maxNumber || !strings.HasPrefix(phoneNumber, "+") || strings.Contains(phoneNumber, "(0)") {
		return "", false
	}
	out := make([]byte, 1, 16)
	out[0] = '+'
	for _, b := range []byte(phoneNumber[1:]) {
		switch {
		case b >= '0' && b <= '9':
			out = append(out, b)
		case !strings.ContainsRune(" -.()", rune(b)):
			return "", false
		}
	}
	if digits := out[1:]; len(digits) < 7 || len(digits) > 15 || digits[0] == '0' {
		return "", false
	}
	return string(out), true
}

// normal returns the stored form of a number. It is part of the identifiers of codes, so
// it cannot be a text that another identifier could be mistaken for.
func (p *Plugin) normal(phoneNumber string) (string, error) {
	number, ok := p.opts.Normalize(phoneNumber)
	if !ok || number == "" || len(number) > maxNumber || strings.Trim(number, "0123456789+#*-.() ") != "" {
		return "", core.Fail(http.StatusBadRequest, CodeInvalidPhoneNumber)
	}
	return number, nil
}

// valid returns the stored form of a number that ValidatePhoneNumber accepts.
func (p *Plugin) valid(c *core.Ctx, phoneNumber string) (string, error) {
	number, err := p.normal(phoneNumber)
	if err != nil || p.opts.ValidatePhoneNumber == nil {
		return number, err
	}
	ok, err := p.opts.ValidatePhoneNumber(c, number)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", core.Fail(http.StatusBadRequest, CodeInvalidPhoneNumber)
	}
	return number, nil
}

// byNumber counts the hashes of a request by its number.
func (p *Plugin) byNumber(c *core.Ctx) string {
	text, _ := c.Body().Get(PhoneNumber.Name).Str()
	number, err := p.normal(text)
	if err != nil {
		return ""
	}
	return "phone-number:" + number
}
