package validate

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/wire"
)

// toString is JavaScript's String(v) (ECMA-262 section 7.1.17).
func toString(v wire.Value) string {
	switch v.Kind() {
	case wire.KindString:
		s, _ := v.Str()
		return s
	case wire.KindNumber:
		f, _ := v.Num()
		return numberText(f)
	case wire.KindBool:
		b, _ := v.Bool()
		return strconv.FormatBool(b)
	case wire.KindArray:
		items, _ := v.Items()
		parts := make([]string, len(items))
		for i, item := range items {
			if !item.IsNull() && !item.IsUndefined() {
				parts[i] = toString(item)
			}
		}
		return strings.Join(parts, ",")
	case wire.KindObject:
		return "[object Object]"
	default:
		return v.Kind().String()
	}
}

func numberText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return string(wire.AppendNumber(nil, f))
}

// toNumber is JavaScript's Number(v) (ECMA-262 section 7.1.4).
func toNumber(v wire.Value) float64 {
	switch v.Kind() {
	case wire.KindNumber:
		f, _ := v.Num()
		return f
	case wire.KindNull:
		return 0
	case wire.KindBool:
		if v.Truthy() {
			return 1
		}
		return 0
	case wire.KindString, wire.KindArray:
		return textNumber(toString(v))
	default:
		return math.NaN()
	}
}

// textNumber reads a StringNumericLiteral (ECMA-262 section 7.1.4.1).
func textNumber(s string) float64 {
	s = trimSpace(s)
	if s == "" {
		return 0
	}
	if len(s) > 2 && s[0] == '0' {
		if base := map[byte]int{'x': 16, 'o': 8, 'b': 2}[s[1]|0x20]; base > 0 {
			return radixNumber(s[2:], float64(base))
		}
	}
	switch strings.TrimLeft(s, "+-") {
	case "Infinity":
		if len(s) <= len("+Infinity") {
			return math.Inf(map[bool]int{true: -1, false: 1}[s[0] == '-'])
		}
		return math.NaN()
	}
	// ParseFloat also reads forms that JavaScript does not: only digits, point and
	// exponent are allowed.
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && !strings.ContainsRune("+-.eE", rune(c)) {
			return math.NaN()
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN()
	}
	return f
}

func radixNumber(digits string, base float64) float64 {
	var f float64
	for i := range len(digits) {
		c := digits[i]
		d := math.Inf(1)
		switch {
		case c >= '0' && c <= '9':
			d = float64(c - '0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			d = float64(c|0x20-'a') + 10
		}
		if d >= base {
			return math.NaN()
		}
		f = f*base + d
	}
	return f
}

// toDate is JavaScript's new Date(v), with the standard text form only. It reports
// false for an invalid date.
func toDate(v wire.Value) (time.Time, bool) {
	if s, ok := v.Str(); ok {
		return wire.ParseTime(s)
	}
	f := math.NaN()
	if v.Kind() != wire.KindArray {
		f = toNumber(v)
	}
	if !(math.Abs(f) <= 8.64e15) {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(f)).UTC(), true
}
