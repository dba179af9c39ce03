package wire

import (
	"strings"
	"time"
)

// The range of a JavaScript Date in milliseconds (ECMA-262 section 21.4.1.1).
const maxMillis = 8_640_000_000_000_000

// AppendTime appends t in quotes as Date.prototype.toJSON writes it, in UTC with
// milliseconds: "2026-01-01T00:00:00.000Z". A time beyond what a Date can hold
// is null.
func AppendTime(dst []byte, t time.Time) []byte {
	// UnixMilli overflows for distant times; the seconds do not.
	if sec := t.Unix(); sec < -maxMillis/1000 || sec > maxMillis/1000 || sec == maxMillis/1000 && t.Nanosecond() >= 1e6 {
		return append(dst, "null"...)
	}
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = append(dst, '"')
	switch {
	case year >= 0 && year <= 9999:
		dst = append(dst, digit(year/1000), digit(year/100), digit(year/10), digit(year))
	case year < 0:
		dst = appendDigits(append(dst, '-'), -year, 6)
	default:
		dst = appendDigits(append(dst, '+'), year, 6)
	}
	ms := t.Nanosecond() / 1e6
	return append(dst, '-', digit(int(month)/10), digit(int(month)), '-', digit(day/10), digit(day),
		'T', digit(hour/10), digit(hour), ':', digit(minute/10), digit(minute), ':', digit(second/10), digit(second),
		'.', digit(ms/100), digit(ms/10), digit(ms), 'Z', '"')
}

// digit returns the last decimal digit of n.
func digit(n int) byte { return '0' + byte(n%10) }

func appendDigits(dst []byte, n, width int) []byte {
	start := len(dst)
	for range width {
		dst = append(dst, '0')
	}
	for i := start + width - 1; i >= start; i-- {
		dst[i] += byte(n % 10)
		n /= 10
	}
	return dst
}

// ParseTime reads a date in the form JavaScript's Date constructor defines
// (ECMA-262 section 21.4.1.32): a year, month or day, optionally followed by T
// or a space and a time with optional seconds, fraction and offset. Without an
// offset the time is taken to be UTC. The result is in UTC, in milliseconds.
func ParseTime(s string) (time.Time, bool) {
	p := timeParser{rest: s}
	year, month, day := p.year(), 1, 1
	if p.take('-') {
		month = p.number(2)
		if p.take('-') {
			day = p.number(2)
		}
	}
	var hour, minute, second, ms, offset int
	if p.take('T') || p.take(' ') {
		hour = p.number(2)
		if !p.take(':') {
			return time.Time{}, false
		}
		minute = p.number(2)
		if p.take(':') {
			second = p.number(2)
			if p.take('.') {
				ms = p.fraction()
			}
		}
		offset = p.offset()
	}
	if p.bad || p.rest != "" || month < 1 || month > 12 || day < 1 || day > 31 ||
		minute > 59 || second > 59 || hour > 24 || hour == 24 && minute+second+ms > 0 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute-offset, second, ms*1e6, time.UTC)
	if n := t.UnixMilli(); n < -maxMillis || n > maxMillis {
		return time.Time{}, false
	}
	return t, true
}

type timeParser struct {
	rest string
	bad  bool
}

func (p *timeParser) take(c byte) bool {
	if p.bad || p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *timeParser) number(width int) int {
	if len(p.rest) < width {
		p.bad = true
		return 0
	}
	n := 0
	for i := range width {
		c := p.rest[i]
		if c < '0' || c > '9' {
			p.bad = true
			return 0
		}
		n = n*10 + int(c-'0')
	}
	p.rest = p.rest[width:]
	return n
}

func (p *timeParser) year() int {
	if p.take('+') {
		return p.number(6)
	}
	if p.take('-') {
		n := p.number(6)
		if n == 0 {
			p.bad = true
		}
		return -n
	}
	return p.number(4)
}

// fraction reads one or more digits and uses the first three.
func (p *timeParser) fraction() int {
	end := strings.IndexFunc(p.rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(p.rest)
	}
	if end == 0 {
		p.bad = true
		return 0
	}
	n := 0
	for i := range 3 {
		n *= 10
		if i < end {
			n += int(p.rest[i] - '0')
		}
	}
	p.rest = p.rest[end:]
	return n
}

// offset reads Z or ±hh:mm and returns minutes.
func (p *timeParser) offset() int {
	if p.bad || p.rest == "" || p.take('Z') {
		return 0
	}
	sign := 1
	if p.take('-') {
		sign = -1
	} else if !p.take('+') {
		p.bad = true
		return 0
	}
	hours := p.number(2)
	if !p.take(':') {
		p.bad = true
	}
	minutes := p.number(2)
	if hours > 23 || minutes > 59 {
		p.bad = true
	}
	return sign * (hours*60 + minutes)
}
