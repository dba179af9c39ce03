package verify

import (
	"fmt"
	"io"
	"log/slog"
)

// Values that hold secrets, tokens or claims print and log without them, with every verb.

func redact(f fmt.State, v any) { _, _ = fmt.Fprintf(f, "%T{[redacted]}", v) }

func redacted(v any) slog.Value { return slog.StringValue(fmt.Sprintf("%T{[redacted]}", v)) }

// Format prints the subject.
func (t Token) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "verify.Token{Subject: %q, [redacted]}", t.Subject)
}

// LogValue logs the subject.
func (t Token) LogValue() slog.Value { return slog.GroupValue(slog.String("subject", t.Subject)) }

// Format prints the ids.
func (s Session) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "verify.Session{ID: %q, UserID: %q, [redacted]}", s.ID, s.UserID)
}

// LogValue logs the ids.
func (s Session) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", s.ID), slog.String("userId", s.UserID))
}

// Format prints the ids.
func (k APIKey) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "verify.APIKey{ID: %q, UserID: %q, [redacted]}", k.ID, k.UserID)
}

// LogValue logs the ids.
func (k APIKey) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", k.ID), slog.String("userId", k.UserID))
}

// Format prints the user.
func (c Caller) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "verify.Caller{UserID: %q, [redacted]}", c.UserID)
}

// LogValue logs the user.
func (c Caller) LogValue() slog.Value { return slog.GroupValue(slog.String("userId", c.UserID)) }

// Format prints the name of the type.
func (o CookieOptions) Format(f fmt.State, _ rune) { redact(f, o) }

// LogValue logs the name of the type.
func (o CookieOptions) LogValue() slog.Value { return redacted(o) }

// Format prints the name of the type.
func (o APIKeyOptions) Format(f fmt.State, _ rune) { redact(f, o) }

// LogValue logs the name of the type.
func (o APIKeyOptions) LogValue() slog.Value { return redacted(o) }

// Format prints the name of the type.
func (c *Cookies) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "verify.Cookies{[redacted]}") }

// LogValue logs the name of the type.
func (c *Cookies) LogValue() slog.Value { return slog.StringValue("verify.Cookies{[redacted]}") }

// Format prints the name of the type.
func (a *APIKeys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "verify.APIKeys{[redacted]}") }

// LogValue logs the name of the type.
func (a *APIKeys) LogValue() slog.Value { return slog.StringValue("verify.APIKeys{[redacted]}") }

// Format prints the name of the type.
func (v *Verifier) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "verify.Verifier{[redacted]}")
}

// LogValue logs the name of the type.
func (v *Verifier) LogValue() slog.Value { return slog.StringValue("verify.Verifier{[redacted]}") }

// Format prints the name of the type.
func (o Options) Format(f fmt.State, _ rune) { redact(f, o) }

// LogValue logs the name of the type.
func (o Options) LogValue() slog.Value { return redacted(o) }
