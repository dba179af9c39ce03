package genericoauth

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Values that hold codes, states or secrets print and log without them.

// Format prints the name of the type.
func (c Config) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c Config) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (c CallbackInput) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c CallbackInput) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (s SignInReply) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SignInReply) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (p Preset) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p Preset) LogValue() slog.Value { return core.Redacted(p) }

// Format prints the name of the type.
func (o Options) Format(f fmt.State, _ rune) { core.Redact(f, o) }

// LogValue logs the name of the type.
func (o Options) LogValue() slog.Value { return core.Redacted(o) }

// Format prints the name of the type.
func (o EntraOptions) Format(f fmt.State, _ rune) { core.Redact(f, o) }

// LogValue logs the name of the type.
func (o EntraOptions) LogValue() slog.Value { return core.Redacted(o) }

// Format prints the name of the type.
func (o Auth0Options) Format(f fmt.State, _ rune) { core.Redact(f, o) }

// LogValue logs the name of the type.
func (o Auth0Options) LogValue() slog.Value { return core.Redacted(o) }

// Format prints the name of the type.
func (o IssuerOptions) Format(f fmt.State, _ rune) { core.Redact(f, o) }

// LogValue logs the name of the type.
func (o IssuerOptions) LogValue() slog.Value { return core.Redacted(o) }

// Format prints the name of the type.
func (o LINEOptions) Format(f fmt.State, _ rune) { core.Redact(f, o) }

// LogValue logs the name of the type.
func (o LINEOptions) LogValue() slog.Value { return core.Redacted(o) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
