package cookie

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// NoMaxAge as Attributes.MaxAge leaves Max-Age out: the cookie lives as long
// as the browser session.
const NoMaxAge = -1

// MaxMaxAge is the longest Max-Age written, in seconds: 400 days, the limit of
// RFC 6265bis section 5.6.2. Longer values are cut to it.
const MaxMaxAge = 400 * 24 * 60 * 60

// Attributes are what follows name=value in a Set-Cookie header.
//
// The zero value has MaxAge 0 and therefore deletes the cookie; use NoMaxAge
// for a cookie without a lifetime.
type Attributes struct {
	MaxAge      int       // seconds; NoMaxAge or any negative number: left out; 0 deletes the cookie
	Domain      string    // "" is the host that answers only
	Path        string    // "" leaves it out
	Expires     time.Time // the zero time leaves it out; not capped, browsers do that
	HttpOnly    bool
	Secure      bool
	SameSite    string // "lax", "strict" or "none" in any case; "" leaves it out
	Partitioned bool   // implies Secure
}

// expiresFormat is the IMF-fixdate of RFC 9110 section 5.6.7.
const expiresFormat = "Mon, 02 Jan 2006 15:04:05 GMT"

// The prefixes of RFC 6265bis section 4.1.3.
const (
	securePrefix = "__Secure-"
	hostPrefix   = "__Host-"
)

// Validate returns an error of one sentence when Serialize would leave
// something out of a cookie of this name and these attributes. Call it on
// configuration, where a mistake can still be reported.
func Validate(name string, a Attributes) error {
	switch {
	case !validName(name):
		return fmt.Errorf("cookie name %q is not a token: use letters, digits and !#$%%&'*+-.^_`|~", name)
	case a.Domain != "" && !validDomain(a.Domain):
		return fmt.Errorf("cookie domain %q is not a host name", a.Domain)
	case a.Path != "" && !validPath(a.Path):
		return fmt.Errorf("cookie path %q must start with / and hold neither ; nor control characters", a.Path)
	case a.SameSite != "" && sameSite(a.SameSite) == "":
		return fmt.Errorf("cookie SameSite %q is not lax, strict or none", a.SameSite)
	case a.MaxAge > MaxMaxAge:
		return errors.New("cookie Max-Age is more than 400 days")
	}
	return nil
}

// Serialize returns the value of a Set-Cookie header. The value is percent
// encoded as JavaScript's encodeURIComponent does; the attributes come in
// better-call's order: Max-Age, Domain, Path, Expires, HttpOnly, Secure,
// SameSite, Partitioned.
//
// A __Secure- name always gets Secure; a __Host- name gets Secure and Path=/
// and loses Domain. Partitioned gets Secure, without which no browser keeps it.
//
// Serialize cannot split a header: it returns "" when name is not an RFC 6265
// token and leaves out a Domain, Path, SameSite or Expires that is malformed,
// which only ever narrows the cookie's reach. Bytes of value that are not UTF-8
// become U+FFFD.
func Serialize(name, value string, a Attributes) string {
	var room [512]byte
	return string(AppendSerialized(room[:0], name, value, a))
}

// AppendSerialized appends what Serialize returns to dst. When Serialize would
// return "" it appends nothing.
func AppendSerialized(dst []byte, name, value string, a Attributes) []byte {
	if !validName(name) {
		return dst
	}
	if a.Partitioned || strings.HasPrefix(name, securePrefix) {
		a.Secure = true
	}
	if strings.HasPrefix(name, hostPrefix) {
		a.Secure, a.Path, a.Domain = true, "/", ""
	}
	dst = append(dst, name...)
	dst = append(dst, '=')
	dst = appendEncoded(dst, value)
	if a.MaxAge >= 0 {
		dst = append(dst, "; Max-Age="...)
		dst = strconv.AppendInt(dst, int64(min(a.MaxAge, MaxMaxAge)), 10)
	}
	if a.Domain != "" && validDomain(a.Domain) {
		dst = append(dst, "; Domain="...)
		dst = append(dst, a.Domain...)
	}
	if a.Path != "" && validPath(a.Path) {
		dst = append(dst, "; Path="...)
		dst = append(dst, a.Path...)
	}
	if year := a.Expires.UTC().Year(); !a.Expires.IsZero() && year >= 1601 && year <= 9999 {
		dst = append(dst, "; Expires="...)
		dst = a.Expires.UTC().AppendFormat(dst, expiresFormat)
	}
	if a.HttpOnly {
		dst = append(dst, "; HttpOnly"...)
	}
	if a.Secure {
		dst = append(dst, "; Secure"...)
	}
	if s := sameSite(a.SameSite); s != "" {
		dst = append(dst, "; SameSite="...)
		dst = append(dst, s...)
	}
	if a.Partitioned {
		dst = append(dst, "; Partitioned"...)
	}
	return dst
}

// sameSite returns the attribute's spelling of the RFC, or "" if it is unknown.
func sameSite(s string) string {
	switch {
	case strings.EqualFold(s, "lax"):
		return "Lax"
	case strings.EqualFold(s, "strict"):
		return "Strict"
	case strings.EqualFold(s, "none"):
		return "None"
	}
	return ""
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// validName reports whether s is a token (RFC 9110 section 5.6.2).
func validName(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isAlnum(c) && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

func validDomain(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isAlnum(c) && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 254
}

// validPath reports whether s is a path-value (RFC 6265 section 4.1.1) that
// starts with a slash; a browser ignores any other.
func validPath(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == ';' {
			return false
		}
	}
	return s != "" && s[0] == '/'
}

// appendEncoded appends s as encodeURIComponent (ECMA-262 section 19.2.6.4)
// spells it.
func appendEncoded(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if isAlnum(c) || strings.IndexByte("-_.!~*'()", c) >= 0 {
			dst = append(dst, c)
			continue
		}
		dst = append(dst, '%', hex[c>>4], hex[c&15])
	}
	return dst
}

// encodedLen is how many bytes appendEncoded appends.
func encodedLen(s string) int {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	n := len(s)
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isAlnum(c) && strings.IndexByte("-_.!~*'()", c) < 0 {
			n += 2
		}
	}
	return n
}
