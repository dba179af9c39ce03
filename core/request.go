package core

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core/cookie"
)

// Header gives read access to request headers; http.Header satisfies it.
type Header interface {
	Get(name string) string
	Values(name string) []string
}

// Request is a request as a framework received it. Strings must stay valid
// after the call; Body need not.
type Request struct {
	Method   string
	Path     string // escaped, as on the wire, including the base path
	RawQuery string
	Scheme   string // "http" or "https", of the connection itself
	Host     string
	Remote   netip.AddrPort // zero for unix sockets
	Header   Header         // nil means none; hooks and handlers then see an empty one
	Body     []byte
	TooLarge bool // the body was longer than Auth.MaxBody and was not read
}

// withHeader gives a request without headers an empty set: code may have made it.
func (r *Request) withHeader() {
	if r.Header == nil {
		r.Header = Fields(nil)
	}
}

// HeaderField is one response header line.
type HeaderField struct{ Name, Value string }

// Response is what a framework writes. Header keeps its order and may repeat a
// name (Set-Cookie).
type Response struct {
	Status int
	Header []HeaderField
	Body   []byte
}

// Add appends a header line. Values with CR, LF or NUL are dropped: they can
// only come from an attempt to split the header.
func (r *Response) Add(name, value string) {
	if strings.IndexByte(value, '\n') >= 0 || strings.IndexByte(value, '\r') >= 0 || strings.IndexByte(value, 0) >= 0 {
		return
	}
	r.Header = append(r.Header, HeaderField{name, value})
}

// Set replaces all lines of a name by one.
func (r *Response) Set(name, value string) {
	r.drop(name)
	r.Add(name, value)
}

// drop removes all lines of a name.
func (r *Response) drop(name string) {
	for i := range r.Header {
		if strings.EqualFold(r.Header[i].Name, name) {
			r.Header = slices.DeleteFunc(r.Header, func(h HeaderField) bool { return strings.EqualFold(h.Name, name) })
			return
		}
	}
}

// merge sets header lines; cookies are added.
func (r *Response) merge(fields []HeaderField) {
	for _, h := range fields {
		if strings.EqualFold(h.Name, "Set-Cookie") {
			r.Add(h.Name, h.Value)
		} else {
			r.Set(h.Name, h.Value)
		}
	}
}

// Adds tells a framework module whether to add header line i to the lines of that
// name that the application has set. It is true for cookies, for Vary, and for each
// line after the first of a name. Other lines replace those of the application.
func (r *Response) Adds(i int) bool {
	name := r.Header[i].Name
	if strings.EqualFold(name, "Set-Cookie") || strings.EqualFold(name, "Vary") {
		return true
	}
	for j := range i {
		if strings.EqualFold(r.Header[j].Name, name) {
			return true
		}
	}
	return false
}

// Cookie returns the decoded value that the answer sets for a cookie, by its full
// name. The last of several lines counts. The value is "" when the line removes the
// cookie. It reports false when there is no line for the cookie.
func (r *Response) Cookie(name string) (value string, found bool) {
	for _, h := range r.Header {
		if h.Name != "Set-Cookie" {
			continue
		}
		pair, attributes, _ := strings.Cut(h.Value, ";")
		if own, raw, _ := strings.Cut(pair, "="); own == name {
			value, found = cookie.Value(raw), true
			if strings.HasPrefix(attributes, " Max-Age=0;") {
				value = ""
			}
		}
	}
	return value, found
}

// Get returns the first value of a header.
func (r *Response) Get(name string) string {
	for _, h := range r.Header {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// Values returns all values of a header, in order.
func (r *Response) Values(name string) []string {
	var out []string
	for _, h := range r.Header {
		if strings.EqualFold(h.Name, name) {
			out = append(out, h.Value)
		}
	}
	return out
}

// Fields is a Header made of fields, for calls without a framework.
type Fields []HeaderField

// Get returns the first value of a name, in any letter case.
func (f Fields) Get(name string) string {
	for _, h := range f {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// Values returns all values of a name, in any letter case.
func (f Fields) Values(name string) []string {
	var out []string
	for _, h := range f {
		if strings.EqualFold(h.Name, name) {
			out = append(out, h.Value)
		}
	}
	return out
}
