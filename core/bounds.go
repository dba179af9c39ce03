package core

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// CheckFields returns 400 VALIDATION_ERROR for values that a field of the model cannot
// hold: text that is longer than schema.Table.MaxLength, is not UTF-8, has a NUL byte
// or, in a Line field, has control characters; a number that is not finite or, in a
// BigInt field, is not a 64-bit integer; and a date outside the years 1 to 9999. The
// bounds are the same on every database.
//
// Every write checks its values this way. A flow that decides something before it
// writes, for example one that must not reveal whether an address is registered, calls
// CheckFields first. Unknown field names and values of the wrong Go type are not
// checked here; the write reports them.
func (a *Auth) CheckFields(model string, values map[string]any) error {
	t, ok := a.schema.Table(model)
	if !ok {
		return internalError(fmt.Errorf("%w: %s", adapter.ErrUnknownModel, model))
	}
	for i := range t.Fields {
		f := &t.Fields[i]
		if v, ok := values[f.Name]; ok {
			if _, err := checkValue(t, f, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkRecord checks the values of a row before it is written, refuses null in required
// fields, and converts numbers to the types of their fields.
func checkRecord(t *schema.Table, rec adapter.Record) error {
	for i := range t.Fields {
		f := &t.Fields[i]
		v, ok := rec[f.Name]
		if !ok {
			continue
		}
		if v == nil && !f.Optional {
			return missingField(t, f)
		}
		fit, err := checkValue(t, f, v)
		if err != nil {
			return err
		}
		if f.Type == schema.Number {
			rec[f.Name] = fit
		}
	}
	return nil
}

// checkValue checks one value, which may be nil. It returns a whole number of a BigInt
// field as an int64 and everything else as it is.
func checkValue(t *schema.Table, f *schema.Field, v any) (any, error) {
	switch v := v.(type) {
	case string:
		if f.Type != schema.String {
			return v, nil
		}
		if most := t.MaxLength(f); most > 0 && len(v) > most && utf8.RuneCountInString(v) > most {
			return nil, badField(f, "Too big: expected string to have <="+strconv.Itoa(most)+" characters")
		}
		if !plainText(v) {
			return nil, badField(f, "Invalid input: expected text without NUL")
		}
		if f.Line && !oneLine(v) {
			return nil, badField(f, "Invalid input: expected one line of text without control characters")
		}
	case []string:
		for _, s := range v {
			if !plainText(s) {
				return nil, badField(f, "Invalid input: expected text without NUL")
			}
		}
	case float64:
		switch {
		case f.Type != schema.Number:
		case math.IsNaN(v) || math.IsInf(v, 0):
			return nil, badField(f, "Invalid input: expected number")
		case f.BigInt:
			// 2^63 itself is the first float64 beyond the range of int64.
			if v != math.Trunc(v) || v < math.MinInt64 || v >= math.MaxInt64 {
				return nil, badField(f, "Invalid input: expected int")
			}
			return int64(v), nil
		}
	case time.Time:
		if year := v.UTC().Year(); f.Type == schema.Date && (year < 1 || year > 9999) {
			return nil, badField(f, "Invalid input: expected date from year 1 to 9999")
		}
	}
	return v, nil
}

func plainText(s string) bool { return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) }

// oneLine reports whether text has neither control characters (C0, DEL, C1, the line
// and paragraph separators) nor the marks that embed, override or isolate a direction.
// Such characters let a name break a header or a log line, or reorder the text beside
// it.
func oneLine(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
	}) < 0
}

// badField also wraps adapter.ErrBadValue, which callers with an answer of their own
// look for.
func badField(f *schema.Field, message string) error {
	return &Error{Status: http.StatusBadRequest, Code: CodeValidationError.Code, Message: "[body." + f.Name + "] " + message,
		Cause: fmt.Errorf("%w: %s", adapter.ErrBadValue, f.Name)}
}

// missingField is the answer to a row without a value of a required field. It names a
// field that the application or a plugin added, because only they can fill it. A
// missing field of the table's own is a fault of the server.
func missingField(t *schema.Table, f *schema.Field) error {
	cause := fmt.Errorf("%w: %s.%s is required", adapter.ErrBadValue, t.Model, f.Name)
	for i := range t.Added() {
		if t.Added()[i].Name == f.Name {
			return &Error{Status: http.StatusBadRequest, Code: CodeMissingField.Code, Message: f.Name + " is required", Cause: cause}
		}
	}
	return internalError(cause)
}
