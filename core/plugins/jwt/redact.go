package jwt

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Values that hold keys and tokens print and log without them.

// Format prints the id.
func (k Key) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "jwt.Key{ID: %q, [redacted]}", k.ID) }

// LogValue logs the id.
func (k Key) LogValue() slog.Value { return slog.GroupValue(slog.String("id", k.ID)) }

// Format prints the name of the type.
func (t TokenReply) Format(f fmt.State, _ rune) { core.Redact(f, t) }

// LogValue logs the name of the type.
func (t TokenReply) LogValue() slog.Value { return core.Redacted(t) }

// Format prints the name of the type.
func (s SignInput) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SignInput) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (v VerifyInput) Format(f fmt.State, _ rune) { core.Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyInput) LogValue() slog.Value { return core.Redacted(v) }

// Format prints the name of the type.
func (v VerifyReply) Format(f fmt.State, _ rune) { core.Redact(f, v) }

// LogValue logs the name of the type.
func (v VerifyReply) LogValue() slog.Value { return core.Redacted(v) }

// Format prints the name of the type.
func (c Claims) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c Claims) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (k KeySet) Format(f fmt.State, _ rune) { core.Redact(f, k) }

// LogValue logs the name of the type.
func (k KeySet) LogValue() slog.Value { return core.Redacted(k) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
