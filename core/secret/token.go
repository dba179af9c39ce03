package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Token is a string that must not be logged: a session token, a reset code, an
// access token. Every way of printing or encoding it gives "[redacted]"; Reveal
// gives the value. A string type cannot protect two places: an unexported field
// that fmt prints by reflection, and the key of a map that is encoded as JSON.
// Keep tokens out of both.
type Token string

// Reveal returns the value.
func (t Token) Reveal() string { return string(t) }

// Equal compares in constant time.
func (t Token) Equal(value string) bool { return Equal(string(t), value) }

// Format implements fmt.Formatter: every verb prints "[redacted]".
func (t Token) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// String implements fmt.Stringer.
func (t Token) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (t Token) GoString() string { return redacted }

// LogValue implements slog.LogValuer.
func (t Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON implements json.Marshaler.
func (t Token) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText implements encoding.TextMarshaler, which XML and other encoders use.
func (t Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Equal reports whether a and b are the same, in time that depends on their
// lengths only.
func Equal(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
