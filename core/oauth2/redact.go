package oauth2

import (
	"fmt"
	"io"
	"log/slog"
)

// Types that hold secrets print and log without them.

const redacted = "[redacted]"

// Format prints the id.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "oauth2.Config{ID: %q, %s}", c.ID, redacted)
}

// LogValue logs the id.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Format prints the id.
func (p Provider) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "oauth2.Provider{ID: %q, %s}", p.c.ID, redacted)
}

// LogValue logs the id.
func (p Provider) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// Format prints the scopes.
func (t Tokens) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "oauth2.Tokens{Scopes: %q, %s}", t.Scopes, redacted)
}

// LogValue logs the scopes.
func (t Tokens) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// Format prints a name only.
func (AuthorizationRequest) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "oauth2.AuthorizationRequest{"+redacted+"}")
}

// LogValue logs a name only.
func (r AuthorizationRequest) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format prints a name only.
func (Exchange) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "oauth2.Exchange{"+redacted+"}")
}

// LogValue logs a name only.
func (x Exchange) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(x)) }

// Format prints the grant.
func (r TokenRequest) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "oauth2.TokenRequest{Grant: %q, %s}", r.Grant, redacted)
}

// LogValue logs the grant.
func (r TokenRequest) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format prints the status.
func (a Answer) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "oauth2.Answer{Status: %d, %s}", a.Status, redacted)
}

// LogValue logs the status.
func (a Answer) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

// Format prints a name only.
func (ProfileRequest) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "oauth2.ProfileRequest{"+redacted+"}")
}

// LogValue logs a name only.
func (r ProfileRequest) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }
