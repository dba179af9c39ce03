package siwe

import (
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Message is a message of EIP-4361. Members that are optional there are empty when absent.
type Message struct {
	Scheme         string
	Domain         string
	Address        string // with the checksum of EIP-55
	Statement      string
	URI            string
	Version        string // "1"
	ChainID        int64
	Nonce          string
	IssuedAt       time.Time
	ExpirationTime time.Time
	NotBefore      time.Time
	RequestID      string
	Resources      []string
}

// ErrMessage is returned by ParseMessage for a text that EIP-4361 does not allow.
var ErrMessage = errors.New("siwe: not a message of EIP-4361")

const headerEnd = " wants you to sign in with your Ethereum account:"

var (
	schemeForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)
	authority  = regexp.MustCompile(`^(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::[0-9]+)?$`)
	uriForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$`)
	statement  = regexp.MustCompile(`^[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;= -]+$`)
	requestID  = regexp.MustCompile(`^(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*$`)
	dateTime   = regexp.MustCompile(`^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$`)
)

// ParseMessage reads a message by the grammar of EIP-4361. Every line is in its place, and
// the address has its checksum. Anything else fails with ErrMessage.
func ParseMessage(text string) (*Message, error) {
	if len(text) > maxMessage {
		return nil, ErrMessage
	}
	r := reader{lines: strings.Split(text, "\n")}
	m := &Message{}
	m.Scheme, m.Domain = r.header()
	m.Address = r.line()
	r.check(isChecksummed(m.Address))
	r.check(r.line() == "")
	if line := r.line(); line != "" {
		m.Statement = line
		r.check(statement.MatchString(line))
		r.check(r.line() == "")
	}
	m.URI = r.field("URI: ")
	r.check(isURI(m.URI))
	m.Version = r.field("Version: ")
	r.check(m.Version == "1")
	m.ChainID = r.chain(r.field("Chain ID: "))
	m.Nonce = r.field("Nonce: ")
	r.check(isNonce(m.Nonce))
	m.IssuedAt = r.time(r.field("Issued At: "))
	if r.next("Expiration Time: ") {
		m.ExpirationTime = r.time(r.field("Expiration Time: "))
	}
	if r.next("Not Before: ") {
		m.NotBefore = r.time(r.field("Not Before: "))
	}
	if r.next("Request ID: ") {
		m.RequestID = r.field("Request ID: ")
		r.check(requestID.MatchString(m.RequestID))
	}
	if r.next("Resources:") {
		r.check(r.line() == "Resources:")
		for r.next("- ") {
			m.Resources = append(m.Resources, r.field("- "))
			r.check(isURI(m.Resources[len(m.Resources)-1]))
		}
	}
	if r.bad || len(r.lines) > 0 {
		return nil, ErrMessage
	}
	return m, nil
}

// reader takes lines from the front, and remembers that one did not fit.
type reader struct {
	lines []string
	bad   bool
}

func (r *reader) check(ok bool) { r.bad = r.bad || !ok }

func (r *reader) line() string {
	if len(r.lines) == 0 {
		r.bad = true
		return ""
	}
	line := r.lines[0]
	r.lines = r.lines[1:]
	return line
}

func (r *reader) next(prefix string) bool {
	return len(r.lines) > 0 && strings.HasPrefix(r.lines[0], prefix)
}

func (r *reader) field(prefix string) string {
	value, ok := strings.CutPrefix(r.line(), prefix)
	r.check(ok)
	return value
}

func (r *reader) header() (scheme, domain string) {
	origin, ok := strings.CutSuffix(r.line(), headerEnd)
	r.check(ok)
	scheme, domain, hasScheme := strings.Cut(origin, "://")
	if !hasScheme {
		scheme, domain = "", origin
	}
	r.check(!hasScheme || schemeForm.MatchString(scheme))
	r.check(isAuthority(domain))
	return scheme, domain
}

func (r *reader) chain(text string) int64 {
	id, err := strconv.ParseUint(text, 10, 53)
	r.check(err == nil && id > 0)
	return int64(id)
}

func (r *reader) time(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, strings.ToUpper(text))
	r.check(err == nil && dateTime.MatchString(text))
	return t
}

func isAuthority(s string) bool { return authority.MatchString(s) }

func isURI(s string) bool {
	_, err := url.Parse(s)
	return err == nil && uriForm.MatchString(s)
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
