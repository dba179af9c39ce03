package sqlcodec

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/schema"
)

// columnError is a stored value that does not fit the schema.
type columnError struct{ text string }

func (e *columnError) Error() string { return e.text }

// Cell is the destination of one column of a row. It decodes by the schema, because
// drivers differ: SQLite keeps booleans as integers and dates as text, MySQL sends JSON
// as bytes.
type Cell struct {
	Col   *Column
	Value any
}

// Scan implements sql.Scanner. src is only valid during the call; every value
// kept is a copy.
func (c *Cell) Scan(src any) error {
	if b, ok := src.([]byte); ok {
		src = string(b)
	}
	if src == nil {
		c.Value = nil
		return nil
	}
	v, ok := decode(c.Col, src)
	if !ok {
		// The value itself stays out of the error: it may be a secret.
		return &columnError{fmt.Sprintf("the column %s holds a %T that is no %s", c.Col.Column, src, c.Col.Type)}
	}
	c.Value = v
	return nil
}

func decode(c *Column, src any) (any, bool) {
	if c.ID != NotID {
		return decodeText(src)
	}
	switch c.Type {
	case schema.String:
		return decodeText(src)
	case schema.Boolean:
		return decodeBool(src)
	case schema.Number:
		return decodeNumber(src)
	case schema.Date:
		return decodeDate(src)
	}
	text, ok := decodeText(src)
	if !ok {
		return nil, false
	}
	return decodeJSON(c.Type, text.(string)), true
}

func decodeText(src any) (any, bool) {
	switch v := src.(type) {
	case string:
		return src, true // boxed already
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case time.Time:
		return v.UTC().Format(isoMillis), true
	}
	return nil, false
}

func decodeBool(src any) (any, bool) {
	switch v := src.(type) {
	case bool:
		return v, true
	case int64:
		return v != 0, true
	case float64:
		return v != 0, true
	case string:
		switch v {
		case "1", "true", "TRUE", "t":
			return true, true
		case "0", "false", "FALSE", "f", "":
			return false, true
		case "\x00", "\x01": // MySQL bit(1)
			return v == "\x01", true
		}
	}
	return nil, false
}

func decodeNumber(src any) (any, bool) {
	switch v := src.(type) {
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= math.MaxInt64
	case float32:
		return whole(float64(v)), true
	case float64:
		return whole(v), true
	case bool:
		if v {
			return int64(1), true
		}
		return int64(0), true
	case string: // numeric and decimal columns
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n, true
		}
		if f, err := strconv.ParseFloat(v, 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return whole(f), true
		}
	}
	return nil, false
}

// dateLayouts are the forms of dates in SQLite files and MySQL besides ISO text.
var dateLayouts = []string{
	time.RFC3339Nano,
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999 -0700 MST",
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02",
}

func decodeDate(src any) (any, bool) {
	switch v := src.(type) {
	case time.Time:
		return v.UTC().Truncate(time.Millisecond), true
	case int64:
		return time.UnixMilli(v).UTC(), true
	case float64:
		if math.Abs(v) < 1<<53 {
			return time.UnixMilli(int64(v)).UTC(), true
		}
	case string:
		if at, ok := parseISO(v); ok {
			return at, true
		}
		if strings.HasPrefix(v, zeroDate) {
			return time.Time{}, true
		}
		v, _, _ = strings.Cut(v, " m=") // of time.Time.String, as the SQLite driver writes time.Now()
		for _, layout := range dateLayouts {
			if at, err := time.Parse(layout, v); err == nil {
				return at.UTC().Truncate(time.Millisecond), true
			}
		}
		if n, err := strconv.ParseFloat(v, 64); err == nil && math.Abs(n) < 1<<53 {
			return time.UnixMilli(int64(n)).UTC(), true
		}
	}
	return nil, false
}

// zeroDate is MySQL's value for an invalid date, with any fraction.
const zeroDate = "0000-00-00 00:00:00"

// parseISO reads exactly isoMillis, and MySQL's text of a datetime(3). Every row has
// several dates, and time.Parse would cost more than the rest of the row.
func parseISO(s string) (time.Time, bool) {
	switch {
	case len(s) == 24 && s[10] == 'T' && s[23] == 'Z':
	case len(s) == 23 && s[10] == ' ':
	default:
		return time.Time{}, false
	}
	if s[4] != '-' || s[7] != '-' || s[13] != ':' || s[16] != ':' || s[19] != '.' {
		return time.Time{}, false
	}
	year, ok1 := digits(s[0:4])
	month, ok2 := digits(s[5:7])
	day, ok3 := digits(s[8:10])
	hour, ok4 := digits(s[11:13])
	minute, ok5 := digits(s[14:16])
	sec, ok6 := digits(s[17:19])
	ms, ok7 := digits(s[20:23])
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7) || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || sec > 59 {
		return time.Time{}, false
	}
	at := time.Date(year, time.Month(month), day, hour, minute, sec, ms*int(time.Millisecond), time.UTC)
	return at, at.Day() == day // February 30 is no date
}

func digits(s string) (int, bool) {
	n := 0
	for i := 0; i < len(s); i++ {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + int(d)
	}
	return n, true
}

// decodeJSON reads the JSON of a column. Text that is not JSON is null, as it
// is in Better Auth: one damaged row must not fail a whole list.
func decodeJSON(typ schema.Type, text string) any {
	raw := []byte(text)
	switch typ {
	case schema.StringArray:
		var list []string
		if strings.TrimSpace(text) == "null" || json.Unmarshal(raw, &list) != nil {
			return nil
		}
		return list
	case schema.NumberArray:
		var list []float64
		if strings.TrimSpace(text) == "null" || json.Unmarshal(raw, &list) != nil {
			return nil
		}
		return list
	}
	if !json.Valid(raw) {
		return nil
	}
	return json.RawMessage(raw)
}
