package oauthapps

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Types that hold secrets, tokens or codes print and log without them.

// Format prints the name of the type.
func (t Trusted) Format(f fmt.State, _ rune) { core.Redact(f, t) }

// LogValue logs the name of the type.
func (t Trusted) LogValue() slog.Value { return core.Redacted(t) }

// Format prints the name of the type.
func (r Registered) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r Registered) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (i ConsentInput) Format(f fmt.State, _ rune) { core.Redact(f, i) }

// LogValue logs the name of the type.
func (i ConsentInput) LogValue() slog.Value { return core.Redacted(i) }

// Format prints the name of the type.
func (r ConsentReply) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r ConsentReply) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (i AuthorizeInput) Format(f fmt.State, _ rune) { core.Redact(f, i) }

// LogValue logs the name of the type.
func (i AuthorizeInput) LogValue() slog.Value { return core.Redacted(i) }

// Format prints the name of the type.
func (i EndSessionInput) Format(f fmt.State, _ rune) { core.Redact(f, i) }

// LogValue logs the name of the type.
func (i EndSessionInput) LogValue() slog.Value { return core.Redacted(i) }

// Format prints the name of the type.
func (i PageInput) Format(f fmt.State, _ rune) { core.Redact(f, i) }

// LogValue logs the name of the type.
func (i PageInput) LogValue() slog.Value { return core.Redacted(i) }

// Format prints the name of the type.
func (s Secrets) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s Secrets) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (c Config) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c Config) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (p *Provider) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Provider) LogValue() slog.Value { return core.Redacted(p) }

// Format prints the name of the type.
func (r clientRow) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r clientRow) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (r tokenRow) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r tokenRow) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (h Held) Format(f fmt.State, _ rune) { core.Redact(f, h) }

// LogValue logs the name of the type.
func (h Held) LogValue() slog.Value { return core.Redacted(h) }
