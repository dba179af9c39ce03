package social

import (
	"fmt"
	"log/slog"

	"github.com/advantch/kernia-go/core"
)

// Values that hold tokens, codes or secrets print and log without them.

// Format prints the name of the type.
func (i IDToken) Format(f fmt.State, _ rune) { core.Redact(f, i) }

// LogValue logs the name of the type.
func (i IDToken) LogValue() slog.Value { return core.Redacted(i) }

// Format prints the name of the type.
func (l LinkIDToken) Format(f fmt.State, _ rune) { core.Redact(f, l) }

// LogValue logs the name of the type.
func (l LinkIDToken) LogValue() slog.Value { return core.Redacted(l) }

// Format prints the name of the type.
func (s SignInInput) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SignInInput) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (s SignInReply) Format(f fmt.State, _ rune) { core.Redact(f, s) }

// LogValue logs the name of the type.
func (s SignInReply) LogValue() slog.Value { return core.Redacted(s) }

// Format prints the name of the type.
func (l LinkInput) Format(f fmt.State, _ rune) { core.Redact(f, l) }

// LogValue logs the name of the type.
func (l LinkInput) LogValue() slog.Value { return core.Redacted(l) }

// Format prints the name of the type.
func (c CallbackInput) Format(f fmt.State, _ rune) { core.Redact(f, c) }

// LogValue logs the name of the type.
func (c CallbackInput) LogValue() slog.Value { return core.Redacted(c) }

// Format prints the name of the type.
func (a AccessTokenReply) Format(f fmt.State, _ rune) { core.Redact(f, a) }

// LogValue logs the name of the type.
func (a AccessTokenReply) LogValue() slog.Value { return core.Redacted(a) }

// Format prints the name of the type.
func (r RefreshTokenReply) Format(f fmt.State, _ rune) { core.Redact(f, r) }

// LogValue logs the name of the type.
func (r RefreshTokenReply) LogValue() slog.Value { return core.Redacted(r) }

// Format prints the name of the type.
func (o Options) Format(f fmt.State, _ rune) { core.Redact(f, o) }

// LogValue logs the name of the type.
func (o Options) LogValue() slog.Value { return core.Redacted(o) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
