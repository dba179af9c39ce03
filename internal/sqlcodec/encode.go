package sqlcodec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// errNoSuchID marks an id that the column's type cannot hold. In a predicate it
// matches nothing; in a write it is adapter.ErrBadValue.
var errNoSuchID = fmt.Errorf("%w: not an id of this database", adapter.ErrBadValue)

// isoMillis is JavaScript's Date.toISOString for the years 0 to 9999, and the
// text that Better Auth keeps in SQLite. It sorts as time does.
const isoMillis = "2006-01-02T15:04:05.000Z"

// Encode turns a record's value into a driver argument for a column.
func (d Dialect) Encode(t *Table, c *Column, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	out, err := d.encodeValue(c, v)
	if err != nil {
		if !errors.Is(err, adapter.ErrBadValue) {
			err = fmt.Errorf("%w: %s", adapter.ErrBadValue, err)
		}
		return nil, fmt.Errorf("%s.%s: %w", t.Model, c.Name, err)
	}
	return out, nil
}

func (d Dialect) encodeValue(c *Column, v any) (any, error) {
	if c.ID == SerialID || c.ID == UUIDID {
		return encodeID(c, v, d.maxSerial())
	}
	switch c.Type {
	case schema.String:
		if str, ok := v.(string); ok {
			return v, checkText(str) // str would need memory of its own
		}
	case schema.Boolean:
		if b, ok := v.(bool); ok {
			return d.boolean(b), nil
		}
	case schema.Number:
		n, err := encodeNumber(v)
		if err != nil {
			return nil, err
		}
		if f, ok := n.(float64); ok && c.BigInt {
			// 2^63 itself is the first float64 beyond the range of int64.
			if f != math.Trunc(f) || f < math.MinInt64 || f >= math.MaxInt64 {
				return nil, errors.New("no integer of 64 bits")
			}
			n = int64(f)
		}
		return d.Number(n), nil
	case schema.Date:
		if at, ok := v.(time.Time); ok {
			at = at.UTC().Truncate(time.Millisecond)
			if at.Year() < 1 || at.Year() > 9999 {
				return nil, errors.New("the year is out of range")
			}
			return d.date(at), nil
		}
	case schema.JSON:
		if raw, ok := v.(json.RawMessage); ok {
			if !json.Valid(raw) {
				return nil, errors.New("not JSON")
			}
			return string(raw), checkText(string(raw))
		}
	case schema.StringArray:
		if list, ok := v.([]string); ok {
			for _, str := range list {
				if err := checkText(str); err != nil {
					return nil, err
				}
			}
			return encodeList(list)
		}
	case schema.NumberArray:
		if list, ok := v.([]float64); ok {
			return encodeList(list)
		}
	}
	return nil, fmt.Errorf("%T is no %s", v, c.Type)
}

// checkText refuses what PostgreSQL cannot store, on every database alike.
func checkText(s string) error {
	if strings.IndexByte(s, 0) >= 0 {
		return errors.New("text with a NUL byte")
	}
	if !utf8.ValidString(s) {
		return errors.New("text that is not UTF-8")
	}
	return nil
}

func encodeID(c *Column, v any, limit int64) (any, error) {
	str, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("an id is a string, not %T", v)
	}
	if c.ID == SerialID {
		n, err := strconv.ParseInt(str, 10, 64)
		if err != nil || n < 0 || n > limit || strconv.FormatInt(n, 10) != str {
			return nil, errNoSuchID
		}
		return n, nil
	}
	if !isUUID(str) {
		return nil, errNoSuchID
	}
	return strings.ToLower(str), nil
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := 0; i < len(s); i++ {
		b := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if b != '-' {
				return false
			}
		case b >= '0' && b <= '9', b >= 'a' && b <= 'f', b >= 'A' && b <= 'F':
		default:
			return false
		}
	}
	return true
}

// encodeNumber returns an int64 for a whole number and a float64 otherwise.
func encodeNumber(v any) (any, error) {
	switch n := v.(type) {
	case int64:
		return n, nil
	case int:
		return int64(n), nil
	case int32:
		return int64(n), nil
	case uint32:
		return int64(n), nil
	case float64:
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return nil, errors.New("not a finite number")
		}
		return whole(n), nil
	}
	return nil, fmt.Errorf("%T is no number", v)
}

// whole returns the int64 of an integral float within the range that floats
// count exactly, else the float.
func whole(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
		return int64(f)
	}
	return f
}

func encodeList(list any) (any, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // as JSON.stringify
	if err := enc.Encode(list); err != nil {
		return nil, err
	}
	if out := strings.TrimSuffix(b.String(), "\n"); out != "null" {
		return out, nil
	}
	return "[]", nil // a nil slice is an empty list; a null is a nil value
}
